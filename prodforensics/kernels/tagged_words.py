"""Objects of V8 in the memory of a core: words that point at Maps, and what follows them."""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._jit import kernel

__all__ = [
    "ANY",
    "BYTES",
    "COUNTED",
    "DERIVED",
    "ELEMENTS",
    "EXTERNAL",
    "FIXED",
    "NARROW",
    "NO_REFERENCES",
    "PAGE_WORDS",
    "PROPERTIES",
    "PROPERTY_COUNTED",
    "RECEIVER",
    "WIDE",
    "add_keys",
    "find_holders",
    "find_instances",
    "find_own_maps",
    "mark_young",
    "table_for",
]

RECEIVER, ANY, PROPERTIES, ELEMENTS, BYTES = 1, 2, 4, 8, 16
"""Roles of a Map: of objects of JavaScript, of what is only counted, of stores, those of bytes."""
NARROW, WIDE, DERIVED, EXTERNAL = 32, 64, 128, 256
"""Roles of a Map of strings: they hold their own characters, of one byte or of two; they are made
out of others; their characters are not in the heap."""

FIXED, COUNTED, PROPERTY_COUNTED, NO_REFERENCES = 0, 1, 2, 3
"""How far an object reaches: as its Map says; as the number behind its Map says, in the upper half
or in ten bits of that; without references, so that it does not matter."""
PAGE_WORDS = 1 << 15
"""Words of a page of V8's heap."""

_TAG, _STRONG = 7, 1
_PAGE_SHIFT = 18
_UNKNOWN_WORDS = 512
_STRING = NARROW | WIDE | DERIVED | EXTERNAL
_COUNTED = RECEIVER | ANY | _STRING
_LONGEST_STRING = 1 << 29
_SPREAD = 0x9E3779B97F4A7C1
_LEAST_TABLE = 1024


def table_for(keys: int) -> np.ndarray:
    """Return an empty table with room for so many keys, int32[power of 2]."""
    size = _LEAST_TABLE
    while size < 8 * keys:
        size *= 2
    return np.full(size, -1, np.int32)


@kernel
def _slot(key, table):
    # The middle bits of a product spread addresses, whose low bits are all the same.
    return (((key >> 3) * _SPREAD) >> 20) & (table.size - 1)


@kernel
def add_keys(keys, table):
    """Fill a table of `table_for`: where each key stands in ``keys``.

    Parameters
    ----------
    keys : int64[n]
    table : int32[m]
    """
    for index in range(keys.size):
        slot = _slot(keys[index], table)
        while table[slot] >= 0:
            slot = (slot + 1) & (table.size - 1)
        table[slot] = index


@kernel
def _find(key, keys, table):
    slot = _slot(key, table)
    while table[slot] >= 0:
        if keys[table[slot]] == key:
            return table[slot]
        slot = (slot + 1) & (table.size - 1)
    return -1


@kernel
def find_own_maps(words, first, stop, address, out):
    """Find words that are the tagged address of where they stand: Maps that are their own Map.

    Parameters
    ----------
    words : int64[n]
        The core.
    first, stop : int
        The part of it that is looked at.
    address : int
        Of its first word.
    out : int64[m]
        Receives addresses, as many as fit.

    Returns
    -------
    int
        How many there are.
    """
    found = 0
    for i in range(first, stop):
        place = address + 8 * (i - first)
        if words[i] == place + 1:
            if found < out.size:
                out[found] = place
            found += 1
    return found


@kernel
def find_holders(words, first, stop, address, keys, out):
    """Find the words that are one of a few keys.

    Parameters
    ----------
    words, first, stop, address
        As in `find_own_maps`.
    keys : int64[k]
    out : int64[m]
        Receives addresses, as many as fit.

    Returns
    -------
    int
        How many there are.
    """
    found = 0
    for i in range(first, stop):
        word = words[i]
        if word & _TAG != _STRONG:
            continue
        for k in range(keys.size):
            if word == keys[k]:
                if found < out.size:
                    out[found] = address + 8 * (i - first)
                found += 1
                break
    return found


@kernel
def _segment_of(address, starts, lengths, hint):
    """Return the segment that holds the object at an address, with its second word; -1: none."""
    if starts[hint] <= address and address + 16 <= starts[hint] + 8 * lengths[hint]:
        return hint
    low, high = 0, starts.size
    while low < high:
        middle = (low + high) // 2
        if starts[middle] <= address:
            low = middle + 1
        else:
            high = middle
    low -= 1
    if low >= 0 and address + 16 <= starts[low] + 8 * lengths[low]:
        return low
    return -1


@kernel
def _length_of_string(word, words, starts, lengths, places, keys, table, roles):
    """Return how many characters the string has that a word refers to; -1: it is no string."""
    if word & _TAG != _STRONG:
        return -1
    at = _segment_of(word - 1, starts, lengths, 0)
    if at < 0:
        return -1
    inside = places[at] + (word - 1 - starts[at]) // 8
    kind = _find(words[inside], keys, table)
    if kind < 0 or roles[kind] & _STRING == 0:
        return -1
    return words[inside + 1] >> 32


@kernel
def _is_derived(words, i, limit, length, starts, lengths, places, keys, table, roles):
    """Tell whether the third and the fourth word fit the length of a string made out of others."""
    first = _length_of_string(words[i + 2], words, starts, lengths, places, keys, table, roles)
    if first < 0 or first == length or i + 3 >= limit:
        return first == length
    fourth = words[i + 3]
    if fourth & 0xFFFFFFFF == 0:  # where in the first one it begins
        return fourth >= 0 and (fourth >> 32) + length <= first
    second = _length_of_string(fourth, words, starts, lengths, places, keys, table, roles)
    return second >= 0 and first + second == length


@kernel
def find_instances(
    words,
    first,
    stop,
    limit,
    address,
    starts,
    lengths,
    places,
    keys,
    table,
    roles,
    alive,
    counts,
    stores,
    wanted,
    out,
):
    """Count objects by their Map, and collect those of wanted ones.

    An object of JavaScript begins with its Map, its properties and its elements. A word that is a
    Map is taken for one only where the two words behind it are what they can be: a small integer
    or a store of properties, and a store of elements; of a string, a length that fits or another
    string. V8 itself keeps lists of Maps: what another Map follows is an entry of one.

    Parameters
    ----------
    words : int64[n]
        The core.
    first, stop : int
        The part of it that is looked at.
    limit : int
        Where the segment ends that the part is of.
    address : int
        Of its first word.
    starts, lengths, places : int64[s]
        Segments in the order of their addresses: address, length in words, where in ``words``.
    keys : int64[k]
        The Maps, tagged.
    table : int32[t]
        Of `add_keys`.
    roles : uint16[k]
        What objects of each Map can be, `RECEIVER` and the others added.
    alive : bool[p]
        Which of the words looked at begin an object that is in use; empty where all may.
    counts, stores : int64[k]
        Receive how many objects, and the bytes of their stores; of strings their own bytes.
    wanted : bool[k]
    out : int64[m, 3]
        Receives address, Map (its number) and bytes of the stores, as many as fit.

    Returns
    -------
    int
        How many objects have wanted Maps.
    """
    found = 0
    mask = table.size - 1
    hint_properties = 0
    hint_elements = 0
    for i in range(first, stop):
        word = words[i]
        if word & _TAG != _STRONG:
            continue
        # Most references are to other objects than Maps; they end here, without a call.
        if table[(((word >> 3) * _SPREAD) >> 20) & mask] < 0:
            continue
        if alive.size and not alive[i - first]:
            continue
        map_ = _find(word, keys, table)
        if map_ < 0 or roles[map_] & _COUNTED == 0 or i + 1 >= limit:
            continue
        store = 0
        if roles[map_] & ANY and _find(words[i + 1], keys, table) >= 0:
            continue
        if roles[map_] & _STRING:
            # A hash and the length, then the characters, another string, or where they are.
            length = words[i + 1] >> 32
            if length <= 0 or length > _LONGEST_STRING or i + 2 >= limit:
                continue
            if roles[map_] & (NARROW | WIDE):
                store = 16 + (length * (2 if roles[map_] & WIDE else 1) + 7 & ~7)
                if i + store // 8 > limit:
                    continue
            if roles[map_] & EXTERNAL and words[i + 2] & 1:
                continue
            if roles[map_] & DERIVED and not _is_derived(
                words, i, limit, length, starts, lengths, places, keys, table, roles
            ):
                continue
        if roles[map_] & RECEIVER:
            if i + 2 >= limit:
                continue
            properties = words[i + 1]
            if properties & 1:
                if properties & _TAG != _STRONG:
                    continue
                at = _segment_of(properties - 1, starts, lengths, hint_properties)
                if at < 0:
                    continue
                hint_properties = at
                inside = places[at] + (properties - 1 - starts[at]) // 8
                kind = _find(words[inside], keys, table)
                if kind < 0 or roles[kind] & PROPERTIES == 0:
                    continue
                # A PropertyArray keeps a hash above the ten bits of its length.
                length = words[inside + 1] >> 32
                if roles[kind] & ELEMENTS == 0:
                    length &= 1023
                if length > 0:
                    store += 16 + 8 * length
            elif properties & 0xFFFFFFFF:
                continue
            elements = words[i + 2]
            if elements & _TAG != _STRONG:
                continue
            at = _segment_of(elements - 1, starts, lengths, hint_elements)
            if at < 0:
                continue
            hint_elements = at
            inside = places[at] + (elements - 1 - starts[at]) // 8
            kind = _find(words[inside], keys, table)
            if kind < 0 or roles[kind] & ELEMENTS == 0:
                continue
            length = words[inside + 1] >> 32
            if length > 0:
                store += 16 + (length + 7 & ~7 if roles[kind] & BYTES else 8 * length)
        counts[map_] += 1
        stores[map_] += store
        if wanted[map_]:
            if found < out.shape[0]:
                out[found, 0] = address + 8 * (i - first)
                out[found, 1] = map_
                out[found, 2] = store
            found += 1
    return found


@kernel
def _young_place(word, pages, table):
    """Return the place in the pages of the young generation that a word refers to; -1: none."""
    base = ((word - 1) >> _PAGE_SHIFT) << _PAGE_SHIFT
    page = _find(base, pages, table)
    return -1 if page < 0 else page * PAGE_WORDS + (word - 1 - base) // 8


@kernel
def mark_young(words, parts, pages, places, page_table, keys, table, sizes, reach, alive, stack):
    """Find the objects of the young generation that are in use.

    Its pages hold, beside the living, what earlier collections left there. An object is in use
    where a word outside of these pages refers to it, or an object that is in use.

    Parameters
    ----------
    words : int64[n]
        The core.
    parts : int64[m, 2]
        First word and the one behind the last of what is outside of the pages.
    pages, places : int64[p]
        Addresses of the pages of the young generation, and where each is in ``words``.
    page_table : int32[t]
        Of `add_keys` of the pages.
    keys, table
        The Maps, as in `find_instances`.
    sizes : int64[k]
        Words of the objects of each Map.
    reach : uint8[k]
        How far they reach: `FIXED` and the others.
    alive : bool[p * PAGE_WORDS]
        Falses; receives which words of the pages begin an object that is in use.
    stack : int64[p * PAGE_WORDS]
        Room to work in.
    """
    depth = 0
    low, high = pages.min(), pages.max() + 8 * PAGE_WORDS
    for part in range(parts.shape[0]):
        for i in range(parts[part, 0], parts[part, 1]):
            word = words[i]
            # Most words end here: this is the loop over the whole core.
            if word & _TAG != _STRONG or word < low or word > high:
                continue
            found = _young_place(word, pages, page_table)
            if found >= 0 and not alive[found]:
                alive[found] = True
                stack[depth] = found
                depth += 1
        while depth:
            depth -= 1
            at = stack[depth]
            page, inside = at // PAGE_WORDS, at % PAGE_WORDS
            first = places[page] + inside
            room = PAGE_WORDS - inside
            map_ = _find(words[first], keys, table)
            if map_ < 0 or reach[map_] == NO_REFERENCES:
                continue
            count = _UNKNOWN_WORDS
            if reach[map_] == FIXED and sizes[map_] > 0:
                count = sizes[map_]
            elif reach[map_] == COUNTED and room > 1:
                count = 2 + (words[first + 1] >> 32)
            elif reach[map_] == PROPERTY_COUNTED and room > 1:
                count = 2 + ((words[first + 1] >> 32) & 1023)
            for i in range(first + 1, first + min(count, room)):
                word = words[i]
                if word & _TAG != _STRONG or word < low or word > high:
                    continue
                found = _young_place(word, pages, page_table)
                if found >= 0 and not alive[found]:
                    alive[found] = True
                    stack[depth] = found
                    depth += 1
