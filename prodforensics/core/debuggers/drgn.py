"""drgn: all frames of all threads in bulk, in a fraction of the time of gdb.

It names methods and inlined functions without their class or namespace, which its symbols make
good for what is not inlined; it evaluates no expressions of C. Both are left to gdb and lldb.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec

from prodforensics.core.debuggers.interface import Answer, Limits, Stacks, Target
from prodforensics.core.debuggers.worker import SCRIPTS, Worker
from prodforensics.errors import BadOption, MissingDependency

__all__ = ["Drgn", "installed"]


def installed() -> bool:
    """Tell whether drgn can be used from this Python."""
    return find_spec("drgn") is not None


class Drgn:
    """One core, open in drgn.

    Raises
    ------
    MissingDependency
        It is not installed.
    """

    name = "drgn"

    def __init__(self, target: Target, limits: Limits) -> None:
        if not installed():
            raise MissingDependency(
                "drgn",
                needed_for="debugger='drgn'",
                install="pip install 'prodforensics[core]', or take debugger='gdb'",
            )
        command = [sys.executable, "-I", SCRIPTS / "in_drgn.py", target.core, *target.debug_dirs]
        self._worker = Worker(self.name, command, limits, target)
        files = sorted({str(path) for path in target.files.values()})
        self._worker.ask({"do": "begin", "files": files}, "read debug information")

    def stacks(self, variables: bool) -> Stacks:
        """Walk every thread."""
        told = self._worker.ask({"do": "stacks", "variables": variables}, "walked the stacks")
        return Stacks.of(self.name, told)

    def backtrace(self, tid: int, full: bool) -> str:
        """Raise `BadOption`: the room prints the stacks of drgn itself."""
        raise _not_offered("backtraces")

    def evaluate(self, expression: str, tid: int, frame: int) -> Answer:
        """Raise `BadOption`: drgn has no expressions of C."""
        raise _not_offered("values of expressions")

    def disassemble(self, tid: int, frame: int) -> str:
        """Raise `BadOption`: drgn has no disassembler."""
        raise _not_offered("instructions")

    def close(self) -> None:
        """End its process."""
        self._worker.close()


def _not_offered(what: str) -> BadOption:
    return BadOption(
        f"drgn tells no {what}", hint="install gdb, and load with debugger='auto' or 'gdb'"
    )
