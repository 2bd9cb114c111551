"""Pages of one heap snapshot for the explorer: small answers from plain arrays.

Every method answers one question of the page with at most `MAX_ROWS` rows of JSON values, out of
the graph's arrays and never out of a frame, so that a heap of millions of nodes answers at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from prodforensics.display.tables import plain
from prodforensics.errors import BadOption, UnknownName
from prodforensics.heap.paths import shortest_path
from prodforensics.heap.pictures import categories, dominator_bars
from prodforensics.heap.v8 import WeakMapPairs, compute_distances

if TYPE_CHECKING:
    from prodforensics.heap.graph import HeapGraph
    from prodforensics.heap.model import HeapSnapshot

MAX_ROWS = 500
"""Rows of one answer at the most, whatever the page asks for."""

_TEXT = 200

Row = dict[str, Any]
Answer = dict[str, Any]


def page_order(keys: np.ndarray, offset: int, limit: int, *, descending: bool = True) -> np.ndarray:
    """Order one page of a long column without sorting all of it.

    Parameters
    ----------
    keys : ndarray, shape (n,)
        Numbers to order by; equal ones stay in their order, so that pages never overlap.
    offset, limit : int
        The page.
    descending : bool
        Largest first.

    Returns
    -------
    ndarray of int64
        Positions in ``keys``.

    Examples
    --------
    >>> page_order(np.array([3, 9, 3, 7]), 1, 2).tolist()
    [3, 0]
    >>> page_order(np.array([3, 9, 3, 7]), 1, 2, descending=False).tolist()
    [2, 3]
    """
    size, stop = keys.size, min(offset + limit, keys.size)
    if stop <= offset:
        return np.empty(0, np.int64)
    rows = np.arange(size)
    if stop < size // 4:
        place = size - stop if descending else stop - 1
        pivot = np.partition(keys, place)[place]
        before = np.flatnonzero(keys > pivot if descending else keys < pivot)
        rows = np.concatenate([before, np.flatnonzero(keys == pivot)[: stop - before.size]])
        rows.sort()
    if descending:
        order = np.argsort(keys[rows][::-1], kind="stable")[::-1]
        rows = rows[rows.size - 1 - order]
    else:
        rows = rows[np.argsort(keys[rows], kind="stable")]
    return rows[offset:stop]


def matching(names: Sequence[str], text: str) -> np.ndarray:
    """Find the names that hold a text, or match a regular expression written ``/like this/``.

    Returns
    -------
    ndarray of int64
        Positions in ``names``.

    Examples
    --------
    >>> matching(["Array", "Map", "ArrayBuffer"], "array").tolist()
    [0, 2]
    >>> matching(["Array", "Map", "ArrayBuffer"], "/^m/").tolist()
    [1]
    """
    if len(text) > 2 and text.startswith("/") and text.endswith("/"):
        try:
            test: Callable[[str], object] = re.compile(text[1:-1], re.IGNORECASE).search
        except re.error as error:
            raise BadOption(
                f"{text} is no regular expression: {error}", hint="write part of a name instead"
            ) from error
        # A hostile name must not keep a careless expression busy.
        found = [place for place, name in enumerate(names) if test(name[:_TEXT])]
    else:
        wanted = text.casefold()
        found = [place for place, name in enumerate(names) if wanted in name.casefold()]
    return np.array(found, np.int64)


class SnapshotPages:
    """The questions that the explorer of one snapshot asks.

    Parameters
    ----------
    snapshot : HeapSnapshot
    """

    def __init__(self, snapshot: HeapSnapshot) -> None:
        self.snapshot = snapshot
        self.graph: HeapGraph = snapshot.graph
        graph = self.graph
        self._strong = np.ones(256, np.bool_)
        weak = graph.edge_type_code("weak")
        if weak >= 0:
            self._strong[weak] = False
        self._members: tuple[int, np.ndarray] = (-1, np.empty(0, np.int64))
        self._ignored: tuple[frozenset[int], np.ndarray] = (frozenset(), graph.distance)

    @cached_property
    def _pairs(self) -> WeakMapPairs:
        return WeakMapPairs.of(self.graph)

    @property
    def questions(self) -> Mapping[str, Callable[..., Answer]]:
        """The questions by the name that the page uses."""
        names = ("about", "summary", "instances", "children", "dominators", "icicle")
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

    def summary(
        self,
        sort: str = "retained",
        descending: bool = True,
        filter: str = "",  # noqa: A002 (the page's word)
        offset: int = 0,
        limit: int = 100,
    ) -> Answer:
        """Constructors, as in DevTools' Summary."""
        offset, limit = window(offset, limit)
        table = self._class_table
        keys = column(table, sort)
        chosen = matching(table["names"], filter) if filter else np.arange(keys.size)
        rows = chosen[page_order(keys[chosen], offset, limit, descending=bool(descending))]
        return {
            "total": chosen.size,
            "rows": [
                {
                    "class_index": int(table["index"][row]),
                    "name": plain(table["names"][row], _TEXT),
                    "count": int(table["count"][row]),
                    "distance": int(table["distance"][row]),
                    "self": int(table["self"][row]),
                    "retained": int(table["retained"][row]),
                    "more": True,
                }
                for row in rows
            ],
        }

    @cached_property
    def _class_table(self) -> dict[str, Any]:
        """Columns of the classes that have objects; ``name`` is the rank of ``names``."""
        classes = self.graph.classes
        index = np.flatnonzero(classes.count)
        names = [classes.name[place] for place in index]
        return {
            "index": index,
            "names": names,
            "name": alphabetical(names),
            "count": classes.count[index],
            "distance": classes.distance[index],
            "self": classes.self_size[index],
            "retained": classes.retained_size[index],
        }

    def instances(
        self,
        class_index: int = 0,
        sort: str = "retained",
        descending: bool = True,
        offset: int = 0,
        limit: int = 100,
    ) -> Answer:
        """Objects of one class; as in DevTools, without those of size 0."""
        number = whole_number(class_index, "class_index")
        if number != self._members[0]:
            graph = self.graph
            found = np.flatnonzero((graph.class_index == number) & (graph.self_size > 0))
            self._members = (number, found)
        return self.nodes(self._members[1], sort, descending, offset, limit)

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
        graph, left_out = self.graph, self._edges(ignored)
        distance = self._distances(left_out)
        sources, edges = self._retaining(node)
        skipped = np.isin(edges, sorted(left_out)) if left_out else np.zeros(edges.size, np.bool_)
        # Unreached sources come last, whatever their negative distance says.
        far = np.where((distance[sources] < 0) | skipped, np.iinfo(np.int32).max, distance[sources])
        keys = {"distance": far, "self": graph.self_size[sources]}
        keys["retained"] = graph.retained_size[sources]
        places = page_order(column(keys, sort), offset, limit, descending=bool(descending))
        held_by = self._holder(node, distance, left_out)
        rows = []
        for place in places:
            source, edge = int(sources[place]), int(edges[place])
            row = self.row(source, edge=edge, distance=int(distance[source]))
            row["more"] = source != graph.root
            row["shortest"] = edge == held_by
            row["ignored"] = edge in left_out
            rows.append(row)
        return {"total": int(edges.size), "rows": rows}

    def path(self, node: int = 0, ignored: Sequence[int] = ()) -> Answer:
        """Shortest path from the root, equal links collapsed, with what else holds its end."""
        node = self._node(node)
        left_out = self._edges(ignored)
        distance = self._distances(left_out)
        links = shortest_path(self.graph, node, distance, left_out)
        rows = []
        for place, link in enumerate(links):
            row = self.row(link.node, edge=link.edge, distance=int(distance[link.node]))
            row["chain"] = link.chain
            if place and place >= len(links) - 3:
                row |= self._others(link.node, link.edge, distance, left_out)
            rows.append(row)
        return {"rows": rows, "total": len(rows)}

    def _others(self, node: int, taken: int, distance: np.ndarray, left_out: frozenset[int]) -> Row:
        sources, edges = self._retaining(node)
        kept = (edges != taken) & (distance[sources] >= 0) & ~np.isin(edges, list(left_out))
        sources, edges = sources[kept], edges[kept]
        nearest = page_order(distance[sources], 0, 2, descending=False)
        rows = [self.row(int(sources[p]), edge=int(edges[p])) for p in nearest]
        return {"others": rows, "others_total": int(edges.size)}

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
        at = np.flatnonzero(self.graph.locations[:, 0] == node)
        if at.size:
            _, script, line, place = self.graph.locations[at[0]].tolist()
            row["place"] = f"script {script}, line {line + 1}, column {place + 1}"
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
        row: Row = {
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
                "weak": not self._strong[graph.edge_type[edge]],
            }
        return row

    # -- what the questions share -------------------------------------------------------------

    def _node(self, node: object) -> int:
        number = whole_number(node, "node")
        if not 0 <= number < self.graph.node_count:
            raise UnknownName("node", str(number), [])
        return number

    def _edges(self, edges: Sequence[int]) -> frozenset[int]:
        chosen = frozenset(whole_number(edge, "edge") for edge in edges)
        if chosen and not 0 <= min(chosen) <= max(chosen) < self.graph.edge_count:
            raise BadOption("no such edge", hint="ignore an edge that the page shows")
        return chosen

    def _distances(self, ignored: frozenset[int]) -> np.ndarray:
        if not ignored:
            return self.graph.distance
        if ignored != self._ignored[0]:
            skipped = np.zeros(self.graph.edge_count if ignored else 0, np.bool_)
            skipped[list(ignored)] = True
            self._ignored = (ignored, compute_distances(self.graph, self._pairs, skipped))
        return self._ignored[1]

    def _retaining(self, node: int) -> tuple[np.ndarray, np.ndarray]:
        retainers = self.graph.retainers
        span = slice(int(retainers.first[node]), int(retainers.first[node + 1]))
        sources, edges = retainers.node[span], retainers.edge[span]
        strong = self._strong[self.graph.edge_type[edges]] & (sources != node)
        return sources[strong], edges[strong].astype(np.int64)

    def _holder(self, node: int, distance: np.ndarray, ignored: frozenset[int]) -> int:
        links = shortest_path(self.graph, node, distance, ignored, most=1)
        return links[-1].edge if len(links) > 1 else -1


def whole_number(value: object, what: str) -> int:
    """Read a whole number that came from the page."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadOption(f"{what} must be a whole number", hint="send the number of a row")
    return value


def window(offset: object, limit: object) -> tuple[int, int]:
    """Bound what a page may ask for."""
    return max(0, whole_number(offset, "offset")), min(
        MAX_ROWS, max(1, whole_number(limit, "limit"))
    )


def column(columns: Mapping[str, Any], name: str) -> np.ndarray:
    """Return the keys of a column that can be sorted by."""
    keys = columns.get(name)
    if not isinstance(keys, np.ndarray):
        raise UnknownName("column", plain(name, 40), columns)
    return keys


def alphabetical(names: Sequence[str]) -> np.ndarray:
    """Rank names in alphabetical order, so that they sort as numbers do."""
    rank = np.empty(len(names), np.int64)
    rank[sorted(range(len(names)), key=lambda place: names[place].casefold())] = np.arange(
        len(names)
    )
    return rank
