"""The memory in which a heap of V8 may be, in words, and the pages of its young generation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from prodforensics.progress import bar

if TYPE_CHECKING:
    from prodforensics.core.javascript.heap import Heap
    from prodforensics.core.memory import Segment

__all__ = ["HeapMemory", "heap_memory"]

_PAGE = 1 << 18
_HALVES, _FROM, _TO = 0b11000, 0b01000, 0b10000
"""Flags of a page: in which half of the young generation it is, the one left or the one in use."""
_PART = 1 << 21
"""Words that are looked at in one go: 16 MiB."""
_HIGHEST = 1 << 62


@dataclass(frozen=True)
class HeapMemory:
    """The readable private memory of a core, in words.

    `pages` tells which of the segments are pages of the young generation; -1 where one is not.
    """

    words: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray
    places: np.ndarray
    pages: np.ndarray

    def parts(self, what: str) -> Iterator[tuple[int, int, int, int, int]]:
        """Give first and last word, end of the segment, address and page of parts, behind a bar."""
        total = int(self.lengths.sum()) * 8
        columns = (self.starts, self.lengths, self.places, self.pages)
        with bar(total, what) as progress:
            for start, length, place, page in zip(*(one.tolist() for one in columns), strict=True):
                for past in range(0, length, _PART):
                    count = min(_PART, length - past)
                    first = place + past
                    yield first, first + count, place + length, start + 8 * past, page
                    progress.update(8 * count)

    def at(self, addresses: np.ndarray, past: int) -> np.ndarray:
        """Return the words so many words behind addresses; 0 where there is no memory."""
        wanted = addresses + 8 * past
        segment = np.searchsorted(self.starts, wanted, "right") - 1
        inside = (wanted - self.starts[segment]) // 8
        good = (segment >= 0) & (inside < self.lengths[segment]) & (wanted & 7 == 0)
        return np.where(good, self.words[np.where(good, self.places[segment] + inside, 0)], 0)


def heap_memory(heap: Heap) -> HeapMemory:
    """Return the private memory of a core, without the emptied half of the young generation."""
    memory = heap.memory
    flags = heap.layout.page_flags // 8
    ranges = [
        piece
        for one in memory.segments
        if _may_hold_objects(one)
        for piece in _pieces(one, memory.view(one), flags)
    ]
    array = memory.core.array
    starts, lengths, places, young = (
        np.array([one[k] for one in ranges], np.int64) for k in range(4)
    )
    return HeapMemory(
        array[: array.size // 8 * 8].view(np.int64),
        starts,
        lengths,
        places,
        np.where(young > 0, np.cumsum(young) - 1, -1),
    )


def _may_hold_objects(segment: Segment) -> bool:
    # Core files are written in pages; where one is not, its words do not stand on words.
    on_words = segment.offset % 8 == 0 and segment.start % 8 == 0
    return on_words and segment.file_size >= 16 and not segment.path and segment.end <= _HIGHEST


def _pieces(
    segment: Segment, view: np.ndarray, flags_at: int
) -> Iterator[tuple[int, int, int, int]]:
    """Give address, length in words, place in the core, and 1 for a page that is young."""
    words = view[: view.size // 8 * 8].view(np.int64)
    place = segment.offset // 8
    first = -(-segment.start // _PAGE) * _PAGE
    pages = np.arange((first - segment.start) // 8, words.size - _PAGE // 8 + 1, _PAGE // 8)
    flags = words[pages + flags_at]
    halves = np.where(flags >> 32 == 0, flags & _HALVES, 0)
    begin = 0
    for page, half in zip(pages.tolist(), halves.tolist(), strict=True):
        if half not in (_FROM, _TO):
            continue
        if page > begin:
            yield segment.start + 8 * begin, page - begin, place + begin, 0
        begin = page + _PAGE // 8
        # The half that the last collection emptied still shows what was in it; nothing there is
        # alive.
        if half == _TO:
            yield segment.start + 8 * page, _PAGE // 8, place + page, 1
    if begin < words.size:
        yield segment.start + 8 * begin, words.size - begin, place + begin, 0
