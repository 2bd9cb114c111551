"""The heads of HTTP/1.x messages: start lines and headers, whatever bytes they are of."""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._jit import kernel

__all__ = [
    "FIELDS",
    "SPANS",
    "begins",
    "byte_of",
    "copy_bytes",
    "ends_chunked",
    "first_bytes",
    "header_lines",
    "number_in",
    "start_line",
]

FIELDS = (
    "stream", "side", "first", "head", "last", "body", "gap", "length", "flags", "status",
    "version", "partner", "offset", "head_size",
)  # fmt: skip
"""Columns of a message, before those of its spans: the place of its stream; 0 a request, 1 a
response; the packets of its first byte, of the last one of its head, of its last one; bytes of the
body and those of it that are missing; Content-Length or -1; flags; status or -1; 10 or 11; the
request of a response or -1; where its head begins in its flow, and its size."""
STREAM, SIDE, FIRST, HEAD, LAST, BODY, GAP, LENGTH, FLAGS, STATUS = range(10)
VERSION, PARTNER, OFFSET, HEAD_SIZE = range(10, 14)
SPANS = len(FIELDS)
"""Where the spans (start and size in the heads) begin: method, URI, then the wanted headers."""
METHOD, URI, HEADERS = SPANS, SPANS + 2, SPANS + 4
LF, CR, SPACE, TAB, COLON, DASH, SLASH = 10, 13, 32, 9, 58, 45, 47


@kernel
def byte_of(data, extra, at):
    """Return a byte of the file, or, after -1, of what was put together; 0 where there is none."""
    if at >= 0:
        return data[at] if at < data.size else np.uint8(0)
    return extra[-1 - at] if -1 - at < extra.size else np.uint8(0)


@kernel
def copy_bytes(data, extra, at, count, out, target):
    """Copy bytes from where `byte_of` reads the first; return how many there are."""
    if at >= 0:
        count = max(min(count, data.size - at), 0)
        for i in range(count):
            out[target + i] = data[at + i]
    else:
        at = -1 - at
        count = max(min(count, extra.size - at), 0)
        for i in range(count):
            out[target + i] = extra[at + i]
    return count


@kernel
def first_bytes(data, extra, start, size, lost, p, o, stop, small):
    """Copy the next bytes of a flow, up to a hole; return how many there are."""
    count = 0
    while p < stop and count < small.size:
        at = start[p] + o if start[p] >= 0 else start[p] - o
        wanted = min(size[p] - o, small.size - count)
        count += copy_bytes(data, extra, at, wanted, small, count)
        p, o = p + 1, 0
        if p < stop and lost[p] > 0:
            break
    return count


@kernel
def begins(small, count, side):
    """Tell whether bytes begin as a request (0) or a response (1) does."""
    if side == 1:
        return (count >= 9 and small[0] == 72 and small[1] == 84 and small[2] == 84
                and small[3] == 80 and small[4] == 47 and small[5] == 49 and small[6] == 46
                and small[8] == SPACE)  # fmt: skip
    for i in range(count):
        c = small[i]
        if c == SPACE:
            return 3 <= i <= 20 and i + 1 < count and small[i + 1] > SPACE
        if not (65 <= c <= 90 or (c == DASH and i > 0)):
            return False
    return False


@kernel
def is_named(heads, at, names, low, high):
    """Tell whether a header's name of the same length is a known one, in any case of letters."""
    for i in range(high - low):
        c = heads[at + i]
        if 65 <= c <= 90:
            c += 32
        if c != names[low + i]:
            return False
    return True


@kernel
def number_in(heads, at, size):
    """Read a number of digits; -1 where it is none."""
    if size == 0 or size > 18:
        return np.int64(-1)
    value = np.int64(0)
    for i in range(at, at + size):
        if not 48 <= heads[i] <= 57:
            return np.int64(-1)
        value = 10 * value + heads[i] - 48
    return value


@kernel
def start_line(heads, at, stop, side, whole, row):
    """Read the first line of a head; return where the next one begins, or -1 where it is none.

    Of a request's line that is cut short the method and what there is of the target is read.
    """
    end = at
    while end < stop and heads[end] != LF:
        end += 1
    if end == stop and side == 0 and not whole:
        space = at
        while space < stop and heads[space] != SPACE:
            space += 1
        if space + 1 < stop and heads[space + 1] == SLASH:
            row[METHOD], row[METHOD + 1] = at, space - at
            last = space + 1
            while last < stop and heads[last] != SPACE:
                last += 1
            row[URI], row[URI + 1] = space + 1, last - space - 1
            row[VERSION] = 11
            return stop
    if end == stop and (side == 0 or whole):
        return np.int64(-1)
    last = end - 1 if end > at and heads[end - 1] == CR else end
    if side == 1:
        if last - at < 12:
            return np.int64(-1)
        status = number_in(heads, at + 9, 3)
        if status < 100:
            return np.int64(-1)
        row[STATUS], row[VERSION] = status, 10 + (heads[at + 7] - 48)
        return min(end + 1, stop)
    # METHOD SP target SP HTTP/1.x
    if last - at < 12 or heads[last - 9] != SPACE or heads[last - 8] != 72:
        return np.int64(-1)
    if heads[last - 4] != 47 or (heads[last - 3] != 49 and heads[last - 3] != 50):
        return np.int64(-1)
    space = at
    while heads[space] != SPACE:
        space += 1
    if space >= last - 9:
        return np.int64(-1)
    row[METHOD], row[METHOD + 1] = at, space - at
    row[URI], row[URI + 1] = space + 1, last - 9 - space - 1
    row[VERSION] = 10 * (heads[last - 3] - 48) + heads[last - 1] - 48
    return end + 1


@kernel
def header_lines(heads, at, stop, names, name_end, slot, row):
    """Find the values of the wanted headers; the first of a name counts."""
    while at < stop:
        end = at
        colon = np.int64(-1)
        while end < stop and heads[end] != LF:
            if heads[end] == COLON and colon < 0:
                colon = end
            end += 1
        last = end - 1 if end > at and heads[end - 1] == CR else end
        if colon > at and end < stop:
            low = 0
            for k in range(name_end.size):
                if colon - at == name_end[k] - low and is_named(heads, at, names, low, name_end[k]):
                    place = HEADERS + 2 * slot[k]
                    if row[place] < 0:
                        begin = colon + 1
                        while begin < last and heads[begin] in (SPACE, TAB):
                            begin += 1
                        while last > begin and heads[last - 1] in (SPACE, TAB):
                            last -= 1
                        row[place], row[place + 1] = begin, last - begin
                low = name_end[k]
        at = end + 1


@kernel
def ends_chunked(heads, row):
    """Tell whether Transfer-Encoding (the third wanted header) names chunked."""
    at, size = row[HEADERS + 4], row[HEADERS + 5]
    if at < 0 or size < 7:
        return False
    for start in range(at, at + size - 6):
        same = True
        for i, letter in enumerate((99, 104, 117, 110, 107, 101, 100)):
            if heads[start + i] | 32 != letter:
                same = False
                break
        if same:
            return True
    return False
