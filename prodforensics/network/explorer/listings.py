"""Rows of waterfalls: queries of DNS, handshakes of TLS, requests of HTTP."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from prodforensics.display.tables import human_bytes
from prodforensics.network.explorer.troubles import (
    dns_failed,
    http_failed,
    rows_of_frame,
    tls_failed,
)
from prodforensics.network.explorer.waterfall import WAIT, Bar, Phase

if TYPE_CHECKING:
    import pandas as pd

    from prodforensics.network.model import Capture

__all__ = ["LISTINGS", "Listing"]

_NOTHING = np.iinfo(np.int64).min  # NaT
_SECOND = 1_000_000_000


@dataclass(frozen=True)
class Listing:
    """What was asked by one protocol.

    Attributes
    ----------
    start, took : int64[n]
        Nanoseconds since the first packet, and how long it took in all.
    failed : bool[n]
    stream : int64[n]
    frame : int64[n]
        Frame number to look at; below 1 for none.
    udp : bool[n]
        Whether the stream is one of UDP.
    texts : callable
        Gives, for places, what a search looks at.
    bar : callable
        Gives the row of one place.
    heading : callable, optional
        Gives the heading of a stream; without it rows are not grouped.
    """

    start: np.ndarray
    took: np.ndarray
    failed: np.ndarray
    stream: np.ndarray
    frame: np.ndarray
    udp: np.ndarray
    texts: Callable[[np.ndarray], list[str]]
    bar: Callable[[int], Bar]
    heading: Callable[[int], Bar] | None = None

    def __len__(self) -> int:
        return len(self.start)


def _begin(capture: Capture) -> int:
    return int(capture.packets.time.min()) if len(capture.packets) else 0


def _since(frame: pd.DataFrame, column: str, begin: int) -> np.ndarray:
    """Return times as nanoseconds since the first packet; `_NOTHING` for none."""
    time = frame[column].to_numpy("datetime64[ns]").astype(np.int64)
    return np.where(time == _NOTHING, _NOTHING, time - begin)


def _joined(frame: pd.DataFrame, *columns: str) -> Callable[[np.ndarray], list[str]]:
    def texts(places: np.ndarray) -> list[str]:
        parts = [frame[column].iloc[places].astype(str) for column in columns]
        return [" ".join(row) for row in zip(*parts, strict=True)]

    return texts


def dns(capture: Capture) -> Listing | None:
    """Return the queries of DNS; None where there are none."""
    frame = rows_of_frame(capture, "dns")
    if frame is None:
        return None
    begin = _begin(capture)
    start = _since(frame, "ts", begin)
    rtt = frame["rtt_ns"].to_numpy()
    time = np.append(capture.packets.time, 0) - begin
    last = frame["last_request_frame"].to_numpy()
    again = np.where(last > 0, time[np.maximum(last, 1) - 1], start)
    end = np.where(rtt >= 0, start + np.maximum(rtt, 0), np.maximum(again, start))
    timed_out = frame["timed_out"].to_numpy(bool)
    end = np.where(timed_out, np.minimum(end + _SECOND, capture.duration_ns), end)
    failed = dns_failed(frame)
    rows = frame.reset_index(drop=True)

    def bar(place: int) -> Bar:
        row = rows.iloc[place]
        begun, repeated, done = int(start[place]), int(again[place]), int(end[place])
        phases = []
        if begun < repeated <= done:
            phases.append(Phase("until asked again", "c2", begun, repeated))
            begun = repeated
        name, colour = ("no answer", "bad") if timed_out[place] else ("until the answer", "c1")
        phases.append(Phase(name, colour, begun, max(done, begun)))
        remark = "no answer" if timed_out[place] else str(row["rcode"]) or "not answered yet"
        if row["attempts"] > 1:
            remark += f", asked {row['attempts']} times"
        label = f"{row['qtype']} {row['query'] or '.'}"
        ends = f"{row['client_ip']} → {row['server_ip']}"
        return Bar(label, ends, tuple(phases), remark, "bad" if failed[place] else "")

    texts = _joined(frame, "query", "qtype", "rcode", "client_ip", "server_ip", "answers")
    asked = np.maximum(frame["request_frame"].to_numpy(), frame["response_frame"].to_numpy())
    asked = np.where(frame["request_frame"] > 0, frame["request_frame"], asked)
    udp = (frame["protocol"] == "udp").to_numpy()
    return Listing(start, end - start, failed, frame["stream"].to_numpy(), asked, udp, texts, bar)


def tls(capture: Capture) -> Listing | None:
    """Return the handshakes of TLS and QUIC; None where there are none."""
    frame = rows_of_frame(capture, "tls")
    if frame is None:
        return None
    begin = _begin(capture)
    quic = (frame["protocol"] == "quic").to_numpy()
    stream = frame["stream"].to_numpy()
    names = ("client_hello_ts", "server_hello_ts", "first_app_ts", "alert_ts")
    times = np.stack([_since(frame, name, begin) for name in names], axis=1)
    known = times != _NOTHING
    hello = np.where(known, times, np.iinfo(np.int64).max).min(axis=1)
    hello = np.where(known.any(axis=1), hello, 0)
    began = np.where(quic, hello, _started(capture, stream, ~quic) - begin)
    start = np.minimum(began, hello)
    finished = np.where(
        (frame["handshake_ns"] >= 0) & known[:, 0], times[:, 0] + frame["handshake_ns"], _NOTHING
    )
    moments = np.column_stack([times, finished])
    end = np.maximum(np.where(moments == _NOTHING, 0, moments).max(axis=1), hello)
    failed = tls_failed(frame)
    rows = frame.reset_index(drop=True)

    def bar(place: int) -> Bar:
        row = rows.iloc[place]
        # Each phase ends at a moment that is known.
        steps = (
            ("TCP connects", "c6", hello[place]),
            ("until the ServerHello", "c1", times[place, 1]),
            ("rest of the handshake", "c3", finished[place]),
            ("until the first data", "c5", times[place, 2]),
            ("until the alert", "bad", times[place, 3]),
        )
        at, phases = int(start[place]), []
        for name, colour, moment in steps:
            if moment != _NOTHING and moment > at:
                phases.append(Phase(name, colour, at, int(moment)))
                at = int(moment)
        if not phases:
            phases.append(Phase("hello alone", "c6", at, at))
        server = f"{row['server_ip']}:{row['server_port']}"
        remark, colour = _tls_remark(row)
        return Bar(
            row["sni"] or server, server if row["sni"] else "", tuple(phases), remark, colour
        )

    texts = _joined(frame, "sni", "server_ip", "client_ip", "version", "cipher", "alert", "subject")
    asked = np.maximum(frame["client_hello_frame"], frame["server_hello_frame"]).to_numpy()
    asked = np.where(frame["alert_frame"] > 0, frame["alert_frame"], asked)
    return Listing(start, end - start, failed, stream, asked, quic, texts, bar)


def _tls_remark(row: pd.Series) -> tuple[str, str]:
    """Say how a handshake went, and in which colour."""
    kind = "QUIC" if row["protocol"] == "quic" else "TLS"
    parts = [f"{kind} {row['version']}" if row["version"] else "no ServerHello"]
    certificate = [
        words
        for name, words in (
            ("expired_at_capture", "certificate expired"),
            ("not_yet_valid", "certificate not valid yet"),
            ("wrong_name", "certificate for another name"),
        )
        if row[name]
    ]
    if row["alert"]:
        return f"{row['alert']} from the {row['alert_from']}", "bad"
    if certificate:
        return certificate[0], "bad"
    if row["plain_answer"]:
        return "answered without TLS", "bad"
    if row["resumed"]:
        parts.append("resumed")
    return ", ".join(parts), "" if row["version"] else "warn"


def _started(capture: Capture, stream: np.ndarray, tcp: np.ndarray) -> np.ndarray:
    """Return when TCP streams began, ns since 1970; 0 for others."""
    known = np.append(capture.streams.start_ns, 0)
    return known[np.where(tcp & (stream >= 0), stream, len(known) - 1)]


def http(capture: Capture) -> Listing | None:
    """Return the requests of HTTP; None where there are none."""
    frame = rows_of_frame(capture, "http")
    if frame is None:
        return None
    begin = _begin(capture)
    stream = frame["stream"].to_numpy()
    start = _since(frame, "request_ts", begin)
    time = np.append(capture.packets.time, 0) - begin
    response = frame["response_frame"].to_numpy()
    first = np.where(response > 0, np.maximum(time[np.maximum(response, 1) - 1] - start, 0), 0)
    total = np.maximum(frame["total_ns"].to_numpy(), first)
    status, failed = frame["status"].to_numpy(), http_failed(frame)
    idle = _idle_since(stream, start, total, _started(capture, stream, stream >= 0) - begin)
    rows = frame.reset_index(drop=True)

    def bar(place: int) -> Bar:
        row = rows.iloc[place]
        begun = int(start[place])
        answered, done = begun + int(first[place]), begun + int(total[place])
        phases = [
            Phase("nothing under way", WAIT, int(min(idle[place], begun)), begun),
            Phase("until the first byte", "c2", begun, answered),
            Phase("until the last byte", "c1", answered, done),
        ]
        phases = [one for one in phases if one.end > one.start] or phases[1:2]
        code = int(status[place])
        remark = str(code) if code > 0 else "no answer"
        if row["body_seen"] > 0:
            remark += f", {human_bytes(int(row['body_seen']))}"
        colour = "bad" if failed[place] else "warn" if code >= 400 or code <= 0 else ""
        if row["truncated"]:
            remark, colour = f"{remark}, cut short", "bad"
        # Who asks by address says nothing new.
        host = str(row["host"])
        host = "" if host.startswith(str(row["server_ip"])) else host
        return Bar(f"{row['method']} {row['uri']}", host, tuple(phases), remark, colour)

    def heading(number: int) -> Bar:
        place = int(np.flatnonzero(stream == number)[0])
        one = capture.frames["connections"].iloc[number]
        ends = f"{one['orig_ip']}:{one['orig_port']} → {one['resp_ip']}:{one['resp_port']}"
        return Bar(ends, f"tcp.stream {number}, HTTP/{rows['protocol'].iloc[place]}")

    texts = _joined(frame, "method", "host", "uri", "status", "user_agent", "request_id")
    asked = frame["request_frame"].to_numpy()
    return Listing(
        start, total, failed, stream, asked, np.zeros(len(frame), np.bool_), texts, bar, heading
    )


def _idle_since(
    stream: np.ndarray, start: np.ndarray, total: np.ndarray, began: np.ndarray
) -> np.ndarray:
    """Return since when nothing was under way before each request, on its connection."""
    idle = began.copy()
    order = np.lexsort((start, stream))
    ends = (start + total)[order]
    same = np.append(False, stream[order][1:] == stream[order][:-1])
    # The latest end so far, of each connection alone.
    for begin, stop in _runs(same):
        idle[order[begin + 1 : stop]] = np.maximum.accumulate(ends[begin:stop])[:-1]
    return idle


def _runs(same: np.ndarray) -> list[tuple[int, int]]:
    """Return where runs of one connection with several requests begin and end."""
    begins = np.flatnonzero(~same)
    stops = np.append(begins[1:], len(same))
    several = stops - begins > 1
    return list(zip(begins[several].tolist(), stops[several].tolist(), strict=True))


LISTINGS: dict[str, Callable[[Capture], Listing | None]] = {"dns": dns, "tls": tls, "http": http}
"""The protocols that have a waterfall."""
