"""mtr's CSV: a row for each hop, the run's version, start, status and host before it."""

from __future__ import annotations

import re

from prodforensics.errors import Corrupt
from prodforensics.formats import Match, Probe
from prodforensics.lines import ToolLines
from prodforensics.network.formats.mtr_text import set_value
from prodforensics.network.tools.path_reports import Hop, MtrReport, MtrRun
from prodforensics.network.tools.tool_reports import count_of
from prodforensics.source import Source

__all__ = ["read", "sniff"]

_HEAD = re.compile(
    rb"(?:\xef\xbb\xbf)?Mtr_Version[,;]Start_Time[,;]Status[,;]Host[,;]Hop[,;]Ip[,;]"
)
_NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,9})?")
_WHOLE = re.compile(r"[0-9]{1,10}")


def sniff(probe: Probe) -> Match | None:
    """Recognise the header."""
    if _HEAD.match(probe.head):
        return Match(1.0, "the header of mtr's CSV")
    return None


def read(source: Source, *, progress: bool | None = None) -> MtrReport:
    """Read the rows of one or more runs.

    Parameters
    ----------
    source : Source
    progress : bool, optional
        Show a progress bar: always, never, or (None) for large files.

    Returns
    -------
    MtrReport

    Raises
    ------
    Corrupt
        No row of a hop is in the file.
    """
    lines = ToolLines(source, progress)
    runs: list[MtrRun] = []
    heads: list[str] = []
    mark = ","
    run: tuple[str, str] | None = None
    for number, line in lines:
        if _HEAD.match(line.encode("utf-8", "surrogatepass")):
            mark = line.lstrip("\ufeff")[len("Mtr_Version")]
            heads, run = line.lstrip("\ufeff").split(mark), None
            continue
        row = dict(zip(heads, line.split(mark), strict=False))
        hop = _hop(row, number) if len(line.split(mark)) in (len(heads), len(heads) - 1) else None
        if hop is None:
            if line.strip():
                lines.unknown(number, line)
            continue
        if (row["Start_Time"], row["Host"]) != run or hop.hop <= runs[-1].hops[-1].hop:
            run = (row["Start_Time"], row["Host"])
            seconds = int(run[0]) if _WHOLE.fullmatch(run[0]) else None
            start = None if seconds is None else min(seconds, 2**33) * 10**9
            runs.append(MtrRun(number, start, destination=run[1]))
        runs[-1].hops.append(hop)
    if not runs:
        raise Corrupt(source.path, 0, "a row of mtr's CSV", repr(source.head(40)))
    return MtrReport(source, runs, lines.end())


def _hop(row: dict[str, str], number: int) -> Hop | None:
    numbers = {head: row[head] for head in row if head not in _WORDS}
    if not {"Start_Time", "Host", "Hop", "Ip", "Loss%", "Snt", "Avg"} <= set(row):
        return None
    if not _WHOLE.fullmatch(row["Hop"]) or not all(map(_NUMBER.fullmatch, numbers.values())):
        return None
    hop = Hop(int(row["Hop"]), row["Ip"], number)
    for head, word in numbers.items():
        set_value(hop, head, word)
    drop = numbers.get(" ")
    hop.lost = count_of(drop) if drop and _WHOLE.fullmatch(drop) else hop.lost
    if drop is None and "Drop" not in row:
        hop.lost = round(hop.sent * hop.loss_percent / 100)
    return hop


_WORDS = ("Mtr_Version", "Start_Time", "Status", "Host", "Hop", "Ip", "Asn", "")
