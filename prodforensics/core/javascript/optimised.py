"""Optimised code of Maglev and TurboFan: which calls one frame of it stands for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prodforensics.core.javascript.deoptimization import (
    Opcodes,
    TranslatedFrame,
    opcodes_of,
    safepoints,
    translated,
)
from prodforensics.core.javascript.positions import byte_array
from prodforensics.core.javascript.words import BadObject, smi

if TYPE_CHECKING:
    from prodforensics.core.javascript.code import Code, CodeSpace

__all__ = ["NO_TABLES", "Call", "Optimised"]

NO_TABLES = "the program does not hold the tables that this code is read with"
_MOST_ENTRIES = 1 << 20
_MOST_SAFEPOINT_BYTES = 1 << 20
_ENTRY = 3
_CALLER_SP = 16


@dataclass(frozen=True)
class Call:
    """One call of a function that was folded into another.

    Attributes
    ----------
    is_function : bool
        Else a builtin that goes on after a callback.
    is_construct : bool
        Called by ``new``.
    shared, function : int
        SharedFunctionInfo and JSFunction, tagged; the function is 0 where it does not exist.
    bytecode : int
        BytecodeArray; 0 where the data do not tell it.
    offset : int
        Bytes into the bytecodes.
    receiver : int or None
    """

    is_function: bool
    is_construct: bool
    shared: int
    function: int
    bytecode: int
    offset: int
    receiver: int | None


class Optimised:
    """Reads what V8 keeps for the day when it must give optimised code up."""

    def __init__(self, space: CodeSpace) -> None:
        self.space = space
        self.heap = space.heap
        self.layout = space.heap.layout
        self.opcodes: Opcodes | None = opcodes_of(self.layout.v8, space.tables.counts)

    def calls(self, code: Code, pc: int, fp: int) -> list[Call]:
        """Return the calls of a frame, the outermost first.

        Parameters
        ----------
        code : Code
        pc, fp : int
            Of the frame.

        Raises
        ------
        LookupError
            The data are damaged or not in the core, or tell nothing of this program counter.
        """
        heap, layout, opcodes = self.heap, self.layout, self.opcodes
        if opcodes is None:
            raise BadObject(NO_TABLES)
        data = heap.field(code.address, layout.code_deoptimization)
        length = smi(heap.field(data, 8))
        if not layout.deopt_first <= length < _MOST_ENTRIES:
            raise BadObject("the code holds no data about them")
        entry = self._entry(opcodes, data, length, code, pc - code.start)
        start = smi(self._element(data, entry + 1))
        raw = byte_array(heap, self._element(data, layout.deopt_translation))
        frames = translated(raw, start, opcodes)
        if not frames:
            raise BadObject("the data tell no function")
        return [self._call(data, fp, one) for one in frames]

    def _element(self, array: int, index: int) -> int:
        if not 0 <= index < smi(self.heap.field(array, 8)):
            raise BadObject(f"the list at {array:#x} has no element {index}")
        return self.heap.field(array, 16 + 8 * index)

    def _entry(self, opcodes: Opcodes, data: int, length: int, code: Code, offset: int) -> int:
        """Return which element of the data begins the entry of a call."""
        first = self.layout.deopt_first
        for index in range(first, length - 2, _ENTRY):
            if smi(self._element(data, index + 2)) == offset:
                return index
        header = 16 if code.kind == "maglev" else opcodes.safepoint_header
        raw = self.space.image.memory.read_some(code.start + code.size, _MOST_SAFEPOINT_BYTES)
        for one in safepoints(raw, header):
            # A call that returns into code that was given up meanwhile returns to a trampoline.
            if offset in (one.pc, one.trampoline) and one.entry >= 0:
                index = first + _ENTRY * one.entry
                if index + 2 < length:
                    return index
        raise BadObject("the program counter is not at a call")

    def _call(self, data: int, fp: int, one: TranslatedFrame) -> Call:
        heap = self.heap
        literals = self._element(data, self.layout.deopt_literals)
        shared = _strong(self._element(literals, one.literal))
        if heap.is_type(shared, "SharedFunctionInfoWrapper"):
            shared = heap.field(shared, 8)
        if not heap.is_type(shared, "SharedFunctionInfo"):
            raise BadObject(f"the data name no function at {shared:#x}")
        bytecode = 0
        if one.bytecode >= 0:
            protected = self._element(data, self.layout.deopt_literals - 1)
            bytecode = self._element(protected, one.bytecode)
        values = [self._value(literals, fp, *value) for value in one.values]
        values += [None] * (2 - len(values))
        function, receiver = values[0], values[1]
        if function is None or not heap.is_function(function):
            function = 0
        return Call(
            one.is_function, one.is_construct, shared, function, bytecode, one.offset, receiver
        )

    def _value(self, literals: int, fp: int, kind: str, index: int) -> int | None:
        """Return a value of a translation; None where it is only in a register, or nowhere."""
        try:
            if kind == "literal":
                return _strong(self._element(literals, index))
            if kind == "slot":
                return self.heap.word(fp + _CALLER_SP - 8 * (index + 1))
        except LookupError:
            # The function is told all the same; what is lost is the text of a receiver.
            return None
        return None


def _strong(word: int) -> int:
    """Return a reference, weak or strong, as a strong one."""
    return word & ~3 | 1 if word & 1 else word
