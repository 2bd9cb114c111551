"""Valgrind memcheck's text: what ``valgrind --leak-check=full`` prints or logs.

Every line of the tool starts with ``==PID==``; the program's own output may stand between. A blank
line ends a block: the preamble, an error, the heap summary, a loss record, the leak summary.
Several processes may share the file.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from prodforensics.errors import Corrupt
from prodforensics.formats import Match, Probe
from prodforensics.heap.formats.valgrind_grammar import error_kind, loss
from prodforensics.heap.leak_records import (
    KINDS,
    SUPPRESSED,
    ErrorRecord,
    LeakRecord,
    LeakRecords,
    Process,
    Stack,
    StackFrame,
    Suppression,
    count_of,
)
from prodforensics.lines import numbered_lines
from prodforensics.source import Source

if TYPE_CHECKING:
    from prodforensics.heap.leak_report import LeakReport

__all__ = ["read", "sniff"]

_PREFIX = r"==(?:\d\d:\d\d:\d\d:\d\d\.\d{3} )?(\d{1,10})== ?"
_LINE = re.compile(rf"{_PREFIX}(.*)")
_SIGNATURE = re.compile(
    (
        rf"(?m)^{_PREFIX} *(?:Memcheck, a memory error detector|HEAP SUMMARY:|LEAK SUMMARY:"
        r"|[\d,]{1,26} (?:\([^)\n]{1,80}\) )?bytes in [\d,]{1,26} blocks? are )"
    ).encode()
)
_FRAME = re.compile(r"\s*(?:at|by) 0x([0-9A-Fa-f]{1,16}): (.*)")
_IN_FILE = re.compile(r"(.*) \(([^()]+):(\d{1,9})\)")
_SUMMED = re.compile(r"\s*([a-z ]+): ([\d,]{1,26})[^a-z]* bytes in ([\d,]{1,26})[^a-z]* blocks?")
_IN_USE = re.compile(r"\s*in use at exit: ([\d,]{1,26}) bytes in ([\d,]{1,26}) blocks?")
_USAGE = re.compile(
    r"\s*total heap usage: ([\d,]{1,26}) allocs, ([\d,]{1,26}) frees, ([\d,]{1,26}) bytes"
)
_CONTEXT = re.compile(r"([\d,]{1,26}) errors? in context \d+ of \d+:")
_SUPPRESSION = re.compile(
    r"--(\d{1,10})-- used_suppression: +([\d,]{1,26}) (.+?)"
    r"(?: suppressed: ([\d,]{1,26}) bytes in ([\d,]{1,26}) blocks?)?"
)
_BANNER = "Memcheck, a memory error detector"
_ALL_FREED = "All heap blocks were freed -- no leaks are possible"

_Block = list[tuple[int, str]]


def sniff(probe: Probe) -> Match | None:
    """Recognise memcheck's own lines."""
    if _SIGNATURE.search(probe.head) or _SIGNATURE.search(probe.tail):
        return Match(0.95, "lines '==PID==' of Valgrind memcheck")
    return None


def read(source: Source, *, progress: bool | None = None) -> LeakReport:
    """Read the log of one or more processes.

    Parameters
    ----------
    source : Source
    progress : bool, optional
        Show a progress bar: always, never, or (None) for large files.

    Returns
    -------
    LeakReport

    Raises
    ------
    Corrupt
        No line of memcheck is in the file.
    """
    from prodforensics.heap.leak_report import LeakReport

    records = LeakRecords("Valgrind memcheck")
    every: list[_ProcessLog] = []
    logs: dict[int, _ProcessLog] = {}
    for number, line in numbered_lines(source, progress):
        if found := _LINE.match(line):
            pid = int(found[1])
            if pid not in logs or (found[2].startswith(_BANNER) and not logs[pid].fresh):
                every.append(_ProcessLog(pid, records))
                logs[pid] = every[-1]
            logs[pid].take(number, found[2])
        elif found := _SUPPRESSION.fullmatch(line):
            process = logs[int(found[1])].process if int(found[1]) in logs else 0
            records.suppressions.append(_suppression(found, process))
    if not logs:
        raise Corrupt(source.path, 0, "lines '==PID==' of Valgrind", repr(source.head(40)))
    for log in every:
        log.end()
    return LeakReport(source, records)


class _ProcessLog:
    """The lines of one process: blocks, each read when the blank line comes that ends it."""

    def __init__(self, pid: int, records: LeakRecords) -> None:
        self.pid = pid
        self.records = records
        self.process = records.start(pid)
        self.fresh = True
        self.block: _Block = []
        self.searched = False
        self.finished = False
        # Error records by what they say and where, to find them again when -s counts them.
        self.errors: dict[tuple[str, Stack], ErrorRecord] = {}

    def take(self, number: int, text: str) -> None:
        self.fresh = False
        if text.strip():
            self.block.append((number, text))
        elif self.block:
            self._read_block()
            self.block = []

    def end(self) -> None:
        """Read what no blank line ended; only a whole log ends with its error summary."""
        if self.block and any("ERROR SUMMARY:" in text for _, text in self.block):
            self._read_block()
        elif self.block and not self.finished:
            number, text = self.block[0]
            what = f"process {self.pid}: the last block is cut short"
            self.records.note(what, line=number, excerpt=text, lost=1)
        if not self.finished:
            what = f"process {self.pid}: the log ends before its ERROR SUMMARY"
            self.records.note(what, line=self.block[-1][0] if self.block else None)

    def _read_block(self) -> None:
        number, first = self.block[0]
        try:
            self._read(first.strip())
        except ValueError as error:
            self.records.note(f"a block that cannot be read: {error}", line=number, excerpt=first)

    def _read(self, first: str) -> None:
        if self.finished:
            self._read_context(first)
        elif found := loss(first):
            self._start_search()
            stack, _, _ = _stacks(self.block[1:])
            sizes = (found.size_bytes, found.blocks, stack, found.indirect_bytes)
            self.records.leaks.append(LeakRecord(found.kind, *sizes, self.process))
        elif _has_frames(self.block):
            self._read_error()
        else:
            self._read_sums()

    def _start_search(self) -> None:
        """Forget an earlier search of the same process: it counted the same blocks."""
        if self.searched:
            leaks = self.records.leaks
            leaks[:] = [leak for leak in leaks if leak.process != self.process]
            self.searched = False

    def _read_error(self) -> None:
        error = _error(self.block, self.process)
        self.errors[error.what, error.stack] = error
        self.records.errors.append(error)

    def _read_context(self, first: str) -> None:
        """Take the count of an error from the list that -s prints after the error summary."""
        found = _CONTEXT.match(first)
        if found and _has_frames(self.block[1:]):
            error = _error(self.block[1:], self.process)
            if known := self.errors.get((error.what, error.stack)):
                known.count = count_of(found[1])

    def _read_sums(self) -> None:
        process, stated = self.records.processes[self.process], self.records.stated
        for _, text in self.block:
            line = text.strip()
            if line.startswith("HEAP SUMMARY:"):
                self._start_search()
            elif line.startswith("Command: "):
                process.command = line.removeprefix("Command: ")
            elif found := _IN_USE.match(line):
                process.in_use_bytes, process.in_use_blocks = map(count_of, found.groups())
            elif found := _USAGE.match(line):
                _keep_usage(process, *map(count_of, found.groups()))
            elif line == _ALL_FREED:
                stated.update({(self.process, kind): (0, 0) for kind in (*KINDS, SUPPRESSED)})
            elif (found := _SUMMED.match(line)) and found[1] in (*KINDS, SUPPRESSED):
                self.searched = True
                stated[self.process, found[1]] = (count_of(found[2]), count_of(found[3]))
            elif line.startswith("ERROR SUMMARY:"):
                self.finished = True


def _keep_usage(process: Process, allocations: int, frees: int, allocated: int) -> None:
    process.allocations, process.frees, process.allocated_bytes = allocations, frees, allocated


def _suppression(found: re.Match[str], process: int) -> Suppression:
    _, times, name, size, blocks = found.groups()
    sizes = [count_of(text) if text else None for text in (size, blocks)]
    return Suppression(name, count_of(times), *sizes, process)


def _has_frames(block: _Block) -> bool:
    return any(_FRAME.match(text) for _, text in block)


def _error(block: _Block, process: int) -> ErrorRecord:
    lead = [text.strip() for _, text in block]
    first = next(i for i, text in enumerate(lead) if _FRAME.match(text))
    # "Thread 2 worker:" names the thread of what follows.
    words = [text for text in lead[:first] if not re.match(r"Thread \d+\b.*:$", text)]
    what = " ".join(words)
    stack, detail, detail_stack = _stacks(block[first:])
    return ErrorRecord(error_kind(what), what, stack, 1, detail, detail_stack, process)


def _stacks(block: _Block) -> tuple[Stack, str, Stack]:
    """Split frames, words, frames: where it happened, what is known of it, where that was."""
    stacks: list[list[StackFrame]] = [[]]
    words: list[str] = []
    for _, text in block:
        if found := _FRAME.match(text):
            if words and len(stacks) == 1:
                stacks.append([])
            stacks[-1].append(_frame(int(found[1], 16), found[2]))
        elif len(stacks) > 1:
            break  # a third part: where the block was freed, where it was allocated, ...
        else:
            words.append(text.strip())
    return tuple(stacks[0]), " ".join(words), tuple(stacks[1]) if len(stacks) > 1 else ()


def _frame(address: int, text: str) -> StackFrame:
    function, inside, module = text.partition(" (in ")
    if inside and module.endswith(")"):
        return StackFrame(function, module=module[:-1], address=address)
    if found := _IN_FILE.fullmatch(text):
        return StackFrame(found[1], found[2], int(found[3]), address=address)
    return StackFrame(text, address=address)
