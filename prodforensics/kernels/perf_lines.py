"""The lines of ``perf script``: headers taken apart, every different line and stack numbered.

A record is a header, the lines of its stack, and an empty line; what stands in a header varies (see
`header`). Only what differs is kept: a file of gigabytes has some thousands of different frames.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from prodforensics.kernels._jit import kernel
from prodforensics.kernels.text_tables import (
    _SEED,
    ITEMS,
    LISTS,
    TEXTS,
    WORDS,
    found_text,
    intern,
    low_bytes,
    mixed,
    place,
    place_list,
    word_at,
)

__all__ = [
    "CLOSED",
    "COUNTERS",
    "DEPTH",
    "LOST",
    "OPEN",
    "ROWS",
    "Rows",
    "finish",
    "scan",
]

ROWS, DEPTH, OPEN, LOST, CLOSED = 4, 5, 6, 7, 8
COUNTERS = 9
"""Counters behind those of `text_tables`: samples; lines of the stack at hand; whether a
sample is open; samples that perf says it lost; samples that an empty line ended."""

_NEWLINES = np.uint64(0x0A0A0A0A0A0A0A0A)
_ONES, _HIGHS = np.uint64(0x0101010101010101), np.uint64(0x8080808080808080)
_NEWLINE, _TAB, _BLANK, _RETURN = np.uint8(10), np.uint8(9), np.uint8(32), np.uint8(13)
_COLON, _POINT, _SLASH, _HASH = np.uint8(58), np.uint8(46), np.uint8(47), np.uint8(35)
_OPENING, _CLOSING = np.uint8(91), np.uint8(93)
_RECORD = np.frombuffer(b"PERF_RECORD_", np.uint8)
_LOST_WORD = np.frombuffer(b"lost ", np.uint8)
_MOST = np.int64(2**63 - 1)


class Rows(NamedTuple):
    """Columns of the samples.

    Attributes
    ----------
    who, event, text, stack : int32[n]
        Numbers of texts: what stands before cpu and time; the name of the event; what a tracepoint
        says, or -1. Number of the list of lines, or -1.
    period, time : int64[n]
        Nanoseconds for the time; -1 where there is none.
    """

    who: np.ndarray
    event: np.ndarray
    text: np.ndarray
    stack: np.ndarray
    period: np.ndarray
    time: np.ndarray


@kernel
def is_blank(c):
    return c in (_BLANK, _TAB, _RETURN)


@kernel
def is_digit(c):
    return np.uint8(48) <= c <= np.uint8(57)


@kernel
def skip_blanks(data, p, stop):
    while p < stop and is_blank(data[p]):
        p += 1
    return p


@kernel
def skip_hex(data, p, stop):
    while p < stop and (is_digit(data[p]) or np.uint8(97) <= data[p] <= np.uint8(102)):
        p += 1
    return p


@kernel
def number_at(data, p, stop):
    """Return a decimal number, at most 2**63 - 1, and the place behind it."""
    value = np.int64(0)
    while p < stop and is_digit(data[p]):
        digit = np.int64(data[p]) - 48
        value = _MOST if value > (_MOST - digit) // 10 else value * 10 + digit
        p += 1
    return value, p


@kernel
def begins(data, p, stop, text):
    if p + text.size > stop:
        return False
    for k in range(text.size):  # noqa: SIM110 (numba knows no all())
        if data[p + k] != text[k]:
            return False
    return True


@kernel
def is_frame(data, start, stop):
    """Whether a line is an address alone, or one and something that is no thread id."""
    p = skip_blanks(data, start, stop)
    q = skip_hex(data, p, stop)
    if q == p or q - p > 16:
        return False
    if q == stop:
        return True
    if not is_blank(data[q]):
        return False
    p = skip_blanks(data, q, stop)
    q = p
    while q < stop and (is_digit(data[q]) or data[q] == _SLASH):
        q += 1
    # "cafe 1234/1240 [000]": a command that reads as a number.
    return q == p or (q < stop and not is_blank(data[q]))


@kernel
def find_time(data, start, stop):
    """Return where ``seconds.fraction:`` begins and where its point is; -1 where none stands."""
    p = start + 1
    while p < stop:
        if data[p] == _POINT and is_digit(data[p - 1]):
            q = p + 1
            while q < stop and is_digit(data[q]):
                q += 1
            ends = q < stop and data[q] == _COLON and (q + 1 == stop or is_blank(data[q + 1]))
            if ends and (q - p == 7 or q - p == 10):
                a = p
                while a > start and is_digit(data[a - 1]):
                    a -= 1
                if a == start or is_blank(data[a - 1]):
                    return a, p
            p = q
        else:
            p += 1
    return np.int64(-1), np.int64(-1)


@kernel
def nanoseconds(data, start, point):
    """Return the time at ``start`` in nanoseconds, and the place behind its colon."""
    seconds, _ = number_at(data, start, point)
    fraction, end = number_at(data, point + 1, point + 10)
    if end - point == 7:
        fraction *= 1000
    if seconds > _MOST // 1_000_000_000 - 1:
        seconds = _MOST // 1_000_000_000 - 1
    return seconds * 1_000_000_000 + fraction, end + 1


@kernel
def word_before(data, start, stop):
    """Return the bounds of the last word before ``stop``; empty where there is none."""
    q = stop
    while q > start and is_blank(data[q - 1]):
        q -= 1
    p = q
    while p > start and not is_blank(data[p - 1]):
        p -= 1
    return p, q


@kernel
def are_digits(data, p, q):
    for k in range(p, q):
        if not is_digit(data[k]):
            return False
    return q > p


@kernel
def without_cpu(data, start, stop):
    """Return the end of what stands before a ``[cpu]`` and blanks."""
    p, q = word_before(data, start, stop)
    bracketed = q - p > 2 and data[p] == _OPENING and data[q - 1] == _CLOSING
    if bracketed and are_digits(data, p + 1, q - 1):
        _, q = word_before(data, start, p)
    return q


@kernel
def timeless(data, start, stop):
    """Take a header apart that has no time: end of its thread, period, bounds of its event."""
    p, q = word_before(data, start, stop)
    if q == p or data[q - 1] != _COLON:
        return q, np.int64(-1), q, q
    event, event_end = p, q - 1
    p, q = word_before(data, start, event)
    if are_digits(data, p, q):
        # The last of two numbers: the first one is the thread's.
        before, before_end = word_before(data, start, p)
        digits = before < before_end
        for k in range(before, before_end):
            c = data[k]
            digits &= is_digit(c) or c in (_SLASH, _OPENING, _CLOSING)
        if digits:
            period, _ = number_at(data, p, q)
            return without_cpu(data, start, p), period, event, event_end
    return without_cpu(data, start, event), np.int64(-1), event, event_end


@kernel
def event_end_of(data, p, stop):
    """Return where the colon is that ends an event's name; -1 where there is none."""
    for k in range(p, stop):
        if data[k] == _COLON and (k + 1 == stop or is_blank(data[k + 1])):
            return k
        if is_blank(data[k]):
            break
    return np.int64(-1)


@kernel
def opens_with_frame(data, start, stop):
    """Whether a header goes on with its only frame: an address, indented or of sixteen digits."""
    p = skip_blanks(data, start, stop)
    q = skip_hex(data, p, stop)
    if q == p or q - p > 16 or (q < stop and not is_blank(data[q])):
        return False
    return p - start >= 2 or q - p == 16


@kernel
def header(data, words, start, stop, texts, used, rows):
    """Take a header apart into the open row: ``command pid/tid [cpu] time: period event: rest``.

    All but the rest is optional. Returns the bounds of a frame on the same line, and whether the
    line is a sample at all: lines ``PERF_RECORD_*`` are not.
    """
    who, events, said, stack, periods, times = rows
    row = used[ROWS]
    start = skip_blanks(data, start, stop)
    period, time, event, event_end, text = np.int64(-1), np.int64(-1), stop, stop, stop
    frame, frame_end = stop, stop
    a, point = find_time(data, start, stop)
    if a < 0:
        who_end, period, event, event_end = timeless(data, start, stop)
    else:
        who_end = without_cpu(data, start, a)
        time, p = nanoseconds(data, a, point)
        p = skip_blanks(data, p, stop)
        if begins(data, p, stop, _RECORD):
            while p < stop and not begins(data, p, stop, _LOST_WORD):
                p += 1
            lost, _ = number_at(data, p + 5, stop)
            used[LOST] = min(used[LOST] + min(lost, 2**40), 2**60)
            return stop, stop, False
        value, q = number_at(data, p, stop)
        if q > p and q < stop and is_blank(data[q]):
            period = value
            p = skip_blanks(data, q, stop)
        colon = event_end_of(data, p, stop)
        if colon >= 0:
            event, event_end, p = p, colon, colon + 1
        if opens_with_frame(data, p, stop):
            frame, frame_end = p, stop
        else:
            text = skip_blanks(data, p, stop)
    who[row] = intern(texts, used, words, start, max(who_end - start, 0))
    events[row] = -1
    if event_end > event:
        events[row] = intern(texts, used, words, event, event_end - event)
    said[row] = -1
    if text < stop:
        said[row] = intern(texts, used, words, text, stop - text)
    periods[row], times[row], stack[row] = period, time, -1
    return frame, frame_end, True


@kernel
def finish(rows, lists, used, line):
    """End the open sample: number its stack."""
    if used[OPEN]:
        row = used[ROWS]
        stack = rows[3]
        stack[row] = -1
        if used[DEPTH] > 0:
            stack[row] = place_list(lists, used, line, used[DEPTH])
        used[ROWS] = row + 1
    used[OPEN] = 0
    used[DEPTH] = 0


@kernel
def room(texts, lists, rows, used, line, size):
    """Return how many lines fit beyond doubt, whatever they are, of ``size`` bytes in all."""
    _, hashes, _, _, text_words = texts
    _, list_hashes, _, item = lists
    lines = min(hashes.size - used[TEXTS], list_hashes.size - used[LISTS])
    lines = min(lines, rows[0].size - used[ROWS], line.size - used[DEPTH])
    lines = min(lines, item.size - used[ITEMS] - used[DEPTH])
    lines = min(lines, text_words.size - used[WORDS] - (size >> 3))
    return lines // 8 - 2


@kernel
def scan(data, words, start, stop, texts, lists, rows, used, line):
    """Take whole lines.

    Parameters
    ----------
    data : uint8[n]
        Readable up to 16 bytes beyond ``stop``.
    words : uint64[n // 8]
        The same memory.
    start, stop : int
        The lines; ``data[stop - 1]`` is the end of one.
    texts, lists, rows : tuple
        `Texts`, `Lists` and `Rows`, as plain tuples; they receive what is new.
    used : int64[COUNTERS]
    line : int32[d]
        Lines of the stack at hand, innermost first.

    Returns
    -------
    int
        Where it stopped: at ``stop``, or before a line for which there may be no room.
    """
    slot, hashes, first, size, text_words = texts
    lines = room(texts, lists, rows, used, line, stop - start)
    i = start
    while i < stop:
        if lines <= 0:
            lines = room(texts, lists, rows, used, line, stop - i)
            if lines <= 0:
                return i
        lines -= 1
        c = data[i]
        if c == _NEWLINE or (c == _RETURN and data[i + 1] == _NEWLINE):
            used[CLOSED] += used[OPEN]
            finish(rows, lists, used, line)
            i += 1 + (c == _RETURN)
            continue
        # Find the end of the line and hash it on the way, eight bytes a step.
        hashed = _SEED
        j = i
        while True:
            word = word_at(words, j)
            differs = word ^ _NEWLINES
            found = (differs - _ONES) & ~differs & _HIGHS
            if found == np.uint64(0):
                hashed = mixed(hashed, word)
                j += 8
                continue
            count = 0
            while found & np.uint64(0x80) == np.uint64(0):
                found >>= np.uint64(8)
                count += 1
            hashed = mixed(hashed, word & low_bytes(count))
            j += count
            break
        if c == _TAB and used[OPEN]:
            number, _ = found_text(slot, hashes, first, size, text_words, hashed, words, i, j - i)
            if number >= 0:
                line[used[DEPTH]] = number
                used[DEPTH] += 1
                i = j + 1
                continue
        if c == _TAB or (c != _HASH and is_frame(data, i, j)):
            used[OPEN] = max(used[OPEN], headless(rows, used))
            line[used[DEPTH]] = place(texts, used, hashed, words, i, j - i)
            used[DEPTH] += 1
        elif c == _BLANK and used[DEPTH] > 0 and find_time(data, i, j)[0] < 0:
            # The source line of the frame above.
            line[used[DEPTH]] = place(texts, used, hashed, words, i, j - i)
            used[DEPTH] += 1
        elif c != _HASH:
            finish(rows, lists, used, line)
            frame, frame_end, is_sample = header(data, words, i, j, texts, used, rows)
            if is_sample:
                used[OPEN] = 1
                if frame_end > frame:
                    line[0] = intern(texts, used, words, frame, frame_end - frame)
                    used[DEPTH] = 1
        i = j + 1
    return i


@kernel
def headless(rows, used):
    """Begin a sample that has no header, unless one is open."""
    if not used[OPEN]:
        who, event, text, _, period, time = rows
        row = used[ROWS]
        who[row] = event[row] = text[row] = -1
        period[row] = time[row] = -1
    return 1
