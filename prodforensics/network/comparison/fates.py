"""Why a packet was seen at one end of a path alone."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np

from prodforensics.network.comparison.matching import TCP, times

if TYPE_CHECKING:
    from prodforensics.network.comparison.both_ends import BothEnds

__all__ = ["APPEARED", "LOST", "OUTSIDE", "REASONS", "RESEGMENTED", "Alone", "alone"]

REASONS = ("lost", "appeared", "resegmented", "outside")
LOST, APPEARED, RESEGMENTED, OUTSIDE = range(4)
_SHARE_OF_SLOW = 0.99


@dataclass(frozen=True)
class Alone:
    """Packets that one end alone saw, in the order of time.

    Attributes
    ----------
    end : int8[k]
        0 the base, 1 the other end.
    row : int64[k]
        Place in that capture.
    stream : int64[k]
        Its number in that capture.
    group : int64[k]
        See `prodforensics.network.comparison.matching.End`.
    stray : bool[k]
        Whether the other capture lacks the whole stream; the group is that of one like it.
    to_other : bool[k]
        Whether it was on its way to the other end.
    time : int64[k]
        When it was seen, by the base's clock, ns.
    payload : int32[k]
    flags : uint16[k]
    reason : int8[k]
        Place in `REASONS`.
    """

    end: np.ndarray
    row: np.ndarray
    stream: np.ndarray
    group: np.ndarray
    stray: np.ndarray
    to_other: np.ndarray
    time: np.ndarray
    payload: np.ndarray
    flags: np.ndarray
    reason: np.ndarray

    def take(self, rows: np.ndarray) -> Alone:
        """Return some of them."""
        return replace(self, **{one.name: getattr(self, one.name)[rows] for one in fields(self)})


def alone(both: BothEnds) -> Alone:
    """Tell why packets have no match at the other end."""
    captures = (both.base, both.other)
    places = (both.same.base_alone, both.same.other_alone)
    parts = []
    for end, (capture, mine) in enumerate(zip(captures, places, strict=True)):
        side, stray, packets = both.pairs.ends[end], both.pairs.strays[end], capture.packets
        row = np.concatenate([side.rows[mine], stray.rows])
        group = np.concatenate([side.group[mine], stray.group])
        time = times(capture)[row]
        if end:
            # As far ahead as the clock was by then; its drift within the offset is nothing.
            time = time - both.clock.ahead(time - both.clock.offset_ns)
        parts.append(
            (
                np.full(len(row), end, np.int8), row, packets.stream[row], group,
                np.arange(len(row)) >= len(mine), both.pairs.to_other[group], time,
                packets.payload_length[row], packets.tcp_flags[row], packets.sequence[row],
            )
        )  # fmt: skip
    columns = [np.concatenate(one) for one in zip(*parts, strict=True)]
    order = np.argsort(columns[6], kind="stable")
    *columns, sequence = (one[order] for one in columns)
    found = Alone(*columns, np.zeros(len(order), np.int8))
    return replace(found, reason=_reasons(both, found, sequence))


def _reasons(both: BothEnds, found: Alone, sequence: np.ndarray) -> np.ndarray:
    # Who saw it is its sender's end, or else it came out of a path that it never went into.
    by_sender = (found.end == 0) == found.to_other
    reason = np.where(by_sender, LOST, APPEARED).astype(np.int8)
    reason[_resegmented(both, found, sequence)] = RESEGMENTED
    delay = both.delay_ns
    for to_other in (True, False):
        mine = found.to_other == to_other
        taken = delay[both.to_other == to_other]
        if not len(taken):
            continue
        least, slow = int(taken.min()), int(np.quantile(taken, _SHARE_OF_SLOW))
        for sender in (True, False):
            rows = mine & (by_sender == sender)
            begin, end = _span(both, 1 - found.end[rows][0]) if rows.any() else (0, 0)
            when = found.time[rows]
            # When the other end would have seen it, at the earliest and at the latest.
            early, late = (when + least, when + slow) if sender else (when - slow, when - least)
            reason[np.flatnonzero(rows)[(early < begin) | (late > end)]] = OUTSIDE
    return reason


def _span(both: BothEnds, end: int) -> tuple[int, int]:
    """Return when a capture began and ended, by the base's clock."""
    time = times((both.base, both.other)[end])
    begin, stop = int(time.min()), int(time.max())
    if not end:
        return begin, stop
    ahead = both.clock.ahead(np.array([begin, stop]) - both.clock.offset_ns)
    return begin - int(ahead[0]), stop - int(ahead[1])


def _resegmented(both: BothEnds, found: Alone, sequence: np.ndarray) -> np.ndarray:
    """Return which segments came in another cut: both of their edges are in ones of the other end.

    Cards and kernels cut and join segments after a capture by the sender, or before one by the
    receiver (TSO, GRO).
    """
    of_tcp = (both.pairs.protocol[found.group // 2] == TCP) & ~found.stray
    mine = np.flatnonzero((found.payload > 0) & of_tcp)
    answer = np.zeros(len(found.row), np.bool_)
    if not len(mine):
        return answer
    group, end, size = found.group[mine], found.end[mine], found.payload[mine].astype(np.int64)
    # Numbers from the first of its direction on, so that they do not turn over.
    base = np.full(len(both.pairs.to_other), -1, np.int64)
    first = np.unique(group, return_index=True)
    base[first[0]] = sequence[mine][first[1]]
    offset = sequence[mine].astype(np.int64) - base[group]
    offset = (offset + 2**31) % 2**32  # from 0, whatever comes first
    start = group * 2**33 + offset
    for seen_by in (0, 1):
        theirs = end != seen_by
        begin = np.sort(start[theirs])
        stop = (start + size)[theirs][np.argsort(start[theirs], kind="stable")]
        if not len(begin):
            continue
        # The furthest that any segment up to here reaches.
        reach = np.maximum.accumulate(stop)
        own = end == seen_by
        whole = np.ones(int(own.sum()), np.bool_)
        for edge in (start[own], start[own] + size[own] - 1):
            place = np.searchsorted(begin, edge, side="right") - 1
            whole &= (place >= 0) & (reach[np.maximum(place, 0)] > edge)
        answer[mine[own]] = whole
    return answer
