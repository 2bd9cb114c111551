"""HTTP/1.x messages in the flows of TCP streams: heads read, bodies measured, pairs found.

Bodies of a known length are skipped by arithmetic over the pieces of a flow, so that little of a
large capture is touched. Where bytes are missing in a body they are counted; where a message's end
gets lost by it, reading goes on at the next piece that begins as a message does.
"""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._growth import doubled
from prodforensics.kernels._jit import kernel
from prodforensics.kernels.http_heads import (
    BODY,
    CR,
    FIRST,
    FLAGS,
    GAP,
    HEAD,
    HEAD_SIZE,
    HEADERS,
    LAST,
    LENGTH,
    LF,
    METHOD,
    OFFSET,
    PARTNER,
    SIDE,
    SPACE,
    SPANS,
    STATUS,
    STREAM,
    TAB,
    VERSION,
    begins,
    byte_of,
    ends_chunked,
    first_bytes,
    header_lines,
    number_in,
    start_line,
)  # fmt: skip

__all__ = ["CHUNKED", "COMPLETE", "RESYNCED", "UPGRADED", "http_messages"]

CHUNKED, COMPLETE, RESYNCED, UPGRADED, CUT_HEAD = 1, 2, 4, 8, 16
"""Flags: chunked; nothing of the message was left out by its sender; messages before it may be
missing; the connection goes on as something else after it; its head is not whole."""

MOST_HEAD = 2**18
LOOK = 8  # pieces of a flow that are looked at to find out whether it is HTTP
START = 24


@kernel
def skip_bytes(packet, size, lost, p, o, h, stop, count, row):
    """Go on over bytes of a body, holes counted.

    Returns
    -------
    p, o, h : int
        Piece, place in it, and bytes missing before it that belong to what follows.
    left : int
        Bytes of the count that are not there.
    """
    while count > 0 and p < stop:
        if h > 0:
            missing = min(h, count)
            row[GAP] += missing
            count -= missing
            h -= missing
            continue
        taken = min(size[p] - o, count)
        row[BODY] += taken
        row[LAST] = max(row[LAST], packet[p])
        count -= taken
        o += taken
        if o == size[p]:
            p, o = p + 1, 0
            h = lost[p] if p < stop else 0
    return p, o, h, count


@kernel
def chunk_size(data, extra, packet, start, size, lost, p, o, h, stop, row):
    """Read the line before a chunk.

    Returns
    -------
    p, o, h : int
    count : int
        Size of the chunk; -1 where the line is not whole, -2 where it is no such line.
    """
    value, digits, extension = np.int64(0), 0, False
    while p < stop and h == 0:
        c = byte_of(data, extra, start[p] + o if start[p] >= 0 else start[p] - o)
        row[LAST] = max(row[LAST], packet[p])
        o += 1
        if o == size[p]:
            p, o = p + 1, 0
            h = lost[p] if p < stop else 0
        if c == LF:
            return p, o, h, value if digits else np.int64(-2)
        digit = np.int64(-1)
        if 48 <= c <= 57:
            digit = np.int64(c) - 48
        elif 97 <= c | 32 <= 102:
            digit = np.int64(c | 32) - 87
        if not extension and digit >= 0 and digits < 15:
            value, digits = 16 * value + digit, digits + 1
        elif c in (59, SPACE, TAB, CR):
            extension = True
        elif not extension:
            return p, o, h, np.int64(-2)
    return p, o, h, np.int64(-1)


@kernel
def trailer(data, extra, packet, start, size, lost, p, o, h, stop, row):
    """Go on to behind the empty line that ends a chunked body; tell whether it is there."""
    empty = True
    while p < stop and h == 0:
        c = byte_of(data, extra, start[p] + o if start[p] >= 0 else start[p] - o)
        row[LAST] = max(row[LAST], packet[p])
        o += 1
        if o == size[p]:
            p, o = p + 1, 0
            h = lost[p] if p < stop else 0
        if c == LF:
            if empty:
                return p, o, h, True
            empty = True
        elif c != CR:
            empty = False
    return p, o, h, False


@kernel
def copy_head(data, at, count, newline, heads, used):
    """Copy bytes of a head, up to the empty line at the most.

    Returns
    -------
    taken : int
    newline : bool
        Whether they end in a line's end.
    whole : bool
        Whether the empty line was there.
    """
    for i in range(count):
        c = data[at + i]
        heads[used + i] = c
        if c == LF:
            if newline:
                return i + 1, True, True
            newline = True
        elif c != CR:
            newline = False
    return count, newline, False


@kernel
def http_messages(
    data, extra, first, packet, start, size, lost, lost_after, begun, finished, names, name_end,
    slot, slots, other_at,
):  # fmt: skip
    """Find the HTTP/1.x messages of streams.

    Parameters
    ----------
    data, extra : uint8[:]
    first, packet, start, size, lost, lost_after, begun, finished
        See `prodforensics.network.protocols.reassembly.ByteStreams`.
    names : uint8[:]
        Names of wanted headers, in lower case, one after the other; ``content-length`` must be in
        slot 1 and ``transfer-encoding`` in slot 2.
    name_end : int64[w]
        Where each of them ends.
    slot : int64[w]
        In which columns each of them goes.
    slots : int
    other_at : int64[2 * s]
        Filled with -1; receives where in its bytes a flow goes on as HTTP/2.

    Returns
    -------
    rows : int64[m, SPANS + 4 + 2 * slots]
        See `prodforensics.kernels.http_heads`; requests of a stream before its responses. Spans
        that are not there are -1.
    heads : uint8[:]
        The heads, one after the other.
    """
    width = SPANS + 4 + 2 * slots
    rows = np.empty((1024, width), np.int64)
    heads = np.empty(2**16, np.uint8)
    small = np.empty(START, np.uint8)
    m, used, requests, following, found = 0, 0, 0, 0, False
    for flow in range(first.size - 1):
        side, stop = flow & 1, first[flow + 1]
        if side == 0:
            found = False
            for f in range(flow, flow + 2):
                for p in range(first[f], min(first[f] + LOOK, first[f + 1])):
                    count = first_bytes(data, extra, start, size, lost, p, 0, first[f + 1], small)
                    if begins(small, count, f & 1):
                        found = True
                        break
                if found:
                    break
            following, requests = m, m
        if not found:
            continue
        p, o, passed = first[flow], 0, 0
        h = lost[p] if p < stop else 0
        synced, resynced = begun[flow], not begun[flow]
        before = -1  # the message that bytes without a beginning belong to
        while p < stop:
            if h > 0:
                synced = False
            if synced and byte_of(data, extra, start[p] + o if start[p] >= 0 else start[p] - o) in (
                CR, LF,
            ):  # fmt: skip
                o += 1
                if o == size[p]:
                    passed, p, o = passed + size[p], p + 1, 0
                    h = lost[p] if p < stop else 0
                continue
            count = first_bytes(data, extra, start, size, lost, p, o, stop, small)
            if not begins(small, count, side):
                if before >= 0:
                    rows[before, GAP] += h
                    rows[before, BODY] += size[p] - o
                    rows[before, LAST] = max(rows[before, LAST], packet[p])
                passed, p, o = passed + size[p], p + 1, 0
                h = lost[p] if p < stop else 0
                synced, resynced = False, True
                continue
            if before >= 0:
                rows[before, GAP] += h
            if m == rows.shape[0]:
                wider = np.empty((2 * m, width), np.int64)
                wider[:m] = rows
                rows = wider
            row = rows[m]
            row[:] = -1
            row[STREAM], row[SIDE], row[FIRST], row[LAST] = flow >> 1, side, packet[p], packet[p]
            row[BODY], row[GAP], row[OFFSET] = 0, 0, passed + o
            row[FLAGS] = RESYNCED if resynced or not synced else 0
            # The head, up to the empty line.
            begin, newline, whole = used, False, False
            h = 0
            while p < stop and h == 0 and not whole and used - begin < MOST_HEAD:
                while used + size[p] > heads.size:
                    heads = doubled(heads)
                row[LAST] = max(row[LAST], packet[p])
                if start[p] >= 0:
                    taken, newline, whole = copy_head(
                        data, start[p] + o, size[p] - o, newline, heads, used
                    )
                else:
                    taken, newline, whole = copy_head(
                        extra, -start[p] - 1 + o, size[p] - o, newline, heads, used
                    )
                used += taken
                o += taken
                if o == size[p]:
                    passed, p, o = passed + size[p], p + 1, 0
                    h = lost[p] if p < stop else 0
            row[HEAD], row[HEAD_SIZE] = row[LAST], used - begin
            lines = start_line(heads, begin, used, side, whole, row)
            if lines < 0:
                used = begin
                synced, resynced = False, True
                continue
            if row[VERSION] >= 20:
                other_at[flow] = row[OFFSET]
                used = begin
                break
            header_lines(heads, lines, used, names, name_end, slot, row)
            if row[HEADERS + 2] >= 0:
                row[LENGTH] = number_in(heads, row[HEADERS + 2], row[HEADERS + 3])
            resynced = False
            interim = side == 1 and 100 <= row[STATUS] < 200 and row[STATUS] != 101
            if side == 1 and not interim:
                if row[FLAGS] & RESYNCED:
                    while following + 1 < requests and rows[following + 1, FIRST] < row[FIRST]:
                        following += 1
                if following < requests and rows[following, FIRST] < row[FIRST]:
                    row[PARTNER] = following
                    following += 1
            at, letters = np.int64(-1), np.int64(0)
            if side == 0:
                at, letters = row[METHOD], row[METHOD + 1]
            elif row[PARTNER] >= 0:
                at, letters = rows[row[PARTNER], METHOD], rows[row[PARTNER], METHOD + 1]
            head_only = side == 1 and letters == 4 and heads[at] == 72 and heads[at + 1] == 69
            tunnel = letters == 7 and heads[at] == 67 and heads[at + 3] == 78
            tunnel = tunnel and (side == 0 or row[STATUS] // 100 == 2)
            upgraded = row[STATUS] == 101 or tunnel
            bodiless = interim or upgraded or head_only or row[STATUS] in (204, 304)
            complete = whole
            if not whole:
                row[FLAGS] |= CUT_HEAD
                synced = False
                if p == stop:
                    row[GAP] += lost_after[flow]
            elif bodiless:
                pass
            elif ends_chunked(heads, row):
                row[FLAGS] |= CHUNKED
                complete = False
                while True:
                    q = p
                    p, o, h, count = chunk_size(
                        data, extra, packet, start, size, lost, p, o, h, stop, row
                    )
                    if count > 0:
                        p, o, h, left = skip_bytes(packet, size, lost, p, o, h, stop, count, row)
                        body, gap = row[BODY], row[GAP]
                        if left == 0:
                            p, o, h, left = skip_bytes(packet, size, lost, p, o, h, stop, 2, row)
                            row[BODY], row[GAP] = body, gap
                    elif count == 0:
                        p, o, h, complete = trailer(
                            data, extra, packet, start, size, lost, p, o, h, stop, row
                        )
                    for k in range(q, p):
                        passed += size[k]
                    if count <= 0 or p == stop or h > 0:
                        break
                if not complete:
                    synced, resynced = False, True
                    if p == stop:
                        row[GAP] += lost_after[flow]
            elif row[LENGTH] >= 0:
                q = p
                p, o, h, left = skip_bytes(packet, size, lost, p, o, h, stop, row[LENGTH], row)
                for k in range(q, p):
                    passed += size[k]
                missing = min(left, lost_after[flow])
                row[GAP] += missing
                complete = left == missing
            elif side == 1:
                q = p
                p, o, h, _ = skip_bytes(packet, size, lost, p, o, h, stop, 2**62, row)
                for k in range(q, p):
                    passed += size[k]
                row[GAP] += lost_after[flow]
                complete = finished[flow]
            if complete:
                row[FLAGS] |= COMPLETE
                synced = True
            if upgraded:
                row[FLAGS] |= UPGRADED
            if interim:
                used = begin
                before = -1
            else:
                before = m if not complete else -1
                m += 1
            if side == 1 and upgraded:
                other_at[flow] = passed + o
                break
        if side == 0:
            requests = m
    return rows[:m], heads[:used]
