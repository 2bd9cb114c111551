"""LeakSanitizer's text, alone or beside AddressSanitizer's.

A report starts with ``==PID==ERROR: LeakSanitizer``, lists direct and indirect leaks with the stack
that allocated them, and ends with a ``SUMMARY`` whose total is the sum of the list. An error of
AddressSanitizer starts the same way: where it happened, what is known of the address, and where
that memory was allocated.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from prodforensics.errors import Corrupt
from prodforensics.formats import Match, Probe
from prodforensics.heap.leak_records import (
    DEFINITE,
    INDIRECT,
    TOTAL,
    ErrorRecord,
    LeakRecord,
    LeakRecords,
    StackFrame,
    Suppression,
    count_of,
)
from prodforensics.lines import numbered_lines
from prodforensics.source import Source

if TYPE_CHECKING:
    from prodforensics.heap.leak_report import LeakReport

__all__ = ["read", "sniff"]

_SIGNATURE = re.compile(
    rb"(?m)==ERROR: (?:Leak|Address)Sanitizer: "
    rb"|^(?:Direct|Indirect) leak of \d{1,18} byte\(s\) in \d{1,18} object\(s\) allocated from:"
)
_HEADER = re.compile(r"==(\d{1,10})==ERROR: LeakSanitizer: (.*)")
_ERROR = re.compile(r"==(\d{1,10})==ERROR: AddressSanitizer: (\S{1,80})(.*)")
_REGION = re.compile(r"(?:Address )?0x[0-9a-f]{1,16} is (?:located|a wild pointer)\b.*")
_LEAK = re.compile(
    r"(Direct|Indirect) leak of (\d{1,18}) byte\(s\) in (\d{1,18}) object\(s\) allocated from:"
)
_FRAME = re.compile(r"\s+#\d{1,5} 0x([0-9a-f]{1,16})(?: in (.*)| (\(.*))")
_BUILD_ID = re.compile(r"\s{1,2}\(BuildId: [0-9a-f]{1,128}\)$")
_OFFSET = re.compile(r"\+0x[0-9a-f]{1,16}\)$")
_POSITION = re.compile(r"(.+?)(?::(\d{1,9}))?(?::\d{1,9})?")
_SUMMARY = re.compile(
    r"SUMMARY: \w+Sanitizer: (\d{1,18}) byte\(s\) leaked in (\d{1,18}) allocation\(s\)\."
)
_SUPPRESSION = re.compile(r"\s+(\d{1,18})\s+(\d{1,18})\s+(\S.*)")
_KINDS = {"Direct": DEFINITE, "Indirect": INDIRECT}


def sniff(probe: Probe) -> Match | None:
    """Recognise the header of a report, or a leak of it."""
    if _SIGNATURE.search(probe.head) or _SIGNATURE.search(probe.tail):
        return Match(0.95, "a report of LeakSanitizer or AddressSanitizer")
    return None


def read(source: Source, *, progress: bool | None = None) -> LeakReport:
    """Read the reports of one or more processes.

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
        No report of LeakSanitizer is in the file.
    """
    from prodforensics.heap.leak_report import LeakReport

    reader = _Reader()
    for number, line in numbered_lines(source, progress):
        reader.take(number, line)
    reader.end()
    if not reader.recognised:
        raise Corrupt(source.path, 0, "a report of LeakSanitizer", repr(source.head(40)))
    return LeakReport(source, reader.records)


class _Reader:
    """The state between two lines: whose report, which leak, its stack so far."""

    def __init__(self) -> None:
        self.records = LeakRecords("LeakSanitizer")
        self.recognised = False
        self.pid: int | None = None
        self.process = -1
        self.line: int | None = None
        self.leak: tuple[str, int, int] | None = None
        self.error: ErrorRecord | None = None
        self.stack: list[StackFrame] = []
        self.open = False
        self.suppressions = False

    def take(self, number: int, line: str) -> None:
        if found := _FRAME.match(line):
            if self.leak or self.error:
                self.stack.append(_frame(int(found[1], 16), found[2] or found[3] or ""))
            return
        if self.leak:
            self._keep_leak()
        elif self.error and self.stack:
            self._keep_stack(self.error)
        try:
            self._read(number, line)
        except ValueError as error:
            self.records.note(f"a line that cannot be read: {error}", line=number, excerpt=line)

    def _read(self, number: int, line: str) -> None:
        if found := _HEADER.match(line):
            self._start(int(found[1]), found[2], number)
        elif found := _ERROR.match(line):
            self._start(int(found[1]), "", number)
            what = (found[2] + found[3]).partition(" at pc ")[0]
            self.error = ErrorRecord(found[2], what, (), process=self.process)
            self.records.errors.append(self.error)
        elif self.error and not self.error.detail and _REGION.match(line):
            self.error.detail = line.strip()
        elif found := _LEAK.match(line):
            if not self.recognised:
                self._start(None, "", number)
            self.leak = (_KINDS[found[1]], count_of(found[2]), count_of(found[3]))
            self.line = number
        elif found := _SUMMARY.match(line):
            if not self.recognised:
                self._start(None, "", number)
            self.open = False
            self.records.stated[self.process, TOTAL] = (count_of(found[1]), count_of(found[2]))
        elif line.startswith("SUMMARY: AddressSanitizer: "):
            self.error, self.open = None, False
        elif line.startswith("Suppressions used:"):
            self.suppressions = True
        elif self.suppressions and (found := _SUPPRESSION.fullmatch(line)):
            count, size, name = found.groups()
            self.records.suppressions.append(
                Suppression(name, count_of(count), count_of(size), process=self.process)
            )
        elif line.startswith("---"):
            self.suppressions = False

    def _start(self, pid: int | None, words: str, number: int) -> None:
        self._miss_summary()
        self.recognised = self.open = True
        # AddressSanitizer and LeakSanitizer report one after the other on one process; a second
        # list of leaks with the same id is of another, as in a container that was restarted.
        if pid != self.pid or self.process < 0 or (self.process, TOTAL) in self.records.stated:
            self.process = self.records.start(pid)
        self.pid, self.line, self.error = pid, number, None
        if words and "detected memory leaks" not in words:
            self.records.note(f"LeakSanitizer: {words}", line=number)

    def _keep_leak(self) -> None:
        kind, size, blocks = self.leak or ("", 0, 0)
        self.records.leaks.append(
            LeakRecord(kind, size, blocks, tuple(self.stack), process=self.process)
        )
        self.leak, self.stack = None, []

    def _keep_stack(self, error: ErrorRecord) -> None:
        """Keep where it happened, then where the memory comes from; further stacks are dropped."""
        if not error.stack:
            error.stack = tuple(self.stack)
        elif error.detail and not error.detail_stack:
            error.detail_stack = tuple(self.stack)
        self.stack = []

    def _miss_summary(self) -> None:
        if self.open:
            what = f"process {self.pid}: the report ends before its SUMMARY"
            self.records.note(what, line=self.line)

    def end(self) -> None:
        """Drop and count a leak that the file ends in: it may lack frames."""
        if self.leak and self.open:
            self.records.note("the last leak is cut short", line=self.line, lost=1)
            self.leak = None
        self._miss_summary()


def _frame(address: int, text: str) -> StackFrame:
    """Read ``function file:line:column``, ``function (module+0x..)``, or one of the two alone."""
    text = _BUILD_ID.sub("", text)
    if offset := _OFFSET.search(text):
        start = text.find("(/") if "(/" in text else text.rfind("(", 0, offset.start())
        module = text[start + 1 : offset.start()]
        return StackFrame(text[: max(start, 0)].strip(), module=module, address=address)
    function, file = _split(text)
    position = _POSITION.fullmatch(file)
    if not position:
        return StackFrame(function, address=address)
    line = int(position[2]) if position[2] else None
    return StackFrame(function, position[1], line, address=address)


def _split(text: str) -> tuple[str, str]:
    """Part function and file: an absolute path may hold blanks, a function's arguments do too."""
    absolute = text.find(" /")
    if absolute > 0:
        return text[:absolute], text[absolute + 1 :]
    function, _, file = text.rpartition(" ")
    if function and re.search(r":\d+$|\.\w+$", file):
        return function, file
    return text.removesuffix(" <null>"), ""
