"""Two reports of one tool beside each other: what of their measures changed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import ClassVar

from prodforensics.display.tables import human_bytes, human_count, human_ns
from prodforensics.errors import NotComparable
from prodforensics.evidence import Evidence
from prodforensics.findings import Finding, Rule, Severity, Verdict, rule
from prodforensics.network.tools.tool_reports import Measure, ToolReport
from prodforensics.schema import Column, Schema

__all__ = ["RULES", "ToolComparison"]

CHANGES = Schema(
    "changes",
    (
        Column("measure", "str", "", "What is measured."),
        Column("unit", "category", "", "ns, bytes, count, percent; empty for a word."),
        Column("before", "float64", "", "In the first report; missing: not there, or a word."),
        Column("after", "float64", "", "In the last report."),
        Column("delta", "float64", "", "What it grew by."),
        Column("before_text", "str", "", "As a person writes it."),
        Column("after_text", "str", "", "As a person writes it."),
        Column("change", "category", "", "new, gone, more, less, other, same."),
    ),
    Column("row", "int64", "ordinal", "Place: as in the reports."),
    "One row for each measure of the first or the last report.",
)
_CHANGES = ("new", "gone", "more", "less", "other", "same")
_UNITS = ("ns", "bytes", "count", "percent", "")
_SHOWN = 5
_NOTHING = "-"
_NO_UNIT = Measure("", "", None)


class ToolComparison(Evidence):
    """What changed between the first and the last of two or more reports of one tool.

    Parameters
    ----------
    before, after, *more : ToolReport
        In the order of time.

    Raises
    ------
    NotComparable
        The two have no measure in common.

    Examples
    --------
    >>> import prodforensics as pf
    >>> names = ("network/mtr.healthy.csv", "network/mtr.loss.csv")
    >>> changes = pf.compare(*(pf.load(pf.samples.path(name)) for name in names)).frames["changes"]
    >>> changes[["measure", "before", "after"]].values.tolist()[-2]
    ['hop 4: 10.30.0.2: loss', 0.0, 12.5]
    """

    kind: ClassVar[str] = "comparison of tool reports"
    schemas: ClassVar = {"changes": CHANGES}
    _rules: ClassVar[str] = "prodforensics.network.tools.tool_comparison:RULES"
    _sections: ClassVar[str] = "prodforensics.network.tools.tool_views:sections"
    _view: ClassVar[str] = "prodforensics.network.tools.tool_views:show"

    def __init__(self, before: ToolReport, after: ToolReport, *more: ToolReport) -> None:
        self.reports = (before, after, *more)
        self.changes = _changes(self.reports[0].measures(), self.reports[-1].measures())
        if not self.changes:
            raise NotComparable(
                f"{before.title} and {self.reports[-1].title} have nothing to compare",
                hint="give two reports of one tool",
            )
        categories = {"unit": _UNITS, "change": _CHANGES}
        super().__init__(
            {"changes": partial(CHANGES.frame, self.changes, categories)}, parts=self.reports
        )

    def headline(self) -> str:
        """Say what changed most."""
        changed = self.most()
        if not changed:
            return f"None of {len(self.changes)} measures changed."
        told = "; ".join(self.said(row) for row in changed[:3])
        return f"{len(changed)} of {len(self.changes)} measures changed: {told}."

    def facts(self) -> list[tuple[str, str]]:
        """Return how many measures rose, fell, came and went."""
        changes = [change[-1] for change in self.changes]
        counts = [(name, changes.count(name)) for name in _CHANGES if name in changes]
        return [(name, human_count(count)) for name, count in counts]

    def most(self) -> list[int]:
        """Return the rows of what changed, by how much it changed against what it was."""
        rows = [row for row, change in enumerate(self.changes) if change[-1] != "same"]
        return sorted(rows, key=lambda row: -_weight(self.changes[row]))

    def said(self, row: int) -> str:
        """Say one change in words."""
        name, *_, before, after, _ = self.changes[row]
        return f"{name}: {before} → {after}"


_Change = tuple[str, str, float | None, float | None, float | None, str, str, str]


def _changes(before: list[Measure], after: list[Measure]) -> list[_Change]:
    first = {one.name: one for one in before}
    last = {one.name: one for one in after}
    return [_change(name, first.get(name), last.get(name)) for name in {**last, **first}]


def _change(name: str, before: Measure | None, after: Measure | None) -> _Change:
    one, two = (None if each is None else each.value for each in (before, after))
    delta = None if one is None or two is None else two - one
    texts = [_NOTHING if each is None else _write(each) for each in (before, after)]
    if before is None or after is None:
        word = "gone" if after is None else "new"
    elif delta is None:
        word = "same" if texts[0] == texts[1] else "other"
    else:
        word = "more" if delta > 0 else "less" if delta < 0 else "same"
    return (name, (after or before or _NO_UNIT).unit, one, two, delta, *texts, word)


def _write(measure: Measure) -> str:
    if measure.value is None:
        return measure.text or _NOTHING
    if measure.unit == "percent":
        return f"{measure.value:.3g} %"
    write = {"ns": human_ns, "bytes": human_bytes}.get(measure.unit, human_count)
    return write(measure.value)


def _weight(change: _Change) -> float:
    """How much a change matters: words most, then what grew by the largest factor."""
    _, unit, before, after, _, _, _, word = change
    if word == "other":
        return 1e9
    # What was a microsecond and is two has not doubled in any sense that matters.
    floor = {"ns": 1e6, "bytes": 1e3, "percent": 1.0}.get(unit, 1.0)
    one, two = (max(abs(each or 0.0), floor) for each in (before, after))
    return two / one if two >= one else one / two


@rule("network.tool_change")
def tool_change(comparison: ToolComparison) -> Iterator[Finding]:
    """Name what changed most between the two reports."""
    rows = comparison.most()[:_SHOWN]
    if rows and _weight(comparison.changes[rows[0]]) >= 2:
        told = [row for row in rows if _weight(comparison.changes[row]) >= 2]
        yield Finding(
            "network.tool_change", Verdict.POSSIBLE, Severity.MEDIUM,
            f"Changed most: {comparison.said(told[0])}",
            "What at least doubled, halved or became another, the largest first: "
            + "; ".join(comparison.said(row) for row in told)
            + ". Whether that is a fault the findings of each report say.",
            {"changes": told},
            "look at the findings of the last report",
        )  # fmt: skip


RULES: list[Rule] = [tool_change]
