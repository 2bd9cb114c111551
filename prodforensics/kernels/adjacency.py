"""A graph's edges, grouped by target instead of source."""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._jit import kernel

__all__ = ["reverse"]


@kernel
def reverse(first_edge, edge_to):
    """Reverse a graph in compressed sparse rows.

    Parameters
    ----------
    first_edge : uint32[n + 1] or uint64[n + 1]
        Edges of node ``v`` are ``first_edge[v]:first_edge[v + 1]``.
    edge_to : uint32[m]

    Returns
    -------
    first : like ``first_edge``, shape (n + 1,)
        Edges into node ``v`` are ``first[v]:first[v + 1]`` of the other two, in file order.
    node : uint32[m]
        Sources.
    edge : like ``first_edge``, shape (m,)
        Ordinals in ``edge_to``.
    """
    n = first_edge.size - 1
    m = edge_to.size
    first = np.zeros(n + 1, first_edge.dtype)
    for e in range(m):
        first[edge_to[e]] += 1
    total = first[0] - first[0]
    for v in range(n + 1):
        count = first[v]
        first[v] = total
        total += count
    node = np.empty(m, np.uint32)
    edge = np.empty(m, first_edge.dtype)
    for v in range(n):
        for e in range(first_edge[v], first_edge[v + 1]):
            slot = first[edge_to[e]]
            first[edge_to[e]] = slot + 1
            node[slot] = v
            edge[slot] = e
    # Each entry now stands where the next target begins.
    for v in range(n, 0, -1):
        first[v] = first[v - 1]
    if n >= 0:
        first[0] = 0
    return first, node, edge
