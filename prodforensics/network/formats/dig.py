"""dig's full output: questions, their answers, and what went wrong; one after the other."""

from __future__ import annotations

import re

from prodforensics._text import MASK
from prodforensics.errors import Corrupt
from prodforensics.formats import Match, Probe
from prodforensics.lines import ToolLines
from prodforensics.network.tools.answer_reports import DigReport, Query, Record
from prodforensics.network.tools.tool_reports import count_of
from prodforensics.source import Source

__all__ = ["read", "sniff"]

_SIGNATURE = re.compile(rb"(?m)^; <<>> DiG |^;; ->>HEADER<<- opcode: ")
_COMMAND = re.compile(r"; <<>> DiG \S{1,80} <<>> ?(.*)")
_HEADER = re.compile(r";; ->>HEADER<<- opcode: \w+, status: (\w{1,40}), id: \d{1,10}")
_FLAGS = re.compile(
    r";; flags:([a-z0-9 ]{0,80}); QUERY: ([0-9]{1,9}), ANSWER: ([0-9]{1,9}), "
    r"AUTHORITY: ([0-9]{1,9}), ADDITIONAL: [0-9]{1,9}"
)
_SECTION = re.compile(r";; (QUESTION|ANSWER|AUTHORITY|ADDITIONAL) SECTION:")
_QUESTION = re.compile(r";(\S.{0,1100}?)\s+(?:IN|CH|HS|ANY|CLASS[0-9]+)\s+(\S{1,20})")
_RECORD = re.compile(
    r"([^;\s].{0,1100}?)\s+([0-9]{1,10})\s+(?:IN|CH|HS|CLASS[0-9]+)\s+([A-Z0-9-]{1,20})\s+(.*)"
)
_TIME = re.compile(r";; Query time: ([0-9]{1,12}) (msec|usec)")
_SERVER = re.compile(r";; SERVER: (.{1,300}?)(?: \(([A-Z]{2,6})\))?")
_SIZE = re.compile(r";; MSG SIZE\s+rcvd: ([0-9]{1,9})")
_RECEIVED = re.compile(r";; Received ([0-9]{1,9}) bytes from (.{1,300}) in ([0-9]{1,12}) (ms|us)")
_TIMED_OUT = re.compile(
    r"(?:;; |;|dig: )?.{0,300}(?:timed out|network unreachable|host unreachable"
    r"|connection refused).{0,100}"
)
_FAILED = re.compile(
    r"(?:;; no servers could be reached|;; connection timed out; no servers could be reached"
    r"|dig: .{1,300})"
)
_UNITS = {"msec": 10**6, "ms": 10**6, "usec": 10**3, "us": 10**3}
_LATEST = 2**40
_LONGEST = 4096
_KEY = re.compile(r"(-y )\S+")
_WITH_VALUE = ("-b", "-c", "-f", "-k", "-p", "-q", "-t", "-x", "-y")


def sniff(probe: Probe) -> Match | None:
    """Recognise dig's first line, or the header of an answer."""
    if _SIGNATURE.search(probe.head):
        return Match(0.95, "the output of dig")
    return None


def read(source: Source, *, progress: bool | None = None) -> DigReport:
    """Read one or more outputs of dig, also of ``+trace``.

    Parameters
    ----------
    source : Source
    progress : bool, optional
        Show a progress bar: always, never, or (None) for large files.

    Returns
    -------
    DigReport

    Raises
    ------
    Corrupt
        Nothing in the file is dig's.
    """
    reader = _Reader(ToolLines(source, progress))
    for number, line in reader.lines:
        reader.take(number, line.rstrip())
    reader.end()
    for number, text in reader.warned:
        reader.lines.unknown(number, text)
    if not reader.queries:
        raise Corrupt(source.path, 0, "the output of dig", repr(source.head(40)))
    return DigReport(source, reader.queries, reader.lines.end())


class _Reader:
    """The state between two lines: the question, the section, what was said before it."""

    def __init__(self, lines: ToolLines) -> None:
        self.lines = lines
        self.queries: list[Query] = []
        self.open: Query | None = None
        self.command = ""
        # The line of a command that nothing was said of yet.
        self.asked = 0
        self.section = ""
        self.warned: list[tuple[int, str]] = []
        self.pseudo = False

    def take(self, number: int, line: str) -> None:
        if not line:
            self.pseudo = False
        elif found := _COMMAND.fullmatch(line):
            self.end()
            self.command, self.asked = _KEY.sub(rf"\1{MASK}", found[1]), number
        elif found := _HEADER.match(line):
            if self.open and self.open.status:
                self.end()
            self._query(number).status = found[1]
        elif _FAILED.fullmatch(line):
            query = self._query(number)
            query.error = query.error or line.lstrip("; ")
            query.status = query.status or "TIMEOUT"
            if not query.name:
                _arguments(query)
            self.open = None
        elif _TIMED_OUT.fullmatch(line):
            self._warn(number, line.lstrip("; "))
        elif not self._details(number, line) and not self._ignored(line):
            self.lines.unknown(number, line)

    def _details(self, number: int, line: str) -> bool:
        """Read a line that belongs to an answer."""
        if found := _RECEIVED.fullmatch(line):  # what +trace writes behind each answer
            query = self._query(number)
            query.size_bytes, query.server = int(found[1]), found[2]
            query.query_ns = min(int(found[3]), _LATEST) * _UNITS[found[4]]
            query.status = query.status or "NOERROR"
            query.answers = query.answers or len(query.records)
            self.open = None
            return True
        if found := _RECORD.fullmatch(line):
            self._record(found, number)
            return True
        query = self.open
        if not query:
            return False
        if found := _FLAGS.match(line):
            query.flags = found[1].strip()
            query.answers, query.authority = int(found[3]), int(found[4])
        elif found := _SECTION.fullmatch(line):
            self.section = found[1].lower()
        elif self.section == "question" and (found := _QUESTION.fullmatch(line)):
            query.name, query.type = query.name or found[1], query.type or found[2]
        elif found := _TIME.match(line):
            query.query_ns = min(int(found[1]), _LATEST) * _UNITS[found[2]]
        elif line[0].isspace() and query.records:  # a record over several lines (+multiline)
            last = query.records[-1]
            query.records[-1] = last._replace(data=f"{last.data} {line.strip()}"[:_LONGEST])
        elif found := _SERVER.fullmatch(line):
            query.server, query.protocol = found[1], found[2] or ""
        elif found := _SIZE.match(line):
            query.size_bytes = int(found[1])
            self.open = None
        else:
            return False
        return True

    def _record(self, found: re.Match[str], number: int) -> None:
        query = self._query(number)
        section = self.section if self.section in ("authority", "additional") else "answer"
        ttl = count_of(found[2]) * 10**9
        query.records.append(Record(section, found[1], ttl, found[3], found[4], number))

    def _ignored(self, line: str) -> bool:
        """Tell what says nothing more: options, cookies (never kept), the time of day."""
        if line.startswith(";; OPT PSEUDOSECTION"):
            self.pseudo = True
            return True
        known = (";; global options", ";; Got answer", ";; WARNING", ";; WHEN", "; (", ";; (",
                 ";; Truncated", ";; OPCODE", ";; XFR")  # fmt: skip
        return line.startswith(known) or (self.pseudo and line.startswith(";"))

    def _query(self, number: int) -> Query:
        if not self.open:
            self.open = Query(number, self.command)
            self.queries.append(self.open)
            self.section = ""
            for line, text in self.warned:
                self.open.timeouts += 1
                self.open.error = text
                self.open.line = min(line, self.open.line)
            self.warned.clear()
            self.asked = 0
        return self.open

    def _warn(self, number: int, text: str) -> None:
        if self.open:
            self.open.timeouts += 1
            self.open.error = text
        else:
            self.warned.append((number, text))

    def end(self) -> None:
        """Tell what the file, or the next call of dig, leaves without its end."""
        if self.open:
            self.lines.missing("an answer that ends before its MSG SIZE", self.open.line)
            self.open.status = self.open.status or "CUT"
        elif self.asked:
            self.lines.missing("a question without an answer or an error", self.asked)
        self.open, self.asked = None, 0


def _arguments(query: Query) -> None:
    """Fill what dig does not repeat where nobody answered, from its arguments."""
    words = iter(query.command.split())
    names = []
    for word in words:
        if word.startswith("@"):
            query.server = word[1:]
        elif word in _WITH_VALUE:
            value = next(words, "")
            names += [value] if word in ("-q", "-t") else []
        elif word[:1] not in "+-":
            names.append(word)
    query.name, query.type = ([*names, "", ""])[:2]
