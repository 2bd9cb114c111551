"""Trees given by each node's parent, such as the dominator tree."""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._growth import doubled
from prodforensics.kernels._jit import kernel

__all__ = ["children", "mark_ancestors", "retained_of_set"]


@kernel
def children(parent, root, first, node):
    """List the children of each node.

    Parameters
    ----------
    parent : uint32[n]
    root : int
        The node that is its own parent.
    first : uint32[n + 2]
        Zeros; receives the lists' bounds: the children of ``v`` are
        ``node[first[v]:first[v + 1]]``, in ascending order.
    node : uint32[n - 1]
        Receives the lists.
    """
    n = parent.size
    for v in range(n):
        if v != root:
            first[parent[v] + 2] += 1
    for v in range(n + 1):
        first[v + 1] += first[v]
    for v in range(n):
        if v != root:
            p = parent[v] + 1
            node[first[p]] = v
            first[p] += 1


@kernel
def mark_ancestors(parent, root, chosen):
    """Tell which nodes have a proper ancestor among the chosen.

    Parameters
    ----------
    parent : uint32[n]
    root : int
    chosen : bool[n]

    Returns
    -------
    bool[n]
    """
    n = parent.size
    # 0 unknown, 1 no, 2 yes
    state = np.zeros(n, np.uint8)
    if n:
        state[root] = 1
    path = np.empty(1024, np.uint32)
    for v in range(n):
        depth = 0
        x = np.uint32(v)
        while state[x] == 0:
            if depth == path.size:
                path = doubled(path)
            path[depth] = x
            depth += 1
            x = parent[x]
        while depth:
            depth -= 1
            y = path[depth]
            state[y] = 2 if state[x] == 2 or chosen[x] else 1
            x = y
    return state == 2


@kernel
def retained_of_set(parent, root, retained, nodes, chosen):
    """Sum what a set of nodes retains, each byte once.

    Nodes below another of the set in the dominator tree are part of it already.

    Parameters
    ----------
    parent : uint32[n]
        Immediate dominators.
    root : int
    retained : uint64[n]
    nodes : unsigned[k]
        The set.
    chosen : bool[n]
        The same set.

    Returns
    -------
    int
        Bytes. A lower bound of what would be free without all of them: memory that several of
        them hold together is dominated by none.
    """
    total = np.uint64(0)
    for v in nodes:
        x = v
        inside = False
        while x != root and not inside:
            x = parent[x]
            inside = chosen[x]
        if not inside:
            total += retained[v]
    return total
