"""Values of Java Flight Recorder: integers of 1 to 9 bytes, strings, structures by a program.

What stands in a record is told by the file, so a record is read by a *program*: an int64[m, 2] of
operation and, for an array, the number of operations that make one element, which follow. Every
operation but an array of nothing reads at least one byte; so no count above the bytes that are
left can be true, and time is bounded by the file.
"""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._jit import kernel

__all__ = [
    "ARRAY",
    "DOUBLE",
    "FLOAT",
    "INTEGER",
    "SIGNED_BYTE",
    "STRING",
    "decode_elements",
    "decode_rows",
    "loops",
    "read_integer",
    "read_record",
    "skip_fields",
]

INTEGER, SIGNED_BYTE, FLOAT, DOUBLE, STRING, ARRAY = range(6)
_DEEPEST = 8


@kernel
def read_integer(data, p, end):
    """Read an integer: seven bits a byte, the lowest first; a ninth byte holds eight.

    Returns
    -------
    value : int64
    p : int64
        Where the next value starts; -1 where this one does not end before ``end``.
    """
    value = np.int64(0)
    for place in range(9):
        if p >= end:
            return value, np.int64(-1)
        byte = np.int64(data[p])
        p += 1
        if place == 8:
            return value | byte << 56, np.int64(p)
        value |= (byte & 127) << (7 * place)
        if byte < 128:
            return value, np.int64(p)
    return value, np.int64(-1)


@kernel
def skip_string(data, p, end):
    """Return where the string at ``p`` ends; -1 where it is none."""
    if p >= end:
        return np.int64(-1)
    form = data[p]
    p = np.int64(p + 1)
    if form <= 1:  # null, empty
        return p
    if form > 5:
        return np.int64(-1)
    length, p = read_integer(data, p, end)
    if form == 2 or p < 0:  # a key of the pool of strings
        return p
    if length < 0 or length > end - p:
        return np.int64(-1)
    if form != 4:  # UTF-8, Latin-1
        return p + length
    for _ in range(length):  # UTF-16, an integer a unit
        _, p = read_integer(data, p, end)
        if p < 0:
            return p
    return p


@kernel
def loops():
    """Return the working space of `skip_fields`: first and last operation, and rounds left."""
    return np.empty((_DEEPEST, 3), np.int64)


@kernel
def skip_fields(data, p, end, program, low, high, space):
    """Return where the fields that ``program[low:high]`` reads end; -1 where they do not fit.

    An array inside of an array is followed by a stack of loops, not by recursion.
    """
    depth = 0
    at = np.int64(low)
    p = np.int64(p)
    while True:
        if depth > 0 and at == space[depth - 1, 1]:
            space[depth - 1, 2] -= 1
            if space[depth - 1, 2] > 0:
                at = space[depth - 1, 0]
            else:
                depth -= 1
            continue
        if at >= high:
            return p
        operation = program[at, 0]
        if operation == INTEGER:
            _, p = read_integer(data, p, end)
        elif operation == SIGNED_BYTE:
            p += 1
        elif operation == FLOAT:
            p += 4
        elif operation == DOUBLE:
            p += 8
        elif operation == STRING:
            p = skip_string(data, p, end)
        else:
            count, p = read_integer(data, p, end)
            body = program[at, 1]
            if p < 0 or count < 0 or count > end - p or at + 1 + body > high:
                return np.int64(-1)
            if count > 0 and body > 0:
                if depth == _DEEPEST:
                    return np.int64(-1)
                space[depth, 0], space[depth, 1], space[depth, 2] = at + 1, at + 1 + body, count
                depth += 1
                at += 1
                continue
            at += body
        if p < 0 or p > end:
            return np.int64(-1)
        at += 1


@kernel
def read_record(data, p, end, program, column, out, row, space):
    """Read the fields of one record; of strings and arrays where they start.

    Parameters
    ----------
    column : int64[leaves]
        Row of ``out`` for each leaf of the program; -1 where it is not wanted. An array is one
        leaf, with all that is in it.
    out : int64[columns, n]
    row : int
        Column of ``out``: the arrays are kept field by field.
    space : int64[:, 3]
        See `loops`.

    Returns
    -------
    int64
        Where the record ends; -1 where it does not fit.
    """
    at = 0
    leaf = 0
    p = np.int64(p)
    while at < program.shape[0]:
        operation = program[at, 0]
        start = p
        value = start
        if operation == INTEGER:
            value, p = read_integer(data, p, end)
        elif operation == SIGNED_BYTE:
            if p < end:
                value = np.int64(np.int8(data[p]))
            p += 1
        elif operation in (FLOAT, DOUBLE):
            size = 4 if operation == FLOAT else 8
            value = np.int64(0)
            if p + size <= end:
                for k in range(size):
                    value = value << 8 | np.int64(data[p + k])
            p += size
        elif operation == STRING:
            p = skip_string(data, p, end)
        else:
            p = skip_fields(data, p, end, program, at, at + 1 + program[at, 1], space)
            at += program[at, 1]
        if p < 0 or p > end:
            return np.int64(-1)
        if column[leaf] >= 0:
            out[column[leaf], row] = value
        leaf += 1
        at += 1
    return p


@kernel
def decode_rows(data, start, count, end, program, column, width, total):
    """Read runs of records, each a key and its value, as the pools of constants hold them.

    Parameters
    ----------
    data : uint8[:]
    start, count : int64[k]
        Where each run starts and how many records it has.
    end : int
        Nothing is read from there on.
    program, column
        See `read_record`.
    width : int
        Columns wanted.
    total : int
        Sum of ``count``.

    Returns
    -------
    key : int64[n]
    out : int64[width, n]
        A run that breaks off gives the records before the break.
    """
    space = loops()
    key = np.empty(total, np.int64)
    out = np.empty((width, total), np.int64)
    n = 0
    for k in range(start.size):
        p = start[k]
        for _ in range(count[k]):
            key[n], p = read_integer(data, p, end)
            if p < 0:
                break
            p = read_record(data, p, end, program, column, out, n, space)
            if p < 0:
                break
            n += 1
    return key[:n], out[:, :n]


@kernel
def decode_elements(data, start, end, program, column, width):
    """Read many arrays of records.

    Parameters
    ----------
    start : int64[k]
        Where each array starts: its count, then its elements.

    Returns
    -------
    first : int64[k + 1]
        Bounds of each array in ``out``.
    out : int64[width, n]
    """
    k = start.size
    space = loops()
    first = np.zeros(k + 1, np.int64)
    for i in range(k):
        count, p = read_integer(data, start[i], end)
        whole = p >= 0 and 0 <= count <= end - p
        first[i + 1] = first[i] + (count if whole else 0)
    out = np.zeros((width, first[k]), np.int64)
    for i in range(k):
        _, p = read_integer(data, start[i], end)
        for row in range(first[i], first[i + 1]):
            p = read_record(data, p, end, program, column, out, row, space)
            if p < 0:
                break
    return first, out
