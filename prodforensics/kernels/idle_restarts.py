"""Senders that begin slowly again after a pause."""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._jit import kernel

__all__ = ["idle_restarts"]

SENT_AGAIN, LOST, OUT_OF_ORDER, KEEP_ALIVE, PROBE = 1 | 1024 | 16384, 2, 512, 8, 64
IDLE = 200_000_000
"""ns: no timeout of Linux is shorter, and a shorter pause does not reset the window."""
LONGEST = 2**60
MOST_SEGMENTS = 14
"""A first flight is ten segments (RFC 6928), and a few that its first acknowledgments let go."""
LEAST_SEGMENTS = 3


@kernel
def idle_restarts(
    protocol, stream, direction, time, payload, analysis, flipped, rtt, count, rounds, first, small,
    large,
):  # fmt: skip
    """Find bursts after a pause whose first flight is small though earlier ones were large.

    What one side sends without a pause of half a round trip is a flight; without a pause of
    `IDLE` and three round trips, a burst. It does not matter where the packets were captured.

    Parameters
    ----------
    protocol, stream, direction, time, payload
        Columns of `prodforensics.network.packets.Packets`.
    analysis : uint16[n]
        See `prodforensics.kernels.tcp_analysis`.
    flipped : bool[streams]
        Whether the first packet came from the responder. All that follows is of two columns: the
        originator's and the responder's.
    rtt : int64[streams]
        The first round trip, ns; streams where it is 0 are left out.
    count, rounds : int32[streams, 2]
        Zeros; receive how many bursts began slowly again, and how many more flights they needed
        than with the largest flight before.
    first : int64[streams, 2]
        Filled with -1; receives the place of the first packet of the first such burst.
    small, large : int64[streams, 2]
        Zeros; receive the bytes of its first flight, and of the largest flight before it.
    """
    flows = 2 * flipped.size
    last = np.full(flows, -1, np.int64)
    begun = np.full(flows, -1, np.int64)
    bursts = np.zeros(flows, np.int32)
    flights = np.zeros(flows, np.int32)
    flight = np.zeros(flows, np.int64)
    opening = np.zeros(flows, np.int64)
    whole = np.zeros(flows, np.int64)
    tail = np.zeros(flows, np.int32)  # payload of the last packet of the first flight
    peak = np.zeros(flows, np.int64)
    before = np.zeros(flows, np.int64)
    segment = np.zeros(flows, np.int32)
    hurt = np.zeros(flows, np.bool_)
    for i in range(stream.size + flows):
        # After the last packet every flow's last burst is judged.
        ending = i >= stream.size
        if ending:
            flow = i - stream.size
            s, size = flow // 2, 0
            if last[flow] < 0:
                continue
            gap = np.int64(2**62)
        else:
            s = np.int64(stream[i])
            if s < 0 or protocol[i] != 6 or not payload[i] or rtt[s] <= 0:
                continue
            if analysis[i] & (KEEP_ALIVE | PROBE):
                continue
            flow = 2 * s + np.int64(1 - direction[i] if flipped[s] else direction[i])
            size = payload[i]
            gap = time[i] - last[flow] if last[flow] >= 0 else np.int64(2**62)
        # A damaged clock makes round trips of a century: their triple has no room.
        if ending or gap >= max(IDLE, 3 * min(rtt[s], LONGEST)):
            if (bursts[flow] > 1 and flights[flow] > 1 and not hurt[flow]
                    and LEAST_SEGMENTS * segment[flow] <= opening[flow]
                    and opening[flow] <= MOST_SEGMENTS * segment[flow]
                    and tail[flow] == segment[flow]
                    and 2 * before[flow] >= 3 * opening[flow]
                    and 2 * peak[flow] >= 3 * opening[flow]):  # fmt: skip
                largest = max(before[flow], peak[flow])
                more = flights[flow] - (whole[flow] + largest - 1) // largest
                if more > 0:
                    side = flow & 1
                    if count[s, side] == 0:
                        first[s, side] = begun[flow]
                        small[s, side], large[s, side] = opening[flow], before[flow]
                    count[s, side] += 1
                    rounds[s, side] += more
            if ending:
                continue
            before[flow] = max(before[flow], peak[flow])
            bursts[flow] += 1
            begun[flow] = i
            flights[flow], flight[flow], opening[flow], whole[flow], peak[flow] = 1, 0, 0, 0, 0
            hurt[flow] = False
        elif gap >= rtt[s] // 2:
            flights[flow] += 1
            flight[flow] = 0
        if analysis[i] & (SENT_AGAIN | LOST | OUT_OF_ORDER):
            hurt[flow] = True
        segment[flow] = max(segment[flow], size)
        flight[flow] += size
        whole[flow] += size
        peak[flow] = max(peak[flow], flight[flow])
        if flights[flow] == 1:
            opening[flow] = flight[flow]
            tail[flow] = size
        last[flow] = time[i]
