"""What takes much of a heap: the analysis behind the findings of one snapshot.

As in Eclipse MAT's leak suspects: single objects that retain a tenth of the heap, and classes whose
objects do so together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from prodforensics.heap.objects import detached_nodes
from prodforensics.heap.values import internal_children
from prodforensics.kernels.trees import mark_ancestors, retained_of_set

if TYPE_CHECKING:
    from prodforensics.heap.graph import HeapGraph

__all__ = [
    "LEAST_BYTES",
    "ClassSuspect",
    "SparseCollection",
    "big_dominators",
    "class_suspects",
    "detached_dom",
    "empty_collections",
    "large_arrays",
    "large_strings",
    "pointer_size",
    "retained_together",
    "sparse_collections",
]

LEAST_BYTES = 2**20
"""Nothing smaller is worth a finding: a fresh Node.js has 4 MB of its own."""
SHARE = 0.10
"""MAT's threshold of a suspect."""

# Part of every heap, whatever the program: no suspects.
_SYSTEM_TYPES = ("synthetic", "code", "hidden", "object shape")
_SYSTEM_CLASSES = ("(", "system / ", "Function", "Object", "Array", "Node / ", "Window", "global")
_STORES = ("array", "hidden")


def _of_types(graph: HeapGraph, names: tuple[str, ...]) -> np.ndarray:
    wanted = np.zeros(256, np.bool_)
    wanted[[code for code, name in enumerate(graph.node_types) if name in names]] = True
    return wanted[graph.type]


def threshold(graph: HeapGraph) -> int:
    """Return the bytes from which something is a suspect."""
    return max(LEAST_BYTES, int(graph.total_size * SHARE))


def big_dominators(graph: HeapGraph) -> list[int]:
    """Find the objects where a tenth of the heap or more comes together.

    Those that retain so much beside their own memory and what other big objects below them
    retain: an object that is big because one below it is big is passed over. A backing store
    stands for the object that owns it. Global objects are none, as they hold everything.

    Returns
    -------
    list of int
        Ordinals, largest first.
    """
    least = threshold(graph)
    nodes = np.flatnonzero(graph.retained_size >= least)
    retained = graph.retained_size[nodes].astype(np.int64)
    # The dominator of a big node is big.
    beside = retained - graph.self_size[nodes]
    above = np.searchsorted(nodes, graph.dominator[nodes])
    below = graph.dominator[nodes] != nodes
    np.subtract.at(beside, above[below], retained[below])
    stores = _of_types(graph, _STORES)
    found = {_owner(graph, int(node), stores) for node in nodes[beside >= least]}
    kept = [node for node in found if not _is_system(graph, node)]
    return sorted(kept, key=lambda node: -int(graph.retained_size[node]))


def _owner(graph: HeapGraph, node: int, stores: np.ndarray) -> int:
    while stores[node] and node != graph.root:
        node = int(graph.dominator[node])
    return node


def _is_system(graph: HeapGraph, node: int) -> bool:
    kind = graph.node_types[graph.type[node]]
    return node == graph.root or graph.distance[node] == 1 or kind in _SYSTEM_TYPES


@dataclass(frozen=True)
class ClassSuspect:
    """A class whose objects retain much of the heap together.

    Attributes
    ----------
    class_index : int
    nodes : int64[k]
        Its objects.
    retained : int
        Bytes; of objects inside one another once.
    """

    class_index: int
    nodes: np.ndarray
    retained: int


def class_suspects(graph: HeapGraph, most: int = 3) -> list[ClassSuspect]:
    """Find the classes whose objects retain a tenth of the heap or more, largest first.

    A class whose objects stand mostly below those of a larger suspect is passed over.
    """
    classes = graph.classes
    size = classes.retained_size.astype(np.int64)
    size[[name.startswith(_SYSTEM_CLASSES) for name in classes.name]] = 0
    covered = np.zeros(graph.node_count, np.bool_)
    found: list[ClassSuspect] = []
    for index in np.argsort(-size, kind="stable").tolist():
        if size[index] < threshold(graph) or len(found) == most:
            break
        nodes = np.flatnonzero((graph.class_index == index) & (graph.self_size > 0))
        # One object that makes up the class is a matter of its own; see `big_dominators`.
        largest = int(graph.retained_size[nodes].max())
        if largest > 0.8 * size[index] or covered[nodes].mean() > 0.5:
            continue
        found.append(ClassSuspect(index, nodes, int(size[index])))
        chosen = np.zeros(graph.node_count, np.bool_)
        chosen[nodes] = True
        covered |= mark_ancestors(graph.dominator, graph.root, chosen)
    return found


def detached_dom(graph: HeapGraph) -> tuple[np.ndarray, np.ndarray]:
    """Find the DOM nodes that have left the page.

    Returns
    -------
    nodes : int64[k]
        All of them. Natives of Node.js, which it marks as detached too, are none.
    elements : int64[e]
        Those that stand for an element, such as ``<div>``.
    """
    nodes = detached_nodes(graph)
    names, place = np.unique(graph.name[nodes], return_inverse=True)
    texts = graph.strings.take(names)
    of_node = np.array([text.removeprefix("Detached ").startswith("Node / ") for text in texts])
    element = np.array([text.startswith("Detached <") for text in texts])
    if not len(nodes):
        return nodes, nodes
    return nodes[~of_node[place]], nodes[element[place]]


def retained_together(graph: HeapGraph, nodes: np.ndarray) -> int:
    """Return the bytes that nodes retain, those of nodes inside one another once."""
    chosen = np.zeros(graph.node_count, np.bool_)
    chosen[nodes] = True
    return int(retained_of_set(graph.dominator, graph.root, graph.retained_size, nodes, chosen))


def large_arrays(graph: HeapGraph) -> np.ndarray:
    """Find arrays and buffers with a tenth of the heap in their own slots, largest first."""
    names = graph.strings.find(["Array", "system / JSArrayBufferData"])
    kinds = _of_types(graph, ("object", "native")) & np.isin(
        graph.name, [n for n in names if n >= 0]
    )
    stores = _of_types(graph, ("array",))
    large = graph.self_size >= threshold(graph)
    return _largest(graph, np.flatnonzero((kinds | stores) & large))


def large_strings(graph: HeapGraph) -> np.ndarray:
    """Find strings of 1 MiB and a hundredth of the heap, largest first; not sources of scripts."""
    least = max(LEAST_BYTES, graph.total_size // 100)
    nodes = np.flatnonzero(_of_types(graph, ("string",)) & (graph.self_size >= least))
    kept = [node for node in nodes.tolist() if not _is_source(graph, node)]
    return _largest(graph, np.array(kept, np.int64))


def _is_source(graph: HeapGraph, node: int) -> bool:
    into = graph.retainers
    code = graph.node_type_code("code")
    span = slice(int(into.first[node]), int(into.first[node + 1]))
    held_by_code = graph.type[into.node[span]] == code
    named = [graph.edge_label(edge) for edge in into.edge[span][held_by_code][:8].tolist()]
    return "source" in named


def _largest(graph: HeapGraph, nodes: np.ndarray, most: int = 10) -> np.ndarray:
    return nodes[np.argsort(-graph.self_size[nodes].astype(np.int64), kind="stable")][:most]


def pointer_size(graph: HeapGraph) -> int:
    """Return the bytes of a reference: 4 in Chrome and Electron, which compress them, or 8."""
    objects = graph.self_size[_of_types(graph, ("object", "closure"))]
    return 4 if len(objects) and (objects % 8 != 0).any() else 8


@dataclass(frozen=True)
class SparseCollection:
    """An array or object with far more slots than references in them.

    Attributes
    ----------
    node : int
        Ordinal.
    own_bytes : int
        Memory of the collection and its backing store.
    slots : int
        Entries that it has room for.
    used : int
        References that the snapshot shows; small numbers, booleans and holes are not in it.
    """

    node: int
    own_bytes: int
    slots: int
    used: int


# Backing store, the words that an entry takes in it, and the edges that are entries.
_STORES_OF = {"Array": ("elements", 1, "element"), "Object": ("properties", 3, "property")}
_LEAST_USED = 64
_MOST_USED = 0.25


def sparse_collections(graph: HeapGraph) -> list[SparseCollection]:
    """Find arrays and objects of 1 MiB and more of which most slots are empty, largest first.

    An array keeps room up to its highest index. Collections with hardly any reference are passed
    over: they may be full of small numbers, which are not in the snapshot. Maps and Sets are
    never sparse; V8 shrinks their tables when entries are deleted.
    """
    word = pointer_size(graph)
    found: list[SparseCollection] = []
    candidates = _with_large_store(graph)
    kind_of = graph.strings.take(graph.name[candidates])
    for name, (store, words, entry) in _STORES_OF.items():
        nodes = candidates[[kind == name for kind in kind_of]]
        backing = internal_children(graph, nodes, store)
        nodes, backing = nodes[backing >= 0], backing[backing >= 0]
        own = graph.self_size[nodes].astype(np.int64) + graph.self_size[backing]
        for node, bytes_ in zip(nodes.tolist(), own.tolist(), strict=True):
            slots = bytes_ // (word * words)
            edges = graph.edges_of(node)
            kinds = graph.edge_type[edges.start : edges.stop]
            used = int(np.count_nonzero(kinds == graph.edge_type_code(entry)))
            if bytes_ >= LEAST_BYTES and _LEAST_USED <= used < slots * _MOST_USED:
                found.append(SparseCollection(node, bytes_, slots, used))
    return sorted(found, key=lambda one: -one.own_bytes)


def _with_large_store(graph: HeapGraph) -> np.ndarray:
    """Return the objects that are large themselves or refer to a large array."""
    large = np.flatnonzero(graph.self_size >= LEAST_BYTES // 2)
    into = graph.retainers
    stores = large[graph.type[large] == graph.node_type_code("array")]
    owners = [
        into.node[int(into.first[store]) : int(into.first[store + 1])] for store in stores.tolist()
    ]
    nodes = np.unique(np.concatenate([large, *owners]))
    return nodes[graph.type[nodes] == graph.node_type_code("object")]


def empty_collections(graph: HeapGraph, name: str) -> tuple[np.ndarray, int]:
    """Find the Maps or Sets of the smallest size that refer to nothing.

    They may still hold up to four small numbers.

    Parameters
    ----------
    graph : HeapGraph
    name : str
        ``"Map"`` or ``"Set"``.

    Returns
    -------
    nodes : int64[k]
    own_bytes : int
        Their memory with that of their tables.
    """
    (index,) = graph.strings.find([name])
    if index < 0:
        return np.empty(0, np.int64), 0
    nodes = np.flatnonzero(_of_types(graph, ("object",)) & (graph.name == index))
    tables = internal_children(graph, nodes, "table")
    nodes, tables = nodes[tables >= 0], tables[tables >= 0]
    if not len(nodes):
        return nodes, 0
    own = graph.self_size[nodes].astype(np.int64) + graph.self_size[tables]
    # A table without entries refers to its own shape alone.
    edges = np.diff(graph.first_edge)[tables]
    empty = (edges <= 1) & (own == own.min())
    return nodes[empty], int(own[empty].sum())
