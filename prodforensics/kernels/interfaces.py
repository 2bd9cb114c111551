"""Plain objects told apart by their properties."""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._growth import doubled
from prodforensics.kernels._jit import kernel

__all__ = ["candidate_interfaces", "match_interfaces", "object_shapes"]

MAX_NAME_LENGTH = 120


@kernel
def formatted_length(data, start):
    """UTF-16 length of a property name as DevTools writes it, up to 255.

    Names with any of ``,'"{}`` are written as JSON strings (``formatPropertyName``).
    """
    units = 0
    escapes = 2
    quoted = False
    p = start
    while p < data.size and data[p] != 34 and units < 255:
        c = data[p]
        if c == 92 and p + 1 < data.size:
            kind = data[p + 1]
            units += 1
            if kind == 117:
                # \uXXXX: the sign of a control character or of half a surrogate pair is written
                # in six units, all others as one.
                code = 0
                for i in range(p + 2, min(p + 6, data.size)):
                    digit = data[i]
                    code = code * 16 + (digit - 48 if digit < 58 else (digit | 32) - 87)
                if code < 32:
                    short = code == 8 or code == 9 or code == 10 or code == 12 or code == 13
                    escapes += 1 if short else 5
                elif code == 34 or code == 92:
                    escapes += 1
                    quoted |= code == 34
                quoted |= code == 44 or code == 39 or code == 123 or code == 125
                p += 6
            else:
                quoted |= kind == 34
                escapes += 0 if kind == 47 else 1
                p += 2
        else:
            if c < 0x80 or c >= 0xC0:
                units += 2 if c >= 0xF0 else 1
            quoted |= c == 44 or c == 39 or c == 123 or c == 125
            p += 1
    return min(units + (escapes if quoted else 0), 255)


@kernel
def object_shapes(first_edge, edge_type, edge_name, type_, name, object_, plain, property_, start):
    """Group the plain objects by their sequence of property names.

    Parameters
    ----------
    first_edge, edge_type, edge_name, type_, name : unsigned arrays
        The graph.
    object_, plain : int
        A plain object has this type code, and this string index ("Object") for name.
    property_ : int
        Code of the edges that are properties.
    start : int
        First node to look at.

    Returns
    -------
    node : uint32[p]
        The plain objects.
    shape : uint32[p]
        Shape of each, numbered as met.
    count : int64[s]
        Objects of each shape.
    first : int64[s + 1]
        Names of shape ``s`` are ``property[first[s]:first[s + 1]]``.
    property : uint32[:]
    """
    n = type_.size
    total = 0
    for v in range(start, n):
        total += type_[v] == object_ and name[v] == plain
    node = np.empty(total, np.uint32)
    shape = np.empty(total, np.uint32)
    count = np.empty(64, np.int64)
    hash_of = np.empty(64, np.uint64)
    first = np.zeros(65, np.int64)
    names = np.empty(256, np.uint32)
    slots = np.full(256, -1, np.int64)
    shapes = 0
    at = 0
    for v in range(start, n):
        if type_[v] != object_ or name[v] != plain:
            continue
        hashed = np.uint64(14695981039346656037)
        used = first[shapes]
        # Written behind the shapes known so far: it stays there if it turns out to be new.
        for e in range(first_edge[v], first_edge[v + 1]):
            if edge_type[e] == property_:
                if used == names.size:
                    names = doubled(names)
                names[used] = edge_name[e]
                used += 1
                hashed = (hashed ^ np.uint64(edge_name[e])) * np.uint64(0x9E3779B97F4A7C15)
                hashed ^= hashed >> np.uint64(29)
        length = used - first[shapes]
        slot = np.int64(hashed & np.uint64(slots.size - 1))
        while True:
            s = slots[slot]
            if s < 0:
                break
            if hash_of[s] == hashed and first[s + 1] - first[s] == length:
                same = True
                for i in range(length):
                    if names[first[s] + i] != names[first[shapes] + i]:
                        same = False
                        break
                if same:
                    break
            slot = (slot + 1) & (slots.size - 1)
        if s < 0:
            s = shapes
            if shapes + 1 == count.size:
                count = doubled(count)
                hash_of = doubled(hash_of)
                first = doubled(first)
            slots[slot] = s
            hash_of[s] = hashed
            count[s] = 0
            shapes += 1
            first[shapes] = used
            if 2 * shapes > slots.size:
                slots = np.full(2 * slots.size, -1, np.int64)
                for old in range(shapes):
                    slot = np.int64(hash_of[old] & np.uint64(slots.size - 1))
                    while slots[slot] >= 0:
                        slot = (slot + 1) & (slots.size - 1)
                    slots[slot] = old
        count[s] += 1
        node[at] = v
        shape[at] = s
        at += 1
    return node, shape, count[:shapes].copy(), first[: shapes + 1].copy(), names[: first[shapes]]


@kernel
def candidate_interfaces(data, starts, proto, first, names):
    """Find the part of each shape that can give an interface its name.

    DevTools' ``inferInterfaceDefinitions``: properties in order, without ``__proto__``, as long as
    the name ``{a, b, c`` has no more than 120 UTF-16 units, and one at least.

    Parameters
    ----------
    data, starts
        The strings.
    proto : int
        String index of ``__proto__``, or -1.
    first, names
        Shapes, from `object_shapes`.

    Returns
    -------
    prefix_first : int64[s + 1]
    prefix : uint32[:]
        Property names of shape ``s``'s candidate: ``prefix[prefix_first[s]:prefix_first[s + 1]]``.
    """
    shapes = first.size - 1
    prefix_first = np.zeros(shapes + 1, np.int64)
    prefix = np.empty(names.size, np.uint32)
    lengths = np.zeros(starts.size - 1, np.uint8)
    used = 0
    for s in range(shapes):
        length = 1
        for i in range(first[s], first[s + 1]):
            label = names[i]
            if label == proto:
                continue
            if label < lengths.size:
                if lengths[label] == 0:
                    lengths[label] = formatted_length(data, np.int64(starts[label]))
                units = np.int64(lengths[label])
            else:
                units = 24
            if length > 1 and length + units > MAX_NAME_LENGTH:
                break
            if length != 1:
                length += 2
            length += units
            prefix[used] = label
            used += 1
        prefix_first[s + 1] = used
    return prefix_first, prefix[:used].copy()


@kernel
def match_interfaces(first, names, string_count, def_first, def_names, bucket_first, bucket):
    """Choose for each shape the interface with the most properties that it has all of.

    Of several, the first (DevTools ``applyInterfaceDefinitions``). A property that an interface
    has twice must be there twice.

    Parameters
    ----------
    first, names
        Shapes, from `object_shapes`.
    string_count : int
        One more than the largest name of an interface.
    def_first, def_names
        Names of interface ``d``: ``def_names[def_first[d]:def_first[d + 1]]``.
    bucket_first : int64[string_count + 1]
    bucket : int64[:]
        Interfaces to try where a shape has property ``p``:
        ``bucket[bucket_first[p]:bucket_first[p + 1]]``. Each interface is in one bucket, of one of
        its names.

    Returns
    -------
    int64[s]
        Interface of each shape, or -1.
    """
    shapes = first.size - 1
    best_of = np.full(shapes, -1, np.int64)
    # How often the current shape has a name; valid where the stamp is the current shape's.
    stamp = np.full(string_count, -1, np.int64)
    times = np.zeros(string_count, np.int64)
    for s in range(shapes):
        for i in range(first[s], first[s + 1]):
            label = names[i]
            if label < string_count:
                if stamp[label] != s:
                    stamp[label] = s
                    times[label] = 0
                times[label] += 1
        best = -1
        best_length = 0
        for i in range(first[s], first[s + 1]):
            label = names[i]
            if label >= string_count:
                continue
            for k in range(bucket_first[label], bucket_first[label + 1]):
                d = bucket[k]
                length = def_first[d + 1] - def_first[d]
                if length < best_length or (length == best_length and d >= best):
                    continue
                missing = False
                taken = 0
                for j in range(def_first[d], def_first[d + 1]):
                    wanted = def_names[j]
                    taken += 1
                    if stamp[wanted] != s or times[wanted] <= 0:
                        missing = True
                        break
                    times[wanted] -= 1
                for j in range(def_first[d], def_first[d] + taken - missing):
                    times[def_names[j]] += 1
                if not missing:
                    best = d
                    best_length = length
        best_of[s] = best
    return best_of
