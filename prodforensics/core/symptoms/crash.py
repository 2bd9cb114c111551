"""The thread that crashed, as findings speak of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from prodforensics._reference import Later
from prodforensics._text import plain
from prodforensics.errors import ForensicsError

if TYPE_CHECKING:
    import pandas as pd

    from prodforensics.core.image import Thread
    from prodforensics.core.model import CoreDump

__all__ = ["Crash", "Operand", "crash_of"]

stack_hash = Later("prodforensics.core.stack_hash")

_NAME = 120
# Where the sources of libraries and of runtimes are, as their packages are built.
_FOREIGN = re.compile(
    r"(?:/rustc/|/usr/(?:include|lib|src|local/go)/|library/(?:std|core|alloc)/|runtime/|\.\./"
    r"|(?:sysdeps|nptl|csu|malloc|stdlib|stdio-common|string|signal|assert|debug|libio|io)/)"
)
_CURRENT = re.compile(r"^=>.*?:\t(.*)$", re.MULTILINE)
_MEMORY = re.compile(r"(?:%[a-z]s:)?-?(?:0x[0-9a-f]+)?\((%\w+)?(?:,(%\w+)?(?:,\d)?)?\)")
_MEMORY_OF_ARM = re.compile(r"\[(\w+)(?:, ([wx]\d+))?[^\]]*\]")
_READING = ("cmp", "test", "bt", "push", "call", "jmp", "lea", "ucomis", "comis", "prefetch")


@dataclass(frozen=True)
class Operand:
    """What the faulting instruction did with memory.

    Parameters
    ----------
    instruction : str
    registers : dict
        The registers that make the address, by gdb's names without ``%``.
    writes : bool
    """

    instruction: str
    registers: dict[str, int]
    writes: bool


class Crash:
    """The thread that got the signal, with its frames.

    Parameters
    ----------
    core : CoreDump
    thread : Thread
    """

    def __init__(self, core: CoreDump, thread: Thread) -> None:
        self.core = core
        self.thread = thread

    @cached_property
    def frames(self) -> pd.DataFrame:
        """Its rows of ``frames``."""
        every = self.core.frames["frames"]
        return every[every["thread_id"] == self.thread.thread_id]

    @cached_property
    def functions(self) -> list[str]:
        """The functions, innermost first."""
        return self.frames["function"].astype(str).tolist()

    @cached_property
    def own(self) -> pd.Series | None:
        """The innermost frame of the program's own source; else of a function of it, or none."""
        if self.frames.empty:
            return None
        files = self.frames["file"].astype(str)
        written = self.frames[(files != "") & ~files.str.match(_FOREIGN)]
        if len(written):
            return written.iloc[0]
        name = stack_hash.first_of_program(self.functions, self.frames["module"].astype(str))
        named = self.frames[self.frames["function"].astype(str) == name] if name else self.frames
        return named.iloc[0]

    @property
    def where(self) -> str:
        """Say where that is: ``discounted at till.c:72``."""
        own = self.own
        if own is None:
            return f"{self.thread.pc:#x}"
        name = str(own["function"])
        if not name:
            module = str(own["module"]).rpartition("/")[2]
            name = f"{int(own['address']):#x}" + (f" of {module}" if module else "")
        place = str(own["file"]).rpartition("/")[2]
        at = f" at {place}:{int(own['line'])}" if place and int(own["line"]) > 0 else ""
        return plain(name, _NAME) + plain(at, _NAME)

    @property
    def rows(self) -> dict[str, list[object]]:
        """The rows that prove it: the signal, the thread, and its frames down to the own one."""
        own = self.own
        last = int(own["frame_index"]) if own is not None else 0
        mine = self.frames[self.frames["frame_index"] <= last]
        return {
            "signal": self.core.frames["signal"].index.tolist(),
            "threads": [self.thread.thread_id],
            "frames": mine.index[-20:].tolist(),
        }

    @cached_property
    def path(self) -> str:
        """Say how the program came there: ``main → checkout → discounted``."""
        own = self.own
        first = int(own["frame_index"]) if own is not None else 0
        outer = self.frames[self.frames["frame_index"] >= first]
        files = outer["file"].astype(str)
        names = outer["function"].astype(str)[(files != "") & ~files.str.match(_FOREIGN)]
        shown = names.tolist()[:6][::-1]
        return " → ".join(plain(name, _NAME) for name in shown)

    @cached_property
    def operand(self) -> Operand | None:
        """What the faulting instruction did with memory; None where that is not known."""
        try:
            text = str(self.core.disassemble(0, thread=self.thread.thread_id))
        except ForensicsError:
            return None
        found = _CURRENT.search(text)
        if not found:
            return None
        instruction = " ".join(found[1].split())
        is_arm = self.core.image.machine.name == "aarch64"
        memory = (_MEMORY_OF_ARM if is_arm else _MEMORY).search(instruction)
        if not memory:
            return None
        names = [name.removeprefix("%") for name in memory.groups() if name]
        registers = {n: self.thread.registers[n] for n in names if n in self.thread.registers}
        if is_arm:
            return Operand(instruction, registers, instruction.startswith("st"))
        stores = memory.end() == len(instruction.split(" <")[0].rstrip())
        reads = instruction.startswith(_READING) or "," not in instruction
        return Operand(instruction, registers, stores and not reads)

    @cached_property
    def code(self) -> str:
        """The source line of the own frame; empty where its file is not there."""
        own = self.own
        if own is None:
            return ""
        number = int(own["frame_index"])
        try:
            text = str(self.core.source(number, thread=self.thread.thread_id))
        except ForensicsError:
            return ""
        lines = [one for one in text.splitlines() if one.startswith("=>")]
        return lines[0].partition("\t")[2].strip() if lines else ""


def crash_of(core: CoreDump) -> Crash | None:
    """Return the thread that crashed; None where none did."""
    return Crash(core, core.image.crashed) if core.image.crashed else None
