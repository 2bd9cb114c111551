"""Which function made an object: what its Map says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prodforensics.core.javascript.properties import own_value

if TYPE_CHECKING:
    from prodforensics.core.javascript.heap import Heap

__all__ = ["IS_PROTOTYPE", "NO_CONSTRUCTOR", "constructor_name"]

IS_PROTOTYPE = 20
"""Bit of a Map's bit_field3: its one object is the prototype of others."""
NO_CONSTRUCTOR = "(no constructor)"
_ASK_PROTOTYPE = ("Object", "(anonymous)", NO_CONSTRUCTOR)

_MOST_BACK_POINTERS = 2000
_MOST_PROTOTYPES = 20
_TEMPLATE_WORDS = 14


def constructor_name(heap: Heap, map_: int, known: dict[int, str] | None = None) -> str:
    """Return the name of the constructor of a Map's objects.

    As V8 does: a Map tells the function that made its first object. For an object of a derived
    class, or one made with a prototype of its own, that is not the whole truth; then the property
    ``constructor`` of its prototypes is asked.

    Parameters
    ----------
    heap : Heap
    map_ : int
        Tagged.
    known : dict, optional
        Names by constructor and prototype that were found before; receives new ones.

    Returns
    -------
    str
        In brackets where it is no function with a name: ``"(anonymous)"``, ``"(no constructor)"``,
        ``"(unreadable)"``.
    """
    known = {} if known is None else known
    try:
        value = _constructor(heap, map_)
        found = known.get(value)
        if found is None:
            found = known[value] = _name(heap, value)
        if found in _ASK_PROTOTYPE or not _is_base(heap, map_):
            return _by_prototype(heap, map_, known) or found
    except LookupError:
        return "(unreadable)"
    return found


def _is_base(heap: Heap, map_: int) -> bool:
    """Tell whether the constructor was called by itself, not for a class derived of it."""
    constants = heap.constants
    second = heap.read(map_ - 1 + constants.offset("Map", "bit_field2"), 1)[0]
    third = heap.uint32(map_ - 1 + constants.offset("Map", "bit_field3"))
    return bool(second & 1) or bool(third >> IS_PROTOTYPE & 1)


def _by_prototype(heap: Heap, map_: int, known: dict[int, str]) -> str:
    prototype = heap.field(map_, heap.constants.offset("Map", "prototype"))
    chain: list[int] = []
    name = ""
    while len(chain) < _MOST_PROTOTYPES and heap.is_object(prototype):
        if -prototype in known:
            name = known[-prototype]
            break
        chain.append(prototype)
        # A prototype that is a proxy, or null.
        if not heap.type_name(prototype).startswith("JS") or heap.is_type(prototype, "JSProxy"):
            break
        function = own_value(heap, prototype, "constructor")
        if function is not None and heap.is_function(function):
            name = heap.function_name(function)
            break
        prototype = heap.field(heap.map_of(prototype), heap.constants.offset("Map", "prototype"))
    for one in chain:
        known[-one] = name
    return name


def _constructor(heap: Heap, map_: int) -> int:
    """Follow back pointers to the first Map of a tree, which holds the constructor."""
    offset = heap.constants.offset("Map", "constructor_or_back_pointer")
    value = map_
    for _ in range(_MOST_BACK_POINTERS):
        value = heap.field(value, offset)
        if not heap.is_type(value, "Map"):
            break
    # A function whose prototype is no object stands in a pair with that prototype.
    return heap.field(value, 8) if heap.is_type(value, "Tuple2") else value


def _name(heap: Heap, value: int) -> str:
    if heap.is_function(value):
        return heap.function_name(value) or "(anonymous)"
    if heap.is_type(value, "FunctionTemplateInfo"):
        for word in range(1, _TEMPLATE_WORDS):
            name = heap.field(value, 8 * word)
            if heap.is_string(name):
                return heap.string(name, 200) or "(native)"
        return "(native)"
    return NO_CONSTRUCTOR
