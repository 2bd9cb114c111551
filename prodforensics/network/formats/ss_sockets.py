"""``ss -tanpi``: a line for each socket, and behind it a line of what TCP knows of it.

Which options were given shows in the lines: without ``-i`` there is no second line, with ``-O`` all
stands in the first, without ``-p`` there are no processes. A header that comes again begins the
next output.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from prodforensics.errors import Corrupt
from prodforensics.formats import Match, Probe
from prodforensics.network.tools.bulk_lines import gaps_at, lines_of, matched
from prodforensics.network.tools.socket_reports import SocketTable
from prodforensics.source import Source

__all__ = ["read", "sniff"]

_STATES = (
    "LISTEN|ESTAB|TIME-WAIT|CLOSE-WAIT|SYN-SENT|SYN-RECV|FIN-WAIT-1|FIN-WAIT-2|LAST-ACK|CLOSING"
    "|UNCONN|CLOSED"
)
_SIGNATURE = re.compile(
    rb"(?m)^(?:Netid +)?State +Recv-Q +Send-Q +Local Address:Port|^(?:tcp +)?(?:"
    + _STATES.encode()
    + rb") +[0-9]+ +[0-9]+ +[^ \n]{1,80}:[0-9*]+ +[^ \n]{1,80}:[0-9*]"
)
_HEAD = re.compile(r"(?:Netid\s+)?State\s+Recv-Q\s+Send-Q\s.*")
_SOCKET = (
    rf"(?:[a-z_0-9]+ +)?(?P<state>{_STATES}) +(?P<recv_queue>[0-9]{{1,18}}) +"
    r"(?P<send_queue>[0-9]{1,18}) +(?P<local_ip>\S+):(?:(?P<local_port>[0-9]{1,5})|[^\s:]+) +"
    r"(?P<peer_ip>\S+):(?:(?P<peer_port>[0-9]{1,5})|[^\s:]+)"
    r'(?: +users:\(\("(?P<process>[^"\t]*)",pid=(?P<pid>[0-9]{1,10})[^\t]*?\)\))?(?: .*)?'
)
_WORDS = r"\s*|(?:Netid\s+)?State\s+Recv-Q\s+Send-Q\s.*"
_NUMBER = r"[0-9]{1,12}"
# What is read of a socket's second line: a name there, then the column.
_WHOLE = {
    "mss": "mss_bytes",
    "pmtu": "pmtu_bytes",
    "cwnd": "cwnd",
    "ssthresh": "ssthresh",
    "bytes_sent": "sent_bytes",
    "bytes_retrans": "retransmitted_bytes",
    "bytes_received": "received_bytes",
    "segs_out": "segments_out",
    "data_segs_out": "data_segments_out",
    "lost": "lost",
    "unacked": "unacked",
    "snd_wnd": "send_window_bytes",
}
_TIMES = {
    "rto": "rto_ns",
    "minrtt": "min_rtt_ns",
    "lastsnd": "last_send_ns",
    "lastrcv": "last_receive_ns",
    "busy": "busy_ns",
    "rwnd_limited": "rwnd_limited_ns",
}
_DECIMAL = rf"{_NUMBER}(?:\.[0-9]{{1,9}})?"
_INFO = "\t".join(
    [rf"(?P<{column}>(?:[0-9]{{1,18}})?)" for column in _WHOLE.values()]
    + [rf"(?:(?P<{column}>{_DECIMAL})(?:ms)?(?:\([0-9.]+%\))?)?" for column in _TIMES.values()]
    + [
        rf"(?:(?P<rtt_ns>{_DECIMAL})/(?P<rtt_deviation_ns>{_DECIMAL}))?",
        rf"(?:(?P<retransmitting>{_NUMBER})/(?P<retransmitted>{_NUMBER}))?",
    ]
)
_MARKS = tuple(f" {name}:" for name in (*_WHOLE, *_TIMES, "rtt", "retrans"))
_NOTHING = "\t" * (len(_MARKS) - 1)
_DURATIONS = (*_TIMES.values(), "rtt_ns", "rtt_deviation_ns")
_COUNTS = (*_WHOLE.values(), "retransmitting", "retransmitted")
_NUMBERS = ("recv_queue", "send_queue", "local_port", "peer_port", "pid")


def sniff(probe: Probe) -> Match | None:
    """Recognise the header, or the line of a socket."""
    if _SIGNATURE.search(probe.head):
        return Match(0.95, "the sockets of ss")
    return None


def read(source: Source, *, progress: bool | None = None) -> SocketTable:
    """Read the sockets of one or more outputs.

    Parameters
    ----------
    source : Source
    progress : bool, optional
        Show a progress bar: always, never, or (None) for large files.

    Returns
    -------
    SocketTable

    Raises
    ------
    Corrupt
        No socket is in the file.
    """
    import numpy as np

    lines, gaps = lines_of(source)
    blank = np.array([line[:1].isspace() for line in lines], bool)
    heads = np.flatnonzero(~blank)
    first = [lines[place].replace("\t", " ") for place in heads.tolist()]
    columns, known = matched(first, _SOCKET, dict.fromkeys(_NUMBERS, "int64"), progress=progress)
    strange = np.setdiff1d(np.arange(len(first)), known, assume_unique=True)
    gaps += gaps_at(lines, heads[strange].tolist(), _WORDS)
    if not len(known):
        raise Corrupt(source.path, 0, "the sockets of ss", repr(source.head(40)))
    places = heads[known]
    pairs = zip(places.tolist(), known.tolist(), strict=True)
    told, whole = _read_infos([_info(lines, first, blank, *pair) for pair in pairs], progress)
    odd = np.setdiff1d(np.arange(len(places)), whole, assume_unique=True)
    behind = (places[odd] + 1).clip(max=len(lines) - 1)
    gaps += gaps_at(lines, behind.tolist(), r"\s*")
    runs = np.cumsum([bool(_HEAD.fullmatch(line)) for line in first])
    runs = np.maximum(runs - runs[known[0]], 0)[known]
    return SocketTable(source, {**columns, **told, "run": runs, "line": places + 1}, gaps)


def _info(lines: list[str], first: list[str], blank: Any, place: int, number: int) -> str:
    """Return what is told of a socket: behind its processes, and in the line behind its own."""
    own = first[number].rpartition("))")[2] if " rto:" in first[number] else ""
    below = lines[place + 1] if place + 1 < len(lines) and blank[place + 1] else ""
    text = f" {own} {below.rstrip()}".replace("\t", " ")
    if ":" not in text:
        return _NOTHING
    values = []
    for mark in _MARKS:
        at = text.find(mark)
        if at < 0:
            values.append("")
        else:
            start = at + len(mark)
            end = text.find(" ", start)
            values.append(text[start:end] if end >= 0 else text[start:])
    return "\t".join(values)


def _read_infos(infos: Sequence[str], progress: bool | None) -> tuple[dict[str, Any], Any]:
    """Return the columns of what is told of all sockets, and of which it is understood."""
    import numpy as np

    types = {**dict.fromkeys(_COUNTS, "int64"), **dict.fromkeys(_DURATIONS, "float64")}
    found, places = matched(infos, _INFO, types, progress=progress)
    columns = {}
    for name in (*_COUNTS, *_DURATIONS):
        column = np.full(len(infos), -1, np.int64)
        if found:
            values = found[name]
            ns = np.where(values < 0, -1, np.rint(values * 1e6))
            column[places] = ns if name in _DURATIONS else values
        columns[name] = column
    return columns, places
