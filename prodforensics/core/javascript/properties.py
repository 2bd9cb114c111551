"""The named properties of an object: in it, in its PropertyArray, in a dictionary."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from prodforensics.core.javascript.words import BadObject, smi

if TYPE_CHECKING:
    from prodforensics.core.javascript.words import Words

__all__ = ["Property", "Shape", "own_value", "properties", "shape_of", "table_entries"]

_MOST_DESCRIPTORS = 1020
_MOST_ENTRIES = 1 << 24
_WORD = (1 << 64) - 1
_ORDER, _ORDER_MASK = 8, 0x7FFFFF
"""Bits of the details in a dictionary that tell when a property was added."""


@dataclass(frozen=True)
class Property:
    """One own property.

    Attributes
    ----------
    key : int
        The string or symbol, tagged.
    value : int
        The value as a word: a small integer or a reference; of accessors the AccessorPair.
    is_accessor, is_enumerable : bool
    """

    key: int
    value: int
    is_accessor: bool = False
    is_enumerable: bool = True


@dataclass(frozen=True)
class Shape:
    """What a Map (V8's hidden class) tells of its objects.

    Attributes
    ----------
    map : int
        Tagged.
    size : int
        Bytes of an object of it; 0 where objects differ in size.
    first : int
        Word in the object of the first property that is kept in it.
    is_dictionary : bool
    elements_kind : int
    own : int
        Number of its properties in the descriptors.
    descriptors : int
        DescriptorArray, tagged.
    """

    map: int
    size: int
    first: int
    is_dictionary: bool
    elements_kind: int
    own: int
    descriptors: int

    @property
    def inside(self) -> int:
        """Properties that have room in the object itself."""
        return max(0, self.size // 8 - self.first) if self.first else 0


def shape_of(heap: Words, map_: int) -> Shape:
    """Return what a Map tells."""
    constants = heap.constants
    base = map_ - 1
    raw = heap.read(base + 8, 12)
    third = int.from_bytes(raw[8:12], "little")
    own = third & constants["bit_field3_number_of_own_descriptors_mask"]
    return Shape(
        map_,
        raw[0] * 8,
        raw[1],
        bool(third >> constants["bit_field3_is_dictionary_map_shift"] & 1),
        (raw[7] & constants["bit_field2_elements_kind_mask"])
        >> constants["bit_field2_elements_kind_shift"],
        own >> constants["bit_field3_number_of_own_descriptors_shift"],
        heap.word(base + constants["class_Map__instance_descriptors_offset"]),
    )


def properties(heap: Words, value: int) -> Iterator[Property]:
    """Give the own named properties of an object, in the order in which they were added.

    Raises
    ------
    LookupError
        The object is damaged or not in the core; what came before was sound.
    """
    shape = shape_of(heap, heap.map_of(value))
    if shape.is_dictionary:
        yield from _of_dictionary(heap, heap.field(value, 8))
    else:
        yield from _of_descriptors(heap, value, shape)


def own_value(heap: Words, value: int, name: str) -> int | None:
    """Return the value of an own data property by its name; None where there is none."""
    for one in properties(heap, value):
        if not heap.is_string(one.key) or heap.length(one.key) != len(name):
            continue
        if heap.string(one.key, len(name)) == name:
            return None if one.is_accessor else one.value
    return None


def _of_descriptors(heap: Words, value: int, shape: Shape) -> Iterator[Property]:
    constants = heap.constants
    if shape.own > _MOST_DESCRIPTORS:
        raise BadObject(f"the Map at {shape.map:#x} has {shape.own:,} descriptors")
    header = constants.offset("DescriptorArray", "header_size")
    kind, where = constants["prop_kind_mask"], constants["prop_location_mask"]
    index_mask, index_shift = constants["prop_index_mask"], constants["prop_index_shift"]
    attributes, hidden = _attributes(heap)
    store = heap.field(value, 8)
    inside = shape.inside
    for index in range(shape.own):
        place = shape.descriptors - 1 + header + 24 * index
        key, details = heap.word(place), smi(heap.word(place + 8))
        accessor = bool(details & kind)
        listed = not details >> attributes & hidden
        if details & where:
            # V8 puts accessors and some constants into the descriptor itself.
            yield Property(key, heap.word(place + 16), accessor, listed)
            continue
        field = (details & index_mask) >> index_shift
        if field < inside:
            found = heap.field(value, 8 * (shape.first + field))
        else:
            if not heap.is_type(store, "PropertyArray"):
                raise BadObject(f"the object at {value:#x} has no PropertyArray")
            found = heap.field(store, 16 + 8 * (field - inside))
        yield Property(key, found, accessor, listed)


def _attributes(heap: Words) -> tuple[int, int]:
    """Return where the attributes stand in details, and the one of what is not enumerable."""
    constants = heap.constants
    return constants["prop_attributes_shift"], constants["prop_attributes_DONT_ENUM"]


def _of_dictionary(heap: Words, table: int) -> Iterator[Property]:
    constants = heap.constants
    first = constants["namedictionary_prefix_start_index"]
    first += constants["namedictionaryshape_prefix_size"]
    keys, values, details = table_entries(heap, table, first, 3).T
    details = details >> 32
    order = details >> _ORDER & _ORDER_MASK
    attributes, hidden = _attributes(heap)
    # Free places hold undefined or the hole, which are neither strings nor symbols.
    free: set[int] = set()
    for entry in np.argsort(order, kind="stable").tolist():
        key = int(keys[entry]) & _WORD
        if key in free:
            continue
        if not heap.is_object(key) or not (heap.is_string(key) or heap.is_type(key, "Symbol")):
            free.add(key)
            continue
        told = int(details[entry])
        listed = not told >> attributes & hidden
        yield Property(key, int(values[entry]) & _WORD, bool(told & 1), listed)


def table_entries(heap: Words, table: int, first: int, width: int) -> np.ndarray:
    """Return the entries of a hash table of V8, which says twice how large it is.

    Parameters
    ----------
    heap : Words
    table : int
        Tagged: a length, then elements; the third element is the capacity.
    first : int
        Elements before the entries.
    width : int
        Words of an entry.

    Returns
    -------
    int64[capacity, width]

    Raises
    ------
    BadObject
        The length and the capacity do not agree.
    """
    length, capacity = smi(heap.field(table, 8)), smi(heap.field(table, 32))
    if not 0 <= capacity < _MOST_ENTRIES or length != first + width * capacity:
        raise BadObject(f"the table at {table:#x} is not laid out as expected")
    raw = heap.read(table - 1 + 16 + 8 * first, 8 * width * capacity)
    return np.frombuffer(raw, "<i8").reshape(capacity, width)
