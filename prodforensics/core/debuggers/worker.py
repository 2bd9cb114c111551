"""A debugger's Python in a process of its own, asked with lines of JSON."""

from __future__ import annotations

import select
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from prodforensics.core.debuggers.interface import Limits, Target
from prodforensics.core.debuggers.process import Process
from prodforensics.errors import BadOption

__all__ = ["SCRIPTS", "Worker"]

SCRIPTS = Path(__file__).with_name("scripts")

_MOST_BYTES = 2 * 2**30
_PIECE = 2**20


class Worker:
    """A script of `prodforensics.core.debuggers.scripts` that is running.

    Parameters
    ----------
    name : str
        Of the debugger.
    command : sequence of str or Path
        A Python and the script.
    limits : Limits
    target : Target
    """

    def __init__(
        self, name: str, command: Sequence[str | Path], limits: Limits, target: Target
    ) -> None:
        self.process = Process(name, command, limits, target, target.sysroot)
        self._seconds = limits.seconds

    def ask(self, question: Mapping[str, Any], doing: str) -> Any:
        """Return the answer to a question.

        Parameters
        ----------
        question : mapping
            Its name as ``do``, and what it takes.
        doing : str
            For messages: what the debugger did when it failed.

        Raises
        ------
        BadOption
            The debugger refused it.
        ToolFailed
            The process ended or ran out of time; it is gone then.
        """
        self.send(question, doing)
        return self.answer(doing)

    def send(self, question: Mapping[str, Any], doing: str) -> None:
        """Ask a question whose answer is read later; see `ask`."""
        try:
            self.process.popen.stdin.write(orjson.dumps(question) + b"\n")
        except (OSError, ValueError) as error:
            raise self.process.died(doing) from error

    def answer(self, doing: str) -> Any:
        """Return the answer to the question that was sent; see `ask`."""
        told = self._line(time.monotonic() + self._seconds, doing)
        try:
            answer = orjson.loads(told)
            if "refused" in answer:
                raise BadOption(f"{self.process.name} cannot do that: {answer['refused']}")
            return answer["answer"]
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise self.process.died(doing) from error

    def _line(self, deadline: float, doing: str) -> bytes:
        pipe = self.process.popen.stdout
        pieces: list[bytes] = []
        size = 0
        while not (pieces and pieces[-1].endswith(b"\n")):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([pipe], [], [], left)[0]:
                raise self.process.late(doing, self._seconds)
            piece = pipe.read(_PIECE)
            size += len(piece)
            if not piece or size > _MOST_BYTES:
                raise self.process.died(doing)
            pieces.append(piece)
        return b"".join(pieces)

    def close(self) -> None:
        """End the process."""
        self.process.close()
