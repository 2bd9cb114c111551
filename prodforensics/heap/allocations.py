"""Where objects were allocated, in snapshots recorded with allocation stacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from prodforensics.heap.categories import named

if TYPE_CHECKING:
    from prodforensics.heap.graph import HeapGraph

__all__ = ["samples", "stack", "traces"]

_US = 1000


def traces(graph: HeapGraph) -> pd.DataFrame:
    """Return the frame ``traces``."""
    allocations = graph.allocations
    tree = dict(zip(allocations.node_fields, allocations.nodes.T, strict=True))
    ids, function = tree["id"], tree["function_info_index"]
    info = _functions(graph)
    function = np.where((function >= 0) & (function < len(allocations.functions)), function, -1)
    # A row of its own for functions that the file does not have.
    info = {name: np.append(column, np.int64(0))[function] for name, column in info.items()}
    parent = tree["parent"]
    live_count, live_size = _alive(graph, ids)
    return pd.DataFrame(
        {
            "parent": np.where(parent >= 0, ids[np.maximum(parent, 0)], 0),
            "function_name": named(graph.strings, info["name"].astype(np.uint32)),
            "script": named(graph.strings, info["script_name"].astype(np.uint32)),
            "line": info["line"],
            "column": info["column"],
            "count": tree["count"],
            "size_bytes": tree["size"],
            "live_count": live_count,
            "live_size_bytes": live_size,
        },
        index=pd.Index(ids, name="trace_node_id"),
    )


def _functions(graph: HeapGraph) -> dict[str, np.ndarray]:
    columns = dict(
        zip(graph.allocations.function_fields, graph.allocations.functions.T, strict=True)
    )
    none = np.zeros(len(graph.allocations.functions), np.int64)
    return {n: columns.get(n, none) for n in ("name", "script_name", "line", "column")}


def _alive(graph: HeapGraph, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Count the objects of each trace that are in the heap, and sum their bytes."""
    if graph.trace_node_id is None:
        return np.zeros(len(ids), np.int64), np.zeros(len(ids), np.int64)
    order = np.argsort(ids, kind="stable")
    sorted_ids = ids[order]
    place = np.searchsorted(sorted_ids, graph.trace_node_id)
    known = place < len(ids)
    known[known] = sorted_ids[place[known]] == graph.trace_node_id[known]
    row = order[place[known]]
    return _count_and_sum(row, graph.self_size[known], len(ids))


def _count_and_sum(row: np.ndarray, size: np.ndarray, rows: int) -> tuple[np.ndarray, np.ndarray]:
    # Sums of bytes stay below 2**53, where floating point is exact.
    bytes_ = np.bincount(row, weights=size, minlength=rows).astype(np.int64)
    return np.bincount(row, minlength=rows).astype(np.int64), bytes_


def samples(graph: HeapGraph) -> pd.DataFrame:
    """Return the frame ``samples``: objects belong to the first sample at or after their id."""
    recorded = dict(zip(graph.allocations.sample_fields, graph.allocations.samples.T, strict=True))
    last = recorded["last_assigned_id"]
    bounds = np.maximum.accumulate(last)
    place = np.searchsorted(bounds, graph.id.astype(np.int64))
    # Native objects have even ids, which tell nothing of when they were made.
    made = (place < len(bounds)) & (graph.id % 2 == 1)
    count, size = _count_and_sum(place[made], graph.self_size[made], len(bounds))
    return pd.DataFrame(
        {
            "timestamp_ns": recorded["timestamp_us"] * _US,
            "last_assigned_id": last,
            "live_count": count,
            "live_size_bytes": size,
        }
    )


def stack(graph: HeapGraph, node: int) -> pd.DataFrame:
    """Return the calls that allocated a node, with the columns of `schemas.STACK`."""
    allocations = graph.allocations
    columns = dict(zip(allocations.node_fields, allocations.nodes.T, strict=True))
    wanted = 0 if graph.trace_node_id is None else int(graph.trace_node_id[node])
    at = np.flatnonzero(columns["id"] == wanted) if wanted and columns else np.empty(0, np.int64)
    rows: list[int] = []
    row = int(at[0]) if len(at) else -1
    # The row without a parent stands for no function.
    while row >= 0 and (above := int(columns["parent"][row])) >= 0 and above < row:
        rows.append(row)
        row = above
    info = _functions(graph)
    functions = [int(columns["function_info_index"][row]) for row in rows]
    known = [f if 0 <= f < len(allocations.functions) else -1 for f in functions]
    text = {
        name: [graph.strings[info[name][f]] if f >= 0 else "" for f in known]
        for name in ("name", "script_name")
    }
    number = {
        name: np.array([info[name][f] if f >= 0 else 0 for f in known], np.int64)
        for name in ("line", "column")
    }
    return pd.DataFrame(
        {
            "function_name": pd.array(text["name"], dtype="str"),
            "script": pd.array(text["script_name"], dtype="str"),
            **number,
            "trace_node_id": np.array([columns["id"][row] for row in rows], np.int64),
        }
    )
