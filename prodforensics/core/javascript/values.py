"""One value of JavaScript in a few words, and as a plain value of Python."""

from __future__ import annotations

import datetime
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prodforensics.core.javascript.constructors import constructor_name
from prodforensics.core.javascript.words import BadObject, smi

if TYPE_CHECKING:
    from prodforensics.core.javascript.heap import Heap

__all__ = [
    "HOLE",
    "Short",
    "date_text",
    "is_private",
    "key_text",
    "raw_short",
    "short",
    "time_text",
]

HOLE = "<empty>"
"""How an element is written that an array does not have."""

_LONGEST = 200
_MOST_DIGITS = 1 << 14
_SYMBOL_FLAGS = 12
_ODDBALLS = {"true": True, "false": False, "null": None, "undefined": None}
_EXACT = 1 << 53
_KINDS = {
    "JSArray": "array",
    "JSMap": "map",
    "JSSet": "set",
    "JSWeakMap": "weak map",
    "JSWeakSet": "weak set",
    "JSWeakRef": "weak reference",
    "JSDate": "date",
    "JSRegExp": "regular expression",
    "JSError": "error",
    "JSTypedArray": "typed array",
    "JSDataView": "data view",
    "JSRabGsabDataView": "data view",
    "JSArrayBuffer": "array buffer",
    "JSPromise": "promise",
    "JSProxy": "proxy",
    "JSBoundFunction": "bound function",
    "JSPrimitiveWrapper": "boxed value",
    "JSFunction": "function",
    "Map": "hidden class",
}


@dataclass(frozen=True)
class Short:
    """A value in short.

    Attributes
    ----------
    kind : str
        number, string, boolean, null, undefined, bigint, symbol, object, array, function, ...;
        of what only V8 sees, its class.
    text : str
        As the console would write it, cut.
    value : object
        Of primitives a plain value of Python; None for the others, for null and undefined.
    """

    kind: str
    text: str
    value: object = None

    @property
    def is_primitive(self) -> bool:
        """Whether there is nothing in it."""
        return self.kind in _PRIMITIVES


_PRIMITIVES = ("number", "string", "boolean", "null", "undefined", "bigint", "symbol", "empty")


def short(heap: Heap, word: int, limit: int = _LONGEST) -> Short:
    """Return a value in short.

    Parameters
    ----------
    heap : Heap
    word : int
        A small integer or a reference.
    limit : int
        Characters of strings.

    Raises
    ------
    LookupError
        It cannot be read.
    """
    if heap.is_smi(word):
        return number(smi(word))
    if not word & 1 or word & 3 == 3:
        return Short("weak reference", "<weak reference>")
    type_ = heap.instance_type(word)
    if heap.is_string(word):
        return _string(heap, word, limit)
    if type_ == heap.layout.bigint_type:
        return bigint(heap, word)
    name = heap.type_name(word)
    if name == "HeapNumber":
        return number(heap.double(word + 7))
    if name == "Oddball":
        return _oddball(heap, word)
    if name == "Hole":
        return Short("empty", HOLE)
    if name == "Symbol":
        return Short("symbol", key_text(heap, word), key_text(heap, word))
    if name == "JSFunction":
        return Short("function", f"function {heap.function_name(word) or '(anonymous)'}")
    kind = _KINDS.get(name, "object" if name.startswith("JS") else name)
    if not name.startswith("JS"):
        return Short(kind, f"<{name}>")
    return Short(kind, _object_text(heap, word, name))


def number(value: float) -> Short:
    """Write a number as JavaScript does."""
    if isinstance(value, float):
        if math.isnan(value):
            return Short("number", "NaN", value)
        if math.isinf(value):
            return Short("number", "Infinity" if value > 0 else "-Infinity", value)
        if value == 0 and math.copysign(1, value) < 0:
            return Short("number", "-0", value)
        if value.is_integer() and abs(value) < _EXACT:
            value = int(value)
    return Short("number", repr(value), value)


def raw_short(value: object) -> Short:
    """Write a plain value that is not of the heap."""
    if isinstance(value, bytes):
        return Short("bytes", value.hex(" "), value.hex())
    if isinstance(value, str):
        return Short("string", repr(value), value)
    return number(value) if isinstance(value, int | float) else Short("string", str(value))


def bigint(heap: Heap, word: int) -> Short:
    """Read a BigInt: a sign and 64-bit digits, the lowest first."""
    bits = heap.uint32(word + 7)
    count = bits >> 1 & 0x3FFFFFFF
    if count > _MOST_DIGITS:
        raise BadObject(f"the BigInt at {word:#x} has {count:,} digits of 64 bits")
    value = int.from_bytes(heap.read(word + 15, 8 * count), "little")
    value = -value if bits & 1 else value
    # Python refuses to write very long numbers in decimals.
    text = f"{value}n" if value.bit_length() < 8192 else f"{value:#x}n"
    return Short("bigint", text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…", value)


def _string(heap: Heap, word: int, limit: int) -> Short:
    length = heap.length(word)
    value = heap.string(word, limit)
    cut = f"… ({length:,} characters)" if length > limit else ""
    return Short("string", f"{value!r}{cut}", value)


def _oddball(heap: Heap, word: int) -> Short:
    text = heap.string(heap.field(word, heap.layout.oddball_to_string), _LONGEST)
    if text in _ODDBALLS:
        kind = "boolean" if text in ("true", "false") else text
        return Short(kind, text, _ODDBALLS[text])
    return Short("empty", HOLE if "hole" in text else f"<{text}>")


def key_text(heap: Heap, key: int, limit: int = _LONGEST) -> str:
    """Write the key of a property: a string as it is, a symbol as ``Symbol(name)``."""
    if heap.is_string(key):
        return heap.string(key, limit)
    if heap.is_smi(key):
        return str(smi(key))
    name = heap.field(key, heap.constants.offset("Symbol", "name"))
    text = heap.string(name, limit) if heap.is_string(name) else ""
    # The name of a private field, such as #count.
    return text if text.startswith("#") and _is_hidden(heap, key) else f"Symbol({text})"


def is_private(heap: Heap, symbol: int) -> bool:
    """Tell whether a symbol is one of V8 itself, such as that of an error's stack."""
    name = heap.field(symbol, heap.constants.offset("Symbol", "name"))
    # The names of private fields have a description.
    return _is_hidden(heap, symbol) and not heap.is_string(name)


def _is_hidden(heap: Heap, symbol: int) -> bool:
    return bool(heap.uint32(symbol - 1 + _SYMBOL_FLAGS) & 1)


def _object_text(heap: Heap, word: int, name: str) -> str:
    constructor = constructor_name(heap, heap.map_of(word))
    if name == "JSArray":
        length = heap.field(word, 24)
        return f"{constructor}({short(heap, length).text})"
    if name == "JSTypedArray":
        return f"{constructor}({heap.word(word - 1 + heap.constants.offset(name, 'length'))})"
    if name in ("JSMap", "JSSet"):
        return f"{constructor}({smi(heap.field(heap.field(word, 24), 16))})"
    if name == "JSDate":
        return f"{constructor} {date_text(heap, word)}"
    if name == "JSProxy":
        return "Proxy"
    return constructor


def date_text(heap: Heap, date: int) -> str:
    """Write what a Date holds, as ``toISOString`` does."""
    place = heap.constants.offset("JSDate", "value")
    if heap.layout.raw_dates:
        return time_text(heap.double(date - 1 + place))
    return time_text(short(heap, heap.field(date, place)).value)


def time_text(milliseconds: object) -> str:
    """Write a time in milliseconds since 1970 as JavaScript's ``toISOString`` does.

    Examples
    --------
    >>> time_text(86400123)
    '1970-01-02T00:00:00.123Z'
    >>> time_text(float("nan"))
    'Invalid Date'
    """
    if not isinstance(milliseconds, int | float) or milliseconds != milliseconds:
        return "Invalid Date"
    try:
        start = datetime.datetime(1970, 1, 1)
        moment = start + datetime.timedelta(milliseconds=float(milliseconds))
    except (OverflowError, ValueError):
        return f"{milliseconds} ms"
    return moment.isoformat(timespec="milliseconds") + "Z"
