"""The same packets in two captures: which streams are one, and which packet is which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from prodforensics.kernels.grouping import group_rows
from prodforensics.kernels.packet_matching import match_equal, packet_keys, stream_keys
from prodforensics.network.quality import seen_twice
from prodforensics.statistics import quantiles

if TYPE_CHECKING:
    from prodforensics.network.model import Capture

__all__ = ["End", "Matched", "Pairs", "matched", "paired", "times"]

TCP, UDP = 6, 17
_FEWEST = 4
_LEAST_SHARE = 0.1
_SAME_IDS = 0.9
_STRIPPED = 0.01  # share of packets whose timestamps something on the path took away
_LARGE = 100_000
_LATEST = 3 * 2**60  # ns: the year 2079


@dataclass(frozen=True)
class End:
    """The packets of one capture that belong to streams of both.

    Attributes
    ----------
    rows : int64[k]
        Places in the capture.
    group : int64[k]
        Twice the number of the pair of streams, and 1 more for what the responder sent.
    """

    rows: np.ndarray
    group: np.ndarray


@dataclass(frozen=True)
class Pairs:
    """Streams that are the same in two captures.

    Attributes
    ----------
    protocol : uint8[p]
        6 TCP or 17 UDP.
    stream : int64[p, 2]
        Number of the stream in the base and in the other capture.
    ends : (End, End)
    strays : (End, End)
        Packets of streams that one capture alone has, between hosts that share others of the same
        service; with the group of such a one. A SYN that is lost leaves no more behind.
    keys : (uint64[k], uint64[m])
        What the packets of the ends are recognised by, with their group.
    turned : bool[p]
        Where the originator of the base's stream is the responder of the other one.
    to_other : bool[groups]
        Which groups the base sees first.
    expected : int64[groups]
        How much later packets are in the other capture, ns, by its own clock: the median.
    """

    protocol: np.ndarray
    stream: np.ndarray
    ends: tuple[End, End]
    strays: tuple[End, End]
    keys: tuple[np.ndarray, np.ndarray]
    turned: np.ndarray
    to_other: np.ndarray
    expected: np.ndarray

    def __len__(self) -> int:
        return len(self.protocol)


@dataclass(frozen=True)
class Matched:
    """Packets by their end: places in `End.rows`.

    Attributes
    ----------
    base, other : int64[k]
        The same packet at both ends.
    unique : bool[k]
        Which of them have no equals, so that they cannot be mistaken for one another.
    base_alone, other_alone : int64[i], int64[j]
        Packets that only one end saw.
    """

    base: np.ndarray
    other: np.ndarray
    unique: np.ndarray
    base_alone: np.ndarray
    other_alone: np.ndarray


def times(capture: Capture) -> np.ndarray:
    """Return when packets were captured, int64[n], within the years of which sums fit, too."""
    return np.clip(capture.packets.time, 0, _LATEST)


def paired(base: Capture, other: Capture) -> Pairs | None:
    """Find the streams that two captures share.

    Streams are recognised by packets that are unique in both: the numbers of TCP's headers, the
    payload of UDP. Addresses and ports do not count, so that translation between the ends does not
    matter.

    Returns
    -------
    Pairs or None
        None where fewer than a tenth of the smaller capture's packets stand in both.
    """
    captures = (base, other)
    stripped = abs(np.subtract(*map(_share_of_timestamps, captures))) > _STRIPPED
    for timestamps in (True, False) if stripped else (True,):
        keys = [_keys(one, timestamps=timestamps) for one in captures]
        if not _may_share(*keys):
            continue
        rows = _unique_in_both(*keys)
        usable = min(np.count_nonzero(one) for one in keys)
        if len(rows[0]) >= max(_FEWEST, _LEAST_SHARE * usable):
            return _pairs(captures, keys, rows)
    return None


def matched(base: Capture, other: Capture, pairs: Pairs) -> Matched:
    """Match the packets of paired streams one by one."""
    sides = []
    for capture, end, keys in zip((base, other), pairs.ends, pairs.keys, strict=True):
        packets, time = capture.packets, times(capture)
        order = np.lexsort((time[end.rows], keys))
        rows = end.rows[order]
        columns = (
            keys[order], end.group[order], packets.payload_length[rows], packets.sequence[rows],
            time[rows],
        )  # fmt: skip
        sides.append((order, columns))
    (order, columns), (other_order, others) = sides
    both = [one for pair in zip(columns, others, strict=True) for one in pair]
    place = np.full(len(order), -1, np.int64)
    match_equal(*both, pairs.expected, place)
    found = place >= 0
    one, two = order[found], other_order[place[found]]
    unique = _alone(columns[0])[found] & _alone(others[0])[place[found]]
    by_time = np.argsort(one, kind="stable")
    one, two, unique = one[by_time], two[by_time], unique[by_time]
    alone = [np.ones(len(end.rows), np.bool_) for end in pairs.ends]
    alone[0][one] = alone[1][two] = False
    return Matched(one, two, unique, *(np.flatnonzero(each) for each in alone))


def _keys(capture: Capture, *, timestamps: bool) -> np.ndarray:
    packets = capture.packets
    keys = np.zeros(len(packets), np.uint64)
    columns = (
        packets.ip_protocol, packets.stream, packets.payload, packets.payload_length,
        packets.payload_captured, packets.fragment, packets.tcp_flags, packets.sequence,
        packets.acknowledgment, packets.timestamp_value, packets.timestamp_echo,
    )  # fmt: skip
    if (packets.ip_protocol == UDP).any():
        with capture.payloads.open() as data:
            packet_keys(data, *columns, timestamps, keys)
    else:
        packet_keys(np.zeros(0, np.uint8), *columns, timestamps, keys)
    # A mirrored port, or a bridge with its interfaces: each packet counts once.
    keys[seen_twice(packets)] = 0
    return keys


def _share_of_timestamps(capture: Capture) -> float:
    of_tcp = capture.packets.ip_protocol == TCP
    told = capture.packets.timestamp_value[of_tcp] >= 0
    return float(told.mean()) if len(told) else 0.0


def _may_share(base: np.ndarray, other: np.ndarray) -> bool:
    """Tell quickly whether any packet may stand in both, by the same sixteenth of each."""
    if min(len(base), len(other)) < _LARGE:
        return True
    sampled = [one[(one & np.uint64(15) == 0) & (one != 0)] for one in (base, other)]
    return bool(np.isin(*sampled).any())


def _unique_in_both(base: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the places of keys that each stand once in both captures."""
    one, rows = _once(base)
    two, others = _once(other)
    place = np.minimum(np.searchsorted(two, one), max(len(two) - 1, 0))
    same = two[place] == one if len(two) else np.zeros(len(one), np.bool_)
    return rows[same], others[place[same]]


def _once(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rows = np.flatnonzero(keys)
    rows = rows[np.argsort(keys[rows])]
    found = keys[rows]
    alone = _alone(found)
    return found[alone], rows[alone]


def _alone(found: np.ndarray) -> np.ndarray:
    """Return which of sorted keys have no equal."""
    new = np.ones(len(found) + 1, np.bool_)
    new[1:-1] = found[1:] != found[:-1]
    return new[:-1] & new[1:]


def _pairs(
    captures: tuple[Capture, Capture],
    keys: list[np.ndarray],
    rows: tuple[np.ndarray, np.ndarray],
) -> Pairs:
    of_all = [_streams(one) for one in captures]
    streams = [every[mine] for every, mine in zip(of_all, rows, strict=True)]
    width = int(of_all[1].max()) + 1
    pair, votes = np.unique(streams[0] * width + streams[1], return_counts=True)
    # A stream has one partner: the one it shares most packets with, if that says so, too.
    most = pair[np.lexsort((pair, -votes))]
    one, other = np.divmod(most, width)
    keep = np.zeros(len(most), np.bool_)
    keep[np.unique(one, return_index=True)[1]] = True
    again = np.zeros(len(most), np.bool_)
    again[np.unique(other, return_index=True)[1]] = True
    one, other = one[keep & again], other[keep & again]
    order = np.argsort(one)
    partners = np.column_stack([one, other])[order]

    ends, strays, numbers = [], [], []
    for side in range(2):
        of_capture = len(captures[side].streams) + len(captures[side].udp_streams)
        number = np.full(of_capture + 1, -1, np.int64)
        number[partners[:, side]] = np.arange(len(partners))
        numbers.append(number)
    sides = [_sides(one) for one in captures]
    pairs_of = [number[mine] for number, mine in zip(numbers, streams, strict=True)]
    shared = (pairs_of[0] >= 0) & (pairs_of[0] == pairs_of[1])
    rows = rows[0][shared], rows[1][shared]
    pair = pairs_of[0][shared]
    # Where a capture begins midstream, its originator may be the other's responder.
    turned = sides[0][rows[0]] != sides[1][rows[1]]
    turned = 2 * np.bincount(pair, turned, len(partners)) > np.bincount(pair, None, len(partners))
    for side, every in enumerate(of_all):
        mine = np.flatnonzero((keys[side] != 0) & (numbers[side][every] >= 0))
        number = numbers[side][every[mine]]
        sent = sides[side][mine] ^ turned[number] if side else sides[side][mine]
        ends.append(End(mine, 2 * number + sent))
        alike = _alike(captures[side], numbers[side])
        stray = np.flatnonzero((keys[side] != 0) & (alike[every] >= 0))
        number = alike[every[stray]]
        sent = sides[side][stray] ^ turned[number] if side else sides[side][stray]
        strays.append(End(stray, 2 * number + sent))

    packets = [one.packets for one in captures]
    group = 2 * pair + sides[0][rows[0]]
    groups = 2 * len(partners)
    later = times(captures[1])[rows[1]] - times(captures[0])[rows[0]]
    to_other, expected = _toward(later, group, groups)
    ids = [one.ip_id[mine] for one, mine in zip(packets, rows, strict=True)]
    told = ids[0] > 0
    same = np.bincount(group[told], ids[0][told] == ids[1][told], groups)
    counting = same > _SAME_IDS * np.bincount(group[told], minlength=groups)
    mixed = []
    for one, end, known in zip(packets, ends, keys, strict=True):
        into = np.empty(len(end.rows), np.uint64)
        stream_keys(known[end.rows], end.group, one.ip_id[end.rows], counting, into)
        mixed.append(into)
    tcp = [len(one.streams) for one in captures]
    protocol = np.where(partners[:, 0] < tcp[0], TCP, UDP).astype(np.uint8)
    stream = partners - np.where(protocol == TCP, 0, 1)[:, None] * np.array(tcp)
    both = (tuple(one) for one in (ends, strays, mixed))
    return Pairs(protocol, stream, *both, turned, to_other, expected)


def _alike(capture: Capture, number: np.ndarray) -> np.ndarray:
    """Return for streams without a partner a pair of the same hosts and service; -1 for none."""
    columns = [
        np.column_stack([np.full(len(one), one.protocol), one.address, one.port[:, 1]])
        for one in (capture.streams, capture.udp_streams)
    ]
    group, first = group_rows(np.concatenate(columns).astype(np.int64))
    number = number[: len(group)]
    partner = np.full(len(first), -1, np.int64)
    known = np.flatnonzero(number >= 0)[::-1]
    partner[group[known]] = number[known]
    # The last place is that of packets without a stream.
    return np.append(np.where(number < 0, partner[group], -1), -1)


def _streams(capture: Capture) -> np.ndarray:
    """Return the stream of each packet, those of UDP after those of TCP; -1 for none."""
    packets = capture.packets
    stream = packets.stream.astype(np.int64)
    stream[(packets.ip_protocol == UDP) & (stream >= 0)] += len(capture.streams)
    return stream


def _sides(capture: Capture) -> np.ndarray:
    """Return who sent each packet: 0 the originator of its stream, 1 the responder."""
    packets = capture.packets
    flipped = np.concatenate([capture.streams.flipped, capture.udp_streams.flipped, [False]])
    return packets.direction.astype(np.int64) ^ flipped[_streams(capture)]


def _toward(later: np.ndarray, group: np.ndarray, groups: int) -> tuple[np.ndarray, np.ndarray]:
    """Tell which groups went from the base to the other end, and how much later they came.

    By its own clock, the other end sees what comes from the base later than what it sends there.
    """
    (median,) = quantiles(later, group, groups, (0.5,))
    of_pair = median.reshape(-1, 2)
    ahead = of_pair[:, 0] - of_pair[:, 1]  # NaN where only one direction was seen
    known = np.isfinite(ahead)
    from_base = np.where(known, ahead >= 0, True)
    if known.any():
        # Of one direction alone, the delay tells which one it is.
        first, second = of_pair[known].T
        there = np.median(np.where(ahead[known] >= 0, first, second))
        back = np.median(np.where(ahead[known] >= 0, second, first))
        nearer = np.abs(of_pair - there) <= np.abs(of_pair - back)
        from_base[~known] = np.where(np.isfinite(of_pair[:, 0]), nearer[:, 0], ~nearer[:, 1])[
            ~known
        ]
    to_other = np.column_stack([from_base, ~from_base]).ravel()
    expected = np.empty(groups)
    for way in (True, False):
        mine = to_other == way
        seen = median[mine][np.isfinite(median[mine])]
        everywhere = np.median(seen) if len(seen) else np.nanmedian(median)
        expected[mine] = np.where(np.isfinite(median[mine]), median[mine], everywhere)
    return to_other, expected.astype(np.int64)
