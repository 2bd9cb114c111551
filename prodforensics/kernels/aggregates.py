"""Sums by class."""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._growth import doubled
from prodforensics.kernels._jit import kernel

__all__ = ["class_sums"]


@kernel
def class_sums(class_index, classes, self_size, retained, distance, root, first, node):
    """Count and sum the nodes of each class (DevTools ``buildAggregates``).

    Nodes of size 0 are passed over. Retained bytes sum only nodes that no other node of their
    class dominates, so that no byte counts twice (``calculateClassesRetainedSize``).

    Parameters
    ----------
    class_index : uint32[n]
    classes : int
        Number of classes.
    self_size, retained, distance : arrays of n
    root : int
    first, node
        Children in the dominator tree, from `prodforensics.kernels.trees.children`.

    Returns
    -------
    count : int64[classes]
    self_bytes, retained_bytes : uint64[classes]
    nearest : int32[classes]
        Least distance; 2**31 - 1 for an empty class.
    """
    n = class_index.size
    count = np.zeros(classes, np.int64)
    self_bytes = np.zeros(classes, np.uint64)
    retained_bytes = np.zeros(classes, np.uint64)
    nearest = np.full(classes, 2**31 - 1, np.int32)
    for v in range(n):
        if self_size[v] == 0:
            continue
        c = class_index[v]
        count[c] += 1
        self_bytes[c] += self_size[v]
        nearest[c] = min(nearest[c], distance[v])
    if n == 0:
        return count, self_bytes, retained_bytes, nearest
    # Walk down the tree; `above` tells of which classes a node is on the way.
    above = np.zeros(classes, np.bool_)
    marked = np.zeros(n, np.bool_)
    stack = np.empty(1024, np.uint32)
    stack[0] = root
    size = 1
    while size:
        v = stack[size - 1]
        c = class_index[v]
        if marked[v]:
            # Second visit: the subtree is done.
            above[c] = False
            size -= 1
            continue
        if self_size[v] and not above[c]:
            retained_bytes[c] += retained[v]
            if first[v] == first[v + 1]:
                size -= 1
                continue
            above[c] = True
            marked[v] = True
        else:
            size -= 1
        needed = size + np.int64(first[v + 1] - first[v])
        while needed > stack.size:
            stack = doubled(stack)
        for k in range(first[v], first[v + 1]):
            stack[size] = node[k]
            size += 1
    return count, self_bytes, retained_bytes, nearest
