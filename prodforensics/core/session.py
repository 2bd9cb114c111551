"""The debuggers that stand behind one core dump: started when asked, kept, ended with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from prodforensics._reference import Later, resolve
from prodforensics.core.debuggers.interface import Debugger, FramePointerCode, Limits
from prodforensics.core.debuggers.targets import Workspace
from prodforensics.errors import BadOption, ForensicsError, MissingTool, ToolFailed
from prodforensics.gaps import Gap

if TYPE_CHECKING:
    from prodforensics.core.model import CoreDump

__all__ = ["Session", "ask", "begin", "close", "note", "session"]

_CLASSES = {
    "gdb": "prodforensics.core.debuggers.gdb:Gdb",
    "drgn": "prodforensics.core.debuggers.drgn:Drgn",
    "lldb": "prodforensics.core.debuggers.lldb:Lldb",
}
_INSTALLED = {
    name: reference.partition(":")[0] + ":installed" for name, reference in _CLASSES.items()
}
_MANY_THREADS = 100

javascript = Later("prodforensics.core.javascript")


class Session:
    """The open debuggers of one core dump.

    Parameters
    ----------
    core : CoreDump
    limits : Limits

    Attributes
    ----------
    frame_pointer_code : FramePointerCode
        What of the process is walked by frame pointers, as V8's code is.
    """

    def __init__(self, core: CoreDump, limits: Limits | None = None) -> None:
        self._image, self._options = core.image, core.options
        self._limits = limits or Limits()
        self.frame_pointer_code = _frame_pointer_code(core)
        self._workspace: Workspace | None = None
        self._open: dict[str, Debugger] = {}

    def names(self) -> list[str]:
        """Return the debuggers that may be asked, best first.

        gdb is the reference. Of a crowd of threads drgn tells the same in a fraction of the time.

        Raises
        ------
        MissingTool
            None is installed.
        """
        chosen = self._options.debugger
        if chosen != "auto":
            return [chosen]
        is_foreign = self._image.machine.is_foreign
        names = [name for name, where in _INSTALLED.items() if resolve(where)(is_foreign)]
        if len(self._image.threads) >= _MANY_THREADS:
            names.sort(key=lambda name: name != "drgn")
        if not names:
            raise MissingTool(
                "no debugger (gdb, lldb or drgn)",
                unlocks="walks the stacks of a core",
                install=f"apt install {'gdb-multiarch' if is_foreign else 'gdb'}, "
                "or pip install 'prodforensics[core]' (drgn)",
            )
        return names

    def debugger(self, name: str) -> Debugger:
        """Return a debugger with the core open.

        Raises
        ------
        MissingTool, MissingDependency
            It is not installed.
        ToolFailed
            It cannot open the core.
        """
        if name not in self._open:
            if self._workspace is None:
                self._workspace = Workspace(self._image, self._options, self.frame_pointer_code)
            self._open[name] = resolve(_CLASSES[name])(self._workspace.target, self._limits)
        return self._open[name]

    def drop(self, name: str) -> None:
        """End one debugger; the next question starts it anew."""
        if found := self._open.pop(name, None):
            found.close()

    def tellers(self) -> Iterator[Debugger]:
        """Yield the debuggers that answer questions of a person, best first.

        Raises
        ------
        MissingTool, ToolFailed
            None could be started.
        """
        failed: ForensicsError | None = None
        for name in self.names():
            try:
                found = self.debugger(name)
            except (MissingTool, ToolFailed) as error:
                failed = error
                continue
            failed = None
            yield found
        if failed:
            raise failed

    def close(self) -> None:
        """End all of them, and remove what was laid out for them."""
        for name in list(self._open):
            self.drop(name)
        if self._workspace:
            self._workspace.close()
            self._workspace = None


def _frame_pointer_code(core: CoreDump) -> FramePointerCode:
    if not javascript.is_node(core):
        return FramePointerCode()
    try:
        return core.javascript.code.frame_pointer_code()
    except (ForensicsError, LookupError):
        # Of another version, or without the program: what C++ ran around JavaScript is not told.
        return FramePointerCode()


def session(core: CoreDump) -> Session:
    """Return the session of a core dump; it is made for the first question."""
    found = core.__dict__.get("_session")
    if found is None:
        found = core.__dict__["_session"] = Session(core)
    return found


def begin(core: CoreDump) -> None:
    """Start drgn, where it will be asked first: it reads symbols while others do other work."""
    held = session(core)
    # What fails here fails again where its answer is needed, and is told there.
    with suppress(ForensicsError):
        if held.names()[0] == "drgn":
            held.debugger("drgn")


def close(core: CoreDump) -> None:
    """End the debuggers of a core dump, if any were started."""
    found = core.__dict__.pop("_session", None)
    if found is not None:
        found.close()


def ask(core: CoreDump, question: str, *arguments: object) -> object:
    """Ask the debuggers of a core in turn until one answers.

    Parameters
    ----------
    core : CoreDump
    question : str
        A method of `Debugger`.
    *arguments

    Raises
    ------
    MissingTool, ToolFailed, BadOption
        None answered: the error of the first of them.
    """
    held = session(core)
    failures: list[ForensicsError] = []
    for debugger in held.tellers():
        try:
            return getattr(debugger, question)(*arguments)
        except ToolFailed as error:
            held.drop(debugger.name)
            failures.append(error)
        except BadOption as error:
            failures.append(error)
    raise failures[0]


def note(core: CoreDump, what: str) -> None:
    """Add a gap to a core dump, once."""
    gap = Gap(what)
    if gap not in core._gaps:
        core._gaps.append(gap)
