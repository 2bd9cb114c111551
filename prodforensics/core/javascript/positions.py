"""V8's packed tables: from an offset in code to a bytecode, from a bytecode to its source."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from prodforensics.core.javascript.words import BadObject, smi

if TYPE_CHECKING:
    from prodforensics.core.javascript.heap import Heap

__all__ = ["FUNCTION_ENTRY", "baseline_bytecode", "byte_array", "source_offset", "unsigned"]

FUNCTION_ENTRY = -1
"""The offset of what runs before the first bytecode."""
_MOST_BYTES = 1 << 26
_MOST_DIGITS = 10
_EXTERNAL = 1
_OFFSET_MASK = (1 << 30) - 1
_PREFIXES = 4
"""The first opcodes are Wide, ExtraWide and their debugging twins: they change the next one."""


def unsigned(data: bytes, at: int) -> tuple[int, int]:
    """Read a number of seven bits a byte, the lowest first; return it and where the next begins.

    Raises
    ------
    BadObject
        It does not end.

    Examples
    --------
    >>> unsigned(bytes([0x05, 0xAC, 0x02]), 1)
    (300, 3)
    """
    value = 0
    for digit in range(_MOST_DIGITS):
        if not 0 <= at < len(data):
            raise BadObject("a packed table ends in the middle of a number")
        byte = data[at]
        value |= (byte & 0x7F) << (7 * digit)
        at += 1
        if byte < 0x80:
            return value, at
    raise BadObject("a number of a packed table does not end")


def _signed(data: bytes, at: int) -> tuple[int, int]:
    value, at = unsigned(data, at)
    return (value >> 1) ^ -(value & 1), at


def source_offset(table: bytes, offset: int) -> int | None:
    """Return where in the script the bytecode at an offset comes from.

    Parameters
    ----------
    table : bytes
        V8's source position table: pairs of signed numbers, each the difference from the pair
        before; the code offset, which begins at -1, is negated less one for expressions.
    offset : int
        Bytes into the bytecodes.

    Returns
    -------
    int or None
        UTF-16 units into the source; None where the table does not tell.

    Raises
    ------
    BadObject
        The table is damaged.

    Examples
    --------
    >>> source_offset(bytes([0x02, 0x14, 0x08, 0x0C]), 2)
    4
    """
    at, code, position, best = 0, FUNCTION_ENTRY, 0, None
    while at < len(table):
        step, at = _signed(table, at)
        move, at = _signed(table, at)
        code += step if step >= 0 else -(step + 1)
        position += move
        if code > offset:
            break
        best = position
    if best is None or best & _EXTERNAL:
        return None
    found = (best >> 1 & _OFFSET_MASK) - 1
    return found if found >= 0 else None


def baseline_bytecode(
    table: bytes, pc_offset: int, bytecodes: bytes, sizes: Sequence[bytes]
) -> int:
    """Return the bytecode that baseline code runs at an offset.

    Parameters
    ----------
    table : bytes
        Unsigned numbers: bytes of the code before the first bytecode, then of each bytecode.
    pc_offset : int
        Bytes into the code, as a return address has it.
    bytecodes : bytes
    sizes : sequence of bytes
        Bytes of each opcode, by scale of its operands.

    Returns
    -------
    int
        Offset of the bytecode; -1 for what runs before the first.

    Raises
    ------
    BadObject
        A table is damaged.

    Examples
    --------
    >>> baseline_bytecode(bytes([4, 6, 5]), 12, bytes([9, 0, 9]), [bytes([0] * 9 + [2])])
    2
    """
    end, at = unsigned(table, 0)
    found, current = FUNCTION_ENTRY, 0
    while end < pc_offset and at < len(table):
        step, at = unsigned(table, at)
        end += step
        found = current
        current += _size(bytecodes, current, sizes)
    if end < pc_offset:
        raise BadObject("the table of baseline code ends before the program counter")
    return found


def _size(bytecodes: bytes, at: int, sizes: Sequence[bytes]) -> int:
    try:
        opcode, scale, prefix = bytecodes[at], 0, 0
        if opcode < _PREFIXES and len(sizes) > 1:
            scale, prefix = 1 + (opcode & 1), 1
            opcode = bytecodes[at + 1]
        size = sizes[scale][opcode]
    except IndexError:
        raise BadObject("baseline code has more bytecodes than its function") from None
    if not size:
        raise BadObject(f"there is no bytecode {opcode}")
    return prefix + size


def byte_array(heap: Heap, array: int) -> bytes:
    """Return what a ByteArray or TrustedByteArray holds.

    Raises
    ------
    LookupError
        It is none, or damaged, or not in the core.
    """
    if not (heap.is_type(array, "ByteArray") or heap.is_type(array, "TrustedByteArray")):
        raise BadObject(f"there is no table of bytes at {array:#x}")
    size = smi(heap.field(array, heap.layout.byte_array_length))
    if not 0 <= size < _MOST_BYTES:
        raise BadObject(f"the table at {array:#x} has {size:,} bytes")
    return heap.read(array - 1 + heap.layout.byte_array_data, size)
