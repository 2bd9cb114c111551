"""Values of JavaScript as plain values of Python, as JSON would carry them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prodforensics.core.javascript.inspection import Inspection

__all__ = ["plain_value"]

_LEFT_OUT = ("function", "symbol", "undefined", "empty", "bound function")
_LISTS = ("array", "typed array")


def plain_value(value: Inspection, depth: int) -> object:
    """Return a value as JSON would carry it.

    Parameters
    ----------
    value : Inspection
    depth : int
        So deep; what is deeper becomes its text.
    """
    return _convert(value, depth, frozenset())


def _convert(value: Inspection, depth: int, around: frozenset[int]) -> object:
    if value.is_primitive or value.kind == "bytes":
        return value.value
    if depth <= 0 or value.address in around:
        return value.text
    inside = around | {value.address}

    def of(one: Inspection) -> object:
        return _convert(one, depth - 1, inside)

    if value.kind == "date":
        return value["[[Date]]"].value
    if value.kind == "boxed value":
        return value["[[PrimitiveValue]]"].value
    entries = [part for part in value.parts if part.group == "entry"]
    if value.kind == "map":
        return [[of(part.key), of(part.value)] for part in entries if part.key is not None]
    if value.kind == "set":
        return [of(part.value) for part in entries]
    if value.kind in _LISTS:
        return _list(value, of)
    return {
        part.name: of(part.value)
        for part in value.parts
        if part.group in ("property", "element")
        and not part.note
        and part.value.kind not in _LEFT_OUT
        and not part.name.startswith(("Symbol(", "#"))
    }


def _list(value: Inspection, of: Callable[[Inspection], object]) -> list[object]:
    found = {int(part.name): part.value for part in value.parts if part.group == "element"}
    length = max(found, default=-1) + 1
    if value.kind == "array" and not value.problems:
        told = value["length"].value
        length = max(length, told if isinstance(told, int) else 0)
    # JSON writes null for what is not there; what was left out at the end stays out.
    length = min(length, 2 * len(found) + 1000)
    return [
        None if index not in found or found[index].kind in _LEFT_OUT else of(found[index])
        for index in range(length)
    ]
