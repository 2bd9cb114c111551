"""Findings on what is plain from the signal alone: accesses that are not permitted, divisions."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import TYPE_CHECKING

from prodforensics._text import plain
from prodforensics.core.symptoms.crash import NEAR_NULL, Crash, fault_of
from prodforensics.core.symptoms.freed_memory_rules import use_after_free
from prodforensics.core.symptoms.stack_rules import stack_overflow
from prodforensics.display.tables import human_count
from prodforensics.findings import Finding, Rule, Severity, Verdict, rule

if TYPE_CHECKING:
    from prodforensics.core.memory import Segment
    from prodforensics.core.model import CoreDump

__all__ = ["RULES"]

_CLOSE = 2**20
_PATH = 160


@rule("core.invalid_access")
def invalid_access(core: CoreDump) -> Iterator[Finding]:
    """Find an access to what is not mapped or not permitted, where nothing tells more of it."""
    fault = fault_of(core, "SIGSEGV")
    if fault is None:
        return
    crash, _ = fault
    address = crash.address
    if (
        address is None
        or address < NEAR_NULL
        or any(stack_overflow(core))
        or any(use_after_free(core))
    ):
        return
    called = address == crash.pc
    wrote = crash.operand is not None and crash.operand.writes
    did = "Jump to" if called else "Write to" if wrote else "Access to"
    segment = core.image.memory.segment_at(address)
    what, why, step = _judged(core, segment, address, called=called)
    path = f" The program came there by {crash.path}." if crash.path else ""
    followed = ""
    if crash.operand and not called:
        values = ", ".join(
            f"{name} = {value:#x}" for name, value in crash.operand.registers.items()
        )
        followed = f" The instruction is `{crash.operand.instruction}`" + (
            f", with {values}." if values else "."
        )
    yield Finding(
        "core.invalid_access",
        Verdict.LIKELY,
        Severity.HIGH,
        f"{did} {what} in {crash.where}",
        f"{why}{followed}{path}{crash.handler}",
        {**crash.rows, "mappings": _rows(core, segment)},
        step,
    )


def _judged(
    core: CoreDump, segment: Segment | None, address: int, *, called: bool
) -> tuple[str, str, str]:
    """Say what was accessed, why that fails, and what to do."""
    asan = "build with -fsanitize=address and repeat"
    where = _named(segment) if segment else ""
    if called:
        return (
            f"{address:#x}, which is no code,",
            f"The program counter is {address:#x}: {where or 'nothing is mapped there'}. A "
            "function pointer or a return address was overwritten, or a library was unloaded.",
            asan,
        )
    if segment is not None and segment.permissions.startswith("r"):
        constants = " Constants are there, such as texts in quotes." if segment.path else ""
        return (
            "memory that can only be read",
            f"{address:#x} is in {where}, with the permissions {segment.permissions}.{constants}",
            "core.backtrace(full=True): where does the pointer come from?",
        )
    if segment is not None:
        return (
            "memory that is protected",
            f"{address:#x} is in {where}, with the permissions {segment.permissions}: a guard "
            "behind a stack or a buffer, or memory that the program protected itself.",
            asan,
        )
    return (
        f"{address:#x}, where nothing is mapped,",
        f"Nothing is mapped at {address:#x}{_neighbours(core, address)}. The pointer was "
        "overwritten, was never set, or its memory was unmapped.",
        asan,
    )


def _named(segment: Segment) -> str:
    return plain(segment.path, _PATH) if segment.path else f"{segment.kind} memory"


def _neighbours(core: CoreDump, address: int) -> str:
    """Say what lies close to an address that is not mapped."""
    mappings = core.image.mappings
    place = bisect_right([one.start for one in mappings], address)
    below = mappings[place - 1] if place else None
    above = mappings[place] if place < len(mappings) else None
    if below is not None and address - below.end < _CLOSE:
        past = human_count(address - below.end)
        return f", {past} bytes behind the end of {_named(below)}"
    if above is not None and above.start - address < _CLOSE:
        return f", {human_count(above.start - address)} bytes before {_named(above)}"
    return ""


def _rows(core: CoreDump, segment: Segment | None) -> list[object]:
    if segment is None:
        return []
    rows = core.frames["mappings"]
    return rows.index[rows["start"] == segment.start].tolist()


@rule("core.arithmetic_error")
def arithmetic_error(core: CoreDump) -> Iterator[Finding]:
    """Find a division by zero, and its kin."""
    fault = fault_of(core, "SIGFPE")
    if fault is None:
        return
    crash, signal = fault
    words = signal.meaning.partition(": ")[2] or "the processor refused a calculation"
    zero = f" The line is `{plain(crash.code, _PATH)}`." if crash.code else ""
    came = crash.path or crash.where
    yield Finding(
        "core.arithmetic_error",
        Verdict.LIKELY,
        Severity.HIGH,
        f"{words[0].upper()}{words[1:]} in {crash.where}",
        f"{_because(crash)}{zero} The program came there by {came}.{crash.handler}",
        crash.rows,
        "core.backtrace(full=True): which divisor is zero?",
    )


def _because(crash: Crash) -> str:
    if crash.signal is not None and crash.signal.code == "FPE_INTDIV":
        return (
            "An integer was divided by zero, or the smallest one by -1, whose result does not fit."
        )
    return "Floating point exceptions raise a signal where the program asks for that."


RULES: tuple[Rule, ...] = (invalid_access, arithmetic_error)
