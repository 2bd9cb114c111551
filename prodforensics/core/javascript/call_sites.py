"""How V8 writes a call in a stack trace: ``Order.total``, ``new Order``, ``Timeout.f [as g]``."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import TYPE_CHECKING

from prodforensics.core.javascript.constructors import IS_PROTOTYPE, constructor_name
from prodforensics.core.javascript.positions import byte_array, source_offset
from prodforensics.core.javascript.properties import own_value, properties
from prodforensics.core.javascript.scopes import function_start
from prodforensics.core.javascript.words import smi

if TYPE_CHECKING:
    from prodforensics.core.javascript.heap import Heap
    from prodforensics.core.javascript.stacks import ScriptFrame

__all__ = ["call_text", "eval_origin", "is_eval", "is_visible"]

_ANONYMOUS = "<anonymous>"
_CONSTRUCTOR = "constructor"
_MOST_PROTOTYPES = 50
_DEEPEST_EVAL = 10
_NODE_22, _NODE_24 = 22, 24


def call_text(heap: Heap, frame: ScriptFrame) -> str:
    """Return what V8 writes before the place of a call; empty where it writes the place alone.

    Parameters
    ----------
    heap : Heap
    frame : ScriptFrame
    """
    name = _name(heap, frame)
    if frame.is_construct:
        return f"new {name or _ANONYMOUS}"
    if frame.receiver is None or _is_toplevel(heap, frame.receiver):
        return name
    type_ = _type_name(heap, frame.receiver)
    method = _method_name(heap, frame) if frame.function else ""
    if not name:
        return f"{type_}.{method or _ANONYMOUS}" if type_ else method or _ANONYMOUS
    prefix = ""
    if type_ and _is_identifier(name):
        prefix = f"{type_}."
    behind = f" [as {method}]" if method and not _ends_with(heap, name, method) else ""
    return f"{prefix}{name}{behind}"


def _name(heap: Heap, frame: ScriptFrame) -> str:
    try:
        if frame.function:
            name = heap.function_name(frame.function)
        else:
            name = heap.shared_name(frame.shared) if frame.shared else "(unknown function)"
        return name or ("eval" if is_eval(heap, frame) else "")
    except LookupError:
        return "(unreadable)"


def _is_toplevel(heap: Heap, receiver: int) -> bool:
    if heap.is_smi(receiver):
        return False
    if not heap.is_object(receiver):
        return True
    try:
        # undefined, null, and what derived constructors have before they call super().
        return heap.type_name(receiver) in ("JSGlobalProxy", "Oddball", "Hole") and (
            _oddball(heap, receiver) not in ("true", "false")
        )
    except LookupError:
        return True


def _oddball(heap: Heap, value: int) -> str:
    if heap.type_name(value) != "Oddball":
        return ""
    text = heap.field(value, heap.layout.oddball_to_string)
    return heap.string(text, 20) if heap.is_string(text) else ""


def _type_name(heap: Heap, receiver: int) -> str:
    """Return the class of the receiver, as V8 names it; of a class or (V8 13) function its own."""
    try:
        if heap.is_smi(receiver):
            return "Number"
        kind = heap.type_name(receiver)
        if kind == "JSProxy":
            return "Proxy"
        if kind in ("String", "HeapNumber", "Oddball", "Symbol", "BigInt"):
            return {"HeapNumber": "Number", "Oddball": "Boolean"}.get(kind, kind)
        if kind == "JSFunction":
            if heap.layout.node >= _NODE_24 or _is_class(heap, receiver):
                return heap.function_name(receiver) or "Function"
            return "Function"
        tag = _tag(heap, receiver)
        return tag or _constructor(heap, receiver, kind)
    except LookupError:
        return ""


def _constructor(heap: Heap, receiver: int, kind: str) -> str:
    map_ = heap.map_of(receiver)
    third = heap.uint32(map_ - 1 + heap.constants.offset("Map", "bit_field3"))
    if third >> IS_PROTOTYPE & 1:
        # V8 hides the constructors of prototypes in their Maps: their property tells.
        for one in _chain(heap, receiver):
            function = own_value(heap, one, "constructor")
            if function is not None and heap.is_function(function):
                name = heap.shared_name(heap.shared(function))
                if name and name != "Object":
                    return name
        return "Object"
    name = constructor_name(heap, map_)
    if name.startswith("("):
        return "Array" if kind == "JSArray" else "Object"
    return name


def _tag(heap: Heap, receiver: int) -> str:
    """Return what the receiver itself has as Symbol.toStringTag; empty for none."""
    map_ = heap.map_of(receiver)
    second = heap.read(map_ - 1 + heap.constants.offset("Map", "bit_field2"), 1)[0]
    if second & 1 and constructor_name(heap, map_) not in ("Object", "(anonymous)"):
        return ""
    for one in _chain(heap, receiver):
        for each in properties(heap, one):
            if each.is_accessor or not heap.is_type(each.key, "Symbol"):
                continue
            name = heap.field(each.key, heap.constants.offset("Symbol", "name"))
            if heap.is_string(name) and heap.string(name, 40) == "Symbol.toStringTag":
                return heap.string(each.value, 200) if heap.is_string(each.value) else ""
    return ""


def _is_class(heap: Heap, function: int) -> bool:
    """Tell by its source whether a function is a class."""
    shared = heap.shared(function)
    script, start = heap.script(shared), function_start(heap, shared)
    if script is None or start is None:
        return False
    value = heap.field(script.address, heap.constants.offset("Script", "source"))
    if not heap.is_string(value):
        return False
    # What a class writes as its constructor begins there; where it writes none, at the class.
    before = max(0, start - len(_CONSTRUCTOR))
    text = heap.string(value, 2 * len(_CONSTRUCTOR), before)
    return text.startswith(_CONSTRUCTOR) or text[start - before :].startswith(
        ("class", _CONSTRUCTOR)
    )


def _chain(heap: Heap, value: int) -> Iterator[int]:
    """Give an object and its prototypes."""
    offset = heap.constants.offset("Map", "prototype")
    for _ in range(_MOST_PROTOTYPES):
        if not heap.is_object(value) or not heap.type_name(value).startswith("JS"):
            return
        if heap.is_type(value, "JSProxy"):
            return
        yield value
        value = heap.field(heap.map_of(value), offset)


def _method_name(heap: Heap, frame: ScriptFrame) -> str:
    """Return under which property the receiver has the function; empty for none or several."""
    receiver, function = frame.receiver, frame.function
    if receiver is None or not heap.is_object(receiver):
        return ""
    try:
        name = heap.shared_name(frame.shared)
        name = name[4:] if name[:4] in ("get ", "set ") else name
        found: list[str] = []
        for one in _chain(heap, receiver):
            for each in properties(heap, one):
                if not heap.is_string(each.key):
                    continue
                values = [each.value]
                if each.is_accessor and heap.is_type(each.value, "AccessorPair"):
                    values = [heap.field(each.value, 8), heap.field(each.value, 16)]
                if function in values:
                    key = heap.string(each.key, 200)
                    if key == name:
                        return key
                    found.append(key)
        return found[0] if len(found) == 1 else ""
    except LookupError:
        return ""


def _ends_with(heap: Heap, name: str, method: str) -> bool:
    marks = "." if heap.layout.node < _NODE_22 else ". "
    return name == method or (name.endswith(method) and name[-len(method) - 1] in marks)


def _is_identifier(name: str) -> bool:
    """Tell whether a name is an identifier of JavaScript.

    Python's identifiers lack the dollar sign, and have the same letters otherwise.
    """
    return unicodedata.normalize("NFC", name).replace("$", "_").isidentifier()


# -- eval -------------------------------------------------------------------------------------


def is_visible(heap: Heap, frame: ScriptFrame) -> bool:
    """Tell whether V8 shows a frame: functions that Node.js writes in C++ it does not."""
    if frame.tier != "builtin" or not frame.shared:
        return True
    try:
        layout = heap.layout
        data = (
            heap.field(frame.shared, at) for at in (layout.shared_trusted_data, layout.shared_data)
        )
        return not any(heap.is_type(one, "FunctionTemplateInfo") for one in data)
    except LookupError:
        return True


def is_eval(heap: Heap, frame: ScriptFrame) -> bool:
    """Tell whether the script of a frame is the text of an ``eval``."""
    try:
        script = heap.script(frame.shared) if frame.shared else None
        return script is not None and bool(_eval_from(heap, script.address))
    except LookupError:
        return False


def _eval_from(heap: Heap, script: int) -> int:
    """Return the SharedFunctionInfo of what called eval; 0 for other scripts."""
    constants = heap.constants
    offset = constants.offset("Script", "eval_from_shared_or_wrapped_arguments", 72)
    value = heap.field(script, offset)
    return value if heap.is_type(value, "SharedFunctionInfo") else 0


def eval_origin(heap: Heap, script: int, depth: int = 0) -> str:
    """Return where the text of an eval comes from, as V8 writes it; empty for other scripts.

    Parameters
    ----------
    heap : Heap
    script : int
        Tagged.
    depth : int
        So many evals around.
    """
    shared = _eval_from(heap, script)
    if not shared or depth > _DEEPEST_EVAL:
        return ""
    name = heap.shared_name(shared) or _ANONYMOUS
    outer = heap.script(shared)
    if outer is None:
        return f"eval at {name} (unknown source)"
    inner = eval_origin(heap, outer.address, depth + 1)
    if inner:
        return f"eval at {name} ({inner})"
    if not outer.name:
        return f"eval at {name} (unknown source)"
    at = _eval_place(heap, script, shared)
    where = heap.position(outer, at) if at is not None else None
    place = f":{where[0]}:{where[1]}" if where else ""
    return f"eval at {name} ({outer.name}{place})"


def _eval_place(heap: Heap, script: int, shared: int) -> int | None:
    position = smi(heap.field(script, heap.constants.offset("Script", "eval_from_position")))
    if position >= 0:
        return position
    # Negative: an offset in the bytecodes of the caller, which nobody has looked up yet.
    layout = heap.layout
    array = heap.field(shared, layout.shared_trusted_data)
    for _ in range(2):
        if heap.is_type(array, "Code"):
            array = heap.field(array, layout.code_deoptimization)
        if heap.is_type(array, "InterpreterData"):
            array = heap.field(array, 8)
    if not heap.is_type(array, "BytecodeArray"):
        return None
    table = byte_array(heap, heap.field(array, layout.bytecode_positions))
    return source_offset(table, -position)
