"""Protocol buffers on the wire: fields found, numbers read, nothing copied.

The encoding is public (protobuf.dev, "Encoding"): a field is a varint ``number << 3 | wire type``
and its value; of the wire types 0 is a varint, 1 and 5 are eight and four bytes, 2 is a length and
so many bytes. 3 and 4, groups, are extinct.
"""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._jit import kernel

__all__ = ["fields", "nested", "occurrences", "scalars", "skipped", "varint"]

VARINT, EIGHT, BYTES, FOUR = 0, 1, 2, 5
LARGEST_FIELD = np.uint64((1 << 29) - 1)


@kernel
def varint(buf, at, end):
    """Read a number of up to ten bytes.

    Returns
    -------
    value : uint64
    at : int
        Behind it; -1 where it is cut or too long.
    """
    # Most numbers are of one byte or two.
    if at + 1 < end:
        low, high = buf[at], buf[at + 1]
        if low < 128:
            return np.uint64(low), np.int64(at + 1)
        if high < 128:
            return np.uint64(low & 0x7F) | np.uint64(high) << np.uint64(7), np.int64(at + 2)
    value = np.uint64(0)
    shift = np.uint64(0)
    while at < end and shift < np.uint64(70):
        byte = buf[at]
        at += 1
        value |= np.uint64(byte & 0x7F) << shift
        if byte < 128:
            return value, np.int64(at)
        shift += np.uint64(7)
    return np.uint64(0), np.int64(-1)


@kernel
def skipped(buf, at, end, wire):
    """Find where the value of a field is: its first byte, and the one behind it; -1 twice if cut.

    The value of a varint is ``first`` itself.
    """
    if wire == VARINT:
        value, at = varint(buf, at, end)
        return np.int64(value), at
    if wire == BYTES:
        length, at = varint(buf, at, end)
        if at < 0 or length > np.uint64(end - at):
            return np.int64(-1), np.int64(-1)
        return np.int64(at), np.int64(at + np.int64(length))
    size = 8 if wire == EIGHT else 4 if wire == FOUR else end - at + 1
    if size > end - at:
        return np.int64(-1), np.int64(-1)
    return np.int64(at), np.int64(at + size)


@kernel
def fields(buf, at, end):
    """List the fields of a message.

    Parameters
    ----------
    buf : uint8[:]
    at, end : int
        The bytes of the message.

    Returns
    -------
    number : int32[n]
    wire : uint8[n]
    first, last : int64[n]
        The bytes of the value, without its length; of a varint its value and the byte behind it.
    stop : int
        ``end``, or the first byte of a field that cannot be read.
    """
    # Counted first: tables that grow would take twice the memory, for a million samples.
    n = 0
    stop = np.int64(at)
    while stop < end:
        field, _, _, behind = one_field(buf, stop, end)
        if field == 0:
            break
        n += 1
        stop = behind
    number = np.empty(n, np.int32)
    wire = np.empty(n, np.uint8)
    first = np.empty(n, np.int64)
    last = np.empty(n, np.int64)
    behind = np.int64(at)
    for i in range(n):
        number[i], wire[i], first[i], behind = one_field(buf, behind, end)
        last[i] = behind
    return number, wire, first, last, stop


@kernel
def one_field(buf, at, end):
    """Read one field: number, wire type, value as in `skipped`, and the byte behind it.

    The number is 0 where it cannot be read.
    """
    tag, at = varint(buf, at, end)
    field = tag >> np.uint64(3)
    wire = np.uint8(tag & np.uint64(7))
    if at < 0 or field > LARGEST_FIELD:
        return np.int32(0), wire, np.int64(0), np.int64(at)
    value, at = skipped(buf, at, end, wire)
    if at < 0:
        return np.int32(0), wire, np.int64(0), np.int64(at)
    return np.int32(field), wire, value, at


@kernel
def scalars(buf, first, last, count):
    """Read the varint fields 1 to ``count`` of many messages; of one that repeats, the last.

    Parameters
    ----------
    buf : uint8[:]
    first, last : int64[k]
        The bytes of each message.
    count : int

    Returns
    -------
    value : int64[k, count]
        0 for what is absent. Fields of other wire types are passed over.
    whole : bool[k]
        Whether the message could be read to its end.
    """
    k = first.size
    value = np.zeros((k, count), np.int64)
    whole = np.ones(k, np.bool_)
    for row in range(k):
        at = first[row]
        end = last[row]
        while at < end:
            tag, at = varint(buf, at, end)
            kind = np.int64(tag & np.uint64(7))
            if at >= 0:
                found, at = skipped(buf, at, end, kind)
            if at < 0:
                whole[row] = False
                break
            field = np.int64(tag >> np.uint64(3))
            if kind == VARINT and 0 < field <= count:
                value[row, field - 1] = found
    return value, whole


@kernel
def nested(buf, first, last, wanted):
    """Find the messages inside many messages that stand in one field.

    Parameters
    ----------
    buf : uint8[:]
    first, last : int64[k]
        The bytes of each message; a message that cannot be read further is left there.
    wanted : int
        Number of the field.

    Returns
    -------
    row : int64[m]
        The message that each is in.
    first, last : int64[m]
    """
    n = occurrences(buf, first, last, wanted)
    rows = np.empty(n, np.int64)
    starts = np.empty(n, np.int64)
    ends = np.empty(n, np.int64)
    n = 0
    for row in range(first.size):
        at = first[row]
        while at < last[row]:
            field, wire, found, at = one_field(buf, at, last[row])
            if field == 0:
                break
            if wire == BYTES and field == wanted:
                rows[n], starts[n], ends[n] = row, found, at
                n += 1
    return rows, starts, ends


@kernel
def occurrences(buf, first, last, wanted):
    """Count the messages inside many messages that stand in one field (see `nested`)."""
    n = 0
    for row in range(first.size):
        at = first[row]
        while at < last[row]:
            field, wire, _, at = one_field(buf, at, last[row])
            if field == 0:
                break
            n += wire == BYTES and field == wanted
    return n
