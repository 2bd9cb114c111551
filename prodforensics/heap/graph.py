"""A heap as a graph of plain arrays, free of any virtual machine's rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from prodforensics.heap.memory import room
from prodforensics.heap.strings import StringTable

if TYPE_CHECKING:
    from prodforensics.heap.classes import Classes

__all__ = ["Allocations", "HeapGraph", "Retainers", "StringTable"]


@dataclass(eq=False)
class Retainers:
    """The edges of a graph by target: those into node ``v`` are ``first[v]:first[v + 1]``.

    Parameters
    ----------
    first : uint32[n + 1] or uint64[n + 1]
    node : uint32[m]
        Where the edge comes from.
    edge : uint32[m] or uint64[m]
        Its ordinal in the graph's edge arrays.
    """

    first: np.ndarray
    node: np.ndarray
    edge: np.ndarray


@dataclass(eq=False)
class Allocations:
    """Where objects were allocated, in snapshots recorded with allocation tracking.

    ``functions`` and ``nodes`` hold the numbers of the file, one column a field named in
    ``function_fields`` and ``node_fields``; ``samples`` likewise. ``nodes`` has a column ``parent``
    (row, -1 for the root) in place of the nesting.
    """

    function_fields: tuple[str, ...] = ()
    functions: np.ndarray = field(default_factory=lambda: np.empty((0, 0), np.int64))
    node_fields: tuple[str, ...] = ()
    nodes: np.ndarray = field(default_factory=lambda: np.empty((0, 0), np.int64))
    sample_fields: tuple[str, ...] = ()
    samples: np.ndarray = field(default_factory=lambda: np.empty((0, 0), np.int64))


@dataclass(eq=False, repr=False)
class HeapGraph:
    """Nodes and edges of a heap, and what is computed on them; n nodes, m edges.

    Nodes are named by ordinal, their place in the file. Edges of node ``v`` are
    ``first_edge[v]:first_edge[v + 1]``.

    Parameters
    ----------
    node_types, edge_types : tuple of str
        Vocabularies of `type` and `edge_type`.
    strings : StringTable
    type : uint8[n]
    name : uint32[n]
        Index into ``strings``.
    id : uint32[n] or uint64[n]
        The same object keeps its id from one snapshot of a process to the next.
    self_size : uint32[n] or uint64[n]
        Bytes.
    first_edge : uint32[n + 1] or uint64[n + 1]
    edge_type : uint8[m]
    edge_name : uint32[m]
        Index into ``strings``; for the types in ``numbered_edges`` the number itself.
    edge_to : uint32[m]
    root : int
        Ordinal of the root.
    detachedness : uint8[n], optional
        0 unknown, 1 attached to the page, 2 detached.
    trace_node_id : uint32[n], optional
        Id of the allocation stack.
    locations : int64[k, 4]
        Node, script id, line and column (both from 0).
    numbered_edges : frozenset of str
        Edge types whose name is a number.
    extra_bytes : int
        Bytes of the process outside the graph that belong to the total.
    distance : int32[n]
        Edges from the nearest user root; 100,000,000 more for what only the system reaches;
        -5 where nothing reaches.
    dominator : uint32[n]
        Immediate dominator; the root's is itself.
    retained_size : uint64[n]
        Bytes that would be free without the node.
    essential_bits : uint8[m / 8]
        One bit an edge, low bit first: whether it retains its target; see `essential`.
    class_index : uint32[n]
        Index into ``classes``.
    classes : Classes
    statistics : mapping of str to int
        Bytes by category.
    """

    node_types: tuple[str, ...]
    edge_types: tuple[str, ...]
    strings: StringTable
    type: np.ndarray
    name: np.ndarray
    id: np.ndarray
    self_size: np.ndarray
    first_edge: np.ndarray
    edge_type: np.ndarray
    edge_name: np.ndarray
    edge_to: np.ndarray
    root: int = 0
    detachedness: np.ndarray | None = None
    trace_node_id: np.ndarray | None = None
    locations: np.ndarray = field(default_factory=lambda: np.empty((0, 4), np.int64))
    allocations: Allocations = field(default_factory=Allocations)
    numbered_edges: frozenset[str] = frozenset()
    extra_bytes: int = 0
    header: Mapping[str, Any] = field(default_factory=dict)

    distance: np.ndarray = field(init=False)
    dominator: np.ndarray = field(init=False)
    retained_size: np.ndarray = field(init=False)
    essential_bits: np.ndarray = field(init=False)
    class_index: np.ndarray = field(init=False)
    classes: Classes = field(init=False)
    statistics: Mapping[str, int] = field(init=False)

    @property
    def node_count(self) -> int:
        """Number of nodes."""
        return len(self.type)

    @property
    def edge_count(self) -> int:
        """Number of edges."""
        return len(self.edge_type)

    @property
    def total_size(self) -> int:
        """Bytes of the whole heap: what the root retains, and what lies outside the graph."""
        return (int(self.retained_size[self.root]) if self.node_count else 0) + self.extra_bytes

    @property
    def essential(self) -> np.ndarray:
        """Whether each edge retains its target (bool[m], made on each use)."""
        return np.unpackbits(self.essential_bits, count=self.edge_count, bitorder="little").view(
            np.bool_
        )

    @cached_property
    def retainers(self) -> Retainers:
        """The edges by target, in file order within a target; built on first use."""
        from prodforensics.kernels.adjacency import reverse

        return Retainers(*reverse(self.first_edge, self.edge_to))

    @cached_property
    def dominated(self) -> tuple[np.ndarray, np.ndarray]:
        """Children in the dominator tree: ``(first uint32[n + 1], node uint32[n - 1])``."""
        return self.dominator_children()

    def dominator_children(self) -> tuple[np.ndarray, np.ndarray]:
        """Build what `dominated` keeps."""
        from prodforensics.kernels.trees import children

        n = self.node_count
        first, node = room(n + 2, np.uint32), room(max(n - 1, 0), np.uint32)
        children(self.dominator, self.root, first, node)
        return first[: n + 1], node

    def node_type_code(self, name: str) -> int:
        """Return the code of a node type, or -1 where the vocabulary has none."""
        return self.node_types.index(name) if name in self.node_types else -1

    def edge_type_code(self, name: str) -> int:
        """Return the code of an edge type, or -1 where the vocabulary has none."""
        return self.edge_types.index(name) if name in self.edge_types else -1

    def edges_of(self, node: int) -> range:
        """Return the ordinals of a node's outgoing edges."""
        return range(int(self.first_edge[node]), int(self.first_edge[node + 1]))

    def edge_label(self, edge: int) -> str:
        """Return the name of an edge, or its number in text."""
        name = int(self.edge_name[edge])
        numbered = self.edge_types[self.edge_type[edge]] in self.numbered_edges
        return str(name) if numbered else self.strings[name]

    @property
    def nbytes(self) -> int:
        """Bytes that the graph holds in memory."""
        values = (getattr(self, f.name, None) for f in fields(self))
        return self.strings.nbytes + sum(v.nbytes for v in values if isinstance(v, np.ndarray))

    def __repr__(self) -> str:
        return f"<HeapGraph {self.node_count:,} nodes, {self.edge_count:,} edges>"
