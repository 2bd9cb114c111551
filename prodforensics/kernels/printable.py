"""Runs of printable text in memory: ASCII, UTF-8, and UTF-16 of little-endian machines."""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._growth import doubled
from prodforensics.kernels._jit import kernel
from prodforensics.kernels.numbers import load8

__all__ = ["ASCII", "UTF_8", "UTF_16", "find_texts"]

ASCII, UTF_8, UTF_16 = 0, 1, 2


@kernel
def _is_printable(byte):
    return 32 <= byte <= 126 or byte == 9


@kernel
def _sequence(data, i):
    """Return the bytes of a character of UTF-8 beyond ASCII; 0 where there is none."""
    first = data[i]
    if 0xC2 <= first <= 0xDF:
        size = 2
    elif 0xE0 <= first <= 0xEF:
        size = 3
    elif 0xF0 <= first <= 0xF4:
        size = 4
    else:
        return 0
    if i + size > data.size:
        return 0
    for k in range(1, size):
        if data[i + k] & 0xC0 != 0x80:
            return 0
    second = data[i + 1]
    # Overlong forms, surrogates and what lies beyond Unicode are none.
    if (first == 0xE0 and second < 0xA0) or (first == 0xED and second > 0x9F):
        return 0
    if (first == 0xF0 and second < 0x90) or (first == 0xF4 and second > 0x8F):
        return 0
    # Controls of C1 print nothing.
    if first == 0xC2 and second < 0xA0:
        return 0
    return size


@kernel
def find_texts(data, start, least, most):
    """Find runs of printable characters.

    Parameters
    ----------
    data : uint8[:]
    start : int
        Where to begin.
    least : int
        The fewest characters of a run. In one of UTF-8 half of them at the least are ASCII: in
        bytes that are no text, valid sequences stand by chance.
    most : int
        The most runs.

    Returns
    -------
    where, size, characters : int64[n]
        First byte, bytes and characters of each run.
    encoding : uint8[n]
        `ASCII`, `UTF_8` or `UTF_16`.
    reached : int
        The size of the data, or where the run begins that is one too many.
    """
    where = np.empty(64, np.int64)
    sizes = np.empty(64, np.int64)
    characters = np.empty(64, np.int64)
    encoding = np.empty(64, np.uint8)
    count = 0
    base = data.ctypes.data
    i = start
    while i < data.size:
        # Most of what is no text is zeros.
        while i + 8 <= data.size and load8(base + np.uintp(i)) == 0:
            i += 8
        if i >= data.size:
            break
        begin, chars, beyond, kind = i, 0, 0, ASCII
        if _is_printable(data[i]) and i + 3 < data.size and data[i + 1] == 0:
            while i + 1 < data.size and _is_printable(data[i]) and data[i + 1] == 0:
                i += 2
                chars += 1
            kind = UTF_16
            if chars == 1:
                # A single character before a zero ends a text of bytes or is none.
                i = begin + 1
                continue
        else:
            while i < data.size:
                if _is_printable(data[i]):
                    wide = i + 3 < data.size and data[i + 1] == 0 and data[i + 3] == 0
                    if wide and _is_printable(data[i + 2]):
                        break  # Text of two bytes a character begins.
                    i += 1
                else:
                    size = _sequence(data, i)
                    if size == 0:
                        break
                    i += size
                    beyond += 1
                chars += 1
            if i == begin:
                i += 1
                continue
            if beyond:
                kind = UTF_8
        if chars < least or 2 * beyond > chars:
            continue
        if count == most:
            return where[:count], sizes[:count], characters[:count], encoding[:count], begin
        if count == where.size:
            where, sizes = doubled(where), doubled(sizes)
            characters, encoding = doubled(characters), doubled(encoding)
        where[count], sizes[count], characters[count] = begin, i - begin, chars
        encoding[count] = kind
        count += 1
    return where[:count], sizes[:count], characters[:count], encoding[:count], data.size
