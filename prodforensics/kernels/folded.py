"""Folded stacks: one line a stack, ``outermost;...;innermost count``."""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._growth import doubled
from prodforensics.kernels._jit import kernel
from prodforensics.kernels.interning import find_byte, hashed, same_bytes, slot_for, spread
from prodforensics.kernels.prefix_tree import rehashed, slot_of

__all__ = ["inherited", "read_folded"]

NEW_LINE, RETURN, SPACE, TAB = np.uint8(10), np.uint8(13), np.uint8(32), np.uint8(9)
SEMICOLON, HASH, DOT = np.uint8(59), np.uint8(35), np.uint8(46)
# A float64 holds every whole number up to here; nothing that was counted is larger.
LARGEST = 1 << 53


@kernel
def number_before(buf, start, end):
    """Read the number that ends a line: ``12`` or ``12.5``, behind white space.

    Returns
    -------
    before : int
        End of what stands before the number and its white space; -1 where no number ends the line.
    value : float64
    whole : bool
        Whether the number has no fraction.
    """
    p = end
    while p > start and ((buf[p - 1] >= 48 and buf[p - 1] <= 57) or buf[p - 1] == DOT):
        p -= 1
    if p in (end, start) or (buf[p - 1] != SPACE and buf[p - 1] != TAB) or buf[p] == DOT:
        return -1, 0.0, True
    value, scale, dots = 0.0, 1.0, 0
    for i in range(p, end):
        if buf[i] == DOT:
            dots += 1
        else:
            value = value * 10.0 + (buf[i] - 48)
            if dots:
                scale *= 10.0
    if dots > 1 or not value < LARGEST * scale:
        return -1, 0.0, True
    while p > start and (buf[p - 1] == SPACE or buf[p - 1] == TAB):
        p -= 1
    value /= scale
    return p, value, value == np.floor(value)


@kernel
def read_folded(buf, two):
    """Read folded stacks into a prefix tree of frames.

    Parameters
    ----------
    buf : uint8[:]
        The file.
    two : bool
        Whether every line has two counts.

    Returns
    -------
    frame_first, frame_size : int64[f]
        Where each different frame stands first.
    parent, frame : int32[s]
        The prefix tree (see `prodforensics.kernels.prefix_tree`).
    node : int32[n]
        The innermost node of each line that could be read; -1 for a stack without a frame.
    first_count, last_count : float64[n]
        The two counts; the first is zero where there is one. All are below 2**53.
    whole : bool
        Whether no count has a fraction.
    other : int64[k, 3]
        Place, end and number of the lines without a count, comments among them; a thousand at
        most.
    others : int
        How many there are.
    """
    frame_first = np.empty(1024, np.int64)
    frame_size = np.empty(1024, np.int64)
    frame_hash = np.empty(1024, np.uint64)
    frame_slots = np.full(4096, -1, np.int32)
    frames = 0
    parents = np.empty(1024, np.int32)
    items = np.empty(1024, np.int32)
    slots = np.full(4096, -1, np.int32)
    nodes = 0
    node = np.empty(1024, np.int32)
    first_count = np.empty(1024, np.float64)
    last_count = np.empty(1024, np.float64)
    count = 0
    whole = True
    other = np.empty((1000, 3), np.int64)
    others = 0
    # Of the line before: where it started, the end of each of its frames in it, and their nodes.
    before, known = 0, 0
    ends = np.empty(64, np.int64)
    path = np.empty(64, np.int32)
    start, line = 0, 0
    while start < buf.size:
        line += 1
        stop = find_byte(buf, start, buf.size, NEW_LINE)
        end = stop
        while end > start and (buf[end - 1] == RETURN or buf[end - 1] == SPACE):
            end -= 1
        if end == start:
            start = stop + 1
            continue
        comment = buf[start] == HASH and start + 1 < end and buf[start + 1] == SPACE
        behind, last, exact = number_before(buf, start, end)
        first = 0.0
        if two and behind >= 0:
            behind, first, also = number_before(buf, start, behind)
            exact &= also
        if behind < 0 or comment:
            if others < 1000:
                other[others, 0], other[others, 1], other[others, 2] = start, end, line
            others += 1
            start = stop + 1
            continue
        # What the line has in common with the one before needs no look-up.
        same = same_bytes(buf, before, start, min(behind - start, start - before))
        depth = 0
        while depth < known and ends[depth] < same and buf[start + ends[depth]] == SEMICOLON:
            depth += 1
        above = path[depth - 1] if depth else np.int32(-1)
        p = start + ends[depth - 1] + 1 if depth else start
        while p < behind:
            q = find_byte(buf, p, behind, SEMICOLON)
            if q > p:
                value = hashed(buf, p, q)
                slot = slot_for(frame_slots, frame_hash, frame_first, frame_size, buf, p, q, value)
                one = frame_slots[slot]
                if one < 0:
                    if frames == frame_first.size:
                        frame_first, frame_size = doubled(frame_first), doubled(frame_size)
                        frame_hash = doubled(frame_hash)
                    one = np.int32(frames)
                    frame_first[frames], frame_size[frames] = p, q - p
                    frame_hash[frames] = value
                    frame_slots[slot] = one
                    frames += 1
                    if 2 * frames > frame_slots.size:
                        frame_slots = spread(frame_hash, frames, 2 * frame_slots.size)
                place = slot_of(slots, parents, items, above, one)
                found = slots[place]
                if found < 0:
                    if nodes == parents.size:
                        parents, items = doubled(parents), doubled(items)
                    found = np.int32(nodes)
                    parents[nodes], items[nodes] = above, one
                    slots[place] = found
                    nodes += 1
                    if 2 * nodes > slots.size:
                        slots = rehashed(slots, parents, items, nodes)
                above = found
            if depth == ends.size:
                ends, path = doubled(ends), doubled(path)
            ends[depth], path[depth] = q - start, above
            depth += 1
            p = q + 1
        before, known = start, depth
        if count == node.size:
            node = doubled(node)
            first_count, last_count = doubled(first_count), doubled(last_count)
        node[count], first_count[count], last_count[count] = above, first, last
        whole &= exact
        count += 1
        start = stop + 1
    return (
        frame_first[:frames].copy(),
        frame_size[:frames].copy(),
        parents[:nodes].copy(),
        items[:nodes].copy(),
        node[:count].copy(),
        first_count[:count].copy(),
        last_count[:count].copy(),
        whole,
        other[: min(others, 1000)].copy(),
        others,
    )


@kernel
def inherited(parent, own):
    """Give each node its own number, or that of the nearest node above that has one.

    Parameters
    ----------
    parent : int32[n]
    own : int32[n]
        Negative for none.

    Returns
    -------
    int32[n]
    """
    number = own.copy()
    for v in range(parent.size):
        if number[v] < 0 and parent[v] >= 0:
            number[v] = number[parent[v]]
    return number
