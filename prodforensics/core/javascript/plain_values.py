"""Values of JavaScript as plain values of Python, as JSON would carry them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prodforensics.core.javascript.inspection import Inspection

__all__ = ["plain_value"]

_LEFT_OUT = ("function", "symbol", "undefined", "empty", "bound function")
_LISTS = ("array", "typed array")
_HIDDEN = ("Symbol(", "#")
_MOST_HOLES = 1000
"""An array with more that is not there becomes a dict."""


def plain_value(value: Inspection, depth: int, limit: int) -> object:
    """Return a value as JSON would carry it.

    Parameters
    ----------
    value : Inspection
    depth : int
        So deep; what is deeper becomes its text.
    limit : int
        So many values; those that follow become their text.
    """
    return _Converter(limit).convert(value, depth, frozenset())


@dataclass
class _Converter:
    """Converts values as long as there are not too many."""

    left: int

    def convert(self, value: Inspection, depth: int, around: frozenset[int]) -> object:
        self.left -= 1
        if value.is_primitive or value.kind == "bytes":
            return value.value
        if depth <= 0 or self.left <= 0 or value.address in around:
            return value.text
        inside = around | {value.address}

        def of(one: Inspection) -> object:
            return self.convert(one, depth - 1, inside)

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
            found = {int(part.name): part.value for part in value.parts if part.group == "element"}
            length = _length(value, found)
            if length > 2 * len(found) + _MOST_HOLES:
                return {index: of(one) for index, one in found.items()}
            # JSON writes null for what is not there.
            return [
                None if index not in found or found[index].kind in _LEFT_OUT else of(found[index])
                for index in range(length)
            ]
        return {
            part.name: of(part.value)
            for part in value.parts
            if part.group in ("property", "element")
            and not part.note
            and part.value.kind not in _LEFT_OUT
            and not part.name.startswith(_HIDDEN)
        }


def _length(value: Inspection, found: dict[int, Inspection]) -> int:
    """Return how long a list becomes: what was left out at the end stays out."""
    length = max(found, default=-1) + 1
    if value.kind == "array" and not value.problems:
        told = value["length"].value
        length = max(length, told if isinstance(told, int) else 0)
    return length
