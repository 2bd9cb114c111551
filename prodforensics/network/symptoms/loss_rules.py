"""Findings on packets that do not arrive: retransmission, and packets too large for the path."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from prodforensics.display.tables import human_count
from prodforensics.findings import Finding, Rule, Severity, Verdict, rule
from prodforensics.kernels.gap_delays import gap_delays
from prodforensics.kernels.large_segments import follow_large_segments
from prodforensics.network.packets import SYN
from prodforensics.network.quality import seen_twice
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
from prodforensics.network.tcp_analysis import FLAGS
from prodforensics.statistics import Share

if TYPE_CHECKING:
    from prodforensics.network.model import Capture

__all__ = ["RULES", "too_large"]

_SECOND = 1_000_000_000
_LIKELY, _POSSIBLE = 0.01, 0.001
"""Shares of the segments. One in a hundred limits a connection of 50 ms to about 3 Mbit/s (Mathis'
law: 1.22 MSS / (RTT sqrt(loss))), and each costs a request one round trip or 200 ms."""
_LEAST = 5
_PART = 0.05
"""A path counts alone from this share of the capture's segments."""
_VAIN = 3
_ROUND_TRIP = 0.8  # of the first round trip: later ones may be quicker
_UNKNOWN_RTT = 50_000_000  # ns; of a connection that began before the capture
_ICMP, _ICMPV6 = 1, 58


@rule("network.retransmission")
def retransmission(capture: Capture) -> Iterator[Finding]:
    """Find segments that are sent again because they were lost, came late, or came twice."""
    counts = _counts(capture)
    if not counts.segments.sum():
        return
    lost = among(int(counts.lost.sum()), int(counts.segments.sum()))
    path, worst = _worst_path(capture, counts)
    found = max(lost, worst, key=lambda one: one.low)
    enough = int(counts.lost.sum()) >= _LEAST
    if enough and found.low >= _LIKELY:
        yield _lossy(capture, counts, lost, path, worst, Verdict.LIKELY)
    elif enough and lost.value >= _POSSIBLE:
        yield _lossy(capture, counts, lost, path, worst, Verdict.POSSIBLE)
    else:
        yield from _disordered(capture, counts)


class _Counts(NamedTuple):
    """Segments with payload of each side of each stream, int64[streams, 2], and their packets."""

    segments: np.ndarray
    lost: np.ndarray
    spurious: np.ndarray
    disordered: np.ndarray
    gaps: np.ndarray
    packets: dict[str, np.ndarray]


def _counts(capture: Capture) -> _Counts:
    packets, found = capture.packets, capture.tcp.analysis
    streams = capture.streams
    carrying = (packets.ip_protocol == 6) & (packets.payload_length > 0) & (packets.stream >= 0)
    carrying &= packets.tcp_flags & SYN == 0
    rows = np.flatnonzero(carrying & ~seen_twice(packets))
    bits = found[rows]
    # Not lost on the path: what nobody takes any more, and what ICMP asked to send smaller.
    ignored = np.zeros(len(streams), np.bool_)
    ignored[too_large(capture).streams] = True
    ignored |= (capture.endings.unheard_again >= _VAIN).any(axis=1)
    late = _came_late(capture, rows)
    again = bits & (_bit("retransmission") | _bit("fast_retransmission")) != 0
    again |= late
    again &= ~ignored[packets.stream[rows]]
    disordered = (bits & _bit("out_of_order") != 0) & ~late
    for kind in (again, disordered):
        kind[kind] = ~_asked_by_icmp(capture, rows[kind])
    kinds = {
        "lost": again,
        "spurious": bits & _bit("spurious_retransmission") != 0,
        "disordered": disordered,
        "gaps": bits & _bit("lost_segment") != 0,
    }
    side = packets.direction[rows].astype(np.int64) ^ streams.flipped[packets.stream[rows]]
    place = packets.stream[rows].astype(np.int64) << 1 | side

    def count(which: np.ndarray) -> np.ndarray:
        return np.bincount(place[which], minlength=2 * len(streams)).reshape(-1, 2)

    sums = {name: count(which) for name, which in kinds.items()}
    return _Counts(
        count(np.ones(len(rows), np.bool_)),
        **sums,
        packets={name: rows[which] for name, which in kinds.items()},
    )


def _came_late(capture: Capture, rows: np.ndarray) -> np.ndarray:
    """Return which packets that Wireshark calls out of order were sent again, bool[rows].

    A packet that was overtaken comes soon after; one that was lost comes a round trip after the
    gap was seen, since its sender must first hear of the gap.
    """
    packets, streams = capture.packets, capture.streams
    late = np.zeros(len(rows), np.bool_)
    mixed = np.flatnonzero(capture.tcp.analysis[rows] & _bit("out_of_order"))
    if not len(mixed):
        return late
    slot = np.full(len(streams), -1, np.int64)
    which = np.unique(packets.stream[rows[mixed]])
    slot[which] = np.arange(len(which))
    delay = np.full(len(packets), -1, np.int64)
    gap_delays(
        packets.ip_protocol, packets.stream, packets.direction, packets.time, packets.tcp_flags,
        packets.sequence, packets.payload_length, slot, len(which), delay,
    )  # fmt: skip
    chosen = rows[mixed]
    rtt = streams.first_rtt_ns[packets.stream[chosen]]
    late[mixed] = delay[chosen] >= np.where(rtt > 0, rtt * _ROUND_TRIP, _UNKNOWN_RTT)
    return late


def _bit(name: str) -> int:
    return 1 << FLAGS.index(name)


def _asked_by_icmp(capture: Capture, rows: np.ndarray) -> np.ndarray:
    """Return which packets were sent within a second of ICMP asking their sender for smaller."""
    packets = capture.packets
    told = _too_big_messages(capture)
    if not len(told) or not len(rows):
        return np.zeros(len(rows), np.bool_)
    time = packets.time[told]
    before = np.searchsorted(time, packets.time[rows], side="right") - 1
    soon = (before >= 0) & (packets.time[rows] - time[np.maximum(before, 0)] <= _SECOND)
    return soon & np.isin(packets.source[rows], packets.destination[told])


def _too_big_messages(capture: Capture) -> np.ndarray:
    packets = capture.packets
    told = (packets.ip_protocol == _ICMP) & (packets.icmp_type == 3) & (packets.icmp_code == 4)
    told |= (packets.ip_protocol == _ICMPV6) & (packets.icmp_type == 2)
    return np.flatnonzero(told)


def _worst_path(capture: Capture, counts: _Counts) -> tuple[tuple[int, int], Share]:
    """Return the sender and receiver with the most loss, of those that carry a good part."""
    sender = capture.streams.address.astype(np.int64)
    key = (sender << 32 | sender[:, ::-1]).ravel()
    paths, place = np.unique(key, return_inverse=True)
    segments = np.bincount(place, counts.segments.ravel())
    lost = np.bincount(place, counts.lost.ravel())
    busy = np.flatnonzero((segments >= _PART * segments.sum()) & (lost >= _LEAST))
    if not len(busy):
        busy = np.array([lost.argmax()])
    shares = [among(int(lost[one]), int(segments[one])) for one in busy]
    best = max(range(len(busy)), key=lambda one: shares[one].low)
    path = int(paths[busy[best]])
    return (path >> 32, path & 0xFFFFFFFF), shares[best]


def _lossy(
    capture: Capture, counts: _Counts, lost: Share, path: tuple[int, int], worst: Share,
    verdict: Verdict,
) -> Finding:  # fmt: skip
    rows = counts.packets["lost"]
    per_stream = counts.lost.sum(axis=1)
    hit = np.argsort(-per_stream, kind="stable")[: int(np.count_nonzero(per_stream))]
    carrying = int(np.count_nonzero(counts.segments.sum(axis=1)))
    sender, receiver = (address(capture, one) for one in path)
    fast = int(np.count_nonzero(capture.tcp.analysis[rows] & _bit("fast_retransmission")))
    gaps = int(counts.gaps.sum())
    said = (
        f"{human_count(len(rows))} of {human_count(lost.samples)} segments with payload, {lost}, "
        f"in {counted(len(hit), 'connection')} of {human_count(carrying)} ({named(hit)}; frame "
        f"{int(rows[0]) + 1} the first). Most of it from {sender} to {receiver}: {worst} of its "
        f"segments. {counted(fast, 'segment')} came again quickly, by duplicate ACKs; the others "
        "had to wait for a timer, 200 ms and more on Linux. "
        + (
            f"{counted(gaps, 'gap')} show segments that were lost before they came to the place of "
            "capture; the others were lost behind it."
            if gaps
            else "No gap: all were lost behind the place of capture."
        )
    )
    if verdict is Verdict.POSSIBLE:
        said += " That is little: the internet is never without."
    return Finding(
        "network.retransmission",
        verdict,
        Severity.LOW
        if verdict is Verdict.POSSIBLE
        else Severity.HIGH
        if lost.value >= 0.05
        else Severity.MEDIUM,
        f"{lost.value:.1%} of the segments are sent again, most from {sender} to {receiver}",
        said + caveats(capture, "dropped", "missed_bytes", "offload", "duplicates", "one_sided"),
        proof(hit, rows),
        f"{in_wireshark(hit, 'tcp.analysis.retransmission')}. Find where: capture at both ends and "
        "compare (pf.compare), mtr --tcp along the path, ip -s link and ethtool -S on the hosts.",
    )


def _disordered(capture: Capture, counts: _Counts) -> Iterator[Finding]:
    """Tell of segments that came twice or out of order, while next to nothing was lost."""
    segments = int(counts.segments.sum())
    for kind, title, why in (
        (
            "spurious",
            "were sent again though their receiver had them",
            "The receiver had acknowledged them before: the packet was duplicated on the way, or "
            "its acknowledgment came late (a pause, a path that got slower).",
        ),
        (
            "disordered",
            "came out of order, but were not lost",
            "Packets took different ways (several links bundled, several queues of a network "
            "card) and overtook each other. Duplicate ACKs follow, and TCP may slow down.",
        ),
    ):
        count = getattr(counts, kind)
        found = among(int(count.sum()), segments)
        if int(count.sum()) < 3 or found.value < _LIKELY:
            continue
        hit = np.flatnonzero(count.sum(axis=1))
        rows = counts.packets[kind]
        flag = {"spurious": "spurious_retransmission", "disordered": "out_of_order"}[kind]
        yield Finding(
            "network.retransmission",
            Verdict.POSSIBLE,
            Severity.LOW,
            f"{found.value:.1%} of the segments {title}",
            f"{human_count(found.value * segments)} of {human_count(segments)} segments, {found}, "
            f"in {counted(len(hit), 'connection')} ({named(hit)}; frame {int(rows[0]) + 1} the "
            f"first). {why} {human_count(int(counts.lost.sum()))} were lost."
            + caveats(capture, "dropped", "offload", "duplicates"),
            proof(hit, rows),
            in_wireshark(hit, f"tcp.analysis.{flag}"),
        )
        return


class _Large(NamedTuple):
    """Streams whose large segments never arrive, the side that sends them, and more of each."""

    streams: np.ndarray
    side: np.ndarray
    again: np.ndarray
    size: np.ndarray
    first: np.ndarray
    arrived: np.ndarray


def too_large(capture: Capture) -> _Large:
    """Return the connections whose large segments are sent in vain, and small ones are not.

    Parameters
    ----------
    capture : Capture
    """
    packets, streams = capture.packets, capture.streams
    two = (len(streams), 2)
    again, size, arrived = (np.zeros(two, np.int32) for _ in range(3))
    first = np.full(two, -1, np.int64)
    follow_large_segments(
        packets.ip_protocol, packets.stream, packets.direction, packets.tcp_flags, packets.sequence,
        packets.acknowledgment, packets.payload_length, streams.flipped, again, size, first,
        arrived,
    )  # fmt: skip
    heard = streams.packets[:, ::-1] > 0
    rows, side = np.nonzero((again >= _VAIN) & (arrived < size) & heard)
    picked = (one[rows, side] for one in (again, size, first, arrived))
    return _Large(rows, side, *picked)


@rule("network.mtu_black_hole")
def mtu_black_hole(capture: Capture) -> Iterator[Finding]:
    """Find large packets that vanish while small ones pass and nobody says why."""
    found, told = too_large(capture), _too_big_messages(capture)
    if len(found.streams):
        senders = capture.streams.address[found.streams, found.side]
        to_them = np.isin(capture.packets.destination[told], senders)
        yield _black_hole(capture, found, told[to_them])
    elif len(told):
        packets = capture.packets
        sender = address(capture, int(packets.destination[told[0]]))
        yield Finding(
            "network.mtu_black_hole",
            Verdict.CLEARED,
            Severity.LOW,
            f"The path is narrow, and says so: {counted(len(told), 'ICMP message')}",
            f"{sender} was told to send smaller packets (frame {int(told[0]) + 1} the first) and "
            "did: no large segment was sent in vain. The segments that were too large had to be "
            "sent again, once.",
            proof((), told),
            "In Wireshark: icmp.type == 3 && icmp.code == 4 || icmpv6.type == 2",
        )


def _black_hole(capture: Capture, found: _Large, told: np.ndarray) -> Finding:
    streams = capture.streams
    first, side = int(found.streams[0]), int(found.side[0])
    sender = end(capture, int(streams.address[first, side]), int(streams.port[first, side]))
    other = end(capture, int(streams.address[first, 1 - side]), int(streams.port[first, 1 - side]))
    proved, passing = _others_pass(capture, found)
    verdict = Verdict.LIKELY if proved and not len(told) else Verdict.POSSIBLE
    largest = int(found.arrived.max())
    said = (
        f"{named(found.streams)}: a segment of {human_count(int(found.size[0]))} bytes was sent "
        f"again {human_count(int(found.again[0]))} times (frame {int(found.first[0]) + 1} the "
        "first) and never acknowledged, while smaller ones were "
        f"({human_count(largest)} bytes the largest). {passing} "
    )
    said += (
        f"{counted(len(told), 'ICMP message')} (frame {int(told[0]) + 1} the first) ask for smaller"
        " packets, but the sender does not follow them."
        if len(told)
        else "No ICMP message (fragmentation needed, packet too big) says so: a firewall on the "
        "way drops them, or the place of capture is not where they would come."
    )
    return Finding(
        "network.mtu_black_hole",
        verdict,
        Severity.HIGH if verdict is Verdict.LIKELY else Severity.MEDIUM,
        f"Large packets from {sender} to {other} vanish: "
        f"{counted(len(found.streams), 'connection')} stuck",
        said + caveats(capture, "dropped", "one_sided"),
        proof(found.streams, found.first),
        f"{in_wireshark(found.streams, f'tcp.len >= {largest + 1}')}. Find the size that passes: "
        f"ping -M do -s 1372 {other.rpartition(':')[0].strip('[]')}; let ICMP 3/4 pass the "
        "firewalls, or clamp the MSS (tcp-mss-clamp), or set net.ipv4.tcp_mtu_probing=1.",
    )


def _others_pass(capture: Capture, found: _Large) -> tuple[bool, str]:
    """Say whether the same two hosts still exchanged small packets when large ones vanished."""
    packets, streams = capture.packets, capture.streams
    stream, side = int(found.streams[0]), int(found.side[0])
    start = int(found.first[0])
    sender, receiver = (int(streams.address[stream, one]) for one in (side, 1 - side))
    back = packets.source[start:] == receiver
    back &= packets.destination[start:] == sender
    answers = start + np.flatnonzero(back)
    if len(answers):
        return True, (
            f"The path works meanwhile: {counted(len(answers), 'packet')} came back from the same "
            f"host, frame {int(answers[0]) + 1} the first."
        )
    if found.arrived[0] > 0:
        return False, "Nothing came back from the host since, so it may have vanished as well."
    return False, "Nothing was heard of the host since."


RULES: tuple[Rule, ...] = (retransmission, mtu_black_hole)
