"""What is in an object of V8, piece by piece, whatever its class."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from prodforensics.core.javascript.contents import (
    Raw,
    array_length,
    collection_entries,
    elements,
    internals,
)
from prodforensics.core.javascript.error_stacks import error_stack
from prodforensics.core.javascript.properties import properties, shape_of
from prodforensics.core.javascript.scopes import context_variables, function_start
from prodforensics.core.javascript.values import is_private, key_text, short
from prodforensics.core.javascript.words import smi

if TYPE_CHECKING:
    from prodforensics.core.javascript.heap import Heap

__all__ = ["Piece", "pieces"]

_MOST = 1000
_MOST_SCOPES = 50
_WORDS = 8
_NATIVE_CONTEXT = 7
"""Place of the context of a realm among the types of contexts."""
_COLLECTIONS = ("JSMap", "JSSet", "JSWeakMap", "JSWeakSet")


@dataclass(frozen=True)
class Piece:
    """One thing in an object, or what hinders reading it."""

    name: str = ""
    group: str = "property"
    value: int | Raw = 0
    key: int | None = None
    note: str = ""
    problem: str = ""


def pieces(heap: Heap, value: int) -> Iterator[Piece]:
    """Give what is in an object; of each group a thousand at the most.

    Nothing is raised: what cannot be read becomes a piece with a problem.

    Parameters
    ----------
    heap : Heap
    value : int
        An object, tagged.
    """
    try:
        readers = list(_readers(heap, heap.type_name(value), value))
    except LookupError as error:
        yield Piece(problem=str(error.args[0]) if error.args else "it cannot be read")
        return
    for read in readers:
        given = iter(read(heap, value))
        try:
            yield from islice(given, _MOST)
            if next(given, None) is not None:
                yield Piece(problem=f"only the first {_MOST:,} are listed")
        except LookupError as error:
            yield Piece(problem=str(error.args[0]) if error.args else "a part cannot be read")


def _readers(heap: Heap, name: str, value: int) -> Iterator[Callable[[Heap, int], Iterator[Piece]]]:
    """Give what reads the groups of a class, in the order in which they are shown."""
    if name == "Map":
        yield _hidden_class
    elif heap.instance_type(value) in heap.constants.context_types:
        yield _variables
    elif name == "Script":
        yield _script
    elif not name.startswith("JS"):
        yield _array if name == "FixedArray" else _words
    else:
        if name == "JSError":
            yield _stack
        if name != "JSProxy":
            yield _properties
            yield _elements
        if name in _COLLECTIONS:
            yield _entries
        if name == "JSFunction":
            yield _function
            yield _scopes
        yield _internals
        yield _prototype


def _properties(heap: Heap, value: int) -> Iterator[Piece]:
    for one in properties(heap, value):
        # What V8 answers itself: length, name, stack.
        if one.is_accessor and heap.is_type(one.value, "AccessorInfo"):
            continue
        if heap.is_type(one.key, "Symbol") and is_private(heap, one.key):
            continue
        note = "accessor" if one.is_accessor else "" if one.is_enumerable else "not enumerable"
        yield Piece(key_text(heap, one.key), "property", one.value, note=note)


def _elements(heap: Heap, value: int) -> Iterator[Piece]:
    for index, held in elements(heap, value, _MOST + 1):
        yield Piece(str(index), "element", held)


def _entries(heap: Heap, value: int) -> Iterator[Piece]:
    for key, held in collection_entries(heap, value, _MOST + 1):
        if held is None:
            yield Piece(short(heap, key).text, "entry", key)
        else:
            yield Piece("", "entry", held, key=key)


def _internals(heap: Heap, value: int) -> Iterator[Piece]:
    if heap.is_type(value, "JSArray"):
        yield Piece("length", "internal", Raw(array_length(heap, value)))
    for name, held in internals(heap, value):
        yield Piece(name, "internal", held)


def _prototype(heap: Heap, value: int) -> Iterator[Piece]:
    offset = heap.constants.offset("Map", "prototype")
    yield Piece("[[Prototype]]", "internal", heap.field(heap.map_of(value), offset))


def _function(heap: Heap, value: int) -> Iterator[Piece]:
    place = heap.constants.offset("JSFunction", "prototype_or_initial_map")
    if shape_of(heap, heap.map_of(value)).size > place:
        held = heap.field(value, place)
        if heap.is_type(held, "Map"):
            held = heap.field(held, heap.constants.offset("Map", "prototype"))
        if short(heap, held).kind != "empty":
            yield Piece("prototype", "property", held, note="not enumerable")
    shared = heap.shared(value)
    script = heap.script(shared)
    if script is None:
        return
    start = function_start(heap, shared)
    at = None if start is None else heap.position(script, start)
    place = script.name if at is None else f"{script.name}:{at[0]}:{at[1]}"
    yield Piece("[[FunctionLocation]]", "internal", Raw(place))


def _scopes(heap: Heap, value: int) -> Iterator[Piece]:
    context = heap.context(value)
    for _ in range(_MOST_SCOPES):
        if not _is_context(heap, context):
            return
        for name, held in context_variables(heap, context):
            yield Piece(name, "scope", held)
        context = heap.field(context, 24)


def _is_context(heap: Heap, value: int) -> bool:
    """Tell whether a context is one of the program; that of the realm holds only V8's own."""
    types = heap.constants.context_types
    type_ = heap.instance_type(value)
    return type_ in types and type_ != types.start + _NATIVE_CONTEXT


def _variables(heap: Heap, value: int) -> Iterator[Piece]:
    for name, held in context_variables(heap, value):
        yield Piece(name, "scope", held)
    yield Piece("[[Outer]]", "internal", heap.field(value, 24))


def _stack(heap: Heap, value: int) -> Iterator[Piece]:
    lines = error_stack(heap, value)
    if lines:
        yield Piece("[[Stack]]", "internal", Raw("\n".join(lines)))


def _script(heap: Heap, value: int) -> Iterator[Piece]:
    constants = heap.constants
    yield Piece("name", "internal", heap.field(value, constants.offset("Script", "name")))
    yield Piece("id", "internal", heap.field(value, heap.layout.script_id))
    yield Piece("source", "internal", heap.field(value, constants.offset("Script", "source")))


def _hidden_class(heap: Heap, value: int) -> Iterator[Piece]:
    constants = heap.constants
    type_ = int.from_bytes(
        heap.read(value - 1 + constants.offset("Map", "instance_type"), 2), "little"
    )
    name = constants.type_names.get(type_, str(type_))
    yield Piece("[[InstanceType]]", "internal", Raw(name))
    size = heap.read(value - 1 + constants.offset("Map", "instance_size_in_words"), 1)[0] * 8
    yield Piece("[[InstanceSize]]", "internal", Raw(size))
    for label, field in (
        ("Constructor", "constructor_or_back_pointer"),
        ("Prototype", "prototype"),
    ):
        yield Piece(f"[[{label}]]", "internal", heap.field(value, constants.offset("Map", field)))


def _array(heap: Heap, value: int) -> Iterator[Piece]:
    for index in range(min(smi(heap.field(value, 8)), _MOST + 1)):
        yield Piece(str(index), "element", heap.field(value, 16 + 8 * index))


def _words(heap: Heap, value: int) -> Iterator[Piece]:
    """Show the first words of what only V8 knows."""
    for word in range(1, _WORDS):
        yield Piece(f"+{8 * word}", "internal", Raw(heap.field(value, 8 * word)))
