"""Stacks written as text: what stands at their nodes, from the outermost on, with a separator."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from prodforensics.kernels.prefix_tree import paths
from prodforensics.kernels.stack_sums import depths

__all__ = ["stack_texts"]

_AT_ONCE = 5_000_000  # calls that are written before they are let go


def stack_texts(
    parent: np.ndarray, item: np.ndarray, leaf: np.ndarray, words: pa.Array, separator: str
) -> pa.ChunkedArray:
    """Write stacks.

    Parameters
    ----------
    parent, item : int32[s]
        A tree (see `prodforensics.kernels.prefix_tree`).
    leaf : int32[k]
        Innermost node of each stack; -1 for an empty one.
    words : pyarrow.LargeStringArray
        What is written for an item.
    separator : str

    Returns
    -------
    pyarrow.ChunkedArray of k large strings

    Examples
    --------
    >>> words = pa.array(["main", "parse"], pa.large_string())
    >>> parent, item = np.array([-1, 0], np.int32), np.array([0, 1], np.int32)
    >>> stack_texts(parent, item, np.array([1, 0, -1], np.int32), words, ";").to_pylist()
    ['main;parse', 'main', '']
    """
    length = np.append(depths(parent) + 1, 0)[leaf]
    part = np.cumsum(length, dtype=np.int64) // _AT_ONCE
    cuts = np.flatnonzero(np.diff(part)) + 1
    between = pa.scalar(separator, pa.large_string())
    texts = []
    for some in np.split(leaf, cuts):
        first, node = paths(parent, some)
        # Paths begin with the innermost node.
        turned = np.repeat(first[1:] + first[:-1] - 1, np.diff(first)) - np.arange(len(node))
        names = words.take(pa.array(item[node[turned]]))
        lists = pa.ListArray.from_arrays(pa.array(first.astype(np.int32)), names)
        texts.append(pc.binary_join(lists, between))
    return pa.chunked_array(texts, pa.large_string())
