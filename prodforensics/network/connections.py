"""Connections: what the packets of a stream say together.

The originator is who sent the SYN. Where the capture began midstream, or of UDP, it is who sent the
first packet, unless that comes from a server's port (Zeek flips such connections, too).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from prodforensics.kernels.flow_sums import sum_flows
from prodforensics.kernels.tcp_states import CONNECTION_STATES, HISTORY, follow_states
from prodforensics.network.packets import Packets
from prodforensics.network.tcp_analysis import TcpAnalysis

__all__ = ["Flows", "Streams", "tcp_streams", "udp_streams"]

TCP, UDP = 6, 17


@dataclass(frozen=True)
class Flows:
    """The streams of one protocol. Arrays of two columns: the originator's, the responder's.

    Attributes
    ----------
    protocol : int
        6 TCP, 17 UDP.
    address, port : int32[streams, 2]
        Place in `Addresses`, and port.
    first, last : int64[streams]
        Place of the first and of the last packet, from 0.
    start_ns, stop_ns : int64[streams]
        Nanoseconds since 1970 (UTC).
    flipped : bool[streams]
        Whether the first packet came from the responder: then `Packets.direction` is 1 for the
        originator.
    packets, bytes, payload_bytes : int64[streams, 2]
        Bytes on the wire, with all headers; and of payload alone.
    """

    protocol: int
    address: np.ndarray
    port: np.ndarray
    first: np.ndarray
    last: np.ndarray
    start_ns: np.ndarray
    stop_ns: np.ndarray
    flipped: np.ndarray
    packets: np.ndarray
    bytes: np.ndarray
    payload_bytes: np.ndarray

    def __len__(self) -> int:
        return len(self.first)


@dataclass(frozen=True)
class Streams(Flows):
    """The TCP streams of a capture, by their number.

    Attributes
    ----------
    flags : uint16[streams, 2]
        All flags that each side sent.
    mss, window_scale : int32[streams, 2], int16[streams, 2]
        As offered in the SYN; -1 where unknown.
    retransmissions, out_of_order, duplicate_acks, zero_windows : int32[streams, 2]
        Packets of each side; retransmissions of every kind.
    missed_bytes : int64[streams, 2]
        Bytes that the other side acknowledged but that were not captured.
    syn_ns, syn_ack_ns, ack_ns : int64[streams]
        Times of the handshake: the last SYN before the answer, the answer, and what completes it;
        -1 where it is not in the capture.
    first_rtt_ns : int64[streams]
        Wireshark's ``tcp.analysis.initial_rtt``; 0 where unknown.
    conn_state : uint8[streams]
        Place in `prodforensics.kernels.tcp_states.CONNECTION_STATES`, after Zeek.
    completeness : uint8[streams]
        Wireshark's ``tcp.completeness``: SYN 1, SYN-ACK 2, ACK 4, DATA 8, FIN 16, RST 32.
    history : uint8[streams, 48]
        Zeek's letters in ASCII, filled up with zeros.
    reset : int64[streams]
        Place of the first RST; -1 for none.
    reset_kind : uint8[streams]
        Place in `prodforensics.kernels.tcp_states.RESETS`.
    reset_side : int8[streams]
        0 the originator sent the first RST, 1 the responder, -1 nobody.
    """

    flags: np.ndarray
    mss: np.ndarray
    window_scale: np.ndarray
    retransmissions: np.ndarray
    out_of_order: np.ndarray
    duplicate_acks: np.ndarray
    zero_windows: np.ndarray
    missed_bytes: np.ndarray
    syn_ns: np.ndarray
    syn_ack_ns: np.ndarray
    ack_ns: np.ndarray
    first_rtt_ns: np.ndarray
    conn_state: np.ndarray
    completeness: np.ndarray
    history: np.ndarray
    reset: np.ndarray
    reset_kind: np.ndarray
    reset_side: np.ndarray

    def states(self) -> np.ndarray:
        """Return Zeek's conn_state of every stream as text."""
        return np.array(CONNECTION_STATES, object)[self.conn_state]


def udp_streams(packets: Packets) -> Flows:
    """Sum up the packets of every UDP stream."""
    return Flows(UDP, **_sums(packets, UDP))


def tcp_streams(packets: Packets, analysis: TcpAnalysis) -> Streams:
    """Follow every TCP connection."""
    sums = _sums(packets, TCP)
    count = len(sums["first"])
    two = (count, 2)
    columns = {
        "flags": np.zeros(two, np.uint16),
        "mss": np.full(two, -1, np.int32),
        "window_scale": np.full(two, -1, np.int16),
        "retransmissions": np.zeros(two, np.int32),
        "out_of_order": np.zeros(two, np.int32),
        "duplicate_acks": np.zeros(two, np.int32),
        "zero_windows": np.zeros(two, np.int32),
        "missed_bytes": np.zeros(two, np.int64),
        "syn_ns": np.full(count, -1, np.int64),
        "syn_ack_ns": np.full(count, -1, np.int64),
        "ack_ns": np.full(count, -1, np.int64),
        "conn_state": np.zeros(count, np.uint8),
        "completeness": np.zeros(count, np.uint8),
        "history": np.zeros((count, HISTORY), np.uint8),
        "reset": np.full(count, -1, np.int64),
        "reset_kind": np.zeros(count, np.uint8),
    }
    follow_states(
        packets.ip_protocol, packets.stream, packets.direction, packets.time, packets.tcp_flags,
        packets.sequence, packets.acknowledgment, packets.payload_length, analysis.analysis,
        packets.mss, packets.window_scale, packets.reused_ports, sums["flipped"], *columns.values(),
    )  # fmt: skip
    was_reset = columns["reset"] >= 0
    side = packets.direction[columns["reset"]].astype(np.int8) ^ sums["flipped"]
    return Streams(
        TCP,
        **sums,
        **columns,
        first_rtt_ns=analysis.first_rtt_ns,
        reset_side=np.where(was_reset, side, np.int8(-1)),
    )


def _sums(packets: Packets, protocol: int) -> dict[str, np.ndarray]:
    mine = packets.ip_protocol == protocol
    count = int(packets.stream[mine].max(initial=-1)) + 1
    columns = {
        "first": np.full(count, -1, np.int64),
        "last": np.full(count, -1, np.int64),
        "start_ns": np.zeros(count, np.int64),
        "stop_ns": np.zeros(count, np.int64),
        "flipped": np.zeros(count, np.bool_),
        "packets": np.zeros((count, 2), np.int64),
        "bytes": np.zeros((count, 2), np.int64),
        "payload_bytes": np.zeros((count, 2), np.int64),
    }
    sum_flows(
        protocol, packets.ip_protocol, packets.stream, packets.direction, packets.time,
        packets.length, packets.payload_length, packets.tcp_flags, packets.source_port,
        packets.destination_port, *columns.values(),
    )  # fmt: skip
    first, flipped = columns["first"], columns["flipped"]

    def ends(source: np.ndarray, destination: np.ndarray) -> np.ndarray:
        two = np.stack([source[first], destination[first]], axis=1)
        return np.where(flipped[:, None], two[:, ::-1], two)

    return {
        "address": ends(packets.source, packets.destination),
        "port": ends(packets.source_port, packets.destination_port),
    } | columns
