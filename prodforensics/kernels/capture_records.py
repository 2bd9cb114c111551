"""Where the packets of a capture file stand: pcap records and pcapng blocks.

Both walks are resumable and stop at the first thing that cannot be: the caller decides what it is.
"""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._jit import kernel

__all__ = ["LARGEST", "pcap_records", "pcapng_blocks", "read32"]

LARGEST = 2**26
"""Bytes of a packet at the most; a larger length is damage (libpcap's own limit is 2**18)."""

# Types of blocks that hold packets.
OBSOLETE, SIMPLE, ENHANCED, SECTION = 2, 3, 6, 0x0A0D0D0A


@kernel
def read32(data, p, big):
    """Read four bytes as an unsigned number."""
    a, b, c, d = (
        np.int64(data[p]),
        np.int64(data[p + 1]),
        np.int64(data[p + 2]),
        np.int64(data[p + 3]),
    )
    if big:
        return a << 24 | b << 16 | c << 8 | d
    return d << 24 | c << 16 | b << 8 | a


@kernel
def pcap_records(data, p, big, header, offset, seconds, fraction, captured, length):
    """Walk the records of a pcap file.

    Parameters
    ----------
    data : uint8[:]
    p : int
        Where the first record begins.
    big : bool
        Byte order.
    header : int
        Bytes of a record's header: 16, or 24 in modified files.
    offset : int64[m]
        Receives where each packet begins.
    seconds, fraction, captured, length : uint32[m] or int32[m]
        Receive the fields of the record.

    Returns
    -------
    count : int
        Records found; at most m.
    p : int
        Where the walk stopped: at the end, at a record that is cut or cannot be, or, where all m
        are taken, at the next one.
    """
    count = 0
    while count < offset.size and p + header <= data.size:
        size = read32(data, p + 8, big)
        if size > LARGEST or p + header + size > data.size:
            break
        seconds[count] = read32(data, p, big)
        fraction[count] = read32(data, p + 4, big)
        captured[count] = size
        length[count] = min(read32(data, p + 12, big), 2**31 - 1)
        offset[count] = p + header
        count += 1
        p += header + size
    return count, p


@kernel
def pcapng_blocks(data, p, big, offset, interface, ticks, captured, length, other):
    """Walk the blocks of one section of a pcapng file.

    Parameters
    ----------
    data : uint8[:]
    p : int
        Where the first block begins, after the section header.
    big : bool
        Byte order of the section.
    offset : int64[m]
        Receives where each packet begins.
    interface : int32[m]
        Receives the interface's number within the section.
    ticks : uint64[m]
        Receives the time in the interface's unit; all bits set where the block has none.
    captured, length : int32[m]
    other : int64[k]
        Receives where the blocks begin that hold no packet.

    Returns
    -------
    count : int
        Packets found.
    others : int
        Blocks without a packet.
    p : int
        Where the walk stopped: at the end, at the next section's header, at a block that is cut or
        cannot be, or where one of the arrays is full.
    """
    count = 0
    others = 0
    none = ~np.uint64(0)
    while p + 12 <= data.size and count < offset.size and others < other.size:
        kind = read32(data, p, big)
        size = read32(data, p + 4, big)
        if kind == SECTION or size < 12 or size % 4 or p + size > data.size:
            break
        if read32(data, p + size - 4, big) != size:
            break
        if kind in (ENHANCED, OBSOLETE):
            if size < 32:
                break
            taken = read32(data, p + 20, big)
            if taken > size - 32:
                break
            if kind == ENHANCED:
                interface[count] = min(read32(data, p + 8, big), 2**31 - 1)
            elif big:
                interface[count] = np.int64(data[p + 8]) << 8 | np.int64(data[p + 9])
            else:
                interface[count] = np.int64(data[p + 9]) << 8 | np.int64(data[p + 8])
            high = np.uint64(read32(data, p + 12, big))
            ticks[count] = high << np.uint64(32) | np.uint64(read32(data, p + 16, big))
            captured[count] = taken
            length[count] = min(read32(data, p + 24, big), 2**31 - 1)
            offset[count] = p + 28
            count += 1
        elif kind == SIMPLE:
            if size < 16:
                break
            whole = min(read32(data, p + 8, big), 2**31 - 1)
            interface[count] = 0
            ticks[count] = none
            captured[count] = min(whole, size - 16)
            length[count] = whole
            offset[count] = p + 12
            count += 1
        else:
            other[others] = p
            others += 1
        p += size
    return count, others, p
