"""Which edges keep their target alive."""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._jit import kernel

__all__ = ["essential_edges", "mark_page_owned"]

# Bits of a node's flags: owned by the page; entered by one edge, by two or more.
PAGE, ENTERED, ENTERED_AGAIN = np.uint8(1), np.uint8(2), np.uint8(4)


@kernel
def mark_page_owned(
    first_edge, edge_type, edge_to, type_, name, root, element, shortcut, weak,
    synthetic, dom_trees, flags, stack,
):  # fmt: skip
    """Flag all that the page owns (DevTools ``markPageOwnedNodes``).

    The page's entries are the targets of the root's shortcut edges (windows and globals) and the
    synthetic nodes "(Document DOM trees)"; from there over all edges but weak ones.

    Parameters
    ----------
    first_edge, edge_type, edge_to, type_, name : unsigned arrays
        The graph.
    root : int
    element, shortcut, weak, synthetic : int
        Type codes; -1 where there is none.
    dom_trees : int
        String index of "(Document DOM trees)", or -1.
    flags : uint8[n]
        Gets the bit `PAGE`.
    stack : uint32[n]
        Working space.
    """
    if type_.size == 0:
        return
    size = 0
    for e in range(first_edge[root], first_edge[root + 1]):
        c = edge_to[e]
        if edge_type[e] == element:
            if type_[c] != synthetic or name[c] != dom_trees:
                continue
        elif edge_type[e] != shortcut:
            continue
        if not flags[c] & PAGE:
            flags[c] |= PAGE
            stack[size] = c
            size += 1
    while size:
        size -= 1
        v = stack[size]
        for e in range(first_edge[v], first_edge[v + 1]):
            c = edge_to[e]
            if edge_type[e] != weak and not flags[c] & PAGE:
                flags[c] |= PAGE
                stack[size] = c
                size += 1


@kernel
def essential_edges(
    first_edge, edge_type, edge_name, edge_to, id_, root, internal, shortcut, weak,
    pair_of_name, table_of_pair, flags,
):  # fmt: skip
    """Tell which edges count for dominators (DevTools ``computeIsEssentialEdge``).

    Not essential are weak edges; edges to oneself; the edge from a WeakMap's table to a value
    (its key holds it); and, from any node but the root, shortcuts and edges that lead from what
    the page does not own into what it owns.

    Parameters
    ----------
    first_edge, edge_type, edge_name, edge_to : unsigned arrays
        The graph.
    id_ : unsigned[n]
    root : int
    internal, shortcut, weak : int
        Edge type codes; -1 where there is none.
    pair_of_name : uint32[:]
        By string index: 1 + the WeakMap pair that it names, or 0. May be empty.
    table_of_pair : uint64[:]
        Id of the pair's table.
    flags : uint8[n]
        Bits of `mark_page_owned`; the in-degree bits are added here, in the same pass.

    Returns
    -------
    uint8[(m + 7) // 8]
        One bit an edge, low bit first.
    """
    n = id_.size
    bits = np.zeros((edge_to.size + 7) // 8, np.uint8)
    for v in range(n):
        owned = flags[v] & PAGE
        for e in range(first_edge[v], first_edge[v + 1]):
            t = edge_type[e]
            c = edge_to[e]
            flag = flags[c]
            flags[c] = flag | (ENTERED_AGAIN if flag & ENTERED else ENTERED)
            if t == weak or c == v:
                continue
            if t == internal and edge_name[e] < pair_of_name.size:
                pair = pair_of_name[edge_name[e]]
                if pair and table_of_pair[pair - 1] == id_[v]:
                    continue
            if v != root and (t == shortcut or (flag & PAGE and not owned)):
                continue
            bits[e >> 3] |= np.uint8(1) << np.uint8(e & 7)
    return bits
