"""Where the packets of one TCP connection stand in its two flows of bytes."""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._jit import kernel
from prodforensics.kernels.packet_headers import be16, be32
from prodforensics.kernels.tcp_states import relative

__all__ = ["RANGES", "sack_ranges", "stream_positions"]

RANGES = 4
"""Ranges of a SACK option at the most: there is no room for more."""
SYN, RST, ACK = 2, 4, 16


@kernel
def stream_positions(direction, flags, sequence, acknowledgment, begin, acknowledged, base):
    """Place packets in bytes from the beginning of their flow; sequence numbers wrap around.

    Parameters
    ----------
    direction : uint8[n]
    flags : uint16[n]
    sequence, acknowledgment : uint32[n]
    begin : int64[n]
        Receives where the payload begins: 0 is the first byte after the SYN, or, where there is no
        SYN, the first one that is known.
    acknowledged : int64[n]
        Receives up to where the other flow is acknowledged; -1 for none.
    base : int64[2]
        Receives the sequence number of each flow's byte 0; -1 where it is not known.
    """
    base[:] = -1
    near = np.zeros(2, np.int64)
    for i in range(direction.size):
        side = np.int64(direction[i])
        other = 1 - side
        syn = 1 if flags[i] & SYN else 0
        if base[side] < 0:
            base[side] = (np.int64(sequence[i]) + syn) & 0xFFFFFFFF
        begin[i] = relative(sequence[i], base[side], near[side]) + syn
        if not flags[i] & RST:
            near[side] = max(near[side], begin[i])
        acknowledged[i] = -1
        if flags[i] & ACK:
            if base[other] < 0:
                base[other] = np.int64(acknowledgment[i])
            acknowledged[i] = relative(acknowledgment[i], base[other], near[other])


@kernel
def sack_ranges(data, payload, source_port, destination_port, edges):
    """Read the ranges of SACK options.

    Parameters
    ----------
    data : uint8[:]
        The unpacked file.
    payload : int64[n]
        Where the payload of each packet begins: there its TCP header ends.
    source_port, destination_port : int32[n]
    edges : uint32[n, RANGES, 2]
        Receives the left and the right edges.

    Returns
    -------
    count : uint8[n]
        Ranges of each packet.
    """
    count = np.zeros(payload.size, np.uint8)
    for i in range(payload.size):
        end = payload[i]
        if end > data.size:
            continue
        # How long the header is stands in the header.
        for words in range(5, 16):
            p = end - 4 * words
            if p < 0:
                break
            if (data[p + 12] >> 4 == words and be16(data, p) == source_port[i]
                    and be16(data, p + 2) == destination_port[i]):  # fmt: skip
                count[i] = read_ranges(data, p + 20, end, edges[i])
                break
    return count


@kernel
def read_ranges(data, p, end, edges):
    while p + 1 < end:
        option = data[p]
        if option == 0:
            break
        if option == 1:
            p += 1
            continue
        size = np.int64(data[p + 1])
        if size < 2 or p + size > end:
            break
        if option == 5:
            found = min((size - 2) // 8, RANGES)
            for k in range(found):
                edges[k, 0] = be32(data, p + 2 + 8 * k)
                edges[k, 1] = be32(data, p + 6 + 8 * k)
            return found
        p += size
    return 0
