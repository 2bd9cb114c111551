"""The source and the instructions where a frame stood, line by line, as far as they are found."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prodforensics.core.explorer.stack_frames import Stack
from prodforensics.errors import ForensicsError

if TYPE_CHECKING:
    from prodforensics.core.model import CoreDump

__all__ = ["CodeLine", "instructions", "source", "story_lines"]

_TOLD, _LOOKED_AT = 4, 12
_MARKED = re.compile(r"^\s{0,8}(?:=>|->|>)(?=[\s\d])")
_NUMBERED = re.compile(r"^\s*(\d+)(?:[\t ]|$)(.*)$")
_MOST = 400


@dataclass(frozen=True)
class CodeLine:
    """One line of source, or one instruction.

    Attributes
    ----------
    text : str
    number : int or None
        Of the line in its file.
    here : bool
        The frame stands here.
    """

    text: str
    number: int | None = None
    here: bool = False


def source(core: CoreDump, thread: int, frame: int, root: str = "") -> list[CodeLine]:
    """Return the lines of source around a frame.

    Raises
    ------
    ForensicsError
        There is no source: it is not known which, or it is not there.
    """
    ask = core.source
    if ask is None:
        return []
    return [_numbered(one) for one in str(ask(frame, root or None, thread=thread)).splitlines()]


def instructions(core: CoreDump, thread: int, frame: int) -> list[CodeLine]:
    """Return the instructions of the function of a frame, those around it where it is long.

    Raises
    ------
    ForensicsError
        The code is not known.
    """
    lines = str(core.disassemble(frame, thread=thread)).splitlines()
    found = [CodeLine(one, here=_MARKED.match(one) is not None) for one in lines]
    here = next((place for place, one in enumerate(found) if one.here), 0)
    first = max(0, min(here - _MOST // 2, len(found) - _MOST))
    return found[first : first + _MOST]


def _numbered(line: str) -> CodeLine:
    r"""Read a line as debuggers list it: a mark where the frame stands, a number, the code.

    Examples
    --------
    >>> _numbered("=> 12\t    return *p;")
    CodeLine(text='    return *p;', number=12, here=True)
    >>> _numbered("main.c")
    CodeLine(text='main.c', number=None, here=False)
    """
    marked = _MARKED.match(line)
    found = _NUMBERED.match(line[marked.end() :] if marked else line)
    if not found:
        return CodeLine(line)
    return CodeLine(found[2], int(found[1]), marked is not None)


def story_lines(core: CoreDump, stack: Stack) -> dict[int, str]:
    """Return the line of source of the first frames that have one, by their number."""
    found: dict[int, str] = {}
    for row in stack.rows(0, _LOOKED_AT):
        if len(found) >= _TOLD:
            break
        if not row["path"] or row["line"] < 0 or not row["trusted"]:
            continue
        try:
            lines = source(core, stack.thread, row["index"])
        except ForensicsError:
            # The story is told without it; the tab of the frame says why.
            continue
        for line in lines:
            if line.number == row["line"]:
                found[row["index"]] = line.text
    return found
