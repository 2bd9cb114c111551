"""Runs inside gdb: how to leave a function of code that has no unwind tables."""

from __future__ import annotations

from typing import Any

__all__ = ["unwinder"]

_LARGEST = 1 << 24
"""Bytes that one frame takes at the most."""
_KEPT = ("r12", "r13", "r14", "r15", "rbx")
_KEPT_AT = -24
"""Where JSEntry of V8 keeps the registers of C++: below the kind of the frame and a free word."""


def unwinder(
    gdb: Any, parts: tuple[tuple[int, int], ...], entries: tuple[tuple[int, int], ...]
) -> Any:
    """Return an unwinder for gdb; on x86-64 alone it finds any frame.

    Parameters
    ----------
    gdb : module
    parts, entries : tuple of (start, end)
        As in `interface.FramePointerCode`.
    """
    from gdb.unwinder import Unwinder

    class FrameId:
        """What makes a frame another than those before it."""

        def __init__(self, sp: Any, pc: Any) -> None:
            self.sp = sp
            self.pc = pc

    class FramePointers(Unwinder):
        """Takes the caller's registers from where the frame pointer leads."""

        def __init__(self) -> None:
            super().__init__("frame pointers")
            self.word = gdb.lookup_type("unsigned long")
            self.memory = gdb.selected_inferior()

        def __call__(self, pending: Any) -> Any:
            try:
                pc, sp, fp = (self.register(pending, name) for name in ("rip", "rsp", "rbp"))
            except ValueError:
                return None  # Another machine has other registers.
            if not _inside(pc, parts) or fp & 7 or not sp <= fp < sp + _LARGEST:
                return None
            try:
                found = {"rip": self.read(fp + 8), "rbp": self.read(fp)}
                if _inside(pc, entries):
                    for number, name in enumerate(_KEPT):
                        found[name] = self.read(fp + _KEPT_AT - 8 * number)
            except gdb.error:
                return None
            caller = self.value(fp + 16)
            info = pending.create_unwind_info(FrameId(caller, self.value(pc)))
            info.add_saved_register("rsp", caller)
            for name, value in found.items():
                info.add_saved_register(name, self.value(value))
            return info

        def register(self, pending: Any, name: str) -> int:
            return int(pending.read_register(name).cast(self.word))

        def read(self, address: int) -> int:
            return int.from_bytes(self.memory.read_memory(address, 8).tobytes(), "little")

        def value(self, number: int) -> Any:
            return gdb.Value(number).cast(self.word)

    return FramePointers()


def _inside(address: int, parts: tuple[tuple[int, int], ...]) -> bool:
    return any(start <= address < end for start, end in parts)
