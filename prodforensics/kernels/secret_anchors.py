"""Places in memory where a secret may begin, found in one pass over the bytes.

Two bytes at a time are looked up in a table; only where they stand in a mark, such as ``AKIA``, or
at the colon or the equals sign of an assignment, is looked at what surrounds them. Text may be of
one byte a character, or of two as in UTF-16 (little-endian).
"""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._growth import doubled
from prodforensics.kernels._jit import kernel
from prodforensics.kernels.numbers import load8

__all__ = ["ADDRESS", "ASSIGNED", "MARKED", "find_anchors"]

ASSIGNED, ADDRESS, MARKED = 0, 1, 2
"""Kinds: a value behind a name; the password of an address; the mark ``kind - MARKED``."""

PAGE = 4096
LONGEST = 1024
"""Most characters of a value that are looked at."""
# What two bytes mean, in `pairs`; from ENTRY on they stand in a mark.
NOTHING, ASSIGN, URL, ASSIGN_WIDE, ENTRY = 0, 1, 2, 3, 4
# What a character may be part of, in `classes`.
IN_VALUE, IN_QUOTES, IN_TOKEN, IN_WORD = 1, 2, 4, 8
IS_DIGIT, IS_LOWER, IS_UPPER = 16, 32, 64
# How sure one is that what a name stands for is a secret, in `certainty`.
PASSWORD = 1
_SPACE, _TAB, _QUOTE, _TICK, _BACK_TICK, _BACKSLASH = 32, 9, 34, 39, 96, 92
_EQUALS, _COLON, _SLASH, _AT, _AMPERSAND, _SEMICOLON = 61, 58, 47, 64, 38, 59
_QUESTION, _DOLLAR, _PERCENT, _STAR, _NEWLINE, _RETURN, _COMMA = 63, 36, 37, 42, 10, 13, 44


@kernel
def _char(data, at, stride):
    """Return the character at a place; 0 outside, and for what is not of the lowest 255."""
    if at < 0 or at + stride > data.size:
        return 0
    if stride == 2 and data[at + 1] != 0:
        return 0
    return int(data[at])


@kernel
def _lower(char):
    return char + 32 if 65 <= char <= 90 else char


@kernel
def _zeros_until(data, at, stop):
    """Return the end of the pages of zeros from a place on."""
    base = data.ctypes.data
    while at + PAGE <= stop:
        word = np.uint64(0)
        for k in range(0, PAGE, 64):
            for j in range(0, 64, 8):
                word |= load8(base + at + k + j)
            if word != 0:
                break
        if word != 0:
            break
        at += PAGE
    return at


@kernel
def _name_before(data, at, stride, ends, words, lengths):
    """Return which name of a secret ends before a sign, and where; -1 for none."""
    q = at - stride
    char = _char(data, q, stride)
    if char in (_COLON, _EQUALS):  # := and ==
        q -= stride
        char = _char(data, q, stride)
    spaces = 0
    while spaces < 3 and (char in (_SPACE, _TAB)):
        spaces += 1
        q -= stride
        char = _char(data, q, stride)
    if char in (_QUOTE, _TICK):
        q -= stride
        char = _char(data, q, stride)
        if char == _BACKSLASH:
            q -= stride
            char = _char(data, q, stride)
    for plural in range(2):
        if plural:
            if _lower(char) != 115:
                break
            q -= stride
            char = _char(data, q, stride)
        before = _char(data, q - stride, stride)
        if ends[(before | 32) | (char | 32) << 8]:
            for w in range(lengths.size):
                k = 0
                while k < lengths[w] and _lower(_char(data, q - k * stride, stride)) == words[w, k]:
                    k += 1
                if k == lengths[w]:
                    return w, q - (k - 1) * stride
    return -1, q


@kernel
def _value_after(data, at, stride, classes):
    """Return start, length, opening quote and characters of the value behind a sign.

    The characters are counted: digits, letters and others; then whether there are letters of
    either case.
    """
    v = at + stride
    char = _char(data, v, stride)
    spaces = 0
    while spaces < 3 and (char in (_SPACE, _TAB)):
        spaces += 1
        v += stride
        char = _char(data, v, stride)
    if char == _BACKSLASH:
        v += stride
        char = _char(data, v, stride)
    quote = 0
    if char in (_QUOTE, _TICK, _BACK_TICK):
        quote = char
        v += stride
        char = _char(data, v, stride)
    allowed = IN_QUOTES if quote else IN_VALUE
    length, digits, letters, others = 0, 0, 0, 0
    either = 0
    while length < LONGEST and classes[char] & allowed:
        kind = classes[char]
        digits += (kind & IS_DIGIT) != 0
        letters += (kind & (IS_LOWER | IS_UPPER)) != 0
        others += (kind & (IS_DIGIT | IS_LOWER | IS_UPPER)) == 0
        either |= kind
        length += 1
        char = _char(data, v + length * stride, stride)
    mixed = (either & IS_LOWER) != 0 and (either & IS_UPPER) != 0
    return v, length, spaces, quote, char, digits, letters, others, mixed


@kernel
def _begins_text(data, at, stride, classes):
    """Tell whether a name is the first of its text, or follows a sign between names."""
    k = 0
    while k < 64 and classes[_char(data, at - stride, stride)] & IN_WORD:
        at -= stride
        k += 1
    char = _char(data, at - stride, stride)
    return char == 0 or char in (_AMPERSAND, _QUESTION, _SEMICOLON)


@kernel
def _holds_value(data, at, stride, name_start, sure, classes):
    """Tell whether a value that may be a secret follows a sign, and where it is."""
    found = _value_after(data, at, stride, classes)
    v, length, spaces, quote, after, digits, letters, others, mixed = found
    first = _char(data, v, stride)
    wrong = length < 4 or first in (_PERCENT, _STAR)
    if first == _DOLLAR:
        wrong |= not classes[_char(data, v + stride, stride)] & IS_DIGIT
    if wrong:
        return -1, 0
    if quote:
        if after != quote and after != _BACKSLASH:
            return -1, 0
    else:
        # Programs write ``token = value``, and so do files of settings: there it is long.
        if spaces > 1 or (spaces and _char(data, at, stride) == _EQUALS and length < 16):
            return -1, 0
        ends = after == 0 or after in (_NEWLINE, _RETURN)
        ends |= after in (_SPACE, _AMPERSAND)
        if _char(data, at, stride) == _EQUALS:
            ends |= after in (_SEMICOLON, _QUOTE, _TICK)
        else:
            ends |= after == _COMMA and digits > 1
        if not ends:
            return -1, 0
    if sure == PASSWORD:
        if quote or digits or (others and length >= 8):
            return v, length
        # A word alone is a value only where nothing else is around: environment, queries.
        closed = after == 0 or after == _AMPERSAND
        closed &= _char(data, at, stride) == _EQUALS
        if closed and _begins_text(data, name_start, stride, classes):
            return v, length
        return -1, 0
    # Others are made by chance, not by people: they hold digits and letters, and are long.
    if length >= 8 and digits >= 2 and letters >= 2:
        return v, length
    if length >= 20 and mixed and letters + digits == length:
        return v, length
    # Base64 has signs in it, too.
    if length >= 32 and mixed and digits and 8 * others <= length:
        return v, length
    return -1, 0


@kernel
def _password_of_address(data, at, stride, classes):
    """Return start and length of the password in ``://user:password@host``; -1 for none."""
    if _char(data, at + stride, stride) != _SLASH or _char(data, at + 2 * stride, stride) != _SLASH:
        return -1, 0
    if not classes[_char(data, at - stride, stride)] & (IS_LOWER | IS_DIGIT | IS_UPPER):
        return -1, 0
    v = at + 3 * stride
    k = 0
    char = _char(data, v, stride)
    while k < 100 and classes[char] & IN_QUOTES and char != _COLON and char != _SLASH:
        if char == _AT:
            return -1, 0
        k += 1
        char = _char(data, v + k * stride, stride)
    if char != _COLON:
        return -1, 0
    v += (k + 1) * stride
    k = 0
    char = _char(data, v, stride)
    while k < 300 and classes[char] & IN_QUOTES and char != _SLASH and char != _AT:
        k += 1
        char = _char(data, v + k * stride, stride)
    if char != _AT or k == 0:
        return -1, 0
    return v, k


@kernel
def _token_follows(data, at, stride, least, told, classes):
    """Tell whether enough characters of a token stand behind a mark."""
    count, proof = 0, False
    while count < least or (told and not proof and count < 100):
        kind = classes[_char(data, at + count * stride, stride)]
        if not kind & IN_TOKEN:
            return False
        proof |= count > 0 and kind & (IS_DIGIT | IS_UPPER) != 0
        count += 1
    return proof or not told


@kernel
def find_anchors(
    data,
    start,
    stop,
    strict,
    pairs,
    following,
    entry_mark,
    entry_at,
    marks,
    mark_lengths,
    least,
    told,
    classes,
    ends,
    words,
    word_lengths,
    certainty,
    most,
):
    """Find where a secret may be.

    Parameters
    ----------
    data : uint8[:]
        A range of memory.
    start, stop : int
        The part to look through; what lies around it is looked at, too.
    strict : bool
        Whether a name needs a value behind it that looks like a secret, a mark a token; else all
        names before a colon or an equals sign, all marks and all addresses with an ``@`` are found.
    pairs : uint8[65536]
        What two bytes (the first the low one) mean: `ASSIGN`, `URL`, `ASSIGN_WIDE`, or
        ``ENTRY + e`` for the first entry of marks that hold the two.
    following : int64[e]
        The next entry with the same two bytes; -1 behind the last.
    entry_mark, entry_at : int64[e]
        The mark of an entry, and the offset of the two bytes in it; in entries of UTF-16, whose
        second byte is zero, the offset is ``-1 - offset`` in characters.
    marks : uint8[m, :]
    mark_lengths, least, told : int64[m]
        Characters of a mark, the fewest of a token behind it, and whether one of those must be a
        digit or a capital.
    classes : uint8[256]
        What a character may be part of.
    ends : bool[65536]
        The last two characters of names, each with bit 32 set, the last one the high byte.
    words : uint8[w, :]
        Names in lower case, backwards.
    word_lengths, certainty : int64[w]
    most : int
        Anchors at the most.

    Returns
    -------
    where, kind, length, stride, word : int64[n]
        Where a value begins (where a mark does), of what kind it is, its characters (0 for marks),
        bytes a character, and which name is before it (-1 for none).
    reached : int
        How far was looked: ``stop``, or less where there were more than ``most``.
    """
    where = np.empty(64, np.int64)
    kind = np.empty(64, np.int64)
    length = np.empty(64, np.int64)
    strides = np.empty(64, np.int64)
    word = np.empty(64, np.int64)
    count = 0
    base = data.ctypes.data
    i = start
    checked = start
    # Seven pairs at a time lie in eight bytes.
    last = min(stop, data.size - 8)
    while i < stop:
        if i >= checked:
            i = _zeros_until(data, i, stop)
            checked = i + PAGE
            if i >= stop:
                break
        code = 0
        if i < last:
            limit = min(min(checked, last), stop)
            while i < limit:
                eight = load8(base + i)
                if (
                    pairs[eight & 0xFFFF]
                    | pairs[(eight >> 8) & 0xFFFF]
                    | pairs[(eight >> 16) & 0xFFFF]
                    | pairs[(eight >> 24) & 0xFFFF]
                    | pairs[(eight >> 32) & 0xFFFF]
                    | pairs[(eight >> 40) & 0xFFFF]
                    | pairs[(eight >> 48) & 0xFFFF]
                ):
                    break
                i += 7
            if i >= limit:
                continue
            code = pairs[eight & 0xFFFF]
            while code == NOTHING:
                eight >>= np.uint64(8)
                i += 1
                code = pairs[eight & 0xFFFF]
            if i >= stop:
                break
        else:
            second = data[i + 1] if i + 1 < data.size else 0
            code = pairs[int(data[i]) | int(second) << 8]
        place = i
        i += 1
        if code == NOTHING:
            continue
        if count + 1 >= where.size:
            where, kind, length = doubled(where), doubled(kind), doubled(length)
            strides, word = doubled(strides), doubled(word)
        if count >= most:
            return where[:count], kind[:count], length[:count], strides[:count], word[:count], place
        # Arrays are handed to other kernels for few places only: numba counts who holds them.
        if code >= ENTRY:
            entry = code - ENTRY
            while entry >= 0:
                m = entry_mark[entry]
                stride = 1 if entry_at[entry] >= 0 else 2
                at = place - entry_at[entry] if stride == 1 else place + 2 * (entry_at[entry] + 1)
                entry = following[entry]
                size = mark_lengths[m]
                if at < 0 or at + size * stride > data.size:
                    continue
                k = 0
                while k < size and data[at + k * stride] == marks[m, k]:
                    if stride == 2 and data[at + 2 * k + 1] != 0:
                        break
                    k += 1
                if k < size:
                    continue
                behind = at + size * stride
                if strict and not _token_follows(data, behind, stride, least[m], told[m], classes):
                    continue
                where[count], kind[count], length[count] = at, MARKED + m, 0
                strides[count], word[count] = stride, -1
                count += 1
                break
            continue
        stride = 2 if code == ASSIGN_WIDE else 1
        if data[place] == _COLON and (stride == 2 or code == URL):
            v, size = _password_of_address(data, place, stride, classes)
            if v >= 0:
                where[count], kind[count], length[count] = v, ADDRESS, size
                strides[count], word[count] = stride, -1
                count += 1
                continue
            if code == URL and strict:
                continue
        if stride == 1 and place >= 8:
            # What a name may end with, in short.
            q = place - 1
            if data[q] == _COLON or data[q] == _EQUALS:
                q -= 1
            k = 0
            while k < 3 and (data[q] == _SPACE or data[q] == _TAB):
                q -= 1
                k += 1
            if data[q] == _QUOTE or data[q] == _TICK:
                q -= 1
                if data[q] == _BACKSLASH:
                    q -= 1
            final = data[q] | 32
            before = data[q - 1] | 32
            may = ends[before | int(final) << 8]
            if final == 115:
                may |= ends[int(data[q - 2] | 32) | int(before) << 8]
            if not may:
                continue
        w, name_start = _name_before(data, place, stride, ends, words, word_lengths)
        if w < 0:
            continue
        v, size = place, 1
        if strict:
            v, size = _holds_value(data, place, stride, name_start, certainty[w], classes)
        if v >= 0:
            where[count], kind[count], length[count] = v, ASSIGNED, size
            strides[count], word[count] = stride, w
            count += 1
    return where[:count], kind[:count], length[:count], strides[:count], word[:count], stop
