"""The frames of V8 on a stack: from frame to frame, through C++ and back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from prodforensics.core.elf import header, program_headers

if TYPE_CHECKING:
    from prodforensics.core.image import Thread
    from prodforensics.core.javascript.code import Code, CodeSpace

__all__ = ["PhysicalFrame", "Start", "physical_frames", "start_of"]

_MOST_FRAMES = 20_000
_MOST_STACK = 1 << 24
_TLS = 7
_ISOLATE = "_ZN2v88internal18g_current_isolate_E"
_ISOLATE_KEY = "_ZN2v88internal7Isolate12isolate_key_E"
_THREAD_KEYS, _FIRST_KEYS = 0x310, 32
"""glibc on x86-64: where a thread keeps its first values of pthread keys."""
_NEXT_EXIT = -64
"""In the frame where C++ entered JavaScript: the frame of the call to C++ before that."""
_LONGEST_CHAIN = 2000
_MOST_FOREIGN = 64
_EXITS = ("ExitFrame", "BuiltinExitFrame", "ApiCallbackExitFrame", "ApiAccessorExitFrame")
_ENTRIES = ("EntryFrame", "ConstructEntryFrame")
_HEAD = 1 << 16


@dataclass(frozen=True)
class PhysicalFrame:
    """One frame as it is on the stack.

    Attributes
    ----------
    fp, pc : int
        Where it is, and where it goes on; the program counter is 0 where C++ runs above it.
    kind : str
        ``function``, or V8's name of a frame that is none.
    builtin : str
        The builtin that the program counter is in; empty for none.
    code : Code or None
        The compiled code that it is in.
    is_construct : bool
        Its caller called it by ``new``.
    """

    fp: int
    pc: int
    kind: str
    builtin: str = ""
    code: Code | None = None
    is_construct: bool = False


@dataclass(frozen=True)
class Start:
    """Where the walk of a thread begins.

    Attributes
    ----------
    fp, pc : int
        Of the innermost frame of JavaScript.
    how : str
        ``exit`` (V8 said where it called C++), ``registers`` or ``scan`` (the stack was searched).
    exit : int
        The frame of the call to C++; 0 where there is none.
    """

    fp: int
    pc: int
    how: str
    exit: int = 0


def _isolate(space: CodeSpace, thread: Thread) -> int:
    """Return the address of the isolate that runs in a thread; 0 where it is unknown."""
    base = thread.registers.get("fs_base", 0)
    if not base:
        return 0
    memory = space.image.memory
    found = space.binary.symbols("_ZN2v88internal18g_current_isolate_", ".symtab")
    if _ISOLATE in found:
        place = _thread_local(space, found[_ISOLATE].value, base)
        return memory.word(place) if place else 0
    found = space.binary.symbols("_ZN2v88internal7Isolate12isolate_key_", ".symtab")
    if _ISOLATE_KEY in found:
        key = int.from_bytes(memory.read(found[_ISOLATE_KEY].value + space.bias, 4), "little")
        if key < _FIRST_KEYS:
            return memory.word(base + _THREAD_KEYS + 16 * key + 8)
    return 0


def _thread_local(space: CodeSpace, offset: int, base: int) -> int:
    """Return where a thread-local variable of the program itself is; 0 where it is a library's."""
    if space.module is None or not space.module.is_executable:
        return 0
    with space.binary.path.open("rb") as file:
        raw = file.read(_HEAD)
    head = header(raw)
    if head is None:
        return 0
    for one in program_headers(raw, head):
        if one["type"] == _TLS:
            align = max(1, int(one["align"]))
            size = -(-int(one["memsz"]) // align) * align
            return base - size + offset
    return 0


def start_of(space: CodeSpace, thread: Thread) -> Start | None:
    """Return where the JavaScript of a thread begins; None where it runs none.

    V8 keeps where it last called C++. A thread that is in JavaScript itself has it in its
    registers. Where neither is to be had, the stack is searched for such a call.
    """
    memory, sp = space.image.memory, thread.sp
    stack = memory.segment_at(sp)
    end = stack.end if stack else 0
    try:
        isolate = _isolate(space, thread)
    except LookupError:
        isolate = None  # unknown: not the same as none
    exit_ = _exit_of(space, isolate) if isolate else 0
    if exit_ and sp <= exit_ < end and exit_ % 8 == 0:
        return Start(_read(space, exit_), _read(space, exit_ + 8), "exit", exit_)
    if isolate == 0 and space.has_symbols and thread.registers.get("fs_base"):
        return None
    if _is_v8(space, thread.pc):
        return Start(thread.fp, _caller_of_leaf(space, thread), "registers")
    near = _by_frame_pointers(space, thread.fp, sp, end) if space.has_symbols else None
    if near is not None or (exit_ == 0 and isolate):
        # It is in C++, and V8 knows of no call: what a search finds would be left from before.
        return near
    return _scan(space, sp, end)


def _caller_of_leaf(space: CodeSpace, thread: Thread) -> int:
    """Return the program counter of the frame that a thread's frame pointer names.

    A small builtin has no frame of its own: the address to return to is on the stack still.
    """
    builtin = space.builtin_at(thread.pc)
    back = _read(space, thread.sp)
    if builtin and not builtin.endswith("Handler") and space.code_at(back) is not None:
        return back
    return thread.pc


def _exit_of(space: CodeSpace, isolate: int) -> int | None:
    try:
        return space.image.memory.word(isolate + space.heap.layout.isolate_entry)
    except LookupError:
        return None


def _by_frame_pointers(space: CodeSpace, fp: int, sp: int, end: int) -> Start | None:
    """Follow frame pointers through C++ that JavaScript called without telling V8."""
    for _ in range(_MOST_FOREIGN):
        if not sp <= fp < end or fp % 8:
            return None
        next_, pc = _read(space, fp), _read(space, fp + 8)
        if next_ <= fp:
            return None
        if _is_v8(space, pc):
            return Start(next_, pc, "registers") if _reaches_entry(space, next_) else None
        fp = next_
    return None


def _is_v8(space: CodeSpace, pc: int) -> bool:
    return bool(space.builtin_at(pc)) or space.code_at(pc) is not None


def _may_be_v8(space: CodeSpace, pc: int) -> bool:
    """Tell whether an address may be V8's: all code may, where the program names no builtins."""
    if space.has_symbols:
        return _is_v8(space, pc)
    segment = space.image.memory.segment_at(pc)
    return segment is not None and "x" in segment.permissions


def _scan(space: CodeSpace, sp: int, end: int) -> Start | None:
    """Search a stack for the innermost call from JavaScript to C++."""
    kinds = {name: number for number, name in space.heap.constants.frame_types.items()}
    markers = np.array([2 * kinds[name] for name in _EXITS if name in kinds], np.uint64)
    start = sp & ~7
    raw = space.image.memory.read_some(start, min(max(end - start, 0), _MOST_STACK))
    words = np.frombuffer(raw[: len(raw) // 8 * 8], "<u8")
    if len(words) < 3:
        return None
    after, places = words[1:-1], np.arange(1, len(words) - 1)
    sane = (after > start + 8 * places) & (after < end) & (after & 7 == 0)
    for place in np.flatnonzero(np.isin(words[:-2], markers) & sane).tolist():
        fp, pc = int(words[place + 1]), int(words[place + 2])
        if _may_be_v8(space, pc) and _reaches_entry(space, fp):
            return Start(fp, pc, "scan", start + 8 * place + 8)
    return None


def _reaches_entry(space: CodeSpace, fp: int) -> bool:
    types, memory = space.heap.constants.frame_types, space.image.memory
    for _ in range(_LONGEST_CHAIN):
        try:
            marker, next_ = memory.word(fp - 8), memory.word(fp)
        except LookupError:
            return False
        if types.get(marker >> 1) in _ENTRIES and not marker & 1:
            return True
        if next_ <= fp:
            return False
        fp = next_
    return False


def physical_frames(space: CodeSpace, start: Start) -> Iterator[PhysicalFrame | str]:
    """Give the frames of V8, the innermost first; a text at the end says why it is not whole.

    Where C++ entered JavaScript, V8 keeps where C++ was called before: C++ is leapt over.
    """
    memory, types = space.image.memory, space.heap.constants.frame_types
    fp, pc, foreign = start.fp, start.pc, 0
    if start.exit:
        yield PhysicalFrame(start.exit, 0, _kind_of(space, start.exit))
    for _ in range(_MOST_FRAMES):
        try:
            marker, next_, back = memory.word(fp - 8), memory.word(fp), memory.word(fp + 8)
        except LookupError:
            yield f"the stack cannot be read at {fp:#x}"
            return
        builtin = space.builtin_at(pc)
        code = None if builtin else space.code_at(pc)
        if not builtin and code is None and space.has_symbols:
            # C++ between frames of V8: the chain of frame pointers leads on, or does not.
            foreign += 1
            if foreign > _LONGEST_CHAIN or next_ <= fp:
                yield "V8's frames end in code that is not V8's"
                return
            fp, pc = next_, back
            continue
        kind = types.get(marker >> 1, "") if not marker & 1 else "function"
        if kind == "function":
            construct = _is_construct(space, next_)
            yield PhysicalFrame(fp, pc, kind, builtin, code, construct)
        else:
            yield PhysicalFrame(fp, pc, kind or "unknown frame", builtin, code)
        if kind in _ENTRIES:
            exit_ = _read(space, fp + _NEXT_EXIT)
            if not exit_:
                return
            if exit_ <= fp:
                yield "the call to C++ before is not where it should be"
                return
            yield PhysicalFrame(exit_, 0, _kind_of(space, exit_))
            fp, pc = _read(space, exit_), _read(space, exit_ + 8)
            if fp <= exit_:
                yield f"the stack cannot be read at {exit_:#x}"
                return
            continue
        if next_ <= fp:
            yield f"the frame at {fp:#x} does not lead outwards"
            return
        fp, pc = next_, back
    yield f"there are more than {_MOST_FRAMES:,} frames"


def _kind_of(space: CodeSpace, fp: int) -> str:
    marker = _read(space, fp - 8)
    return space.heap.constants.frame_types.get(marker >> 1, "") if not marker & 1 else ""


def _is_construct(space: CodeSpace, fp: int) -> bool:
    return _kind_of(space, fp) in ("ConstructFrame", "FastConstructFrame")


def _read(space: CodeSpace, address: int) -> int:
    try:
        return space.image.memory.word(address)
    except LookupError:
        return 0
