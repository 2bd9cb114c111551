"""Valgrind's XML: ``valgrind --leak-check=full --xml=yes --xml-file=...``, protocol 4.

The elements below the root are cut out of the file and parsed one by one. So a file that ends
early, several documents in one file, or rubbish between elements lose no whole element, and no
document type with its entities is ever seen by the parser.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from prodforensics.errors import Corrupt
from prodforensics.formats import Match, Probe
from prodforensics.gaps import Gap
from prodforensics.heap.formats.valgrind_grammar import loss
from prodforensics.heap.leak_records import (
    DEFINITE,
    INDIRECT,
    POSSIBLE,
    REACHABLE,
    ErrorRecord,
    LeakRecord,
    LeakRecords,
    Stack,
    StackFrame,
    Suppression,
    count_of,
)
from prodforensics.progress import bar
from prodforensics.source import Source

if TYPE_CHECKING:
    from prodforensics.heap.leak_report import LeakReport

__all__ = ["read", "sniff"]

_TAG = re.compile(
    rb"<(/?)(error|errorcounts|suppcounts|pid|tool|args|fatal_signal|valgrindoutput)>"
)
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LEAKS = {
    "Leak_DefinitelyLost": DEFINITE,
    "Leak_IndirectlyLost": INDIRECT,
    "Leak_PossiblyLost": POSSIBLE,
    "Leak_StillReachable": REACHABLE,
}


def sniff(probe: Probe) -> Match | None:
    """Recognise the root element."""
    if b"<valgrindoutput>" in probe.head[:4096]:
        return Match(1.0, "an XML document <valgrindoutput>")
    return None


def read(source: Source, *, progress: bool | None = None) -> LeakReport:
    """Read the report.

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
        No element of Valgrind's is in the file.
    """
    from prodforensics.heap.leak_report import LeakReport

    reader = _Reader()
    with source.buffer() as buffer, bar(buffer.size, "reading", show=progress) as done:
        view = memoryview(buffer)
        for offset, name, text in _elements(view, reader.records):
            done.update(offset - done.n)
            reader.take(offset, name, text)
        del view
    if not reader.recognised:
        raise Corrupt(source.path, 0, "an element of <valgrindoutput>", repr(source.head(40)))
    return LeakReport(source, reader.records)


def _elements(view: memoryview, records: LeakRecords) -> Iterator[tuple[int, str, bytes]]:
    """Yield (offset, name, bytes) of every whole element below the root, in one pass."""
    opened: tuple[int, str] | None = None
    roots = 0
    for tag in _TAG.finditer(view):
        closing, name = bool(tag[1]), tag[2].decode()
        if name == "valgrindoutput":
            roots += -1 if closing else 1
            yield tag.start(), name, b""
        elif not closing:
            # <pid> and <tool> hold no other element; an <error> in an <error> means a lost end.
            if opened:
                records.gaps.append(_cut(opened, tag.start()))
            opened = (tag.start(), name)
        elif opened and opened[1] == name:
            yield opened[0], name, bytes(view[opened[0] : tag.end()])
            opened = None
    if opened:
        records.gaps.append(_cut(opened, len(view)))
    if roots > 0:
        records.gaps.append(Gap("the file ends before </valgrindoutput>", offset=len(view)))


def _cut(opened: tuple[int, str], end: int) -> Gap:
    offset, name = opened
    what = f"the element <{name}> is cut short"
    return Gap(what, offset=offset, lost_bytes=end - offset, lost_records=1)


class _Reader:
    """Elements in, records out."""

    def __init__(self) -> None:
        self.records = LeakRecords("Valgrind memcheck")
        self.recognised = False
        self.process = -1
        self.unique: dict[str, ErrorRecord] = {}

    def take(self, offset: int, name: str, data: bytes) -> None:
        self.recognised = True
        if name == "valgrindoutput":
            self.process, self.unique = -1, {}
            return
        text = _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", data.decode("utf-8", "replace"))
        try:
            element = fromstring(text, forbid_dtd=True)
            if self.process < 0 and name != "pid":
                self.process = self.records.start(None)  # the element <pid> is lost
            getattr(self, f"_{name}")(element)
        except (ParseError, DefusedXmlException, ValueError, RecursionError) as error:
            what = f"the element <{name}> cannot be read: {error}"
            self.records.gaps.append(
                Gap(what, offset=offset, lost_bytes=len(data), lost_records=1, excerpt=text[:200])
            )

    def _pid(self, element: Element) -> None:
        self.process = self.records.start(count_of(_text(element)))

    def _tool(self, element: Element) -> None:
        self.records.tool = f"Valgrind {_text(element)[:40]}"

    def _args(self, element: Element) -> None:
        words = [_text(word) for word in element.iterfind("argv/*")]
        self.records.processes[self.process].command = " ".join(words)

    def _error(self, element: Element) -> None:
        kind = _text(element.find("kind"))
        what = _text(element.find("what")) or _text(element.find("xwhat/text"))
        stacks = [_stack(stack) for stack in element.iterfind("stack")]
        stack = stacks[0] if stacks else ()
        if kind in _LEAKS:
            self._keep_leak(_LEAKS[kind], what, element, stack)
            return
        details = [*element.iterfind("auxwhat"), *element.iterfind("xauxwhat/text")]
        detail = _text(details[0]) if details else ""
        detail_stack = stacks[1] if len(stacks) > 1 else ()
        error = ErrorRecord(kind, what, stack, 1, detail, detail_stack, self.process)
        self.unique[_text(element.find("unique"))] = error
        self.records.errors.append(error)

    def _keep_leak(self, kind: str, what: str, element: Element, stack: Stack) -> None:
        size = count_of(_text(element.find("xwhat/leakedbytes")))
        blocks = count_of(_text(element.find("xwhat/leakedblocks")))
        # The element counts what is lost with the block too; only the sentence tells them apart.
        found = loss(what)
        indirect = found.indirect_bytes if found else 0
        self.records.leaks.append(
            LeakRecord(kind, max(0, size - indirect), blocks, stack, indirect, self.process)
        )

    def _fatal_signal(self, element: Element) -> None:
        what = f"{_text(element.find('signame'))} {_text(element.find('event'))}".strip()
        stacks = [_stack(stack) for stack in element.iterfind("stack")]
        stack = stacks[0] if stacks else ()
        self.records.errors.append(ErrorRecord("FatalSignal", what, stack, process=self.process))

    def _errorcounts(self, element: Element) -> None:
        """Take the counts; of several lists the last is right, each has the counts so far."""
        for pair in element.iterfind("pair"):
            if error := self.unique.get(_text(pair.find("unique"))):
                error.count = count_of(_text(pair.find("count")))

    def _suppcounts(self, element: Element) -> None:
        """Take the list in place of an earlier one of the process."""
        known = self.records.suppressions
        known[:] = [one for one in known if one.process != self.process]
        for pair in element.iterfind("pair"):
            count = count_of(_text(pair.find("count")))
            name = _text(pair.find("name"))
            self.records.suppressions.append(Suppression(name, count, process=self.process))


def _stack(element: Element) -> Stack:
    return tuple(_frame(frame) for frame in element.iterfind("frame"))


def _frame(element: Element) -> StackFrame:
    parts = {part.tag: _text(part) for part in element}
    folder, file = parts.get("dir", ""), parts.get("file", "")
    line, address = parts.get("line", ""), parts.get("ip", "")
    return StackFrame(
        parts.get("fn", ""),
        f"{folder}/{file}" if folder and file else file,
        int(line) if re.fullmatch(r"[0-9]{1,9}", line) else None,
        parts.get("obj", ""),
        int(address, 16) if re.fullmatch(r"0x[0-9A-Fa-f]{1,16}", address) else None,
    )


def _text(element: Element | None) -> str:
    return (element.text or "").strip() if element is not None else ""
