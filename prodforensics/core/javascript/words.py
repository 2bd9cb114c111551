"""Tagged words, Maps and strings of V8's heap, read out of memory that may be damaged."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Protocol

from prodforensics.errors import BadOption

if TYPE_CHECKING:
    from prodforensics.core.javascript.constants import Constants
    from prodforensics.core.javascript.versions import Layout

__all__ = ["BadObject", "Readable", "Words", "smi"]

_MOST_PARTS = 200_000
"""Parts of one string: a string that was joined bit by bit is a deep tree."""
_MOST_TYPES = 100_000
_LONGEST = 1 << 29
"""Characters of a string at the most, as V8 limits it."""
_TAG = 3
_STRONG, _WEAK = 1, 3


class BadObject(LookupError):
    """What stands at an address is not what it should be; its first argument says what."""


class Readable(Protocol):
    """What is read of memory; unreadable addresses raise a `LookupError`."""

    def read(self, address: int, size: int) -> bytes:
        """Return bytes."""
        ...

    def word(self, address: int) -> int:
        """Return an unsigned word."""
        ...


def smi(word: int) -> int:
    """Return the small integer that a word holds in its upper half.

    Examples
    --------
    >>> smi(5 << 32), smi(0xFFFFFFFE_00000000)
    (5, -2)
    """
    return (word >> 32) - (1 << 32 if word >> 63 else 0)


class Words:
    """The lowest level of the heap.

    Objects are named by *tagged* words, as V8 has them: the address plus one. Whatever cannot be
    read raises a `LookupError`: `Unreadable` of the memory, or `BadObject`.

    Parameters
    ----------
    memory : Memory
    constants : Constants

    Raises
    ------
    BadOption
        The version of V8 is not known.
    """

    def __init__(self, memory: Readable, constants: Constants) -> None:
        layout = constants.layout
        if layout is None:
            raise BadOption(
                f"the objects of V8 {constants.v8_version or 'of an unknown version'} are laid out "
                "in a way that is not known here",
                hint="Node.js 18, 20, 22 and 24 can be read",
            )
        self.memory = memory
        self.constants = constants
        self.layout: Layout = layout
        self.word = memory.word
        self.read = memory.read
        self._types: dict[int, int] = {}
        self._type_at = constants.offset("Map", "instance_type") - 1
        self._map_type = constants.type_of("Map")
        self._strings = constants["FirstNonstringType"]

    # -- words --------------------------------------------------------------------------------

    @staticmethod
    def is_smi(word: int) -> bool:
        """Tell whether a word is a small integer."""
        return not word & 1

    @staticmethod
    def is_object(word: int) -> bool:
        """Tell whether a word is tagged as a strong reference to an object."""
        return word & _TAG == _STRONG

    @staticmethod
    def is_weak(word: int) -> bool:
        """Tell whether a word is a weak reference that is not cleared."""
        return word & _TAG == _WEAK and word >> 2 != 0

    def field(self, value: int, offset: int) -> int:
        """Return the word at an offset from the start of an object."""
        if not value & 1:
            raise BadObject(f"{value:#x} is not an object")
        return self.word((value & ~_TAG) + offset)

    def int32(self, address: int) -> int:
        """Return a signed 32-bit number at an address."""
        return int.from_bytes(self.read(address, 4), "little", signed=True)

    def uint32(self, address: int) -> int:
        """Return an unsigned 32-bit number at an address."""
        return int.from_bytes(self.read(address, 4), "little")

    def double(self, address: int) -> float:
        """Return the double at an address."""
        return float(struct.unpack("<d", self.read(address, 8))[0])

    # -- types --------------------------------------------------------------------------------

    def map_of(self, value: int) -> int:
        """Return the Map of an object, tagged."""
        if value & _TAG != _STRONG:
            raise BadObject(f"{value:#x} is not a reference to an object")
        found = self.word(value - 1)
        if found & _TAG != _STRONG:
            raise BadObject(f"there is no object at {value:#x}: it has no Map")
        return found

    def instance_type(self, value: int) -> int:
        """Return the instance type of an object."""
        found = self.map_of(value)
        known = self._types.get(found)
        if known is None:
            # Maps are the objects whose Map is the Map of Maps, which is its own.
            meta = self.word(found - 1)
            if meta & _TAG != _STRONG or self._raw_type(meta) != self._map_type:
                raise BadObject(f"there is no object at {value:#x}: {found:#x} is no Map")
            known = self._raw_type(found)
            if len(self._types) >= _MOST_TYPES:
                self._types.clear()
            self._types[found] = known
        return known

    def _raw_type(self, map_: int) -> int:
        return int.from_bytes(self.read(map_ + self._type_at, 2), "little")

    def type_name(self, value: int) -> str:
        """Return V8's name for the class of an object; its number where V8 tells no name."""
        return self.constants.class_of(self.instance_type(value))

    def is_type(self, value: int, name: str) -> bool:
        """Tell whether a word is a reference to an object of a class; False where unreadable."""
        try:
            return self.is_object(value) and self.type_name(value) == name
        except LookupError:
            return False

    def is_string(self, value: int) -> bool:
        """Tell whether a word is a reference to a string."""
        try:
            return self.is_object(value) and self.instance_type(value) < self._strings
        except LookupError:
            return False

    def is_function(self, value: int) -> bool:
        """Tell whether a word is a reference to a function."""
        try:
            return self.is_object(value) and (
                self.instance_type(value) in self.constants.function_types
            )
        except LookupError:
            return False

    # -- strings ------------------------------------------------------------------------------

    def length(self, value: int) -> int:
        """Return the number of UTF-16 units of a string."""
        if not self.is_string(value):
            raise BadObject(f"{value:#x} is not a string")
        found = self.int32(value - 1 + self.constants.offset("String", "length"))
        if not 0 <= found < _LONGEST + 1:
            raise BadObject(f"the string at {value:#x} has an impossible length, {found:,}")
        return found

    def string(self, value: int, limit: int = 4096, start: int = 0) -> str:
        """Return a string, or a part of it.

        Parameters
        ----------
        value : int
            The string, tagged: flat, joined, a slice, external, internalised.
        limit : int
            UTF-16 units at the most.
        start : int
            The first unit.

        Raises
        ------
        BadObject
            It is not a string, or a damaged one.
        Unreadable
            The core does not hold it.
        """
        constants = self.constants
        parts: list[bytes] = []
        visited = 0
        todo = [(value, start, limit)]
        while todo:
            one, begin, count = todo.pop()
            count = min(count, self.length(one) - begin)
            if count <= 0:
                continue
            visited += 1
            if visited > _MOST_PARTS:
                raise BadObject(f"the string at {value:#x} consists of too many parts")
            type_ = self.instance_type(one)
            shape = type_ & constants["StringRepresentationMask"]
            if shape == constants["ConsStringTag"]:
                first = self.field(one, constants.offset("ConsString", "first"))
                second = self.field(one, constants.offset("ConsString", "second"))
                split = self.length(first)
                if begin + count > split:
                    skipped = max(0, begin - split)
                    todo.append((second, skipped, begin + count - max(begin, split)))
                if begin < split:
                    todo.append((first, begin, min(count, split - begin)))
            elif shape == constants["ThinStringTag"]:
                todo.append(
                    (self.field(one, constants.offset("ThinString", "actual")), begin, count)
                )
            elif shape == constants["SlicedStringTag"]:
                parent = self.field(one, constants.offset("SlicedString", "parent"))
                past = smi(self.field(one, constants.offset("SlicedString", "offset")))
                if past < 0:
                    raise BadObject(f"the string at {one:#x} begins before its parent")
                todo.append((parent, past + begin, count))
            else:
                parts.append(self._flat(one, type_, begin, count))
        return b"".join(parts).decode("utf-16-le", "surrogatepass")

    def _flat(self, value: int, type_: int, begin: int, count: int) -> bytes:
        constants = self.constants
        narrow = bool(type_ & constants["StringEncodingMask"])
        shape = type_ & constants["StringRepresentationMask"]
        if shape == constants["SeqStringTag"]:
            kind = "SeqOneByteString" if narrow else "SeqTwoByteString"
            place = value - 1 + constants.offset(kind, "chars")
        elif shape == constants["ExternalStringTag"]:
            place = self.field(value, self.layout.external_data)
        else:
            raise BadObject(f"the string at {value:#x} is of an unknown kind, {shape}")
        if narrow:
            return self.read(place + begin, count).decode("latin-1").encode("utf-16-le")
        return self.read(place + 2 * begin, 2 * count)
