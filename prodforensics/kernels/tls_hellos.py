"""Where TLS and QUIC begin: the packets whose first bytes are those of a hello."""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._jit import kernel

__all__ = ["find_hellos", "find_initials", "first_one_rtt"]

HANDSHAKE, ALERT = 22, 21
LARGEST_RECORD = 16384 + 2048
V2, FIRST_DRAFT, LAST_DRAFT = 0x6B3343CF, 0xFF00001D, 0xFF000022


@kernel
def find_hellos(data, protocol, stream, direction, payload, captured, client, server):
    """Find the first packet of each flow that begins with a TLS hello, or with an alert in clear.

    Parameters
    ----------
    data : uint8[:]
        The unpacked file.
    protocol, stream, direction, payload, captured : n each
        Columns of `prodforensics.network.packets.Packets`; captured is that of the payload.
    client : int64[2 * streams]
        Filled with -1; receives the first packet with a ClientHello in each direction: that of the
        stream's first packet, then the other one. Where the first packet with payload is shorter
        than six bytes, what it has counts.
    server : int64[2 * streams]
        Filled with -1; receives that with a ServerHello or an alert.
    """
    for i in range(stream.size):
        if protocol[i] != 6 or stream[i] < 0 or captured[i] < 1 or payload[i] < 0:
            continue
        flow = 2 * stream[i] + direction[i]
        if client[flow] >= 0 or server[flow] >= 0:
            continue
        at = payload[i]
        kind = data[at]
        if kind != HANDSHAKE and kind != ALERT:
            continue
        size = min(captured[i], data.size - at)
        if size < 6:
            # A hello cut into segments of a few bytes: what follows tells.
            if kind == HANDSHAKE and (size < 2 or data[at + 1] == 3):
                client[flow] = i
            continue
        length = data[at + 3] << 8 | data[at + 4]
        if data[at + 1] != 3 or data[at + 2] > 4 or length < 2 or length > LARGEST_RECORD:
            continue
        if kind == ALERT:
            if length == 2 and 1 <= data[at + 5] <= 2:
                server[flow] = i
        elif data[at + 5] == 1:
            client[flow] = i
        elif data[at + 5] == 2:
            server[flow] = i


@kernel
def find_initials(data, protocol, stream, payload, captured, found):
    """Mark the datagrams that begin with an Initial packet of a QUIC version that is known.

    Parameters
    ----------
    data, protocol, stream, payload, captured
        As above.
    found : bool[n]
        Falses.
    """
    for i in range(stream.size):
        if protocol[i] != 17 or stream[i] < 0 or captured[i] < 40 or payload[i] < 0:
            continue
        at = payload[i]
        if at + 40 > data.size or data[at] & 0xC0 != 0xC0:
            continue
        version = 0
        for k in range(1, 5):
            version = version << 8 | data[at + k]
        kind = data[at] >> 4 & 3
        if version == 1 or FIRST_DRAFT <= version <= LAST_DRAFT:
            found[i] = kind == 0 and data[at + 5] <= 20
        elif version == V2:
            found[i] = kind == 1 and data[at + 5] <= 20


@kernel
def varint(data, at, end):
    """Read a number of QUIC, and return where it ends; -1 where the packet ends before."""
    if at >= end:
        return 0, -1
    size = 1 << (data[at] >> 6)
    if at + size > end:
        return 0, -1
    number = np.int64(data[at] & 0x3F)
    for k in range(1, size):
        number = number << 8 | data[at + k]
    return number, at + size


@kernel
def after_long_headers(data, at, end):
    """Return where the first packet with a short header begins in a datagram; -1 for none."""
    while at < end:
        first = data[at]
        if first & 0xC0 == 0x40:
            return at
        if first & 0xC0 != 0xC0 or at + 7 > end:
            return -1
        version = 0
        for k in range(1, 5):
            version = version << 8 | data[at + k]
        kind = first >> 4 & 3
        initial = 1 if version == V2 else 0
        retry = 0 if version == V2 else 3
        if version == 0 or kind == retry:
            return -1
        at += 5
        for _ in range(2):
            if at >= end:
                return -1
            at += 1 + data[at]
        if kind == initial:
            token, at = varint(data, at, end)
            if at < 0:
                return -1
            at += token
        length, at = varint(data, at, end)
        if at < 0:
            return -1
        at += length
    return -1


@kernel
def first_one_rtt(data, protocol, stream, direction, payload, captured, since, found):
    """Find the first datagram of each direction that holds a short header of QUIC (1-RTT).

    Parameters
    ----------
    data, protocol, stream, direction, payload, captured
        As above.
    since : int64[streams]
        The first Initial of each UDP stream; -1 where there is none.
    found : int64[2 * streams]
        Filled with -1; receives the packets, those in the direction of a stream's first one first.
    """
    for i in range(stream.size):
        if protocol[i] != 17 or stream[i] < 0 or captured[i] < 1 or payload[i] < 0:
            continue
        first, flow = since[stream[i]], 2 * stream[i] + direction[i]
        if 0 <= first < i and found[flow] < 0:
            end = min(payload[i] + captured[i], data.size)
            if after_long_headers(data, payload[i], end) >= 0:
                found[flow] = i
