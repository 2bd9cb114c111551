"""Objects found in words, compared with a search that looks everything up in a dict."""

import numpy as np
import pytest

from prodforensics.kernels import tagged_words as kernels

BASE = 0x3F_0000_0000
PAGES = 2
PAGE = kernels.PAGE_WORDS
OUTSIDE = 600


class Heap:
    """A small heap in words: Maps, objects, stores, and two pages of the young generation."""

    def __init__(self, seed):
        random = np.random.default_rng(seed)
        young = (BASE + 8 * OUTSIDE + (1 << 18) - 1) >> 18 << 18
        self.starts = np.array([BASE, young, young + 8 * PAGE], np.int64)
        self.lengths = np.array([OUTSIDE, PAGE, PAGE], np.int64)
        self.places = np.array([0, OUTSIDE, OUTSIDE + PAGE], np.int64)
        self.words = np.zeros(OUTSIDE + 2 * PAGE, np.int64)
        # Maps 0..4 of objects, 5 of arrays, 6 of property arrays, 7 of bytes, 8 of nothing known.
        self.keys = BASE + 8 * (500 + 9 * np.arange(9)) + 1
        receiver, store = kernels.RECEIVER, kernels.PROPERTIES | kernels.ELEMENTS
        roles = [receiver] * 5 + [store, kernels.PROPERTIES]
        self.roles = np.array([*roles, kernels.ELEMENTS | kernels.BYTES, 0], np.uint16)
        self.sizes = np.array([3, 4, 5, 6, 3, 0, 0, 0, 0], np.int64)
        reach = [kernels.FIXED] * 5 + [kernels.COUNTED, kernels.PROPERTY_COUNTED]
        self.reach = np.array([*reach, kernels.NO_REFERENCES, kernels.FIXED], np.uint8)
        self.table = kernels.table_for(self.keys.size)
        kernels.add_keys(self.keys, self.table)
        self._fill(random)

    def address(self, place):
        for start, length, first in zip(self.starts, self.lengths, self.places, strict=True):
            if first <= place < first + length:
                return int(start + 8 * (place - first))
        raise IndexError(place)

    def place(self, address):
        """Where an address is, with room for a second word; None for nowhere."""
        for start, length, first in zip(self.starts, self.lengths, self.places, strict=True):
            if start <= address and address + 16 <= start + 8 * length:
                return int(first + (address - start) // 8)
        return None

    def _fill(self, random):
        spots = [*range(4, 480, 8), *range(OUTSIDE, OUTSIDE + 900, 8)]
        spots += [*range(OUTSIDE + PAGE - 900, OUTSIDE + PAGE + 900, 8)]
        spots = [spot for spot in spots if not OUTSIDE + PAGE - 8 < spot < OUTSIDE + PAGE]
        references = [self.address(spot) + 1 for spot in spots]
        references += [3 << 32, 7, BASE + 1, 0x7000_0000_0001, *self.keys.tolist()]
        for spot in spots:
            self.words[spot] = self.keys[random.choice(9, p=[0.08] * 5 + [0.3, 0.1, 0.1, 0.1])]
            self.words[spot + 1] = random.choice([int(random.integers(0, 9)) << 32, 1 << 40 | 5])
            for word in range(random.integers(1, 3), 7):
                self.words[spot + word] = random.choice(references)

    def segments(self):
        return self.starts, self.lengths, self.places


def expected_instances(heap, first, stop, limit, alive):
    """Say the rule again, slowly: (address, Map, bytes of the stores)."""
    maps = {int(key): number for number, key in enumerate(heap.keys)}

    def store_bytes(reference, role):
        """Bytes of a store; None where it is none of that role."""
        at = heap.place(reference - 1) if reference & 7 == 1 else None
        kind = None if at is None else maps.get(int(heap.words[at]))
        if kind is None or not heap.roles[kind] & role:
            return None
        length = int(heap.words[at + 1]) >> 32
        if role == kernels.PROPERTIES and not heap.roles[kind] & kernels.ELEMENTS:
            length %= 1024
        if length <= 0:
            return 0
        if role == kernels.ELEMENTS and heap.roles[kind] & kernels.BYTES:
            return 16 + (length + 7) // 8 * 8
        return 16 + 8 * length

    found = []
    for place in range(first, min(stop, limit - 2)):
        kind = maps.get(int(heap.words[place]))
        if kind is None or not heap.roles[kind] & kernels.RECEIVER:
            continue
        if alive is not None and not alive[place - first]:
            continue
        properties, elements = (int(heap.words[place + k]) for k in (1, 2))
        if properties & 1:
            outside = store_bytes(properties, kernels.PROPERTIES)
        else:
            outside = 0 if properties & 0xFFFFFFFF == 0 else None
        inside = store_bytes(elements, kernels.ELEMENTS)
        if outside is not None and inside is not None:
            found.append((heap.address(place), kind, outside + inside))
    return found


def run_instances(heap, first, stop, limit, alive=None, room=10_000):
    count = heap.keys.size
    counts, stores = np.zeros(count, np.int64), np.zeros(count, np.int64)
    out = np.zeros((room, 3), np.int64)
    found = kernels.find_instances(
        heap.words,
        first,
        stop,
        limit,
        heap.address(first),
        *heap.segments(),
        heap.keys,
        heap.table,
        heap.roles,
        np.empty(0, np.bool_) if alive is None else alive,
        counts,
        stores,
        np.ones(count, np.bool_),
        out,
    )
    return found, counts, stores, [tuple(row) for row in out[: min(found, room)].tolist()]


@pytest.mark.parametrize("seed", range(8))
def test_instances_are_those_of_the_slow_search(seed):
    heap = Heap(seed)
    expected = expected_instances(heap, 0, OUTSIDE, OUTSIDE, None)
    found, counts, stores, rows = run_instances(heap, 0, OUTSIDE, OUTSIDE)
    assert rows == expected
    assert found == counts.sum() == len(expected) > 0
    assert stores.sum() == sum(row[2] for row in expected)


def test_objects_that_are_not_in_use_are_left_out():
    heap = Heap(3)
    alive = np.zeros(PAGE, np.bool_)
    alive[::16] = True
    first, stop = OUTSIDE, OUTSIDE + PAGE
    expected = expected_instances(heap, first, stop, stop, alive)
    found, *_, rows = run_instances(heap, first, stop, stop, alive)
    assert rows == expected
    assert 0 < found < len(expected_instances(heap, first, stop, stop, None))


def test_parts_together_find_what_the_whole_finds():
    heap = Heap(5)
    whole = run_instances(heap, 0, OUTSIDE, OUTSIDE)[3]
    parts = [
        row
        for first in range(0, OUTSIDE, 50)
        for row in run_instances(heap, first, first + 50, OUTSIDE)[3]
    ]
    assert parts == whole


def test_what_does_not_fit_is_counted():
    heap = Heap(1)
    every = run_instances(heap, 0, OUTSIDE, OUTSIDE)[3]
    found, *_, rows = run_instances(heap, 0, OUTSIDE, OUTSIDE, room=2)
    assert (found, rows) == (len(every), every[:2])


def expected_alive(heap):
    """Follow references with a list, from every word outside of the pages."""
    maps = {int(key): number for number, key in enumerate(heap.keys)}
    young = range(OUTSIDE, OUTSIDE + PAGES * PAGE)

    def target(word):
        word = int(word)
        if word & 7 != 1:
            return None
        offset = word - 1 - int(heap.starts[1])
        return OUTSIDE + offset // 8 if 0 <= offset < 8 * PAGES * PAGE else None

    todo = [target(word) for word in heap.words[:OUTSIDE]]
    alive = set()
    while todo:
        at = todo.pop()
        if at is None or at in alive:
            continue
        alive.add(at)
        kind = maps.get(int(heap.words[at]))
        if kind is None or heap.reach[kind] == kernels.NO_REFERENCES:
            continue
        length = int(heap.words[at + 1]) >> 32 if at + 1 in young else 0
        if heap.reach[kind] == kernels.COUNTED:
            count = 2 + length
        elif heap.reach[kind] == kernels.PROPERTY_COUNTED:
            count = 2 + length % 1024
        else:
            count = int(heap.sizes[kind]) or 512
        end = OUTSIDE + ((at - OUTSIDE) // PAGE + 1) * PAGE
        todo += [target(heap.words[place]) for place in range(at + 1, min(at + count, end))]
    return sorted(at - OUTSIDE for at in alive)


@pytest.mark.parametrize("seed", range(8))
def test_what_is_in_use_is_what_following_every_reference_finds(seed):
    heap = Heap(seed)
    pages = heap.starts[1:]
    page_table = kernels.table_for(PAGES)
    kernels.add_keys(pages, page_table)
    alive = np.zeros(PAGES * PAGE, np.bool_)
    kernels.mark_young(
        heap.words,
        np.array([[0, OUTSIDE]], np.int64),
        pages,
        heap.places[1:],
        page_table,
        heap.keys,
        heap.table,
        heap.sizes,
        heap.reach,
        alive,
        np.empty(PAGES * PAGE, np.int64),
    )
    assert np.flatnonzero(alive).tolist() == expected_alive(heap)
    assert alive.any()


def test_words_that_are_their_own_address_and_holders_of_keys():
    words = np.arange(100, dtype=np.int64)
    words[[7, 40]] = BASE + 8 * np.array([7, 40]) + 1
    words[[3, 90]] = BASE + 1
    out = np.zeros(1, np.int64)
    assert kernels.find_own_maps(words, 0, 100, BASE, out) == 2
    assert out.tolist() == [BASE + 56]
    out = np.zeros(9, np.int64)
    assert kernels.find_holders(words, 0, 100, BASE, np.array([BASE + 1]), out) == 2
    assert out[:2].tolist() == [BASE + 24, BASE + 720]
    assert kernels.find_holders(words, 4, 100, BASE + 32, np.array([BASE + 1]), out) == 1


def string(heap, place, kind, length, *words):
    """Write a string, or what only looks like one."""
    heap.words[place] = heap.keys[kind]
    heap.words[place + 1] = length << 32 | 77
    heap.words[place + 2 : place + 2 + len(words)] = words
    return BASE + 8 * place + 1


@pytest.fixture
def strings():
    """A heap without anything but strings: Map 1 narrow, 2 wide, 3 derived, 4 external."""
    heap = Heap(0)
    heap.words[:OUTSIDE] = 0
    heap.roles[1:5] = kernels.NARROW, kernels.WIDE, kernels.DERIVED, kernels.EXTERNAL
    return heap


def places_of(heap):
    rows = run_instances(heap, 0, OUTSIDE, OUTSIDE)[3]
    return [(address - BASE) // 8 for address, *_ in rows]


def test_strings_count_with_their_characters_where_these_fit(strings):
    string(strings, 0, 1, 9)
    string(strings, 10, 2, 9)
    string(strings, 20, 1, 0)
    string(strings, 30, 1, -3)
    string(strings, OUTSIDE - 4, 1, 17)
    rows = run_instances(strings, 0, OUTSIDE, OUTSIDE)[3]
    assert rows == [(BASE, 1, 16 + 16), (BASE + 80, 2, 16 + 24)]


def test_strings_made_out_of_others_have_the_length_that_these_give(strings):
    nine = string(strings, 0, 1, 9)
    four = string(strings, 6, 2, 4)
    joined = string(strings, 20, 3, 13, nine, four)
    string(strings, 24, 3, 17, joined, four)
    string(strings, 30, 3, 5, nine, 4 << 32)
    string(strings, 36, 3, 9, nine, 0)
    good = places_of(strings)
    assert good == [0, 6, 20, 24, 30, 36]
    string(strings, 50, 3, 14, nine, four)  # too long
    string(strings, 56, 3, 6, nine, 4 << 32)  # behind the end of its parent
    string(strings, 62, 3, 5, nine, -1 << 32)
    string(strings, 68, 3, 9, nine - 1, 0)  # no reference
    string(strings, 74, 3, 9, BASE + 8 * OUTSIDE * 1000 + 1, 0)  # no memory
    string(strings, 80, 3, 9, BASE + 8 * 90 + 1, 0)  # no string
    assert places_of(strings) == good


def test_the_characters_of_an_external_string_are_behind_a_plain_pointer(strings):
    string(strings, 0, 4, 7, 0x5555_0000)
    string(strings, 10, 4, 7, 0x5555_0001)
    assert places_of(strings) == [0]


def test_a_list_of_maps_holds_nothing_of_their_kind(strings):
    strings.roles[1:3] = kernels.ANY
    strings.words[0:2] = strings.keys[1], 12345
    strings.words[10:14] = strings.keys[[1, 2, 1, 4]]
    strings.words[14] = 9
    assert places_of(strings) == [0]


def test_a_table_finds_every_key_of_many_that_collide():
    keys = BASE + 8 * np.arange(5000, dtype=np.int64) * 131072 + 1
    table = kernels.table_for(keys.size)
    kernels.add_keys(keys, table)
    assert table.size >= 2 * keys.size
    assert sorted(table[table >= 0].tolist()) == list(range(5000))
