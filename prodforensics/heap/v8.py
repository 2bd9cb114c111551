"""What Chrome DevTools computes on a V8 heap, rule by rule, with identical results.

The rules are those of DevTools' heap snapshot worker (``HeapSnapshot.ts``); the names of its
methods stand in the docstrings of the kernels. Constants such as node type names are V8's.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from prodforensics.heap import classes as classing
from prodforensics.heap.memory import room
from prodforensics.kernels import (
    detached,
    distances,
    dominators,
    essential,
    grouping,
    shallow_sizes,
    statistics,
    texts,
)

if TYPE_CHECKING:
    from prodforensics.heap.graph import HeapGraph

__all__ = ["WeakMapPairs", "analyse", "compute_distances", "compute_dominators"]

_DETACHED = "Detached "
# From here on, half a second saved is worth the memory of two steps at once.
_MANY_NODES = 3_000_000
_CATEGORIES = ("native", "code", "strings", "system", "js_arrays", "typed_arrays")
_CATEGORY_OF_TYPE = {
    "native": 0,
    "code": 1,
    "string": 2,
    "concatenated string": 2,
    "sliced string": 2,
    "hidden": 3,
}


@dataclass(eq=False)
class WeakMapPairs:
    """The edges that V8 names "part of key (..) -> value (..) pair in WeakMap".

    Parameters
    ----------
    of_name : uint32[strings] or uint32[0]
        By string index: 1 + pair, or 0.
    table : uint64[pairs]
        Id of the WeakMap's table.
    """

    of_name: np.ndarray
    table: np.ndarray

    @classmethod
    def of(cls, graph: HeapGraph) -> WeakMapPairs:
        """Find the names among a graph's strings."""
        strings = graph.strings
        parts = (b" / part of key (", b") -> value (", b") pair in WeakMap (table @")
        string, pair, table = texts.weak_map_pairs(
            strings.data, strings.starts, *(np.frombuffer(part, np.uint8) for part in parts)
        )
        if not len(string):
            return cls(np.empty(0, np.uint32), np.empty(0, np.uint64))
        group, first = grouping.group_rows(pair.view(np.int64).reshape(-1, 1))
        of_name = np.zeros(strings.count, np.uint32)
        of_name[string] = group + 1
        return cls(of_name, table[first])


def analyse(graph: HeapGraph) -> None:
    """Compute detachedness, sizes, dominators, distances, classes and statistics in place."""
    _propagate_detachedness(graph)
    # Two steps at a time: each needs no more than what the other leaves alone.
    with ThreadPoolExecutor(1) as pool:
        sizes = pool.submit(_transfer_sizes, graph)
        pairs = WeakMapPairs.of(graph)
        flags = _essential_edges(graph, pairs)
        tree = pool.submit(_dominator_tree, graph)
        sizes.result()
        graph.statistics = _statistics(graph, flags)
        del flags
        graph.distance = compute_distances(graph, pairs)
        if graph.node_count < _MANY_NODES:
            tree.result()
        graph.class_index, graph.classes = classing.classify(graph)
        _retained_sizes(graph, *tree.result())
        # It holds its result, which is as large as two columns.
        del tree
    classing.sum_classes(graph, graph.class_index, graph.classes)


def _propagate_detachedness(graph: HeapGraph) -> None:
    native = graph.node_type_code("native")
    if graph.detachedness is None:
        # Old snapshots tell it by the name alone.
        natives = np.flatnonzero(graph.type == native)
        used, inverse = np.unique(graph.name[natives], return_inverse=True)
        marked = np.array([t.startswith(_DETACHED) for t in graph.strings.take(used)], np.bool_)
        if marked.any():
            graph.detachedness = np.zeros(graph.node_count, np.uint8)
            graph.detachedness[natives[marked[inverse]]] = 2
        return
    if not graph.detachedness.any():
        return
    graph.detachedness &= 3
    renamed = detached.propagate_detachedness(
        graph.first_edge,
        graph.edge_type,
        graph.edge_to,
        graph.type,
        native,
        graph.edge_type_code("hidden"),
        graph.edge_type_code("weak"),
        graph.detachedness,
    )
    used, inverse = np.unique(graph.name[renamed], return_inverse=True)
    added = [graph.strings.add(_DETACHED + text) for text in graph.strings.take(used)]
    graph.name[renamed] = np.array(added, np.uint32)[inverse]


def _essential_edges(graph: HeapGraph, pairs: WeakMapPairs) -> np.ndarray:
    """Set ``graph.essential_bits``; return the flags of the nodes."""
    (dom_trees,) = graph.strings.find(["(Document DOM trees)"])
    flags = room(graph.node_count, np.uint8)
    element, internal, shortcut, weak = map(
        graph.edge_type_code, ("element", "internal", "shortcut", "weak")
    )
    essential.mark_page_owned(
        graph.first_edge, graph.edge_type, graph.edge_to, graph.type, graph.name, graph.root,
        element, shortcut, weak, graph.node_type_code("synthetic"), dom_trees, flags,
        room(graph.node_count, np.uint32),
    )  # fmt: skip
    graph.essential_bits = essential.essential_edges(
        graph.first_edge, graph.edge_type, graph.edge_name, graph.edge_to, graph.id, graph.root,
        internal, shortcut, weak, pairs.of_name, pairs.table, flags,
    )  # fmt: skip
    return flags


def _edges_of_root(graph: HeapGraph) -> slice:
    edges = graph.edges_of(graph.root) if graph.node_count else range(0)
    return slice(edges.start, edges.stop)


def _transfer_sizes(graph: HeapGraph) -> None:
    dom_trees, external = graph.strings.find(
        ["(Document DOM trees)", "system / ExternalStringData"]
    )
    synthetic = graph.node_type_code("synthetic")
    targets = graph.edge_to[_edges_of_root(graph)]
    user_roots = (graph.type[targets] != synthetic) | (graph.name[targets] == dom_trees)
    # Without user roots the snapshot was taken with internals exposed: sizes stay as they are.
    if not user_roots.any():
        return
    if int(graph.self_size.sum(dtype=np.uint64)) >= 2**32:
        graph.self_size = graph.self_size.astype(np.uint64)
    hidden, array, native = map(graph.node_type_code, ("hidden", "array", "native"))
    shallow_sizes.transfer_sizes(
        graph.first_edge, graph.edge_type, graph.edge_to, graph.type, graph.name, graph.self_size,
        graph.root, graph.edge_type_code("weak"), hidden, array, native, synthetic, external,
        room(graph.node_count, np.uint32),
    )  # fmt: skip


def compute_distances(
    graph: HeapGraph, pairs: WeakMapPairs, ignored_edges: np.ndarray | None = None
) -> np.ndarray:
    """Return DevTools' distances, leaving out edges if asked to.

    Parameters
    ----------
    graph : HeapGraph
    pairs : WeakMapPairs
    ignored_edges : bool[m], optional
    """
    names = graph.strings.find(
        [
            "(Document DOM trees)",
            "system / NativeContext",
            "sloppy_function_map",
            "(map descriptors)",
        ]
    )
    n = graph.node_count
    of_root = _edges_of_root(graph)
    distance = room(n, np.int32)
    distances.distances(
        graph.first_edge, graph.edge_type, graph.edge_name, graph.edge_to, graph.type, graph.name,
        graph.root, graph.strings.data, graph.strings.starts,
        *map(graph.edge_type_code, ("element", "internal", "hidden", "weak")),
        *map(graph.node_type_code, ("hidden", "array", "synthetic")),
        *names, pairs.of_name, len(pairs.table),
        np.empty(0, np.bool_) if ignored_edges is None else ignored_edges,
        distance, room(n + of_root.stop - of_root.start, np.uint32),
    )  # fmt: skip
    return distance


def compute_dominators(graph: HeapGraph) -> None:
    """Set dominators and retained sizes by the graph's essential edges."""
    _retained_sizes(graph, *_dominator_tree(graph))


def _dominator_tree(graph: HeapGraph) -> tuple[np.ndarray, np.ndarray]:
    """Return the nodes in preorder, and their dominators' preorder numbers."""
    bits, n = graph.essential_bits, graph.node_count
    offset = graph.first_edge.dtype
    number, node, parent = (room(n, np.uint32) for _ in range(3))
    count, trees = dominators.depth_first(
        graph.first_edge, graph.edge_to, bits, graph.root,
        number, node, parent, room(n, offset), room(n, np.bool_),
    )  # fmt: skip
    node, parent = node[:count], parent[:count]
    first = room(count + 2, offset)
    of = room(int(np.bitwise_count(bits).sum(dtype=np.int64)) - (count - trees), np.uint32)
    dominators.predecessors(graph.first_edge, graph.edge_to, bits, number, node, parent, first, of)
    del number
    dominator = room(count, np.uint32)
    dominators.immediate_dominators(
        parent, first, of, room(count, np.uint32), dominator, room(count, np.uint32)
    )
    return node, dominator


def _retained_sizes(graph: HeapGraph, node: np.ndarray, dominator: np.ndarray) -> None:
    n = graph.node_count
    graph.dominator, graph.retained_size = room(n, np.uint32), room(n, np.uint64)
    if n:
        dominators.retained_sizes(
            graph.self_size, graph.root, node, dominator, graph.dominator, graph.retained_size
        )


def _statistics(graph: HeapGraph, flags: np.ndarray) -> dict[str, int]:
    """Return DevTools' statistics, but the totals, which need the retained sizes."""
    category = np.full(256, 4)
    for code, name in enumerate(graph.node_types):
        category[code] = _CATEGORY_OF_TYPE.get(name, 4)
    names = graph.strings.find(["Array", "system / JSArrayBufferData", "elements"])
    sizes = statistics.category_sizes(
        graph.first_edge, graph.edge_type, graph.edge_name, graph.edge_to, graph.type, graph.name,
        graph.self_size, flags, category, graph.edge_type_code("internal"), *names,
    )  # fmt: skip
    found = dict(zip(_CATEGORIES, sizes.tolist(), strict=True))
    found["native"] += graph.extra_bytes
    return found
