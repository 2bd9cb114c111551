"""Findings on HTTP: answers that are cut, streams that a proxy keeps back, queues in a proxy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from prodforensics.display.tables import human_bytes, human_count, human_ns, plain
from prodforensics.findings import Finding, Rule, Severity, Verdict, rule
from prodforensics.network.explorer.troubles import rows_of_frame
from prodforensics.network.symptoms.hops import hops, moments
from prodforensics.network.symptoms.wording import (
    among,
    caveats,
    counted,
    in_wireshark,
    named,
    proof_of,
    server_of,
)

if TYPE_CHECKING:
    from prodforensics.network.model import Capture

__all__ = ["RULES"]

_LEAST, _WEIGHT, _FAILING = 3, 0.05, 0.01
_MOST = 5
_STREAMED = 1_000_000_000
"""An answer that takes a second from its first byte to its last may be a stream of events."""
_KEPT_BACK, _SPREAD = 0.5, 0.2
_QUEUED = 100_000_000
_LEAST_PAIRS = 10
_PATH = 80


@rule("network.partial_response")
def partial_response(capture: Capture) -> Iterator[Finding]:
    """Find answers that ended before they were whole."""
    http = rows_of_frame(capture, "http")
    if http is None:
        return
    short = http[http["truncated"] & (http["status"] > 0)]
    # What the capture lacks was not cut by the server.
    missing = short["content_length"] - short["body_seen"] - short["gap_bytes"]
    short = short[(short["gap_bytes"] == 0) | (missing > 0) & (short["content_length"] >= 0)]
    left = _gone(capture, short["stream"].to_numpy())
    answered = int((http["status"] > 0).sum())
    for one, verdict in ((short[~left], Verdict.LIKELY), (short[left], Verdict.POSSIBLE)):
        for rows in _by_server(one):
            same = (http["server_ip"] == rows["server_ip"].iloc[0]) & (http["status"] > 0)
            same &= http["server_port"] == rows["server_port"].iloc[0]
            yield _cut(capture, rows, int(same.sum()), answered, verdict)


def _gone(capture: Capture, stream: np.ndarray) -> np.ndarray:
    """Return for which streams the client ended the connection, or did not take what came."""
    streams, ends = capture.streams, capture.endings
    fin = ends.first_fin[stream]
    first = (fin[:, 0] >= 0) & ((fin[:, 1] < 0) | (fin[:, 0] < fin[:, 1]))
    return (streams.reset_side[stream] == 0) | first | (ends.closed[stream, 0] >= 0)


def _by_server(rows: pd.DataFrame) -> Iterator[pd.DataFrame]:
    server = rows["server_ip"].astype(str) + " " + rows["server_port"].astype(str)
    for name in server.value_counts().index[:_MOST]:
        yield rows[server == name]


def _rows(*parts: pd.DataFrame) -> dict[str, list[int]]:
    columns = ("request_frame", "response_frame", "last_frame")
    return proof_of("http", pd.concat(parts).drop(columns="protocol", errors="ignore"), columns)


def _asked(row: pd.Series) -> str:
    return f"{plain(str(row['method']), 20)} {plain(str(row['uri']), _PATH)}"


def _cut(
    capture: Capture, rows: pd.DataFrame, whole: int, answered: int, verdict: Verdict
) -> Finding:
    streams = rows["stream"].unique()
    found = among(len(rows), whole)
    weighs = len(rows) >= _LEAST or len(rows) >= _WEIGHT * answered
    if not weighs or found.low < _FAILING:
        verdict = Verdict.POSSIBLE
    first = rows.iloc[0]
    sized = rows[rows["content_length"] >= 0]
    lengths = (
        f"{human_bytes(int(first['body_seen']))} of "
        f"{human_bytes(int(first['content_length']))} came"
        if first["content_length"] >= 0
        else f"{human_bytes(int(first['body_seen']))} came, and no end of the chunks"
    )
    resets = int(np.count_nonzero(capture.streams.reset[streams] >= 0))
    sure = verdict is Verdict.LIKELY
    by_client = bool(_gone(capture, streams[:1])[0])
    return Finding(
        "network.partial_response",
        verdict,
        Severity.HIGH if sure else Severity.LOW,
        f"{counted(len(rows), 'answer')} of {human_count(whole)} of {server_of(rows)} "
        f"{'is' if len(rows) == 1 else 'are'} cut: {lengths}",
        f"{_asked(first)} in tcp.stream {first['stream']}, answered from frame "
        f"{first['response_frame']} to {first['last_frame']}: {lengths}, and the connection ended. "
        f"{found} of the answers ({named(streams)}), {human_count(len(sized))} of them with a "
        f"Content-Length; {human_count(resets)} of {counted(len(streams), 'connection')} ended by "
        "RST, the others by FIN. "
        + (
            "The client ended it, or did not read on: it went away, or its time was over."
            if by_client
            else "The server ended it: its process failed while it sent, or a time limit cut it."
        )
        + caveats(capture, "snap_length", "missed_bytes", "dropped"),
        _rows(rows),
        f"{in_wireshark(streams, 'http || tcp.flags.fin == 1 || tcp.flags.reset == 1')}. "
        f"capture.follow({int(first['stream'])}); look into the log of the server at that time.",
    )


@rule("network.proxy_buffering")
def proxy_buffering(capture: Capture) -> Iterator[Finding]:
    """Find streams of events that a proxy keeps back until they are over."""
    http = rows_of_frame(capture, "http")
    if http is None:
        return
    lasted = http["total_ns"] - http["ttfb_ns"]
    if not ((lasted >= _STREAMED) & (http["ttfb_ns"] >= 0)).any():
        return
    for front, back in hops(http):
        stream = (back["total_ns"] - back["ttfb_ns"]).to_numpy()
        passed = (front["total_ns"] - front["ttfb_ns"]).to_numpy()
        began = [moments(one) + one["ttfb_ns"].to_numpy() for one in (front, back)]
        late = began[0] - began[1]
        known = (front["ttfb_ns"].to_numpy() >= 0) & (back["ttfb_ns"].to_numpy() >= 0)
        # Where something was captured in pieces: events, not one answer.
        pieces = back["last_frame"].to_numpy() > back["response_frame"].to_numpy()
        kept = known & pieces & (stream >= _STREAMED)
        kept &= (late >= _KEPT_BACK * stream) & (passed <= _SPREAD * stream)
        streamed = int(np.count_nonzero(known & pieces & (stream >= _STREAMED)))
        if kept.any():
            yield _buffered(capture, front[kept], back[kept], late[kept], stream[kept], streamed)


def _buffered(
    capture: Capture,
    front: pd.DataFrame,
    back: pd.DataFrame,
    late: np.ndarray,
    lasted: np.ndarray,
    streamed: int,
) -> Finding:
    worst = int(late.argmax())
    one, behind = front.iloc[worst], back.iloc[worst]
    streams = front["stream"].unique()
    found = among(len(front), streamed)
    return Finding(
        "network.proxy_buffering",
        Verdict.LIKELY if found.value >= 0.5 else Verdict.POSSIBLE,
        Severity.MEDIUM,
        f"{server_of(front)} keeps answers of {server_of(back)} back: the first byte comes "
        f"{human_ns(int(late[worst]))} later",
        f"{_asked(one)}: the service began to answer in frame {behind['response_frame']} "
        f"(tcp.stream {behind['stream']}) and went on for {human_ns(int(lasted[worst]))}; the "
        f"client got the first byte in frame {one['response_frame']} (tcp.stream {one['stream']}), "
        f"when nearly all was over. {counted(len(front), 'answer')} of {human_count(streamed)} "
        "that lasted a second or more. The proxy gathers an answer before it passes it on, so "
        "events, progress and long polls come late, and all at once." + caveats(capture, "dropped"),
        _rows(front, back),
        f"{in_wireshark([*streams[:2], int(behind['stream'])], 'tcp.len > 0')}. nginx: "
        "proxy_buffering off for this location, or the header X-Accel-Buffering: no of the "
        "service; switch compression and caching off there, too.",
    )


@rule("network.latency_variance")
def queue_in_proxy(capture: Capture) -> Iterator[Finding]:
    """Find requests that wait in a proxy before it passes them on: its pool is exhausted."""
    http = rows_of_frame(capture, "http")
    if http is None or len(http) < _LEAST_PAIRS or not (http["ttfb_ns"] >= _QUEUED).any():
        return
    for front, back in hops(http):
        wait = moments(back) - moments(front)
        ttfb = front["ttfb_ns"].to_numpy()
        known = (ttfb >= 0) & (wait >= 0)
        if np.count_nonzero(known) < _LEAST_PAIRS:
            continue
        wait, ttfb = wait[known], ttfb[known]
        if np.median(wait) >= max(_QUEUED, float(np.median(ttfb)) / 2):
            yield _queued(capture, http, front[known], back[known], wait)


def _queued(
    capture: Capture, http: pd.DataFrame, front: pd.DataFrame, back: pd.DataFrame, wait: np.ndarray
) -> Finding:
    first = front.iloc[0]
    here = (http["server_ip"] == first["server_ip"]) & (http["server_port"] == first["server_port"])
    refused = http[here & (http["status"] >= 500) & ~http.index.isin(front.index)]
    upstream = back["stream"].unique()
    begun = moments(back)
    span = int((begun + back["total_ns"].to_numpy()).max() - begun.min())
    busy = back["total_ns"].clip(lower=0).sum() / max(span * len(upstream), 1)
    worst = front.iloc[np.argsort(-wait, kind="stable")[:25]]
    rows = _rows(refused, worst)
    own = human_ns(back["ttfb_ns"].median())
    return Finding(
        "network.latency_variance",
        Verdict.POSSIBLE,
        Severity.MEDIUM,
        f"Requests wait {human_ns(float(np.median(wait)))} in {server_of(front)} before it passes "
        f"them on to {server_of(back)}",
        f"{counted(len(front), 'request')} were seen on both hops; the time to the first byte is "
        f"{human_ns(front['ttfb_ns'].median())} for clients and {own} behind the proxy (medians), "
        f"the rest is spent before the request is passed on ({named(rows['connections'])}). "
        f"{counted(len(upstream), 'connection')} lead to the service, busy {min(busy, 1):.0%} of "
        "the time: the pool of connections is exhausted, and requests queue for one. "
        + (
            f"{counted(len(refused), 'request')} were never passed on and answered with "
            f"{int(refused['status'].iloc[0])} (frame {int(refused['response_frame'].iloc[0])} "
            "the first)."
            if len(refused)
            else ""
        )
        + caveats(capture, "dropped"),
        rows,
        f"{in_wireshark(rows['connections'][:3], 'http')}. Allow more connections to the service "
        "(HAProxy: maxconn; nginx: keepalive; a pool's maximum), or make the service quicker.",
    )


RULES: tuple[Rule, ...] = (partial_response, proxy_buffering, queue_in_proxy)
