"""Different texts and different lists of numbers, each kept and numbered once.

The tables are tuples of arrays that the caller makes (`new_texts`, `new_lists`) and grows
(`grown_texts`, `grown_lists`): a kernel that finds no room says so and is called again. How much of
each array is in use stands in an array of counters, `used`. Kernels take them as plain tuples: what
numba caches must not depend on a class.

Texts are read eight bytes at a time, out of the little-endian words of a buffer; equal hashes are
never trusted, the bytes are compared.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from prodforensics.kernels._jit import kernel

__all__ = [
    "ITEMS",
    "LISTS",
    "TEXTS",
    "WORDS",
    "Lists",
    "Texts",
    "adopt_lists",
    "adopt_texts",
    "found_text",
    "grown_lists",
    "grown_texts",
    "intern",
    "new_lists",
    "new_texts",
    "place",
    "place_list",
    "word_at",
]

TEXTS, WORDS, LISTS, ITEMS = 0, 1, 2, 3
"""Places of the counters: texts, their words, lists, their items."""

_SEED = np.uint64(0x14650FB0739D0383)
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_SHIFT, _LAST_SHIFT = np.uint64(29), np.uint64(32)
_BITS, _WHOLE = np.uint64(64), np.uint64(0xFFFFFFFFFFFFFFFF)


class Texts(NamedTuple):
    """Texts, each once.

    Attributes
    ----------
    slot : int32[s]
        Hash table of text numbers; -1 is free. ``s`` is a power of two.
    hashed : uint64[n]
    first : int64[n]
        Where a text begins in ``words``.
    size : int64[n]
        Its bytes.
    words : uint64[w]
        ``size // 8 + 1`` words each, the last one filled up with zeros.
    """

    slot: np.ndarray
    hashed: np.ndarray
    first: np.ndarray
    size: np.ndarray
    words: np.ndarray


class Lists(NamedTuple):
    """Lists of numbers, each once.

    Attributes
    ----------
    slot : int32[s]
    hashed : uint64[k]
    first : int64[k + 1]
        List ``i`` is ``item[first[i]:first[i + 1]]``.
    item : int32[m]
    """

    slot: np.ndarray
    hashed: np.ndarray
    first: np.ndarray
    item: np.ndarray


def new_texts(texts: int, words: int) -> Texts:
    """Return an empty table with room for so many."""
    room = _power_of_two(2 * texts)
    numbers = (np.empty(texts, np.uint64), np.empty(texts, np.int64), np.empty(texts, np.int64))
    return Texts(np.full(room, -1, np.int32), *numbers, np.empty(words, np.uint64))


def new_lists(lists: int, items: int) -> Lists:
    """Return an empty table with room for so many."""
    first = np.zeros(lists + 1, np.int64)
    room = _power_of_two(2 * lists)
    hashed = np.empty(lists, np.uint64)
    return Lists(np.full(room, -1, np.int32), hashed, first, np.empty(items, np.int32))


def grown_texts(texts: Texts, used: np.ndarray, more: int, words: int) -> Texts:
    """Return the table with room for ``more`` texts and ``words`` further words at least."""
    count = int(used[TEXTS])
    room = _grown_size(texts.size, count + more)
    slot = texts.slot
    if 2 * room > slot.size:
        slot = np.full(_power_of_two(2 * room), -1, np.int32)
        refill(slot, texts.hashed, count)
    numbers = (_resized(one, room) for one in (texts.hashed, texts.first, texts.size))
    return Texts(
        slot, *numbers, _resized(texts.words, _grown_size(texts.words, int(used[WORDS]) + words))
    )


def grown_lists(lists: Lists, used: np.ndarray, more: int, items: int) -> Lists:
    """Return the table with room for ``more`` lists and ``items`` further items at least."""
    count = int(used[LISTS])
    room = _grown_size(lists.hashed, count + more)
    slot = lists.slot
    if 2 * room > slot.size:
        slot = np.full(_power_of_two(2 * room), -1, np.int32)
        refill(slot, lists.hashed, count)
    item = _resized(lists.item, _grown_size(lists.item, int(used[ITEMS]) + items))
    return Lists(slot, _resized(lists.hashed, room), _resized(lists.first, room + 1), item)


def _power_of_two(least: int) -> int:
    return 1 << max(4, (least - 1).bit_length())


def _grown_size(array: np.ndarray, least: int) -> int:
    return array.size if least <= array.size else max(2 * array.size, least)


def _resized(array: np.ndarray, size: int) -> np.ndarray:
    if size == array.size:
        return array
    grown = np.empty(size, array.dtype)
    grown[: array.size] = array
    return grown


@kernel
def refill(slot, hashed, count):
    """Put numbers into an empty hash table."""
    mask = np.uint64(slot.size - 1)
    for number in range(count):
        p = hashed[number] & mask
        while slot[np.int64(p)] >= 0:
            p = (p + np.uint64(1)) & mask
        slot[np.int64(p)] = number


@kernel
def word_at(words, at):
    """Return the eight bytes from byte ``at`` on."""
    k = at >> 3
    shift = np.uint64((at & 7) << 3)
    if shift == np.uint64(0):
        return words[k]
    return (words[k] >> shift) | (words[k + 1] << (_BITS - shift))


@kernel
def mixed(hashed, word):
    """Take a word into a hash."""
    hashed = (hashed ^ word) * _FACTOR
    return hashed ^ (hashed >> _SHIFT)


@kernel
def low_bytes(count):
    """Return a mask of the first ``count`` bytes of a word, fewer than eight."""
    return (np.uint64(1) << np.uint64(count << 3)) - np.uint64(1)


@kernel
def found_text(slot, hashes, first, size, text_words, hashed, words, start, length):
    """Return the number of a text that is known, or -1, and the slot where its search ended.

    The arrays of `Texts` one by one: a tuple of them costs the innermost loop five times as much.
    """
    whole = length >> 3
    mask = np.uint64(slot.size - 1)
    p = hashed & mask
    while True:
        number = slot[np.int64(p)]
        if number < 0:
            return np.int64(-1), np.int64(p)
        if hashes[number] == hashed and size[number] == length:
            at = first[number]
            k = 0
            while k < whole and text_words[at + k] == word_at(words, start + (k << 3)):
                k += 1
            if k == whole:
                last = word_at(words, start + (whole << 3)) & low_bytes(length & 7)
                if text_words[at + whole] == last:
                    return np.int64(number), np.int64(p)
        p = (p + np.uint64(1)) & mask


@kernel
def place(texts, used, hashed, words, start, length):
    """Return the number of a text with this hash, a new one where it was not met before.

    There must be room for one more text and its words.
    """
    slot, hashes, begins, size, text_words = texts
    number, p = found_text(slot, hashes, begins, size, text_words, hashed, words, start, length)
    if number >= 0:
        return number
    whole = length >> 3
    fresh = used[TEXTS]
    first = used[WORDS]
    slot[p] = fresh
    hashes[fresh], begins[fresh], size[fresh] = hashed, first, length
    for k in range(whole):
        text_words[first + k] = word_at(words, start + (k << 3))
    text_words[first + whole] = word_at(words, start + (whole << 3)) & low_bytes(length & 7)
    used[TEXTS] = fresh + 1
    used[WORDS] = first + whole + 1
    return fresh


@kernel
def intern(texts, used, words, start, size):
    """Return the number of the text of ``size`` bytes at byte ``start``; see `place`."""
    hashed = _SEED
    whole = size >> 3
    for k in range(whole):
        hashed = mixed(hashed, word_at(words, start + (k << 3)))
    hashed = mixed(hashed, word_at(words, start + (whole << 3)) & low_bytes(size & 7))
    return place(texts, used, hashed, words, start, size)


@kernel
def place_list(lists, used, item, count):
    """Return the number of the list ``item[:count]``, a new one where it was not met before.

    There must be room for one more list and its items.
    """
    slot, hashes, begins, items = lists
    hashed = _SEED
    for k in range(count):
        hashed = mixed(hashed, np.uint64(item[k]))
    mask = np.uint64(slot.size - 1)
    p = hashed & mask
    while True:
        number = slot[np.int64(p)]
        if number < 0:
            break
        if hashes[number] == hashed:
            first = begins[number]
            if begins[number + 1] - first == count:
                k = 0
                while k < count and items[first + k] == item[k]:
                    k += 1
                if k == count:
                    return np.int64(number)
        p = (p + np.uint64(1)) & mask
    fresh = used[LISTS]
    first = used[ITEMS]
    slot[np.int64(p)] = fresh
    hashes[fresh] = hashed
    for k in range(count):
        items[first + k] = item[k]
    begins[fresh + 1] = first + count
    used[LISTS] = fresh + 1
    used[ITEMS] = first + count
    return fresh


@kernel
def adopt_texts(texts, used, other, count):
    """Take the first ``count`` texts of another table into this one, which has the room.

    Returns
    -------
    int32[count]
        Their numbers here.
    """
    _, hashes, begins, size, words = other
    number = np.empty(count, np.int32)
    for t in range(count):
        start = begins[t] << 3
        number[t] = place(texts, used, hashes[t], words, start, size[t])
    return number


@kernel
def adopt_lists(lists, used, other, count, renamed):
    """Take the first ``count`` lists of another table into this one, which has the room.

    Parameters
    ----------
    renamed : int32[n]
        What every item is called here.

    Returns
    -------
    int32[count]
        Their numbers here.
    """
    _, _, begins, items = other
    number = np.empty(count, np.int32)
    longest = 0
    for i in range(count):
        longest = max(longest, begins[i + 1] - begins[i])
    item = np.empty(longest, np.int32)
    for i in range(count):
        size = begins[i + 1] - begins[i]
        for k in range(size):
            item[k] = renamed[items[begins[i] + k]]
        number[i] = place_list(lists, used, item, size)
    return number
