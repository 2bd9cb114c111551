"""What an error object says: its message, and its stack, written out or as V8 recorded it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prodforensics.core.javascript.constructors import constructor_name
from prodforensics.core.javascript.properties import own_value, properties
from prodforensics.core.javascript.values import is_private
from prodforensics.core.javascript.words import BadObject, smi

if TYPE_CHECKING:
    from prodforensics.core.javascript.heap import Heap

__all__ = ["error_stack", "error_text", "source_position"]

_LONGEST = 20_000
_MOST_FRAMES = 200
_MOST_BYTES = 1 << 24
_FIELDS = (8, 16, 24)
"""Where a CallSiteInfo keeps code, receiver and function, in an order that versions change."""
_OFFSET = 32


def error_text(heap: Heap, value: int) -> str:
    """Return what an error prints as: its name and its message.

    Parameters
    ----------
    heap : Heap
    value : int
        An object whose class is JSError, tagged.
    """
    own = own_value(heap, value, "name")
    name = heap.string(own, 200) if own is not None and heap.is_string(own) else ""
    name = name or constructor_name(heap, heap.map_of(value))
    message = own_value(heap, value, "message")
    if message is None or not heap.is_string(message):
        return name
    return f"{name}: {heap.string(message, _LONGEST)}"


def error_stack(heap: Heap, value: int) -> list[str]:
    """Return the frames of an error's stack, innermost first, as ``name (script:line:column)``.

    Parameters
    ----------
    heap : Heap
    value : int
        An object whose class is JSError, tagged.

    Returns
    -------
    list of str
        Empty where the error keeps none.
    """
    for one in properties(heap, value):
        if not heap.is_type(one.key, "Symbol") or not is_private(heap, one.key):
            continue
        held = one.value
        if heap.is_object(held) and heap.type_name(held) in ("ErrorStackData", "StackTraceInfo"):
            held = heap.field(held, 8)
        if heap.is_string(held):
            lines = [line.strip() for line in heap.string(held, _LONGEST).split("\n")]
            found = [line.removeprefix("at ") for line in lines if line.startswith("at ")]
        elif heap.is_type(held, "FixedArray"):
            found = _frames(heap, held)
        else:
            continue
        if found:
            return found
    return []


def _frames(heap: Heap, sites: int) -> list[str]:
    found = []
    for index in range(min(smi(heap.field(sites, 8)), _MOST_FRAMES)):
        site = heap.field(sites, 16 + 8 * index)
        if not heap.is_type(site, "CallSiteInfo"):
            continue
        held = [heap.field(site, offset) for offset in _FIELDS]
        function = next((one for one in held if heap.is_function(one)), 0)
        if not function:
            continue
        code = next((one for one in held if heap.is_type(one, "BytecodeArray")), 0)
        name = heap.function_name(function) or "(anonymous)"
        found.append(f"{name} ({_place(heap, function, code, smi(heap.field(site, _OFFSET)))})")
    return found


def _place(heap: Heap, function: int, code: int, offset: int) -> str:
    script = heap.script(heap.shared(function))
    if script is None:
        return "native"
    if not code:
        return script.name
    at = heap.position(script, source_position(heap, code, offset))
    return script.name if at is None else f"{script.name}:{at[0]}:{at[1]}"


def source_position(heap: Heap, bytecode: int, offset: int) -> int:
    """Return the place in the source of an offset in a BytecodeArray; -1 where it is unknown.

    The table of positions is pairs of variable-length numbers, each the difference to the pair
    before: the offset in the code, negative for expressions, and the position.

    Parameters
    ----------
    heap : Heap
    bytecode : int
        BytecodeArray, tagged.
    offset : int
        Bytes from its first bytecode.
    """
    layout = heap.layout
    table = heap.field(bytecode, layout.bytecode_positions)
    if not heap.is_object(table) or not heap.type_name(table).endswith("ByteArray"):
        return -1
    size = smi(heap.field(table, layout.byte_array_length))
    if not 0 <= size < _MOST_BYTES:
        raise BadObject(f"the table of positions at {table:#x} has {size:,} bytes")
    raw = heap.read(table - 1 + layout.byte_array_data, size)
    found, code, source, at = -1, -1, 0, 0
    while at < size:
        step, at = _number(raw, at)
        code += step if step >= 0 else -(step + 1)
        step, at = _number(raw, at)
        source += step
        if code > offset:
            break
        found = (source >> 1) - 1
    return found


def _number(raw: bytes, at: int) -> tuple[int, int]:
    """Read a signed number, the sign in its lowest bit."""
    bits = shift = 0
    while at < len(raw):
        bits |= (raw[at] & 0x7F) << shift
        shift += 7
        at += 1
        if raw[at - 1] < 0x80:
            break
    return (bits >> 1) ^ -(bits & 1), at
