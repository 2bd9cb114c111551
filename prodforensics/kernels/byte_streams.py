"""The segments of TCP flows put in order: what of each packet belongs where.

A flow is one side of a stream. Its bytes are counted from the first one after the SYN or, where the
SYN was not captured, from the first one known; sequence numbers wrap around. Of bytes that came
more than once the first packet counts.
"""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._jit import kernel
from prodforensics.kernels.tcp_states import relative

__all__ = ["collect_segments", "gather", "order_segments"]

FIN, SYN, RST, ACK = 1, 2, 4, 16
UNKNOWN = -(2**62)


@kernel
def collect_segments(
    protocol, stream, direction, flags, sequence, acknowledgment, length, captured, place, flipped,
    begun, finished, tail,
):  # fmt: skip
    """Sort the segments of some streams by flow, and find where they begin in it.

    Payload of a RST is a remark, no part of the flow.

    Parameters
    ----------
    protocol : int16[n]
    stream : int32[n]
    direction : uint8[n]
    flags : uint16[n]
    sequence, acknowledgment : uint32[n]
    length, captured : int32[n]
        Bytes of payload, and how many of them are in the file.
    place : int64[streams]
        The place of a stream among the wanted ones; -1 for others.
    flipped : bool[streams]
        Whether the first packet came from the responder.
    begun, finished : bool[2 * wanted]
        Falses; receive whether the beginning (SYN) and the end (FIN) of a flow were captured. A
        wanted stream's originator comes first, then its responder.
    tail : int64[2 * wanted]
        Receives where each flow ends: by its FIN, else by its segments and what the other side
        acknowledged.

    Returns
    -------
    first : int64[2 * wanted + 1]
        Where the segments of each flow begin in the other results.
    packet, begin : int64[k]
        Place of the packet, and where its payload begins in the flow.
    """
    flows = begun.size
    first = np.zeros(flows + 1, np.int64)
    for i in range(protocol.size):
        if protocol[i] == 6 and captured[i] > 0 and stream[i] >= 0 and not flags[i] & RST:
            wanted = place[stream[i]]
            if wanted >= 0:
                first[2 * wanted + (direction[i] ^ flipped[stream[i]]) + 1] += 1
    for flow in range(flows):
        first[flow + 1] += first[flow]
    packet = np.empty(first[flows], np.int64)
    begin = np.empty(first[flows], np.int64)
    following = first[:-1].copy()
    base = np.full(flows, -1, np.int64)
    near = np.zeros(flows, np.int64)
    end = np.full(flows, UNKNOWN, np.int64)
    reached = np.full(flows, UNKNOWN, np.int64)
    for i in range(protocol.size):
        if protocol[i] != 6 or stream[i] < 0 or flags[i] & RST:
            continue
        wanted = place[stream[i]]
        if wanted < 0:
            continue
        own = 2 * wanted + np.int64(direction[i] ^ flipped[stream[i]])
        other = own ^ 1
        syn = 1 if flags[i] & SYN else 0
        if base[own] < 0:
            base[own] = (np.int64(sequence[i]) + syn) & 0xFFFFFFFF
        if syn:
            begun[own] = True
        here = relative(sequence[i], base[own], near[own]) + syn
        near[own] = max(near[own], here)
        if length[i] > 0:
            end[own] = max(end[own], here + length[i])
        if flags[i] & FIN:
            finished[own] = True
            end[own] = max(end[own], here + length[i])
        reached[own] = max(reached[own], here)
        if flags[i] & ACK:
            if base[other] < 0 and syn:
                base[other] = np.int64(acknowledgment[i])
                begun[other] = True
            if base[other] >= 0:
                upto = relative(acknowledgment[i], base[other], near[other])
                reached[other] = max(reached[other], upto)
        if captured[i] > 0:
            packet[following[own]], begin[following[own]] = i, here
            following[own] += 1
    for flow in range(flows):
        # A FIN has a number, too; one byte more may be a FIN that was not captured.
        tail[flow] = end[flow]
        if not finished[flow] and reached[flow] > max(end[flow], 0) + 1:
            tail[flow] = reached[flow]
    return first, packet, begin


@kernel
def at_or_after(bounds, count, value):
    """Return the place of a value in a sorted list that holds it."""
    low, high = 0, count
    while low < high:
        middle = (low + high) // 2
        if bounds[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def free_from(owner_after, k):
    """Return the first free span from k on, and shorten the way there."""
    top = k
    while owner_after[top] != top:
        top = owner_after[top]
    while owner_after[k] != top:
        owner_after[k], k = top, owner_after[k]
    return top


@kernel
def order_segments(first, packet, begin, captured, begun, tail, lost_after):
    """Put the segments of each flow in order, every byte once.

    Parameters
    ----------
    first, packet, begin : int64[f + 1], int64[k], int64[k]
        See `collect_segments`.
    captured : int32[n]
    begun : bool[f]
    tail : int64[f]
    lost_after : int64[f]
        Receives how many bytes after the last piece were not captured.

    Returns
    -------
    first_piece : int64[f + 1]
        Where the pieces of each flow begin in the other results.
    source, skip, size, lost : int64[p]
        Of each piece: its packet, how much of the packet's payload lies before it, its bytes, and
        how many bytes before it were not captured.
    """
    flows = first.size - 1
    most = 2 * packet.size
    first_piece = np.zeros(flows + 1, np.int64)
    source, skip = np.empty(most, np.int64), np.empty(most, np.int64)
    size, lost = np.empty(most, np.int64), np.empty(most, np.int64)
    pieces = 0
    for flow in range(flows):
        start, stop = first[flow], first[flow + 1]
        reached = np.int64(0)
        known = begun[flow]
        in_order = True
        for j in range(start, stop):
            if (begun[flow] and begin[j] < 0) or (
                j > start and begin[j] < begin[j - 1] + captured[packet[j - 1]]
            ):
                in_order = False
                break
        if in_order:
            for j in range(start, stop):
                source[pieces], skip[pieces] = packet[j], 0
                size[pieces] = captured[packet[j]]
                lost[pieces] = begin[j] - reached if known else 0
                reached, known = begin[j] + size[pieces], True
                pieces += 1
        else:
            bounds = np.empty(2 * (stop - start) + 1, np.int64)
            bounds[-1] = 0
            for j in range(start, stop):
                bounds[2 * (j - start)] = begin[j]
                bounds[2 * (j - start) + 1] = begin[j] + captured[packet[j]]
            bounds.sort()
            spans = 0
            for k in range(bounds.size):
                if k == 0 or bounds[k] != bounds[spans - 1]:
                    bounds[spans] = bounds[k]
                    spans += 1
            owner = np.full(spans, -1, np.int64)
            onward = np.arange(spans)
            for j in range(start, stop):
                last = at_or_after(bounds, spans, begin[j] + captured[packet[j]])
                k = free_from(onward, at_or_after(bounds, spans, begin[j]))
                while k < last:
                    owner[k] = j
                    onward[k] = k + 1
                    k = free_from(onward, k)
            before = np.int64(-1)
            for k in range(spans - 1):
                j = owner[k]
                # What stands before the SYN is older than the connection.
                if j >= 0 and not (begun[flow] and bounds[k] < 0):
                    if j == before:
                        size[pieces - 1] += bounds[k + 1] - bounds[k]
                    else:
                        source[pieces], skip[pieces] = packet[j], bounds[k] - begin[j]
                        size[pieces] = bounds[k + 1] - bounds[k]
                        lost[pieces] = bounds[k] - reached if known else 0
                        pieces += 1
                    reached, known = bounds[k + 1], True
                    before = j
                else:
                    before = -1
        lost_after[flow] = max(tail[flow] - reached, 0) if known else 0
        first_piece[flow + 1] = pieces
    return (
        first_piece, source[:pieces].copy(), skip[:pieces].copy(), size[:pieces].copy(),
        lost[:pieces].copy(),
    )  # fmt: skip


@kernel
def gather(data, extra, start, size, out):
    """Copy pieces one after the other.

    Parameters
    ----------
    data : uint8[:]
        The unpacked file.
    extra : uint8[:]
        Bytes that do not stand in the file: what was put together.
    start : int64[p]
        Where a piece begins in `data`, or in `extra` after -1: -1 is its first byte.
    size : int64[p]
    out : uint8[:]
    """
    at = 0
    for k in range(start.size):
        begin, count = start[k], size[k]
        from_file = begin >= 0
        room = data.size - begin if from_file else extra.size + 1 + begin
        count = min(count, room, out.size - at)
        if from_file:
            for i in range(count):
                out[at + i] = data[begin + i]
        else:
            for i in range(count):
                out[at + i] = extra[-1 - begin + i]
        at += count
    return at
