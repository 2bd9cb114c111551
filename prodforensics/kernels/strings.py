"""A JSON array of strings, indexed without decoding it."""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._jit import kernel
from prodforensics.kernels.numbers import count_trailing_zeros, load8

__all__ = ["BETWEEN", "CLOSED", "ESCAPED", "INSIDE", "WRONG", "index_strings"]

# Where the scan stands: between strings, inside one, after a backslash; or done.
BETWEEN, INSIDE, ESCAPED, CLOSED, WRONG = 0, 1, 2, 3, 4

QUOTE, BACKSLASH = np.uint8(34), np.uint8(92)


@kernel
def index_strings(data, p, end, starts, state):
    """Find where the strings of a JSON array begin.

    Resumable: call again with the returned place and state when more bytes have arrived or
    ``starts`` is full.

    Parameters
    ----------
    data : uint8[:]
        The array's bytes, after the opening bracket.
    p, end : int
        Bytes to scan.
    starts : int64[:]
        Receives the place of each string's first byte, after the quote.
    state : int
        `BETWEEN` at first; then the returned one.

    Returns
    -------
    count : int
        Strings begun.
    p : int
        Where the scan stopped: ``end``, the closing bracket (`CLOSED`), a byte that may not stand
        between strings (`WRONG`), or a quote when ``starts`` is full.
    state : int
    """
    base = data.ctypes.data
    size = data.size
    ones = np.uint64(0x0101010101010101)
    highs = np.uint64(0x8080808080808080)
    quotes = np.uint64(0x2222222222222222)
    backslashes = np.uint64(0x5C5C5C5C5C5C5C5C)
    count = 0
    while p < end:
        if state == INSIDE:
            while p + 8 <= size and p < end:
                word = load8(base + np.uintp(p))
                q = word ^ quotes
                b = word ^ backslashes
                found = (((q - ones) & ~q) | ((b - ones) & ~b)) & highs
                if found:
                    p += np.int64(count_trailing_zeros(found) >> np.uint64(3))
                    break
                p += 8
            if p >= end:
                # Eight bytes at a time may have run past the end; nothing was found there.
                p = end
                break
            c = data[p]
            p += 1
            if c == QUOTE:
                state = BETWEEN
            elif c == BACKSLASH:
                state = ESCAPED
        elif state == ESCAPED:
            p += 1
            state = INSIDE
        else:
            c = data[p]
            if c == QUOTE:
                if count == starts.size:
                    break
                p += 1
                starts[count] = p
                count += 1
                state = INSIDE
            elif c == 44 or c == 10 or c == 32 or c == 13 or c == 9:
                p += 1
            else:
                state = CLOSED if c == 93 else WRONG
                break
    return count, p, state
