"""What is in an object: elements, entries of collections, what its class keeps inside."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prodforensics.core.javascript.properties import shape_of, table_entries
from prodforensics.core.javascript.values import date_text, short
from prodforensics.core.javascript.words import BadObject, smi

if TYPE_CHECKING:
    from prodforensics.core.javascript.heap import Heap

__all__ = ["Raw", "array_length", "collection_entries", "elements", "internals"]

_MOST = 1 << 28
_WORD = (1 << 64) - 1
_HOLE = 0xFFF7FFFFFFF7FFFF
"""The bits of the double that stands for an element that is not there."""
_DICTIONARY_FIRST = 4
_DOUBLES = (4, 5)
_TYPED_AFTER_DICTIONARY = 5
_BUFFER_SHOWN = 64
_REGEXP_FLAGS = "gimyusldv"
_CODES = {
    "Uint8": "B",
    "Uint8Clamped": "B",
    "Int8": "b",
    "Uint16": "H",
    "Int16": "h",
    "Uint32": "I",
    "Int32": "i",
    "Float16": "e",
    "Float32": "f",
    "Float64": "d",
    "BigUint64": "Q",
    "BigInt64": "q",
}
_PROMISES = ("pending", "fulfilled", "rejected")


@dataclass(frozen=True)
class Raw:
    """A value that is not an object of V8: bytes, a number of a typed array, a text made here."""

    value: object


def array_length(heap: Heap, value: int) -> int:
    """Return the length of an array of JavaScript."""
    told = short(heap, heap.field(value, 24)).value
    return int(told) if isinstance(told, int | float) else 0


def elements(heap: Heap, value: int, limit: int, start: int = 0) -> Iterator[tuple[int, int | Raw]]:
    """Give the elements of an object that are there, by index.

    Parameters
    ----------
    heap : Heap
    value : int
    limit : int
        How many places are looked at, at the most; of sparse arrays how many elements.
    start : int
        The first index.

    Yields
    ------
    (int, int or Raw)
        The index; a word, or a `Raw` number.
    """
    kind = shape_of(heap, heap.map_of(value)).elements_kind
    dictionary = heap.constants["elements_dictionary_elements"]
    if heap.type_name(value) == "JSTypedArray":
        yield from _typed(heap, value, kind - dictionary - _TYPED_AFTER_DICTIONARY, limit, start)
        return
    store = heap.field(value, heap.constants.offset("JSObject", "elements"))
    if kind == dictionary:
        yield from _sparse(heap, store, limit, start)
        return
    length = smi(heap.field(store, 8))
    if not 0 <= length < _MOST:
        raise BadObject(f"the elements at {store:#x} are {length:,}")
    if heap.is_type(value, "JSArray"):
        length = min(length, array_length(heap, value))
    places = range(start, min(length, start + limit))
    if kind in _DOUBLES:
        for index in places:
            bits = heap.word(store - 1 + 16 + 8 * index)
            if bits != _HOLE:
                yield index, Raw(struct.unpack("<d", struct.pack("<Q", bits))[0])
        return
    if heap.type_name(store) == "FixedArray":
        for index in places:
            word = heap.field(store, 16 + 8 * index)
            if short(heap, word, 1).kind != "empty":
                yield index, word


def _sparse(heap: Heap, table: int, limit: int, start: int) -> Iterator[tuple[int, int]]:
    """Give the elements of a NumberDictionary in the order of their indices."""
    found, free = [], set()
    for key, held, _ in table_entries(heap, table, _DICTIONARY_FIRST, 3).tolist():
        if key in free:
            continue
        index = short(heap, key).value
        if isinstance(index, bool) or not isinstance(index, int):
            free.add(key)
        elif index >= start:
            found.append((index, held & _WORD))
    yield from sorted(found)[:limit]


def _typed(heap: Heap, value: int, kind: int, limit: int, begin: int) -> Iterator[tuple[int, Raw]]:
    names, constants = heap.layout.typed, heap.constants
    # Arrays over resizable buffers have kinds of their own, in the same order.
    name = names[kind % len(names)] if 0 <= kind < 2 * len(names) else ""
    code = _CODES.get(name)
    if code is None:
        raise BadObject(f"the typed array at {value:#x} is of an unknown kind")
    base = heap.field(value, constants.offset("JSTypedArray", "base_pointer"))
    external = heap.field(value, constants.offset("JSTypedArray", "external_pointer"))
    # In the heap the base is the store of bytes; outside of it zero.
    start = (external + (base if base & 1 else 0)) & _WORD
    length = heap.field(value, constants.offset("JSTypedArray", "length"))
    if length > _MOST * 8:
        raise BadObject(f"the typed array at {value:#x} has {length:,} elements")
    size = struct.calcsize("<" + code)
    count = max(0, min(length - begin, limit))
    raw = heap.read(start + size * begin, size * count) if count else b""
    for index, one in enumerate(struct.unpack(f"<{count}{code}", raw), begin):
        yield index, Raw(one)


def collection_entries(heap: Heap, value: int, limit: int) -> Iterator[tuple[int, int | None]]:
    """Give the entries of a Map or a Set, in the order in which they were added.

    The table says three times how large it is; where that does not agree, it is refused.

    Yields
    ------
    (int, int or None)
        Key and value as words; sets have no value.
    """
    name = heap.type_name(value)
    table = heap.field(value, 24)
    if name in ("JSWeakMap", "JSWeakSet"):
        yield from _weak_entries(heap, table, limit)
        return
    words = 2 if name == "JSMap" else 1
    length, present, deleted, buckets = (smi(heap.field(table, 8 + 8 * k)) for k in range(4))
    capacity = 2 * buckets
    agrees = length == 3 + buckets + capacity * (words + 1)
    if buckets <= 0 or not agrees or not 0 <= present + deleted <= capacity or deleted < 0:
        raise BadObject(f"the table of the collection at {value:#x} is not laid out as expected")
    first = table - 1 + 16 + 8 * (3 + buckets)
    given = 0
    for entry in range(present + deleted):
        if given >= limit:
            return
        place = first + 8 * (words + 1) * entry
        key = heap.word(place)
        if short(heap, key, 1).kind == "empty":
            continue
        given += 1
        yield key, heap.word(place + 8) if words == 2 else None


def _weak_entries(heap: Heap, table: int, limit: int) -> Iterator[tuple[int, int]]:
    given, free = 0, set()
    for key, held in table_entries(heap, table, 3, 2).tolist():
        if given >= limit:
            return
        if key in free:
            continue
        if not heap.is_object(key) or short(heap, key, 1).is_primitive:
            free.add(key)
            continue
        given += 1
        yield key, held & _WORD


def internals(heap: Heap, value: int) -> Iterator[tuple[str, int | Raw]]:
    """Give what the class of an object keeps inside, by names in double brackets.

    Raises
    ------
    LookupError
        It cannot be read; what came before was sound.
    """
    name = heap.type_name(value)
    constants = heap.constants
    if name == "JSDate":
        yield "[[Date]]", Raw(date_text(heap, value))
    elif name == "JSRegExp":
        source = heap.field(value, constants.offset(name, "source"))
        flags = smi(heap.field(value, constants.offset(name, "source") + 8))
        letters = "".join(one for bit, one in enumerate(_REGEXP_FLAGS) if flags >> bit & 1)
        if heap.is_string(source):
            yield "[[Source]]", source
        yield "[[Flags]]", Raw("".join(sorted(letters)))
    elif name == "JSPromise":
        state = smi(heap.field(value, 32)) & 3
        yield "[[PromiseState]]", Raw(_PROMISES[state] if state < 3 else "unknown")
        if state in (1, 2):
            yield "[[PromiseResult]]", heap.field(value, 24)
    elif name == "JSProxy":
        yield "[[Target]]", heap.field(value, 16)
        yield "[[Handler]]", heap.field(value, 24)
    elif name == "JSBoundFunction":
        yield "[[TargetFunction]]", heap.field(value, 24)
        yield "[[BoundThis]]", heap.field(value, 32)
        yield "[[BoundArgs]]", heap.field(value, 40)
    elif name == "JSPrimitiveWrapper":
        yield "[[PrimitiveValue]]", heap.field(value, 24)
    elif name == "JSWeakRef":
        yield "[[Target]]", heap.field(value, 24)
    elif name == "JSArrayBuffer":
        yield from _buffer(heap, value)
    elif name in ("JSTypedArray", "JSDataView", "JSRabGsabDataView"):
        view = "JSArrayBufferView"
        yield "[[ByteOffset]]", Raw(heap.field(value, constants.offset(view, "byte_offset")))
        yield "[[ByteLength]]", Raw(heap.field(value, constants.offset(view, "byte_length")))
        # Newer versions put a word of the embedder before it.
        held = (heap.field(value, offset) for offset in (24, 32, 40))
        buffer = next((one for one in held if heap.is_type(one, "JSArrayBuffer")), None)
        if buffer is not None:
            yield "[[Buffer]]", buffer


def _buffer(heap: Heap, value: int) -> Iterator[tuple[str, int | Raw]]:
    constants = heap.constants
    size = heap.field(value, constants.offset("JSArrayBuffer", "byte_length"))
    yield "[[ByteLength]]", Raw(size)
    place = heap.field(value, constants.offset("JSArrayBuffer", "backing_store"))
    if 0 < size < _MOST * 8 and place:
        yield "[[Bytes]]", Raw(heap.read(place, min(size, _BUFFER_SHOWN)))
