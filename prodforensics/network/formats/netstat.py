"""``netstat -s``: a section for each protocol, and a counter a line, as text or as a name."""

from __future__ import annotations

import re

from prodforensics.errors import Corrupt
from prodforensics.formats import Match, Probe
from prodforensics.lines import ToolLines
from prodforensics.network.tools.counter_reports import Counter, ProtocolCounters
from prodforensics.network.tools.tool_reports import count_of
from prodforensics.source import Source

__all__ = ["read", "sniff"]

_SIGNATURE = re.compile(
    rb"(?m)^(?:Ip|Tcp|tcp|ip):[ \t]*\r?\n[ \t]+(?:Forwarding: [0-9]|[0-9]{1,20} [a-z]{3})"
)
_SECTION = re.compile(r"([A-Za-z][A-Za-z0-9 -]{0,60}):\s*")
_PART = re.compile(r"\s+(\S.{0,200}):\s*")
_NUMBERED = re.compile(r"(\s+)([0-9]{1,25}) (\S.*?)\s*")
_NAMED = re.compile(r"(\s+)(\S.{0,200}?): ([0-9]{1,25})\s*")
_WITHIN = re.compile(r"(\s+)(\D{1,200}?)\b([0-9]{1,25})\b(.*?)\s*")
# The last section of Linux, whatever protocols were asked for.
_ENDS = ("IpExt", "MPTcpExt", "Ip6", "Sctp")


def sniff(probe: Probe) -> Match | None:
    """Recognise a section of IP or TCP and a counter of it."""
    if _SIGNATURE.search(probe.head):
        return Match(0.9, "the counters of netstat -s")
    return None


def read(source: Source, *, progress: bool | None = None) -> ProtocolCounters:
    """Read the counters.

    Parameters
    ----------
    source : Source
    progress : bool, optional
        Show a progress bar: always, never, or (None) for large files.

    Returns
    -------
    ProtocolCounters

    Raises
    ------
    Corrupt
        No counter is in the file.
    """
    lines = ToolLines(source, progress)
    counters: list[Counter] = []
    section, part, indent, last = "", "", 0, 0
    for number, line in lines:
        last = number
        if found := _SECTION.fullmatch(line):
            section, part = found[1], ""
        elif section and (found := _PART.fullmatch(line)):
            part, indent = found[1], len(line) - len(line.lstrip())
        elif section and (counter := _counter(line)):
            deep, name, value = counter
            if part and deep <= indent:
                part = ""
            name = f"{part}: {name}" if part else name
            counters.append(Counter(section, name, count_of(value), number))
        elif line.strip():
            lines.unknown(number, line)
    if not counters:
        raise Corrupt(source.path, 0, "the counters of netstat -s", repr(source.head(40)))
    # Linux's sections are written large; IpExt comes last but one or last.
    sections = {one.group for one in counters} | {section}
    if any(one[:1].isupper() for one in sections) and not sections & set(_ENDS):
        lines.missing("the end, before the section IpExt", last)
    return ProtocolCounters(source, counters, lines.end())


def _counter(line: str) -> tuple[int, str, str] | None:
    """Return the indent, the name and the value of a line."""
    if found := _NUMBERED.fullmatch(line):
        return len(found[1]), found[3], found[2]
    if found := _NAMED.fullmatch(line):
        return len(found[1]), found[2], found[3]
    if found := _WITHIN.fullmatch(line):
        return len(found[1]), f"{found[2]}N{found[4]}", found[3]
    return None
