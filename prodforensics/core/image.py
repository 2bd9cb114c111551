"""What ELF alone tells of a process: threads, registers, signal, modules, memory."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from prodforensics.core.auxiliary import Startup, find_startup
from prodforensics.core.machines import Machine
from prodforensics.core.memory import Memory, Segment
from prodforensics.core.modules import Module, find_modules
from prodforensics.core.notes import CoreNotes, FileMapping
from prodforensics.core.options import Options
from prodforensics.core.regions import file_at, named
from prodforensics.core.signals import Signal
from prodforensics.core.system_calls import system_call

__all__ = ["Image", "Thread"]


@dataclass(frozen=True, eq=False)
class Thread:
    """A thread as the notes tell it.

    Parameters
    ----------
    thread_id : int
        Counts from 1 in the order of the notes.
    os_tid : int
        Its number for the kernel.
    name : str
        Known of the main thread alone; empty for others.
    signal : str
        The signal it got; empty for none.
    is_crashed : bool
        It is the one that the signal was for.
    machine : Machine
    raw : bytes
        Its registers as the note has them.
    memory : Memory
    """

    thread_id: int
    os_tid: int
    name: str
    signal: str
    is_crashed: bool
    machine: Machine = field(repr=False)
    raw: bytes = field(repr=False)
    memory: Memory = field(repr=False)

    @cached_property
    def registers(self) -> dict[str, int]:
        """Its registers by gdb's names; empty where the machine or the note does not tell them."""
        return self.machine.decode(self.raw)

    @property
    def pc(self) -> int:
        """Program counter; 0 where it is unknown."""
        return self.registers.get(self.machine.pc, 0)

    @property
    def sp(self) -> int:
        """Stack pointer; 0 where it is unknown."""
        return self.registers.get(self.machine.sp, 0)

    @property
    def fp(self) -> int:
        """Frame pointer, if the program keeps one; 0 where it is unknown."""
        return self.registers.get(self.machine.fp, 0)

    @cached_property
    def _call(self) -> tuple[str, str]:
        return system_call(self.machine, self.registers, self.memory.read_some(self.pc - 4, 4))

    @property
    def system_call(self) -> str:
        """Name of the system call that it is in; empty where it is in none."""
        return self._call[0]

    @property
    def state(self) -> str:
        """Say what it was doing: crashed, running, lock, sleep, io, waiting, system call."""
        return "crashed" if self.is_crashed else self._call[1]


class Image:
    """What ELF alone tells of a process.

    Parameters
    ----------
    memory : Memory
    notes : CoreNotes
    auxiliary : dict
        The auxiliary vector, by name.
    options : Options

    Attributes
    ----------
    memory : Memory
    machine : Machine
    auxiliary : dict
    threads : tuple of Thread
        In the order of the notes, as gdb counts them.
    modules : tuple of Module
        In the order of their addresses.
    signal : Signal or None
    """

    def __init__(
        self, memory: Memory, notes: CoreNotes, auxiliary: dict[str, int], options: Options
    ) -> None:
        self.machine: Machine = memory.machine
        self.auxiliary = auxiliary
        self.process = notes.process
        self.files: tuple[FileMapping, ...] = tuple(sorted(notes.files))
        self._auxiliary_bytes = notes.auxiliary
        self._starts = [one.start for one in self.files]
        self.modules: tuple[Module, ...] = _marked(
            find_modules(self.files, _executable(self.files, memory), memory, auxiliary, options),
            self.process.name if self.process else "",
        )
        self._module_starts = [one.start for one in self.modules]
        pointers = [self.machine.decode(one.registers) for one in notes.threads]
        stacks = [one.get(self.machine.sp, 0) for one in pointers]
        stacks.append(auxiliary.get("AT_RANDOM", 0) or auxiliary.get("AT_EXECFN", 0))
        self.memory = Memory(
            memory.core,
            named(
                memory.segments,
                _spans(self.modules),
                auxiliary.get("AT_SYSINFO_EHDR", 0),
                stacks,
            ),
            self.machine,
        )
        self.memory.behind = self._behind
        self.threads: tuple[Thread, ...] = tuple(self._threads(notes))
        self.signal: Signal | None = _signal(self.threads, notes)

    def _threads(self, notes: CoreNotes) -> list[Thread]:
        process = notes.process
        found = []
        for place, one in enumerate(notes.threads):
            main = process is not None and one.os_tid == process.pid
            crashed = place == 0 and one.signal != 0
            found.append(
                Thread(
                    place + 1,
                    one.os_tid,
                    process.name if process and main else "",
                    _signal_name(one.signal) if crashed else "",
                    crashed,
                    self.machine,
                    one.registers,
                    self.memory,
                )
            )
        return found

    # -- who --------------------------------------------------------------------------------------

    @property
    def path(self) -> Path:
        """A path by which another program can open the unpacked core."""
        return self.memory.core.path

    @property
    def pid(self) -> int:
        """Number of the process; 0 where the core does not tell it."""
        if self.process:
            return self.process.pid
        return self.threads[0].os_tid if self.threads else 0

    @cached_property
    def executable(self) -> Module | None:
        """The program itself."""
        for module in self.modules:
            if module.is_executable:
                return module
        return None

    @cached_property
    def program(self) -> str:
        """Name of the program."""
        if self.executable and self.executable.name:
            return self.executable.name
        return (self.process.name if self.process else "") or "a process"

    @cached_property
    def _startup(self) -> Startup | None:
        return find_startup(self._auxiliary_bytes, self.auxiliary, self.memory, self.machine)

    @cached_property
    def command_line(self) -> tuple[str, ...]:
        """The arguments as the stack shows them; else the first 80 bytes that a note has."""
        if self._startup and self._startup.arguments:
            return self._startup.arguments
        return tuple(self.process.arguments.split()) if self.process else ()

    @property
    def environment(self) -> list[tuple[str, str]]:
        """The variables that the process was started with, as (name, value), not masked."""
        return list(self._startup.environment) if self._startup else []

    # -- why --------------------------------------------------------------------------------------

    @property
    def crashed(self) -> Thread | None:
        """The thread that got the signal."""
        return self.threads[0] if self.threads and self.threads[0].is_crashed else None

    @property
    def cause(self) -> str:
        """Say in words why the process died."""
        signal = self.signal
        if signal is None:
            return "no signal: a copy of a running process" if self.threads else "no thread is told"
        where = f" at {signal.address:#x}" if signal.address is not None else ""
        other = signal.sender_pid not in (None, 0, self.pid)
        sender = f", by process {signal.sender_pid}" if other else ""
        return f"{signal.name}{where}, {signal.meaning}{sender}"

    # -- where ------------------------------------------------------------------------------------

    @property
    def mappings(self) -> tuple[Segment, ...]:
        """The address space, in order."""
        return self.memory.segments

    def module_at(self, address: int) -> Module | None:
        """Return the module that an address is in.

        Parameters
        ----------
        address : int
        """
        place = bisect_right(self._module_starts, address) - 1
        if place >= 0 and address < self.modules[place].end:
            return self.modules[place]
        return None

    def _behind(self, address: int) -> tuple[Path, int] | None:
        """Return the file behind read-only memory, where it is surely the same, and the offset."""
        module = self.module_at(address)
        mapping = file_at(self.files, self._starts, address)
        segment = self.memory.segment_at(address)
        if module is None or mapping is None or segment is None or "w" in segment.permissions:
            return None
        if module.matched != "matched" or module.found is None or module.file is None:
            return None
        at = mapping.file_offset + address - mapping.start
        # What the linker made read-only after it wrote to it (RELRO) is not as in the file.
        if not any(start <= at < end for start, end in module.file.constant):
            return None
        return module.found, at

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.memory.behind = self._behind


def _executable(files: Sequence[FileMapping], memory: Memory) -> list[bool]:
    segments = [memory.segment_at(one.start) for one in files]
    return [one is not None and one.permissions.endswith("x") for one in segments]


def _spans(modules: Sequence[Module]) -> list[tuple[int, int]]:
    """Return what the modules claim of the address space, the program first."""
    every = sorted(modules, key=lambda one: not one.is_executable)
    return [(one.start, max(one.end, one.start + one.span)) for one in every]


def _signal_name(number: int) -> str:
    return Signal.of(0, number, None, 0, 0).name


def _signal(threads: Sequence[Thread], notes: CoreNotes) -> Signal | None:
    if not threads or not threads[0].is_crashed:
        return None
    number, info = notes.threads[0].signal, notes.signal
    if info is None or info.number != number:
        return Signal.of(1, number, None, 0, 0)
    return Signal.of(1, number, info.code, info.address, info.sender_pid)


def _marked(modules: tuple[Module, ...], name: str) -> tuple[Module, ...]:
    """Mark the program by the name of the process where nothing else tells it."""
    if not name or any(one.is_executable for one in modules):
        return modules
    chosen = next((one for one in modules if one.name[:15] == name), None)
    return tuple(replace(one, is_executable=True) if one is chosen else one for one in modules)
