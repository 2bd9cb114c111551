"""What grew between leak reports of two or more runs.

Addresses and module paths change from run to run; a leak is the same leak when it is of the same
kind and its stack has the same functions, files and lines.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, ClassVar

from prodforensics.display.tables import human_bytes, human_count
from prodforensics.evidence import Evidence
from prodforensics.heap.allocators import culprit, place
from prodforensics.heap.leak_records import DEFINITE, KINDS, Stack
from prodforensics.heap.leak_report import FRAMES, LeakReport, stack_frame
from prodforensics.schema import Column, Schema

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LeakReportComparison"]

GROWTH = Schema(
    "growth",
    (
        Column("kind", "category", "", "Definitely, indirectly or possibly lost, still reachable."),
        Column("function", "str", "", "The program's function that allocated."),
        Column("location", "str", "", "Its file and line, or its module."),
        Column("size_before_bytes", "int64", "bytes", "Lost in the first report."),
        Column("size_after_bytes", "int64", "bytes", "Lost in the last report."),
        Column("size_delta_bytes", "int64", "bytes", "What it grew by."),
        Column("indirect_delta_bytes", "int64", "bytes", "What was lost with it grew by."),
        Column("blocks_before", "int64", "count", "Blocks lost in the first report."),
        Column("blocks_after", "int64", "count", "Blocks lost in the last report."),
        Column("blocks_delta", "int64", "count", "Blocks it grew by."),
        Column("change", "category", "", "new, grew, same, shrank or gone."),
        Column("stack_id", "int64", "ordinal", "The stack that allocated, in `frames`."),
    ),
    Column("growth", "int64", "ordinal", "Place, what grew most first."),
    "One row for each leak of the first or the last report, joined by its stack.",
)
TREND = Schema(
    "trend",
    (
        Column("report", "str", "", "The report."),
        Column("kind", "category", "", "How the blocks were lost."),
        Column("size_bytes", "int64", "bytes", "Lost in that way, all in all."),
        Column("blocks", "int64", "count", "Blocks lost in that way, all in all."),
    ),
    meaning="The sums of every report, in order.",
)
_CHANGES = ("new", "grew", "same", "shrank", "gone")

_Key = tuple[str, tuple[tuple[str, str, int | None], ...]]
_Sum = tuple[int, int, int, Stack]
"""Bytes, blocks, bytes lost with them, a stack with its addresses."""


class LeakReportComparison(Evidence):
    """What grew between the first and the last of two or more leak reports.

    Parameters
    ----------
    before, after, *more : LeakReport
        In the order of the runs.

    Examples
    --------
    >>> import prodforensics as pf
    >>> runs = [pf.samples.path(f"heap/native/lsan.{run}.txt") for run in ("short", "long")]
    >>> growth = pf.compare(*map(pf.load, runs)).frames["growth"]
    >>> growth[["function", "size_delta_bytes", "blocks_delta"]].head(2).values.tolist()
    [['add_line', 96000, 3000], ['parse_request', 48000, 1000]]
    """

    kind: ClassVar[str] = "leak report comparison"
    schemas: ClassVar = {schema.name: schema for schema in (GROWTH, FRAMES, TREND)}
    _rules: ClassVar[str] = "prodforensics.heap.leak_rules:COMPARISON_RULES"
    _sections: ClassVar[str] = "prodforensics.heap.leak_views:comparison_sections"

    def __init__(self, before: LeakReport, after: LeakReport, *more: LeakReport) -> None:
        self.reports = (before, after, *more)
        first, last = _sums(self.reports[0]), _sums(self.reports[-1])
        keys = sorted(first | last, key=lambda key: _delta(key, first, last), reverse=True)
        # What both have is shown with the stack of the last.
        stacks = {key: (last.get(key) or first[key])[3] for key in keys}
        self._sums = {key: (first.get(key), last.get(key)) for key in keys}
        self._stack_of = stacks
        self.stacks = {stack: i for i, stack in enumerate(dict.fromkeys(stacks.values()))}
        super().__init__(
            {"growth": self._growth, "frames": self._frames, "trend": self._trend},
            parts=self.reports,
        )

    def _growth(self) -> pd.DataFrame:
        rows = []
        for key, (before, after) in self._sums.items():
            stack = self._stack_of[key]
            frame = culprit(stack)
            sizes, blocks = _change(before, after, 0), _change(before, after, 1)
            indirect = _change(before, after, 2)[2]
            change = _word(before is not None, after is not None, sizes[2], blocks[2])
            where = (frame.function or "???", place(frame))
            rows.append((key[0], *where, *sizes, indirect, *blocks, change, self.stacks[stack]))
        return GROWTH.frame(rows, categories={"kind": KINDS, "change": _CHANGES})

    def _frames(self) -> pd.DataFrame:
        return stack_frame(self.stacks)

    def _trend(self) -> pd.DataFrame:
        rows = [
            (report.title, kind, report.bytes_of(kind), report.blocks_of(kind))
            for report in self.reports
            for kind in KINDS
        ]
        return TREND.frame(rows, categories={"kind": KINDS})

    def grown(self) -> pd.DataFrame:
        """Return the rows of `growth` that are new or larger."""
        growth = self.frames["growth"]
        return growth[growth["change"].isin(["new", "grew"])]

    def headline(self) -> str:
        """Say what grew most."""
        grown = self.grown()
        if not len(grown):
            return "No leak grew."
        first = grown.iloc[0]
        return (
            f"{len(grown)} of {len(self.frames['growth'])} leaks grew; most does "
            f"{first['function']}: {human_bytes(first['size_delta_bytes'], signed=True)} in "
            f"{human_count(first['blocks_delta'], signed=True)} blocks, {first['kind']}."
        )

    def facts(self) -> list[tuple[str, str]]:
        """Return what each kind grew by."""
        before, after = self.reports[0], self.reports[-1]
        facts = []
        for kind in KINDS:
            delta = after.bytes_of(kind) - before.bytes_of(kind)
            if delta or kind == DEFINITE:
                facts.append((kind, human_bytes(delta, signed=True)))
        return facts


def _key(kind: str, stack: Stack) -> _Key:
    # The text of Valgrind names files without their folders, its XML with them.
    calls = tuple((call.function, PurePosixPath(call.file).name, call.line) for call in stack)
    return kind, calls


def _sums(report: LeakReport) -> dict[_Key, _Sum]:
    """Add up the leaks of a report by kind and stack."""
    sums: dict[_Key, _Sum] = {}
    for leak in report.records.leaks:
        key = _key(leak.kind, leak.stack)
        size, blocks, indirect, stack = sums.get(key, (0, 0, 0, leak.stack))
        size, blocks = size + leak.size_bytes, blocks + leak.blocks
        sums[key] = (size, blocks, indirect + leak.indirect_bytes, stack)
    return sums


def _delta(key: _Key, first: dict[_Key, _Sum], last: dict[_Key, _Sum]) -> int:
    return last.get(key, (0,))[0] - first.get(key, (0,))[0]


def _change(before: _Sum | None, after: _Sum | None, part: int) -> tuple[int, int, int]:
    first, last = before[part] if before else 0, after[part] if after else 0
    return first, last, last - first


def _word(before: bool, after: bool, size: int, blocks: int) -> str:
    if not (before and after):
        return "new" if after else "gone"
    delta = size or blocks
    return "same" if not delta else "grew" if delta > 0 else "shrank"
