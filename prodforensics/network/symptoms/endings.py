"""How every TCP connection stood at its first RST, or at the end of the capture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from prodforensics.kernels.tcp_endings import follow_endings
from prodforensics.network.connections import Streams
from prodforensics.network.packets import Packets
from prodforensics.network.tcp_analysis import TcpAnalysis

__all__ = ["Endings", "endings"]


@dataclass(frozen=True)
class Endings:
    """Arrays of two columns: the originator's, the responder's. Nothing after the first RST counts.

    Attributes
    ----------
    last, last_payload, first_fin : int64[streams, 2]
        Place of a side's last packet, of its last one that carries payload or asks whether the
        other side is alive, and of its first FIN; -1 for none.
    sent : int64[streams, 2]
        Where the payload that a side sent ends, in bytes from its first packet.
    taken, taken_at_fin : int64[streams, 2]
        How far the other side acknowledged it; how far a side had acknowledged the other's when it
        sent its first FIN. -1 for never.
    paused : int64[streams, 2]
        How long the connection had been silent before the packet of `last_payload`, ns; -1: none.
    unheard, unheard_again : int32[streams, 2]
        Packets that a side has sent since it last heard of the other one; those of them that were
        sent again or ask whether the other side is alive.
    closed : int64[streams, 2]
        Place of the packet by which a side closed its window and did not open it again; -1.
    """

    last: np.ndarray
    last_payload: np.ndarray
    first_fin: np.ndarray
    sent: np.ndarray
    taken: np.ndarray
    taken_at_fin: np.ndarray
    paused: np.ndarray
    unheard: np.ndarray
    unheard_again: np.ndarray
    closed: np.ndarray


def endings(packets: Packets, analysis: TcpAnalysis, streams: Streams) -> Endings:
    """Follow the connections of a capture to their ends."""
    two = (len(streams), 2)
    columns = {
        "last": np.full(two, -1, np.int64),
        "last_payload": np.full(two, -1, np.int64),
        "first_fin": np.full(two, -1, np.int64),
        "sent": np.zeros(two, np.int64),
        "taken": np.full(two, -1, np.int64),
        "taken_at_fin": np.full(two, -1, np.int64),
        "paused": np.full(two, -1, np.int64),
        "unheard": np.zeros(two, np.int32),
        "unheard_again": np.zeros(two, np.int32),
        "closed": np.full(two, -1, np.int64),
    }
    follow_endings(
        packets.ip_protocol, packets.stream, packets.direction, packets.time, packets.tcp_flags,
        packets.sequence, packets.acknowledgment, packets.payload_length, packets.window,
        analysis.analysis, streams.flipped, streams.reset, *columns.values(),
    )  # fmt: skip
    return Endings(**columns)
