"""Display filters: which packets a text such as ``tcp.port == 443 && !icmp`` chooses.

The language is that of Wireshark's display filters (wireshark-filter(4), of version 4.0), over the
columns of packets. A comparison is made for all packets at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from prodforensics.errors import BadOption, UnknownName
from prodforensics.network import filter_values, tables
from prodforensics.network.filter_fields import ELSEWHERE, FIELDS, PRESENCE, TEXT, Field
from prodforensics.network.tcp_analysis import FLAGS

if TYPE_CHECKING:
    import pandas as pd

    from prodforensics.network.model import Capture

__all__ = ["chosen", "matching", "where"]

_TOKENS = re.compile(
    r"""\s*(?:(?P<text>"(?:[^"\\]|\\.)*")
    |(?P<sign>===|!==|==|!=|~=|<=|>=|&&|\|\||\.\.|[<>!(){},&~])
    |(?P<word>(?:(?!\.\.)[\w.:/%*+\-])+))""",
    re.VERBOSE,
)
_SPELLINGS = {
    "&&": "and", "||": "or", "!": "not", "eq": "==", "any_eq": "==", "ne": "!=",
    "all_ne": "!=", "all_eq": "===", "any_ne": "!==", "~=": "!==", "gt": ">", "lt": "<",
    "ge": ">=", "le": "<=", "matches": "~", "bitand": "&", "bitwise_and": "&",
}  # fmt: skip
# By comparison: what it asks of one value, and whether all of them must fulfil it.
_ALL = {"!=", "==="}
_SINGLE = {"===": "==", "!==": "!="}
_COMPARISONS = ("==", "!=", "===", "!==", "<", ">", "<=", ">=", "contains", "~", "in")
_DEEPEST = 100
_FLAGS = ("fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr")
_PROTOCOLS = {"tcp": 6, "udp": 17, "icmp": 1, "icmpv6": 58}

Mask = np.ndarray
Test = Callable[["Capture"], Mask]


def chosen(capture: Capture, text: str) -> pd.DataFrame:
    """Return the packets that a display filter chooses (`schemas.PACKETS`)."""
    return _rows(capture, matching(capture, text))


def matching(capture: Capture, text: str) -> np.ndarray:
    """Return which packets a display filter chooses.

    Parameters
    ----------
    capture : Capture
    text : str

    Returns
    -------
    bool[n]

    Raises
    ------
    BadOption
        It cannot be read, or names what there is not; the message points at the place.
    """
    return _Reader(text).read()(capture)


def where(
    capture: Capture,
    host: str | Iterable[str] | None,
    port: int | Iterable[int] | None,
    stream: int | None,
    protocol: str | int | None,
    flags: str | int | Iterable[str] | None,
) -> pd.DataFrame:
    """Return the packets that fulfil all that is asked (`schemas.PACKETS`)."""
    packets = capture.packets
    mask = np.ones(len(packets), np.bool_)
    if host is not None:
        known = filter_values.hosts(capture, [host] if isinstance(host, str) else list(host))
        known = np.append(known, False)  # -1 is no address
        mask &= known[packets.source] | known[packets.destination]
    if port is not None:
        ports = np.array([port] if isinstance(port, int) else list(port), np.int64)
        mask &= np.isin(packets.source_port, ports) | np.isin(packets.destination_port, ports)
    if stream is not None:
        mask &= packets.stream == stream
    if protocol is not None:
        if isinstance(protocol, str) and protocol.lower() not in _PROTOCOLS:
            raise UnknownName("protocol", protocol, _PROTOCOLS)
        number = protocol if isinstance(protocol, int) else _PROTOCOLS[protocol.lower()]
        mask &= packets.ip_protocol == number
    if flags is not None:
        mask &= _flagged(capture, flags)
    return _rows(capture, mask)


def _flagged(capture: Capture, flags: str | int | Iterable[str]) -> Mask:
    bits, marks = (flags, 0) if isinstance(flags, int) else (0, 0)
    names = [] if isinstance(flags, int) else [flags] if isinstance(flags, str) else flags
    for name in names:
        if name.lower() in _FLAGS:
            bits |= 1 << _FLAGS.index(name.lower())
        elif name.lower() in FLAGS:
            marks |= 1 << FLAGS.index(name.lower())
        else:
            raise UnknownName("flag", name, (*_FLAGS, *FLAGS))
    mask = (capture.packets.tcp_flags & np.uint16(bits & 0xFFFF)) == bits
    return mask & ((capture.tcp.analysis & np.uint16(marks)) == marks) if marks else mask


def _rows(capture: Capture, mask: Mask) -> pd.DataFrame:
    return tables.packets(capture.packets, capture.tcp, np.flatnonzero(mask))


# -- the language ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Token:
    kind: str  # text, sign, word, end
    value: str
    start: int
    end: int

    @property
    def meaning(self) -> str:
        """Its word in one spelling; a quoted text means itself alone."""
        return "" if self.kind == "text" else _SPELLINGS.get(self.value, self.value)


class _Reader:
    """Reads one filter from the left to the right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(self._tokens())
        self.at = 0
        self.depth = 0

    def _tokens(self) -> Iterable[_Token]:
        at, end = 0, len(self.text.rstrip())
        while at < end:
            found = _TOKENS.match(self.text, at)
            if found is None or found.end() == at:
                start = at + len(self.text[at:]) - len(self.text[at:].lstrip())
                what = "the text has no end" if self.text[start] == '"' else "no part of a filter"
                self._wrong(_Token("sign", "", start, start + 1), what)
            kind = str(found.lastgroup)
            yield _Token(kind, found[kind], found.start(kind), found.end(kind))
            at = found.end()
        yield _Token("end", "", end, end + 1)

    def _wrong(self, token: _Token, what: str, hint: str | None = None) -> NoReturn:
        """Raise an error that points at a place in the filter."""
        line = self.text.replace("\n", " ").replace("\t", " ")
        marks = " " * token.start + "^" * max(token.end - token.start, 1)
        raise BadOption(f"{what}\n  {line}\n  {marks}", hint=hint)

    def read(self) -> Test:
        if self.tokens[0].kind == "end":
            self._wrong(self.tokens[0], "the filter is empty", "as in tcp.port == 443")
        test = self._or()
        if self._next.kind != "end":
            self._wrong(self._next, f"{self._next.value!r} is one too many here")
        return test

    @property
    def _next(self) -> _Token:
        return self.tokens[self.at]

    def _take(self, *meanings: str) -> _Token | None:
        token = self._next
        if token.kind == "end" or token.meaning not in meanings:
            return None
        self.at += 1
        return token

    def _or(self) -> Test:
        return self._joined("or", self._and, np.logical_or)

    def _and(self) -> Test:
        return self._joined("and", self._not, np.logical_and)

    def _joined(self, word: str, part: Callable[[], Test], join: np.ufunc) -> Test:
        tests = [part()]
        while self._take(word):
            tests.append(part())
        if len(tests) == 1:
            return tests[0]

        def joined(capture: Capture) -> Mask:
            mask = tests[0](capture)
            for test in tests[1:]:
                mask = join(mask, test(capture))
            return mask

        return joined

    def _not(self) -> Test:
        odd = False
        while self._take("not"):
            odd = not odd
        test = self._group()
        return (lambda capture: ~test(capture)) if odd else test

    def _group(self) -> Test:
        opened = self._take("(")
        if not opened:
            return self._comparison()
        self.depth += 1
        if self.depth > _DEEPEST:
            self._wrong(opened, f"more than {_DEEPEST} parentheses within each other")
        test = self._or()
        if not self._take(")"):
            self._wrong(opened, "this parenthesis is not closed")
        self.depth -= 1
        return test

    def _field(self) -> Field:
        token = self._next
        if token.kind != "word":
            self._wrong(token, "a field's name is expected here", "as in tcp.port or ip.addr")
        self.at += 1
        if token.value not in FIELDS:
            self._unknown(token)
        return FIELDS[token.value]

    def _unknown(self, token: _Token) -> NoReturn:
        name = token.value
        other = ELSEWHERE.get(name) or ELSEWHERE.get(name.partition(".")[0])
        close = (
            get_close_matches(name, FIELDS, n=3)
            or [one for one in FIELDS if one.startswith(name.partition(".")[0] + ".")][:5]
        )
        hint = f"did you mean {' or '.join(close)}?" if close else "as in tcp.port or ip.addr"
        if other:
            hint = f"filters know the headers of packets alone; see {other}"
        self._wrong(token, f"there is no field {name!r}", hint)

    def _comparison(self) -> Test:
        start = self._next
        field = self._field()
        bits = None
        if self._take("&"):
            bits = self._value(field, "&").number
        negated = self._next.meaning == "not" and self.tokens[self.at + 1].meaning == "in"
        self.at += negated
        operator = self._take(*_COMPARISONS)
        if operator is None:
            return lambda capture: filter_values.exists(field.columns(capture), bits)
        if field.kind == PRESENCE:
            self._wrong(start, f"{field.name} has no value: it is there or not", "leave it alone")
        word = operator.meaning
        if word in ("contains", "~") and field.kind != TEXT:
            self._wrong(operator, f"{field.name} is no text", "compare it with == or <")
        wanted = self._set(field) if word == "in" else [self._value(field, word)]
        single = "==" if word == "in" else _SINGLE.get(word, word)

        def compared(capture: Capture) -> Mask:
            columns = filter_values.masked(field.columns(capture), bits)
            masks = [
                (column.there, filter_values.compared(capture, field, column, single, wanted))
                for column in columns
            ]
            return _all(masks) if word in _ALL else _any(masks)

        return (lambda capture: ~compared(capture)) if negated else compared

    def _set(self, field: Field) -> Sequence[filter_values.Value]:
        opened = self._take("{")
        if not opened:
            self._wrong(self._next, "a set is expected here", f"as in {field.name} in {{...}}")
        values = []
        while not self._take("}"):
            if self._next.kind == "end":
                self._wrong(opened, "this set is not closed")
            value = self._value(field, "in")
            values.append(value.up_to(self._value(field, "in")) if self._take("..") else value)
            self._take(",")
        if not values:
            self._wrong(opened, "this set is empty")
        return values

    def _value(self, field: Field, operator: str) -> filter_values.Value:
        token = self._next
        if token.kind not in ("word", "text"):
            self._wrong(token, f"a value of {field.name} is expected here")
        self.at += 1
        other = FIELDS.get(token.value) if token.kind == "word" else None
        if other is not None and operator not in ("in", "&", "contains", "~"):
            if other.kind != field.kind or other.kind == PRESENCE:
                self._wrong(token, f"{other.name} cannot be compared with {field.name}")
            return filter_values.Value(field=other)
        text = filter_values.unquoted(token.value) if token.kind == "text" else token.value
        try:
            return filter_values.parsed(field, text, operator, quoted=token.kind == "text")
        except ValueError as error:
            self._wrong(token, f"{token.value} is no value of {field.name}", str(error))


def _any(masks: list[tuple[Mask, Mask]]) -> Mask:
    found = masks[0][0] & masks[0][1]
    for there, fulfilled in masks[1:]:
        found |= there & fulfilled
    return found


def _all(masks: list[tuple[Mask, Mask]]) -> Mask:
    some, every = masks[0][0].copy(), ~masks[0][0] | masks[0][1]
    for there, fulfilled in masks[1:]:
        some |= there
        every &= ~there | fulfilled
    return some & every
