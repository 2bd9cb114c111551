"""``ss -s``: how many sockets there are, by state and by protocol."""

from __future__ import annotations

import re

from prodforensics.errors import Corrupt
from prodforensics.formats import Match, Probe
from prodforensics.lines import ToolLines
from prodforensics.network.tools.counter_reports import Counter, SocketSummary
from prodforensics.network.tools.tool_reports import count_of
from prodforensics.source import Source

__all__ = ["read", "sniff"]

_SIGNATURE = re.compile(rb"(?m)^TCP:[ \t]+[0-9]{1,18} \(estab [0-9]{1,18}, closed [0-9]")
_TOTAL = re.compile(r"Total: ([0-9]{1,25})(?: \(kernel [0-9]{1,25}\))?\s*")
_STATES = re.compile(r"TCP:\s+([0-9]{1,25}) \((.+)\)(?:, ports [0-9]+)?\s*")
_STATE = re.compile(r"(.{1,400}) ([0-9]{1,25})(?:/[0-9]{1,25})?")
_HEAD = re.compile(r"Transport\s+Total\s+IP\s+IPv6\s*")
_ROW = re.compile(r"(\S.{0,400}?)\s+([0-9]{1,25}|-)\s+([0-9]{1,25}|-)\s+([0-9]{1,25}|-)\s*")
_COLUMNS = ("total", "IP", "IPv6")


def sniff(probe: Probe) -> Match | None:
    """Recognise the line of TCP."""
    if _SIGNATURE.search(probe.head):
        return Match(0.95, "the summary of ss -s")
    return None


def read(source: Source, *, progress: bool | None = None) -> SocketSummary:
    """Read the summary; of several in one file each has its lines.

    Parameters
    ----------
    source : Source
    progress : bool, optional
        Show a progress bar: always, never, or (None) for large files.

    Returns
    -------
    SocketSummary
        Of the last summary, where there are several.

    Raises
    ------
    Corrupt
        No counter is in the file.
    """
    lines = ToolLines(source, progress)
    counters: list[Counter] = []
    last = 0
    for number, line in lines:
        last = number
        if found := _TOTAL.fullmatch(line):
            if counters:
                _check_end(counters, lines, number)
            counters = [Counter("all", "sockets", count_of(found[1]), number)]
        elif found := _STATES.fullmatch(line):
            counters.append(Counter("TCP states", "sockets", count_of(found[1]), number))
            for state in found[2].split(", "):
                if each := _STATE.fullmatch(state):
                    counters.append(Counter("TCP states", each[1], count_of(each[2]), number))
                else:
                    lines.unknown(number, state)
        elif counters and (found := _ROW.fullmatch(line)) and not _HEAD.fullmatch(line):
            values = zip(_COLUMNS, found.groups()[1:], strict=True)
            counters += [
                Counter(found[1], name, count_of(value), number)
                for name, value in values
                if value != "-"
            ]
        elif line.strip() and not _HEAD.fullmatch(line):
            lines.unknown(number, line)
    if not counters:
        raise Corrupt(source.path, 0, "the summary of ss -s", repr(source.head(40)))
    _check_end(counters, lines, last)
    return SocketSummary(source, counters, lines.end())


def _check_end(counters: list[Counter], lines: ToolLines, number: int) -> None:
    if counters[-1].group != "FRAG":
        lines.missing("the end of a summary, before its line FRAG", number)
