"""The text of ``perf script``, read window by window into numbered lines, stacks and samples.

The file is never in memory: each thread reads a range of it in windows of a few megabytes, and
keeps what differs. Ranges begin behind an empty line, which ends a sample.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import UnsupportedOperation

import numpy as np

from prodforensics.gaps import Gap
from prodforensics.kernels import perf_lines, text_tables
from prodforensics.kernels.perf_lines import CLOSED, COUNTERS, LOST, OPEN, ROWS
from prodforensics.kernels.text_tables import ITEMS, LISTS, TEXTS, WORDS
from prodforensics.progress import bar
from prodforensics.source import Source

__all__ = ["Scanned", "scan", "text_of"]

WINDOW = 2**20
"""Bytes that are read at a time; also the longest line."""
RANGE = 48 * 2**20
"""Least bytes that a thread of its own is worth."""
_SPARE = 64
_SEAM = 2**20


@dataclass(frozen=True)
class Scanned:
    """What differs in the file, and a row for each sample.

    Attributes
    ----------
    texts : Texts
    lists : Lists
        Stacks, as numbers of texts, innermost first.
    rows : Rows
    used : int64[COUNTERS]
    gaps : list of Gap
    """

    texts: text_tables.Texts
    lists: text_tables.Lists
    rows: perf_lines.Rows
    used: np.ndarray
    gaps: list[Gap]

    def text(self, number: int) -> str:
        """Return a text; bytes that are no UTF-8 are replaced."""
        return text_of(self.texts, number)


def text_of(texts: text_tables.Texts, number: int) -> str:
    """Return a text of a table; bytes that are no UTF-8 are replaced."""
    start, size = int(texts.first[number]) * 8, int(texts.size[number])
    return texts.words.view(np.uint8)[start : start + size].tobytes().decode("utf-8", "replace")


def scan(source: Source, progress: bool | None = None) -> Scanned:
    """Read all lines of a file.

    Parameters
    ----------
    source : Source
    progress : bool, optional
        Show a progress bar: always, never, or (None) for large files.
    """
    with bar(source.size, "reading", show=progress) as done:
        if source.packing:
            return _sequence(source.chunks(), done.update).result()
        with source.open() as file:
            try:
                handle = file.fileno()
            except (OSError, UnsupportedOperation):
                return _sequence(iter(lambda: file.read(WINDOW), b""), done.update).result()
            ranges = _ranges(handle, source.size)
            if len(ranges) == 1:
                return _range(handle, *ranges[0], done.update).result()
            with ThreadPoolExecutor(len(ranges)) as pool:
                parts = [pool.submit(_range, handle, *one, done.update) for one in ranges]
                return _joined([part.result() for part in parts])


def _ranges(handle: int, size: int) -> list[tuple[int, int]]:
    """Part the file into a range for each processor, each beginning behind an empty line."""
    cuts = [0]
    count = min(os.cpu_count() or 1, size // RANGE)
    for k in range(1, count):
        middle = size * k // count
        found = os.pread(handle, _SEAM, middle).find(b"\n\n")
        if found >= 0 and middle + found + 2 > cuts[-1]:
            cuts.append(middle + found + 2)
    return list(zip(cuts, [*cuts[1:], size], strict=True))


def _range(handle: int, start: int, stop: int, progress: object) -> _Part:
    def windows() -> Iterator[bytes]:
        at = start
        while at < stop and (window := os.pread(handle, min(WINDOW, stop - at), at)):
            yield window
            at += len(window)

    return _sequence(windows(), progress, start)


def _sequence(windows: Iterator[bytes], progress: object, base: int = 0) -> _Part:
    part = _Part(base)
    for window in windows:
        part.take(window)
        progress(len(window))
    part.end()
    return part


class _Part:
    """The tables of one range while it is read, and the bytes of its last line so far."""

    def __init__(self, base: int) -> None:
        self.words = np.zeros((2 * WINDOW + _SPARE) // 8, np.uint64)
        self.bytes = self.words.view(np.uint8)
        self.held = 0
        self.offset = base
        self.skipping = False
        self.used = np.zeros(COUNTERS, np.int64)
        self.texts = text_tables.new_texts(2**14, 2**17)
        self.lists = text_tables.new_lists(2**14, 2**17)
        self.rows = perf_lines.Rows(
            *(np.empty(2**14, np.int32) for _ in range(4)),
            *(np.empty(2**14, np.int64) for _ in range(2)),
        )
        self.line = np.empty(2**10, np.int32)
        self.gaps: list[Gap] = []

    def take(self, window: bytes) -> None:
        """Take the next bytes, of any length."""
        for at in range(0, len(window), WINDOW):
            self._take(np.frombuffer(window, np.uint8, min(WINDOW, len(window) - at), at))

    def _take(self, window: np.ndarray) -> None:
        self.bytes[self.held : self.held + window.size] = window
        self.held += window.size
        stop = self._last_line_end()
        if stop:
            self._scan(stop)
            self.bytes[: self.held - stop] = self.bytes[stop : self.held].copy()
            self.held -= stop
            self.offset += stop
        elif self.held > WINDOW:
            self._skip()

    def _last_line_end(self) -> int:
        """Return the end of the last whole line that is held."""
        start = self.held
        while start > 0:
            below = max(0, start - 4096)
            ends = np.flatnonzero(self.bytes[below:start] == 10)
            if ends.size:
                return below + int(ends[-1]) + 1
            start = below
        return 0

    def _skip(self) -> None:
        """Drop the start of a line that is longer than any line of perf."""
        if not self.skipping:
            self.gaps.append(Gap("a line that is no line of perf", offset=self.offset))
        self.skipping = True
        self.offset += self.held
        self.held = 0

    def _scan(self, stop: int) -> None:
        at = 0
        if self.skipping:
            at = int(np.flatnonzero(self.bytes[:stop] == 10)[0]) + 1
            self.skipping = False
        while True:
            tables = map(tuple, (self.texts, self.lists, self.rows))
            window = (self.bytes, self.words, at, stop)
            at = perf_lines.scan(*window, *tables, self.used, self.line)
            if at >= stop:
                return
            self._grow(stop - at)

    def _grow(self, size: int) -> None:
        """Make room for some lines of so many bytes in all."""
        used, depth = self.used, int(self.used[perf_lines.DEPTH])
        self.texts = text_tables.grown_texts(self.texts, used, _SPARE, size // 8 + _SPARE)
        self.lists = text_tables.grown_lists(self.lists, used, _SPARE, depth + _SPARE)
        if used[ROWS] + _SPARE > self.rows.who.size:
            self.rows = perf_lines.Rows(*(_doubled(one) for one in self.rows))
        if depth + _SPARE > self.line.size:
            self.line = _doubled(self.line)

    def end(self) -> None:
        """End the last sample, which may be cut."""
        if self.held and not self.skipping:
            excerpt = self.bytes[: min(self.held, 120)].tobytes().decode("utf-8", "replace")
            what = "the last line is cut short; its sample is dropped"
            self.gaps.append(
                Gap(what, offset=self.offset, lost_bytes=self.held, lost_records=1, excerpt=excerpt)
            )
            self.used[OPEN] = 0
        elif self.used[OPEN] and (self.used[CLOSED] or not self.used[ROWS]):
            what = "no empty line ends the last sample: outer frames may be missing"
            self.gaps.append(Gap(what, offset=self.offset))
        if self.used[OPEN]:
            self._grow(8)
            perf_lines.finish(tuple(self.rows), tuple(self.lists), self.used, self.line)
        self.words = self.bytes = self.line = None

    def result(self) -> Scanned:
        """Return the tables without their spare room."""
        used = self.used
        texts, stacks, rows = int(used[TEXTS]), int(used[LISTS]), int(used[ROWS])
        first = self.lists.first[: stacks + 1]
        return Scanned(
            self.texts._replace(
                hashed=self.texts.hashed[:texts],
                first=self.texts.first[:texts],
                size=self.texts.size[:texts],
                words=self.texts.words[: used[WORDS]],
            ),
            self.lists._replace(first=first, item=self.lists.item[: used[ITEMS]]),
            perf_lines.Rows(*(column[:rows] for column in self.rows)),
            used,
            self.gaps,
        )


def _doubled(array: np.ndarray) -> np.ndarray:
    return np.concatenate([array, np.empty_like(array)])


def _joined(parts: list[_Part]) -> Scanned:
    """Put the tables of the ranges into those of the first one."""
    whole, *others = parts
    columns = [[column[: whole.used[ROWS]] for column in whole.rows]]
    for other in others:
        used, more = whole.used, other.used
        whole.texts = text_tables.grown_texts(whole.texts, used, int(more[TEXTS]), int(more[WORDS]))
        whole.lists = text_tables.grown_lists(whole.lists, used, int(more[LISTS]), int(more[ITEMS]))
        texts = text_tables.adopt_texts(
            tuple(whole.texts), used, tuple(other.texts), int(more[TEXTS])
        )
        lists = text_tables.adopt_lists(
            tuple(whole.lists), used, tuple(other.lists), int(more[LISTS]), texts
        )
        rows = perf_lines.Rows(*(column[: more[ROWS]] for column in other.rows))
        named = {name: _renamed(getattr(rows, name), texts) for name in ("who", "event", "text")}
        columns.append([*rows._replace(**named, stack=_renamed(rows.stack, lists))])
        for counter in (ROWS, LOST, CLOSED):
            used[counter] += more[counter]
        whole.gaps += other.gaps
    joined = (np.concatenate(column) for column in zip(*columns, strict=True))
    whole.rows = perf_lines.Rows(*joined)
    return whole.result()


def _renamed(column: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    return np.append(numbers, np.int32(-1))[column]  # the last one answers -1
