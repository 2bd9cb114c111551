"""The first bytes that each side of a TCP stream sends: they tell the protocol."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from prodforensics.kernels.needles import first_bytes

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
    out = np.zeros((len(rows), width), np.uint8)
    size = packets.payload_captured[rows].astype(np.int64)
    with capture.payloads.open() as data:
        first_bytes(data, packets.payload[rows], size, out)
    return out


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
    chosen = rows[wanted[packets.stream[rows]]]
    if not len(chosen):
        return {}
    side = packets.direction[chosen] ^ known.flipped[packets.stream[chosen]]
    flow = packets.stream[chosen].astype(np.int64) << 1 | side
    order = np.argsort(flow, kind="stable")
    flow, chosen = flow[order], chosen[order]
    begin = np.flatnonzero(np.append(True, flow[1:] != flow[:-1]))
    said: dict[int, tuple[bytes, bytes]] = {}
    with capture.payloads.open():
        for start, stop in zip(begin, np.append(begin[1:], len(flow)), strict=True):
            part = chosen[start : min(stop, start + _PIECES)].tolist()
            both = list(said.get(int(flow[start] >> 1), (b"", b"")))
            both[int(flow[start] & 1)] = b"".join(capture.payloads.of(row) for row in part)
            said[int(flow[start] >> 1)] = (both[0], both[1])
    return said


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
