"""Collects frames as columns with a table of strings, and answers questions as lines of JSON."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["MOST_FRAMES", "MOST_FRAMES_WITH_VARIABLES", "Columns", "answer", "shortened"]

MOST_FRAMES = 5000
"""Of one thread: what recursed until the stack was full repeats itself."""
MOST_FRAMES_WITH_VARIABLES = 200
"""Of one thread, from the inside."""
_LONGEST_VALUE = 2000


class Columns:
    """Frames of all threads; see `prodforensics.core.debuggers.interface.Stacks`."""

    def __init__(self) -> None:
        self.numbers = {"": 0}
        self.told: dict[str, Any] = {
            **{name: [] for name in ("tids", "names", "ends", "depths", "address", "function")},
            **{name: [] for name in ("file", "line", "column", "inline")},
            "variables": {name: [] for name in ("row", "argument", "name", "type", "value")},
        }

    def number(self, text: str | None) -> int:
        """Return where a string stands in the table."""
        text = text or ""
        found = self.numbers.get(text)
        if found is None:
            found = self.numbers[text] = len(self.numbers)
        return found

    def frame(self, address: int, of: tuple[int, int, int, int, int]) -> None:
        """Add a frame; `of` is its function, file, line, column and whether it is inline."""
        told = self.told
        told["address"].append(address)
        told["function"].append(of[0])
        told["file"].append(of[1])
        told["line"].append(of[2])
        told["column"].append(of[3])
        told["inline"].append(of[4])

    def variable(self, argument: bool, name: int, kind: int, value: str) -> None:
        """Add a variable of the frame that was added last."""
        columns = self.told["variables"]
        columns["row"].append(len(self.told["address"]) - 1)
        columns["argument"].append(int(argument))
        columns["name"].append(name)
        columns["type"].append(kind)
        columns["value"].append(self.number(value))

    def thread(self, tid: int, name: str | None, before: int, end: str) -> None:
        """End a thread whose frames began at row `before`."""
        told = self.told
        told["tids"].append(tid)
        told["names"].append(name or "")
        told["depths"].append(len(told["address"]) - before)
        told["ends"].append(end)

    def rows(self) -> int:
        """Count the frames so far."""
        return len(self.told["address"])

    def result(self) -> dict[str, Any]:
        """Return all of it, as JSON takes it."""
        return {**self.told, "strings": list(self.numbers)}


def shortened(value: str) -> str:
    """Cut a value that is too long to be read."""
    return value if len(value) <= _LONGEST_VALUE else value[:_LONGEST_VALUE] + "..."


def answer(questions: dict[str, Callable[..., Any]], refused: tuple[type[Exception], ...]) -> None:
    """Answer each line of the input, ``{"do": name, ...}``, with one line of JSON.

    What the debugger prints itself goes to the output for errors.
    """
    out = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="replace")
    os.dup2(2, 1)
    for asked in _asked():
        name = asked.pop("do")
        try:
            told = {"answer": questions[name](**asked)}
        except refused as error:
            told = {"refused": f"{type(error).__name__}: {error}"}
        out.write(json.dumps(told) + "\n")
        out.flush()


def _asked() -> Iterator[dict[str, Any]]:
    for line in sys.stdin:
        yield json.loads(line)
