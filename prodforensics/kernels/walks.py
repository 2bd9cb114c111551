"""Walks along the shortest way from a node up to the root."""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._jit import kernel

__all__ = ["walk_up"]


@kernel
def nearest_retainer(
    first, source, edge, edge_type, rank_of_type, distance, root, node, ignored_edges
):
    """Return the entry of the retainers to follow upwards from a node, or -1.

    The one that gave the node its distance; of several, the edge of the least rank, then the first
    in the file. Where none did (an edge was left out), the nearest.
    """
    wanted = np.int64(distance[node]) - 1
    best = np.int64(-1)
    best_far = np.int64(1) << 62
    best_rank = 256
    for k in range(first[node], first[node + 1]):
        e = edge[k]
        rank = np.int64(rank_of_type[edge_type[e]])
        if rank == 255 or (ignored_edges.size and ignored_edges[e]):
            continue
        v = source[k]
        # The root counts as 0 for the user's roots, whatever its own distance says.
        far = np.int64(0) if v == root and wanted == 0 else np.int64(distance[v])
        if far < 0 or far > wanted:
            continue
        # How far off: 0 for the edge that gave the distance.
        off = wanted - far
        if off == 0:
            far = np.int64(-1)
        if far < best_far or (far == best_far and rank < best_rank):
            best, best_far, best_rank = np.int64(k), far, rank
    return best


@kernel
def walk_up(
    first, source, edge, edge_type, rank_of_type, distance, root, node, ignored_edges, limit
):
    """Follow the nearest retainers from a node to the root.

    Parameters
    ----------
    first, source, edge
        From `prodforensics.kernels.adjacency.reverse`.
    edge_type : uint8[m]
    rank_of_type : uint8[256]
        Which edge types to prefer, least first; 255 for those never followed.
    distance : int32[n]
    root, node : int
    ignored_edges : bool[m] or bool[0]
    limit : int
        Steps at the most.

    Returns
    -------
    int64[k]
        Edge ordinals, the one into ``node`` first. Empty where the node is the root or nothing
        reaches it; it ends at the root unless the limit came first.
    """
    edges = np.empty(64, np.int64)
    size = 0
    v = np.int64(node)
    while v != root and distance[v] >= 0 and size < limit:
        k = nearest_retainer(
            first, source, edge, edge_type, rank_of_type, distance, root, v, ignored_edges
        )
        if k < 0:
            break
        if size == edges.size:
            edges = np.append(edges, np.empty(size, np.int64))
        edges[size] = edge[k]
        size += 1
        v = np.int64(source[k])
    return edges[:size].copy()
