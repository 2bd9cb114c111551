"""What one asks of a core dump: the verbs of a debugger, and a copy without secrets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prodforensics._reference import Later
from prodforensics.evidence import SourceInfo

if TYPE_CHECKING:
    from prodforensics.core.answers import FrameView, Hexdump, Registers, Text, ThreadView, Value
    from prodforensics.core.image import Image
    from prodforensics.core.options import Options

__all__ = ["Operations", "Origin"]

redaction = Later("prodforensics.core.redaction")
session = Later("prodforensics.core.session")
verbs = Later("prodforensics.core.verbs")


@dataclass(frozen=True)
class Origin(SourceInfo):
    """Where a core dump comes from; called, the source lines of a frame."""

    lines: Callable[..., Text] = field(kw_only=True, repr=False, compare=False)

    def __call__(
        self, frame: int = 0, root: str | Path | None = None, *, thread: int | None = None
    ) -> Text:
        """Return the source lines around the line of a frame.

        Parameters
        ----------
        frame : int
            0 is the innermost.
        root : str or Path, optional
            Folder of the sources; a file is found in it by the end of its path. By default the
            path that the debug information tells.
        thread : int, optional
            By default the one that crashed.

        Raises
        ------
        SourceError
            The line or its file is unknown.
        """
        return self.lines(frame, root, thread=thread)


class Operations:
    """The methods of `CoreDump` that ask a debugger or memory, and that write files.

    A debugger is started when the first of them needs it, in a process of its own; it stays for
    the next ones, and ends with the core dump or with `close`. Threads count from 1, frames from
    0 for the innermost, as gdb counts.
    """

    image: Image
    options: Options

    # -- stacks -------------------------------------------------------------------------------

    def backtrace(self, thread: int | None = None, full: bool = False) -> Text:
        """Return the stack of a thread as gdb prints it (``bt``, ``bt full``).

        Parameters
        ----------
        thread : int, optional
            As in ``frames["threads"]``; by default the one that crashed.
        full : bool
            Whether local variables stand below each frame. Secrets in them and in arguments are
            masked, unless the core was loaded with ``redact=False``.

        Raises
        ------
        UnknownName
            There is no such thread.
        MissingTool
            No debugger is installed.
        """
        return verbs.backtrace(self, thread, full)

    def thread(self, number: int) -> ThreadView:
        """Return one thread with its frames (gdb: ``thread N``).

        Raises
        ------
        UnknownName
            There is no such thread.
        """
        return verbs.thread(self, number)

    def frame(self, number: int = 0, thread: int | None = None) -> FrameView:
        """Return one frame of a thread with its variables (gdb: ``frame N``, ``info locals``).

        Raises
        ------
        UnknownName
            There is no such thread or frame.
        """
        return verbs.frame(self, number, thread)

    def evaluate(self, expression: str, frame: int = 0, thread: int | None = None) -> Value:
        """Return the value of an expression where a frame stands (gdb: ``print``).

        Only reading is possible: names, members, ``[]``, ``*``, ``&``, arithmetic, comparisons,
        casts and registers (``$rip``). Nothing of the core is ever run or changed.

        Parameters
        ----------
        expression : str
            In the language of the program.
        frame : int
        thread : int, optional
            By default the one that crashed.

        Raises
        ------
        BadOption
            It calls, assigns, or is no expression; or the debugger cannot tell its value.
        """
        return verbs.evaluate(self, expression, frame, thread)

    def registers(self, thread: int | None = None) -> Registers:
        """Return the registers of a thread (gdb: ``info registers``), without a debugger.

        Raises
        ------
        UnknownName
            There is no such thread.
        """
        return verbs.registers(self, thread)

    def read(self, address: int, size: int) -> Hexdump:
        """Return bytes of memory (gdb: ``x/NNxb``), without a debugger.

        Raises
        ------
        BadOption
            The core does not hold them; the message says how many there are.
        """
        return verbs.read(self, address, size)

    def disassemble(self, frame: int = 0, thread: int | None = None) -> Text:
        """Return the instructions of the function of a frame, the current one marked with ``=>``.

        Raises
        ------
        BadOption
            The code of the function is not known.
        """
        return verbs.disassemble(self, frame, thread)

    @property
    def source(self) -> Origin | None:
        """Where it comes from; called with a frame, the source lines around it.

        ``core.source.path`` is the file, ``core.source(0, root="src")`` is gdb's ``list``.
        """
        info: SourceInfo | None = super().source  # type: ignore[misc]
        return Origin(**vars(info), lines=partial(_lines, self)) if info else None

    def close(self) -> None:
        """End the debuggers that stand behind the verbs; the next question starts one again."""
        session.close(self)

    def __enter__(self) -> Any:
        """Return the core dump itself: ``with pf.load("core") as core: ...`` closes it."""
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- files --------------------------------------------------------------------------------

    def redact(self, path: str | Path) -> Path:
        """Write a copy of the core with what looks like secrets overwritten, and return its path.

        Parameters
        ----------
        path : str or Path
            A new file, of the size of the unpacked core.

        Raises
        ------
        SourceError
            The file is there already or cannot be written.
        """
        return redaction.redact(self, path)


def _lines(core: Any, *args: Any, **options: Any) -> Text:
    return verbs.source(core, *args, **options)
