"""What stands in the records of a chunk of Java Flight Recorder: its metadata event.

Every chunk describes its own types: a tree of elements ``root > metadata > class > field``, written
with a table of strings. A type that can be read becomes a `Layout`: the program that the kernels
run, and the names of the leaves that come out.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from prodforensics.kernels.jfr_values import (
    ARRAY,
    DOUBLE,
    FLOAT,
    INTEGER,
    SIGNED_BYTE,
    STRING,
)

__all__ = ["Damaged", "Layout", "Leaf", "Metadata", "parse", "read_text", "read_varint"]

_PRIMITIVE = {
    "int": INTEGER,
    "long": INTEGER,
    "short": INTEGER,
    "char": INTEGER,
    "byte": SIGNED_BYTE,
    "boolean": SIGNED_BYTE,
    "float": FLOAT,
    "double": DOUBLE,
    "java.lang.String": STRING,
}
# Types of the JDK have up to some thirty fields, and nest three deep.
_DEEPEST_TYPE = 8
_LONGEST_PROGRAM = 2000
_DEEPEST_ELEMENT = 16


class Damaged(Exception):
    """The bytes are not what the format says; never leaves the reader."""


@dataclass(frozen=True)
class Leaf:
    """One value of a record.

    Parameters
    ----------
    name : str
        Dotted, where it stands in a structure.
    operation : int
        How it is read (`prodforensics.kernels.jfr_values`).
    type_name : str
        As in ``"long"`` or ``"java.lang.Thread"``.
    pooled : bool
        Whether the value is a key of the type's pool of constants.
    scale : str
        Unit of a span of time: ``"TICKS"``, ``"NANOSECONDS"`` ...; of a moment, ``"SINCE TICKS"``;
        empty for other values.
    element : int
        Of an array: id of the type of its elements.
    """

    name: str
    operation: int
    type_name: str
    pooled: bool = False
    scale: str = ""
    element: int = -1


@dataclass(frozen=True)
class Layout:
    """How records of one type are read.

    Attributes
    ----------
    program : int64[m, 2]
    leaves : tuple of Leaf
    """

    program: np.ndarray
    leaves: tuple[Leaf, ...]

    def columns(self, names: tuple[str, ...]) -> np.ndarray:
        """Return the row of the result for each leaf; -1 for leaves that are not wanted."""
        places = [names.index(leaf.name) if leaf.name in names else -1 for leaf in self.leaves]
        return np.array(places, np.int64)

    def leaf(self, name: str) -> Leaf | None:
        """Return the leaf of a name, if there is one."""
        return next((leaf for leaf in self.leaves if leaf.name == name), None)


@dataclass
class _Field:
    name: str
    type: int
    pooled: bool
    array: bool
    annotations: list[tuple[int, str]]


@dataclass
class _Type:
    name: str
    fields: list[_Field] = field(default_factory=list)


class Metadata:
    """The types of a chunk, by id.

    Attributes
    ----------
    ids : int64[k]
        Sorted.
    names : list of str
        Name of each type of `ids`.
    id_of : dict of str to int
    """

    def __init__(self, types: dict[int, _Type]) -> None:
        self._types = types
        self.ids = np.array(sorted(types), np.int64)
        self.names = [types[i].name for i in self.ids.tolist()]
        self.id_of = {one.name: number for number, one in types.items()}
        self._layouts: dict[int, Layout | None] = {}
        self._programs: tuple[np.ndarray, np.ndarray] | None = None

    def layout(self, number: int) -> Layout | None:
        """Return how records of a type are read; None for what cannot be."""
        if number not in self._layouts:
            try:
                operations, leaves = self._compile(number, 0)
            except Damaged:
                self._layouts[number] = None
            else:
                program = np.array(operations, np.int64).reshape(-1, 2)
                self._layouts[number] = Layout(program, tuple(leaves))
        return self._layouts[number]

    def programs(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the programs of all types, one after the other, and where each starts."""
        if self._programs is None:
            parts = [self.layout(number) for number in self.ids.tolist()]
            arrays = [p.program if p else np.empty((0, 2), np.int64) for p in parts]
            first = np.concatenate([[0], np.cumsum([len(a) for a in arrays])]).astype(np.int64)
            self._programs = first, np.concatenate([np.empty((0, 2), np.int64), *arrays])
        return self._programs

    def _compile(self, number: int, depth: int) -> tuple[list[tuple[int, int]], list[Leaf]]:
        if number not in self._types or depth > _DEEPEST_TYPE:
            raise Damaged
        name = self._types[number].name
        if name in _PRIMITIVE:
            return [(_PRIMITIVE[name], 0)], [Leaf("", _PRIMITIVE[name], name)]
        operations: list[tuple[int, int]] = []
        leaves: list[Leaf] = []
        for one in self._types[number].fields:
            more, parts = self._compile_field(one, depth)
            operations += more
            leaves += parts
            if len(operations) > _LONGEST_PROGRAM:
                raise Damaged
        return operations, leaves

    def _compile_field(self, one: _Field, depth: int) -> tuple[list[tuple[int, int]], list[Leaf]]:
        if one.type not in self._types:
            raise Damaged
        name = self._types[one.type].name
        if one.pooled:
            operations, leaves = [(INTEGER, 0)], [Leaf(one.name, INTEGER, name, pooled=True)]
        else:
            operations, inner = self._compile(one.type, depth + 1)
            leaves = [
                Leaf(
                    f"{one.name}.{leaf.name}" if leaf.name else one.name,
                    leaf.operation,
                    leaf.type_name,
                    leaf.pooled,
                    leaf.scale or self._scale(one),
                    leaf.element,
                )
                for leaf in inner
            ]
        if one.array:
            leaf = Leaf(one.name, ARRAY, name, one.pooled, element=one.type)
            return [(ARRAY, len(operations)), *operations], [leaf]
        return operations, leaves

    def _scale(self, one: _Field) -> str:
        """Return the unit of a field that is a time, as its annotations tell it."""
        for number, value in one.annotations:
            kind = self._types[number].name if number in self._types else ""
            if kind == "jdk.jfr.Timespan":
                return value or "NANOSECONDS"
            if kind == "jdk.jfr.Timestamp":
                return f"SINCE {value}"
        return ""


def read_varint(data: bytes, p: int) -> tuple[int, int]:
    """Read an integer and return it with where the next value starts."""
    value = 0
    for place in range(9):
        if p >= len(data):
            raise Damaged
        byte = data[p]
        p += 1
        if place == 8:
            value |= byte << 56
            break
        value |= (byte & 127) << 7 * place
        if byte < 128:
            break
    return (value - 2**64 if value >= 2**63 else value), p


def read_text(data: bytes, p: int) -> tuple[str, int]:
    """Read a string and return it with where the next value starts; null is empty.

    Examples
    --------
    >>> read_text(bytes([3, 2, 0xC3, 0xA4, 9]), 0)
    ('ä', 4)
    """
    if p >= len(data):
        raise Damaged
    form = data[p]
    p += 1
    if form <= 1:
        return "", p
    if form > 5:
        raise Damaged
    length, p = read_varint(data, p)
    if form == 2:
        return "", p  # metadata has no pools
    if not 0 <= length <= len(data) - p:
        raise Damaged
    if form == 4:
        units = []
        for _ in range(length):
            unit, p = read_varint(data, p)
            units.append(unit & 0xFFFF)
        return np.array(units, "<u2").tobytes().decode("utf-16-le", "replace"), p
    raw = data[p : p + length]
    return raw.decode("utf-8" if form == 3 else "latin-1", "replace"), p + length


def parse(data: bytes) -> Metadata:
    """Read a metadata event.

    Parameters
    ----------
    data : bytes
        The event from its size on.

    Raises
    ------
    Damaged
    """
    _, p = read_varint(data, 0)
    kind, p = read_varint(data, p)
    if kind != 0:
        raise Damaged
    for _ in range(3):  # time, duration, id
        _, p = read_varint(data, p)
    count, p = read_varint(data, p)
    if not 0 <= count <= len(data):
        raise Damaged
    strings = []
    for _ in range(count):
        text, p = read_text(data, p)
        strings.append(text)
    return _Elements(data, strings).types(p)


class _Elements:
    """Walks the tree of elements, and keeps classes with their fields."""

    def __init__(self, data: bytes, strings: list[str]) -> None:
        self.data = data
        self.strings = strings
        self.found: dict[int, _Type] = {}

    def types(self, p: int) -> Metadata:
        self._element(p, 0, None, None)
        if not self.found:
            raise Damaged
        return Metadata(self.found)

    def _element(self, p: int, depth: int, owner: _Type | None, last: _Field | None) -> int:
        if depth > _DEEPEST_ELEMENT:
            raise Damaged
        name, p = self._string(p)
        count, p = read_varint(self.data, p)
        if not 0 <= count <= len(self.data):
            raise Damaged
        attributes = {}
        for _ in range(count):
            key, p = self._string(p)
            attributes[key], p = self._string(p)
        if name == "class":
            owner, last = _Type(attributes.get("name", "")), None
            self.found[_number(attributes.get("id"))] = owner
        elif name == "field" and owner is not None:
            last = _Field(
                attributes.get("name", ""),
                _number(attributes.get("class")),
                "constantPool" in attributes,
                attributes.get("dimension", "0") != "0",
                [],
            )
            owner.fields.append(last)
        elif name == "annotation" and last is not None:
            what = (_number(attributes.get("class")), attributes.get("value", ""))
            last.annotations.append(what)
        count, p = read_varint(self.data, p)
        if not 0 <= count <= len(self.data):
            raise Damaged
        for _ in range(count):
            p = self._element(p, depth + 1, owner, last)
        return p

    def _string(self, p: int) -> tuple[str, int]:
        number, p = read_varint(self.data, p)
        if not 0 <= number < len(self.strings):
            raise Damaged
        return self.strings[number], p


def _number(text: str | None) -> int:
    """Read an id: 18 digits at the most fit into an int64."""
    if text and text.isascii() and text.isdigit() and len(text) <= 18:
        return int(text)
    raise Damaged
