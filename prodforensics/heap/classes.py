"""Classes of a V8 heap: names, inferred interfaces and sums, by Chrome DevTools' rules."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from prodforensics.heap.memory import room
from prodforensics.kernels.aggregates import class_sums
from prodforensics.kernels.grouping import NONE, group_rows, number_names
from prodforensics.kernels.interfaces import candidate_interfaces, match_interfaces, object_shapes

if TYPE_CHECKING:
    from prodforensics.heap.graph import HeapGraph

__all__ = ["Classes", "Interface", "classify", "infer_interfaces", "sum_classes"]

_NAMES_OF_TYPES = {
    "hidden": "(system)",
    "code": "(compiled code)",
    "closure": "Function",
    "regexp": "RegExp",
}
_CHUNK = 2**18
_NAMED_TYPES = ("object", "native")
# An interface stands for two objects at least, and for one in a thousand.
_LEAST_OBJECTS = 2
_LEAST_SHARE = 1 / 1000


@dataclass(frozen=True)
class Interface:
    """The properties that plain objects have in common.

    Parameters
    ----------
    name : str
        ``{a, b, c}``, as DevTools writes it.
    properties : tuple of str
    """

    name: str
    properties: tuple[str, ...]


@dataclass(eq=False)
class Classes:
    """The rows of DevTools' Summary view; ``HeapGraph.class_index`` leads here.

    Parameters
    ----------
    key : list of str
        ``script,line,column,name`` for objects whose constructor is located, else ``,name``.
        The same class has the same key in every snapshot of a process.
    name : list of str
    interfaces : tuple of Interface
        Definitions that the plain objects were classified with.
    count : int64[k]
        Objects of non-zero size. Rows with a count of 0 are not shown.
    self_size, retained_size : uint64[k]
        Bytes. Retained bytes of objects below one of their own class count once.
    distance : int32[k]
        Least distance of the class's objects.
    """

    key: list[str]
    name: list[str]
    interfaces: tuple[Interface, ...]
    count: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    self_size: np.ndarray = field(default_factory=lambda: np.empty(0, np.uint64))
    retained_size: np.ndarray = field(default_factory=lambda: np.empty(0, np.uint64))
    distance: np.ndarray = field(default_factory=lambda: np.empty(0, np.int32))

    def __len__(self) -> int:
        return len(self.key)


def format_property(name: str) -> str:
    """Write a property name as it stands in an interface's name (``formatPropertyName``).

    >>> format_property("size"), format_property("a,b")
    ('size', '"a,b"')
    """
    return json.dumps(name, ensure_ascii=False) if re.search("[,'\"{}]", name) else name


def class_name(node_name: str) -> str:
    """Return the class of an object or native node by its name (``calculateObjectNames``).

    >>> class_name('<div id="a">'), class_name('Detached <li class="x">'), class_name("Map")
    ('<div>', 'Detached <li>', 'Map')
    """
    if node_name.startswith(("<", "Detached <")):
        space = node_name.find(" ", 10 if node_name.startswith("D") else 0)
        if space >= 0:
            return node_name[:space] + ">"
    return node_name


def classify(
    graph: HeapGraph, interfaces: Sequence[Interface] | None = None
) -> tuple[np.ndarray, Classes]:
    """Sort the nodes of a graph into classes.

    Parameters
    ----------
    graph : HeapGraph
    interfaces : sequence of Interface, optional
        Definitions to tell plain objects apart with; inferred from the graph by default. To
        compare two snapshots, give the older one the definitions of the newer.

    Returns
    -------
    class_index : uint32[n]
    classes : Classes
        Without the sums; see `sum_classes`.

    Examples
    --------
    >>> from prodforensics import samples
    >>> from prodforensics.heap.formats.v8 import read_graph
    >>> graph, _ = read_graph(samples.path("heap/cache.3.heapsnapshot.zst"))
    >>> _, classes = classify(graph, [Interface("{user, pages}", ("user", "pages"))])
    >>> classes.interfaces[0].name in classes.name
    True
    """
    table = _ClassTable()
    numbers = _class_by_name(graph, table)
    plain = _Shapes.of(graph)
    if interfaces is None:
        interfaces = plain.infer(graph)
    matches = plain.match(graph, interfaces)
    of_interface = np.array([table.add("," + i.name, i.name) for i in interfaces], np.uint32)
    matched = matches >= 0
    numbers[plain.node[matched]] = of_interface[matches[matched]]
    _split_by_location(graph, table, numbers)
    return numbers, Classes(table.keys, table.names, tuple(interfaces))


def infer_interfaces(graph: HeapGraph) -> tuple[Interface, ...]:
    """Find the sets of properties that many plain objects share, most frequent first."""
    return _Shapes.of(graph).infer(graph)


def sum_classes(graph: HeapGraph, class_index: np.ndarray, classes: Classes) -> None:
    """Fill in counts, sizes and distances of the classes."""
    first, node = graph.dominator_children()
    classes.count, classes.self_size, classes.retained_size, classes.distance = class_sums(
        class_index,
        len(classes),
        graph.self_size,
        graph.retained_size,
        graph.distance,
        graph.root,
        first,
        node,
    )


class _ClassTable:
    """Class keys, numbered as they come."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.names: list[str] = []
        self._index: dict[str, int] = {}

    def add(self, key: str, name: str) -> int:
        index = self._index.setdefault(key, len(self.keys))
        if index == len(self.keys):
            self.keys.append(key)
            self.names.append(name)
        return index


def _class_by_name(graph: HeapGraph, table: _ClassTable) -> np.ndarray:
    """Return the class of every node, as its type or its name gives it."""
    of_type = np.zeros(256, np.int64)
    fixed: list[str] = []
    for code, type_ in enumerate(graph.node_types):
        if type_ in _NAMED_TYPES:
            of_type[code] = -1
        else:
            of_type[code] = len(fixed)
            fixed.append(_NAMES_OF_TYPES.get(type_, f"({type_})"))
    numbers = room(graph.node_count, np.uint32)
    names, left = number_names(
        graph.type, graph.name, of_type, len(fixed), graph.strings.count, numbers
    )
    texts = [class_name(text) for text in graph.strings.take(names)]
    remap = np.array([table.add("," + t, t) for t in fixed + texts] or [0], np.uint32)
    rest = np.flatnonzero(numbers == NONE) if left else np.empty(0, np.int64)
    numbers[rest] = 0
    for start in range(0, len(numbers), _CHUNK):
        numbers[start : start + _CHUNK] = remap[numbers[start : start + _CHUNK]]
    if len(rest):
        unique, inverse = np.unique(graph.name[rest], return_inverse=True)
        texts = [class_name(text) for text in graph.strings.take(unique)]
        numbers[rest] = np.array([table.add("," + t, t) for t in texts], np.uint32)[inverse]
    return numbers


def _split_by_location(graph: HeapGraph, table: _ClassTable, numbers: np.ndarray) -> None:
    """Give located objects a class of their own: many constructors share a name."""
    located = graph.locations[graph.type[graph.locations[:, 0]] == graph.node_type_code("object")]
    if not len(located):
        return
    rows = np.ascontiguousarray(located[:, [1, 2, 3, 0]])
    rows[:, 3] = numbers[located[:, 0]]
    group, first = group_rows(rows)
    keys = [
        table.add(f"{script},{line},{column},{table.names[number]}", table.names[number])
        for script, line, column, number in rows[first].tolist()
    ]
    numbers[located[:, 0]] = np.array(keys, np.uint32)[group]


@dataclass(eq=False)
class _Shapes:
    """The plain objects, grouped by their sequence of property names."""

    node: np.ndarray
    shape: np.ndarray
    count: np.ndarray
    first: np.ndarray
    names: np.ndarray

    @classmethod
    def of(cls, graph: HeapGraph) -> _Shapes:
        (plain,) = graph.strings.find(["Object"])
        return cls(
            *object_shapes(
                graph.first_edge,
                graph.edge_type,
                graph.edge_name,
                graph.type,
                graph.name,
                graph.node_type_code("object"),
                plain,
                graph.edge_type_code("property"),
                graph.root,
            )
        )

    def infer(self, graph: HeapGraph) -> tuple[Interface, ...]:
        strings = graph.strings
        (proto,) = strings.find(["__proto__"])
        first, names = candidate_interfaces(
            strings.data, strings.starts, proto, self.first, self.names
        )
        counts: dict[bytes, int] = {}
        for shape in np.flatnonzero(np.diff(first)).tolist():
            sequence = names[first[shape] : first[shape + 1]].tobytes()
            counts[sequence] = counts.get(sequence, 0) + int(self.count[shape])
        least = max(_LEAST_OBJECTS, len(self.node) * _LEAST_SHARE)
        found = [sequence for sequence, count in counts.items() if count >= least]
        # Equally frequent ones stay in the order in which they are met.
        found.sort(key=counts.__getitem__, reverse=True)
        result = []
        for sequence in found:
            properties = tuple(strings.take(np.frombuffer(sequence, np.uint32)))
            name = "{" + ", ".join(map(format_property, properties)) + "}"
            result.append(Interface(name, properties))
        return tuple(result)

    def match(self, graph: HeapGraph, interfaces: Sequence[Interface]) -> np.ndarray:
        """Return the interface of each plain object, or -1."""
        index_of = self._index_names(graph, interfaces)
        flat: list[int] = []
        first = [0]
        homes: dict[int, list[int]] = {}
        uses: dict[int, int] = {}
        for interface in interfaces:
            for text in set(interface.properties):
                index = index_of.get(text, -1)
                uses[index] = uses.get(index, 0) + 1
        for number, interface in enumerate(interfaces):
            indices = [index_of.get(text, -1) for text in interface.properties]
            if -1 not in indices:
                homes.setdefault(min(indices, key=uses.__getitem__), []).append(number)
                flat.extend(indices)
            first.append(len(flat))
        limit = max(flat, default=-1) + 1
        bucket_first = np.zeros(limit + 1, np.int64)
        for home, numbers in homes.items():
            bucket_first[home + 1] = len(numbers)
        bucket = [number for home in sorted(homes) for number in homes[home]]
        best = match_interfaces(
            self.first,
            self.names,
            limit,
            np.array(first, np.int64),
            np.array(flat, np.int64),
            np.cumsum(bucket_first),
            np.array(bucket, np.int64),
        )
        return best[self.shape]

    def _index_names(self, graph: HeapGraph, interfaces: Sequence[Interface]) -> dict[str, int]:
        wanted = {text for interface in interfaces for text in interface.properties}
        used = np.unique(self.names)
        index_of: dict[str, int] = {}
        for index, text in zip(used.tolist(), graph.strings.take(used), strict=True):
            if text in wanted:
                index_of.setdefault(text, index)
        return index_of
