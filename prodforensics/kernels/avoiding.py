"""What is left of a heap when some of its objects or references are avoided."""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._jit import kernel

__all__ = ["event_handlers", "reached_without"]


@kernel
def reached_without(
    first_edge, edge_type, edge_to, root, weak, avoided_nodes, avoided_edges, reached
):
    """Mark what the root reaches when no way leads through what is avoided.

    Parameters
    ----------
    first_edge, edge_type, edge_to : unsigned arrays
        The graph.
    root, weak : int
        The root is reached in any case; edges of the type ``weak`` are never followed.
    avoided_nodes : bool[n] or bool[0]
    avoided_edges : bool[m] or bool[0]
    reached : bool[n]
        All false at first; receives the marks.
    """
    n = first_edge.size - 1
    if n == 0:
        return
    # Each node is pushed at most once.
    stack = np.empty(n, np.uint32)
    stack[0] = root
    reached[root] = True
    size = 1
    while size:
        size -= 1
        v = stack[size]
        for e in range(first_edge[v], first_edge[v + 1]):
            c = edge_to[e]
            if reached[c] or edge_type[e] == weak:
                continue
            if avoided_nodes.size and avoided_nodes[c]:
                continue
            if avoided_edges.size and avoided_edges[e]:
                continue
            reached[c] = True
            stack[size] = c
            size += 1


@kernel
def target_of(first_edge, edge_type, edge_name, edge_to, numbered, node, label, number):
    """Return where a node's first edge named by a string or by a number leads, or -1."""
    for e in range(first_edge[node], first_edge[node + 1]):
        if edge_name[e] == (number if numbered[edge_type[e]] else label):
            return np.int64(edge_to[e])
    return np.int64(-1)


@kernel
def event_handlers(first_edge, edge_type, edge_name, edge_to, numbered, name, listener, one, code):
    """Find the functions that handle events (DevTools ``objectsRetainedByEventHandlers``).

    The field "1" of a V8EventListener leads to the handler: a function, which has a field "code",
    or an object of a framework around one.

    Parameters
    ----------
    first_edge, edge_type, edge_name, edge_to : unsigned arrays
        The graph.
    numbered : bool[256]
        Edge types whose name is a number.
    name : uint32[n]
    listener, one, code : int
        String indices of "V8EventListener", "1" and "code", or -1.

    Returns
    -------
    bool[n]
    """
    n = name.size
    found = np.zeros(n, np.bool_)
    for v in range(n):
        if name[v] != listener:
            continue
        handler = target_of(first_edge, edge_type, edge_name, edge_to, numbered, v, one, 1)
        if handler < 0:
            continue
        best = handler
        if target_of(first_edge, edge_type, edge_name, edge_to, numbered, handler, code, -1) < 0:
            for e in range(first_edge[handler], first_edge[handler + 1]):
                c = np.int64(edge_to[e])
                if target_of(first_edge, edge_type, edge_name, edge_to, numbered, c, code, -1) >= 0:
                    best = c
                    break
        found[best] = True
    return found
