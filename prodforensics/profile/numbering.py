"""Rows of several columns numbered, equal ones with the same number; words likewise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["number_rows", "number_words", "ranks"]


def number_rows(*columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give numbers to rows, in the order in which each different one comes first.

    Parameters
    ----------
    *columns : integer[n] or bool[n]

    Returns
    -------
    first : int64[k]
        The first row of each number.
    number : int32[n]

    Examples
    --------
    >>> first, number = number_rows(np.array([7, 5, 7, 7]), np.array([1, 1, 1, 2]))
    >>> first.tolist(), number.tolist()
    ([0, 1, 3], [0, 1, 0, 2])
    """
    import pandas as pd

    n = len(columns[0])
    number, count = np.zeros(n, np.int64), 1
    for column in columns:
        if column.dtype == np.uint64:
            column = column.view(np.int64)
        part, values = pd.factorize(np.asarray(column, np.int64))
        # Both are below n, so that the product fits.
        number, known = pd.factorize(number * max(len(values), 1) + part)
        count = len(known)
    first = np.full(count if n else 0, n, np.int64)
    np.minimum.at(first, number, np.arange(n))
    return first, number.astype(np.int32)


def number_words(words: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Give numbers to words, equal ones the same.

    Returns
    -------
    words : object[k]
        In the order in which each comes first.
    number : int64[n]

    Examples
    --------
    >>> words, number = number_words(["b", "a", "b"])
    >>> words.tolist(), number.tolist()
    (['b', 'a'], [0, 1, 0])
    """
    import pyarrow as pa

    encoded = pa.array(words, pa.large_string()).dictionary_encode()
    unique = np.empty(len(encoded.dictionary), object)
    unique[:] = encoded.dictionary.to_pylist()
    return unique, encoded.indices.to_numpy().astype(np.int64)


def ranks(words: Sequence[str]) -> np.ndarray:
    """Tell where each of different words comes when they are sorted.

    Examples
    --------
    >>> ranks(["main", "a", "b"]).tolist()
    [2, 0, 1]
    """
    rank = np.empty(len(words), np.int64)
    rank[sorted(range(len(words)), key=words.__getitem__)] = np.arange(len(words))
    return rank
