"""Equal things get equal numbers, in the order in which they are first met."""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._growth import doubled
from prodforensics.kernels._jit import kernel

__all__ = ["group_rows", "number_names"]

NONE = np.uint32(0xFFFFFFFF)


@kernel
def group_rows(rows):
    """Group equal rows.

    Parameters
    ----------
    rows : int64[k, w]

    Returns
    -------
    group : uint32[k]
        Group of each row.
    first : int64[g]
        First row of each group.
    """
    k, width = rows.shape
    size = 16
    while size < 2 * k:
        size *= 2
    slots = np.full(size, -1, np.int64)
    group = np.empty(k, np.uint32)
    first = np.empty(k, np.int64)
    groups = 0
    for i in range(k):
        hashed = np.uint64(14695981039346656037)
        for j in range(width):
            hashed = (hashed ^ np.uint64(rows[i, j])) * np.uint64(0x9E3779B97F4A7C15)
            hashed ^= hashed >> np.uint64(29)
        slot = np.int64(hashed & np.uint64(size - 1))
        while True:
            g = slots[slot]
            if g < 0:
                slots[slot] = groups
                first[groups] = i
                group[i] = groups
                groups += 1
                break
            same = True
            for j in range(width):
                if rows[first[g], j] != rows[i, j]:
                    same = False
                    break
            if same:
                group[i] = g
                break
            slot = (slot + 1) & (size - 1)
    return group, first[:groups].copy()


@kernel
def number_names(type_, name, class_of_type, base, string_count, number):
    """Assign numbers to nodes by type, or by name where the type does not settle it.

    Parameters
    ----------
    type_ : uint8[n]
    name : uint32[n]
    class_of_type : int64[256]
        Number for all nodes of a type; -1 for types whose nodes are told apart by name.
    base : int
        The number of the first name; the types' are below.
    string_count : int
        Names from here on (missing or added strings) are left to the caller.
    number : uint32[n]
        Receives the numbers; `NONE` for what is left to the caller.

    Returns
    -------
    names : uint32[k]
        The name of each number after the types'.
    left : bool
        Whether anything is left to the caller.
    """
    n = type_.size
    names = np.empty(256, np.uint32)
    of_name = np.zeros(string_count, np.uint32)
    k = 0
    left = False
    for v in range(n):
        fixed = class_of_type[type_[v]]
        if fixed >= 0:
            number[v] = fixed
            continue
        label = name[v]
        if label >= string_count:
            number[v] = NONE
            left = True
            continue
        if of_name[label] == 0:
            if k == names.size:
                names = doubled(names)
            names[k] = label
            k += 1
            of_name[label] = k
        number[v] = base + of_name[label] - 1
    return names[:k].copy(), left
