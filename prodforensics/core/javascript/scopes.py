"""Scopes: the names of variables that closures keep, and where a function begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prodforensics.core.javascript.properties import table_entries
from prodforensics.core.javascript.words import BadObject, smi

if TYPE_CHECKING:
    from prodforensics.core.javascript.words import Words

__all__ = ["Scope", "context_variables", "function_start", "scope_name", "scope_of"]

_LONGEST_NAME = 2000
_MOST_VARIABLES = 1 << 20
_INLINED_NAMES = 75
"""From so many variables on, a ScopeInfo keeps their names in a table."""
_TAIL = 6
"""Words behind the variables in which the function's name stands."""
_CLASS_VARIABLE, _INFERRED, _EXTENSION = 10, 14, 26
_FUNCTION_VARIABLE = 0b11 << 12
_HEADER = 2
"""Words of a context before its variables: its scope and the context around it."""
_NO_TOKEN = 0xFFFF


@dataclass(frozen=True)
class Scope:
    """What a ScopeInfo tells.

    Attributes
    ----------
    names : list of str
        Variables that contexts of the scope keep, in order; empty for one that cannot be read.
    behind : int
        Address behind them.
    flags : int
    """

    names: list[str]
    behind: int
    flags: int

    @property
    def header(self) -> int:
        """Words of a context before its variables."""
        return _HEADER + (self.flags >> _EXTENSION & 1)


def scope_of(heap: Words, scope: int) -> Scope:
    """Return what a ScopeInfo tells."""
    layout = heap.layout
    word = heap.field(scope, 8)
    # The flags are a small integer, or, in newer versions, plain bits.
    flags = word & 0xFFFFFFFF if word & 0xFFFFFFFF else smi(word)
    count = smi(heap.field(scope, 8 + 8 * heap.constants["scopeinfo_idx_ncontextlocals"]))
    if not 0 <= count < _MOST_VARIABLES:
        raise BadObject(f"the ScopeInfo at {scope:#x} has {count:,} variables")
    place = scope - 1 + 8 + 8 * layout.scope_first
    if flags & 15 == layout.module_scope:
        place += 8
    if count < _INLINED_NAMES:
        names = [_text(heap, heap.word(place + 8 * index)) for index in range(count)]
        place += 8 * count
    else:
        names = _table_names(heap, heap.word(place), count)
        place += 8
    place += 8 * count
    if flags >> _CLASS_VARIABLE & 1:
        place += 8
    return Scope(names, place, flags)


def _text(heap: Words, value: int) -> str:
    return heap.string(value, _LONGEST_NAME) if heap.is_string(value) else ""


def _table_names(heap: Words, table: int, count: int) -> list[str]:
    """Read names out of a hash table from names to indices."""
    names = [""] * count
    for key, index in table_entries(heap, table, 3, 2).tolist():
        if heap.is_string(key) and 0 <= index >> 32 < count:
            names[index >> 32] = heap.string(key, _LONGEST_NAME)
    return names


def scope_name(heap: Words, scope: int) -> str:
    """Return the name of the function of a ScopeInfo, its own or inferred; empty for none."""
    place = scope_of(heap, scope).behind
    for word in range(_TAIL):
        value = heap.word(place + 8 * word)
        # A function without a name has an empty one, and behind it what V8 inferred.
        if heap.is_string(value) and heap.length(value):
            return heap.string(value, _LONGEST_NAME)
    return ""


def function_start(heap: Words, shared: int) -> int | None:
    """Return where the source of a function begins in its script; None where that is unknown."""
    layout = heap.layout
    found = None
    named = heap.field(shared, layout.shared_name)
    if heap.is_type(named, "ScopeInfo"):
        found = _scope_start(heap, named)
    else:
        for offset in {layout.shared_trusted_data, layout.shared_data}:
            data = heap.field(shared, offset)
            if heap.is_object(data) and heap.type_name(data).startswith("UncompiledData"):
                place = data - 1 + heap.constants.offset("UncompiledData", "start_position")
                found = heap.int32(place)
    if found is None or found < 0:
        return None
    place = shared - 1 + heap.constants.offset("SharedFunctionInfo", "raw_function_token_offset")
    token = int.from_bytes(heap.read(place, 2), "little")
    # The start is the parenthesis; the word `function` or the name stands before it.
    return found - token if token != _NO_TOKEN and token <= found else found


def _scope_start(heap: Words, scope: int) -> int | None:
    fixed = heap.layout.scope_position
    if fixed is not None:
        return smi(heap.field(scope, fixed))
    told = scope_of(heap, scope)
    place = told.behind
    if told.flags & _FUNCTION_VARIABLE:
        place += 16
    if told.flags >> _INFERRED & 1:
        place += 8
    value = heap.word(place)
    return smi(value) if heap.is_smi(value) else None


def context_variables(heap: Words, context: int) -> list[tuple[str, int]]:
    """Return the variables that a context keeps, name and value as a word.

    Raises
    ------
    BadObject
        It is not a context.
    """
    if heap.instance_type(context) not in heap.constants.context_types:
        raise BadObject(f"{context:#x} is not a context")
    scope = scope_of(heap, heap.field(context, 16))
    length = smi(heap.field(context, 8))
    if not 0 <= length < _MOST_VARIABLES:
        raise BadObject(f"the context at {context:#x} has {length:,} slots")
    names = list(scope.names)
    if scope.flags & _FUNCTION_VARIABLE and length > scope.header + len(names):
        # A named function expression that refers to itself.
        names.append(scope_name(heap, heap.field(context, 16)))
    slots = range(scope.header, min(length, scope.header + len(names)))
    return [
        (name, heap.field(context, 16 + 8 * slot)) for slot, name in zip(slots, names, strict=False)
    ]
