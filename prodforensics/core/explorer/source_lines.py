"""The source where a frame stood, as far as it is found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prodforensics.core.explorer.stack_frames import Stack
from prodforensics.errors import ForensicsError

if TYPE_CHECKING:
    from prodforensics.core.model import CoreDump

__all__ = ["Excerpt", "excerpt", "story_lines"]

_TOLD, _LOOKED_AT = 4, 12


@dataclass(frozen=True)
class Excerpt:
    """Some lines of a file.

    Attributes
    ----------
    path : str
    line : int
        Where the frame stood.
    first : int
        Number of the first of ``lines``.
    lines : list of str
    """

    path: str
    line: int
    first: int
    lines: list[str]


def excerpt(core: CoreDump, thread: int, frame: int, root: str = "") -> Excerpt:
    """Return the lines around a frame.

    Raises
    ------
    ForensicsError
        There is no source: it is not known which, or it is not there.
    """
    found = core.source(frame, root or None, thread=thread)
    return Excerpt(found.path, found.line, found.first, list(found.lines))


def story_lines(core: CoreDump, stack: Stack) -> dict[int, str]:
    """Return the line of source of the first frames that have one, by their number."""
    found: dict[int, str] = {}
    for row in stack.rows(0, _LOOKED_AT):
        if len(found) >= _TOLD:
            break
        if not row["path"] or row["line"] < 0 or not row["trusted"]:
            continue
        try:
            lines = excerpt(core, stack.thread, row["index"])
        except ForensicsError:
            # The story is told without it; the tab of the frame says why.
            continue
        place = row["line"] - lines.first
        if 0 <= place < len(lines.lines):
            found[row["index"]] = lines.lines[place]
    return found
