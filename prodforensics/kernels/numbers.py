"""JSON arrays of unsigned integers, parsed straight from the bytes of a file."""

from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from prodforensics.kernels._jit import kernel

__all__ = ["cut_block", "parse_numbers"]

COMMA, BRACKET = np.uint8(44), np.uint8(93)


@intrinsic
def load8(typingctx, address):  # noqa: ARG001 (numba's protocol)
    """Read eight bytes at an address as one little-endian number; the caller checks bounds."""

    def codegen(_context, builder, _signature, args):
        pointer = builder.inttoptr(args[0], ir.IntType(64).as_pointer())
        load = builder.load(pointer)
        load.align = 1
        return load

    return types.uint64(types.uintp), codegen


@intrinsic
def count_trailing_zeros(typingctx, word):  # noqa: ARG001
    """Return the number of zero bits below the lowest one bit."""

    def codegen(_context, builder, _signature, args):
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 0))

    return types.uint64(types.uint64), codegen


@kernel
def cut_block(buf, start, limit, fields):
    """Find where a block of whole records ends.

    Parameters
    ----------
    buf : uint8[:]
        The file.
    start, limit : int
        The bytes to look at. ``start`` is the first byte of a record.
    fields : int
        Numbers in a record.

    Returns
    -------
    end : int
        One past the comma that ends the last whole record, or the place of the closing bracket,
        or ``start`` where no record ends.
    records : int
        Whole records before ``end``; one too few is counted where the array ends here.
    closed : bool
        Whether ``end`` is the closing bracket.
    """
    commas = 0
    brackets = 0
    for i in range(start, limit):
        commas += buf[i] == COMMA
        brackets += buf[i] == BRACKET
    if brackets:
        end = start
        commas = 0
        while buf[end] != BRACKET:
            commas += buf[end] == COMMA
            end += 1
        return end, commas // fields, True
    end = limit
    surplus = commas % fields
    while end > start:
        if buf[end - 1] == COMMA:
            if surplus == 0:
                break
            surplus -= 1
        end -= 1
    return end, commas // fields, False


@kernel
def parse_numbers(buf, start, end, out):
    """Parse ``number, number, ...`` with any JSON white space between.

    Numbers of up to eight digits are found and converted eight bytes at a time, without a branch
    a digit.

    Parameters
    ----------
    buf : uint8[:]
        The file; bytes up to eight beyond ``end`` may be looked at, never beyond the array.
    start, end : int
        The bytes to parse.
    out : uint64[:]
        Receives the numbers; no more than it holds are parsed.

    Returns
    -------
    count : int
        Numbers parsed.
    stop : int
        ``end``; or the first byte that is not a number, a comma or white space in its place; or
        the first byte of a number of more than 19 digits or that does not fit into ``out``.
    """
    base = buf.ctypes.data
    size = buf.size
    count = 0
    p = start
    while True:
        while p < end and (buf[p] == 32 or buf[p] == 10 or buf[p] == 13 or buf[p] == 9):
            p += 1
        if p >= end:
            return count, end
        if count >= out.size:
            return count, p
        digits = np.uint64(0)
        value = np.uint64(0)
        if p + 8 <= size:
            word = load8(base + np.uintp(p))
            high = np.uint64(0xF0F0F0F0F0F0F0F0)
            threes = np.uint64(0x3030303030303030)
            other = ((word & high) ^ threes) | (
                ((word + np.uint64(0x0606060606060606)) & high) ^ threes
            )
            if other != 0:
                digits = count_trailing_zeros(other) >> np.uint64(3)
                if digits != 0:
                    word <<= (np.uint64(8) - digits) << np.uint64(3)
                    word &= np.uint64(0x0F0F0F0F0F0F0F0F)
                    word = word * np.uint64(10) + (word >> np.uint64(8))
                    word &= np.uint64(0x00FF00FF00FF00FF)
                    word = word * np.uint64(100) + (word >> np.uint64(16))
                    word &= np.uint64(0x0000FFFF0000FFFF)
                    word = word * np.uint64(10000) + (word >> np.uint64(32))
                    value = word & np.uint64(0xFFFFFFFF)
        if digits == 0:
            q = p
            while q < size and q < p + 20 and buf[q] >= 48 and buf[q] <= 57:
                value = value * np.uint64(10) + np.uint64(buf[q] - 48)
                q += 1
            digits = np.uint64(q - p)
            if digits == 0 or digits > 19:
                return count, p
        q = p + np.int64(digits)
        if q < end and buf[q] == COMMA:
            p = q + 1
        else:
            while q < end and (buf[q] == 32 or buf[q] == 10 or buf[q] == 13 or buf[q] == 9):
                q += 1
            if q < end:
                if buf[q] != COMMA:
                    return count, p
                q += 1
            elif q > end:
                return count, p
            p = q
        out[count] = value
        count += 1
