"""lldb, through its Python bindings, under the Python of the system that they were built for."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from prodforensics import tools
from prodforensics.core.debuggers.interface import Answer, Limits, Stacks, Target
from prodforensics.core.debuggers.worker import SCRIPTS, Worker
from prodforensics.errors import BadOption, MissingTool

__all__ = ["Lldb", "installed"]

_SYSTEM_PYTHON = "/usr/bin/python3"


def installed(is_foreign: bool = False) -> bool:  # noqa: ARG001 (asked of every debugger)
    """Tell whether lldb and its Python bindings are there; it knows all machines."""
    try:
        return bool(_folders(tools.find("lldb")))
    except MissingTool:
        return False


def _folders(lldb: Path) -> list[Path]:
    """Return where the bindings may stand: beside the program that the link leads to."""
    found = [folder for folder in _candidates(lldb.resolve()) if (folder / "lldb").is_dir()]
    return list(dict.fromkeys(found))


def _candidates(lldb: Path) -> Iterator[Path]:
    for prefix in (lldb.parent.parent, *lldb.parent.parent.glob("lib")):
        # The folder that fits any version of Python first: it holds the whole package.
        yield from sorted(prefix.glob("lib/python3*/dist-packages"))
        yield from sorted(prefix.glob("lib/python3*/site-packages"))
        yield from sorted(prefix.glob("python3*/site-packages"))
    yield from sorted(Path("/usr/lib").glob("python3*/dist-packages"))
    yield from sorted(Path("/usr/lib64").glob("python3*/site-packages"))


class Lldb:
    """One core, open in lldb.

    Raises
    ------
    MissingTool
        It or its bindings are not installed.
    """

    name = "lldb"

    def __init__(self, target: Target, limits: Limits) -> None:
        folders = _folders(tools.find("lldb"))
        if not folders:
            raise MissingTool(
                "python3-lldb",
                unlocks="lets lldb be asked from Python",
                install="apt install python3-lldb",
            )
        python = _SYSTEM_PYTHON if Path(_SYSTEM_PYTHON).exists() else shutil.which("python3")
        command = [python or "python3", "-I", SCRIPTS / "in_lldb.py", *folders]
        self._worker = Worker(self.name, command, limits, target)
        question = {
            "do": "begin",
            "core": str(target.core),
            "executable": str(target.executable or ""),
            "sysroot": str(target.sysroot),
            "folders": [str(one) for one in target.debug_dirs],
        }
        self._worker.ask(question, "opened the core")

    def stacks(self, variables: bool) -> Stacks:
        """Walk every thread."""
        told = self._worker.ask({"do": "stacks", "variables": variables}, "walked the stacks")
        return Stacks.of(self.name, told)

    def backtrace(self, tid: int, full: bool) -> str:
        """Raise `BadOption`: the room prints the stacks of lldb itself."""
        raise BadOption("lldb prints no stacks as gdb does", hint="install gdb")

    def evaluate(self, expression: str, tid: int, frame: int) -> Answer:
        """Return the value of an expression that was found to be read-only."""
        question = {"do": "evaluate", "expression": expression, "tid": tid, "frame": frame}
        return Answer(**self._worker.ask(question, "evaluated an expression"))

    def disassemble(self, tid: int, frame: int) -> str:
        """Return the instructions of the frame's function."""
        question = {"do": "disassemble", "tid": tid, "frame": frame}
        return self._worker.ask(question, "disassembled")

    def close(self) -> None:
        """End its process."""
        self._worker.close()
