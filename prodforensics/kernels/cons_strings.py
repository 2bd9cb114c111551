"""Concatenated strings: which parts they are made of."""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._jit import kernel
from prodforensics.kernels.texts import BACKSLASH, QUOTE

__all__ = ["flatten"]

_MOST_VISITS = 65_536
_MOST_VISITS_IN_ALL = 2**28


@kernel
def utf16_units(data, starts, index):
    """Return the length of a JSON string in UTF-16 units, as JavaScript counts."""
    if index + 1 >= starts.size:
        return 0
    p = np.int64(starts[index])
    end = min(np.int64(starts[index + 1]), data.size)
    units = 0
    while p < end and data[p] != QUOTE:
        if data[p] == BACKSLASH:
            p += 6 if p + 1 < end and data[p + 1] == 117 else 2
            units += 1
            continue
        # Bytes 10xxxxxx continue a character; four-byte characters take two units.
        if data[p] & 0xC0 != 0x80:
            units += 2 if data[p] >= 0xF0 else 1
        p += 1
    return units


@kernel
def halves(node, first_edge, edge_type, edge_name, edge_to, internal, first_name, second_name):
    """Return the two parts of a concatenated string; the node 0 for one that is missing."""
    first = np.int64(-1)
    second = np.int64(-1)
    for e in range(first_edge[node], first_edge[node + 1]):
        if edge_type[e] != internal:
            continue
        if edge_name[e] == first_name and first < 0:
            first = np.int64(edge_to[e])
        elif edge_name[e] == second_name and second < 0:
            second = np.int64(edge_to[e])
    return max(first, 0), max(second, 0)


@kernel
def flatten(
    nodes, first_edge, edge_type, edge_name, edge_to, type_, name, data, starts,
    cons, internal, first_name, second_name, empty_name, units,
):  # fmt: skip
    """Take concatenated strings apart (DevTools ``consStringName``).

    Parameters
    ----------
    nodes : int64[k]
        Concatenated strings.
    first_edge, edge_type, edge_name, edge_to, type_, name : unsigned arrays
        The graph.
    data, starts
        The strings.
    cons, internal : int
        Codes of the node type and of internal edges.
    first_name, second_name, empty_name : int
        String indices of "first", "second" and "", or -1.
    units : int
        A string is read on until its parts have so many UTF-16 units.

    Returns
    -------
    first_part : int64[k + 1]
    part : uint32[:]
        String index of each part.
    flat : bool[k]
        One half is empty: V8 has already copied the text into the other.
    whole : bool[k]
        False for strings of a depth that no program makes; their parts are not all there.
    """
    k = nodes.size
    first_part = np.zeros(k + 1, np.int64)
    part = np.empty(4 * k + 64, np.uint32)
    flat = np.zeros(k, np.bool_)
    whole = np.ones(k, np.bool_)
    stack = np.empty(1024, np.int64)
    # Many share their parts: lengths are counted once.
    length_of = np.full(starts.size, -1, np.int32)
    size = 0
    visits = 0
    for i in range(k):
        a, b = halves(
            nodes[i], first_edge, edge_type, edge_name, edge_to, internal, first_name, second_name
        )
        for half in (a, b):
            flat[i] |= type_[half] != cons and name[half] == empty_name
        stack[0] = nodes[i]
        height = 1
        length = 0
        budget = min(_MOST_VISITS, _MOST_VISITS_IN_ALL - visits)
        spent = 0
        while height and length < units:
            if spent >= budget:
                whole[i] = False
                break
            spent += 1
            height -= 1
            v = stack[height]
            if type_[v] != cons:
                if size == part.size:
                    part = np.append(part, np.empty(size, np.uint32))
                part[size] = name[v]
                size += 1
                text = min(np.int64(name[v]), starts.size - 1)
                if length_of[text] < 0:
                    length_of[text] = utf16_units(data, starts, text)
                length += length_of[text]
                continue
            a, b = halves(
                v, first_edge, edge_type, edge_name, edge_to, internal, first_name, second_name
            )
            if height + 2 > stack.size:
                stack = np.append(stack, np.empty(stack.size, np.int64))
            stack[height] = b
            stack[height + 1] = a
            height += 2
        visits += spent
        first_part[i + 1] = size
    return first_part, part[:size].copy(), flat, whole
