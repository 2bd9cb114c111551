"""Pages of a comparison for its explorer: what grew, its objects, who holds them, the trend.

Objects are those of the last snapshot, so that what holds them is asked of that snapshot's pages;
deleted ones are those of the first, and say so with the mark ``gone``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from prodforensics.display.paging import (
    alphabetical,
    column,
    page_order,
    table_page,
    whole_number,
    window,
)
from prodforensics.display.tables import human_bytes, human_count, plain
from prodforensics.errors import UnknownName
from prodforensics.heap.pages import Answer, Row, SnapshotPages

if TYPE_CHECKING:
    from prodforensics.heap.compare import HeapComparison

_COLUMNS = {
    "count_before": "count_before",
    "count_after": "count_after",
    "added": "added_count",
    "removed": "removed_count",
    "delta": "count_delta",
    "added_size": "added_size_bytes",
    "removed_size": "removed_size_bytes",
    "size_delta": "size_delta_bytes",
    "retained_delta": "retained_delta_bytes",
}
_TEXT = 200
_LINES = 10


class ComparisonPages:
    """The questions that the explorer of a comparison asks.

    Parameters
    ----------
    comparison : HeapComparison
    """

    def __init__(self, comparison: HeapComparison) -> None:
        self.comparison = comparison
        self.first = SnapshotPages(comparison.snapshots[0], gone=True)
        self.last = SnapshotPages(comparison.snapshots[-1])

    @property
    def questions(self) -> Mapping[str, Callable[..., Answer]]:
        """The questions by the name that the page uses."""
        names = ("about", "grown", "changed", "growth_points", "items", "trend", "findings")
        of_object = ("object", "children", "retainers", "path")
        own = {name: getattr(self, name) for name in names}
        return own | {name: partial(self._ask, name) for name in of_object}

    def _ask(self, question: str, *, gone: bool = False, **values: Any) -> Answer:
        """Ask the pages of the snapshot that an object is in."""
        return getattr(self.first if gone else self.last, question)(**values)

    def about(self) -> Answer:
        """Totals that every view needs, and the change in one line."""
        before, after = self.comparison.graphs[0], self.comparison.graph
        growth = after.total_size - before.total_size
        objects = after.node_count - before.node_count
        return self.last.about() | {
            "name": plain(self.comparison.title),
            "change": f"{human_bytes(before.total_size)} → {human_bytes(after.total_size)} "
            f"({human_bytes(growth, signed=True)}, {human_count(objects, signed=True)} objects)",
        }

    # -- classes ------------------------------------------------------------------------------

    @cached_property
    def _classes(self) -> dict[str, Any]:
        """Columns of the classes in which anything changed."""
        frame = self.comparison.frames["constructors"]
        changes = ["added_count", "removed_count", "retained_delta_bytes"]
        frame = frame[(frame[changes] != 0).any(axis=1)]
        number = {key: place for place, key in enumerate(self.comparison.classes.key)}
        names = frame["class_name"].tolist()
        columns = {name: frame[source].to_numpy() for name, source in _COLUMNS.items()}
        index = np.array([number[key] for key in frame.index], np.int64)
        return columns | {"names": names, "name": alphabetical(names), "class_index": index}

    def grown(
        self,
        sort: str = "retained_delta",
        descending: bool = True,
        text: str = "",
        offset: int = 0,
        limit: int = 100,
    ) -> Answer:
        """Constructors with what came, what went and what is left, as in DevTools' Comparison."""
        table = self._classes
        total, places = table_page(table, sort, descending, text, offset, limit)
        rows = []
        for place in places:
            row: Row = {name: int(table[name][place]) for name in ("class_index", *_COLUMNS)}
            row |= {"name": plain(table["names"][place], _TEXT)}
            rows.append(row | {"more": row["added"] + row["removed"] > 0})
        return {"total": total, "rows": rows}

    def changed(
        self, class_index: int = 0, gone: bool = False, offset: int = 0, limit: int = 100
    ) -> Answer:
        """List new objects of one class or, if ``gone``, deleted ones; largest retained first.

        Where there are both, the first row of the new ones stands for the deleted ones.
        """
        number = whole_number(class_index, "class_index")
        offset, limit = window(offset, limit)
        deleted, new = (
            np.flatnonzero(mask & (self.comparison.classes.class_index[which] == number))
            for which, mask in zip((0, -1), self.comparison.changed, strict=True)
        )
        if gone or not new.size:
            answer = self.first.nodes(deleted, "retained", True, offset, limit)
            for row in answer["rows"]:
                row |= {"removed_size": row["self"], "retained_delta": -row["retained"]}
            return answer
        lead = []
        if deleted.size:
            size = int(self.first.graph.self_size[deleted].sum())
            lead = [{"name": "Deleted objects", "class_index": number, "gone": True, "more": True}]
            lead[0] |= {"removed": deleted.size, "removed_size": size}
        answer = self.last.nodes(new, "retained", True, max(offset - len(lead), 0), limit)
        for row in answer["rows"]:
            # Of a new object, all is new.
            row |= {"added_size": row["self"], "retained_delta": row["retained"]}
        shown = answer["rows"] if offset else [*lead, *answer["rows"]]
        return {"total": answer["total"] + len(lead), "rows": shown[:limit]}

    # -- who holds the growth -----------------------------------------------------------------

    def growth_points(
        self,
        sort: str = "retained_growth",
        descending: bool = True,
        offset: int = 0,
        limit: int = 100,
    ) -> Answer:
        """Old objects that hold the new ones."""
        offset, limit = window(offset, limit)
        points = self.comparison.points
        keys = {
            "retained_growth": np.array([one.point.growth for one in points], np.int64),
            "new_objects": np.array([one.point.new_objects for one in points], np.int64),
        }
        rows = []
        for place in page_order(column(keys, sort), offset, limit, descending=bool(descending)):
            one = points[place]
            counts = one.point.counts
            row = self.last.row(one.point.holder)
            row |= {
                "point": int(place),
                "name": plain(one.holder_name, _TEXT),
                "variable": plain(one.variable, _TEXT),
                "pattern": one.pattern.replace("_", " "),
                "path": plain(one.path, 600),
                "gain": f"{counts[0]:,} → {counts[-1]:,} {plain(one.point.item, _TEXT)}",
                "new_objects": int(one.point.new_objects),
                "retained_growth": int(one.point.growth),
                "more": True,
            }
            rows.append(row)
        return {"total": len(points), "rows": rows}

    def items(self, point: int = 0, offset: int = 0, limit: int = 100) -> Answer:
        """List new objects that one growth point holds, those that retain most first."""
        place = whole_number(point, "point")
        points = self.comparison.points
        if not 0 <= place < len(points):
            raise UnknownName("growth point", str(place), [])
        nodes = points[place].point.items.astype(np.int64)
        return self.last.nodes(nodes, "retained", True, offset, limit)

    def findings(self) -> Answer:
        """List findings in their order, each with the object to look at where there is one."""
        points = self.comparison.points
        rows = []
        for finding in self.comparison.findings():
            proof = finding.rows.get("growth_points", ())
            rows.append(
                {
                    "verdict": str(finding.verdict),
                    "title": plain(finding.title),
                    "why": plain(finding.why, 2000),
                    "next_step": plain(finding.next_step, 1000),
                    "rule": finding.rule,
                    "node": int(points[proof[0]].point.holder) if proof else None,
                }
            )
        return {"rows": rows, "total": len(rows)}

    # -- over time ----------------------------------------------------------------------------

    def trend(self) -> Answer:
        """Lines of the classes and the holders that grow, largest growth first."""
        return {"snapshots": marks(self.comparison), "groups": trend_groups(self.comparison)}


def marks(comparison: HeapComparison) -> list[str]:
    """Name the snapshots along an axis: the files' names without what they have in common."""
    titles = [snapshot.title for snapshot in comparison.snapshots]
    names = [plain(title.partition(".heapsnapshot")[0], 60) for title in titles]
    if len(set(names)) < len(names):
        names = [f"{place}: {name}" for place, name in enumerate(names, 1)]
    return names


def trend_groups(comparison: HeapComparison) -> list[Answer]:
    """Choose the lines of the trend: ``[{title, unit, lines: [{name, values}]}]``.

    Holders by what they retain; classes by the objects gained since the first snapshot, because
    they retain each other and start from very different counts.
    """
    frame = comparison.frames["trend"]
    groups = []
    for kind, column_, unit, title in (
        ("holder", "retained_size_bytes", "bytes", "Bytes retained by what holds ever more"),
        ("class", "count", "count", "Objects gained, by class, where each snapshot has more"),
    ):
        part = frame[frame["kind"] == kind]
        lines = []
        for _, rows in part.groupby("key", sort=False):
            values = rows[column_].to_numpy()
            values = values - values[0] if kind == "class" else values
            lines.append({"name": plain(rows["name"].iloc[0], 60), "values": values.tolist()})
        lines.sort(key=lambda line: line["values"][0] - line["values"][-1])
        groups.append({"title": title, "unit": unit, "lines": lines[:_LINES]})
    return groups
