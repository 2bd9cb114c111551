"""Which program a snapshot was taken of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from prodforensics.heap.graph import HeapGraph

__all__ = ["recorded_by"]

_VERSION = re.compile(r"v\d+\.\d+\.\d+")
_NODE_MARKS = ("Node / Environment", "node::Environment")
_PAGE_MARKS = ("HTMLDocument", "(Document DOM trees)")


def recorded_by(graph: HeapGraph) -> str:
    """Return ``"Node.js v20.19.2"``, ``"Chrome"`` (or another Chromium), ``"Julia"`` or ``"V8"``.

    Node.js is known by its native objects, its version by ``process.version``; Chromium by its
    documents; Julia, which writes the same format, by its node types.
    """
    if not graph.node_count:
        return "V8"
    if any(name.startswith("jl_") for name in graph.node_types):
        return "Julia"
    if max(graph.strings.find(_NODE_MARKS)) >= 0:
        return f"Node.js {_node_version(graph)}".strip()
    return "Chrome" if max(graph.strings.find(_PAGE_MARKS)) >= 0 else "V8"


def _node_version(graph: HeapGraph) -> str:
    process, version = graph.strings.find(["process", "version"])
    if min(process, version) < 0:
        return ""
    is_object = graph.type == graph.node_type_code("object")
    for node in np.flatnonzero(is_object & (graph.name == process))[:16].tolist():
        for edge in graph.edges_of(node):
            if graph.edge_name[edge] == version:
                text = graph.strings[graph.name[graph.edge_to[edge]]]
                if _VERSION.fullmatch(text):
                    return text
    return ""
