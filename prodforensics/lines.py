"""A text file as numbered lines: of bounded length, whatever bytes they hold."""

from __future__ import annotations

from collections.abc import Iterator

from prodforensics.progress import bar
from prodforensics.source import Source

__all__ = ["numbered_lines"]

_LONGEST = 2**16


def numbered_lines(source: Source, progress: bool | None = None) -> Iterator[tuple[int, str]]:
    """Yield (line number from 1, text without its end); bytes that are no UTF-8 are replaced.

    A line beyond 64 KiB goes on as further lines of the same number: no report has one, and a file
    without line ends must not fill the memory.
    """
    with source.open() as file, bar(source.size, "reading", show=progress) as done:
        number = 1
        while raw := file.readline(_LONGEST):
            done.update(len(raw))
            yield number, raw.decode("utf-8", "replace").rstrip("\r\n")
            number += raw.endswith(b"\n")
