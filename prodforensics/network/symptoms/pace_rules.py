"""Findings on connections that work but do not get on: closed windows, slow starts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from prodforensics.display.tables import human_bytes, human_count, human_ns
from prodforensics.findings import Finding, Rule, Severity, Verdict, rule
from prodforensics.kernels.closed_windows import closed_windows
from prodforensics.kernels.idle_restarts import idle_restarts
from prodforensics.network.symptoms.wording import (
    address,
    among,
    caveats,
    counted,
    end,
    in_wireshark,
    named,
    proof,
)

if TYPE_CHECKING:
    from prodforensics.network.model import Capture

__all__ = ["RULES"]

_SECOND = 1_000_000_000
_STALLED = _SECOND
"""A window that was closed for so long in all held the sender up."""
_NOTICED = _SECOND // 5
_LEAST = 3
_WEIGHT = 0.05
_FAILING = 0.01
_LEAST_RTT = 10_000_000
_COST = 50_000_000
"""What a slow start must cost each burst before it is worth a change, ns."""


@rule("network.zero_window")
def zero_window(capture: Capture) -> Iterator[Finding]:
    """Find readers that do not keep up: their closed windows make the sender wait."""
    packets, streams = capture.packets, capture.streams
    two = (len(streams), 2)
    times, probes = np.zeros(two, np.int32), np.zeros(two, np.int32)
    total, longest = np.zeros(two, np.int64), np.zeros(two, np.int64)
    first = np.full(two, -1, np.int64)
    closed_windows(
        packets.ip_protocol, packets.stream, packets.direction, packets.time, packets.tcp_flags,
        packets.window, capture.tcp.analysis, streams.flipped, streams.reset, times, total, longest,
        first, probes,
    )  # fmt: skip
    rows, side = np.nonzero(total >= _NOTICED)
    if not len(rows):
        brief = np.flatnonzero(times.any(axis=1))
        if len(brief):
            yield _brief(brief, times[brief], int(longest.max()), first[brief])
        return
    order = np.argsort(-total[rows, side], kind="stable")
    rows, side = rows[order], side[order]
    stalled = total[rows, side] >= _STALLED
    # Where the connection was reset while the window was closed, that is told of the reset.
    left = stalled & (capture.endings.closed[rows, side] >= 0) & (streams.reset[rows] >= 0)
    counted_ = int(np.count_nonzero(stalled & ~left))
    carrying = int(np.count_nonzero((capture.endings.last_payload >= 0).any(axis=1)))
    share = among(counted_, carrying)
    enough = counted_ and (counted_ >= _LEAST or share.value >= _WEIGHT) and share.low >= _FAILING
    verdict = Verdict.LIKELY if enough else Verdict.POSSIBLE
    worst = int(rows[0])
    reader = address(capture, int(streams.address[worst, side[0]]))
    sender = end(
        capture, int(streams.address[worst, 1 - side[0]]), int(streams.port[worst, 1 - side[0]])
    )
    span = int(streams.stop_ns[worst] - streams.start_ns[worst])
    asked = int(probes[rows, side].sum())
    yield Finding(
        "network.zero_window",
        verdict,
        Severity.MEDIUM if enough else Severity.LOW,
        f"{reader} reads too slowly: its window was closed for {human_ns(total[worst, side[0]])}",
        f"{counted(len(rows), 'connection')} of {human_count(carrying)} ({named(rows)}) had a "
        f"closed window for {human_ns(_NOTICED)} or more; the worst, tcp.stream {worst}, "
        f"{counted(int(times[worst, side[0]]), 'time')}, {human_ns(longest[worst, side[0]])} at a "
        f"time, from frame {int(first[worst, side[0]]) + 1}, in {human_ns(span)}. "
        f"{counted(asked, 'packet')} of the sender asked meanwhile whether it is open again. The "
        f"receive buffer is full because the program at {reader} does not read; what "
        f"{sender} sends waits there, and the network is not the reason."
        + (
            f" Reset while it was closed: {counted(int(np.count_nonzero(left)), 'connection')} "
            "(network.connection_reset)."
            if left.any()
            else ""
        )
        + caveats(capture, "dropped"),
        proof(rows, first[rows, side]),
        f"{in_wireshark(rows, 'tcp.analysis.zero_window || tcp.analysis.window_update')}. Profile "
        f"the reader at {reader}: what does it do instead of reading (a lock, a slow disk, a "
        "consumer that is full)? ss -tm there shows its receive buffers.",
    )


def _brief(brief: np.ndarray, times: np.ndarray, longest: int, first: np.ndarray) -> Finding:
    return Finding(
        "network.zero_window",
        Verdict.CLEARED,
        Severity.LOW,
        f"{counted(int(times.sum()), 'closed window')}, opened again within {human_ns(longest)}",
        f"{counted(len(brief), 'connection')} ({named(brief)}) closed a window for a moment: that "
        "is how TCP slows a sender down, and it costs little.",
        proof(brief, first.max(axis=1)),
        f"{in_wireshark(brief[:2], 'tcp.analysis.zero_window')}. Nothing to do.",
    )


@rule("network.slow_start_idle")
def slow_start_idle(capture: Capture) -> Iterator[Finding]:
    """Find connections that are kept, but begin with a small window after every pause."""
    packets, streams = capture.packets, capture.streams
    two = (len(streams), 2)
    count, rounds = np.zeros(two, np.int32), np.zeros(two, np.int32)
    first = np.full(two, -1, np.int64)
    small, large = np.zeros(two, np.int64), np.zeros(two, np.int64)
    rtt = np.where(streams.first_rtt_ns >= _LEAST_RTT, streams.first_rtt_ns, 0)
    idle_restarts(
        packets.ip_protocol, packets.stream, packets.direction, packets.time,
        packets.payload_length, capture.tcp.analysis, streams.flipped, rtt, count, rounds, first,
        small, large,
    )  # fmt: skip
    rows, side = np.nonzero(count)
    if not len(rows):
        return
    cost = (rounds[rows, side] * rtt[rows]).astype(np.float64)
    order = np.argsort(-cost, kind="stable")
    rows, side, cost = rows[order], side[order], cost[order]
    bursts = int(count[rows, side].sum())
    each = float(cost.sum() / bursts)
    carrying = int(np.count_nonzero((capture.endings.last_payload >= 0).any(axis=1)))
    weighs = len(rows) >= _LEAST or len(rows) >= _WEIGHT * carrying
    enough = each >= _COST and bursts >= 2 and weighs and among(len(rows), carrying).low >= _FAILING
    worst, sends = int(rows[0]), int(side[0])
    sender = address(capture, int(streams.address[worst, sends]))
    yield Finding(
        "network.slow_start_idle",
        Verdict.LIKELY if enough else Verdict.POSSIBLE,
        Severity.MEDIUM if enough else Severity.LOW,
        f"{sender} starts slowly again after each pause: about {human_ns(each)} more for "
        f"{counted(bursts, 'answer')}",
        f"{counted(len(rows), 'connection')} of {human_count(carrying)} ({named(rows)}). In "
        f"tcp.stream {worst} up to {human_bytes(int(large[worst, sends]))} were on the way at once "
        f"before; after the pause that ends with frame {int(first[worst, sends]) + 1} the first "
        f"flight was {human_bytes(int(small[worst, sends]))}, and the window had to grow again. "
        f"With a round trip of {human_ns(int(rtt[worst]))} that made "
        f"{human_count(int(rounds[worst, sends]))} more of them in "
        f"{counted(int(count[worst, sends]), 'burst')}." + caveats(capture, "dropped", "offload"),
        proof(rows, first[rows, side]),
        f"{in_wireshark(rows[:1])}, Statistics, TCP Stream Graphs, Time Sequence. On {sender}: "
        "sysctl net.ipv4.tcp_slow_start_after_idle=0, if the path has room for such bursts.",
    )


RULES: tuple[Rule, ...] = (zero_window, slow_start_idle)
