"""Every object of JavaScript in a core, by constructor."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from prodforensics.core.javascript.constructors import (
    IS_PROTOTYPE,
    NO_CONSTRUCTOR,
    constructor_name,
)
from prodforensics.core.javascript.heap_memory import HeapMemory, heap_memory
from prodforensics.errors import BadOption, UnknownName
from prodforensics.kernels import tagged_words
from prodforensics.schema import Column, Schema

if TYPE_CHECKING:
    import pandas as pd

    from prodforensics.core.javascript.heap import Heap

__all__ = ["INSTANCES", "OBJECTS", "Search"]

OBJECTS = Schema(
    "objects",
    (
        Column(
            "count",
            "int64",
            "count",
            "Objects, also old ones that wait to be collected.",
        ),
        Column("size_bytes", "int64", "bytes", "The objects themselves."),
        Column("store_bytes", "int64", "bytes", "Their elements and properties outside of them."),
        Column("kind", "category", "", "V8's class, such as JSObject or JSArray."),
        Column("maps", "int64", "count", "Maps (hidden classes) that they have."),
    ),
    Column("constructor", "str", "", "Who made them; in brackets values that nobody made."),
    "Objects of JavaScript by constructor, those that take the most bytes first.",
)
INSTANCES = Schema(
    "instances",
    (
        Column("address", "uint64", "address", "With V8's tag, as `inspect` takes it."),
        Column("size_bytes", "int64", "bytes", "The object itself."),
        Column("store_bytes", "int64", "bytes", "Its elements and properties outside of it."),
        Column("kind", "category", "", "V8's class."),
        Column("map", "uint64", "address", "Its Map (hidden class), with V8's tag."),
    ),
    None,
    "The objects of one constructor, in the order of their addresses.",
)

_MOST_META = 4096
_MOST_NAMED = 200_000
"""Maps: a damaged heap seems to have any number, and each takes a moment."""
_FIRST_ROOM = 1 << 16
_PRIMITIVES = {"String": "(string)", "HeapNumber": "(number)", "Symbol": "(symbol)"}
"""How values are called that no constructor made, by V8's class."""


@dataclass(frozen=True)
class _Maps:
    """The Maps of a heap: tagged address, instance type, bytes of their objects."""

    keys: np.ndarray
    types: np.ndarray
    sizes: np.ndarray
    table: np.ndarray


class Search:
    """Maps, and the objects that have them.

    Parameters
    ----------
    heap : Heap
    """

    def __init__(self, heap: Heap) -> None:
        self.heap = heap

    @cached_property
    def _segments(self) -> HeapMemory:
        return heap_memory(self.heap)

    @cached_property
    def _maps(self) -> _Maps:
        segments = self._segments
        roots = self._holders(None)
        roots = roots[self._types(roots) == self.heap.constants.type_of("Map")]
        found = self._holders(roots + 1)
        found = found[self._are_maps(found)]
        # The Maps of newer versions belong to a context, which has a Map of its Maps.
        meta = found[self._types(found) == self.heap.constants.type_of("Map")]
        meta = np.setdiff1d(meta, roots)
        if meta.size:
            more = self._holders(meta + 1)
            found = np.concatenate([found, more[self._are_maps(more)]])
        found = np.unique(found)
        if not found.size:
            raise BadOption(
                "no Map of V8 was found in the core: its heap is not in the file",
                hint="record with coredump_filter 0x33 or more, and the whole file",
            )
        table = tagged_words.table_for(found.size)
        tagged_words.add_keys(found + 1, table)
        sizes = (segments.at(found, 1) & 0xFF) * 8
        return _Maps(found + 1, self._types(found), sizes, table)

    def _holders(self, keys: np.ndarray | None) -> np.ndarray:
        """Return addresses of words that are one of some keys, or their own tagged address."""
        out = np.empty(_FIRST_ROOM, np.int64)
        found: list[np.ndarray] = []
        for first, stop, _, address, _ in self._segments.parts("looking for Maps"):
            words = self._segments.words
            if keys is None:
                count = tagged_words.find_own_maps(words, first, stop, address, out)
            else:
                count = tagged_words.find_holders(words, first, stop, address, keys, out)
                if count > out.size:
                    out = np.empty(count, np.int64)
                    tagged_words.find_holders(words, first, stop, address, keys, out)
            found.append(out[: min(count, out.size)].copy())
        every = np.concatenate(found) if found else np.empty(0, np.int64)
        return every[:_MOST_META] if keys is None else every

    def _types(self, maps: np.ndarray) -> np.ndarray:
        return self._segments.at(maps, 1) >> 32 & 0xFFFF

    def _are_maps(self, places: np.ndarray) -> np.ndarray:
        """Tell which places hold a Map: their descriptors are what descriptors must be."""
        constants, segments = self.heap.constants, self._segments
        descriptors = segments.at(places, constants["class_Map__instance_descriptors_offset"] // 8)
        kind = segments.at(descriptors - 1, 0)
        types = self._types(kind - 1)
        known = [constants.type_of(name) for name in ("DescriptorArray", "StrongDescriptorArray")]
        return np.isin(types, known) & (descriptors & 3 == 1)

    @cached_property
    def _roles(self) -> np.ndarray:
        constants, maps = self.heap.constants, self._maps
        roles = np.zeros(maps.keys.size, np.uint16)
        fixed = (maps.types >= constants.type_of("FixedArray")) & (
            maps.types < constants.type_of("ByteArray")
        )
        roles[fixed] |= tagged_words.PROPERTIES | tagged_words.ELEMENTS
        roles[maps.types == constants.type_of("PropertyArray")] |= tagged_words.PROPERTIES
        for name in ("FixedDoubleArray", "SloppyArgumentsElements"):
            roles[maps.types == constants.type_of(name)] |= tagged_words.ELEMENTS
        roles[maps.types == constants.type_of("ByteArray")] |= (
            tagged_words.ELEMENTS | tagged_words.BYTES
        )
        strings = maps.types < constants["FirstNonstringType"]
        derived = np.isin(
            maps.types & constants["StringRepresentationMask"],
            [constants[f"{name}StringTag"] for name in ("Cons", "Sliced", "Thin")],
        )
        roles[strings & (maps.sizes > 0) & derived] |= tagged_words.DERIVED
        roles[strings & (maps.sizes > 0) & ~derived] |= tagged_words.EXTERNAL
        narrow = maps.types & constants["StringEncodingMask"] == constants["OneByteStringTag"]
        own = strings & (maps.sizes == 0)
        roles[own & narrow] |= tagged_words.NARROW
        roles[own & ~narrow] |= tagged_words.WIDE
        for type_ in (constants.type_of("HeapNumber"), constants.type_of("Symbol")):
            roles[maps.types == type_] |= tagged_words.ANY
        receivers = (maps.types >= constants["SpecialAPIObjectType"]) & (maps.sizes >= 24)
        roles[receivers] |= tagged_words.RECEIVER
        return roles

    @cached_property
    def _alive(self) -> np.ndarray:
        """Which words of young pages begin an object that is in use: bool[p, words of a page]."""
        constants, maps, segments = self.heap.constants, self._maps, self._segments
        young = segments.pages >= 0
        pages, places = segments.starts[young], segments.places[young]
        alive = np.zeros(pages.size * tagged_words.PAGE_WORDS, np.bool_)
        if pages.size:
            reach = np.full(maps.keys.size, tagged_words.FIXED, np.uint8)
            counted = (maps.types >= constants.type_of("FixedArray")) & (
                maps.types < constants.type_of("ByteArray")
            )
            contexts = constants.context_types
            counted |= (maps.types >= contexts.start) & (maps.types < contexts.stop)
            reach[counted & (maps.sizes == 0)] = tagged_words.COUNTED
            reach[maps.types == constants.type_of("PropertyArray")] = tagged_words.PROPERTY_COUNTED
            flat = (maps.types < constants["FirstNonstringType"]) & (maps.sizes == 0)
            for name in ("FixedDoubleArray", "ByteArray"):
                flat |= maps.types == constants.type_of(name)
            reach[flat] = tagged_words.NO_REFERENCES
            page_table = tagged_words.table_for(pages.size)
            tagged_words.add_keys(pages, page_table)
            outside = np.stack([segments.places, segments.places + segments.lengths], 1)[~young]
            tagged_words.mark_young(
                segments.words,
                outside,
                pages,
                places,
                page_table,
                maps.keys,
                maps.table,
                maps.sizes // 8,
                reach,
                alive,
                np.empty(alive.size, np.int64),
            )
        return alive.reshape(pages.size, tagged_words.PAGE_WORDS)

    @cached_property
    def counted(self) -> tuple[np.ndarray, np.ndarray]:
        """Objects and bytes of their stores, by Map: int64[n], int64[n]."""
        return self._count(np.zeros(self._maps.keys.size, np.bool_))[:2]

    def _count(self, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        segments, maps, roles = self._segments, self._maps, self._roles
        counts = np.zeros(maps.keys.size, np.int64)
        stores = np.zeros(maps.keys.size, np.int64)
        out = np.empty((_FIRST_ROOM if wanted.any() else 0, 3), np.int64)
        found: list[np.ndarray] = []
        alive, none = self._alive, np.empty(0, np.bool_)
        for first, stop, limit, address, page in segments.parts("looking for objects"):
            living = alive[page] if page >= 0 else none
            while True:
                before, kept = counts.copy(), stores.copy()
                count = tagged_words.find_instances(
                    segments.words,
                    first,
                    stop,
                    limit,
                    address,
                    segments.starts,
                    segments.lengths,
                    segments.places,
                    maps.keys,
                    maps.table,
                    roles,
                    living,
                    counts,
                    stores,
                    wanted,
                    out,
                )
                if count <= out.shape[0]:
                    break
                out, counts, stores = np.empty((count, 3), np.int64), before, kept
            found.append(out[:count].copy())
        return counts, stores, np.concatenate(found) if found else out

    @cached_property
    def names(self) -> dict[int, str]:
        """Constructor of each Map that has objects, by the number of the Map."""
        known: dict[int, str] = {}
        numbers = np.flatnonzero(self.counted[0]).tolist()
        named = {number: self._name(number, known) for number in numbers[:_MOST_NAMED]}
        return named | dict.fromkeys(numbers[_MOST_NAMED:], "(too many Maps)")

    def _name(self, number: int, known: dict[int, str]) -> str:
        if self.kind(number) in _PRIMITIVES:
            return _PRIMITIVES[self.kind(number)]
        name = constructor_name(self.heap, int(self._maps.keys[number]), known)
        if name == NO_CONSTRUCTOR and self.kind(number) == "JSFunction":
            return "Function"
        third = int(self._segments.at(self._maps.keys[number : number + 1] - 1, 2)[0])
        return f"{name}.prototype" if third >> IS_PROTOTYPE & 1 else name

    def kind(self, number: int) -> str:
        """Return V8's class of the objects of a Map."""
        return self.heap.constants.class_of(int(self._maps.types[number]))

    def objects(self) -> pd.DataFrame:
        """Return the frame of `OBJECTS`."""
        import pandas as pd

        counts, stores = self.counted
        sums: dict[str, list[int]] = {}
        kinds: dict[str, dict[str, int]] = {}
        for number, name in self.names.items():
            one = sums.setdefault(name, [0, 0, 0, 0])
            count = int(counts[number])
            one[0] += count
            own, outside = self._bytes(number, count, int(stores[number]))
            one[1] += own
            one[2] += outside
            one[3] += 1
            of_kind = kinds.setdefault(name, {})
            of_kind[self.kind(number)] = of_kind.get(self.kind(number), 0) + count
        order = sorted(sums, key=lambda name: (-sums[name][1] - sums[name][2], name))
        rows = [
            (*sums[name][:3], max(kinds[name], key=kinds[name].__getitem__), sums[name][3])
            for name in order
        ]
        frame = OBJECTS.frame(rows)
        frame.index = pd.Index(order, dtype="str", name="constructor")
        return frame

    def _bytes(self, number: int, count: int, stores: int) -> tuple[int, int]:
        """Return the bytes of objects of a Map, and those of their stores."""
        size = int(self._maps.sizes[number])
        return (count * size, stores) if size else (stores, 0)

    def instances(self, name: str) -> pd.DataFrame:
        """Return the frame of `INSTANCES`."""
        wanted = np.zeros(self._maps.keys.size, np.bool_)
        wanted[[number for number, one in self.names.items() if one == name]] = True
        if not wanted.any():
            raise UnknownName("constructor", name, set(self.names.values()))
        import pandas as pd

        found = self._count(wanted)[2]
        found = found[np.argsort(found[:, 0])]
        kinds = {int(number): self.kind(int(number)) for number in np.unique(found[:, 1])}
        sizes = self._maps.sizes[found[:, 1]]
        return pd.DataFrame(
            {
                "address": (found[:, 0] + 1).astype(np.uint64),
                # The size of what has none in its Map, such as a string, was counted.
                "size_bytes": np.where(sizes > 0, sizes, found[:, 2]),
                "store_bytes": np.where(sizes > 0, found[:, 2], 0),
                "kind": pd.Categorical([kinds[int(number)] for number in found[:, 1]]),
                "map": self._maps.keys[found[:, 1]].astype(np.uint64),
            }
        )
