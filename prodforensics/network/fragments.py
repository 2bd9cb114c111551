"""Datagrams that travelled in parts, put together again."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import numpy as np

from prodforensics.kernels.packet_headers import decode
from prodforensics.network.packets import Packets

__all__ = ["put_together"]

_MOST = 100_000
"""Datagrams that are put together; a flood of fragments must not fill the memory."""
_LARGEST = 65_535
_RAW = 101


def put_together(data: np.ndarray, packets: Packets) -> None:
    """Read the transport headers of datagrams whose parts are all there.

    As in tshark the datagram stands at the last of its parts; the others keep no ports. Parts that
    overlap are left apart: hosts differ in how they join them.

    Parameters
    ----------
    data : uint8[:]
    packets : Packets
        Its columns are changed in place.
    """
    parts = np.flatnonzero(packets.fragment == 1)
    if not len(parts):
        return
    waiting: dict[tuple[int, ...], _Group] = {}
    done = 0
    for packet in parts.tolist():
        found = _part(data, packets, packet)
        if found is None or done >= _MOST:
            continue
        key, first, last = found
        group = waiting.setdefault(key, _Group())
        size = int(packets.payload_length[packet])
        group.parts.append((first, packet))
        group.size += size
        if last:
            group.end = first + size
        # Only then are they looked at: a flood of parts of one datagram must not cost time squared.
        payload = _joined(data, packets, group) if size and group.size == group.end else None
        if payload is not None:
            _decode(packets, packet, payload)
            del waiting[key]
            done += 1


@dataclass
class _Group:
    """Parts of one datagram: where each begins there, and its packet."""

    parts: list[tuple[int, int]] = field(default_factory=list)
    size: int = 0
    end: int = -1


def _part(
    data: np.ndarray, packets: Packets, packet: int
) -> tuple[tuple[int, ...], int, bool] | None:
    """Return what a part belongs to, where it begins there, and whether it is the last."""
    at = int(packets.payload[packet])
    if at < 0:
        return None
    ends = (int(packets.source[packet]), int(packets.destination[packet]))
    protocol = int(packets.ip_protocol[packet])
    if packets.addresses.version[ends[0]] == 4:
        # The IP header has no options in all but hostile packets; it ends where the payload begins.
        header = _ipv4_header(data, at)
        if header is None:
            return None
        bits = int(data[header + 6]) << 8 | int(data[header + 7])
        key = (*ends, protocol, int(packets.ip_id[packet]), 4)
        return key, 8 * (bits & 0x1FFF), not bits & 0x2000
    # The fragment header is the last one before the payload of a part.
    bits = int(data[at - 6]) << 8 | int(data[at - 5])
    number = int.from_bytes(data[at - 4 : at].tobytes(), "big")
    return (*ends, protocol, number, 6), bits & 0xFFF8, not bits & 1


def _ipv4_header(data: np.ndarray, payload: int) -> int | None:
    for words in range(5, 16):
        start = payload - 4 * words
        if start >= 0 and data[start] == 0x40 | words:
            return start
    return None


def _joined(data: np.ndarray, packets: Packets, group: _Group) -> bytes | None:
    """Return the datagram's payload where all parts are there."""
    whole, expected = bytearray(), 0
    for first, packet in sorted(group.parts):
        size, captured = int(packets.payload_length[packet]), int(packets.payload_captured[packet])
        if first != expected or size != captured:
            return None
        at = int(packets.payload[packet])
        whole += data[at : at + size].tobytes()
        expected += size
        if expected > _LARGEST:
            return None
    return bytes(whole)


def _decode(packets: Packets, packet: int, payload: bytes) -> None:
    """Read the transport header of a datagram, as if it had come in one packet."""
    version = int(packets.addresses.version[packets.source[packet]])
    protocol = int(packets.ip_protocol[packet])
    size = len(payload)
    if version == 4:
        header = bytes((0x45, 0, *(20 + size).to_bytes(4, "big")[2:], 0, 0, 0, 0, 64, protocol))
        header += bytes(10)
    else:
        header = bytes((0x60, 0, 0, 0, *size.to_bytes(4, "big")[2:], protocol, 64)) + bytes(32)
    whole = np.frombuffer(header + payload, np.uint8)
    skipped = {"time", "captured", "length", "offset", "interface"}
    skipped |= {"stream", "direction", "reused_ports"}
    names = [
        one.name
        for one in fields(packets)
        if isinstance(getattr(packets, one.name), np.ndarray) and one.name not in skipped
    ]
    columns = {name: getattr(packets, name)[packet : packet + 1].copy() for name in names}
    decode(
        whole,
        np.zeros(1, np.int64),
        np.array([len(whole)], np.int32),
        np.array([_RAW], np.int32),
        *columns.values(),
    )
    kept = {"source", "destination", "vlan", "tunnel", "ttl", "ip_id", "dont_fragment"}
    for name, column in columns.items():
        if name not in kept:
            getattr(packets, name)[packet] = column[0]
    start = int(columns["payload"][0])
    if start >= 0:
        packets.reassembled[packet] = whole[start:].tobytes()
        packets.payload[packet] = -1
    packets.fragment[packet] = 2
