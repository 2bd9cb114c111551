"""Findings of leak reports: what each kind of loss means, and which function allocates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from prodforensics.display.tables import human_bytes, human_count
from prodforensics.findings import Finding, Rule, Severity, Verdict, rule
from prodforensics.heap.leak_records import (
    DEFINITE,
    INDIRECT,
    KINDS,
    POSSIBLE,
    REACHABLE,
    SUPPRESSED,
)

if TYPE_CHECKING:
    import pandas as pd

    from prodforensics.heap.leak_compare import LeakReportComparison
    from prodforensics.heap.leak_report import LeakReport

__all__ = ["COMPARISON_RULES", "RULES"]

MEANINGS = {
    DEFINITE: "No pointer to these blocks exists any more: the program cannot free them.",
    INDIRECT: "The only pointers to these blocks are in blocks that are lost themselves, as the "
    "nodes of a list whose head is lost. Free the head properly and these go with it.",
    POSSIBLE: "Only a pointer into the middle of these blocks was found. That is a leak unless the "
    "program keeps such pointers on purpose (its own header before the data, an array of objects "
    "with destructors, multiple inheritance).",
    REACHABLE: "A pointer to these blocks was still there at exit, so nothing is lost. Memory that "
    "is kept for the life of the process is fine; memory that grows with the work is a leak in all "
    "but name, and only a comparison of two runs tells the two apart.",
}
_NAMES = {
    DEFINITE: "heap.native_leak.definitely_lost",
    INDIRECT: "heap.native_leak.indirectly_lost",
    POSSIBLE: "heap.native_leak.possibly_lost",
    REACHABLE: "heap.native_leak.still_reachable",
}
_SHOWN = 3
_DANGEROUS = (
    "InvalidRead", "InvalidWrite", "InvalidFree", "MismatchedFree", "InvalidJump", "FatalSignal",
)  # fmt: skip
_WORDS = {
    "dangerous": "The program touches memory that is not its own there: it may crash elsewhere, "
    "much later, or hand out the data of others.",
    "UninitCondition": "What the program does there depends on memory that it never wrote.",
    "UninitValue": "What the program computes there depends on memory that it never wrote.",
    "SyscallParam": "Memory that the program never wrote leaves it there.",
}


@rule("heap.native_leak.definitely_lost")
def definitely_lost(report: LeakReport) -> Iterator[Finding]:
    """Blocks without any pointer to them."""
    yield from _lost(report, DEFINITE, Verdict.LIKELY, Severity.HIGH)


@rule("heap.native_leak.indirectly_lost")
def indirectly_lost(report: LeakReport) -> Iterator[Finding]:
    """Blocks that only lost blocks point to."""
    yield from _lost(report, INDIRECT, Verdict.POSSIBLE, Severity.LOW)


@rule("heap.native_leak.possibly_lost")
def possibly_lost(report: LeakReport) -> Iterator[Finding]:
    """Blocks with pointers into their middle alone."""
    yield from _lost(report, POSSIBLE, Verdict.POSSIBLE, Severity.MEDIUM)


@rule("heap.native_leak.still_reachable")
def still_reachable(report: LeakReport) -> Iterator[Finding]:
    """Blocks that were never freed, but could have been."""
    yield from _lost(report, REACHABLE, Verdict.POSSIBLE, Severity.LOW)


@rule("heap.native_leak.suppressed")
def suppressed(report: LeakReport) -> Iterator[Finding]:
    """Leaks that the tool was told to hide."""
    size, blocks = report.bytes_of(SUPPRESSED), report.blocks_of(SUPPRESSED)
    if size:
        yield Finding(
            "heap.native_leak.suppressed",
            Verdict.POSSIBLE,
            Severity.LOW,
            f"{human_bytes(size)} in {human_count(blocks)} blocks are hidden by suppressions",
            "Suppressions are for leaks in libraries that nobody will fix. One that is written too "
            "widely hides the program's own.",
            {"suppressions": report.frames["suppressions"].index.tolist()},
            "see report.frames['suppressions'], or run valgrind -s",
        )


@rule("heap.native_leak.none")
def none(report: LeakReport) -> Iterator[Finding]:
    """Nothing in use at exit."""
    if report.records.stated and not any(map(report.blocks_of, (*KINDS, SUPPRESSED))):
        yield Finding(
            "heap.native_leak.none",
            Verdict.CLEARED,
            Severity.LOW,
            "Every block was freed",
            f"{report.tool} found nothing in use at exit. That holds for the code that this run "
            "went through.",
            {"summary": report.frames["summary"].index.tolist()},
        )


@rule("heap.native_error")
def native_error(report: LeakReport) -> Iterator[Finding]:
    """Errors that are no leaks: memory used wrongly."""
    errors = report.frames["errors"]
    for kind, rows in errors.groupby("kind", observed=True):
        first, count = rows.iloc[0], int(rows["count"].sum())
        # AddressSanitizer's names have dashes; it reports nothing that is harmless.
        dangerous = kind in _DANGEROUS or "-" in kind
        times = "once" if count == 1 else f"{human_count(count)} times"
        yield Finding(
            "heap.native_error",
            Verdict.LIKELY if dangerous else Verdict.POSSIBLE,
            Severity.HIGH if dangerous else Severity.MEDIUM,
            f"{kind} in {first['function']} ({first['location']}), {times}",
            f"{first['what']}. {first['detail']} "
            + _WORDS.get("dangerous" if dangerous else str(kind), ""),
            {"errors": rows.index.tolist()},
            "report." + _frames_of(rows),
        )


@rule("heap.native_leak.growth")
def growth(comparison: LeakReportComparison) -> Iterator[Finding]:
    """Leaks that grew between two runs, by kind; or none did."""
    grown = comparison.grown()
    for kind, rows in grown.groupby("kind", observed=True):
        rows = _heaviest_first(rows, "size_delta_bytes", "indirect_delta_bytes")
        size, blocks = int(rows["size_delta_bytes"].sum()), int(rows["blocks_delta"].sum())
        lost = kind == DEFINITE
        yield Finding(
            "heap.native_leak.growth",
            Verdict.LIKELY if lost else Verdict.POSSIBLE,
            Severity.HIGH if lost else Severity.LOW if kind == INDIRECT else Severity.MEDIUM,
            f"{human_bytes(size, signed=True)} in {human_count(blocks, signed=True)} blocks "
            f"{kind}; look at {rows.iloc[0]['function']} first",
            f"{_allocators(rows, 'size_delta_bytes', 'indirect_delta_bytes')} "
            f"{MEANINGS[str(kind)]}",
            {"growth": rows.index.tolist()},
            "comparison." + _frames_of(rows),
        )
    if not len(grown):
        yield Finding(
            "heap.native_leak.growth",
            Verdict.CLEARED,
            Severity.LOW,
            "No leak grew",
            "Every leak of the last report was there before, with as many bytes. A leak that does "
            "not grow with the work is untidy, not urgent.",
            {"growth": comparison.frames["growth"].index.tolist()},
        )


def _lost(report: LeakReport, kind: str, verdict: Verdict, severity: Severity) -> Iterator[Finding]:
    size, blocks = report.bytes_of(kind), report.blocks_of(kind)
    if not size and not blocks:
        return
    leaks = report.frames["leaks"]
    rows = _heaviest_first(leaks[leaks["kind"] == kind], "size_bytes", "indirect_bytes")
    title = f"{human_bytes(size)} in {human_count(blocks)} blocks {kind}"
    if len(rows):
        yield Finding(
            _NAMES[kind],
            verdict,
            severity,
            f"{title}; look at {rows.iloc[0]['function']} first",
            f"{_allocators(rows, 'size_bytes', 'indirect_bytes')} {MEANINGS[kind]}",
            {"leaks": rows.index.tolist()},
            "report." + _frames_of(rows),
        )
    else:
        yield Finding(
            _NAMES[kind],
            verdict,
            severity,
            f"{title}; the report does not list them",
            f"The tool counted these blocks and was not asked where they come from. "
            f"{MEANINGS[kind]}",
            {"summary": report.frames["summary"].query("kind == @kind").index.tolist()},
            "run again: valgrind --leak-check=full --show-leak-kinds=all PROGRAM",
        )


def _heaviest_first(rows: pd.DataFrame, size: str, indirect: str) -> pd.DataFrame:
    """Order by what a repair gives back: the blocks and what is lost with them, by function."""
    own = rows[size] + rows[indirect]
    weight = own.groupby(rows["function"]).transform("sum")
    order = weight.to_frame("weight").assign(own=own, function=rows["function"])
    order = order.sort_values(["weight", "function", "own"], ascending=[False, True, False])
    return rows.loc[order.index]


def _allocators(rows: pd.DataFrame, size: str, indirect: str) -> str:
    """Name the functions whose repair gives back most, with where they are."""
    places = rows.groupby(["function", "location"], sort=False)[[size, indirect]].sum()
    named = []
    for (function, location), (own, below) in places.head(_SHOWN).iterrows():
        with_it = f" and {human_bytes(below)} with it" if below > 0 else ""
        where = f"{location}, " if location else ""
        named.append(f"{function} ({where}{human_bytes(own)}{with_it})")
    more = rows["function"].nunique() - len(named)
    rest = f" and {more} more functions" if more > 0 else ""
    return f"Allocated by {', '.join(named)}{rest}."


def _frames_of(rows: pd.DataFrame) -> str:
    return f"frames['frames'].query('stack_id == {rows.iloc[0]['stack_id']}')  # the stack"


RULES: tuple[Rule, ...] = (
    definitely_lost,
    possibly_lost,
    still_reachable,
    indirectly_lost,
    native_error,
    suppressed,
    none,
)
COMPARISON_RULES: tuple[Rule, ...] = (growth,)
