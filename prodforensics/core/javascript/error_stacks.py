"""What an error object says: its message, and its stack, written out or as V8 recorded it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prodforensics.core.javascript.call_sites import call_text
from prodforensics.core.javascript.constructors import constructor_name
from prodforensics.core.javascript.frames import PhysicalFrame
from prodforensics.core.javascript.positions import byte_array, source_offset
from prodforensics.core.javascript.properties import own_value, properties
from prodforensics.core.javascript.stacks import ScriptFrame
from prodforensics.core.javascript.values import is_private
from prodforensics.core.javascript.words import smi

if TYPE_CHECKING:
    from prodforensics.core.javascript.heap import Heap

__all__ = ["error_stack", "error_text"]

_LONGEST = 20_000
_MOST_FRAMES = 200
_NODE_22 = 22
_OFFSET, _FLAGS = 32, 40
_IS_CONSTRUCT, _IS_ASYNC = 1 << 3, 1 << 5


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
    """Return the frames of an error's stack, innermost first, as Node.js writes them.

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
        if heap.is_type(site, "CallSiteInfo"):
            line = _frame(heap, site)
            if line:
                found.append(line)
    return found


def _frame(heap: Heap, site: int) -> str:
    """Write one recorded call as V8 does; empty where it has no function of JavaScript."""
    code, receiver, function = (heap.field(site, offset) for offset in _fields(heap))
    if not heap.is_function(function):
        return ""
    if not heap.is_type(code, "BytecodeArray"):
        code = 0
    flags = smi(heap.field(site, _FLAGS))
    shared = heap.shared(function)
    frame = ScriptFrame(
        PhysicalFrame(0, 0, ""),
        "interpreted" if code else "builtin",
        is_inlined=False,
        is_construct=bool(flags & _IS_CONSTRUCT),
        function=function,
        shared=shared,
        receiver=receiver,
    )
    name = ("async " if flags & _IS_ASYNC else "") + call_text(heap, frame)
    place = _place(heap, shared, code, smi(heap.field(site, _OFFSET)))
    return f"{name} ({place})" if name else place


def _fields(heap: Heap) -> tuple[int, int, int]:
    """Return where a CallSiteInfo keeps code, receiver and function."""
    return (8, 16, 24) if heap.layout.node >= _NODE_22 else (24, 8, 16)


def _place(heap: Heap, shared: int, code: int, offset: int) -> str:
    script = heap.script(shared)
    if script is None:
        return "<anonymous>"
    at = None
    if code:
        table = heap.field(code, heap.layout.bytecode_positions)
        source = source_offset(byte_array(heap, table), offset)
        at = None if source is None else heap.position(script, source)
    return script.name if at is None else f"{script.name}:{at[0]}:{at[1]}"
