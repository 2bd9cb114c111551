"""Strings of Java Flight Recorder to UTF-8, many at once."""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._growth import doubled
from prodforensics.kernels._jit import kernel
from prodforensics.kernels.decoding import put_utf8
from prodforensics.kernels.jfr_values import read_integer

__all__ = ["gather_texts"]


@kernel
def _units(data, p, end, count, text, size):
    """Write ``count`` units of UTF-16 as UTF-8; half a pair becomes U+FFFD. Return the size."""
    high = np.int64(0)
    for _ in range(count):
        unit, p = read_integer(data, p, end)
        if p < 0:
            break
        unit &= 0xFFFF
        if high > 0:
            if 0xDC00 <= unit < 0xE000:
                size = put_utf8(text, size, 0x10000 + ((high - 0xD800) << 10) + (unit - 0xDC00))
                high = np.int64(0)
                continue
            size = put_utf8(text, size, 0xFFFD)
            high = np.int64(0)
        if 0xD800 <= unit < 0xDC00:
            high = unit
        else:
            size = put_utf8(text, size, 0xFFFD if 0xDC00 <= unit < 0xE000 else unit)
    if high > 0:
        size = put_utf8(text, size, 0xFFFD)
    return size


@kernel
def gather_texts(data, start, end):
    """Collect strings.

    Parameters
    ----------
    data : uint8[:]
    start : int64[k]
        Where each string stands; 0 for none.
    end : int
        Nothing is read from there on.

    Returns
    -------
    text : uint8[:]
        Their UTF-8, one after the other; what is said to be UTF-8 is taken as it is.
    first : int64[k + 1]
        Bounds of each in ``text``; empty for null, and for what is no string.
    key : int64[k]
        Of a string that stands in the pool of strings, its key there; -1 for others.
    """
    k = start.size
    first = np.zeros(k + 1, np.int64)
    key = np.full(k, -1, np.int64)
    text = np.empty(1024, np.uint8)
    size = np.int64(0)
    for i in range(k):
        first[i + 1] = size
        p = start[i]
        if p <= 0 or p >= end:
            continue
        form = data[p]
        if form < 2 or form > 5:
            continue
        length, p = read_integer(data, p + 1, end)
        if p < 0:
            continue
        if form == 2:
            key[i] = max(length, np.int64(-1))
            continue
        if length < 0 or length > end - p:
            continue
        while size + 3 * length > text.size:
            text = doubled(text)
        if form == 4:
            size = _units(data, p, end, length, text, size)
        else:
            for q in range(p, p + length):
                if form == 3 or data[q] < 0x80:
                    text[size] = data[q]
                    size += 1
                else:
                    size = put_utf8(text, size, np.int64(data[q]))
        first[i + 1] = size
    return text[:size].copy(), first, key
