"""Findings on answers that are late now and then: because of the server, or of the path."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from prodforensics.display.tables import human_count, human_ns
from prodforensics.findings import Finding, Rule, Severity, Verdict, rule
from prodforensics.network.symptoms.waits import Waits, crowd, slow_services
from prodforensics.network.symptoms.wording import caveats, counted, end, in_wireshark, named, proof

if TYPE_CHECKING:
    from prodforensics.network.model import Capture

__all__ = ["RULES"]

_MOST = 3
_MOSTLY, _HARDLY = 0.5, 0.2
"""Shares of the delay from which the path made it, and up to which it did not."""
_LEAST = 3
_EXPECTED, _MEANWHILE = 3.0, 0.15
_LONGEST = 20_000_000_000
_LEAST_ROUND_TRIPS = 5
_DELAYED_ACK = 50_000_000
"""ns: an ACK without payload may wait 40 ms on Linux."""


@rule("network.latency_variance")
def latency_variance(capture: Capture) -> Iterator[Finding]:
    """Tell whether late answers wait on the path, or in a server that pauses."""
    for waits in slow_services(capture, _MOST):
        share = _share_of_path(waits)
        if share >= _MOSTLY:
            yield _congested(capture, waits, share)
        else:
            yield _server(capture, waits, share)


def _share_of_path(waits: Waits) -> float:
    """Return which share of the delay of slow answers the path made; -1 where nothing tells."""
    slow = waits.slow
    excess, late = waits.wait[slow] - waits.median, waits.late[slow]
    known = late >= 0
    if np.count_nonzero(known) >= _LEAST:
        # Up to a tick of the sender's clock is no delay.
        return float(late[known].sum() / excess[known].sum())
    trips = waits.round_trips
    if len(trips) < _LEAST_ROUND_TRIPS:
        return -1.0
    spread = float(np.quantile(trips, 0.9) - np.quantile(trips, 0.1))
    return 0.0 if spread < _DELAYED_ACK else spread / float(np.median(excess))


def _said(capture: Capture, waits: Waits) -> str:
    slow = waits.slow
    streams = np.unique(capture.packets.stream[waits.asked[slow]])
    worst = np.argmax(waits.wait)
    trips = waits.round_trips
    said = (
        f"{human_count(int(np.count_nonzero(slow)))} of {counted(len(slow), 'answer')} took "
        f"{human_ns(int(waits.wait[slow].min()))} to {human_ns(int(waits.wait.max()))}, where the "
        f"median is {human_ns(waits.median)} ({named(streams)}; the slowest is asked in frame "
        f"{int(waits.asked[worst]) + 1} and answered in frame {int(waits.answered[worst]) + 1}). "
    )
    if len(trips):
        low, high = np.quantile(trips, [0.1, 0.9])
        said += (
            f"Round trips to it, by {counted(len(trips), 'ACK')} without payload, were "
            f"{human_ns(low)} to {human_ns(high)} (nine of ten; 40 ms of it can be a delayed ACK). "
        )
    return said


def _rows(capture: Capture, waits: Waits) -> dict[str, list[int]]:
    """Return the streams of slow answers and their packets, the slowest first."""
    order = np.argsort(-waits.wait, kind="stable")[: min(int(np.count_nonzero(waits.slow)), 25)]
    streams = dict.fromkeys(capture.packets.stream[waits.asked[order]].tolist())
    return proof(streams, [*waits.asked[order], *waits.answered[order]])


def _service(capture: Capture, waits: Waits) -> str:
    streams, one = capture.streams, waits.stream
    return end(capture, int(streams.address[one, 1]), int(streams.port[one, 1]))


def _congested(capture: Capture, waits: Waits, share: float) -> Finding:
    rows = _rows(capture, waits)
    slow = waits.late[waits.slow]
    late = (
        f"By TCP's timestamps the answers themselves were on their way up to "
        f"{human_ns(int(slow.max()))} longer than others: {min(share, 1):.0%} of the delay. "
        if slow.max() >= 0
        else "The round trips vary as much as the answers do. "
    )
    return Finding(
        "network.latency_variance",
        Verdict.LIKELY,
        Severity.MEDIUM,
        f"Answers of {_service(capture, waits)} wait on the path: up to "
        f"{human_ns(int(waits.wait.max()))} instead of {human_ns(waits.median)}",
        f"{_said(capture, waits)}{late}A queue on the path fills (congestion)."
        + caveats(capture, "dropped", "clock_jumps"),
        rows,
        f"{in_wireshark(rows['connections'], 'tcp.len > 0')}. See who fills the link meanwhile: "
        "capture.throughput('100ms'); then limit that, or let a fair queue (fq_codel, cake) "
        "stand before the narrow link.",
    )


def _server(capture: Capture, waits: Waits, share: float) -> Finding:
    """Tell of delays that the path did not make: the server paused, or some requests are slow."""
    observed, expected, pauses = crowd(capture, waits)
    steady = 0 <= share <= _HARDLY
    paused = expected >= _EXPECTED and observed <= _MEANWHILE * expected and pauses > 1
    # No collector takes so long; who waits for an event does.
    paused &= bool(np.median(waits.wait[waits.slow]) <= _LONGEST)
    verdict = Verdict.LIKELY if steady and paused else Verdict.POSSIBLE
    rows, who = _rows(capture, waits), _service(capture, waits)
    path = (
        f"The path made {share:.0%} of the delay, by timestamps or round trips: it is steady."
        if steady
        else "How much of it the path made is not clear."
        if share < 0
        else f"The path made {share:.0%} of it."
    )
    meanwhile = (
        f"While they waited the server answered {human_count(observed)} others; at its usual pace "
        f"it would have been {human_count(round(expected))}. "
    )
    why = (
        f"So everybody waited, in {counted(pauses, 'pause')}: garbage collection, a blocked event "
        "loop, a lock that all need, or a CPU limit."
        if paused
        else "So these requests are slow, not the server as a whole: a query, a lock, a cache miss."
        if observed
        else "Too few were asked to tell whether everybody waited."
    )
    return Finding(
        "network.latency_variance",
        verdict,
        Severity.MEDIUM if verdict is Verdict.LIKELY else Severity.LOW,
        f"{who} pauses: answers take up to {human_ns(int(waits.wait.max()))} instead of "
        f"{human_ns(waits.median)}"
        if paused
        else f"Some answers of {who} take up to {human_ns(int(waits.wait.max()))} instead of "
        f"{human_ns(waits.median)}",
        f"{_said(capture, waits)}{path} {meanwhile}{why}" + caveats(capture, "dropped"),
        rows,
        f"{in_wireshark(rows['connections'], 'tcp.len > 0')}. Put the times of the slow answers "
        "beside the server's log of garbage collection, or profile it by wall-clock time.",
    )


RULES: tuple[Rule, ...] = (latency_variance,)
