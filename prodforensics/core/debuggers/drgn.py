"""drgn: all frames of all threads in bulk, in a fraction of the time of gdb.

It names methods and inlined functions without their class or namespace, which its symbols make
good for what is not inlined; it evaluates no expressions of C. Both are left to gdb and lldb.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from prodforensics.core.debuggers.interface import Answer, Limits, Stacks, Target
from prodforensics.core.debuggers.worker import SCRIPTS, Worker
from prodforensics.errors import BadOption, MissingDependency

__all__ = ["Drgn", "installed"]


_WALKING = "walked the stacks"
_CROWD = 100
# The second process has to read the debug information first.
_FIRST_SHARE = 0.6


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
        self._target, self._limits = target, limits
        self._worker, self._threads = self._started()

    def _started(self) -> tuple[Worker, int]:
        """Start a process that has the core open; it tells how many threads there are."""
        target = self._target
        command = [sys.executable, "-I", SCRIPTS / "in_drgn.py", target.core, *target.debug_dirs]
        worker = Worker(self.name, command, self._limits, target)
        files = sorted({str(path) for path in target.files.values()})
        return worker, worker.ask({"do": "begin", "files": files}, "read debug information")

    def stacks(self, variables: bool) -> Stacks:
        """Walk every thread; the variables of a crowd by two processes at once."""
        first = self._threads
        if variables and first >= _CROWD:
            first = int(first * _FIRST_SHARE)
        question = {"do": "stacks", "variables": variables, "first": 0, "last": first}
        self._worker.send(question, _WALKING)
        more = self._rest(question, first) if first < self._threads else None
        told = Stacks.of(self.name, self._worker.answer(_WALKING))
        if more:
            told.extend(more)
        return told

    def _rest(self, question: Mapping[str, Any], first: int) -> Stacks:
        worker, count = self._started()
        try:
            told = worker.ask({**question, "first": first, "last": count}, _WALKING)
        finally:
            worker.close()
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
