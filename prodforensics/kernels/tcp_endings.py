"""How TCP connections stand when they are reset, or when the capture ends.

What each side said last, what of it the other side had taken, who had closed, who was silent.
"""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._jit import kernel
from prodforensics.kernels.tcp_states import relative

__all__ = ["follow_endings"]

FIN, SYN, RST, ACK = 1, 2, 4, 16
# Bits of the analysis (`kernels.tcp_analysis.FLAGS`).
SENT_AGAIN, KEEP_ALIVE, PROBE = 1 | 1024 | 16384, 8, 64


@kernel
def follow_endings(
    protocol, stream, direction, time, flags, sequence, acknowledgment, payload, window, analysis,
    flipped, reset, last, last_payload, first_fin, sent, taken, taken_at_fin, paused, unheard,
    unheard_again, closed,
):  # fmt: skip
    """Follow every TCP connection up to its first RST, which is not looked at itself.

    Parameters
    ----------
    protocol, stream, direction, time, flags, sequence, acknowledgment, payload, window
        Columns of `prodforensics.network.packets.Packets`.
    analysis : uint16[n]
        See `prodforensics.kernels.tcp_analysis`.
    flipped : bool[streams]
        Whether the first packet came from the responder. All that follows is of two columns: the
        originator's and the responder's.
    reset : int64[streams]
        Place of the first RST; -1 for none.
    last, last_payload, first_fin : int64[streams, 2]
        Filled with -1; receive the place of a side's last packet, of its last one with payload or
        that asks whether the other side is alive, and of its first FIN.
    sent : int64[streams, 2]
        Zeros; receives where the payload that a side sent ends, in bytes from its first packet.
    taken, taken_at_fin : int64[streams, 2]
        Filled with -1; receive how far the other side acknowledged it, and how far it had when it
        sent its first FIN.
    paused : int64[streams, 2]
        Filled with -1; receives how long the connection had been silent before the packet of
        `last_payload`, ns.
    unheard, unheard_again : int32[streams, 2]
        Zeros; receive how many packets a side has sent since it last heard of the other one, and
        how many of them were sent again, or ask whether the other side is alive.
    closed : int64[streams, 2]
        Filled with -1; receives the place of the packet by which a side closed its window, where
        it has not opened it again.
    """
    streams = flipped.size
    base = np.full((streams, 2), -1, np.int64)
    high = np.zeros((streams, 2), np.int64)
    before = np.full(streams, -1, np.int64)
    for i in range(stream.size):
        s = stream[i]
        if s < 0 or protocol[i] != 6 or (reset[s] >= 0 and i >= reset[s]):
            continue
        side = np.int64(1 - direction[i] if flipped[s] else direction[i])
        other = 1 - side
        bits, found, size = np.int64(flags[i]), np.int64(analysis[i]), np.int64(payload[i])
        last[s, side] = i
        asks = found & (KEEP_ALIVE | PROBE)
        if bits & ACK and base[s, other] >= 0:
            step = relative(acknowledgment[i], base[s, other], high[s, other])
            taken[s, other] = max(taken[s, other], step)
        if base[s, side] < 0:
            base[s, side] = np.int64(sequence[i])
        begin = relative(sequence[i], base[s, side], high[s, side])
        if bits & SYN:
            begin += 1
        high[s, side] = max(high[s, side], begin + size)
        if size or asks:
            last_payload[s, side] = i
            paused[s, side] = time[i] - before[s] if before[s] >= 0 else 0
            if not asks:
                sent[s, side] = max(sent[s, side], begin + size)
        if bits & FIN and first_fin[s, side] < 0:
            first_fin[s, side] = i
            taken_at_fin[s, side] = taken[s, other]
        unheard[s, side] += 1
        if asks or found & SENT_AGAIN:
            unheard_again[s, side] += 1
        unheard[s, other] = 0
        unheard_again[s, other] = 0
        if not bits & (SYN | FIN | RST):
            if window[i]:
                closed[s, side] = -1
            elif closed[s, side] < 0:
                closed[s, side] = i
        before[s] = time[i]
