"""The frames of ``perf script``, taken apart: address, symbol, binary."""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._jit import kernel
from prodforensics.kernels.perf_lines import skip_blanks, skip_hex
from prodforensics.kernels.text_tables import intern

__all__ = ["split_frames"]

_BLANK, _OPENING, _CLOSING = np.uint8(32), np.uint8(40), np.uint8(41)
_NEWLINE = np.uint8(10)  # stands in no line
_PLUS, _ZERO, _X = np.uint8(43), np.uint8(48), np.uint8(120)
_DELETED = np.frombuffer(b"deleted", np.uint8)


@kernel
def hex_number(data, p, stop):
    value = np.uint64(0)
    for k in range(p, stop):
        c = np.uint64(data[k])
        digit = c - np.uint64(48) if c < np.uint64(58) else c - np.uint64(87)
        value = (value << np.uint64(4)) | digit
    return value


@kernel
def without_blanks(data, start, stop):
    """Return the end of a text without the blanks at its end."""
    while stop > start and data[stop - 1] <= _BLANK:
        stop -= 1
    return stop


@kernel
def last_opening(data, start, stop):
    """Return where the last parenthesis is that opens behind a blank; -1 for none."""
    p = stop - 1
    while p > start:
        if data[p] == _OPENING and data[p - 1] == _BLANK:
            return p
        p -= 1
    return np.int64(-1)


@kernel
def is_deleted(data, p, stop):
    """Whether ``deleted`` is what stands between the parentheses at ``p`` and ``stop``."""
    if stop - p != 1 + _DELETED.size:
        return False
    for k in range(_DELETED.size):  # noqa: SIM110 (numba knows no all())
        if data[p + 1 + k] != _DELETED[k]:
            return False
    return True


@kernel
def binary_opening(data, start, stop):
    """Return where the parenthesis is that opens the name of the binary; -1 for none."""
    if stop <= start or data[stop - 1] != _CLOSING:
        return np.int64(-1)
    p = last_opening(data, start, stop)
    if p >= 0 and is_deleted(data, p, stop - 2):
        before = last_opening(data, start, p)
        if before < 0 and data[start] == _OPENING:
            before = start
        p = before if before >= 0 else p
    if p < 0 and data[start] == _OPENING:
        # Without a symbol: an address and the binary. "(anonymous namespace)::f(int)" is a symbol.
        for k in range(start, stop - 1):
            if data[k] == _CLOSING:
                return np.int64(-1)
        return start
    return p


@kernel
def without_offset(data, start, stop):
    """Return the end of a symbol without its ``+0x1f``."""
    p = stop
    while p > start and skip_hex(data, p - 1, p) == p:
        p -= 1
    marked = p < stop and p - 3 >= start and data[p - 1] == _X
    if marked and data[p - 2] == _ZERO and data[p - 3] == _PLUS:
        return p - 3
    return stop


@kernel
def split_frames(data, first, size, wanted, texts, used):
    r"""Take lines ``address symbol+offset (binary)`` apart.

    Parameters
    ----------
    data : uint8[n]
        Bytes of the lines.
    first, size : int64[k]
        Where each line begins, in bytes, and how long it is.
    wanted : bool[k]
        The lines that are meant.
    texts, used
        A table (see `prodforensics.kernels.text_tables`) with room for all of them; it receives
        ``symbol\nbinary``.

    Returns
    -------
    address : uint64[k]
    name : int32[k]
        Number in ``texts``; -1 for a line that is no frame.
    """
    address = np.zeros(first.size, np.uint64)
    name = np.full(first.size, -1, np.int32)
    longest = np.int64(0)
    for k in range(first.size):
        longest = max(longest, size[k])
    words = np.zeros((longest >> 3) + 4, np.uint64)
    copied = words.view(np.uint8)
    for k in range(first.size):
        if not wanted[k]:
            continue
        start = first[k]
        stop = without_blanks(data, start, start + size[k])
        start = skip_blanks(data, start, stop)
        p = skip_hex(data, start, stop)
        if p == start or p - start > 16 or (p < stop and data[p] != _BLANK):
            continue
        address[k] = hex_number(data, start, p)
        start = skip_blanks(data, p, stop)
        opening = binary_opening(data, start, stop)
        symbol_end = without_blanks(data, start, opening) if opening >= 0 else stop
        symbol_end = without_offset(data, start, symbol_end)
        at = np.int64(0)
        for q in range(start, symbol_end):
            copied[at] = data[q]
            at += 1
        copied[at] = _NEWLINE
        at += 1
        if opening >= 0:
            for q in range(opening + 1, stop - 1):
                copied[at] = data[q]
                at += 1
        name[k] = intern(texts, used, words, 0, at)
    return address, name
