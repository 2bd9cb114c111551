"""Texts of a buffer numbered as they are met: equal bytes get one number, compared byte by byte.

A table of texts is four arrays: where each text starts, its size, its hash, and slots that hold
their numbers (-1 where free; a power of two, at least twice as many as texts).
"""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._jit import kernel
from prodforensics.kernels.numbers import count_trailing_zeros, load8

__all__ = ["find_byte", "hashed", "same_bytes", "slot_for", "spread"]


@kernel
def find_byte(buf, p, end, wanted):
    """Return the place of a byte in ``buf[p:end]``; ``end`` where it is not."""
    ones = np.uint64(0x0101010101010101)
    highs = np.uint64(0x8080808080808080)
    many = ones * np.uint64(wanted)
    base = buf.ctypes.data
    while p + 8 <= end:
        word = load8(base + np.uintp(p)) ^ many
        found = (word - ones) & ~word & highs
        if found:
            return p + np.int64(count_trailing_zeros(found) >> np.uint64(3))
        p += 8
    while p < end and buf[p] != wanted:
        p += 1
    return p


@kernel
def same_bytes(buf, a, b, size):
    """Return how many of ``size`` bytes at two places are the same, from the first on."""
    base = buf.ctypes.data
    at = 0
    while at + 8 <= size:
        other = load8(base + np.uintp(a + at)) ^ load8(base + np.uintp(b + at))
        if other:
            return at + np.int64(count_trailing_zeros(other) >> np.uint64(3))
        at += 8
    while at < size and buf[a + at] == buf[b + at]:
        at += 1
    return at


@kernel
def hashed(buf, start, end):
    """Hash some bytes, eight at a time."""
    base = buf.ctypes.data
    value = np.uint64(end - start) * np.uint64(0x9E3779B97F4A7C15)
    p = start
    while p + 8 <= end:
        value = (value ^ load8(base + np.uintp(p))) * np.uint64(0xC2B2AE3D27D4EB4F)
        value ^= value >> np.uint64(31)
        p += 8
    while p < end:
        value = (value ^ np.uint64(buf[p])) * np.uint64(0xBF58476D1CE4E5B9)
        p += 1
    value ^= value >> np.uint64(29)
    value *= np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(32))


@kernel
def slot_for(slots, hashes, starts, sizes, buf, start, end, value):
    """Return the slot that holds the text ``buf[start:end]`` with a hash, or the free one for it.

    Parameters
    ----------
    slots : int32[:]
    hashes : uint64[:]
    starts, sizes : int64[:]
        The table.
    buf : uint8[:]
    start, end : int
    value : uint64
        What `hashed` says of the text.
    """
    mask = np.uint64(slots.size - 1)
    slot = value & mask
    size = end - start
    while True:
        one = slots[np.int64(slot)]
        if one < 0:
            break
        same = hashes[one] == value and sizes[one] == size
        if same and same_bytes(buf, starts[one], start, size) == size:
            break
        slot = (slot + np.uint64(1)) & mask
    return np.int64(slot)


@kernel
def spread(hashes, count, size):
    """Return a table of ``size`` slots with the first ``count`` hashes in it."""
    slots = np.full(size, -1, np.int32)
    mask = np.uint64(size - 1)
    for one in range(count):
        slot = hashes[one] & mask
        while slots[np.int64(slot)] >= 0:
            slot = (slot + np.uint64(1)) & mask
        slots[np.int64(slot)] = one
    return slots
