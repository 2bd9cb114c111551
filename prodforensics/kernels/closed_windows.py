"""How long receivers kept their windows closed."""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._jit import kernel

__all__ = ["closed_windows"]

SYN, FIN, RST = 2, 1, 4
PROBE, KEEP_ALIVE = 64, 8  # bits of the analysis


@kernel
def closed_windows(
    protocol, stream, direction, time, flags, window, analysis, flipped, reset, times, total,
    longest, first, probes,
):  # fmt: skip
    """Measure from the packet that closes a window to the one that opens it, per side.

    Parameters
    ----------
    protocol, stream, direction, time, flags, window
        Columns of `prodforensics.network.packets.Packets`.
    analysis : uint16[n]
        See `prodforensics.kernels.tcp_analysis`.
    flipped : bool[streams]
        Whether the first packet came from the responder. All that follows is of two columns: the
        originator's and the responder's.
    reset : int64[streams]
        Place of the first RST, which ends the wait; -1 for none.
    times : int32[streams, 2]
        Zeros; receives how often a side closed its window.
    total, longest : int64[streams, 2]
        Zeros; receive how long it was closed, ns. A window that stays closed counts up to the last
        packet of the connection.
    first : int64[streams, 2]
        Filled with -1; receives the place of the packet that closed it for the longest time.
    probes : int32[streams, 2]
        Zeros; receives how often the other side asked meanwhile whether it is still closed.
    """
    since = np.full(flipped.size * 2, -1, np.int64).reshape(flipped.size, 2)
    final = np.full(flipped.size, -1, np.int64)
    for i in range(stream.size):
        s = stream[i]
        if s < 0 or protocol[i] != 6 or (reset[s] >= 0 and i > reset[s]):
            continue
        side = np.int64(1 - direction[i] if flipped[s] else direction[i])
        final[s] = time[i]
        if since[s, 1 - side] >= 0 and analysis[i] & (PROBE | KEEP_ALIVE):
            probes[s, 1 - side] += 1
        if flags[i] & (SYN | FIN | RST):
            continue
        if not window[i]:
            if since[s, side] < 0:
                since[s, side] = i
                times[s, side] += 1
        elif since[s, side] >= 0:
            note(time, since, total, longest, first, s, side, time[i])
    for s in range(flipped.size):
        for side in range(2):
            if since[s, side] >= 0:
                note(time, since, total, longest, first, s, side, final[s])


@kernel
def note(time, since, total, longest, first, s, side, until):
    """Add up one time that a window was closed."""
    closed = max(until - time[since[s, side]], 0)
    total[s, side] += closed
    if closed >= longest[s, side]:
        longest[s, side] = closed
        first[s, side] = since[s, side]
    since[s, side] = -1
