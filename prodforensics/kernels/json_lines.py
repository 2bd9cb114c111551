"""Lines of JSON, each with a long list that repeats and a few numbers behind it, as of rbspy."""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._growth import doubled
from prodforensics.kernels._jit import kernel
from prodforensics.kernels.interning import find_byte, hashed, slot_for, spread

__all__ = ["read_list_lines"]

NEW_LINE, QUOTE, COLON = np.uint8(10), np.uint8(34), np.uint8(58)
OPEN, CLOSE = np.uint8(91), np.uint8(93)


@kernel
def key_of(buf, start, end, keys, first_key):
    """Return which of the keys stands at ``buf[start:end]``; -1 for none."""
    for k in range(first_key.size - 1):
        if first_key[k + 1] - first_key[k] == end - start:
            same = True
            for i in range(end - start):
                same &= buf[start + i] == keys[first_key[k] + i]
            if same:
                return k
    return -1


@kernel
def read_numbers(buf, p, end, keys, first_key, numbers):
    """Read the numbers behind some keys: digits, or the word ``true`` as 1.

    Parameters
    ----------
    buf : uint8[:]
    p, end : int
    keys : uint8[:]
        Names of the keys, one after the other.
    first_key : int64[k + 1]
        Bounds of each.
    numbers : int64[k]
        Receives the numbers; what is not there is left as it was.
    """
    while p < end:
        start = find_byte(buf, p, end, QUOTE) + 1
        stop = find_byte(buf, start, end, QUOTE)
        if stop >= end:
            return
        p = stop + 1
        if p + 1 >= end or buf[p] != COLON:
            continue
        k = key_of(buf, start, stop, keys, first_key)
        p += 1
        if k < 0:
            continue
        if buf[p] == 116:  # true
            numbers[k] = 1
        digits = 0
        value = np.int64(0)
        while p < end and digits < 18 and buf[p] >= 48 and buf[p] <= 57:
            value = value * 10 + np.int64(buf[p] - 48)
            digits += 1
            p += 1
        if digits:
            numbers[k] = value


@kernel
def read_list_lines(buf, start, keys, first_key):
    """Give equal lists of lines one number, and read the numbers that stand behind each.

    Parameters
    ----------
    buf : uint8[:]
        The file.
    start : int
        Where the first line begins.
    keys, first_key
        See `read_numbers`.

    Returns
    -------
    list_first, list_size : int64[u]
        Where each different list stands first, from ``[`` to the last ``]`` of its line.
    which : int32[n]
        List of each line; -1 for a line without one.
    numbers : int64[n, k]
        What stands behind the keys; -1 where nothing does.
    line_first, line_end : int64[n]
        Bounds of each line. Empty ones are left out.
    """
    list_first = np.empty(1024, np.int64)
    list_size = np.empty(1024, np.int64)
    list_hash = np.empty(1024, np.uint64)
    slots = np.full(4096, -1, np.int32)
    lists = 0
    lines = 0
    for p in range(start, buf.size):
        lines += buf[p] == NEW_LINE
    lines += 1
    which = np.full(lines, -1, np.int32)
    numbers = np.full((lines, first_key.size - 1), -1, np.int64)
    line_first = np.empty(lines, np.int64)
    line_end = np.empty(lines, np.int64)
    count = 0
    while start < buf.size:
        stop = find_byte(buf, start, buf.size, NEW_LINE)
        if stop > start:
            p = find_byte(buf, start, stop, OPEN)
            q = stop
            while q > p and buf[q - 1] != CLOSE:
                q -= 1
            if q > p:
                value = hashed(buf, p, q)
                slot = slot_for(slots, list_hash, list_first, list_size, buf, p, q, value)
                if slots[slot] < 0:
                    if lists == list_first.size:
                        list_first, list_size = doubled(list_first), doubled(list_size)
                        list_hash = doubled(list_hash)
                    list_first[lists], list_size[lists], list_hash[lists] = p, q - p, value
                    slots[slot] = lists
                    which[count] = lists
                    lists += 1
                    if 2 * lists > slots.size:
                        slots = spread(list_hash, lists, 2 * slots.size)
                else:
                    which[count] = slots[slot]
                read_numbers(buf, q, stop, keys, first_key, numbers[count])
            line_first[count], line_end[count] = start, stop
            count += 1
        start = stop + 1
    return (
        list_first[:lists].copy(),
        list_size[:lists].copy(),
        which[:count].copy(),
        numbers[:count].copy(),
        line_first[:count].copy(),
        line_end[:count].copy(),
    )
