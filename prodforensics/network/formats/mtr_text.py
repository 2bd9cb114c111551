"""mtr's text report: a header that names the columns, and a line for each hop.

``mtr --report`` writes ``Start: ...``, ``HOST: name  Loss%  Snt ...`` and lines as
``  1.|-- gateway  0.0%  10  0.5 ...``; older ones write ``1. gateway``. The columns are those that
``-o`` asked for. A report that stands in a comment, with ``#`` before each line and notes behind,
is read, too.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from prodforensics.errors import Corrupt
from prodforensics.formats import Match, Probe
from prodforensics.lines import ToolLines
from prodforensics.network.tools.path_reports import Hop, MtrReport, MtrRun
from prodforensics.network.tools.tool_reports import count_of, ns_of
from prodforensics.source import Source

__all__ = ["read", "set_value", "sniff"]

_HEAD = re.compile(r"[#\s]{0,20}HOST:?\s+(?:(\S+)\s+)??(Loss%\s.*\S|.*\sLoss%.*\S)\s*")
_SIGNATURE = re.compile(rb"(?m)^[# \t]{0,20}HOST:?[ \t][^\n]{0,300}Loss%")
_START = re.compile(r"[#\s]{0,20}Start: (.*\S)\s*")
_HOP = re.compile(r"[#\s]{0,20}([0-9]{1,3})\.(?:\|--)?\s{1,9}(\S.*)")
_ALSO = re.compile(r"[#\s]{0,20}\|\s{1,9}`?\|?--\s?(\S.*)")
_NOTE = re.compile(r"\s+#.*")
_NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,9})?%?")
# Columns of mtr -o by their heads: the field of a Hop.
_FIELDS = {
    "Loss%": "loss_percent",
    "Snt": "sent",
    "Drop": "lost",
    "Last": "last_ns",
    "Avg": "average_ns",
    "Best": "best_ns",
    "Wrst": "worst_ns",
    "StDev": "deviation_ns",
}
_HEADS = {*_FIELDS, "Rcv", "Gmean", "Jttr", "Javg", "Jmax", "Jint"}


def sniff(probe: Probe) -> Match | None:
    """Recognise the header of a report."""
    if _SIGNATURE.search(probe.head):
        return Match(0.95, "a report of mtr")
    return None


def read(source: Source, *, progress: bool | None = None) -> MtrReport:
    """Read the reports of one or more runs.

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
        No hop of a report is in the file.
    """
    lines = ToolLines(source, progress)
    runs: list[MtrRun] = []
    start, heads = None, []
    for number, line in lines:
        if found := _START.fullmatch(line):
            start = _time(found[1])
        elif found := _HEAD.fullmatch(line):
            heads = [head for head in _NOTE.sub("", found[2]).split() if head in _HEADS]
            runs.append(MtrRun(number, start, found[1] or ""))
            start = None
        elif runs and (found := _HOP.fullmatch(line)) and (hop := _hop(found, heads, number)):
            runs[-1].hops.append(hop)
        elif runs and runs[-1].hops and (found := _ALSO.fullmatch(line)):
            runs[-1].hops[-1].other_hosts.append(found[1].strip())
        elif line.strip("# \t"):
            lines.unknown(number, line)
    for run in runs:
        if not run.hops:
            lines.missing("a report without a hop", run.line)
    runs = [run for run in runs if run.hops]
    if not runs:
        raise Corrupt(source.path, 0, "a report of mtr", repr(source.head(40)))
    return MtrReport(source, runs, lines.end())


def _hop(found: re.Match[str], heads: list[str], number: int) -> Hop | None:
    words = _NOTE.sub("", found[2]).rsplit(maxsplit=len(heads)) if heads else []
    # A column of a blank head holds nothing; the host may consist of several words.
    if len(words) != len(heads) + 1 or not all(map(_NUMBER.fullmatch, words[1:])):
        return None
    hop = Hop(int(found[1]), words[0], number)
    for head, word in zip(heads, words[1:], strict=True):
        set_value(hop, head, word)
    if "Drop" not in heads:
        hop.lost = round(hop.sent * hop.loss_percent / 100)
    return hop


def set_value(hop: Hop, head: str, word: str) -> None:
    """Keep the value of a column of mtr in its hop; of a silent hop the durations mean nothing."""
    name = _FIELDS.get(head)
    if name is None:
        return
    if name == "loss_percent":
        hop.loss_percent = min(float(word.rstrip("%")), 100.0)
    elif name in ("sent", "lost"):
        setattr(hop, name, count_of(word.partition(".")[0]))
    else:
        silent = hop.loss_percent >= 100
        setattr(hop, name, None if silent else ns_of(word, "ms"))


def _time(text: str) -> int | None:
    for form in ("%Y-%m-%dT%H:%M:%S%z", "%a %b %d %H:%M:%S %Y"):
        try:
            when = datetime.strptime(text, form)
        except ValueError:
            continue
        return int(when.replace(tzinfo=when.tzinfo or UTC).timestamp()) * 10**9
    return None
