"""Which function made an object: what its Map says."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prodforensics.core.javascript.heap import Heap

__all__ = ["NO_CONSTRUCTOR", "constructor_name"]

NO_CONSTRUCTOR = "(no constructor)"

_MOST_BACK_POINTERS = 2000
_TEMPLATE_WORDS = 14


def constructor_name(heap: Heap, map_: int, known: dict[int, str] | None = None) -> str:
    """Return the name of the constructor of a Map's objects.

    Parameters
    ----------
    heap : Heap
    map_ : int
        Tagged.
    known : dict, optional
        Names by constructor that were found before; receives new ones.

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
    except LookupError:
        return "(unreadable)"
    return found


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
