"""Where in the code an object comes from, as far as the snapshot tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from prodforensics.heap.graph import HeapGraph

__all__ = ["describe_location"]

# The way from a function to its script; V8 renamed the links over the years.
_SHARED = ("shared",)
_SCRIPT = ("script", "script_or_debug_info")


def describe_location(graph: HeapGraph, node: int) -> str:
    """Say where a function is defined, or the constructor of an object.

    Parameters
    ----------
    graph : HeapGraph
    node : int

    Returns
    -------
    str
        ``file:line:column`` counted from 1, ``script 118:23:33`` where no function tells the
        file's name, or empty where the snapshot has no location of the node.
    """
    rows = np.flatnonzero(graph.locations[:, 0] == node)
    if not len(rows):
        return ""
    _, script, line, column = graph.locations[rows[0]].tolist()
    return f"{_script_name(graph, script)}:{line + 1}:{column + 1}"


def _script_name(graph: HeapGraph, script: int) -> str:
    """Find the file of a script through any of its functions."""
    closure = graph.node_type_code("closure")
    nodes = graph.locations[graph.locations[:, 1] == script, 0]
    for function in nodes[graph.type[nodes] == closure].tolist():
        shared = _follow(graph, function, _SHARED)
        found = None if shared is None else _follow(graph, shared, _SCRIPT)
        name = "" if found is None else graph.strings[graph.name[found]]
        if name and not name.startswith("system / "):
            return name
    return f"script {script}"


def _follow(graph: HeapGraph, node: int, names: tuple[str, ...]) -> int | None:
    for edge in graph.edges_of(node):
        if graph.edge_label(edge) in names:
            return int(graph.edge_to[edge])
    return None
