"""Which native nodes belong to the page, and which were taken out of it."""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._jit import kernel

__all__ = ["propagate_detachedness"]

ATTACHED, DETACHED = np.uint8(1), np.uint8(2)


@kernel
def propagate_detachedness(
    first_edge, edge_type, edge_to, type_, native, hidden, weak, detachedness
):
    """Spread the attached and detached states (DevTools ``propagateDOMState``).

    What an attached node reaches is attached; what a detached node reaches and is not attached
    is detached. States do not cross nodes of other types, nor hidden and weak edges.

    Parameters
    ----------
    first_edge, edge_type, edge_to : unsigned arrays
        The graph.
    type_ : uint8[n]
    native, hidden, weak : int
        Codes of the node type and of the two edge types; -1 where there is none.
    detachedness : uint8[n]
        Changed in place.

    Returns
    -------
    uint32[:]
        The detached nodes, which DevTools renames.
    """
    n = type_.size
    visited = np.zeros(n, np.bool_)
    # Each node is pushed at most once over all.
    stack = np.empty(n, np.uint32)
    renamed = np.empty(n, np.uint32)
    pushed = 0
    detached = 0
    for v in range(n):
        state = detachedness[v]
        if state == 0:
            continue
        visited[v] = True
        if type_[v] == native:
            if state == ATTACHED:
                stack[pushed] = v
                pushed += 1
            elif state == DETACHED:
                renamed[detached] = v
                detached += 1
    while pushed:
        pushed -= 1
        v = stack[pushed]
        for e in range(first_edge[v], first_edge[v + 1]):
            c = edge_to[e]
            if edge_type[e] == hidden or edge_type[e] == weak or visited[c]:
                continue
            visited[c] = True
            if type_[c] == native:
                detachedness[c] = ATTACHED
                stack[pushed] = c
                pushed += 1
    done = 0
    while done < detached:
        v = renamed[done]
        done += 1
        for e in range(first_edge[v], first_edge[v + 1]):
            c = edge_to[e]
            if edge_type[e] == hidden or edge_type[e] == weak or visited[c]:
                continue
            visited[c] = True
            if type_[c] == native:
                detachedness[c] = DETACHED
                renamed[detached] = c
                detached += 1
    return renamed[:detached].copy()
