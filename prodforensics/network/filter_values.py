"""The values that a display filter compares fields with."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

import numpy as np

from prodforensics.errors import UnknownName
from prodforensics.network.filter_fields import (
    ADDRESS,
    FLAG,
    MOMENT,
    NUMBER,
    SECONDS,
    TEXT,
    Column,
    Field,
    keys,
    names_of,
)

if TYPE_CHECKING:
    from prodforensics.network.model import Capture

__all__ = ["Value", "compared", "exists", "hosts", "masked", "parsed", "unquoted"]

_OPERATORS: dict[str, Callable] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, ">": operator.gt,
    "<=": operator.le, ">=": operator.ge,
}  # fmt: skip
_WORDS = {"true": 1, "false": 0}
_LONGEST = 2**63
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True)
class Value:
    """What stands on the right side: a number, an address, a text, a range, or another field.

    Attributes
    ----------
    number : int
        Of a number, a flag, or a time in ns.
    low, high : bytes
        The first and the last address of a network: 16 bytes, those of IPv4 filled up with zeros.
    text : str
    pattern : re.Pattern or None
        Of ``matches``.
    last : Value or None
        The end of a range.
    field : Field or None
    """

    number: int = 0
    low: bytes = b""
    high: bytes = b""
    text: str = ""
    pattern: re.Pattern[str] | None = None
    last: Value | None = None
    field: Field | None = None

    def up_to(self, last: Value) -> Value:
        """Return the range from this value to another one, both with it."""
        return replace(self, last=last)


def unquoted(text: str) -> str:
    """Take the quotes off."""
    return _ESCAPE.sub(r"\1", text[1:-1])


def parsed(field: Field, text: str, comparison: str, *, quoted: bool) -> Value:
    """Read a value of a field.

    Raises
    ------
    ValueError
        It is none; the message says what is one.
    """
    if field.kind == TEXT:
        return Value(text=text, pattern=_pattern(text) if comparison == "~" else None)
    if field.kind == MOMENT:
        return Value(number=_moment(text))
    if quoted:
        raise ValueError("leave out the quotes")
    if field.kind == ADDRESS:
        return _address(text, field.version, comparison)
    if field.kind == SECONDS:
        return Value(number=_seconds(text))
    if field.kind == FLAG and text.lower() in _WORDS:
        return Value(number=_WORDS[text.lower()])
    return Value(number=_number(text))


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text, re.IGNORECASE)
    except re.error as error:
        raise ValueError(f"as a regular expression: {error}") from error


def _moment(text: str) -> int:
    import pandas as pd

    try:
        stamp = pd.Timestamp(text)
    except ValueError as error:
        raise ValueError('as in "2026-01-31 12:00:00.5"') from error
    if stamp is pd.NaT:
        raise ValueError('as in "2026-01-31 12:00:00.5"')
    stamp = stamp.tz_localize("UTC") if stamp.tzinfo is None else stamp
    return int(stamp.as_unit("ns").value)


def _seconds(text: str) -> int:
    try:
        value = Decimal(text) * 10**9
        if abs(value) < _LONGEST:
            return round(value)
    except InvalidOperation:
        pass
    raise ValueError("seconds, as in 0.25")


def _number(text: str) -> int:
    # As in C, a zero before a number means octal.
    octal = re.fullmatch(r"-?0[0-7]+", text)
    try:
        value = int(text, 8) if octal else int(text, 0)
    except ValueError:
        value = _LONGEST
    if abs(value) >= _LONGEST:
        raise ValueError("a number, as in 443 or 0x1bb")
    return value


def _address(text: str, version: int, comparison: str) -> Value:
    example = "10.0.0.1 or 10.0.0.0/8" if version == 4 else "fd00::1 or fd00::/8"
    if "/" in text and comparison in ("<", ">", "<=", ">="):
        raise ValueError("a network has no order: give one address")
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"an address of IPv{version}, as in {example}") from None
    if network.version != version:
        raise ValueError(f"the field is of IPv{version}, as in {example}")
    first, last = (one.packed for one in (network[0], network[-1]))
    return Value(low=first.ljust(16, b"\0"), high=last.ljust(16, b"\0"))


def exists(columns: list[Column], bits: int | None) -> np.ndarray:
    """Return which packets have a field, or, of a number, any of some bits."""
    found = np.zeros(len(columns[0].there), np.bool_)
    for column in columns:
        there = column.there
        if bits is not None and column.data is not None:
            there = there & (column.data.astype(np.int64) & bits != 0)
        found |= there
    return found


def masked(columns: list[Column], bits: int | None) -> list[Column]:
    """Return columns of numbers with some of their bits alone."""
    if bits is None:
        return columns
    return [replace(column, data=column.data.astype(np.int64) & bits) for column in columns]


def compared(
    capture: Capture, field: Field, column: Column, comparison: str, wanted: Sequence[Value]
) -> np.ndarray:
    """Return which packets have a value that compares with one of those that are wanted.

    Parameters
    ----------
    capture : Capture
    field : Field
    column : Column
        One of the field's.
    comparison : str
        ``==``, ``!=``, ``<`` ..., ``contains`` or ``~``.
    wanted : sequence of Value

    Returns
    -------
    bool[n]
        Nothing that is meant where the field is not there.
    """
    if wanted[0].field is not None:
        return _with_field(capture, field, column, comparison, wanted[0].field)
    if field.kind in (NUMBER, FLAG, SECONDS, MOMENT):
        return _any(_numbers(column.data, comparison, value) for value in wanted)
    # Of texts and addresses each different one is compared once.
    if field.kind == ADDRESS:
        table = keys(capture)
        mask = _any(_addresses(table, comparison, value) for value in wanted)
        mask &= capture.packets.addresses.version == field.version
    else:
        mask = np.array([_text(word, comparison, wanted) for word in column.words], np.bool_)
    return np.append(mask, False)[column.data]


def _any(masks: Iterable[np.ndarray]) -> np.ndarray:
    return np.logical_or.reduce(list(masks))


def _numbers(values: np.ndarray, comparison: str, value: Value) -> np.ndarray:
    if value.last is not None:
        return (values >= value.number) & (values <= value.last.number)
    return _OPERATORS[comparison](values, value.number)


def _addresses(table: np.ndarray, comparison: str, value: Value) -> np.ndarray:
    if comparison in ("==", "!="):
        last = value.high if value.last is None else value.last.high
        inside = (table >= np.bytes_(value.low)) & (table <= np.bytes_(last))
        return inside if comparison == "==" else ~inside
    return _OPERATORS[comparison](table, np.bytes_(value.low))


def _text(word: str, comparison: str, wanted: Sequence[Value]) -> bool:
    for value in wanted:
        if comparison == "contains":
            fulfilled = value.text in word
        elif value.pattern is not None:
            fulfilled = value.pattern.search(word) is not None
        elif value.last is not None:
            fulfilled = value.text <= word <= value.last.text
        else:
            fulfilled = _OPERATORS[comparison](word, value.text)
        if fulfilled:
            return True
    return False


def _with_field(
    capture: Capture, field: Field, column: Column, comparison: str, other: Field
) -> np.ndarray:
    """Compare with a field; where that has two values one that compares is enough."""
    found = np.zeros(len(column.there), np.bool_)
    every = np.ones(len(column.there), np.bool_)
    for second in other.columns(capture):
        one, two = column.data, second.data
        if field.kind == ADDRESS:
            order = np.append(np.argsort(np.argsort(keys(capture), kind="stable")), -1)
            one, two = order[one], order[two]
        elif field.kind == TEXT:
            order = {word: place for place, word in enumerate({*column.words, *second.words})}
            one, two = (
                np.array([*(order[word] for word in words), -1])[values]
                for words, values in ((column.words, one), (second.words, two))
            )
        fulfilled = _OPERATORS[comparison](one, two)
        found |= second.there & fulfilled
        every &= ~second.there | fulfilled
    return every if comparison == "!=" else found


def hosts(capture: Capture, wanted: Sequence[str]) -> np.ndarray:
    """Return which addresses are meant by addresses, networks or names.

    Raises
    ------
    UnknownName
        Something is none of them.
    """
    found = np.zeros(len(capture.packets.addresses), np.bool_)
    names, version = np.array(names_of(capture), object), capture.packets.addresses.version
    table = keys(capture)
    for one in wanted:
        named = names == one
        try:
            kind = ip_network(one, strict=False).version
        except ValueError:
            if not named.any():
                known = sorted(set(capture.names.values()))
                raise UnknownName("host", one, known or _some(capture)) from None
        else:
            named |= _addresses(table, "==", _address(one, kind, "==")) & (version == kind)
        found |= named
    return found


def _some(capture: Capture) -> list[str]:
    first = capture.packets.addresses.octets[:20], capture.packets.addresses.version[:20]
    return [
        str(ip_address(octets[: 4 if version == 4 else 16].tobytes()))
        for octets, version in zip(*first, strict=True)
    ]
