"""JSON that a strict parser refuses: how much of it is whole, and what can be mended in place."""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._jit import kernel

__all__ = ["scan"]

QUOTE, BACKSLASH, COMMA, COLON, MINUS, PLUS, DOT = 34, 92, 44, 58, 45, 43, 46
OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT = 91, 93, 123, 125
SPACE, QUESTION, ZERO, NINE, UPPER_E, LOWER_E, LOWER_U = 32, 63, 48, 57, 69, 101, 117
ESCAPED = (34, 92, 47, 98, 102, 110, 114, 116)  # "\/bfnrt
# What may stand next.
VALUE, VALUE_OR_END, KEY, KEY_OR_END, AFTER_KEY, AFTER_VALUE, NOTHING = range(7)
# No double has more digits before its point.
DIGITS = 308


@kernel
def hex4(buf, p):
    """Return the number of four hexadecimal digits; -1 where they are none."""
    number = 0
    if p + 4 > buf.size:
        return -1
    for k in range(p, p + 4):
        byte = buf[k]
        if 48 <= byte <= 57:
            digit = byte - 48
        elif 97 <= (byte | 32) <= 102:
            digit = (byte | 32) - 87
        else:
            return -1
        number = number * 16 + digit
    return number


@kernel
def begins_with(buf, p, word):
    """Tell whether the bytes at ``p`` are those of ``word``."""
    k = 0
    while k < len(word) and p + k < buf.size and buf[p + k] == word[k]:
        k += 1
    return k == len(word)


@kernel
def string_end(buf, p):
    """Find the end of the string whose opening quote stands at ``p``, mending what is in it.

    Returns
    -------
    end : int
        One past the closing quote; -1 where there is none.
    mended : int
        Bytes of no JSON string that were replaced. An escape of half a character (legal, and
        written by JavaScript) becomes that of the replacement character, and is not counted.
    """
    p += 1
    mended = 0
    while p < buf.size:
        byte = buf[p]
        if byte == QUOTE:
            return p + 1, mended
        if byte < SPACE:
            buf[p] = SPACE
            mended += 1
        elif byte == BACKSLASH:
            if p + 1 >= buf.size:
                return -1, mended
            escaped = buf[p + 1]
            if escaped == LOWER_U:
                code = hex4(buf, p + 2)
                if code < 0:
                    buf[p] = QUESTION
                    mended += 1
                elif 0xD800 <= code < 0xE000:
                    low = -1
                    if code < 0xDC00 and begins_with(buf, p + 6, b"\\u"):
                        low = hex4(buf, p + 8)
                    if 0xDC00 <= low < 0xE000:
                        p += 11
                    else:
                        buf[p + 2] = 102
                        buf[p + 3] = 102
                        buf[p + 4] = 102
                        buf[p + 5] = 100
                        p += 5
                else:
                    p += 5
            elif escaped in ESCAPED:
                p += 1
            else:
                buf[p] = QUESTION
                mended += 1
        p += 1
    return -1, mended


@kernel
def digits_end(buf, p):
    """Return the first byte from ``p`` that is no digit."""
    while p < buf.size and ZERO <= buf[p] <= NINE:
        p += 1
    return p


@kernel
def number_end(buf, start):
    """Find the end of the number at ``start``; one that no double holds becomes ``null``.

    Returns
    -------
    end : int
        One past it; -1 where the input ends in it (it may have gone on), -2 where it is none.
    mended : int
    """
    p = start + 1 if buf[start] == MINUS else start
    whole = digits_end(buf, p)
    if whole == buf.size:
        return -1, 0
    if whole == p or (buf[p] == ZERO and whole > p + 1):
        return -2, 0
    digits = whole - p
    exponent = 0
    p = whole
    if buf[p] == DOT:
        end = digits_end(buf, p + 1)
        if end == buf.size:
            return -1, 0
        if end == p + 1:
            return -2, 0
        p = end
    if buf[p] == UPPER_E or buf[p] == LOWER_E:
        p += 1
        negative = False
        if p < buf.size and (buf[p] == PLUS or buf[p] == MINUS):
            negative = buf[p] == MINUS
            p += 1
        end = digits_end(buf, p)
        if end == buf.size:
            return -1, 0
        if end == p:
            return -2, 0
        for k in range(p, end):
            exponent = min(exponent * 10 + buf[k] - ZERO, buf.size + 2 * DIGITS)
        if negative:
            exponent = -exponent
        p = end
    if digits + exponent > DIGITS:
        blank(buf, start, p)
        return p, 1
    return p, 0


@kernel
def blank(buf, start, end):
    """Write ``null``, or ``""`` where that does not fit, over a value."""
    for k in range(start, end):
        buf[k] = SPACE
    if end - start >= 4:
        buf[start] = 110
        buf[start + 1] = LOWER_U
        buf[start + 2] = buf[start + 3] = 108
    else:
        buf[start] = buf[start + 1] = QUOTE


@kernel
def value_end(buf, p):
    """Find the end of the string, number or word at ``p``; the words of JavaScript become null.

    Returns
    -------
    end : int
        One past it; -1 where the input ends in it, -2 where there is none.
    mended : int
    """
    byte = buf[p]
    if byte == QUOTE:
        return string_end(buf, p)
    if ZERO <= byte <= NINE:
        return number_end(buf, p)
    if begins_with(buf, p, b"true") or begins_with(buf, p, b"null"):
        return p + 4, 0
    if begins_with(buf, p, b"false"):
        return p + 5, 0
    if begins_with(buf, p, b"NaN"):
        blank(buf, p, p + 3)
        return p + 3, 1
    if begins_with(buf, p, b"Infinity"):
        blank(buf, p, p + 8)
        return p + 8, 1
    if begins_with(buf, p, b"-Infinity"):
        blank(buf, p, p + 9)
        return p + 9, 1
    if byte == MINUS:
        return number_end(buf, p)
    return -2, 0


@kernel
def scan(buf, deepest):
    """Find how much of a JSON document is whole; mend in place what can be.

    Parameters
    ----------
    buf : uint8[n]
        Writable: what a strict parser refuses inside a string, and numbers that are none
        (``NaN``, ``Infinity``, ``1e999``), is written over by as many bytes.
    deepest : int
        Brackets that may be open at once.

    Returns
    -------
    stop : int
        The first byte that cannot stand there; ``n`` where the input ends.
    safe : int
        Behind the last value that is whole, or bracket that opens: closing the brackets that are
        open there makes a document. 0 for nothing.
    closers : uint8[depth]
        The brackets that close it, in their order.
    mended : int
        Places that were written over.
    first_mended : int
        Offset of the value that holds the first; -1 for none.
    """
    open_brackets = np.empty(deepest, np.uint8)
    depth = 0
    safe = 0
    mended = 0
    first_mended = -1
    expect = VALUE
    p = 0
    while p < buf.size:
        byte = buf[p]
        if byte == SPACE or byte == 10 or byte == 13 or byte == 9:
            p += 1
            continue
        if expect == AFTER_VALUE and byte == COMMA:
            expect = VALUE if open_brackets[depth - 1] == OPEN_LIST else KEY
            p += 1
            continue
        if expect == AFTER_KEY:
            if byte != COLON:
                break
            expect = VALUE
            p += 1
            continue
        if byte in (CLOSE_LIST, CLOSE_OBJECT) and depth > 0:
            in_list = byte == CLOSE_LIST
            ended = expect == AFTER_VALUE or expect == (VALUE_OR_END if in_list else KEY_OR_END)
            if not ended or open_brackets[depth - 1] != (OPEN_LIST if in_list else OPEN_OBJECT):
                break
            depth -= 1
            p += 1
        elif expect in (KEY, KEY_OR_END):
            if byte != QUOTE:
                break
            end, more = string_end(buf, p)
            if end < 0:
                p = buf.size
                break
            if more and first_mended < 0:
                first_mended = p
            mended += more
            p = end
            expect = AFTER_KEY
            continue
        elif expect not in (VALUE, VALUE_OR_END):
            break
        elif byte in (OPEN_LIST, OPEN_OBJECT):
            if depth == deepest:
                break
            open_brackets[depth] = byte
            depth += 1
            p += 1
            safe = p
            expect = VALUE_OR_END if byte == OPEN_LIST else KEY_OR_END
            continue
        else:
            end, more = value_end(buf, p)
            if end < 0:
                p = buf.size if end == -1 else p
                break
            if more and first_mended < 0:
                first_mended = p
            mended += more
            p = end
        safe = p
        expect = AFTER_VALUE if depth > 0 else NOTHING
    closers = np.empty(depth, np.uint8)
    for k in range(depth):
        closers[depth - 1 - k] = open_brackets[k] + 2
    return p, safe, closers, mended, first_mended
