"""How long answers were waited for, and whether the path or the server took the time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from prodforensics.kernels.path_delays import path_delays
from prodforensics.kernels.turnarounds import turnarounds
from prodforensics.network.symptoms.wording import services

if TYPE_CHECKING:
    from prodforensics.network.model import Capture

__all__ = ["Waits", "crowd", "slow_services"]

_LEAST_ANSWERS = 20
_LEAST_SLOW = 3
_SLOW_SHARE = 0.01
_POLLING = 0.5
_SLOW_NS = 100_000_000
"""An answer is slow when it took 100 ms and twice the median more than the median."""


@dataclass(frozen=True)
class Waits:
    """The answers of one service.

    Attributes
    ----------
    stream : int
        A stream that asked it.
    asked, answered : int64[k]
        Places of the last packet of each request and of the first one of its answer.
    wait : int64[k]
        Time between, ns.
    late : int64[k]
        How much of it the answer itself was on its way longer than others, by TCP's timestamps;
        -1 where they do not tell.
    slow : bool[k]
    median : int
        ns.
    round_trips : int64[r]
        Of the service's ACKs without payload, ns.
    """

    stream: int
    asked: np.ndarray
    answered: np.ndarray
    wait: np.ndarray
    late: np.ndarray
    slow: np.ndarray
    median: int
    round_trips: np.ndarray


def slow_services(capture: Capture, most: int) -> list[Waits]:
    """Return the services of which some answers are far slower than most, the worst first.

    Only answers count around which nothing was lost.

    Parameters
    ----------
    capture : Capture
    most : int
        How many services.
    """
    packets, streams = capture.packets, capture.streams
    count = int(np.count_nonzero((packets.payload_length > 0) & (packets.ip_protocol == 6)))
    asked, answered = np.empty(count, np.int64), np.empty(count, np.int64)
    sound = np.empty(count, np.bool_)
    found = turnarounds(
        packets.ip_protocol, packets.stream, packets.direction, packets.payload_length,
        capture.tcp.analysis, streams.flipped, asked, answered, sound,
    )  # fmt: skip
    asked, answered = asked[:found][sound[:found]], answered[:found][sound[:found]]
    if len(asked) < _LEAST_ANSWERS:
        return []
    wait = packets.time[answered] - packets.time[asked]
    service = services(streams)
    _, place, size = np.unique(
        service[packets.stream[asked]], return_inverse=True, return_counts=True
    )
    longest = np.zeros(len(size), np.int64)
    np.maximum.at(longest, place, wait)
    order = np.argsort(place, kind="stable")
    start = np.cumsum(size) - size
    found_slow = []
    for one in np.flatnonzero((size >= _LEAST_ANSWERS) & (longest > _SLOW_NS)):
        rows = order[start[one] : start[one] + size[one]]
        median = int(np.median(wait[rows]))
        is_slow = wait[rows] > median + max(_SLOW_NS, 2 * median)
        is_slow &= ~_always_slow(packets.stream[asked[rows]], is_slow)
        if np.count_nonzero(is_slow) >= max(_LEAST_SLOW, _SLOW_SHARE * len(rows)):
            found_slow.append((int(wait[rows][is_slow].sum()), rows, median, is_slow))
    found_slow.sort(key=lambda one: -one[0])
    delay = _delays(capture) if found_slow else None
    slow: list[Waits] = []
    for _, rows, median, is_slow in found_slow[:most]:
        stream = int(packets.stream[asked[rows[0]]])
        trips = _round_trips(capture, service == service[stream])
        late = delay[answered[rows]]
        slow.append(
            Waits(stream, asked[rows], answered[rows], wait[rows], late, is_slow, median, trips)
        )
    return slow


def _always_slow(stream: np.ndarray, slow: np.ndarray) -> np.ndarray:
    """Return which answers came on connections whose answers are mostly slow: long polls."""
    _, place, count = np.unique(stream, return_inverse=True, return_counts=True)
    share = np.bincount(place, slow) / count
    return ((share >= _POLLING) & (count >= _LEAST_SLOW))[place]


def _delays(capture: Capture) -> np.ndarray:
    packets = capture.packets
    delay = np.full(len(packets), -1, np.int64)
    path_delays(
        packets.ip_protocol, packets.stream, packets.direction, packets.time, packets.tcp_flags,
        packets.timestamp_value, len(capture.streams), delay,
    )  # fmt: skip
    return delay


def _round_trips(capture: Capture, mine: np.ndarray) -> np.ndarray:
    """Return the round trips to a service, by ACKs that do not wait for an answer."""
    packets, streams, rtt = capture.packets, capture.streams, capture.tcp.ack_rtt_ns
    rows = np.flatnonzero((rtt >= 0) & (packets.payload_length == 0))
    stream = packets.stream[rows]
    from_service = (packets.direction[rows] ^ streams.flipped[stream]) == 1
    return rtt[rows[from_service & mine[stream]]]


def crowd(capture: Capture, waits: Waits) -> tuple[int, float, int]:
    """Count how many others were answered while slow answers were waited for.

    Parameters
    ----------
    capture : Capture
    waits : Waits

    Returns
    -------
    observed : int
        Answers of the service to other connections during the slow waits.
    expected : float
        How many there would have been at the pace of the whole capture.
    pauses : int
        Waits that do not overlap.
    """
    time = capture.packets.time
    moments = np.sort(time[waits.answered])
    begin = time[waits.asked[waits.slow]] + waits.median
    # Those who waited together are answered together at the end.
    end = time[waits.answered[waits.slow]] - np.minimum(waits.wait[waits.slow] // 4, _SLOW_NS // 4)
    end = np.maximum(end, begin)
    inside = np.searchsorted(moments, end) - np.searchsorted(moments, begin)
    order = np.argsort(begin, kind="stable")
    reach = np.maximum.accumulate(end[order])
    pauses = 1 + int(np.count_nonzero(begin[order][1:] > reach[:-1]))
    busy = max(int(moments[-1] - moments[0]), 1)
    others = 1 - 1 / len(np.unique(capture.packets.stream[waits.asked]))
    pace = len(moments) / busy * others
    return int(inside.sum()), float(pace * (end - begin).sum()), pauses
