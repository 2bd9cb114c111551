"""The thread that crashed, as findings speak of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from prodforensics._reference import Later
from prodforensics._text import plain
from prodforensics.core.handled_faults import handled_fault
from prodforensics.errors import ForensicsError

if TYPE_CHECKING:
    import pandas as pd

    from prodforensics.core.handled_faults import HandledFault
    from prodforensics.core.image import Thread
    from prodforensics.core.model import CoreDump
    from prodforensics.core.signals import Signal

__all__ = ["NEAR_NULL", "Crash", "Operand", "crash_of", "fault_of"]

NEAR_NULL = 65_536
"""Below this nothing is ever mapped: a pointer to it is null, and a member was meant."""

stack_hash = Later("prodforensics.core.stack_hash")

_NAME = 120
# Where the sources of libraries and of runtimes are, as their packages are built.
_FOREIGN = re.compile(
    r"(?:/rustc/|/usr/(?:include|lib|src|local/go)/|library/(?:std|core|alloc)/|runtime/|\.\./"
    r"|(?:sysdeps|nptl|csu|malloc|stdlib|stdio-common|string|signal|assert|debug|libio|io)/)"
)
_CURRENT = re.compile(r"^=>.*?:\t(.*)$", re.MULTILINE)
_MEMORY = re.compile(
    r"(?P<segment>%[a-z]s:)?(?P<past>-?(?:0x[0-9a-f]+)?)"
    r"\((?P<base>%\w+)?(?:,(?P<index>%\w+)?(?:,(?P<scale>\d))?)?\)"
)
_MEMORY_OF_ARM = re.compile(
    r"\[(?P<base>\w+)(?:, (?P<index>[wx]\d+))?(?:, #(?P<past>-?\w+))?(?P<more>[^\]]*)\]"
)
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
    address : int or None
        What they make; None where that is not plain.
    """

    instruction: str
    registers: dict[str, int]
    writes: bool
    address: int | None = None


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
    def _all_frames(self) -> pd.DataFrame:
        every = self.core.frames["frames"]
        return every[every["thread_id"] == self.thread.thread_id]

    @cached_property
    def handled(self) -> HandledFault | None:
        """The fault that the program's own handler was called for; None where none was."""
        return handled_fault(self.core.image, self.thread, self._all_frames)

    @property
    def handler(self) -> str:
        """Say that a handler was called, and how it ended; empty where none was."""
        ending = self.core.image.signal
        if self.handled is None or ending is None:
            return ""
        return (
            f" The program's own handler was called for {self.handled.signal.name}, and ended it "
            f"with {ending.name}."
        )

    @property
    def signal(self) -> Signal | None:
        """The signal of the fault; that of the core, where no handler stands between."""
        return self.handled.signal if self.handled else self.core.image.signal

    @property
    def address(self) -> int | None:
        """The address of the fault; where no siginfo tells it, that of the instruction."""
        # SI_KERNEL and its kin tell none, as there is none.
        if self.signal is None or self.signal.address is not None or self.signal.code:
            return self.signal.address if self.signal else None
        code = self.core.image.memory.segment_at(self.pc)
        if code is None or not (code.path or "x" in code.permissions):
            return self.pc
        return self.operand.address if self.operand else None

    @property
    def registers(self) -> dict[str, int]:
        """The registers at the fault."""
        return self.handled.registers if self.handled else self.thread.registers

    @property
    def pc(self) -> int:
        """Program counter at the fault; 0 where it is unknown."""
        return self.registers.get(self.thread.machine.pc, 0)

    @property
    def sp(self) -> int:
        """Stack pointer at the fault; 0 where it is unknown."""
        return self.registers.get(self.thread.machine.sp, 0)

    @cached_property
    def frames(self) -> pd.DataFrame:
        """Its rows of ``frames``, from that of the fault on."""
        return self._all_frames[self.handled.frame if self.handled else 0 :]

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
            return f"{self.pc:#x}"
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
            first = self.handled.frame if self.handled else 0
            text = str(self.core.disassemble(first, thread=self.thread.thread_id))
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
        found = memory.groupdict("")
        base, index = (found[part].removeprefix("%") for part in ("base", "index"))
        registers = {n: self.registers[n] for n in (base, index) if n in self.registers}
        address = int(found["past"] or "0", 0) + registers.get(base, 0)
        address += registers.get(index, 0) * int(found.get("scale") or "1")
        is_plain = not found.get("segment") and not found.get("more") and "rip" not in registers
        is_plain = is_plain and len(registers) == len([n for n in (base, index) if n])
        if is_arm:
            writes = instruction.startswith("st")
        else:
            stores = memory.end() == len(instruction.split(" <")[0].rstrip())
            writes = stores and not (instruction.startswith(_READING) or "," not in instruction)
        return Operand(instruction, registers, writes, address % 2**64 if is_plain else None)

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
    """Return the thread that crashed; None where none did. All rules ask the same one."""
    if "_crash" not in core.__dict__:
        crashed = core.image.crashed
        core.__dict__["_crash"] = Crash(core, crashed) if crashed else None
    found: Crash | None = core.__dict__["_crash"]
    return found


def fault_of(core: CoreDump, *names: str) -> tuple[Crash, Signal] | None:
    """Return the thread that crashed and its signal: one of these, that no process sent.

    Parameters
    ----------
    core : CoreDump
    *names : str
        Such as SIGSEGV.
    """
    crash = crash_of(core)
    signal = crash.signal if crash else None
    if crash is None or signal is None or signal.name not in names or signal.is_sent:
        return None
    return crash, signal
