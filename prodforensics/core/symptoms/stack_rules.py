"""Findings on stacks that are full."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from prodforensics._text import plain
from prodforensics.core.symptoms.crash import Crash, fault_of
from prodforensics.display.tables import human_bytes, human_count
from prodforensics.findings import Finding, Rule, Severity, Verdict, rule

if TYPE_CHECKING:
    from prodforensics.core.memory import Segment
    from prodforensics.core.model import CoreDump

__all__ = ["RULES", "recursion"]

_BELOW = 2**20
"""So far beyond its own stack pointer a function may reach, as one that calls nothing does."""
_LEAP = 2**30
"""One frame may leap so far over the end of the stack, and over its guard."""
_ABOVE = 16_384
_PAGE = 4096
_LONGEST_CYCLE = 16
_DEEP = 100
_NAME = 80


@rule("core.stack_overflow")
def stack_overflow(core: CoreDump) -> Iterator[Finding]:
    """Find a fault at the end of a stack, and the functions that filled it."""
    fault = fault_of(core, "SIGSEGV", "SIGBUS")
    if fault is None:
        return
    crash, _ = fault
    address, sp = crash.address, crash.sp
    stack = _stack_of(crash) if sp else None
    if stack is None or address is None:
        return
    leap = stack.start - sp
    if not -_ABOVE < leap <= _LEAP or not min(sp, stack.start) - _BELOW <= address < (
        stack.start + _PAGE
    ):
        return
    cycle, times = recursion(crash.functions)
    names = ", ".join(plain(one, _NAME) for one in cycle)
    deep = times * len(cycle) >= _DEEP
    size = stack.end - stack.start
    steps = [
        f"The stack of {human_bytes(size)} is full: the stack pointer {sp:#x} is "
        f"{'at its end' if leap <= _BELOW else f'{human_bytes(leap)} below its end'}, and the "
        f"address of the fault, {address:#x}, below."
    ]
    if cycle:
        steps.append(
            f"{names} {'calls itself' if len(cycle) == 1 else 'call one another'}, "
            f"{human_count(times)} times in the {human_count(len(crash.functions))} frames that "
            "were walked: the recursion has no end, or its end is too deep."
        )
    else:
        steps.append("No functions repeat: a frame is too large, or the stack too small.")
    yield Finding(
        "core.stack_overflow",
        Verdict.LIKELY if deep or not cycle else Verdict.POSSIBLE,
        Severity.HIGH,
        f"Stack overflow: {names} {'repeats' if len(cycle) == 1 else 'repeat'}" if cycle
        else f"Stack overflow in {crash.where}",
        " ".join(steps) + crash.handler,
        {**crash.rows, "frames": crash.frames.index[: 3 * max(1, len(cycle))].tolist()},
        f"core.frame({len(cycle) or 0}) and its callers: what should have ended the recursion?"
        if cycle
        else "ulimit -s, and the size of local arrays",
    )  # fmt: skip


def _stack_of(crash: Crash) -> Segment | None:
    """Return the stack of a thread whose stack pointer may have left it."""
    image, sp = crash.core.image, crash.sp
    at = image.memory.segment_at(sp)
    if at is not None and "w" in at.permissions:
        return at
    # The guard and what is below it are not writable. At the top of the stack lies what the kernel
    # left for the program; at the top of another thread's the C library keeps the thread itself.
    main = crash.thread.os_tid == image.pid
    top = image.auxiliary.get("AT_RANDOM", 0) if main else crash.registers.get("fs_base", 0)
    known = image.memory.segment_at(top) if top > sp else None
    if known is not None:
        return known
    above = (one for one in image.mappings if one.start > sp and "w" in one.permissions)
    return next(above, None)


def recursion(functions: Sequence[str]) -> tuple[list[str], int]:
    """Return the functions that repeat in a stack, and how often they do.

    Parameters
    ----------
    functions : sequence of str
        Innermost first.

    Returns
    -------
    cycle : list of str
        In the order of their calls, the outermost first; empty where less than half repeats.
    times : int

    Examples
    --------
    >>> recursion(["printf", *["part", "bundle"] * 40, "main"])
    (['bundle', 'part'], 40)
    >>> recursion(["read", "parse", "main"])
    ([], 0)
    """
    for period in range(1, _LONGEST_CYCLE + 1):
        run = best = end = 0
        for at in range(len(functions) - period):
            run = run + 1 if functions[at] and functions[at] == functions[at + period] else 0
            if run > best:
                best, end = run, at + period + 1
        times = (best + period) // period
        if best and times > 2 and best + period >= len(functions) // 2:
            return list(functions[end - period : end])[::-1], times
    return [], 0


RULES: tuple[Rule, ...] = (stack_overflow,)
