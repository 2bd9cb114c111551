"""Which packets belong together: TCP and UDP streams, numbered as Wireshark numbers them."""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._growth import doubled
from prodforensics.kernels._jit import kernel

__all__ = ["number_streams"]

SYN, ACK = 2, 16


@kernel
def slot_of(slots, key, low, high, ports, kind):
    """Return the slot of a pair of ends, or the free one for it."""
    mask = np.uint64(slots.size - 1)
    hashed = np.uint64(low) * np.uint64(0x9E3779B97F4A7C15)
    hashed ^= np.uint64(high) * np.uint64(0xC2B2AE3D27D4EB4F)
    hashed ^= (np.uint64(ports) << np.uint64(2) | np.uint64(kind)) * np.uint64(0x165667B19E3779F9)
    hashed ^= hashed >> np.uint64(29)
    hashed *= np.uint64(0xBF58476D1CE4E5B9)
    slot = np.int64((hashed ^ (hashed >> np.uint64(32))) & mask)
    while True:
        number = slots[slot]
        if number < 0:
            return slot
        at = 4 * np.int64(number)
        if key[at] == low and key[at + 1] == high and key[at + 2] == ports and key[at + 3] == kind:
            return slot
        slot = (slot + 1) & np.int64(mask)


@kernel
def number_streams(protocol, source, destination, source_port, destination_port, flags, sequence,
                   acknowledgment, stream, direction, reused_ports):  # fmt: skip
    """Give numbers to the streams of TCP and of UDP, in the order of their first packets.

    A SYN whose sequence number is not that of the stream's first one begins a new stream on the
    same ports (Wireshark: ``tcp.analysis.reused_ports``). An answer to a SYN begins none: the
    stream goes on with its number.

    Parameters
    ----------
    protocol : int16[n]
    source, destination, source_port, destination_port : int32[n]
    flags : uint16[n]
    sequence, acknowledgment : uint32[n]
    stream : int32[n]
        Filled with -1; receives the numbers.
    direction : uint8[n]
        Receives 0 for packets from the side that sent the stream's first one, 1 for those back.
    reused_ports : bool[n]
        Falses; receives True where a SYN, or an answer to one, has another number than before.

    Returns
    -------
    tcp, udp : int
        Streams of each.
    """
    slots = np.full(4096, -1, np.int32)
    # Pairs of ends: low address, high address, ports, protocol; then what is known of the newest
    # stream between them.
    key = np.empty(4 * 1024, np.int64)
    newest = np.empty(1024, np.int32)
    first_low = np.empty(1024, np.bool_)
    base = np.empty(2 * 1024, np.int64)
    pairs, tcp, udp = 0, 0, 0
    for i in range(protocol.size):
        kind = protocol[i]
        if (kind != 6 and kind != 17) or source_port[i] < 0:
            continue
        a, b = np.int64(source[i]), np.int64(destination[i])
        x, y = np.int64(source_port[i]), np.int64(destination_port[i])
        from_low = a < b or (a == b and x <= y)
        if not from_low:
            a, b, x, y = b, a, y, x
        ports = x << 16 | y
        slot = slot_of(slots, key, a, b, ports, np.int64(kind))
        pair = slots[slot]
        fresh = pair < 0
        if fresh:
            if pairs == newest.size:
                newest, first_low = doubled(newest), doubled(first_low)
                key, base = doubled(key), doubled(base)
            pair = np.int32(pairs)
            at = 4 * pairs
            key[at], key[at + 1], key[at + 2], key[at + 3] = a, b, ports, kind
            slots[slot] = pair
            pairs += 1
            if 2 * pairs > slots.size:
                wider = np.full(2 * slots.size, -1, np.int32)
                for k in range(pairs):
                    at = 4 * k
                    place = slot_of(wider, key, key[at], key[at + 1], key[at + 2], key[at + 3])
                    wider[place] = k
                slots = wider
        side = 2 * np.int64(pair) + (0 if from_low else 1)
        if kind == 6 and not fresh and flags[i] & SYN:
            known = base[side]
            reused_ports[i] = known >= 0 and known != np.int64(sequence[i])
            if reused_ports[i] and flags[i] & ACK:
                base[side] = np.int64(sequence[i])
            else:
                fresh = reused_ports[i]
        if fresh:
            base[2 * pair] = -1
            base[2 * pair + 1] = -1
            first_low[pair] = from_low
            if kind == 6:
                newest[pair] = tcp
                tcp += 1
            else:
                newest[pair] = udp
                udp += 1
        if kind == 6 and base[side] < 0:
            base[side] = (np.int64(sequence[i]) - (0 if flags[i] & SYN else 1)) & 0xFFFFFFFF
        other = side ^ 1
        if kind == 6 and base[other] < 0 and flags[i] & ACK:
            base[other] = (np.int64(acknowledgment[i]) - 1) & 0xFFFFFFFF
        stream[i] = newest[pair]
        direction[i] = 0 if from_low == first_low[pair] else 1
    return tcp, udp
