"""What every debugger answers, whichever it is.

gdb, lldb and drgn run in processes of their own, under limits of time and memory: debug
information is as hostile as any other evidence. Here stand the values that pass between them and
the room.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

__all__ = ["Answer", "Debugger", "FramePointerCode", "Limits", "Stacks", "Target"]


@dataclass(frozen=True)
class Limits:
    """What one debugger may take.

    Parameters
    ----------
    seconds : float
        Wall time of one question.
    memory_bytes : int
        Address space beside what the core and the files of the program need.
    """

    seconds: float = 120.0
    memory_bytes: int = 6 * 2**30


@dataclass(frozen=True)
class FramePointerCode:
    """Code without unwind tables whose frames are chained by the frame pointer.

    Parameters
    ----------
    parts : tuple of (start, end)
    entries : tuple of (start, end)
        Those of V8 that C++ calls: they keep its registers at the head of their frames.
    """

    parts: tuple[tuple[int, int], ...] = ()
    entries: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Target:
    """The files that a debugger is given. None of them is of another build than the process.

    Parameters
    ----------
    core : Path
        The unpacked core.
    executable : Path or None
        The program; None where no file is known to be it.
    sysroot : Path
        Folder in which the libraries stand below the paths that the process had them at.
    files : mapping of str to Path
        The same, path of the process to file: program and libraries.
    debug_dirs : tuple of Path
        Where separate debug information is looked for.
    threads : int
        How many there are.
    frame_pointer_code : FramePointerCode
    is_foreign : bool
        This processor runs none of its programs.
    """

    core: Path
    executable: Path | None
    sysroot: Path
    files: Mapping[str, Path] = field(default_factory=dict)
    debug_dirs: tuple[Path, ...] = ()
    threads: int = 0
    frame_pointer_code: FramePointerCode = FramePointerCode()
    is_foreign: bool = False


@dataclass
class Stacks:
    """All frames of all threads, one list a column; names are numbers into tables.

    Attributes
    ----------
    debugger : str
        Who told.
    tids : list of int
        What the kernel calls each thread, in the debugger's order.
    names : list of str
        Names of the threads, where the debugger knows them.
    ends : list of str
        Why each stack ended: ``complete``, or the reason in words.
    depths : list of int
        Frames of each thread.
    strings : list of str
        Every name once; the first is empty.
    address : list of int
        Program counter.
    function, file, line, column, inline : list of int
        Of each frame, all threads one after the other. `function` and `file` are indices into
        `strings`; -1 stands for an unknown line or column; `inline` is 0, 1, 2 for the frame
        of a signal, or 3 for a function that ended with a call, which gdb works out.
    variables : dict
        Columns ``row`` (of the frame), ``argument`` (0 or 1), ``name``, ``type`` and ``value``
        (indices into `strings`); empty lists where they were not asked for.
    """

    debugger: str
    tids: list[int] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)
    depths: list[int] = field(default_factory=list)
    strings: list[str] = field(default_factory=lambda: [""])
    address: list[int] = field(default_factory=list)
    function: list[int] = field(default_factory=list)
    file: list[int] = field(default_factory=list)
    line: list[int] = field(default_factory=list)
    column: list[int] = field(default_factory=list)
    inline: list[int] = field(default_factory=list)
    variables: dict[str, list[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, debugger: str, told: Mapping[str, Any]) -> Stacks:
        """Return what a debugger's script wrote as JSON."""
        return cls(debugger, **{name: told[name] for name in _COLUMNS})

    def extend(self, more: Stacks) -> None:
        """Add the threads that another process of the same debugger told."""
        rows, known = len(self.address), {text: i for i, text in enumerate(self.strings)}
        number = [known.setdefault(text, len(known)) for text in more.strings]
        self.strings = list(known)
        for name in ("tids", "names", "ends", "depths", "address", "line", "column", "inline"):
            getattr(self, name).extend(getattr(more, name))
        for mine, theirs in (
            (self.function, more.function),
            (self.file, more.file),
            *((self.variables[one], more.variables[one]) for one in ("name", "type", "value")),
        ):
            mine.extend([number[one] for one in theirs])
        self.variables["row"].extend([rows + one for one in more.variables["row"]])
        self.variables["argument"].extend(more.variables["argument"])


_COLUMNS = (
    *("tids", "names", "ends", "depths", "strings", "address"),
    *("function", "file", "line", "column", "inline", "variables"),
)


@dataclass(frozen=True)
class Answer:
    """The value of an expression as the debugger writes it."""

    type: str
    value: str


class Debugger(Protocol):
    """One debugger with one core open.

    Threads are named by `os_tid` here, frames by their number.
    """

    name: str

    def stacks(self, variables: bool) -> Stacks:
        """Walk every thread."""

    def backtrace(self, tid: int, full: bool) -> str:
        """Return the stack as the debugger itself prints it; raises `NotOffered` if it is none."""

    def evaluate(self, expression: str, tid: int, frame: int) -> Answer:
        """Return the value of an expression that was found to be read-only."""

    def disassemble(self, tid: int, frame: int) -> str:
        """Return the instructions of the frame's function."""

    def close(self) -> None:
        """End its process."""
