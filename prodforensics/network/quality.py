"""How far a capture can be trusted: what it lacks, what it holds twice, what its clock did."""

from __future__ import annotations

import numpy as np
import pandas as pd

from prodforensics.kernels.captured_twice import captured_twice
from prodforensics.network.connections import Streams
from prodforensics.network.packets import ACK, SYN, Packets
from prodforensics.network.tcp_analysis import FLAGS, TcpAnalysis

__all__ = ["larger_than_segments", "quality"]

_BACKWARDS = -1_000_000
"""Nanoseconds; less comes of several queues or interfaces."""

_MEANINGS = {
    "snap_length": "Packets were cut: what is behind the first bytes of a payload is not there.",
    "dropped": "Packets that the capture lost under load: look at missed bytes before at the path.",
    "missing_handshake": "Began before the capture: window scaling and segment size are not known.",
    "one_sided": "Only one direction was captured: no round trips, no answers.",
    "unseen_segments": "ACKs of data that is not in the capture: not lost on the path, not seen.",
    "missed_bytes": "Acknowledged, but not in the capture: contents have holes.",
    "offload": "Larger than a segment: captured before the network card cuts, or after it joins.",
    "clock_jumps": "The time runs backwards: intervals around it are wrong.",
    "duplicates": "Captured twice (two interfaces, a mirrored port): they look as retransmissions.",
    "fragments": "Parts of datagrams: a whole datagram stands at its last part, others nowhere.",
}


def quality(packets: Packets, tcp: TcpAnalysis, streams: Streams) -> pd.DataFrame:
    """Return one row a check (`schemas.QUALITY`)."""
    count = len(packets)
    flags = streams.flags
    of_tcp = int(np.count_nonzero(packets.ip_protocol == 6))
    unseen = tcp.analysis & (1 << FLAGS.index("ack_lost_segment")) != 0
    silent = (streams.packets == 0).any(axis=1) & ((flags & ACK) != 0).any(axis=1)
    jumps = np.flatnonzero(np.diff(packets.time) < _BACKWARDS) + 1
    missed = streams.missed_bytes.sum(axis=1)
    dropped = [one.dropped for one in packets.interfaces if one.dropped is not None]
    rows = {
        "snap_length": _packets(packets.captured < packets.length, count),
        "dropped": (sum(dropped) if dropped else -1, count, "packets", 0),
        "missing_handshake": _streams((flags[:, 0] & SYN) == 0, streams),
        "one_sided": _streams(silent, streams),
        "unseen_segments": _packets(unseen, of_tcp),
        "missed_bytes": (
            int(missed.sum()),
            int(streams.payload_bytes.sum()),
            "bytes",
            _streams(missed > 0, streams)[3],
        ),
        "offload": _packets(larger_than_segments(packets, streams), of_tcp),
        "clock_jumps": (len(jumps), count, "packets", int(jumps[0]) + 1 if len(jumps) else 0),
        "duplicates": _packets(seen_twice(packets), count),
        "fragments": _packets(packets.fragment == 1, count),
    }
    number, of, unit, first = zip(*rows.values(), strict=True)
    columns = {
        "count": np.array(number, np.int64),
        "of": np.array(of, np.int64),
        "unit": pd.array(unit, "str"),
        "first_frame": np.array(first, np.int64),
        "meaning": pd.array([_MEANINGS[name] for name in rows], "str"),
    }
    return pd.DataFrame(columns).set_axis(pd.Index(list(rows), dtype="str", name="check"))


def larger_than_segments(packets: Packets, streams: Streams) -> np.ndarray:
    """Return which packets carry more than the segment that their receiver takes, bool[n]."""
    rows = np.flatnonzero((packets.ip_protocol == 6) & (packets.stream >= 0))
    stream = packets.stream[rows]
    receiver = 1 - (packets.direction[rows] ^ streams.flipped[stream])
    limit = streams.mss[stream, receiver]
    found = np.zeros(len(packets), np.bool_)
    found[rows] = (limit > 0) & (packets.payload_length[rows] > limit)
    return found


def _packets(wanted: np.ndarray, of: int) -> tuple[int, int, str, int]:
    count = int(np.count_nonzero(wanted))
    return count, of, "packets", int(wanted.argmax()) + 1 if count else 0


def _streams(wanted: np.ndarray, streams: Streams) -> tuple[int, int, str, int]:
    count = int(np.count_nonzero(wanted))
    first = int(streams.first[wanted.argmax()]) + 1 if count else 0
    return count, len(streams), "connections", first


def seen_twice(packets: Packets) -> np.ndarray:
    """Return which packets stand in the capture a second time, bool[n]."""
    twice = np.zeros(len(packets), np.bool_)
    captured_twice(
        packets.time, packets.ip_protocol, packets.source, packets.destination,
        packets.source_port, packets.destination_port, packets.ip_id, packets.payload_length,
        packets.tcp_flags, packets.sequence, packets.acknowledgment, packets.timestamp_value,
        packets.timestamp_echo, packets.interface, packets.vlan, packets.ttl, twice,
    )  # fmt: skip
    return twice
