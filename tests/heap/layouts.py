"""A real snapshot, written again in another layout: other orders of fields, codes and nodes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from prodforensics import samples
from prodforensics.source import Source

__all__ = ["julia_like", "read_sample", "relaid", "root_last", "subgraph"]

Snapshot = dict[str, Any]


@cache
def _sample_text(name: str) -> bytes:
    return b"".join(Source(samples.path(name)).chunks())


def read_sample(name: str) -> Snapshot:
    """Return a sample as plain JSON."""
    return json.loads(_sample_text(name))


def _table(snapshot: Snapshot, kind: str) -> tuple[list[str], np.ndarray]:
    fields = snapshot["snapshot"]["meta"][f"{kind}_fields"]
    return fields, np.array(snapshot[f"{kind}s"], np.int64).reshape(-1, len(fields))


def _locations(snapshot: Snapshot) -> np.ndarray:
    width = len(snapshot["snapshot"]["meta"]["location_fields"])
    return np.array(snapshot["locations"], np.int64).reshape(-1, width)


def relaid(
    snapshot: Snapshot, node_fields: Sequence[str], edge_fields: Sequence[str], seed: int = 0
) -> Snapshot:
    """Write the fields in other orders, and number the types anew."""
    random = np.random.default_rng(seed)
    result = json.loads(json.dumps({"snapshot": snapshot["snapshot"]}))
    meta = result["snapshot"]["meta"]
    width = len(node_fields)
    for kind, order in (("node", node_fields), ("edge", edge_fields)):
        fields, table = _table(snapshot, kind)
        table = table.copy()
        position = fields.index("type")
        names = meta[f"{kind}_types"][position]
        shuffled = random.permutation(len(names))
        table[:, position] = np.argsort(shuffled)[table[:, position]]
        names = [names[code] for code in shuffled]
        if kind == "edge":
            at = fields.index("to_node")
            table[:, at] = table[:, at] // len(snapshot["snapshot"]["meta"]["node_fields"]) * width
        columns = [
            table[:, fields.index(name)] if name in fields else np.zeros(len(table), np.int64)
            for name in order
        ]
        kinds = ["number"] * len(order)
        meta[f"{kind}_types"] = kinds
        meta[f"{kind}_types"][list(order).index("type")] = names
        meta[f"{kind}_fields"] = list(order)
        result[f"{kind}s"] = np.stack(columns, axis=1).ravel().tolist()
    locations = _locations(snapshot)
    old_width = len(snapshot["snapshot"]["meta"]["node_fields"])
    locations[:, 0] = locations[:, 0] // old_width * width
    return {
        **result,
        "trace_function_infos": [],
        "trace_tree": [],
        "samples": [],
        "locations": locations.ravel().tolist(),
        "strings": snapshot["strings"],
    }


def julia_like(snapshot: Snapshot) -> Snapshot:
    """Write it as Julia does: few fields, types in another order, no shortcuts, no locations."""
    found = relaid(
        snapshot,
        ("type", "name", "id", "self_size", "edge_count", "trace_node_id", "detachedness"),
        ("type", "name_or_index", "to_node"),
        seed=3,
    )
    types = found["snapshot"]["meta"]["edge_types"][0]
    shortcut, internal = types.index("shortcut"), types.index("internal")
    edges = np.array(found["edges"]).reshape(-1, 3)
    edges[edges[:, 0] == shortcut, 0] = internal
    edges[edges[:, 0] == len(types) - 1, 0] = shortcut
    types[shortcut] = types[-1]
    if internal == len(types) - 1:
        edges[edges[:, 0] == internal, 0] = shortcut
    types.pop()
    found["edges"] = edges.ravel().tolist()
    meta = found["snapshot"]["meta"]
    for name in [name for name in meta if name.startswith(("location", "sample", "scope"))]:
        del meta[name]
    for name in ("locations", "samples"):
        del found[name]
    return found


def root_last(snapshot: Snapshot) -> Snapshot:
    """Move the root behind all other nodes."""
    found = json.loads(json.dumps(snapshot))
    width = len(found["snapshot"]["meta"]["node_fields"])
    edge_count = found["snapshot"]["meta"]["node_fields"].index("edge_count")
    nodes = found["nodes"]
    root_edges = 3 * nodes[edge_count]
    found["nodes"] = nodes[width:] + nodes[:width]
    edges = np.array(found["edges"][root_edges:] + found["edges"][:root_edges]).reshape(-1, 3)
    edges[:, 2] = (edges[:, 2] - width) % len(nodes)
    found["edges"] = edges.ravel().tolist()
    locations = _locations(found)
    locations[:, 0] = (locations[:, 0] - width) % len(nodes)
    found["locations"] = locations.ravel().tolist()
    found["snapshot"]["root_index"] = len(nodes) - width
    return found


def subgraph(snapshot: Snapshot, nodes: int) -> Snapshot:
    """Keep the first nodes and the edges among them."""
    found = dict(snapshot)
    meta = snapshot["snapshot"]["meta"]
    width = len(meta["node_fields"])
    at = meta["node_fields"].index("edge_count")
    table = np.array(snapshot["nodes"]).reshape(-1, width)[:nodes].copy()
    owned = int(table[:, at].sum())
    edges = np.array(snapshot["edges"]).reshape(-1, 3)[:owned]
    owner = np.repeat(np.arange(nodes), table[:, at])
    inside = edges[:, 2] < nodes * width
    table[:, at] = np.bincount(owner[inside], minlength=nodes)
    found["nodes"], found["edges"] = table.ravel().tolist(), edges[inside].ravel().tolist()
    locations = _locations(snapshot)
    found["locations"] = locations[locations[:, 0] < nodes * width].ravel().tolist()
    header = {**snapshot["snapshot"], "node_count": nodes, "edge_count": int(inside.sum())}
    found["snapshot"] = header
    return found
