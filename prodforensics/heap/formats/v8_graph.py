"""A V8 heap snapshot's arrays, put together to a graph as far as they agree."""

from __future__ import annotations

import numpy as np

from prodforensics.heap.formats.v8_header import Header
from prodforensics.heap.formats.v8_sections import NODE_FIELDS, Reader
from prodforensics.heap.graph import Allocations, HeapGraph
from prodforensics.heap.memory import room
from prodforensics.heap.strings import StringTable
from prodforensics.kernels.records import LARGEST_NAME

__all__ = ["assemble"]

_LOCATION_FIELDS = ("object_index", "script_id", "line", "column")
_EDGE_COLUMNS = ("edge_type", "edge_name", "edge_to")
# V8's own rule: these edges are named by a number, all others by a string.
_NUMBERED_EDGES = frozenset({"element", "hidden"})


def assemble(reader: Reader) -> HeapGraph:
    """Make the graph of what was read; note in the reader's gaps where the arrays disagree."""
    header, columns = reader.header, dict(reader.columns)
    for name in (*NODE_FIELDS[:5], *_EDGE_COLUMNS):
        columns.setdefault(name, np.empty(0, np.uint8 if "type" in name else np.uint32))
    n = len(columns["type"])
    first_edge = _first_edges(reader, columns)
    graph = HeapGraph(
        node_types=header.vocabulary("node", columns["type"]),
        edge_types=header.vocabulary("edge", columns["edge_type"]),
        strings=reader.strings or StringTable.of(()),
        first_edge=first_edge,
        root=_root(header, n),
        locations=_locations(reader, n),
        allocations=_allocations(reader),
        numbered_edges=_NUMBERED_EDGES,
        extra_bytes=max(header.count("extra_native_bytes") or 0, 0),
        header=header.raw,
        **columns,
    )
    _drop_dangling(reader, graph)
    if not reader.whole.get("strings"):
        _count_missing_strings(graph)
    return graph


def _first_edges(reader: Reader, columns: dict[str, np.ndarray]) -> np.ndarray:
    """Sum the edge counts; shorten the sums or the edges where one has more than the other."""
    counts = columns.pop("edge_count")
    first_edge = room(len(counts) + 1, np.uint64)
    np.cumsum(counts, out=first_edge[1:])
    owned, m = int(first_edge[-1]), len(columns["edge_type"])
    if owned != m:
        if reader.whole.get("edges"):
            missing = owned - m if owned > m else None
            reader.lost(f"edges: the nodes own {owned:,}, the file has {m:,}", missing)
        m = min(owned, m)
        np.minimum(first_edge, np.uint64(m), out=first_edge)
        for name in _EDGE_COLUMNS:
            columns[name] = columns[name][:m]
    if m >= 2**32:
        return first_edge
    narrow = room(len(first_edge), np.uint32)
    narrow[:] = first_edge
    return narrow


def _drop_dangling(reader: Reader, graph: HeapGraph) -> None:
    """Take out edges to nodes that are not there."""
    good = graph.edge_to < graph.node_count
    dangling = len(good) - int(np.count_nonzero(good))
    if not dangling:
        return
    reader.lost(f"edges: {dangling:,} lead to nodes that are not there", dangling)
    kept = np.concatenate([[0], np.cumsum(good)]).astype(graph.first_edge.dtype)
    graph.first_edge = kept[graph.first_edge]
    graph.edge_type = graph.edge_type[good]
    graph.edge_name = graph.edge_name[good]
    graph.edge_to = graph.edge_to[good]


def _count_missing_strings(graph: HeapGraph) -> None:
    """Keep the indices of missing strings apart from those of strings to be added."""
    numbered = [graph.edge_type_code(name) for name in graph.numbered_edges]
    named = graph.edge_name[~np.isin(graph.edge_type, numbered)]
    largest = max(int(names.max(initial=0)) for names in (graph.name, named))
    size = min(largest, int(LARGEST_NAME)) + 1
    graph.strings = StringTable(graph.strings.data, graph.strings.starts, size)


def _root(header: Header, n: int) -> int:
    root = (header.count("root_index") or 0) // len(header.node_fields)
    return root if 0 <= root < n else 0


def _locations(reader: Reader, n: int) -> np.ndarray:
    fields = reader.header.fields("location_fields")
    if "locations" not in reader.tables or not set(_LOCATION_FIELDS) <= set(fields):
        return np.empty((0, 4), np.int64)
    picked = reader.tables["locations"][:, [fields.index(name) for name in _LOCATION_FIELDS]]
    picked = picked.astype(np.int64)
    picked[:, 0] //= len(reader.header.node_fields)
    return picked[(picked[:, 0] >= 0) & (picked[:, 0] < n)]


def _allocations(reader: Reader) -> Allocations:
    tables, fields = reader.tables, reader.header.fields
    found = Allocations()
    if "trace_function_infos" in tables:
        found.function_fields = tuple(fields("trace_function_info_fields"))
        found.functions = tables["trace_function_infos"].astype(np.int64)
    if "trace_tree" in tables:
        names = fields("trace_node_fields")
        found.node_fields = tuple("parent" if name == "children" else name for name in names)
        found.nodes = tables["trace_tree"]
    if "samples" in tables:
        found.sample_fields = tuple(fields("sample_fields"))
        found.samples = tables["samples"].astype(np.int64)
    return found
