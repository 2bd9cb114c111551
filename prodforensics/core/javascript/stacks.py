"""The frames of JavaScript of a thread: what its frames of V8 run, and where."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from prodforensics.core.javascript.frames import PhysicalFrame, physical_frames, start_of
from prodforensics.core.javascript.optimised import NO_TABLES, Optimised
from prodforensics.core.javascript.positions import baseline_bytecode, byte_array, source_offset
from prodforensics.core.javascript.scopes import function_start
from prodforensics.core.javascript.words import BadObject, smi

if TYPE_CHECKING:
    from prodforensics.core.image import Thread
    from prodforensics.core.javascript.code import Code, CodeSpace

__all__ = ["Place", "ScriptFrame", "Stack", "stack_of"]

COMPLETE = "complete"
_INTERPRETERS = (
    "InterpreterEntryTrampoline",
    "InterpreterEnterAtBytecode",
    "InterpreterEnterAtNextBytecode",
    "BaselineOrInterpreterEnterAtBytecode",
    "BaselineOrInterpreterEnterAtNextBytecode",
)
_MOST_ARGUMENTS = 64
_AT_START = "V8 had made no table of its lines: the line is where the function begins"
_NO_INLINING = "functions folded into this one are not told: "


@dataclass(frozen=True)
class Place:
    """Where a frame is in a source.

    Attributes
    ----------
    script : int
        The Script object; 0 for none.
    offset : int
        UTF-16 units into the source; -1 where it is unknown.
    is_start : bool
        It is where the function begins: V8 had not made the table that tells more.
    """

    script: int = 0
    offset: int = -1
    is_start: bool = False


@dataclass(frozen=True)
class ScriptFrame:
    """One call of a function of JavaScript.

    Attributes
    ----------
    physical : PhysicalFrame
        The frame on the stack that it is in.
    tier : str
        interpreted, baseline, maglev, turbofan or builtin.
    is_inlined : bool
        The compiler folded it into the function around it.
    is_construct : bool
        Called by ``new``.
    function, shared : int
        JSFunction (0: it does not exist) and SharedFunctionInfo, tagged.
    receiver : int or None
        The value of ``this`` as a word; None where it is unknown.
    arguments : tuple of int
        As words.
    place : Place
    status : str
        ``complete``, or what is missing and why.
    """

    physical: PhysicalFrame
    tier: str
    is_inlined: bool
    is_construct: bool
    function: int
    shared: int
    receiver: int | None
    arguments: tuple[int, ...] = ()
    place: Place = field(default_factory=Place)
    status: str = COMPLETE


@dataclass(frozen=True)
class Stack:
    """The JavaScript of one thread.

    Attributes
    ----------
    thread_id : int
    frames : tuple of ScriptFrame
        The innermost first.
    physical : tuple of PhysicalFrame
        All frames of V8, those without a function too.
    status : str
        ``complete``, or why the stack ends early.
    how : str
        As in `frames.Start`.
    """

    thread_id: int
    frames: tuple[ScriptFrame, ...]
    physical: tuple[PhysicalFrame, ...]
    status: str
    how: str


def stack_of(space: CodeSpace, thread: Thread) -> Stack | None:
    """Return the JavaScript of a thread; None where it runs none.

    Parameters
    ----------
    space : CodeSpace
    thread : Thread
    """
    start = start_of(space, thread)
    if start is None:
        return None
    reader = _Reader(space)
    found: list[ScriptFrame] = []
    physical: list[PhysicalFrame] = []
    status = COMPLETE
    for one in physical_frames(space, start):
        if isinstance(one, str):
            status = one
            continue
        leaf = thread if not physical and start.how == "registers" else None
        physical.append(one)
        if one.kind == "function":
            found += reader.functions(one, leaf)
        elif one.kind == "BuiltinExitFrame":
            found += reader.native_call(one)
    if not physical:
        return None
    return Stack(thread.thread_id, tuple(found), tuple(physical), status, start.how)


class _Reader:
    """Reads what frames run."""

    def __init__(self, space: CodeSpace) -> None:
        self.space = space
        self.heap = space.heap
        self.layout = space.heap.layout
        self.optimised = Optimised(space)
        constants = self.heap.constants
        self._first = constants.offset("BytecodeArray", "data", self.layout.bytecode_data)

    # -- frames of functions ------------------------------------------------------------------

    def functions(self, one: PhysicalFrame, leaf: Thread | None) -> list[ScriptFrame]:
        """Return the calls that a frame on the stack stands for, the innermost first."""
        heap = self.heap
        try:
            function = heap.word(one.fp + heap.constants["off_fp_function"])
            shared = heap.shared(function)
            receiver, arguments = self._arguments(one.fp)
        except LookupError as error:
            return [self._damaged(one, str(error))]
        tier = self._tier(one, leaf)
        if tier in ("turbofan", "maglev") and one.code is not None:
            whole = ScriptFrame(
                one, tier, False, one.is_construct, function, shared, receiver, arguments
            )
            return self._optimised(whole, one.code)
        place, status = Place(), COMPLETE
        try:
            if tier == "interpreted":
                place = self._place(shared, *self._interpreted(one, leaf))
            elif tier == "baseline" and one.code is not None:
                place = self._place(shared, *self._baseline(one, one.code))
        except LookupError as error:
            place, status = self._start(shared), f"its line is not told: {error}"
        # Without the names of builtins, a frame of the interpreter is told by what is in it, and a
        # builtin by having no source.
        is_told = not self.space.has_symbols and (
            self._is_native(shared) or (tier == "interpreted" and place.offset >= 0)
        )
        if not one.builtin and one.code is None and not is_told:
            status = "its code is not found: it may be any kind, and others may be folded into it"
        if place.is_start and status == COMPLETE:
            status = _AT_START
        return [
            ScriptFrame(
                one,
                tier,
                False,
                one.is_construct,
                function,
                shared,
                receiver,
                arguments,
                place,
                status,
            )
        ]

    def _tier(self, one: PhysicalFrame, leaf: Thread | None) -> str:
        if one.code is not None and one.code.kind != "other":
            return one.code.kind
        if one.builtin in _INTERPRETERS:
            return "interpreted"
        if one.builtin and leaf is None:
            return "builtin"
        # Handlers of bytecodes run in the frame of their function, and so do copies of the entry.
        return "interpreted" if self._has_bytecode(one) else "builtin"

    def _is_native(self, shared: int) -> bool:
        try:
            return self.heap.script(shared) is None
        except LookupError:
            return False

    def _has_bytecode(self, one: PhysicalFrame) -> bool:
        try:
            array = self.heap.word(one.fp + self.heap.constants["off_fp_bytecode_array"])
        except LookupError:
            return False
        return self.heap.is_type(array, "BytecodeArray")

    def _damaged(self, one: PhysicalFrame, why: str) -> ScriptFrame:
        tier = one.code.kind if one.code else "builtin" if one.builtin else "interpreted"
        return ScriptFrame(one, tier, False, one.is_construct, 0, 0, None, status=why)

    def _arguments(self, fp: int) -> tuple[int, tuple[int, ...]]:
        heap = self.heap
        first = fp + heap.constants["off_fp_args"]
        count = heap.word(fp - 24)
        if not 0 < count <= 1 << 16:
            count = 1
        words = [heap.word(first + 8 * at) for at in range(min(count, _MOST_ARGUMENTS + 1))]
        return words[0], tuple(words[1:])

    def native_call(self, one: PhysicalFrame) -> list[ScriptFrame]:
        """Return the builtin of C++ that a frame called: it lies below its arguments."""
        heap = self.heap
        try:
            new_target, function, count = (heap.word(one.fp + at) for at in (16, 24, 32))
            shared = heap.shared(function)
            total = smi(count)
            words = [heap.word(one.fp + 48 + 8 * at) for at in range(max(0, min(total - 4, 65)))]
        except LookupError as error:
            return [self._damaged(one, f"the builtin that was called is not told: {error}")]
        construct = heap.is_function(new_target)
        receiver = words[0] if words else None
        return [
            ScriptFrame(
                one, "builtin", False, construct, function, shared, receiver, tuple(words[1:])
            )
        ]

    # -- places -------------------------------------------------------------------------------

    def _interpreted(self, one: PhysicalFrame, leaf: Thread | None) -> tuple[int, int]:
        heap = self.heap
        constants = heap.constants
        array = heap.word(one.fp + constants["off_fp_bytecode_array"])
        if leaf is not None and one.builtin.endswith("Handler"):
            # While a bytecode runs, its offset is in a register and not yet in the frame.
            raw = leaf.registers.get("r9", 0)
        else:
            word = heap.word(one.fp + constants["off_fp_bytecode_offset"])
            if word & 0xFFFFFFFF:
                raise BadObject("the frame does not say which bytecode runs")
            raw = smi(word)
        return array, raw - self._first + 1

    def _baseline(self, one: PhysicalFrame, code: Code) -> tuple[int, int]:
        heap, layout, sizes = self.heap, self.layout, self.space.tables.sizes
        if not sizes:
            raise BadObject(NO_TABLES)
        array = self._bytecodes(heap.field(code.address, layout.code_deoptimization))
        table = byte_array(heap, heap.field(code.address, layout.code_positions))
        length = smi(heap.field(array, 8))
        if not 0 < length < 1 << 26:
            raise BadObject(f"the function has {length:,} bytes of bytecodes")
        bytecodes = heap.read(array - 1 + self._first, length)
        return array, baseline_bytecode(table, one.pc - code.start, bytecodes, sizes)

    def _bytecodes(self, value: int) -> int:
        """Return the BytecodeArray that a word refers to, by way of code or of the debugger's."""
        heap = self.heap
        for _ in range(3):
            if heap.is_type(value, "BytecodeArray"):
                return value
            if heap.is_type(value, "Code"):
                value = heap.field(value, self.layout.code_deoptimization)
            elif heap.is_type(value, "InterpreterData"):
                value = heap.field(value, 8)
        raise BadObject("its bytecodes are gone")

    def _place(self, shared: int, array: int, offset: int) -> Place:
        heap = self.heap
        script = heap.script(shared)
        if script is None:
            return Place()
        if not heap.is_type(array, "BytecodeArray"):
            raise BadObject("its bytecodes are gone")
        table = heap.field(array, self.layout.bytecode_positions)
        if not heap.is_type(table, "ByteArray") and not heap.is_type(table, "TrustedByteArray"):
            return self._start(shared)
        found = source_offset(byte_array(heap, table), offset)
        return self._start(shared) if found is None else Place(script.address, found)

    def _start(self, shared: int) -> Place:
        """Return where a function begins, for want of more."""
        try:
            script, found = self.heap.script(shared), function_start(self.heap, shared)
        except LookupError:
            return Place()
        if script is None:
            return Place()
        return Place(script.address, -1 if found is None else found, found is not None)

    # -- optimised code -----------------------------------------------------------------------

    def _optimised(self, whole: ScriptFrame, code: Code) -> list[ScriptFrame]:
        """Return the calls that were folded into a frame, and the frame itself at the end."""
        try:
            calls = self.optimised.calls(code, whole.physical.pc, whole.physical.fp)
            if calls[0].shared != whole.shared:
                raise BadObject("the data that tell them are of another function")
        except LookupError as error:
            # The frame itself tells its function, though not the line.
            place = self._start(whole.shared)
            return [replace(whole, place=place, status=f"{_NO_INLINING}{error}")]
        found = []
        for depth, call in enumerate(calls):
            place, status = Place(), COMPLETE
            try:
                if call.is_function:
                    array = call.bytecode or self._bytecodes(
                        self.heap.field(call.shared, self.layout.shared_trusted_data)
                    )
                    place = self._place(call.shared, array, call.offset)
            except LookupError as error:
                place, status = self._start(call.shared), f"its line is not told: {error}"
            if place.is_start and status == COMPLETE:
                status = _AT_START
            if depth == 0:
                found.append(replace(whole, place=place, status=status))
                continue
            found.append(
                ScriptFrame(
                    whole.physical,
                    code.kind if call.is_function else "builtin",
                    True,
                    call.is_construct,
                    call.function,
                    call.shared,
                    call.receiver,
                    place=place,
                    status=status,
                )
            )
        return found[::-1]
