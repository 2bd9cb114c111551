"""Heaps of a few objects, written down by hand to say one thing."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import prodforensics as pf

__all__ = ["NODE_TYPES", "TinyHeap", "TinyNode", "compared"]

NODE_TYPES = [
    "hidden", "array", "string", "object", "code", "closure", "regexp", "number", "native",
    "synthetic", "concatenated string", "sliced string", "symbol", "bigint", "object shape",
]  # fmt: skip
EDGE_TYPES = ["context", "element", "property", "internal", "hidden", "shortcut", "weak"]


@dataclass
class TinyNode:
    """One object; edges are (type, name, target id)."""

    id: int
    type: str = "object"
    name: str = "Thing"
    size: int = 16
    edges: list[tuple[str, str | int, int]] = field(default_factory=list)


class TinyHeap:
    """A heap whose node 1 is the root and node 3 the global object."""

    def __init__(self, nodes: Iterable[TinyNode] = ()) -> None:
        self.nodes = {1: TinyNode(1, "synthetic", "", 0), 3: TinyNode(3, name="global")}
        self.link(1, 3, "shortcut", "window")
        for node in nodes:
            self.nodes[node.id] = node

    def add(
        self, id_: int, held_by: int, name: str = "Thing", *, as_: str | int = "x", **rest: object
    ) -> int:
        """Add an object that another holds: by a property, or by an element if ``as_`` is one."""
        self.nodes[id_] = TinyNode(id_, name=name, **rest)
        self.link(held_by, id_, "element" if isinstance(as_, int) else "property", as_)
        return id_

    def link(self, source: int, target: int, type_: str, name: str | int) -> None:
        """Add an edge."""
        self.nodes[source].edges.append((type_, name, target))

    def load(self) -> pf.Evidence:
        """Write the snapshot as V8 would, and read it."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "tiny.heapsnapshot"
            path.write_text(json.dumps(self._document()), encoding="utf-8")
            return pf.load(path)

    def _document(self) -> dict[str, object]:
        fields = ["type", "name", "id", "self_size", "edge_count"]
        place = {id_: k * len(fields) for k, id_ in enumerate(self.nodes)}
        strings: dict[str, int] = {}

        def text(value: str) -> int:
            return strings.setdefault(value, len(strings))

        nodes, edges = [], []
        for node in self.nodes.values():
            kept = [edge for edge in node.edges if edge[2] in place]
            nodes += [NODE_TYPES.index(node.type), text(node.name), node.id, node.size, len(kept)]
            for type_, name, target in kept:
                label = name if isinstance(name, int) else text(name)
                edges += [EDGE_TYPES.index(type_), label, place[target]]
        meta = {
            "node_fields": fields,
            "node_types": [NODE_TYPES, "string", "number", "number", "number"],
            "edge_fields": ["type", "name_or_index", "to_node"],
            "edge_types": [EDGE_TYPES, "string_or_number", "node"],
        }
        counts = {"node_count": len(self.nodes), "edge_count": len(edges) // 3}
        return {
            "snapshot": {"meta": meta, **counts},
            "nodes": nodes,
            "edges": edges,
            "strings": list(strings),
        }


def compared(heaps: Sequence[TinyHeap]) -> pf.Evidence:
    """Load the heaps and compare them."""
    return pf.compare(*[heap.load() for heap in heaps])
