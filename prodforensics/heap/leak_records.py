"""What a leak checker reports, as plain values: what the readers hand to `LeakReport`.

The kinds are Valgrind's words. LeakSanitizer's *direct* leaks are definitely lost, its *indirect*
ones indirectly lost; it follows pointers into the middle of a block, so it knows no possibly lost
blocks, and it does not report what is still reachable.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from prodforensics.gaps import Gap

__all__ = [
    "DEFINITE",
    "INDIRECT",
    "KINDS",
    "POSSIBLE",
    "REACHABLE",
    "SUPPRESSED",
    "TOTAL",
    "ErrorRecord",
    "LeakRecord",
    "LeakRecords",
    "Process",
    "Stack",
    "StackFrame",
    "Suppression",
    "count_of",
]

DEFINITE = "definitely lost"
INDIRECT = "indirectly lost"
POSSIBLE = "possibly lost"
REACHABLE = "still reachable"
SUPPRESSED = "suppressed"
TOTAL = "total"
KINDS = (DEFINITE, INDIRECT, POSSIBLE, REACHABLE)

_LARGEST = 2**57
"""No number of bytes or blocks in a report can exceed the address space."""


class StackFrame(NamedTuple):
    """One call on a stack; what the tool does not know is empty or None."""

    function: str = ""
    file: str = ""
    line: int | None = None
    module: str = ""
    address: int | None = None


Stack = tuple[StackFrame, ...]
"""The frames of a stack, the innermost first."""


@dataclass(frozen=True, slots=True)
class LeakRecord:
    """Blocks allocated by one stack and lost in one way.

    ``size_bytes`` are the blocks' own; ``indirect_bytes`` those lost with them, which the tool
    counts again as indirectly lost.
    """

    kind: str
    size_bytes: int
    blocks: int
    stack: Stack
    indirect_bytes: int = 0
    process: int = 0


@dataclass(slots=True)
class ErrorRecord:
    """An error that is no leak, such as an invalid read."""

    kind: str
    what: str
    stack: Stack
    count: int = 1
    detail: str = ""
    detail_stack: Stack = ()
    process: int = 0


@dataclass(frozen=True, slots=True)
class Suppression:
    """A suppression that was used; bytes and blocks where the tool counts them."""

    name: str
    count: int
    size_bytes: int | None = None
    blocks: int | None = None
    process: int = 0


@dataclass(slots=True)
class Process:
    """One process of the report, and its heap at exit as the tool counted it."""

    pid: int | None
    command: str = ""
    in_use_bytes: int | None = None
    in_use_blocks: int | None = None
    allocations: int | None = None
    frees: int | None = None
    allocated_bytes: int | None = None


@dataclass
class LeakRecords:
    """Everything a reader found in one file.

    A process is known by its place in `processes`: in a log that restarted containers append to,
    every process has the id 1.

    Attributes
    ----------
    stated : dict of (process, kind) to (bytes, blocks)
        The tool's own sums.
    """

    tool: str
    leaks: list[LeakRecord] = field(default_factory=list)
    errors: list[ErrorRecord] = field(default_factory=list)
    suppressions: list[Suppression] = field(default_factory=list)
    processes: list[Process] = field(default_factory=list)
    stated: dict[tuple[int, str], tuple[int, int]] = field(default_factory=dict)
    gaps: list[Gap] = field(default_factory=list)

    def start(self, pid: int | None) -> int:
        """Add a process, and return its place."""
        self.processes.append(Process(pid))
        return len(self.processes) - 1

    def note(self, what: str, *, line: int | None = None, excerpt: str = "", lost: int = 0) -> None:
        """Keep what could not be read."""
        self.gaps.append(Gap(what, line=line, lost_records=lost or None, excerpt=excerpt[:200]))


def count_of(text: str) -> int:
    """Read a number of bytes or blocks, with or without thousands separators.

    Raises
    ------
    ValueError
        It is no number, or more than an address space holds.

    Examples
    --------
    >>> count_of("57,552")
    57552
    """
    digits = text.replace(",", "")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 18 or int(digits) > _LARGEST:
        raise ValueError(f"no count of bytes or blocks: {text[:40]}")
    return int(digits)
