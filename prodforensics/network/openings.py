"""The first bytes that each side of a TCP stream sends: they tell the protocol."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from prodforensics.network.model import Capture

__all__ = ["beginnings", "carrying", "heads", "of_host_itself", "openings"]

_PIECES = 12
"""Packets of a side that are read at the most."""


def carrying(capture: Capture) -> np.ndarray:
    """Return the places of the TCP packets whose payload is in the file, int64[k]."""
    packets = capture.packets
    there = (packets.ip_protocol == 6) & (packets.payload_captured > 0) & (packets.payload >= 0)
    return np.flatnonzero(there & (packets.stream >= 0))


def heads(capture: Capture, rows: np.ndarray, width: int) -> np.ndarray:
    """Return the first bytes of the payload of some packets, uint8[k, width], zeros behind it."""
    packets = capture.packets
    column = np.arange(width)
    with capture.payloads.open() as data:
        place = packets.payload[rows, None] + column
        inside = column < packets.payload_captured[rows, None]
        inside &= place < data.size
        return np.where(inside, data[np.where(inside, place, 0)], 0).astype(np.uint8)


def openings(capture: Capture, rows: np.ndarray) -> np.ndarray:
    """Return which of the packets is the first one of each side, int64[streams, 2]; -1: none."""
    packets, streams = capture.packets, capture.streams
    stream = packets.stream[rows]
    side = packets.direction[rows] ^ streams.flipped[stream]
    place = stream.astype(np.int64) << 1 | side
    first = np.full(2 * len(streams), len(packets), np.int64)
    np.minimum.at(first, place, rows)
    return np.where(first < len(packets), first, -1).reshape(-1, 2)


def beginnings(
    capture: Capture, streams: Iterable[int] | np.ndarray, rows: np.ndarray
) -> dict[int, tuple[bytes, bytes]]:
    """Return what the originator and the responder of some streams sent first.

    Parameters
    ----------
    capture : Capture
    streams : int64[s]
    rows : int64[k]
        The packets that carry something (`carrying`).
    """
    packets, known = capture.packets, capture.streams
    wanted = np.zeros(len(known), np.bool_)
    wanted[np.asarray(streams, np.int64)] = True
    said: dict[int, tuple[list[bytes], list[bytes]]] = {}
    chosen = rows[wanted[packets.stream[rows]]]
    side = packets.direction[chosen] ^ known.flipped[packets.stream[chosen]]
    with capture.payloads.open():
        for row, stream, place in zip(
            chosen.tolist(), packets.stream[chosen].tolist(), side.tolist(), strict=True
        ):
            both = said.setdefault(stream, ([], []))
            if len(both[place]) < _PIECES:
                both[place].append(capture.payloads.of(row))
    return {stream: (b"".join(one), b"".join(other)) for stream, (one, other) in said.items()}


def of_host_itself(capture: Capture, stream: int) -> bool:
    """Whether both ends of a stream are the same host: loopback, or one address."""
    known = capture.packets.addresses
    one, other = (int(place) for place in capture.streams.address[stream])
    if one == other:
        return True
    return all(_is_loopback(known.octets[k], int(known.version[k])) for k in (one, other))


def _is_loopback(octets: np.ndarray, version: int) -> bool:
    if version == 4:
        return bool(octets[0] == 127)
    return bool(octets[15] == 1 and not octets[:15].any())
