"""Frames of nodes and edges, made from the graph's arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from prodforensics.categories import vocabulary
from prodforensics.heap.categories import named

if TYPE_CHECKING:
    from prodforensics.heap.classes import Classes
    from prodforensics.heap.graph import HeapGraph

__all__ = [
    "all_edges",
    "all_nodes",
    "constructors",
    "edge_columns",
    "node_columns",
    "objects",
    "statistics",
]

_DETACHEDNESS = ("unknown", "attached", "detached")


def _shared(column: np.ndarray) -> np.ndarray:
    """Lend a column of the graph to a frame, which must not write to it."""
    column = column.view()
    column.flags.writeable = False
    return column


def node_columns(graph: HeapGraph, nodes: np.ndarray | slice) -> dict[str, object]:
    """Return the columns that every list of objects has."""
    return {
        "id": graph.id[nodes].astype(np.int64),
        "type": vocabulary(graph.node_types, graph.type[nodes]),
        "name": named(graph.strings, graph.name[nodes]),
        "class_name": vocabulary(graph.classes.name, graph.class_index[nodes]),
        "self_size_bytes": graph.self_size[nodes].astype(np.int64),
        "retained_size_bytes": _shared(graph.retained_size[nodes].view(np.int64)),
        "distance": _shared(graph.distance[nodes]),
    }


def edge_columns(graph: HeapGraph, edges: np.ndarray | slice) -> dict[str, object]:
    """Return type and name of edges."""
    type_, name = graph.edge_type[edges], graph.edge_name[edges]
    numbered = np.zeros(256, np.bool_)
    numbered[[graph.edge_type_code(t) for t in graph.numbered_edges if t in graph.edge_types]] = (
        True
    )
    return {
        "edge_type": vocabulary(graph.edge_types, type_),
        "edge_name": named(graph.strings, name, numbered[type_]),
    }


def objects(graph: HeapGraph, nodes: np.ndarray) -> pd.DataFrame:
    """Return a frame of some objects, indexed by ordinal, in the order given."""
    index = pd.Index(np.asarray(nodes, np.int64), name="node")
    return pd.DataFrame(node_columns(graph, nodes), index=index)


def all_nodes(graph: HeapGraph) -> pd.DataFrame:
    """Return the frame ``nodes``."""
    columns = node_columns(graph, slice(None))
    columns["dominator"] = _shared(graph.dominator)
    known = graph.detachedness
    known = np.zeros(graph.node_count, np.int8) if known is None else known.view(np.int8)
    columns["detachedness"] = pd.Categorical.from_codes(
        known, dtype=pd.CategoricalDtype(pd.Index(_DETACHEDNESS, dtype="str")), validate=False
    )
    columns["edge_count"] = np.diff(graph.first_edge).astype(np.int32)
    if graph.trace_node_id is not None:
        columns["trace_node_id"] = _shared(graph.trace_node_id)
    return pd.DataFrame(columns, index=pd.RangeIndex(graph.node_count, name="node"), copy=False)


def all_edges(graph: HeapGraph) -> pd.DataFrame:
    """Return the frame ``edges``."""
    columns = edge_columns(graph, slice(None))
    nodes = np.arange(graph.node_count, dtype=np.uint32)
    return pd.DataFrame(
        {
            "from_node": np.repeat(nodes, np.diff(graph.first_edge).astype(np.int64)),
            "to_node": _shared(graph.edge_to),
            "type": columns["edge_type"],
            "name": columns["edge_name"],
        },
        index=pd.RangeIndex(graph.edge_count, name="edge"),
        copy=False,
    )


def constructors(graph: HeapGraph, classes: Classes | None = None) -> pd.DataFrame:
    """Return the frame ``constructors``, of all objects or of the sums given."""
    classes = classes or graph.classes
    rows = np.flatnonzero(classes.count)
    rows = rows[np.argsort(-classes.retained_size[rows].astype(np.int64), kind="stable")]
    return pd.DataFrame(
        {
            "class_name": pd.array([classes.name[row] for row in rows], dtype="str"),
            "count": classes.count[rows],
            "distance": classes.distance[rows],
            "shallow_size_bytes": classes.self_size[rows].astype(np.int64),
            "retained_size_bytes": classes.retained_size[rows].astype(np.int64),
        },
        index=pd.Index([classes.key[row] for row in rows], dtype="str", name="class_key"),
    )


def statistics(graph: HeapGraph) -> pd.DataFrame:
    """Return the frame ``statistics``."""
    sizes = graph.statistics
    total, native = graph.total_size, sizes["native"]
    named_ = sizes["code"] + sizes["strings"] + sizes["js_arrays"] + sizes["system"]
    rows = [
        ("total", "", total),
        ("v8_heap", "total", total - native),
        ("code", "v8_heap", sizes["code"]),
        ("strings", "v8_heap", sizes["strings"]),
        ("js_arrays", "v8_heap", sizes["js_arrays"]),
        ("system", "v8_heap", sizes["system"]),
        ("other_objects", "v8_heap", total - native - named_),
        ("native", "total", native),
        ("typed_arrays", "native", sizes["typed_arrays"]),
        ("other_native", "native", native - sizes["typed_arrays"]),
    ]
    names, part_of, bytes_ = zip(*rows, strict=True)
    return pd.DataFrame(
        {
            "part_of": pd.array(part_of, dtype="str"),
            "size_bytes": np.array(bytes_, np.int64),
        },
        index=pd.Index(names, dtype="str", name="category"),
    )
