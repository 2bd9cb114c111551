"""``conntrack -S``: a line for each processor, counters as ``name=value``."""

from __future__ import annotations

import re

from prodforensics.errors import Corrupt
from prodforensics.formats import Match, Probe
from prodforensics.lines import ToolLines
from prodforensics.network.tools.counter_reports import ConntrackCounters, Counter
from prodforensics.network.tools.tool_reports import count_of
from prodforensics.source import Source

__all__ = ["read", "sniff"]

_SIGNATURE = re.compile(rb"(?m)^cpu=[0-9]{1,5}[ \t]+[a-z_]{1,30}=[0-9]{1,20} [a-z_]{1,30}=[0-9]")
_LINE = re.compile(r"(cpu=[0-9]{1,5})\s+(\S.*)")
_PAIR = re.compile(r"([^=\s]{1,400})=([0-9]{1,25})")


def sniff(probe: Probe) -> Match | None:
    """Recognise the line of a processor."""
    if _SIGNATURE.search(probe.head):
        return Match(0.95, "the counters of conntrack -S")
    return None


def read(source: Source, *, progress: bool | None = None) -> ConntrackCounters:
    """Read the counters of each processor.

    Parameters
    ----------
    source : Source
    progress : bool, optional
        Show a progress bar: always, never, or (None) for large files.

    Returns
    -------
    ConntrackCounters

    Raises
    ------
    Corrupt
        No counter is in the file.
    """
    lines = ToolLines(source, progress)
    counters: list[Counter] = []
    for number, line in lines:
        found = _LINE.fullmatch(line)
        pairs = [_PAIR.fullmatch(word) for word in found[2].split()] if found else []
        counters += [
            Counter(found[1], pair[1], count_of(pair[2]), number)
            for pair in pairs
            if found and pair
        ]
        if (line.strip() and not found) or not all(pairs):
            lines.unknown(number, line)
    if not counters:
        raise Corrupt(source.path, 0, "the counters of conntrack -S", repr(source.head(40)))
    return ConntrackCounters(source, counters, lines.end())
