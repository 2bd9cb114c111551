"""Questions and answers: from the last packet of a request to the first one of its answer."""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._jit import kernel

__all__ = ["turnarounds"]

SENT_AGAIN, LOST, OUT_OF_ORDER, KEEP_ALIVE, PROBE = 1 | 1024 | 16384, 2, 512, 8, 64


@kernel
def turnarounds(protocol, stream, direction, payload, analysis, flipped, asked, answered, sound):
    """Find where the side that speaks changes from the originator to the responder.

    Parameters
    ----------
    protocol, stream, direction, payload
        Columns of `prodforensics.network.packets.Packets`.
    analysis : uint16[n]
        See `prodforensics.kernels.tcp_analysis`.
    flipped : bool[streams]
        Whether the first packet came from the responder.
    asked, answered : int64[k]
        Receive the places of the last packet with payload of a request and of the first one of its
        answer; k must be at least the number of packets with payload.
    sound : bool[k]
        Receives whether nothing was lost, sent again or out of order between.

    Returns
    -------
    count : int
        How many were found.
    """
    waiting = np.full(flipped.size, -1, np.int64)
    hurt = np.zeros(flipped.size, np.bool_)
    count = 0
    for i in range(stream.size):
        s = stream[i]
        if s < 0 or protocol[i] != 6:
            continue
        found = np.int64(analysis[i])
        if found & (SENT_AGAIN | LOST | OUT_OF_ORDER):
            hurt[s] = True
        if not payload[i] or found & (KEEP_ALIVE | PROBE):
            continue
        side = 1 - direction[i] if flipped[s] else direction[i]
        if side == 0:
            if waiting[s] < 0:
                hurt[s] = (found & (SENT_AGAIN | LOST | OUT_OF_ORDER)) != 0
            waiting[s] = i
        elif waiting[s] >= 0:
            asked[count], answered[count], sound[count] = waiting[s], i, not hurt[s]
            count += 1
            waiting[s] = -1
    return count
