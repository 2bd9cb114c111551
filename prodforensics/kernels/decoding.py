"""JSON strings to UTF-8, many at once."""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._jit import kernel
from prodforensics.kernels.texts import BACKSLASH, QUOTE

__all__ = ["decode_strings", "fingerprints"]

_ESCAPED = np.frombuffer(b'"\\/bfnrt', np.uint8)
_MEANT = np.frombuffer(b'"\\/\b\f\n\r\t', np.uint8)
_U = np.uint8(ord("u"))


@kernel
def hex_value(data, p):
    """Return the number that four hexadecimal digits write, or -1."""
    if p + 4 > data.size:
        return -1
    value = 0
    for i in range(p, p + 4):
        c = np.int64(data[i])
        if 48 <= c <= 57:
            value = value * 16 + c - 48
        elif 65 <= (c & ~32) <= 70:
            value = value * 16 + (c & ~32) - 55
        else:
            return -1
    return value


@kernel
def put_utf8(out, size, point):
    """Write a code point as UTF-8; return the new size."""
    if point < 0x80:
        out[size] = point
        return size + 1
    if point < 0x800:
        out[size] = 0xC0 | point >> 6
        out[size + 1] = 0x80 | point & 63
        return size + 2
    if point < 0x10000:
        out[size] = 0xE0 | point >> 12
        out[size + 1] = 0x80 | point >> 6 & 63
        out[size + 2] = 0x80 | point & 63
        return size + 3
    out[size] = 0xF0 | point >> 18
    out[size + 1] = 0x80 | point >> 12 & 63
    out[size + 2] = 0x80 | point >> 6 & 63
    out[size + 3] = 0x80 | point & 63
    return size + 4


@kernel
def decode_strings(data, starts, indices):
    """Decode JSON strings.

    Half a surrogate pair, which UTF-8 cannot write, becomes U+FFFD.

    Parameters
    ----------
    data : uint8[:]
        JSON strings; see `prodforensics.kernels.strings.index_strings`.
    starts : unsigned[count + 1]
    indices : int64[k]
        The strings wanted; below ``count``.

    Returns
    -------
    text : uint8[:]
        Their UTF-8, one after the other.
    offsets : int64[k + 1]
    strange : bool
        Whether a string holds an escape that JSON does not have.
    """
    k = indices.size
    offsets = np.zeros(k + 1, np.int64)
    room = 0
    for i in range(k):
        room += np.int64(starts[indices[i] + 1]) - np.int64(starts[indices[i]])
    # No escape is shorter than what it stands for: half a pair takes six bytes and becomes three.
    text = np.empty(room, np.uint8)
    strange = False
    size = 0
    for i in range(k):
        p = np.int64(starts[indices[i]])
        end = min(np.int64(starts[indices[i] + 1]), data.size)
        while p < end and data[p] != QUOTE:
            c = data[p]
            p += 1
            if c != BACKSLASH:
                text[size] = c
                size += 1
                continue
            if p >= end:
                strange = True
                break
            c = data[p]
            p += 1
            if c == _U:
                point = hex_value(data, p)
                if point < 0 or p + 4 > end:
                    strange = True
                    break
                p += 4
                if 0xD800 <= point < 0xE000:
                    low = -1
                    if point < 0xDC00 and p + 6 <= end and data[p] == BACKSLASH:
                        low = hex_value(data, p + 2) if data[p + 1] == _U else -1
                    if 0xDC00 <= low < 0xE000:
                        point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00)
                        p += 6
                    else:
                        point = 0xFFFD
                size = put_utf8(text, size, point)
                continue
            known = False
            for j in range(_ESCAPED.size):
                if c == _ESCAPED[j]:
                    text[size] = _MEANT[j]
                    size += 1
                    known = True
            if not known:
                strange = True
                break
        offsets[i + 1] = size
    return text[:size], offsets, strange


@kernel
def fingerprints(text, offsets):
    """Hash texts, so that equal ones can be found without keeping them.

    Parameters
    ----------
    text : uint8[:]
        The texts, one after the other.
    offsets : int64[k + 1]

    Returns
    -------
    int64[k, 2]
        128 bits a text: FNV-1a, and a product of other constants.
    """
    k = offsets.size - 1
    found = np.empty((k, 2), np.int64)
    for i in range(k):
        one = np.uint64(14695981039346656037)
        other = np.uint64(offsets[i + 1] - offsets[i]) + np.uint64(0x9E3779B97F4A7C15)
        for p in range(offsets[i], offsets[i + 1]):
            byte = np.uint64(text[p])
            one = (one ^ byte) * np.uint64(1099511628211)
            other = (other + byte) * np.uint64(0xC2B2AE3D27D4EB4F)
            other ^= other >> np.uint64(29)
        found[i, 0] = np.int64(one)
        found[i, 1] = np.int64(other)
    return found
