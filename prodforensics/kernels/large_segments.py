"""Large segments that never arrive: sent again and again while smaller ones come through."""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._jit import kernel
from prodforensics.kernels.tcp_states import relative

__all__ = ["follow_large_segments"]

SYN, RST, ACK = 2, 4, 16
LARGE = 1000
"""Bytes of payload from which a segment is large: no path of today carries less."""


@kernel
def follow_large_segments(
    protocol, stream, direction, flags, sequence, acknowledgment, payload, flipped, again, size,
    first, arrived,
):  # fmt: skip
    """Follow the large segments of every TCP connection.

    Parameters
    ----------
    protocol, stream, direction, flags, sequence, acknowledgment, payload
        Columns of `prodforensics.network.packets.Packets`.
    flipped : bool[streams]
        Whether the first packet came from the responder. All that follows is of two columns: the
        originator's and the responder's.
    again : int32[streams, 2]
        Zeros; receives how often the large segment that its receiver waits for was sent again
        without being acknowledged, at the most.
    size : int32[streams, 2]
        Zeros; receives the payload of that segment, bytes.
    first : int64[streams, 2]
        Filled with -1; receives the place of the packet that sent it for the second time.
    arrived : int32[streams, 2]
        Zeros; receives the largest payload of a segment that was acknowledged.
    """
    streams = flipped.size
    base = np.full((streams, 2), -1, np.int64)
    high = np.zeros((streams, 2), np.int64)
    taken = np.zeros((streams, 2), np.int64)
    waiting = np.full((streams, 2), -1, np.int64)  # where the first large one not taken ends
    waiting_size = np.zeros((streams, 2), np.int32)
    small = np.zeros((streams, 2), np.int32)  # the largest of those before it
    run = np.zeros((streams, 2), np.int32)
    begun = np.full((streams, 2), -1, np.int64)
    for i in range(stream.size):
        s = stream[i]
        bits = np.int64(flags[i])
        if s < 0 or protocol[i] != 6 or bits & RST:
            continue
        side = np.int64(1 - direction[i] if flipped[s] else direction[i])
        other = 1 - side
        if bits & ACK and base[s, other] >= 0:
            step = relative(acknowledgment[i], base[s, other], high[s, other])
            if step > taken[s, other]:
                taken[s, other] = step
                run[s, other] = 0
                arrived[s, other] = max(arrived[s, other], small[s, other])
                if 0 <= waiting[s, other] <= step:
                    arrived[s, other] = max(arrived[s, other], waiting_size[s, other])
                    waiting[s, other] = -1
        if base[s, side] < 0:
            base[s, side] = np.int64(sequence[i])
        begin = relative(sequence[i], base[s, side], high[s, side]) + (1 if bits & SYN else 0)
        end = begin + payload[i]
        if payload[i] >= LARGE:
            if begin < high[s, side] and begin <= taken[s, side] < end:
                if run[s, side] == 0:
                    begun[s, side] = i
                run[s, side] += 1
                if run[s, side] > again[s, side]:
                    again[s, side] = run[s, side]
                    size[s, side] = payload[i]
                    first[s, side] = begun[s, side]
            if waiting[s, side] < 0 or (end <= waiting[s, side] and begin >= taken[s, side]):
                waiting[s, side] = end
                waiting_size[s, side] = payload[i]
        elif waiting[s, side] < 0:
            small[s, side] = max(small[s, side], payload[i])
        high[s, side] = max(high[s, side], end)
