"""How long a gap in a flow was open before the segment came that fills it."""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._jit import kernel
from prodforensics.kernels.tcp_states import relative

__all__ = ["gap_delays"]

SYN, RST = 2, 4
HOLES = 32
"""Gaps of a flow that are remembered; more are rare, and the oldest is then forgotten."""


@kernel
def gap_delays(protocol, stream, direction, time, flags, sequence, payload, slot, slots, delay):
    """Measure from the packet that showed a gap to the one that fills it, or a part of it.

    Parameters
    ----------
    protocol, stream, direction, time, flags, sequence, payload
        Columns of `prodforensics.network.packets.Packets`.
    slot : int64[streams]
        A number from 0 for the streams that are looked at; -1 for others.
    slots : int
        How many are looked at.
    delay : int64[n]
        Filled with -1; receives how long the gap that a packet fills had been open, ns.
    """
    base = np.full(2 * slots, -1, np.int64)
    high = np.zeros(2 * slots, np.int64)
    low = np.zeros((2 * slots, HOLES), np.int64)
    top = np.zeros((2 * slots, HOLES), np.int64)
    seen = np.zeros((2 * slots, HOLES), np.int64)
    following = np.zeros(2 * slots, np.int64)
    for i in range(stream.size):
        s = stream[i]
        if s < 0 or protocol[i] != 6 or slot[s] < 0 or flags[i] & RST:
            continue
        flow = 2 * slot[s] + np.int64(direction[i])
        if base[flow] < 0:
            base[flow] = np.int64(sequence[i])
        begin = relative(sequence[i], base[flow], high[flow]) + (1 if flags[i] & SYN else 0)
        end = begin + payload[i]
        if begin > high[flow] > 0:
            place = following[flow] % HOLES
            low[flow, place], top[flow, place] = high[flow], begin
            seen[flow, place] = time[i]
            following[flow] += 1
        elif payload[i] and begin < high[flow]:
            for k in range(min(following[flow], HOLES)):
                if low[flow, k] <= begin < top[flow, k]:
                    delay[i] = time[i] - seen[flow, k]
                    if begin == low[flow, k]:
                        low[flow, k] = min(end, top[flow, k])
                    break
        high[flow] = max(high[flow], end)
