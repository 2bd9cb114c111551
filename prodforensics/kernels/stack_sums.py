"""Sums over a prefix tree of stacks (see `prodforensics.kernels.prefix_tree`)."""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._jit import kernel

__all__ = ["depths", "inclusive", "outermost", "sum_by"]


@kernel
def depths(parent):
    """Return how many nodes are above each; 0 for the outermost.

    Returns
    -------
    int32[n]
    """
    depth = np.zeros(parent.size, np.int32)
    for v in range(parent.size):
        if parent[v] >= 0:
            depth[v] = depth[parent[v]] + 1
    return depth


@kernel
def sum_by(key, value, count):
    """Sum values by key; a negative key is left out. Exact where `numpy.bincount` rounds.

    Parameters
    ----------
    key : integer[n]
    value : number[n]
    count : int
        Keys are below it.

    Returns
    -------
    number[count]
    """
    total = np.zeros(count, value.dtype)
    for i in range(key.size):
        if key[i] >= 0:
            total[key[i]] += value[i]
    return total


@kernel
def inclusive(parent, own):
    """Add to each node what all nodes below it have.

    Parameters
    ----------
    parent : int32[n]
    own : number[n]

    Returns
    -------
    number[n]
    """
    total = own.copy()
    for v in range(parent.size - 1, -1, -1):
        if parent[v] >= 0:
            total[parent[v]] += total[v]
    return total


@kernel
def outermost(parent, item, count):
    """Tell which nodes have no proper ancestor with the same item.

    Summing a function over these alone counts it once in a stack, however often it recurses.

    Parameters
    ----------
    parent : int32[n]
    item : int32[n]
        Below ``count``.
    count : int

    Returns
    -------
    bool[n]
    """
    n = parent.size
    child = np.full(n, -1, np.int32)
    sibling = np.full(n, -1, np.int32)
    top = np.int32(-1)
    for v in range(n - 1, -1, -1):
        p = parent[v]
        if p >= 0:
            sibling[v] = child[p]
            child[p] = v
        else:
            sibling[v] = top
            top = np.int32(v)
    outer = np.zeros(n, np.bool_)
    on_path = np.zeros(count, np.int32)
    v = top
    while v >= 0:
        outer[v] = on_path[item[v]] == 0
        on_path[item[v]] += 1
        if child[v] >= 0:
            v = child[v]
            continue
        while v >= 0:
            on_path[item[v]] -= 1
            if sibling[v] >= 0:
                v = sibling[v]
                break
            v = parent[v]
    return outer
