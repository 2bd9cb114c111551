"""drgn: all frames of all threads in bulk, in a fraction of the time of gdb.

It names methods and inlined functions without their class or namespace, which its symbols make
good for what is not inlined; it evaluates no expressions of C. Both are left to gdb and lldb.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any

from prodforensics.core.debuggers.interface import Answer, Limits, Stacks, Target
from prodforensics.core.debuggers.worker import SCRIPTS, Worker
from prodforensics.errors import BadOption, MissingDependency, ToolFailed

__all__ = ["Drgn", "installed"]


_CROWD = 100
_BEGIN = "read debug information"


def installed(is_foreign: bool = False) -> bool:  # noqa: ARG001 (asked of every debugger)
    """Tell whether drgn can be used from this Python; it knows all machines."""
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
        count = 2 if target.threads >= _CROWD else 1
        self._workers = [Worker(self.name, command, limits, target) for _ in range(count)]
        files = sorted({str(path) for path in target.files.values()})
        # Answered before the first question is: meanwhile there is other work.
        self._has_begun = False
        self._send([{"do": "begin", "files": files}] * count, _BEGIN)

    def _asked(self, questions: Sequence[Mapping[str, Any]], doing: str) -> list[Any]:
        """Ask each process its question, all at once."""
        if not self._has_begun:
            self._answers(_BEGIN)
            self._has_begun = True
        self._send(questions, doing)
        return self._answers(doing)

    def _send(self, questions: Sequence[Mapping[str, Any]], doing: str) -> None:
        try:
            for worker, question in zip(self._workers, questions, strict=True):
                worker.send(question, doing)
        except (BadOption, ToolFailed):
            self.close()
            raise

    def _answers(self, doing: str) -> list[Any]:
        try:
            return [worker.answer(doing) for worker in self._workers]
        except (BadOption, ToolFailed):
            self.close()  # What the others would still answer is not what will be asked next.
            raise

    def stacks(self, variables: bool) -> Stacks:
        """Walk every thread, those of a crowd by two processes at once."""
        parts = [
            {"do": "stacks", "variables": variables, "part": part, "parts": len(self._workers)}
            for part in range(len(self._workers))
        ]
        first, *more = (
            Stacks.of(self.name, one) for one in self._asked(parts, "walked the stacks")
        )
        for one in more:
            first.extend(one)
        return first

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
        """End its processes."""
        for worker in self._workers:
            worker.close()


def _not_offered(what: str) -> BadOption:
    return BadOption(
        f"drgn tells no {what}", hint="install gdb, and load with debugger='auto' or 'gdb'"
    )
