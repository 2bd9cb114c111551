"""Events and pools of constants of a chunk of Java Flight Recorder."""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._growth import doubled
from prodforensics.kernels._jit import kernel
from prodforensics.kernels.jfr_values import loops, read_integer, read_record, skip_fields

__all__ = ["count_events", "decode_events", "place_events", "walk_pools"]


@kernel
def slot_of(ids, wanted):
    """Return the place of a number in a sorted array; -1 where it is not there."""
    low = 0
    high = ids.size
    while low < high:
        middle = (low + high) >> 1
        if ids[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return low if low < ids.size and ids[low] == wanted else -1


@kernel
def count_events(data, p, end, ids):
    """Count the events of each type, from one to the next by their sizes.

    Parameters
    ----------
    data : uint8[:]
    p, end : int
    ids : int64[k]
        Known types, sorted.

    Returns
    -------
    count, size : int64[k + 1]
        Events and their bytes; the last place is for unknown types.
    stop : int64
        Where the events end: ``end``, or the first that has no possible size.
    """
    count = np.zeros(ids.size + 1, np.int64)
    size = np.zeros(ids.size + 1, np.int64)
    p = np.int64(p)
    while p < end:
        length, q = read_integer(data, p, end)
        if q < 0 or length <= q - p or length > end - p:
            break
        kind, q = read_integer(data, q, p + length)
        if q < 0:
            break
        slot = slot_of(ids, kind)
        count[slot] += 1  # -1 is the last
        size[slot] += length
        p += length
    return count, size, p


@kernel
def place_events(data, p, end, ids, at, place):
    """Note where the events of the wanted types start.

    Parameters
    ----------
    p, end : int
        As counted by `count_events`: up to where it stopped.
    ids : int64[k]
    at : int64[k + 1]
        Where in ``place`` the next event of each type goes; -1 for types that are not wanted.
        Moved along.
    place : int64[n]
    """
    p = np.int64(p)
    while p < end:
        length, q = read_integer(data, p, end)
        if q < 0 or length <= 0:
            break
        kind, q = read_integer(data, q, end)
        slot = slot_of(ids, kind)
        if at[slot] >= 0 and at[slot] < place.size:
            place[at[slot]] = p
            at[slot] += 1
        p += length


@kernel
def decode_events(data, start, end, program, column, width):
    """Read the fields of events of one type.

    Parameters
    ----------
    start : int64[n]
    program, column
        See `prodforensics.kernels.jfr_values.read_record`.
    width : int

    Returns
    -------
    out : int64[width, n]
    whole : bool[n]
        Whether the fields of an event fit into it.
    """
    n = start.size
    space = loops()
    out = np.zeros((width, n), np.int64)
    whole = np.zeros(n, np.bool_)
    for i in range(n):
        length, p = read_integer(data, start[i], end)
        last = min(start[i] + length, end)
        if p >= 0:
            _, p = read_integer(data, p, last)
        if p >= 0:
            whole[i] = read_record(data, p, last, program, column, out, i, space) >= 0
    return out, whole


@kernel
def walk_pools(data, start, end, ids, first, program):
    """Find the pools of constants in checkpoint events.

    Parameters
    ----------
    start : int64[k]
        Where each checkpoint starts.
    end : int
    ids : int64[t]
        Known types, sorted.
    first : int64[t + 1]
        The program of type ``i`` is ``program[first[i]:first[i + 1]]``; an empty one cannot be
        read.
    program : int64[m, 2]

    Returns
    -------
    pools : int64[3, n]
        Type (place in ``ids``), records, and where the first one starts.
    broken : int64[k]
        Where a checkpoint could not be read on; -1 where it is whole.
    """
    space = loops()
    pools = np.empty(3 * 64, np.int64)
    n = 0
    broken = np.full(start.size, -1, np.int64)
    for k in range(start.size):
        length, p = read_integer(data, start[k], end)
        last = min(start[k] + max(length, 0), end)
        for _ in range(4):  # type, time, duration, distance to the checkpoint before
            if p >= 0:
                _, p = read_integer(data, p, last)
        count = np.int64(0)
        if p >= 0:
            count, p = read_integer(data, p + 1, last)
        if p < 0 or count < 0:
            broken[k] = start[k]
            continue
        for _ in range(count):
            here = p
            kind, p = read_integer(data, p, last)
            records = np.int64(-1)
            if p >= 0:
                records, p = read_integer(data, p, last)
            slot = slot_of(ids, kind)
            if p < 0 or records < 0 or records > last - p or slot < 0:
                broken[k] = here
                break
            if first[slot] == first[slot + 1] and records > 0:
                broken[k] = here
                break
            if 3 * n + 3 > pools.size:
                pools = doubled(pools)
            pools[3 * n], pools[3 * n + 1], pools[3 * n + 2] = slot, records, p
            n += 1
            for done in range(records):
                _, p = read_integer(data, p, last)
                if p >= 0:
                    p = skip_fields(data, p, last, program, first[slot], first[slot + 1], space)
                if p < 0:
                    pools[3 * n - 2] = done
                    broken[k] = here
                    break
            if p < 0:
                break
    return pools[: 3 * n].copy().reshape(n, 3).T.copy(), broken
