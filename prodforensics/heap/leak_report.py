"""Leak reports of Valgrind and LeakSanitizer: which stacks allocated what was never freed."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import pandas as pd

from prodforensics.display.tables import human_bytes, human_count
from prodforensics.evidence import Evidence
from prodforensics.gaps import Gap
from prodforensics.heap.allocators import culprit, place
from prodforensics.heap.leak_records import (
    DEFINITE,
    KINDS,
    POSSIBLE,
    REACHABLE,
    SUPPRESSED,
    TOTAL,
    LeakRecords,
    Stack,
)
from prodforensics.schema import Column, Schema
from prodforensics.source import Source

if TYPE_CHECKING:
    from prodforensics.heap.leak_compare import LeakReportComparison

__all__ = ["LeakReport", "stack_frame"]

LEAKS = Schema(
    "leaks",
    (
        Column("kind", "category", "", "Definitely, indirectly or possibly lost, still reachable."),
        Column("size_bytes", "int64", "bytes", "The lost blocks' own size."),
        Column("blocks", "int64", "count", "Blocks lost."),
        Column("indirect_bytes", "int64", "bytes", "Lost with them; in indirectly lost as well."),
        Column("function", "str", "", "The program's function that allocated (see `culprit`)."),
        Column("location", "str", "", "Its file and line, or its module."),
        Column("stack_id", "int64", "ordinal", "The stack that allocated, in `frames`."),
        Column("process", "int64", "ordinal", "The process, in `processes`."),
    ),
    Column("leak", "int64", "ordinal", "Place in the report."),
    "One row for each loss record: blocks of one stack, lost in one way.",
)
FRAMES = Schema(
    "frames",
    (
        Column("stack_id", "int64", "ordinal", "The stack."),
        Column("depth", "int64", "ordinal", "0 for the innermost call."),
        Column("function", "str", "", "Function; empty or ??? where the tool knows none."),
        Column("file", "str", "", "Source file, as the tool wrote it."),
        Column("line", "Int64", "ordinal", "Line in the file."),
        Column("module", "str", "", "Executable or library."),
        Column("address", "UInt64", "", "Program counter; changes from run to run."),
    ),
    meaning="One row for each call of each stack.",
)
FUNCTIONS = Schema(
    "functions",
    (
        Column("function", "str", "", "The program's function that allocated."),
        Column("kind", "category", "", "How the blocks were lost."),
        Column("size_bytes", "int64", "bytes", "The lost blocks' own size."),
        Column("blocks", "int64", "count", "Blocks lost."),
        Column("leaks", "int64", "count", "Loss records."),
    ),
    meaning="The leaks added up by function and kind, largest first.",
)
ERRORS = Schema(
    "errors",
    (
        Column("kind", "category", "", "Valgrind's name of the error, as InvalidRead."),
        Column("what", "str", "", "What the tool says."),
        Column("count", "int64", "count", "How often it happened, where the tool counts."),
        Column("function", "str", "", "The program's function where it happened."),
        Column("location", "str", "", "Its file and line, or its module."),
        Column("detail", "str", "", "What is known of the address."),
        Column("stack_id", "int64", "ordinal", "Where it happened, in `frames`."),
        Column("detail_stack_id", "Int64", "ordinal", "Where the memory comes from, if known."),
        Column("process", "int64", "ordinal", "The process, in `processes`."),
    ),
    Column("error", "int64", "ordinal", "Place in the report."),
    "One row for each error that is no leak.",
)
SUMMARY = Schema(
    "summary",
    (
        Column("process", "int64", "ordinal", "The process, in `processes`."),
        Column("kind", "str", "", "How blocks were lost; suppressed; or the total."),
        Column("listed_bytes", "int64", "bytes", "Sum over `leaks`."),
        Column("listed_blocks", "int64", "count", "Sum over `leaks`."),
        Column("stated_bytes", "Int64", "bytes", "The tool's own sum, where it writes one."),
        Column("stated_blocks", "Int64", "count", "The tool's own sum, where it writes one."),
    ),
    meaning="Sums by process and kind, beside the tool's own.",
)
PROCESSES = Schema(
    "processes",
    (
        Column("pid", "Int64", "", "Process id, where the tool writes it."),
        Column("command", "str", "", "Its command line."),
        Column("in_use_bytes", "Int64", "bytes", "Heap in use at exit."),
        Column("in_use_blocks", "Int64", "count", "Blocks in use at exit."),
        Column("allocations", "Int64", "count", "Allocations in all."),
        Column("frees", "Int64", "count", "Frees in all."),
        Column("allocated_bytes", "Int64", "bytes", "Bytes allocated in all."),
    ),
    index=Column("process", "int64", "ordinal", "Place in the report."),
    meaning="One row for each process of the report.",
)
SUPPRESSIONS = Schema(
    "suppressions",
    (
        Column("name", "str", "", "The suppression."),
        Column("count", "int64", "count", "How often it matched."),
        Column("size_bytes", "Int64", "bytes", "What it hid, where the tool counts."),
        Column("blocks", "Int64", "count", "Blocks it hid, where the tool counts."),
        Column("process", "int64", "ordinal", "The process, in `processes`."),
    ),
    meaning="What the tool was told not to report.",
)


_CLEAN = "Nothing is lost and nothing is left at exit."


class LeakReport(Evidence):
    """What Valgrind memcheck or LeakSanitizer says of a run.

    Examples
    --------
    >>> import prodforensics as pf
    >>> report = pf.load(pf.samples.path("heap/native/memcheck.short.txt"))
    >>> print(report.frames["functions"].head(2)[["function", "kind", "size_bytes", "blocks"]])
            function             kind  size_bytes  blocks
    0       add_line  indirectly lost       19200     600
    1  parse_request  definitely lost        9552     199
    >>> report.bytes_of("definitely lost")
    12752
    """

    kind: ClassVar[str] = "leak report"
    schemas: ClassVar = {
        schema.name: schema
        for schema in (LEAKS, FUNCTIONS, FRAMES, ERRORS, SUMMARY, PROCESSES, SUPPRESSIONS)
    }
    _rules: ClassVar[str] = "prodforensics.heap.leak_rules:RULES"
    _sections: ClassVar[str] = "prodforensics.heap.leak_views:report_sections"
    _compare: ClassVar[str] = "prodforensics.heap.leak_compare:LeakReportComparison"

    def __init__(self, source: Source | None, records: LeakRecords) -> None:
        self.records = records
        self.tool = records.tool
        self.stacks = _number_stacks(records)
        super().__init__(
            {
                "leaks": self._leaks,
                "functions": self._functions,
                "frames": self._frames,
                "errors": self._errors,
                "summary": self._summary,
                "processes": self._processes,
                "suppressions": self._suppressions,
            },
            source=source,
            gaps=records.gaps,
        )
        self._gaps += list(self._differences())

    # -- sums ---------------------------------------------------------------------------------

    def bytes_of(self, kind: str) -> int:
        """Return the bytes lost in one way: the tool's own sum, or that of the list."""
        return self._sum_of(kind)[0]

    def blocks_of(self, kind: str) -> int:
        """Return the blocks lost in one way: the tool's own sum, or that of the list."""
        return self._sum_of(kind)[1]

    def _sum_of(self, kind: str) -> tuple[int, int]:
        size = blocks = 0
        for process in range(len(self.records.processes)):
            stated = self.records.stated.get((process, kind)) or self._listed(process, kind)
            size, blocks = size + stated[0], blocks + stated[1]
        return size, blocks

    def _listed(self, process: int, kind: str) -> tuple[int, int]:
        return self._listed_sums.get((process, kind), (0, 0))

    @cached_property
    def _listed_sums(self) -> dict[tuple[int, str], tuple[int, int]]:
        sums: dict[tuple[int, str], tuple[int, int]] = {}
        for leak in self.records.leaks:
            for kind in (leak.kind, TOTAL):
                size, blocks = sums.get((leak.process, kind), (0, 0))
                sums[leak.process, kind] = (size + leak.size_bytes, blocks + leak.blocks)
        return sums

    def not_listed(self) -> list[str]:
        """Name the kinds that the tool counted and was not asked to list."""
        listed = {leak.kind for leak in self.records.leaks}
        return [kind for kind in KINDS if kind not in listed and self.blocks_of(kind)]

    def _differences(self) -> Iterable[Gap]:
        """Say where the sum of a list is not the tool's own; a kind not listed at all is none."""
        sums = self._listed_sums
        for (process, kind), stated in self.records.stated.items():
            listed = sums.get((process, kind))
            if kind == SUPPRESSED or listed == stated or (listed is None and kind != TOTAL):
                continue
            size, blocks = listed or (0, 0)
            pid = self.records.processes[process].pid
            yield Gap(
                f"process {pid}: the tool counts {stated[0]:,} bytes in {stated[1]:,} blocks "
                f"({kind}), its list adds up to {size:,} in {blocks:,}",
                lost_bytes=max(0, stated[0] - size),
            )

    # -- frames -------------------------------------------------------------------------------

    def _leaks(self) -> pd.DataFrame:
        rows = []
        for leak in self.records.leaks:
            frame = culprit(leak.stack)
            sizes = (leak.size_bytes, leak.blocks, leak.indirect_bytes)
            where = (frame.function or "???", place(frame), self.stacks[leak.stack])
            rows.append((leak.kind, *sizes, *where, leak.process))
        return LEAKS.frame(rows, categories={"kind": KINDS})

    def _functions(self) -> pd.DataFrame:
        leaks = self.frames["leaks"]
        grouped = leaks.groupby(["function", "kind"], observed=True)
        summed = grouped.agg(
            size_bytes=("size_bytes", "sum"), blocks=("blocks", "sum"), leaks=("kind", "size")
        )
        summed = summed.reset_index().sort_values(
            ["size_bytes", "function"], ascending=[False, True], ignore_index=True
        )
        return summed[[column.name for column in FUNCTIONS.columns]]

    def _frames(self) -> pd.DataFrame:
        return stack_frame(self.stacks)

    def _errors(self) -> pd.DataFrame:
        rows = []
        for error in self.records.errors:
            frame = culprit(error.stack)
            detail_stack = self.stacks[error.detail_stack] if error.detail_stack else None
            where = (frame.function or "???", place(frame), error.detail, self.stacks[error.stack])
            rows.append((error.kind, error.what, error.count, *where, detail_stack, error.process))
        return ERRORS.frame(rows)

    def _summary(self) -> pd.DataFrame:
        rows = []
        for process in range(len(self.records.processes)):
            for kind in (*KINDS, SUPPRESSED, TOTAL):
                stated = self.records.stated.get((process, kind), (None, None))
                listed = self._listed(process, kind)
                if kind in KINDS or kind == TOTAL or stated[0] is not None:
                    rows.append((process, kind, *listed, *stated))
        return SUMMARY.frame(rows)

    def _processes(self) -> pd.DataFrame:
        names = [column.name for column in PROCESSES.columns]
        every = self.records.processes
        return PROCESSES.frame([[getattr(one, name) for name in names] for one in every])

    def _suppressions(self) -> pd.DataFrame:
        names = [column.name for column in SUPPRESSIONS.columns]
        every = self.records.suppressions
        return SUPPRESSIONS.frame([[getattr(one, name) for name in names] for one in every])

    # -- what a person reads ------------------------------------------------------------------

    def headline(self) -> str:
        """Say what is lost, and whose allocation most of it is."""
        lost = [(self.bytes_of(kind), kind) for kind in KINDS if kind != REACHABLE]
        said = [f"{human_bytes(size)} {kind}" for size, kind in lost if size]
        if not said:
            kept = self.bytes_of(REACHABLE)
            return f"Nothing is lost, {human_bytes(kept)} still reachable." if kept else _CLEAN
        leaks = self.frames["leaks"]
        direct = leaks[leaks["kind"].isin([DEFINITE, POSSIBLE])]
        weight = (direct["size_bytes"] + direct["indirect_bytes"]).groupby(direct["function"]).sum()
        first = f"; look at {weight.idxmax()} first" if len(weight) else ""
        return f"{', '.join(said)}{first}."

    def facts(self) -> list[tuple[str, str]]:
        """Return the tool, the sums by kind, and the errors that are no leaks."""
        facts = [("tool", self.tool)]
        for kind in KINDS:
            size, blocks = self._sum_of(kind)
            if size or blocks:
                note = ", not listed" if kind in self.not_listed() else ""
                facts.append((kind, f"{human_bytes(size)} in {human_count(blocks)} blocks{note}"))
        if count := sum(error.count for error in self.records.errors):
            facts.append(("other errors", human_count(count)))
        if len(self.records.processes) > 1:
            facts.append(("processes", human_count(len(self.records.processes))))
        return facts

    def compare(self, after: LeakReport, *more: LeakReport) -> LeakReportComparison:
        """Say what grew until a later run (see `prodforensics.compare`)."""
        from prodforensics.heap.leak_compare import LeakReportComparison

        return LeakReportComparison(self, after, *more)


def _number_stacks(records: LeakRecords) -> dict[Stack, int]:
    """Give each different stack its number, in the order of the report."""
    stacks: dict[Stack, int] = {}
    for leak in records.leaks:
        stacks.setdefault(leak.stack, len(stacks))
    for error in records.errors:
        stacks.setdefault(error.stack, len(stacks))
        if error.detail_stack:
            stacks.setdefault(error.detail_stack, len(stacks))
    return stacks


def stack_frame(stacks: dict[Stack, int]) -> pd.DataFrame:
    """Return the calls of numbered stacks, with the columns of `FRAMES`."""
    rows = [
        (number, depth, *call)
        for stack, number in stacks.items()
        for depth, call in enumerate(stack)
    ]
    return FRAMES.frame(rows)
