"""What each object of one snapshot is held by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from prodforensics.kernels.holders import holders

if TYPE_CHECKING:
    from prodforensics.heap.graph import HeapGraph

__all__ = ["PLAIN_VALUES", "Holding", "runs"]

# What a program makes. Code, maps and other tables of the engine come and go as V8 optimises.
_PROGRAM = (
    "object", "closure", "string", "concatenated string", "sliced string", "regexp", "number",
    "symbol", "bigint", "native",
)  # fmt: skip
_SOLID = ("object", "closure", "native")
_STRINGS = ("string", "concatenated string", "sliced string")
PLAIN_VALUES = (*_STRINGS, "number", "symbol", "bigint")


@dataclass(eq=False)
class Holding:
    """One snapshot, and what each of its objects is held by.

    Parameters
    ----------
    graph : HeapGraph
    class_index : uint32[n]
        Classes in the numbering of the last snapshot.

    Attributes
    ----------
    counted : bool[n]
        What a program makes, as opposed to code, maps and tables of the engine.
    solid : bool[n]
        What can hold something, as opposed to backing stores.
    kind : uint64[n]
        Number of what a node is: its class, and for a closure its function's name.
    nearest, holder : uint32[n]
        See `prodforensics.kernels.holders.holders`.
    """

    graph: HeapGraph
    class_index: np.ndarray
    kind: np.ndarray = field(init=False)
    solid: np.ndarray = field(init=False)
    nearest: np.ndarray = field(init=False)
    holder: np.ndarray = field(init=False)
    counted: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        graph = self.graph
        self.solid = _among(graph, _SOLID)[graph.type]
        self.counted = _among(graph, _PROGRAM)[graph.type] & (graph.self_size > 0)
        # The parts of a concatenated string are no objects that a program knows of.
        self.counted &= ~_among(graph, _STRINGS)[graph.type[graph.dominator]]
        self.kind = self._kinds()
        self.nearest, self.holder = holders(graph.dominator, graph.root, self.solid, self.kind)

    def _kinds(self) -> np.ndarray:
        graph = self.graph
        closure = graph.type == graph.node_type_code("closure")
        name = np.where(closure, graph.name.astype(np.uint64) + np.uint64(1), np.uint64(0))
        class_index = self.class_index.astype(np.uint64)
        # A string is flattened, or kept in parts, as V8 likes: it stays a string.
        class_index[_among(graph, _STRINGS)[graph.type]] = np.uint64(0xFFFFFFFF)
        return (class_index << np.uint64(32)) | name

    def kinds_as(self, other: Holding, nodes: np.ndarray) -> np.ndarray:
        """Return kinds in the numbers of another snapshot, whose names have other indices."""
        if other is self:
            return self.kind[nodes]
        kinds = self.kind[nodes]
        low = kinds & np.uint64(0xFFFFFFFF)
        used, inverse = np.unique(low, return_inverse=True)
        theirs = other.function_names
        names = [theirs.get(self.graph.strings[int(name) - 1], -1) if name else -1 for name in used]
        there = np.array(names, np.int64) + 1
        return (kinds ^ low) | there.astype(np.uint64)[inverse]

    @cached_property
    def function_names(self) -> dict[str, int]:
        """Map the names of all functions to their indices in the string table."""
        closures = self.graph.type == self.graph.node_type_code("closure")
        names = np.unique(self.graph.name[closures])
        return dict(zip(self.graph.strings.take(names), names.tolist(), strict=True))

    def owners(self, items: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """List which objects have an edge to each item, directly or through backing stores.

        Returns
        -------
        item : int64[k]
            Position in ``items``.
        owner : uint32[k]
            Each pair once.
        """
        graph, into = self.graph, self.graph.retainers
        first = into.first[items].astype(np.int64)
        count = into.first[items.astype(np.int64) + 1].astype(np.int64) - first
        item = np.repeat(np.arange(len(items)), count)
        slot = np.arange(len(item)) - np.repeat(np.cumsum(count) - count, count) + first[item]
        strong = graph.edge_type[into.edge[slot]] != graph.edge_type_code("weak")
        item, source = item[strong], into.node[slot[strong]]
        owner = np.where(self.solid[source], source, self.nearest[source])
        pairs = np.unique(item * np.int64(graph.node_count) + owner)
        return pairs // graph.node_count, (pairs % graph.node_count).astype(np.uint32)


def runs(*columns: np.ndarray) -> np.ndarray:
    """Return where each run of equal rows begins."""
    if not len(columns[0]):
        return np.empty(0, np.int64)
    changes = np.any([np.diff(column) != 0 for column in columns], axis=0)
    return np.flatnonzero(np.append(True, changes))


def _among(graph: HeapGraph, names: Sequence[str]) -> np.ndarray:
    """Return for each code of a node type whether it has one of the names (bool[256])."""
    chosen = np.zeros(256, np.bool_)
    chosen[[code for code, name in enumerate(graph.node_types) if name in names]] = True
    return chosen
