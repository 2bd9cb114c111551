"""What ping prints, of Linux (iputils, BusyBox) or BSD: answers, errors, sums.

With ``-M do`` a packet that is too large is not cut into fragments: a router that cannot pass it on
says so (``Frag needed and DF set (mtu = 1400)``), or, in a black hole, nobody does.
"""

from __future__ import annotations

import re

from prodforensics.errors import Corrupt
from prodforensics.formats import Match
from prodforensics.formats import Probe as FormatProbe
from prodforensics.lines import ToolLines
from prodforensics.network.tools.path_reports import PingReport, PingRun, Probe
from prodforensics.network.tools.tool_reports import count_of, ns_of
from prodforensics.source import Source

__all__ = ["read", "sniff"]

_SIGNATURE = re.compile(
    rb"(?m)^PING [^\n]{1,600}(?:bytes of data|data bytes)"
    rb"|^[0-9]+ packets transmitted, [0-9]+ (?:packets )?received,"
)
_HEAD = re.compile(
    r"PING (.{1,600}?) ?\(([^()]*(?:\([^()]*\))?)\):? ?(?:from .{1,200}?: ?)?"
    r"([0-9]{1,6})(?:\(([0-9]{1,6})\))? (?:bytes of data\.|data bytes)\s*"
)
_REPLY = re.compile(
    r"(?:\[[0-9.]+\] )?[0-9]{1,6} bytes from (.{1,300}?): (?:icmp_seq|seq)=([0-9]{1,9})"
    r"(?: ttl=([0-9]{1,3}))?(?: time[=<]([0-9.]{1,15} ?ms))?(.*)"
)
_ERROR = re.compile(r"(?:\[[0-9.]+\] )?From (.{1,300}?):?,? icmp_seq[= ]([0-9]{1,9}):? (.{1,300})")
_LOCAL = re.compile(r"ping6?: (.{1,300})")
_NO_ANSWER = re.compile(r"(?:\[[0-9.]+\] )?(?:no answer yet for|Request timeout for) icmp_seq.*")
_MTU = re.compile(r"mtu ?= ?([0-9]{1,6})", re.IGNORECASE)
_STATISTICS = re.compile(r"--- .{1,600} ping statistics ---")
_SUMS = re.compile(
    r"([0-9]{1,18}) packets transmitted, ([0-9]{1,18}) (?:packets )?received"
    r"(?:, \+[0-9]+ (?:duplicates|corrupted))*(?:, \+([0-9]{1,18}) errors)?"
    r"(?:, \+[0-9]+ duplicates)?, [0-9.]+% packet loss(?:, time [0-9]+ ?ms)?\s*"
)
_TIMES = re.compile(
    r"(?:rtt|round-trip) min/avg/max(?:/\w+)? = ([0-9.]{1,15})/([0-9.]{1,15})/([0-9.]{1,15})"
    r"(?:/[0-9.]{1,15})? ms.*"
)


def sniff(probe: FormatProbe) -> Match | None:
    """Recognise the first line of a run, or its sums."""
    if _SIGNATURE.search(probe.head):
        return Match(0.9, "what ping prints")
    return None


def read(source: Source, *, progress: bool | None = None) -> PingReport:
    """Read one or more runs.

    Parameters
    ----------
    source : Source
    progress : bool, optional
        Show a progress bar: always, never, or (None) for large files.

    Returns
    -------
    PingReport

    Raises
    ------
    Corrupt
        No run of ping is in the file.
    """
    lines = ToolLines(source, progress)
    runs: list[PingRun] = []
    # What a run still lacks: its sums, or the round trips behind them.
    lacks = ""
    for number, line in lines:
        if found := _HEAD.fullmatch(line):
            if lacks:
                lines.missing(f"a run that ends before its {lacks}", runs[-1].line)
            runs.append(_start(found, number))
            lacks = "sums"
        elif runs:
            lacks = _take(runs[-1], number, line, lacks, lines)
        elif line.strip():
            lines.unknown(number, line)
    if not runs:
        raise Corrupt(source.path, 0, "what ping prints", repr(source.head(40)))
    if lacks:
        lines.missing(f"a run that ends before its {lacks}", runs[-1].line)
    for run in runs:
        if not run.sent:
            _count(run)
    return PingReport(source, runs, lines.end())


def _start(found: re.Match[str], number: int) -> PingRun:
    target, address, payload, packet = found.groups()
    size = int(packet) if packet else int(payload) + (48 if ":" in address else 28)
    return PingRun(number, target, address, size)


def _take(run: PingRun, number: int, line: str, lacks: str, lines: ToolLines) -> str:
    """Read a line of a run; return what the run still lacks behind it."""
    if found := _REPLY.fullmatch(line):
        event = "duplicate" if "DUP" in found[5] else "reply"
        rtt = ns_of(found[4], "ms") if found[4] else None
        ttl = int(found[3]) if found[3] else None
        run.probes.append(Probe(event, number, int(found[2]), found[1], rtt, ttl))
    elif found := _ERROR.fullmatch(line):
        run.probes.append(_error(found[3], number, int(found[2]), found[1]))
    elif found := _LOCAL.fullmatch(line):
        run.probes.append(_error(found[1], number, None, ""))
    elif found := _SUMS.fullmatch(line):
        run.sent, run.received = count_of(found[1]), count_of(found[2])
        run.errors = count_of(found[3] or "0")
        return "round trips" if run.received and _timed(run) else ""
    elif found := _TIMES.fullmatch(line):
        times = [ns_of(text, "ms") for text in found.groups()]
        run.best_ns, run.average_ns, run.worst_ns = times
        return lacks if lacks == "sums" else ""
    elif line.strip() and not _NO_ANSWER.fullmatch(line) and not _STATISTICS.fullmatch(line):
        lines.unknown(number, line)
    return lacks


def _error(text: str, number: int, sequence: int | None, host: str) -> Probe:
    found = _MTU.search(text)
    lower = text.lower()
    event = "too big" if found else "unreachable" if "unreachable" in lower else "error"
    return Probe(event, number, sequence, host, mtu=int(found[1]) if found else None, text=text)


def _timed(run: PingRun) -> bool:
    """Whether answers carry a time: packets below 16 bytes have no room for it."""
    return any(probe.rtt_ns is not None for probe in run.probes) or not run.probes


def _count(run: PingRun) -> None:
    """Sum up a run that ends before its sums."""
    run.received = sum(probe.event == "reply" for probe in run.probes)
    run.errors = sum(probe.event not in ("reply", "duplicate") for probe in run.probes)
    highest = max((probe.sequence or 0 for probe in run.probes), default=0)
    run.sent = max(highest, run.received)
