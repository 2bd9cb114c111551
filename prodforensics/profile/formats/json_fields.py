"""Fields of JSON values that may hold anything: read by type, what is not as it should be counted.

Python's own loops over the values of a JSON array are left to what runs in C (``map``, ``set``,
numpy); only an array that is damaged is looked at value by value.
"""

from __future__ import annotations

from itertools import chain
from typing import Any

import numpy as np

from prodforensics.gaps import Gap

__all__ = ["Fields", "column"]

# Beyond it, sums and differences of two would not fit 64 bits.
_LIMIT = 2**62
_NUMBERS = {int, float}
_EXCERPT = 80


def column(records: list[dict[str, Any]], key: str) -> list[Any]:
    """Return the value of a key in each object; None where it is missing.

    Examples
    --------
    >>> column([{"ts": 1}, {}], "ts")
    [1, None]
    """
    return [record.get(key) for record in records]


class Fields:
    """Reads fields, and counts by kind what cannot be used.

    A value that is missing (None) is its default, silently; one of another type is its default,
    and counted. In the columns a missing value is counted too, unless it is ``optional``.

    Examples
    --------
    >>> fields = Fields()
    >>> fields.integers([1, "x", 3.0], "samples").tolist()
    [1, 0, 3]
    >>> [(gap.what, gap.lost_records) for gap in fields.gaps]
    [('samples: not a number', 1)]
    """

    def __init__(self) -> None:
        self._lost: dict[str, tuple[int, str]] = {}

    @property
    def gaps(self) -> list[Gap]:
        """One gap for each kind of loss."""
        return [
            Gap(what, lost_records=count, excerpt=excerpt)
            for what, (count, excerpt) in self._lost.items()
        ]

    def lose(self, what: str, count: int = 1, value: object = "") -> None:
        """Count something that cannot be used; the first one of a kind is shown.

        Parameters
        ----------
        what : str
            The same words for the same kind of loss.
        count : int
            Nothing happens if it is 0.
        value : object
            What stood there.
        """
        if count:
            before, excerpt = self._lost.get(what, (0, _excerpt(value)))
            self._lost[what] = (before + int(count), excerpt)

    # -- one value ----------------------------------------------------------------------------

    def record(self, value: object, what: str) -> dict[str, Any]:
        """Return an object; an empty one for anything else."""
        return value if isinstance(value, dict) else self._default(value, {}, what, "an object")

    def items(self, value: object, what: str) -> list[Any]:
        """Return an array; an empty one for anything else."""
        return value if isinstance(value, list) else self._default(value, [], what, "an array")

    def records(self, value: object, what: str) -> list[dict[str, Any]]:
        """Return the objects of an array; what else is in it is counted."""
        items = self.items(value, what)
        if set(map(type, items)) <= {dict}:
            return items
        kept = [one for one in items if type(one) is dict]
        other = next(one for one in items if type(one) is not dict)
        self.lose(f"{what}: not an object", len(items) - len(kept), other)
        return kept

    def text(self, value: object, what: str) -> str:
        """Return a string; an empty one for anything else."""
        return value if isinstance(value, str) else self._default(value, "", what, "text")

    def integer(self, value: object, what: str, default: int = 0) -> int:
        """Return a number rounded to an integer of 64 bits."""
        if type(value) in _NUMBERS and abs(value) < _LIMIT:
            return round(value)
        return self._default(value, default, what, "a number")

    def time(
        self, value: object, unit_ns: int, what: str, default: int | None = None
    ) -> int | None:
        """Return a time, given in units of ``unit_ns``, in integer nanoseconds."""
        if type(value) in _NUMBERS and abs(value) < _LIMIT // unit_ns:
            return round(value * unit_ns)
        return self._default(value, default, what, "a time")

    def _default(self, value: object, default: Any, what: str, kind: str) -> Any:
        if value is not None:
            self.lose(f"{what}: not {kind}", 1, value)
        return default

    # -- columns ------------------------------------------------------------------------------

    def texts(self, value: object, what: str, *, optional: bool = True) -> list[str]:
        """Return an array of strings; what is none becomes an empty one."""
        items = self.items(value, what)
        kinds = set(map(type, items))
        if not kinds <= {str}:
            if not optional or kinds - {str, type(None)}:
                self._lose_others(items, {str, type(None)} if optional else {str}, what, "text")
            items = [one if type(one) is str else "" for one in items]
        return items

    def integers(
        self, value: object, what: str, *, fill: int = 0, optional: bool = False
    ) -> np.ndarray:
        """Return an array of numbers, rounded to integers; what is none becomes ``fill``.

        Returns
        -------
        int64[n]
            As long as the array; empty for what is no array.
        """
        return self._scaled(value, 1, what, fill, optional)

    def times(
        self, value: object, unit_ns: int, what: str, *, fill: int = 0, optional: bool = False
    ) -> np.ndarray:
        """Return an array of times or weights, in units of ``unit_ns``, in integer nanoseconds.

        Returns
        -------
        int64[n]
        """
        return self._scaled(value, unit_ns, what, fill, optional)

    def numbers(self, value: object, what: str) -> np.ndarray:
        """Return an array of numbers with their fractions; what is none becomes 0.

        Returns
        -------
        float64[n]
        """
        return self._scaled(value, None, what, 0, optional=False)

    def lists(self, value: object, what: str) -> tuple[np.ndarray, np.ndarray]:
        """Return an array of arrays of numbers; what is no array counts as an empty one.

        Returns
        -------
        first : int64[n + 1]
            Bounds: list ``i`` is ``item[first[i]:first[i + 1]]``.
        item : int64[m]
            What is no number in a list is -1.
        """
        items = self.items(value, what)
        if not set(map(type, items)) <= {list}:
            self._lose_others(items, {list}, what, "an array")
            items = [one if type(one) is list else [] for one in items]
        first = np.zeros(len(items) + 1, np.int64)
        np.cumsum(np.fromiter(map(len, items), np.int64, len(items)), out=first[1:])
        return first, self.integers(list(chain.from_iterable(items)), what, fill=-1)

    def summable(self, weights: np.ndarray, what: str) -> np.ndarray:
        """Return weights whose sum fits 64 bits: those too large for that become 0.

        Parameters
        ----------
        weights : int64[n]
        """
        if np.abs(weights.astype(np.float64)).sum() < _LIMIT:
            return weights
        large = np.abs(weights) > _LIMIT // len(weights)
        self.lose(f"{what}: too large", np.count_nonzero(large), weights[large][0])
        return np.where(large, 0, weights)

    def _scaled(
        self, value: object, factor: int | None, what: str, fill: int, optional: bool
    ) -> np.ndarray:
        items = self.items(value, what)
        kinds = set(map(type, items))
        bad = None
        if not kinds <= _NUMBERS:
            wanted = _NUMBERS | {type(None)} if optional else _NUMBERS
            if kinds - wanted:
                self._lose_others(items, wanted, what, "a number")
            bad = np.fromiter((type(one) not in _NUMBERS for one in items), np.bool_, len(items))
            items = [one if type(one) in _NUMBERS else 0 for one in items]
        limit = _LIMIT // (factor or 1)
        try:
            # An integer of more than 53 bits must not pass through a double.
            numbers = np.array(items, np.float64 if float in kinds else np.int64)
        except OverflowError:
            numbers = np.array(items, np.float64)
        large = ~((numbers <= limit) & (numbers >= -limit))
        if large.any():
            at = int(np.argmax(large))
            self.lose(f"{what}: too large", np.count_nonzero(large), items[at])
            numbers = np.where(large, 0, numbers)
            bad = large if bad is None else bad | large
        if factor is None:
            numbers = numbers.astype(np.float64, copy=False)
            return numbers if bad is None else np.where(bad, fill, numbers)
        if numbers.dtype == np.float64:
            numbers = np.rint(numbers * factor)
        elif factor != 1:
            numbers = numbers * factor
        numbers = numbers.astype(np.int64, copy=False)
        return numbers if bad is None else np.where(bad, fill, numbers)

    def _lose_others(self, items: list[Any], wanted: set[type], what: str, kind: str) -> None:
        others = [one for one in items if type(one) not in wanted]
        self.lose(f"{what}: not {kind}", len(others), others[0])


def _excerpt(value: object) -> str:
    # repr of a deep or huge value would take as long as it is deep or huge.
    if isinstance(value, dict | list):
        value = f"{type(value).__name__} of {len(value)}"
    text = value[:_EXCERPT] if isinstance(value, str) else str(value)[:_EXCERPT]
    return text.encode("unicode_escape").decode("ascii")
