"""What the constants of V8 do not tell, by version.

Offsets are bytes from the start of an object, where its Map stands. They hold for x86-64 builds
without pointer compression, as Node.js ships them; a version that is not in `LAYOUTS` is not
guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["LAYOUTS", "Layout", "layout_of"]

_WHOLE = ("Uint8", "Int8", "Uint16", "Int16", "Uint32", "Int32")
_TYPED = (*_WHOLE, "Float32", "Float64", "Uint8Clamped", "BigUint64", "BigInt64")
_TYPED_13 = (*_WHOLE, "BigUint64", "BigInt64", "Uint8Clamped", "Float32", "Float64", "Float16")


@dataclass(frozen=True)
class Layout:
    """Places in objects of one version of V8.

    Attributes
    ----------
    v8 : str
        Major and minor version.
    node : int
        Major version of Node.js that ships it.
    bytecode_data, bytecode_positions : int
        BytecodeArray: its first byte, its source position table.
    function_shared, function_context, function_cell, function_code : int
        JSFunction.
    shared_trusted_data, shared_data, shared_name, shared_script : int
        SharedFunctionInfo: bytecode or code, what is not compiled yet, name or ScopeInfo, Script.
    scope_first : int
        ScopeInfo: words before what depends on its flags.
    last_function_type : int
        JSFunction: instance types from JS_FUNCTION_TYPE on, less one.
    isolate_entry : int
        Isolate: frame pointer of the last frame of JavaScript that called into C++.
    code_deoptimization, code_positions, code_start, code_size, code_flags : int or None
        Code: deoptimization data or bytecode; positions or bytecode offsets; where its instructions
        are (None: behind its header, at `code_header`); their number (int32); the flags with the
        kind in the low four bits.
    code_header : int
        Where instructions begin in the object that holds them.
    stream_code : int or None
        InstructionStream: its Code; None where Code holds its instructions itself.
    deopt_translation, deopt_literals, deopt_first : int
        Deoptimization data: elements.
    page_flags : int
        Where the flags of a page of the heap stand in it.
    module_scope : int
        ScopeInfo: the type of the scope of a module.
    scope_position : int or None
        ScopeInfo: where its first and last character stand; None where the flags tell.
    typed : tuple of str
        Kinds of elements of typed arrays, in their order.
    raw_dates : bool
        A Date keeps its time as a double, not as a number of JavaScript.
    """

    v8: str
    node: int
    bytecode_data: int
    bytecode_positions: int
    function_shared: int
    function_context: int
    function_cell: int
    function_code: int
    shared_trusted_data: int
    shared_data: int
    shared_name: int
    shared_script: int
    scope_first: int
    last_function_type: int
    isolate_entry: int
    code_deoptimization: int
    code_positions: int
    code_start: int | None
    code_size: int
    code_flags: int
    code_header: int
    stream_code: int | None
    deopt_translation: int
    deopt_literals: int
    deopt_first: int
    page_flags: int
    module_scope: int = 3
    scope_position: int | None = None
    typed: tuple[str, ...] = _TYPED
    raw_dates: bool = False
    script_line_offset: int = 24
    script_column_offset: int = 32
    script_line_ends: int = 56
    script_id: int = 64
    external_data: int = 24
    oddball_to_string: int = 16
    byte_array_length: int = 8
    byte_array_data: int = 16
    bigint_type: int = 129


_OLD = {
    "function_shared": 24,
    "function_context": 32,
    "function_cell": 40,
    "function_code": 48,
    "bytecode_positions": 32,
    "shared_trusted_data": 8,
    "shared_data": 8,
    "shared_name": 16,
    "shared_script": 32,
    "scope_first": 3,
    "code_deoptimization": 16,
    "code_positions": 24,
    "code_flags": 48,
    "deopt_translation": 0,
    "deopt_literals": 2,
    "deopt_first": 11,
    "page_flags": 8,
}
_NEW = _OLD | {
    "function_shared": 32,
    "function_context": 40,
    "function_cell": 48,
    "function_code": 24,
    "bytecode_data": 64,
    "bytecode_positions": 24,
    "code_deoptimization": 8,
    "code_positions": 16,
    "code_start": 40,
    "code_header": 32,
    "stream_code": 8,
    "last_function_type": 16,
    "page_flags": 0,
}

LAYOUTS: dict[str, Layout] = {
    one.v8: one
    for one in (
        Layout(
            **_OLD,
            v8="10.2",
            node=18,
            bytecode_data=56,
            last_function_type=15,
            isolate_entry=0x4538,
            code_start=None,
            code_size=40,
            code_header=128,
            stream_code=None,
        ),
        Layout(
            **_OLD,
            v8="11.3",
            node=20,
            bytecode_data=54,
            last_function_type=15,
            isolate_entry=0x180,
            code_start=40,
            code_size=56,
            code_header=16,
            stream_code=8,
        ),
        Layout(**_NEW, v8="12.4", node=22, isolate_entry=0x110, code_size=52),
        Layout(
            **(
                _NEW
                | {
                    "shared_data": 16,
                    "shared_name": 24,
                    "shared_script": 40,
                    "scope_first": 5,
                    "code_flags": 52,
                    "deopt_literals": 3,
                    "deopt_first": 12,
                    "module_scope": 5,
                    "scope_position": 32,
                    "typed": _TYPED_13,
                    "raw_dates": True,
                }
            ),
            v8="13.6",
            node=24,
            isolate_entry=0x140,
            code_size=56,
        ),
    )
}
"""The layouts that are known, by major and minor version of V8."""


def layout_of(version: str) -> Layout | None:
    """Return the layout of a version of V8; None where it is not known.

    Examples
    --------
    >>> layout_of("12.4.254.21-node.33").node
    22
    >>> layout_of("9.4.146.26-node.26") is None
    True
    """
    match = re.match(r"(\d+\.\d+)\.", version)
    return LAYOUTS.get(match[1]) if match else None
