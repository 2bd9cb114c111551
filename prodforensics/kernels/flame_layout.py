"""Where the bars of a flame graph stand, row by row.

A bar is a node of a tree (see `prodforensics.kernels.prefix_tree`) and a range ``x0`` to ``x1``.
Bars ``rows[d]:rows[d + 1]`` are those of row ``d``, from left to right.
"""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._growth import doubled
from prodforensics.kernels._jit import kernel

__all__ = ["over_time", "side_by_side"]


@kernel
def side_by_side(parent, total, order):
    """Lay a tree out: the children of a node from its left side, as wide as their totals.

    Parameters
    ----------
    parent : int32[n]
    total : int64[n]
        Of a node never less than the sum of its children.
    order : integer[k]
        The nodes to draw, siblings in the order wanted; the parent of each is among them.

    Returns
    -------
    x0, x1 : int64[k]
    node : int32[k]
    rows : int64[r + 1]
    """
    n, k = parent.size, order.size
    # Children in compressed rows, those without a parent as the first of them.
    first = np.zeros(n + 2, np.int64)
    for j in range(k):
        first[parent[order[j]] + 2] += 1
    for v in range(n + 1):
        first[v + 1] += first[v]
    at = first.copy()
    child = np.empty(k, np.int32)
    for j in range(k):
        above = parent[order[j]] + 1
        child[at[above]] = order[j]
        at[above] += 1
    x0, x1 = np.empty(k, np.int64), np.empty(k, np.int64)
    node = np.empty(k, np.int32)
    rows = np.zeros(k + 2, np.int64)
    depth, done, placed = 0, 0, 0
    x = np.int64(0)
    for j in range(first[0], first[1]):
        node[placed], x0[placed] = child[j], x
        x += total[child[j]]
        x1[placed] = x
        placed += 1
    while done < placed:
        depth += 1
        rows[depth] = placed
        row = placed
        for above in range(done, row):
            x = x0[above]
            for j in range(first[node[above] + 1], first[node[above] + 2]):
                node[placed], x0[placed] = child[j], x
                x += total[child[j]]
                x1[placed] = x
                placed += 1
        done = row
    return x0[:placed], x1[:placed], node[:placed], rows[: depth + 1].copy()


@kernel
def over_time(parent, depth, leaf, weight, group):
    """Lay samples out one after the other, and join what neighbours begin with.

    Parameters
    ----------
    parent, depth : int32[n]
    leaf : int32[k]
        Innermost node of each sample; -1 for one without a stack, which leaves a hole.
    weight : int64[k]
        Width of each sample; what is not positive is not drawn.
    group : int32[k]
        Neighbours of different groups, such as threads, are never joined.

    Returns
    -------
    x0, x1 : int64[m]
    node : int32[m]
    rows : int64[r + 1]
    """
    deepest = 0
    for v in range(depth.size):
        deepest = max(deepest, depth[v] + 1)
    path = np.empty(deepest, np.int32)  # the nodes of this sample
    open_node = np.empty(deepest, np.int32)  # and of the one before, with their bars
    open_bar = np.empty(deepest, np.int64)
    begun, last = 0, -1
    x0, x1 = np.empty(1024, np.int64), np.empty(1024, np.int64)
    node = np.empty(1024, np.int32)
    count = np.int64(0)
    x = np.int64(0)
    for s in range(leaf.size):
        if weight[s] <= 0:
            continue
        length = 0
        if leaf[s] >= 0:
            length = depth[leaf[s]] + 1
            v = leaf[s]
            for d in range(length - 1, -1, -1):
                path[d] = v
                v = parent[v]
        shared = 0
        if last >= 0 and group[s] == group[last]:
            while shared < min(length, begun) and path[shared] == open_node[shared]:
                shared += 1
        for d in range(shared, begun):
            x1[open_bar[d]] = x
        for d in range(shared, length):
            if count == x0.size:
                x0, x1, node = doubled(x0), doubled(x1), doubled(node)
            x0[count], node[count] = x, path[d]
            open_node[d], open_bar[d] = path[d], count
            count += 1
        begun, last = length, s
        x += weight[s]
    for d in range(begun):
        x1[open_bar[d]] = x
    # Bars were opened from left to right; a stable sort by row makes them row-major.
    rows = np.zeros(deepest + 1, np.int64)
    for b in range(count):
        rows[depth[node[b]] + 1] += 1
    used = 0
    for d in range(deepest):
        if rows[d + 1] > 0:
            used = d + 1
        rows[d + 1] += rows[d]
    at = rows.copy()
    order = np.empty(count, np.int64)
    for b in range(count):
        d = depth[node[b]]
        order[at[d]] = b
        at[d] += 1
    return x0[order], x1[order], node[order], rows[: used + 1].copy()
