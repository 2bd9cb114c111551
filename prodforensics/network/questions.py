"""What one asks of a capture: the packets of a stream or a time, round trips, throughput."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from prodforensics.categories import vocabulary
from prodforensics.errors import BadOption, UnknownName
from prodforensics.kernels.stream_positions import RANGES, sack_ranges, stream_positions
from prodforensics.network import tables
from prodforensics.network.connection_table import SIDES
from prodforensics.network.packets import RST

if TYPE_CHECKING:
    from prodforensics.network.model import Capture

__all__ = [
    "between",
    "packets_in_chunks",
    "packets_of",
    "rows_of",
    "rtt",
    "sequence",
    "sides",
    "throughput",
]

Time = str | int | float | pd.Timestamp

_PROTOCOLS = {"tcp": 6, "udp": 17}
_MOST_BINS = 100_000
_SENT_AGAIN = 1 | 1024 | 16384  # the three kinds of retransmission


def rows_of(capture: Capture, stream: int, protocol: str = "tcp") -> np.ndarray:
    """Return the places of a stream's packets, from 0.

    Raises
    ------
    UnknownName
        There is no such stream or protocol.
    """
    if protocol not in _PROTOCOLS:
        raise UnknownName("protocol", protocol, _PROTOCOLS)
    packets = capture.packets
    flows = capture.streams if protocol == "tcp" else capture.udp_streams
    if not 0 <= stream < len(flows):
        raise UnknownName(f"{protocol} stream", str(stream), [f"0 to {len(flows) - 1}"])
    first, last = int(flows.first[stream]), int(flows.last[stream]) + 1
    part = slice(first, last)
    mine = packets.stream[part] == stream
    mine &= packets.ip_protocol[part] == _PROTOCOLS[protocol]
    return first + np.flatnonzero(mine)


def packets_of(capture: Capture, stream: int, protocol: str) -> pd.DataFrame:
    """Return the packets of one stream (`schemas.PACKETS`)."""
    return tables.packets(capture.packets, capture.tcp, rows_of(capture, stream, protocol))


def packets_in_chunks(capture: Capture, size: int) -> Iterator[pd.DataFrame]:
    """Give the packets piece by piece (`schemas.PACKETS`)."""
    if size < 1:
        raise BadOption(f"pieces of {size} packets", hint="take one packet at least")
    for start in range(0, len(capture.packets), size):
        part = slice(start, min(start + size, len(capture.packets)))
        yield tables.packets(capture.packets, capture.tcp, part)


def between(capture: Capture, start: Time, end: Time) -> pd.DataFrame:
    """Return the packets of a span of time (`schemas.PACKETS`)."""
    time = capture.packets.time
    begin, stop = (_nanoseconds(capture, one) for one in (start, end))
    rows = np.flatnonzero((time >= begin) & (time < stop))
    return tables.packets(capture.packets, capture.tcp, rows)


def _nanoseconds(capture: Capture, when: Time) -> int:
    if isinstance(when, int | float | np.number):
        time = capture.packets.time
        return (int(time[0]) if len(time) else 0) + round(float(when) * 1e9)
    try:
        stamp = pd.Timestamp(when)
    except ValueError as error:
        raise BadOption(f"{when!r} is no time", hint="give a timestamp or seconds") from error
    stamp = stamp.tz_localize("UTC") if stamp.tzinfo is None else stamp
    return int(stamp.as_unit("ns").value)


def rtt(capture: Capture, stream: int | None) -> pd.DataFrame:
    """Return one row an acknowledgment that tells a round trip (`schemas.RTT`)."""
    packets, tcp = capture.packets, capture.tcp
    rows = np.flatnonzero(tcp.ack_rtt_ns >= 0) if stream is None else rows_of(capture, stream)
    rows = rows[tcp.ack_rtt_ns[rows] >= 0]
    columns = {
        "ts": pd.DatetimeIndex(packets.time[rows], tz="UTC"),
        "stream": packets.stream[rows],
        "side": vocabulary(SIDES, sides(capture, rows)),
        "rtt_ns": tcp.ack_rtt_ns[rows],
    }
    return pd.DataFrame(columns).set_axis(pd.Index(rows + 1, name="frame_number"))


def sides(capture: Capture, rows: np.ndarray) -> np.ndarray:
    """Return who sent packets: 0 the originator of their connection, 1 the responder, -1 none."""
    packets = capture.packets
    protocol, stream = packets.ip_protocol[rows], packets.stream[rows]
    side = np.where(stream >= 0, packets.direction[rows], -1).astype(np.int8)
    for flows in (capture.streams, capture.udp_streams):
        mine = np.flatnonzero((protocol == flows.protocol) & (stream >= 0))
        side[mine] ^= flows.flipped[stream[mine]]
    return side


def throughput(capture: Capture, width: str | pd.Timedelta, stream: int | None) -> pd.DataFrame:
    """Return sums of equal spans of time, those without packets too (`schemas.THROUGHPUT`)."""
    packets, tcp = capture.packets, capture.tcp
    try:
        step = pd.Timedelta(width).value
    except ValueError as error:
        raise BadOption(f"{width!r} is no span of time", hint="as '1s' or '100ms'") from error
    if step <= 0:
        raise BadOption(f"a span of {width!r} is not positive", hint="as '1s' or '100ms'")
    rows = np.arange(len(packets)) if stream is None else rows_of(capture, stream)
    time = packets.time[rows]
    begin = int(time.min()) // step * step if len(rows) else 0
    place = (time - begin) // step
    count = int(place.max(initial=-1)) + 1
    if count > _MOST_BINS:
        enough = pd.Timedelta(-(-step * count // _MOST_BINS))
        raise BadOption(f"{count} spans are too many", hint=f"take at least {enough}")
    side, length = sides(capture, rows), packets.length[rows]

    def sums(values: np.ndarray) -> np.ndarray:
        return np.bincount(place, values, count).astype(np.int64)

    columns = {
        "packets": np.bincount(place, minlength=count).astype(np.int64),
        "bytes": sums(length),
        "orig_bytes": sums(np.where(side == 0, length, 0)),
        "resp_bytes": sums(np.where(side == 1, length, 0)),
        "payload_bytes": sums(packets.payload_length[rows]),
        "retransmissions": sums((tcp.analysis[rows] & _SENT_AGAIN) != 0),
        "resets": sums((packets.tcp_flags[rows] & RST) != 0),
    }
    index = pd.DatetimeIndex(begin + step * np.arange(count), tz="UTC", name="ts")
    return pd.DataFrame(columns).set_axis(index)


def sequence(capture: Capture, stream: int) -> pd.DataFrame:
    """Return what a time-sequence graph shows of a connection (`schemas.SEQUENCE`)."""
    rows = rows_of(capture, stream)
    part, tcp = capture.packets.take(rows), capture.tcp
    begin, acknowledged = np.zeros(len(rows), np.int64), np.zeros(len(rows), np.int64)
    base = np.empty(2, np.int64)
    stream_positions(
        part.direction, part.tcp_flags, part.sequence, part.acknowledgment, begin, acknowledged,
        base,
    )  # fmt: skip
    window = tcp.scaled_window[rows]
    columns = {
        "ts": pd.DatetimeIndex(part.time, tz="UTC"),
        "side": vocabulary(SIDES, sides(capture, rows)),
        "tcp_flags": part.tcp_flags,
        "begin": begin,
        "end": begin + part.payload_length,
        "acknowledged": acknowledged,
        "window_end": np.where(acknowledged >= 0, acknowledged + window, -1),
        "sacked": _sacked(capture, rows, acknowledged, base),
        "analysis": tcp.analysis[rows].astype(np.int32),
    }
    return pd.DataFrame(columns).set_axis(pd.Index(rows + 1, name="frame_number"))


def _sacked(
    capture: Capture, rows: np.ndarray, acknowledged: np.ndarray, base: np.ndarray
) -> np.ndarray:
    """Return the ranges of SACK options as tuples of (begin, end) in the other side's flow."""
    packets = capture.packets
    found = np.empty(len(rows), object)
    found[:] = [()] * len(rows)
    having = np.flatnonzero((packets.sack[rows] & 1 != 0) & (packets.payload[rows] >= 0))
    if not len(having):
        return found
    these = rows[having]
    edges = np.zeros((len(these), RANGES, 2), np.uint32)
    with capture.payloads.open() as data:
        counts = sack_ranges(
            data, packets.payload[these], packets.source_port[these],
            packets.destination_port[these], edges,
        )  # fmt: skip
    near = acknowledged[having][:, None, None]
    other = base[1 - packets.direction[these]][:, None, None]
    step = (edges.astype(np.int64) - other - near) & 0xFFFFFFFF
    step = near + np.where(step >= 2**31, step - 2**32, step)
    for place, count, ranges in zip(having, counts, step.tolist(), strict=True):
        found[place] = tuple(map(tuple, ranges[:count]))
    return found
