"""Pages of one heap snapshot for the explorer: small answers from plain arrays.

Every method answers one question of the page with at most `MAX_ROWS` rows of JSON values, out of
the graph's arrays and never out of a frame, so that a heap of millions of nodes answers at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from prodforensics._text import MASK, is_secret_name, plain
from prodforensics.display.paging import (
    alphabetical,
    column,
    page_order,
    table_page,
    whole_number,
    window,
)
from prodforensics.errors import BadOption, UnknownName
from prodforensics.heap.dominator_picture import dominator_bars
from prodforensics.heap.filters import FILTERS, applicable, sum_filtered, within
from prodforensics.heap.locations import describe_location
from prodforensics.heap.retainers import edges_to_root, path_to_root, retaining_edges
from prodforensics.heap.tables import statistics
from prodforensics.heap.v8 import WeakMapPairs, compute_distances

if TYPE_CHECKING:
    from prodforensics.heap.graph import HeapGraph
    from prodforensics.heap.model import HeapSnapshot
    from prodforensics.heap.retainers import Step

_TEXT = 200
_TEXTS = ("string", "concatenated string", "sliced string")
_SUMS = ("class_index", "count", "distance", "self", "retained")

Row = dict[str, Any]
Answer = dict[str, Any]


class SnapshotPages:
    """The questions that the explorer of one snapshot asks.

    Parameters
    ----------
    snapshot : HeapSnapshot
    **marks : JSON value
        What every row of an object says besides, to tell it from those of other snapshots.
    """

    def __init__(self, snapshot: HeapSnapshot, **marks: Any) -> None:
        self.snapshot = snapshot
        self.graph: HeapGraph = snapshot.graph
        self._marks = marks
        # By filter, "" for none: the objects that it shows, and the table of their classes.
        self._shown: dict[str, np.ndarray] = {}
        self._tables: dict[str, dict[str, Any]] = {}
        self._members: tuple[str, int, np.ndarray] = ("", -1, np.empty(0, np.int64))
        # What the snapshot itself leaves out is not there at all; what the page ignores is shown.
        self._gone = snapshot.ignored_edges
        self._view = _Without(frozenset(), self.graph.distance, self._gone)

    @cached_property
    def _pairs(self) -> WeakMapPairs:
        return WeakMapPairs.of(self.graph)

    @property
    def questions(self) -> Mapping[str, Callable[..., Answer]]:
        """The questions by the name that the page uses."""
        names = ("about", "filters", "summary", "instances", "children", "dominators", "icicle")
        names += ("object", "retainers", "path", "statistics", "find")
        return {name: getattr(self, name) for name in names}

    # -- the whole ----------------------------------------------------------------------------

    def about(self) -> Answer:
        """Totals that every view needs."""
        graph = self.graph
        return {
            "name": plain(self.snapshot.title),
            "nodes": graph.node_count,
            "edges": graph.edge_count,
            "total": graph.total_size,
            "root": int(graph.root),
        }

    def statistics(self) -> Answer:
        """Bytes by category."""
        parts = categories(self.graph)
        return {"rows": [{"name": name, "size": size} for name, size in parts]}

    # -- classes and their objects ------------------------------------------------------------

    def filters(self) -> Answer:
        """List the filters that can find something, by what they show."""
        rows = [{"name": name, "title": FILTERS[name].title} for name in applicable(self.graph)]
        return {"rows": rows, "total": len(rows)}

    def summary(
        self,
        sort: str = "retained",
        descending: bool = True,
        text: str = "",
        filter: str = "",  # noqa: A002 (DevTools' word)
        offset: int = 0,
        limit: int = 100,
    ) -> Answer:
        """Constructors, as in DevTools' Summary, under one of its filters or none."""
        table = self._classes(filter)
        total, places = table_page(table, sort, descending, text, offset, limit)
        rows = []
        for place in places:
            row: Row = {name: int(table[name][place]) for name in _SUMS}
            row |= {"name": plain(table["names"][place], _TEXT), "more": True}
            rows.append(row)
        return {"total": total, "rows": rows}

    def _classes(self, name: str) -> dict[str, Any]:
        """Columns of the classes that have objects; ``name`` is the rank of ``names``."""
        if name not in self._tables:
            classes = self.graph.classes
            if name:
                self._shown[name] = within(self.graph, name, self._gone)
                classes = sum_filtered(self.graph, self._shown[name])
            index = np.flatnonzero(classes.count)
            names = [classes.name[place] for place in index]
            self._tables[name] = {
                "class_index": index,
                "names": names,
                "name": alphabetical(names),
                "count": classes.count[index],
                "distance": classes.distance[index],
                "self": classes.self_size[index],
                "retained": classes.retained_size[index],
            }
        return self._tables[name]

    def instances(
        self,
        class_index: int = 0,
        sort: str = "retained",
        descending: bool = True,
        filter: str = "",  # noqa: A002 (DevTools' word)
        offset: int = 0,
        limit: int = 100,
    ) -> Answer:
        """Objects of one class; as in DevTools, without those of size 0."""
        number = whole_number(class_index, "class_index")
        if (filter, number) != self._members[:2]:
            self._classes(filter)
            graph = self.graph
            found = (graph.class_index == number) & (graph.self_size > 0)
            if filter:
                found &= self._shown[filter]
            self._members = (filter, number, np.flatnonzero(found))
        return self.nodes(self._members[2], sort, descending, offset, limit)

    def nodes(
        self, nodes: np.ndarray, sort: str, descending: bool, offset: int, limit: int
    ) -> Answer:
        """One page of some nodes in the order of a column."""
        offset, limit = window(offset, limit)
        graph = self.graph
        columns = {
            "name": graph.id,
            "count": graph.retained_size,
            "distance": graph.distance,
            "self": graph.self_size,
            "retained": graph.retained_size,
        }
        keys = column(columns, sort)[nodes]
        rows = nodes[page_order(keys, offset, limit, descending=bool(descending))]
        return {"total": int(nodes.size), "rows": [self.row(int(node)) for node in rows]}

    # -- edges of an object -------------------------------------------------------------------

    def children(self, node: int = 0, offset: int = 0, limit: int = 100) -> Answer:
        """Fields and elements of an object: what its edges lead to, largest first."""
        node = self._node(node)
        offset, limit = window(offset, limit)
        graph = self.graph
        first, end = int(graph.first_edge[node]), int(graph.first_edge[node + 1])
        keys = graph.retained_size[graph.edge_to[first:end]]
        edges = first + page_order(keys, offset, limit)
        rows = [self.row(int(graph.edge_to[edge]), edge=int(edge)) for edge in edges]
        return {"total": end - first, "rows": rows}

    def retainers(
        self,
        node: int = 0,
        ignored: Sequence[int] = (),
        sort: str = "distance",
        descending: bool = False,
        offset: int = 0,
        limit: int = 100,
    ) -> Answer:
        """List what holds an object through strong edges, nearest to the root first."""
        node = self._node(node)
        offset, limit = window(offset, limit)
        graph, view = self.graph, self._without(ignored)
        edges, sources = self._retaining(node, view)
        skipped = np.isin(edges, list(view.edges))
        # In their order, nearest first; what is ignored stands at the end.
        rank = np.empty(edges.size, np.int64)
        rank[np.argsort(skipped, kind="stable")] = np.arange(edges.size)
        columns = {
            "distance": rank,
            "self": graph.self_size[sources],
            "retained": graph.retained_size[sources],
        }
        places = page_order(column(columns, sort), offset, limit, descending=bool(descending))
        shortest = edges_to_root(graph, node, distance=view.distance, ignored=view.mask)[-1:]
        rows = []
        for place in places:
            source, edge = int(sources[place]), int(edges[place])
            row = self.row(source, edge=edge, distance=int(view.distance[source]))
            row["shortest"] = edge in shortest
            row["ignored"] = bool(skipped[place])
            rows.append(row)
        return {"total": int(edges.size), "rows": rows}

    def path(self, node: int = 0, ignored: Sequence[int] = ()) -> Answer:
        """Shortest path from the root, chains collapsed, with what else holds its last objects."""
        node = self._node(node)
        view = self._without(ignored)
        steps = path_to_root(self.graph, node, distance=view.distance, ignored=view.mask)
        rows = []
        for place, step in enumerate(steps):
            row = self.row(step.node, edge=step.edge, distance=int(view.distance[step.node]))
            row["chain"] = step.times if step.times > 1 else 0
            if place and place >= len(steps) - 3:
                row |= self._others(step, view)
            rows.append(row)
        return {"rows": rows, "total": len(rows)}

    def _others(self, step: Step, view: _Without) -> Row:
        edges, sources = self._retaining(step.node, view)
        kept = (edges != step.edge) & (view.distance[sources] >= 0)
        kept &= ~np.isin(edges, list(view.edges))
        # What hangs on the holder itself, such as its backing store, is no other way to live.
        holder = sources[edges == step.edge]
        kept &= ~np.isin(self.graph.dominator[sources], holder)
        edges, sources = edges[kept], sources[kept]
        rows = [self.row(int(s), edge=int(e)) for s, e in zip(sources[:2], edges[:2], strict=True)]
        return {"others": rows, "others_total": int(edges.size)}

    def _retaining(self, node: int, view: _Without) -> tuple[np.ndarray, np.ndarray]:
        edges, sources = retaining_edges(self.graph, node, view.distance)
        if self._gone is not None:
            there = ~self._gone[edges]
            edges, sources = edges[there], sources[there]
        return edges, sources

    # -- dominators ---------------------------------------------------------------------------

    def dominators(self, node: int = 0, offset: int = 0, limit: int = 100) -> Answer:
        """Objects that would be free without this one, largest first."""
        node = self._node(node)
        first, children = self.graph.dominated
        below = children[int(first[node]) : int(first[node + 1])]
        answer = self.nodes(below.astype(np.int64), "retained", True, offset, limit)
        for row in answer["rows"]:
            row["more"] = bool(first[row["node"] + 1] > first[row["node"]])
        return answer

    def icicle(self, node: int = 0, max_bars: int = 600) -> Answer:
        """Bars of the dominator tree below a node, pruned to what can be seen."""
        node = self._node(node)
        bars = dominator_bars(self.graph, node, max_bars=min(int(max_bars), 2000))
        rows = []
        for bar in bars:
            row = self.row(bar.node) if bar.node >= 0 else {"id": "", "kind": "", "node": node}
            row |= {"depth": bar.depth, "start": bar.start, "end": bar.end, "place": bar.place}
            row["retained"] = bar.size
            if bar.node < 0:
                row["name"] = f"{bar.count:,} smaller"
            rows.append(row)
        return {"rows": rows, "total": len(rows)}

    # -- one object ---------------------------------------------------------------------------

    def object(self, node: int = 0) -> Answer:
        """Tell what is known of one object."""
        node = self._node(node)
        row = self.row(node)
        row["place"] = plain(describe_location(self.graph, node), _TEXT)
        return {"object": row}

    def find(self, text: str = "") -> Answer:
        """Find the object with an id such as ``@12345``."""
        digits = str(text).strip().removeprefix("@")
        found: Sequence[int] | np.ndarray = ()
        if digits.isascii() and digits.isdigit() and len(digits) < 20:
            found = np.flatnonzero(self.graph.id == int(digits))
        if not len(found):
            raise UnknownName("object", plain(text, 40), [])
        return {"node": int(found[0])}

    def row(self, node: int, *, edge: int = -1, distance: int | None = None) -> Row:
        """Write one node, and the edge that was followed, for the page."""
        graph = self.graph
        row: Row = self._marks | {
            "node": node,
            "id": int(graph.id[node]),
            "name": "(root)"
            if node == graph.root
            else plain(graph.strings[graph.name[node]], _TEXT),
            "kind": graph.node_types[graph.type[node]],
            "distance": int(graph.distance[node]) if distance is None else distance,
            "self": int(graph.self_size[node]),
            "retained": int(graph.retained_size[node]),
            "more": bool(graph.first_edge[node + 1] > graph.first_edge[node]),
        }
        if graph.detachedness is not None and graph.detachedness[node] == 2:
            row["detached"] = True
        if edge >= 0:
            kind = graph.edge_types[graph.edge_type[edge]]
            label = plain(graph.edge_label(edge), _TEXT)
            row["edge"] = {
                "index": edge,
                "kind": kind,
                "text": f"[{label}]" if kind in graph.numbered_edges else label,
                "weak": kind == "weak",
            }
            if row["kind"] in _TEXTS and is_secret_name(label):
                row["name"] = MASK
        return row

    # -- what the questions share -------------------------------------------------------------

    def _node(self, node: object) -> int:
        number = whole_number(node, "node")
        if not 0 <= number < self.graph.node_count:
            raise UnknownName("node", str(number), [])
        return number

    def _without(self, ignored: Sequence[int]) -> _Without:
        """Leave edges out: their mask, and the distances without them; the last one is kept."""
        edges = frozenset(whole_number(edge, "edge") for edge in ignored)
        if edges != self._view.edges:
            if edges and not 0 <= min(edges) <= max(edges) < self.graph.edge_count:
                raise BadOption("no such edge", hint="ignore an edge that the page shows")
            self._view = _Without.of(self.graph, self._pairs, edges, self._gone)
        return self._view


@dataclass(frozen=True)
class _Without:
    """The heap as it looks without some edges."""

    edges: frozenset[int]
    distance: np.ndarray
    mask: np.ndarray | None = None

    @classmethod
    def of(
        cls,
        graph: HeapGraph,
        pairs: WeakMapPairs,
        edges: frozenset[int],
        gone: np.ndarray | None,
    ) -> _Without:
        if not edges:
            return cls(edges, graph.distance, gone)
        mask = np.zeros(graph.edge_count, np.bool_) if gone is None else gone.copy()
        mask[list(edges)] = True
        return cls(edges, compute_distances(graph, pairs, mask), mask)


_CATEGORIES = {
    "code": "Code",
    "strings": "Strings",
    "js_arrays": "JavaScript arrays",
    "typed_arrays": "Typed arrays",
    "system": "System objects",
    "other_objects": "Other JavaScript objects",
    "other_native": "Other native memory",
}


def categories(graph: HeapGraph) -> list[tuple[str, int]]:
    """Split the heap by kind of memory, as DevTools' Statistics does, largest first.

    Returns
    -------
    list of (str, int)
        Name and bytes; they add up to the total.
    """
    sizes = statistics(graph)["size_bytes"]
    parts = [(words, int(sizes[name])) for name, words in _CATEGORIES.items()]
    return sorted(parts, key=lambda part: -part[1])
