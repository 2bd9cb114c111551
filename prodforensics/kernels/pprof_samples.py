"""The samples of a pprof profile, read into columns, and their stacks made of calls."""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._growth import doubled
from prodforensics.kernels._jit import kernel
from prodforensics.kernels.prefix_tree import rehashed, slot_of
from prodforensics.kernels.protobuf import BYTES, VARINT, occurrences, skipped, varint

__all__ = ["cut_at", "decode", "expanded"]

LOCATION, VALUE, LABEL = 1, 2, 3


@kernel
def place_of(wanted, table, ids, places):
    """Return where a location stands: by the table, or for a large id by search; -1 if nowhere."""
    if wanted < np.uint64(table.size):
        return table[np.int64(wanted)]
    low, high = 0, ids.size
    while low < high:
        middle = (low + high) // 2
        if ids[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    if low < ids.size and ids[low] == wanted:
        return places[low]
    return np.int32(-1)


@kernel
def decode(buf, first, last, types, table, ids, places, strings):
    """Read samples: their locations, values and labels.

    Parameters
    ----------
    buf : uint8[:]
    first, last : int64[k]
        The bytes of each sample.
    types : int
        Values that a sample must have.
    table : int32[:]
        Place of the location of each small id; -1 for none.
    ids : uint64[:], ascending
    places : int32[:]
        Places of the locations of all ids.
    strings : int
        Size of the string table.

    Returns
    -------
    parent, location : int32[m]
        The stacks as a prefix tree of places (see `prodforensics.kernels.prefix_tree`); locations
        that do not exist are left out.
    node : int32[n]
        The innermost location of each sample; -1 for a sample without one.
    value : int64[types, n]
    label : int64[n + 1]
        Bounds of each sample in the labels.
    key, text : int32[l]
        Strings; ``text`` is -1 for a number.
    number : int64[l]
    unit : int32[l]
        A string; -1 for none.
    kept : int64[n]
        Which of the samples these are: the others cannot be read.
    absent : int
        Locations that do not exist.
    nameless : int
        Labels that were left out as they name strings that do not exist.
    """
    k = first.size
    node = np.empty(k, np.int32)
    label = np.zeros(k + 1, np.int64)
    value = np.zeros((types, k), np.int64)
    kept = np.empty(k, np.int64)
    parents = np.empty(1024, np.int32)
    items = np.empty(1024, np.int32)
    slots = np.full(4096, -1, np.int32)
    leaves = np.full(1 << 17, -1, np.int32)
    stack = np.empty(256, np.int32)
    names = np.uint64(strings)
    most = occurrences(buf, first, last, LABEL)
    key = np.empty(most, np.int32)
    text = np.empty(most, np.int32)
    number = np.empty(most, np.int64)
    unit = np.empty(most, np.int32)
    n = m = l = 0  # noqa: E741 (samples, nodes, labels)
    absent = nameless = 0
    for sample in range(k):
        at = first[sample]
        end = last[sample]
        l0, absent0, nameless0 = l, absent, nameless
        values = depth = 0
        mixed = np.uint64(0)
        broken = False
        while at < end and not broken:
            tag, at = varint(buf, at, end)
            kind = np.int64(tag & np.uint64(7))
            field = np.int64(tag >> np.uint64(3))
            if at < 0:
                broken = True
                break
            start = at
            found, at = skipped(buf, at, end, kind)
            if at < 0:
                broken = True
                break
            if field == LABEL and kind == BYTES:
                k_, t_, v_, u_, good = one_label(buf, found, at)
                if not good:
                    broken = True
                    break
                if k_ >= names or t_ >= names or u_ >= names:
                    nameless += 1
                    continue
                key[l] = np.int32(k_)
                number[l] = v_
                # As pprof: a label with a string is a text, one without is a number.
                text[l] = np.int32(t_) if t_ else np.int32(-1)
                unit[l] = np.int32(u_) if u_ else np.int32(-1)
                l += 1  # noqa: E741
            elif LOCATION <= field <= VALUE and kind in (VARINT, BYTES):
                if kind == BYTES:
                    start = found
                stop = at
                while start < stop:
                    # This is where the time goes: numbers of a byte or two without a call.
                    byte = buf[np.uintp(start)]
                    behind = buf[np.uintp(min(start + 1, stop - 1))]
                    if byte < 128:
                        one = np.uint64(byte)
                        start += 1
                    elif behind < 128:
                        one = np.uint64(byte & 0x7F) | np.uint64(behind) << np.uint64(7)
                        start += 2
                    else:
                        one, start = varint(buf, start, stop)
                        if start < 0:
                            broken = True
                            break
                    if field == VALUE:
                        if values < types:
                            value[values, n] = np.int64(one)
                        values += 1
                        continue
                    place = place_of(one, table, ids, places)
                    if place < 0:
                        absent += 1
                        continue
                    if depth == stack.size:
                        stack = doubled(stack)
                    stack[depth] = place
                    depth += 1
                    mixed = (mixed ^ np.uint64(place)) * np.uint64(0x9E3779B97F4A7C15)
                    mixed ^= mixed >> np.uint64(32)
        if broken or values != types:
            for t in range(types):
                value[t, n] = 0
            l, absent, nameless = l0, absent0, nameless0  # noqa: E741
            continue
        # Many samples have the stack of another: one look, instead of one a location.
        whole = np.int64(mixed & np.uint64(leaves.size - 1))
        above = leaves[whole]
        if not ends_in(parents, items, above, stack, depth):
            above = np.int32(-1)
            for i in range(depth - 1, -1, -1):
                slot = slot_of(slots, parents, items, above, stack[i])
                inner = slots[slot]
                if inner < 0:
                    if m == parents.size:
                        parents, items = doubled(parents), doubled(items)
                    inner = np.int32(m)
                    parents[m], items[m] = above, stack[i]
                    slots[slot] = inner
                    m += 1
                    if 2 * m > slots.size:
                        slots = rehashed(slots, parents, items, m)
                above = inner
            leaves[whole] = above
            if m > leaves.size:
                leaves = np.full(4 * leaves.size, -1, np.int32)
        kept[n] = sample
        node[n] = above
        n += 1
        label[n] = l
    return (
        parents[:m].copy(), items[:m].copy(), node[:n], value[:, :n], label[: n + 1],
        key[:l], text[:l], number[:l], unit[:l], kept[:n], absent, nameless,
    )  # fmt: skip


@kernel
def ends_in(parent, item, node, stack, depth):
    """Tell whether a node is the innermost of this stack of ``depth`` items, innermost first."""
    for i in range(depth):
        if node < 0 or item[node] != stack[i]:
            return False
        node = parent[node]
    return node < 0


@kernel
def one_label(buf, at, end):
    """Read a label: key, text, number, unit, and whether it could be read."""
    key = text = unit = np.uint64(0)
    number = np.int64(0)
    while at < end:
        tag, at = varint(buf, at, end)
        if at < 0:
            return key, text, number, unit, False
        kind = np.int64(tag & np.uint64(7))
        found, at = skipped(buf, at, end, kind)
        if at < 0:
            return key, text, number, unit, False
        if kind != VARINT:
            continue
        field = np.int64(tag >> np.uint64(3))
        if field == 1:
            key = np.uint64(found)
        elif field == 2:
            text = np.uint64(found)
        elif field == 3:
            number = found
        elif field == 4:
            unit = np.uint64(found)
    return key, text, number, unit, True


@kernel
def cut_at(parent, location, drops):
    """Find where each stack is cut when some of its locations are dropped with all below them.

    Nothing is dropped above the first location of the program itself.

    Parameters
    ----------
    parent, location : int32[n]
        The tree of the stacks.
    drops : int8[:]
        For each location 0 to keep it, 1 to drop it, 2 to drop what is below it.

    Returns
    -------
    int32[n]
        The node that is left as the innermost of a stack that ends at each node.
    """
    left = np.empty(parent.size, np.int32)
    cut = np.zeros(parent.size, np.bool_)
    own = np.zeros(parent.size, np.bool_)
    for v in range(parent.size):
        above = parent[v]
        if above >= 0 and cut[above]:
            cut[v], left[v] = True, left[above]
            continue
        left[v] = v
        seen = above >= 0 and own[above]
        drop = drops[location[v]]
        own[v] = seen or drop == 0
        if seen and drop != 0:
            cut[v] = True
            left[v] = above if drop == 1 else v
    return left


@kernel
def expanded(parent, location, first, call):
    """Put the calls of each location in its place.

    Parameters
    ----------
    parent, location : int32[n]
        A tree of locations.
    first : int64[k + 1]
        Bounds: location ``i`` is ``call[first[i]:first[i + 1]]``, one call at least.
    call : int32[m]
        Innermost first.

    Returns
    -------
    parent, call : int32[p]
        A tree of calls.
    node : int32[n]
        The innermost call of each location.
    """
    size = 0
    for v in range(parent.size):
        size += first[location[v] + 1] - first[location[v]]
    parents = np.empty(size, np.int32)
    calls = np.empty(size, np.int32)
    node = np.empty(parent.size, np.int32)
    at = 0
    for v in range(parent.size):
        above = node[parent[v]] if parent[v] >= 0 else np.int32(-1)
        for i in range(first[location[v] + 1] - 1, first[location[v]] - 1, -1):
            parents[at] = above
            calls[at] = call[i]
            above = np.int32(at)
            at += 1
        node[v] = above
    return parents, calls, node
