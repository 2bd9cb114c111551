"""A text file as numbered lines: of bounded length, whatever bytes they hold."""

from __future__ import annotations

from collections.abc import Iterator

from prodforensics._text import plain
from prodforensics.gaps import Gap
from prodforensics.progress import bar
from prodforensics.source import Source

__all__ = ["ToolLines", "numbered_lines"]

_LONGEST = 2**16
_LISTED = 100


def numbered_lines(source: Source, progress: bool | None = None) -> Iterator[tuple[int, str]]:
    """Yield (line number from 1, text without its end); bytes that are no UTF-8 are replaced.

    A line beyond 64 KiB goes on as further lines of the same number: no report has one, and a file
    without line ends must not fill the memory.
    """
    for number, line in _lines(source, progress):
        yield number, line.rstrip("\r\n")


def _lines(source: Source, progress: bool | None) -> Iterator[tuple[int, str]]:
    with source.open() as file, bar(source.size, "reading", show=progress) as done:
        number = 1
        while raw := file.readline(_LONGEST):
            done.update(len(raw))
            yield number, raw.decode("utf-8", "replace")
            number += raw.endswith(b"\n")


class ToolLines:
    """The lines that a tool printed, and the gaps among them.

    Parameters
    ----------
    source : Source
    progress : bool, optional
        Show a progress bar: always, never, or (None) for large files.
    excerpts : bool
        Whether gaps may quote lines; not where a line may be a key.

    Attributes
    ----------
    gaps : list of Gap
        A last line without an end, as a file has that was cut; and what `unknown` and `missing`
        were told of.
    """

    def __init__(
        self, source: Source, progress: bool | None = None, *, excerpts: bool = True
    ) -> None:
        self._source, self._progress, self._excerpts = source, progress, excerpts
        self._unknown = self._lacking = 0
        self._last = (0, "")
        self.gaps: list[Gap] = []

    def __iter__(self) -> Iterator[tuple[int, str]]:
        """Yield (line number from 1, text without its end)."""
        number, line = 0, "\n"
        for number, line in _lines(self._source, self._progress):
            yield number, line.rstrip("\r\n")
        if not line.endswith("\n"):
            self._add("the last line has no end: it may be cut short", number, line)

    def _add(self, what: str, number: int, line: str = "", lost: int | None = None) -> None:
        excerpt = plain(line.rstrip("\r\n"), 80) if self._excerpts else ""
        gap = Gap(what, line=number, lost_records=lost, excerpt=excerpt)
        if gap not in self.gaps:  # pieces of one endless line
            self.gaps.append(gap)

    def unknown(self, number: int, line: str) -> None:
        """Keep a line that is not understood as a gap; beyond a hundred they are counted."""
        self._unknown += 1
        self._last = (number, line)
        if self._unknown <= _LISTED:
            self._add("a line that is not understood", number, line, 1)

    def missing(self, what: str, number: int) -> None:
        """Keep as a gap that something lacks its end, or all that it should hold."""
        self._lacking += 1
        if self._lacking <= _LISTED:
            self._add(what, number)

    def end(self) -> list[Gap]:
        """Return the gaps, with a last one for all lines beyond the hundredth."""
        if (more := self._unknown - _LISTED) > 0:
            what = "more lines that are not understood; this is the last of them"
            self._add(what, *self._last, more)
        if (more := self._lacking - _LISTED) > 0:
            self._add("more records that are not whole", self._last[0], lost=more)
        return self.gaps
