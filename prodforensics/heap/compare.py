"""Compare heap snapshots of one process: what grew, and who holds it."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from prodforensics._reference import resolve
from prodforensics.categories import vocabulary
from prodforensics.display.tables import human_bytes, human_count
from prodforensics.evidence import Evidence
from prodforensics.heap.alignment import AlignedClasses, align_classes
from prodforensics.heap.growth import GrowthPoint, growth_points
from prodforensics.heap.holding import Holding
from prodforensics.heap.matching import Match, recorded_in_order
from prodforensics.heap.patterns import Recognised, recognise
from prodforensics.heap.tables import node_columns
from prodforensics.heap.trend import TREND, trend_frame
from prodforensics.schema import Column, Schema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prodforensics.heap.graph import HeapGraph
    from prodforensics.heap.model import HeapSnapshot

__all__ = ["CONSTRUCTORS", "GROWTH_POINTS", "HeapComparison", "compare"]

CONSTRUCTORS = Schema(
    "constructors",
    (
        Column("class_name", "str", "", "Name shown in DevTools."),
        Column("count_before", "int64", "count", "Objects in the first snapshot."),
        Column("count_after", "int64", "count", "Objects in the last snapshot."),
        Column("added_count", "int64", "count", "Objects of the last that the first has not."),
        Column("removed_count", "int64", "count", "Objects of the first that the last has not."),
        Column("count_delta", "int64", "count", "Added less removed."),
        Column("added_size_bytes", "int64", "bytes", "Shallow size of the added objects."),
        Column("removed_size_bytes", "int64", "bytes", "Shallow size of the removed objects."),
        Column("size_delta_bytes", "int64", "bytes", "Added less removed."),
        Column(
            "retained_delta_bytes",
            "int64",
            "bytes",
            "Retained size of the class in the last snapshot less that in the first.",
        ),
    ),
    index=Column("class_key", "str", "", "Script, line and column where known, and the name."),
    meaning="One row for each class of either snapshot, as in DevTools' Comparison view (which "
    "leaves out classes without added or removed objects); largest retained growth first.",
)


def _nodes_schema(name: str, which: str, meaning: str) -> Schema:
    return Schema(
        name,
        (
            Column("id", "int64", "", "V8's id (@...); an object keeps it for life."),
            Column("type", "category", "", "V8's type of node: object, closure, string ..."),
            Column("name", "category", "", "Constructor, function name or text."),
            Column("class_name", "category", "", "Name of its class in `constructors`."),
            Column("self_size_bytes", "int64", "bytes", "Memory of the object alone."),
            Column("retained_size_bytes", "int64", "bytes", "What would be free without it."),
            Column("distance", "int32", "count", "Edges from the nearest global object."),
            Column("class_key", "category", "", "Row of `constructors`."),
        ),
        index=Column("node", "int64", "ordinal", f"Place in the {which} snapshot."),
        meaning=meaning,
    )


ADDED = _nodes_schema(
    "added", "last", "Objects of the last snapshot that the first has not in the same class."
)
REMOVED = _nodes_schema(
    "removed", "first", "Objects of the first snapshot that the last has not in the same class."
)
GROWTH_POINTS = Schema(
    "growth_points",
    (
        Column("holder", "int64", "ordinal", "Node of the last snapshot that holds more."),
        Column("holder_id", "int64", "", "Its id, the same in every snapshot."),
        Column("holder_name", "str", "", "Its class."),
        Column("variable", "str", "", "Property or variable that leads to it."),
        Column("path", "str", "", "From the root, the shortest."),
        Column("item", "str", "", "What it holds more of: a class, or a function."),
        Column("count_before", "int64", "count", "Such items that it held in the first snapshot."),
        Column("count_after", "int64", "count", "Such items that it holds in the last."),
        Column("new_objects", "int64", "count", "The new items and all that they hold."),
        Column("retained_growth_bytes", "int64", "bytes", "What the holder retains more."),
        Column("pattern", "category", "", "Leak pattern that its surroundings fit."),
        Column("location", "str", "", "Where in the code the items come from, if known."),
    ),
    index=Column("point", "int64", "ordinal", "Place in this frame."),
    meaning="Objects that hold more than they did, those whose new items retain most first.",
)


def compare(before: HeapSnapshot, after: HeapSnapshot, *more: HeapSnapshot) -> HeapComparison:
    """Compare two or more snapshots of one process.

    Parameters
    ----------
    before, after, *more : HeapSnapshot
        In the order they were recorded. Of three and more, the first is compared with the last;
        the ones between tell growth from what filled up once.

    Returns
    -------
    HeapComparison

    Examples
    --------
    >>> import prodforensics as pf
    >>> names = [f"heap/cache.{k}.heapsnapshot.zst" for k in (1, 2, 3)]
    >>> growth = pf.compare(*[pf.load(pf.samples.path(name)) for name in names])
    >>> growth.frames["growth_points"][["variable", "item", "count_before", "count_after"]].values
    array([['SessionStore.sessionsByToken', 'Session', 500, 1500]], dtype=object)
    """
    return HeapComparison((before, after, *more))


class HeapComparison(Evidence):
    """What changed between heap snapshots of one process.

    Parameters
    ----------
    snapshots : sequence of HeapSnapshot
        In the order they were recorded.

    Attributes
    ----------
    snapshots : tuple of HeapSnapshot
    classes : AlignedClasses
        Class rows of all snapshots in one numbering.
    matches : list of Match
        Each snapshot but the last, matched with the last.
    points : list of Recognised
        The growth points, as in ``frames["growth_points"]``.
    """

    kind: ClassVar[str] = "heap comparison"
    schemas: ClassVar[Mapping[str, Schema]] = {
        schema.name: schema for schema in (CONSTRUCTORS, ADDED, REMOVED, GROWTH_POINTS, TREND)
    }
    _rules: ClassVar[str] = "prodforensics.heap.rules:RULES"
    _view: ClassVar[str] = "prodforensics.heap.views:comparison"
    _sections: ClassVar[str] = "prodforensics.heap.pictures:comparison_sections"

    def __init__(self, snapshots: Iterable[HeapSnapshot]) -> None:
        self.snapshots = tuple(snapshots)
        self.graphs = [snapshot.graph for snapshot in self.snapshots]
        super().__init__(
            {
                "constructors": self._constructors,
                "added": self._added,
                "removed": self._removed,
                "growth_points": self._growth_points,
                "trend": lambda: trend_frame(self.graph, self.classes, self.points),
            },
            parts=self.snapshots,
            gaps=[gap for one in self.snapshots for gap in one.all_gaps()],
        )

    @property
    def graph(self) -> HeapGraph:
        """The graph of the last snapshot, whose ordinals name nodes (but in `removed`)."""
        return self.graphs[-1]

    @cached_property
    def classes(self) -> AlignedClasses:
        """Class rows of all snapshots in one numbering."""
        return align_classes(self.graphs)

    @cached_property
    def matches(self) -> list[Match]:
        """Each snapshot but the last, matched with the last."""
        return [Match.of(graph, self.graph) for graph in self.graphs[:-1]]

    @cached_property
    def related(self) -> bool:
        """Whether all snapshots are of one process, so that ids name the same objects."""
        return all(match.related for match in self.matches)

    @cached_property
    def in_order(self) -> bool:
        """Whether the snapshots were given in the order in which they were recorded."""
        return all(recorded_in_order(a, b) for a, b in pairwise(self.graphs))

    @cached_property
    def points(self) -> list[Recognised]:
        """The growth points, largest first."""
        return [recognise(self.graph, point) for point in self._raw_points()]

    def _raw_points(self) -> list[GrowthPoint]:
        if not (self.graph.node_count and self.related and self.in_order):
            return []
        # The kernels release the lock: two snapshots at a time, and the retainers beside them.
        with ThreadPoolExecutor(2) as pool:
            holdings = list(pool.map(Holding, self.graphs, self.classes.class_index))
        return growth_points(holdings, self.matches)

    @cached_property
    def changed(self) -> tuple[np.ndarray, np.ndarray]:
        """Which nodes were added and removed (DevTools' ``calculateDiffForClass``).

        Returns
        -------
        removed : bool[n_before]
            Nodes of the first snapshot that its class has not in the last.
        added : bool[n_after]
            Nodes of the last snapshot that its class had not in the first.
        """
        before, after = self.graphs[0], self.graph
        place = self.matches[0].place
        added, removed = after.self_size > 0, before.self_size > 0
        both = np.flatnonzero(added & (place >= 0))
        there = place[both]
        was, is_ = self.classes.class_index[0], self.classes.class_index[-1]
        same = removed[there] & (was[there] == is_[both])
        added[both[same]] = False
        removed[there[same]] = False
        return removed, added

    def added_nodes(self, class_key: str) -> np.ndarray:
        """Return the added objects of a class, the ones that retain most first.

        Parameters
        ----------
        class_key : str
            Index label of ``frames["constructors"]``.

        Returns
        -------
        int64[k]
            Ordinals in the last snapshot.
        """
        number = self.classes.key.index(class_key)
        nodes = np.flatnonzero(self.changed[1] & (self.classes.class_index[-1] == number))
        retained = self.graph.retained_size[nodes]
        return nodes[np.argsort(retained, kind="stable")[::-1]]

    # -- frames -------------------------------------------------------------------------------

    def _constructors(self) -> pd.DataFrame:
        classes, columns = self.classes, {}
        k = len(classes.key)
        columns["class_name"] = pd.array(classes.name, dtype="str")
        columns["count_before"], columns["count_after"] = classes.count[0], classes.count[-1]
        sums = {}
        for what, which, mask in zip(("removed", "added"), (0, -1), self.changed, strict=True):
            index = classes.class_index[which][mask]
            sums[f"{what}_count"] = np.bincount(index, minlength=k).astype(np.int64)
            weights = self.graphs[which].self_size[mask]
            sums[f"{what}_size_bytes"] = np.bincount(index, weights, k).astype(np.int64)
        columns["added_count"] = sums["added_count"]
        columns["removed_count"] = sums["removed_count"]
        columns["count_delta"] = sums["added_count"] - sums["removed_count"]
        columns["added_size_bytes"] = sums["added_size_bytes"]
        columns["removed_size_bytes"] = sums["removed_size_bytes"]
        columns["size_delta_bytes"] = sums["added_size_bytes"] - sums["removed_size_bytes"]
        columns["retained_delta_bytes"] = classes.retained_size[-1] - classes.retained_size[0]
        frame = pd.DataFrame(columns, index=pd.Index(classes.key, dtype="str", name="class_key"))
        frame = frame[(classes.count[0] > 0) | (classes.count[-1] > 0)]
        return frame.sort_values("retained_delta_bytes", ascending=False, kind="stable")

    def _added(self) -> pd.DataFrame:
        return self._nodes(-1, np.flatnonzero(self.changed[1]))

    def _removed(self) -> pd.DataFrame:
        return self._nodes(0, np.flatnonzero(self.changed[0]))

    def _nodes(self, which: int, nodes: np.ndarray) -> pd.DataFrame:
        graph, index = self.graphs[which], self.classes.class_index[which][nodes]
        columns = node_columns(graph, nodes)
        # In the terms of the last snapshot, as in `constructors`.
        columns["class_name"] = vocabulary(self.classes.name, index)
        columns["class_key"] = vocabulary(self.classes.key, index)
        return pd.DataFrame(columns, index=pd.Index(nodes.astype(np.int64), name="node"))

    def _growth_points(self) -> pd.DataFrame:
        rows = [
            (
                one.point.holder,
                one.holder_id,
                one.holder_name,
                one.variable,
                one.path,
                one.item,
                one.point.counts[0],
                one.point.counts[-1],
                one.point.new_objects,
                one.point.growth,
                one.pattern,
                one.location,
            )
            for one in self.points
        ]
        frame = pd.DataFrame(rows, columns=[column.name for column in GROWTH_POINTS.columns])
        frame.index = pd.RangeIndex(len(frame), name="point")
        return frame.astype({column.name: column.dtype for column in GROWTH_POINTS.columns})

    # -- in short -----------------------------------------------------------------------------

    def headline(self) -> str:
        """Say how much the heap grew, and the likeliest leak."""
        if not self.related:
            return "The snapshots are of different processes: only their classes can be compared."
        sizes = [graph.total_size for graph in self.graphs]
        change = sizes[-1] - sizes[0]
        verb = "grew by" if change > 0 else "shrank by" if change < 0 else "kept its size of"
        text = f"The heap {verb} {human_bytes(abs(change) or sizes[-1])}"
        likely = self.findings().likely
        if likely:
            more = f" (and {len(likely) - 1} more)" if len(likely) > 1 else ""
            return f"{text}. Likely leak: {likely[0].title}{more}"
        return f"{text}; no leak is likely."

    def facts(self) -> list[tuple[str, str]]:
        """Return sizes and counts of the snapshots."""
        sizes = " → ".join(human_bytes(graph.total_size) for graph in self.graphs)
        counts = " → ".join(human_count(int(sum(row))) for row in self.classes.count)
        removed, added = (int(np.count_nonzero(mask)) for mask in self.changed)
        return [
            ("heap size", sizes),
            ("objects", counts),
            ("added", human_count(added)),
            ("removed", human_count(removed)),
        ]

    def _card_body(self) -> str:
        return resolve("prodforensics.heap.pictures:comparison_card")(self)

    def _held(self) -> Iterable[tuple[str, int]]:
        yield "matches", sum(match.place.nbytes for match in self.matches)
        own = [index for index in self.classes.class_index if index is not self.graph.class_index]
        yield "classes", sum(index.nbytes for index in own)
