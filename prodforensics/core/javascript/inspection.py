"""One object of JavaScript, opened: its properties, elements, entries, scopes and source."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from prodforensics._text import plain
from prodforensics.core.javascript.constructors import constructor_name
from prodforensics.core.javascript.contents import Raw, elements
from prodforensics.core.javascript.opening import Piece, pieces
from prodforensics.core.javascript.plain_values import plain_value
from prodforensics.core.javascript.properties import shape_of
from prodforensics.core.javascript.values import Short, raw_short, short
from prodforensics.core.masking import mask_value
from prodforensics.errors import BadOption, UnknownName

if TYPE_CHECKING:
    from prodforensics.core.javascript.heap import Heap

__all__ = ["Inspection", "Part", "inspect"]

_SHOWN = 30
_LONGEST = 10_000
_TEXT = 200


@dataclass(frozen=True)
class Part:
    """One thing in an object.

    Attributes
    ----------
    name : str
        Key of a property, index of an element, name of a variable; in double brackets what
        JavaScript itself does not show.
    group : str
        property, element, entry, scope or internal.
    value : Inspection
    key : Inspection or None
        Of entries of a Map.
    note : str
        accessor, not enumerable; or empty.
    """

    name: str
    group: str
    value: Inspection
    key: Inspection | None = None
    note: str = ""


class Inspection:
    """A value of JavaScript as it stands in the core.

    Parameters
    ----------
    heap : Heap
    held : int or Raw
        A word of V8, or a plain value.
    redact : bool
        Mask what may be secret.
    name : str
        What holds it calls it so; a name such as ``password`` masks the value.

    Examples
    --------
    ``order["items"][0]``, ``order.value``, ``order.plain()``, ``order.parts``, ``list(order)``.
    """

    def __init__(self, heap: Heap, held: int | Raw, *, redact: bool = True, name: str = "") -> None:
        self._heap = heap
        self._held = held
        self._redact = redact
        self.name = name
        self._problems: list[str] = []

    @cached_property
    def _short(self) -> Short:
        if isinstance(self._held, Raw):
            return raw_short(self._held.value)
        try:
            return short(self._heap, self._held, _LONGEST)
        except LookupError as error:
            self._problems.append(_message(error))
            return Short("unreadable", "<unreadable>")

    # -- what it is ---------------------------------------------------------------------------

    @property
    def address(self) -> int:
        """Address with V8's tag; 0 for what is no object of the heap."""
        held = self._held
        return held if isinstance(held, int) and held & 3 == 1 else 0

    @property
    def kind(self) -> str:
        """What it is: object, array, function, string, number, ...; V8's class of other things."""
        return self._short.kind

    @property
    def is_primitive(self) -> bool:
        """Whether it is a value with nothing in it."""
        return self._short.is_primitive

    @cached_property
    def _masked(self) -> str | None:
        value = self._short.value
        if isinstance(value, int) and not isinstance(value, bool) and self.kind == "bigint":
            value = str(value)
        if not isinstance(value, str):
            return None
        text, reason = mask_value(self.name, "", value, redact=self._redact)
        return text if reason else None

    @property
    def is_masked(self) -> bool:
        """Whether its value is hidden in part or in whole, as it may be a secret."""
        return self._masked is not None

    @property
    def value(self) -> object:
        """The plain value of a primitive, masked where it may be secret; None for the others."""
        return self._short.value if self._masked is None else self._masked

    @property
    def text(self) -> str:
        """It in short, as a console writes it."""
        return self._short.text if self._masked is None else repr(self._masked)

    @cached_property
    def class_name(self) -> str:
        """V8's class, such as ``"JSArray"``; empty for small integers and plain values."""
        return self._quietly(lambda: self._heap.type_name(self.address)) or ""

    @cached_property
    def constructor(self) -> str:
        """Name of the function that made it; empty for what is no object of JavaScript."""
        return constructor_name(self._heap, self.map) if self.class_name.startswith("JS") else ""

    @cached_property
    def map(self) -> int:
        """Address of its Map (hidden class) with V8's tag; 0 for none."""
        return self._quietly(lambda: self._heap.map_of(self.address)) or 0

    @cached_property
    def size_bytes(self) -> int:
        """Bytes of the object itself; 0 where V8 tells none."""
        return self._quietly(lambda: shape_of(self._heap, self.map).size) or 0

    def _quietly(self, read: Callable[[], int | str]) -> int | str | None:
        if not self.address:
            return None
        try:
            return read()
        except LookupError:
            return None

    # -- what is in it ------------------------------------------------------------------------

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """What is in it, as far as it can be read and is not too much."""
        if not self.address or self.is_primitive:
            return ()
        found = []
        for one in pieces(self._heap, self.address):
            if one.problem:
                self._problems.append(one.problem)
            else:
                found.append(self._part(one))
        return tuple(found)

    def _part(self, one: Piece) -> Part:
        key = None if one.key is None else self._child(one.key, "")
        name = one.name if key is None else str(key.value) if key.is_primitive else key.text
        # Under a name that says so, the texts of an array or of a Map are secret, too.
        known_as = self.name if one.group == "element" else name
        return Part(name, one.group, self._child(one.value, known_as), key, one.note)

    def _child(self, held: int | Raw, name: str) -> Inspection:
        return Inspection(self._heap, held, redact=self._redact, name=name)

    @property
    def problems(self) -> tuple[str, ...]:
        """What of it cannot be read, or was left out, in words."""
        self.parts  # noqa: B018 (reading them finds the problems)
        return tuple(dict.fromkeys(self._problems))

    def _of(self, *groups: str) -> Iterator[Part]:
        return (part for part in self.parts if part.group in groups)

    def __getitem__(self, key: str | int) -> Inspection:
        """Return what is under a name or an index.

        Names of entries of a Map, of variables that a closure keeps and those in double brackets
        count, too.

        Raises
        ------
        UnknownName
        """
        if isinstance(key, int) and key >= 0 and self.class_name.startswith("JS"):
            # An array may be longer than what is listed.
            try:
                for index, held in elements(self._heap, self.address, 1, key):
                    if index == key:
                        return self._child(held, self.name)
            except LookupError as error:
                self._problems.append(_message(error))
        for part in self.parts:
            if part.name == str(key):
                return part.value
        raise UnknownName(f"property of {self.text}", key, [part.name for part in self.parts])

    def __iter__(self) -> Iterator[str]:
        return (part.name for part in self.parts)

    def __len__(self) -> int:
        return len(self.parts)

    def __bool__(self) -> bool:
        return True

    def __contains__(self, key: object) -> bool:
        return any(part.name == str(key) for part in self.parts)

    def plain(self, depth: int = 6, limit: int = 100_000) -> object:
        """Return it as a plain value of Python, as ``JSON.parse(JSON.stringify(it))`` would be.

        Parameters
        ----------
        depth : int
            So deep; what is deeper, and what holds itself, becomes its text.
        limit : int
            So many values; those that follow become their text.

        Returns
        -------
        dict, list, str, int, float, bool or None
            Maps become lists of pairs and Sets lists, which JSON does not have, and sparse arrays
            dicts by index. What JSON leaves out (functions, symbols, what is not enumerable) is
            left out.
        """
        return plain_value(self, depth, limit)

    # -- display ------------------------------------------------------------------------------

    @property
    def headline(self) -> str:
        """What it is and where, in a line."""
        where = f" @ {self.address:#x}" if self.address else ""
        size = f", {self.size_bytes:,} bytes" if self.size_bytes else ""
        what = f" ({self.class_name}{size})" if self.class_name else ""
        return plain(self.text, _TEXT) + where + what

    def _lines(self) -> Iterator[tuple[str, str, str]]:
        """Give group, name and text of what is shown."""
        for part in self.parts[:_SHOWN]:
            inner = part.value
            where = f" @ {inner.address:#x}" if inner.address and not inner.is_primitive else ""
            note = f" ({part.note})" if part.note else ""
            yield part.group, plain(part.name, _TEXT), plain(inner.text, _TEXT) + where + note

    def _rest(self) -> list[str]:
        left = len(self.parts) - _SHOWN
        return [*([f"and {left:,} more"] if left > 0 else []), *self.problems]

    def __repr__(self) -> str:
        lines = [self.headline]
        lines += [f"  {name}: {text}" for _, name, text in self._lines()]
        lines += [f"  ({one})" for one in self._rest()]
        return "\n".join(lines)

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        from html import escape

        from prodforensics.display.cards import card
        from prodforensics.display.theme import styled

        rows = "".join(
            f"<tr><td>{escape(group)}</td><th scope=row>{escape(name)}</th>"
            f"<td>{escape(text)}</td></tr>"
            for group, name, text in self._lines()
        )
        facts = [("kind", self.kind)]
        if self.address:
            facts += [("address", f"{self.address:#x}"), ("class", self.class_name)]
        if self.constructor:
            facts += [("constructor", self.constructor)]
        if self.size_bytes:
            facts += [("bytes", f"{self.size_bytes:,}")]
        table = f'<table class="pf-table"><tbody>{rows}</tbody></table>' if rows else ""
        html = card(
            plain(self.text, _TEXT), "a value of JavaScript", facts, table, "; ".join(self._rest())
        )
        return {"text/plain": repr(self), "text/html": styled(html)}


def _message(error: LookupError) -> str:
    return str(error.args[0]) if error.args else "it cannot be read"


def inspect(heap: Heap, address: int, *, redact: bool = True) -> Inspection:
    """Return what is at an address, with or without V8's tag.

    Raises
    ------
    BadOption
        There is no object of V8.
    """
    tagged = int(address) | 1
    try:
        heap.instance_type(tagged)
    except LookupError as error:
        raise BadOption(
            f"there is no object of V8 at {int(address):#x}: {_message(error)}",
            hint="core.javascript.instances(name) lists objects of a constructor",
        ) from error
    return Inspection(heap, tagged, redact=redact)
