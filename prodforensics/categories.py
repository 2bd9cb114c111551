"""Columns of words that repeat, as pandas categories."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

__all__ = ["categorical", "vocabulary"]


def vocabulary(words: Sequence[str], index: np.ndarray) -> pd.Categorical:
    """Make a categorical column of indices into a list, in which words may stand twice.

    Parameters
    ----------
    words : sequence of str
    index : integer[k]
        Place of each row's word; -1 for none.

    Examples
    --------
    >>> vocabulary(["read", "write", "read"], np.array([0, 1, 2, -1])).tolist()
    ['read', 'write', 'read', nan]
    """
    return categorical(index, pa.array(words, pa.large_string()))


def categorical(codes: np.ndarray, words: pa.Array) -> pd.Categorical:
    """Make a categorical whose categories are the words, equal ones joined.

    Without rows there are no categories: files keep none either.

    Examples
    --------
    >>> categorical(np.zeros(0, np.int64), pa.array(["read"], pa.large_string())).categories.size
    0
    """
    words = words[: len(words) if len(codes) else 0]
    encoded = words.dictionary_encode()
    unique = encoded.dictionary
    if len(unique) < len(words):
        codes = np.where(codes < 0, -1, encoded.indices.to_numpy()[codes])
    if len(unique) < 2**15:
        codes = codes.astype(np.int16 if len(unique) >= 2**7 else np.int8, copy=False)
    else:
        codes = codes.astype(np.int32, copy=False)
    categories = pd.StringDtype(na_value=np.nan).__from_arrow__(unique)
    dtype = pd.CategoricalDtype(pd.Index(categories))
    return pd.Categorical.from_codes(codes, dtype=dtype, validate=False)
