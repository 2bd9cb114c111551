"""Faults that a handler of the program was called for, read from where the kernel kept them.

Programs that report their own crashes (Breakpad, Abseil, Python's faulthandler) catch the signal
and raise it again, or abort. The core then tells of that second signal. The first one, its address
and the registers at the fault are in the frame that the kernel pushed for the handler: Linux,
``struct rt_sigframe`` of x86-64.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from prodforensics.core.signals import Signal

if TYPE_CHECKING:
    import pandas as pd

    from prodforensics.core.image import Image, Thread

__all__ = ["HandledFault", "handled_fault"]

_SEARCHED = 1 << 20
_REGISTERS = (
    *("r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"),
    *("rdi", "rsi", "rbp", "rbx", "rdx", "rax", "rcx", "rsp", "rip"),
)
# From the address to which the handler returns: ``uc_mcontext``, its ``err``, and ``info``.
_CONTEXT, _ERROR, _INFO = 8 + 40, 8 + 40 + 152, 8 + 304
_FAULTS = ("SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE")
_PAGE_FAULT = 14
# Traps of the processor: number and code of the signal that Linux makes of them.
_TRAPS = {6: (4, 2), 13: (11, 0x80), 17: (7, 1)}


@dataclass(frozen=True)
class HandledFault:
    """A fault whose handler did not return.

    Parameters
    ----------
    signal : Signal
        As the kernel told it to the handler; without a code where nothing of that is left.
    registers : dict
        At the fault, by gdb's names.
    frame : int
        Number of the frame that faulted.
    """

    signal: Signal
    registers: dict[str, int]
    frame: int


def handled_fault(image: Image, thread: Thread, frames: pd.DataFrame) -> HandledFault | None:
    """Return the fault that a thread was handling, the innermost.

    Parameters
    ----------
    image : Image
    thread : Thread
    frames : DataFrame
        Its frames, as in ``frames``.

    Returns
    -------
    HandledFault or None
        None where no fault was being handled. The frames of handlers are known of x86-64 alone.
    """
    if (again := _raised_again(image, thread)) is not None:
        return again
    if image.machine.name != "x86_64" or not thread.sp:
        return None
    kinds = frames["frame_kind"].astype(str).tolist()
    addresses = [int(one) for one in frames["address"]]
    raw = image.memory.read_some(thread.sp, _SEARCHED)
    words = np.frombuffer(raw[: len(raw) // 8 * 8], "<u8")
    for place, kind in enumerate(kinds[:-1]):
        if kind != "signal":
            continue
        for at in np.flatnonzero(words == np.uint64(addresses[place])).tolist():
            found = _read(thread, raw[8 * at :], addresses[place + 1], place + 1)
            if found:
                return found
    return None


def _raised_again(image: Image, thread: Thread) -> HandledFault | None:
    """Return the fault of a handler that raised its own signal, and returned.

    That signal waits until the handler returns to where it came from: the core shows the fault,
    and in its signal a process that sent it to itself, outside of any system call.
    """
    signal = image.signal
    if signal is None or signal.name not in _FAULTS or signal.sender_pid != image.pid:
        return None
    if thread.system_call or not thread.registers:
        return None
    return HandledFault(replace(signal, code="", sender_pid=None), thread.registers, 0)


def _read(thread: Thread, frame: bytes, pc: int, number: int) -> HandledFault | None:
    """Read the kernel's frame, if it is one and holds a fault at this program counter."""
    if len(frame) < _INFO + 24:
        return None
    values = struct.unpack_from(f"<{len(_REGISTERS)}Q", frame, _CONTEXT)
    registers = dict(zip(_REGISTERS, values, strict=True))
    if registers["rip"] != pc:
        return None
    told = _signal(frame)
    if told is None:
        return None
    signal = Signal.of(thread.thread_id, *told, 0)
    if signal.name not in _FAULTS or signal.is_sent:
        return None
    kept = {name: thread.registers[name] for name in ("fs_base",) if name in thread.registers}
    return HandledFault(signal, registers | kept, number)


def _signal(frame: bytes) -> tuple[int, int, int] | None:
    """Return number, code and address of a signal out of the kernel's frame."""
    number, _, code, _, address = struct.unpack_from("<iiiIQ", frame, _INFO)
    if number:
        return number, code, address
    # A handler without SA_SIGINFO gets no siginfo; what the processor said is there.
    error, trap, _, page = struct.unpack_from("<4Q", frame, _ERROR)
    if trap == _PAGE_FAULT:
        return 11, 2 if error & 1 else 1, page
    return (*_TRAPS[trap], 0) if trap in _TRAPS else None
