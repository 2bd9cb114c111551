"""Questions about undecoded JSON strings."""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._growth import doubled
from prodforensics.kernels._jit import kernel

__all__ = ["find_texts", "integer_prefix", "prefixed", "starts_with", "weak_map_pairs"]

QUOTE, BACKSLASH = np.uint8(34), np.uint8(92)


@kernel
def starts_with(data, start, stop, text):
    """Whether the bytes from ``start`` begin with ``text`` and go no further than ``stop``."""
    if start + text.size > stop:
        return False
    for i in range(text.size):  # noqa: SIM110 (numba knows no all())
        if data[start + i] != text[i]:
            return False
    return True


@kernel
def string_end(data, start):
    """Return the place of the quote that ends the string starting at ``start``."""
    p = start
    while p < data.size:
        if data[p] == QUOTE:
            return p
        p += 2 if data[p] == BACKSLASH else 1
    return data.size


@kernel
def find_texts(data, starts, texts, first_text):
    """Find strings by their text.

    Parameters
    ----------
    data : uint8[:]
        JSON strings; see `prodforensics.kernels.strings.index_strings`.
    starts : unsigned[count + 1]
    texts : uint8[:]
        The texts looked for, each with its closing quote, one after the other. They hold nothing
        that JSON escapes.
    first_text : int64[k + 1]
        Where each text begins in ``texts``.

    Returns
    -------
    int64[k]
        Index of the first string equal to each text; -1 where there is none.
    """
    k = first_text.size - 1
    found = np.full(k, -1, np.int64)
    for s in range(starts.size - 1):
        start = np.int64(starts[s])
        head = data[start]
        for t in range(k):
            if texts[first_text[t]] == head and found[t] < 0:
                text = texts[first_text[t] : first_text[t + 1]]
                if starts_with(data, start, data.size, text):
                    found[t] = s
    return found


@kernel
def prefixed(data, starts, text, found):
    """Mark the strings that begin with a text.

    Parameters
    ----------
    data : uint8[:]
        JSON strings; see `prodforensics.kernels.strings.index_strings`.
    starts : unsigned[count + 1]
    text : uint8[:]
        Holds nothing that JSON escapes; with a closing quote it is the whole string.
    found : bool[:]
        Receives the marks; at least ``count`` long.
    """
    for s in range(starts.size - 1):
        if starts_with(data, np.int64(starts[s]), data.size, text):
            found[s] = True


@kernel
def integer_prefix(data, start):
    """Read a string as JavaScript's ``parseInt(text, 10)``; NaN where no number leads it."""
    p = start
    while p < data.size and data[p] == 32:
        p += 1
    sign = 1.0
    if p < data.size and (data[p] == 45 or data[p] == 43):
        sign = -1.0 if data[p] == 45 else 1.0
        p += 1
    first = p
    value = 0.0
    while p < data.size and data[p] >= 48 and data[p] <= 57:
        value = value * 10 + (data[p] - 48)
        p += 1
    return sign * value if p > first else np.nan


@kernel
def skip_digits_back(data, p, start):
    while p > start and data[p - 1] >= 48 and data[p - 1] <= 57:
        p -= 1
    return p


@kernel
def weak_map_pairs(data, starts, key, value, tail):
    r"""Recognise V8's names of the two edges to a WeakMap's value.

    They match ``^\d+( / part of key \(.*? @\d+\) -> value \(.*? @\d+\) pair in WeakMap
    \(table @(\d+)\))$``; both edges of a pair have the same group 1 (DevTools
    ``tryParseWeakMapEdgeName``).

    Parameters
    ----------
    data, starts
        The strings.
    key, value, tail : uint8[:]
        `` / part of key (``, ``) -> value (`` and ``) pair in WeakMap (table @``.

    Returns
    -------
    string : int64[k]
        Indices of the matching strings.
    pair : uint64[k]
        Hash of group 1.
    table : uint64[k]
        Id of the WeakMap's table (group 2).
    """
    string = np.empty(64, np.int64)
    pair = np.empty(64, np.uint64)
    table = np.empty(64, np.uint64)
    k = 0
    for s in range(starts.size - 1):
        start = np.int64(starts[s])
        p = start
        while p < data.size and data[p] >= 48 and data[p] <= 57:
            p += 1
        if p == start or not starts_with(data, p, data.size, key):
            continue
        end = string_end(data, p)
        if data[end - 1] != 41:
            continue
        digits = skip_digits_back(data, end - 1, p)
        tail_start = digits - tail.size
        if digits == end - 1 or tail_start < p or not starts_with(data, tail_start, end, tail):
            continue
        # Before the tail: " @123". `.` does not match an escaped line break.
        at = skip_digits_back(data, tail_start, p)
        if at == tail_start or at < p + 2 or data[at - 1] != 64 or data[at - 2] != 32:
            continue
        matched = False
        broken = False
        hashed = np.uint64(14695981039346656037)
        for i in range(p, end):
            c = data[i]
            hashed = (hashed ^ np.uint64(c)) * np.uint64(1099511628211)
            if c == BACKSLASH and (data[i + 1] == 110 or data[i + 1] == 114):
                broken = True
            if c == 41 and not matched and starts_with(data, i, at - 2, value):
                id_ = skip_digits_back(data, i, p)
                matched = id_ < i and data[id_ - 1] == 64 and data[id_ - 2] == 32
        if not matched or broken:
            continue
        number = np.uint64(0)
        for i in range(digits, end - 1):
            number = number * np.uint64(10) + np.uint64(data[i] - 48)
        if k == string.size:
            string = doubled(string)
            pair = doubled(pair)
            table = doubled(table)
        string[k] = s
        pair[k] = hashed
        table[k] = number
        k += 1
    return string[:k], pair[:k], table[:k]
