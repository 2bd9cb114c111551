"""Chunks of a Java Flight Recorder file: each is complete in itself.

A header of 68 bytes says where the chunk ends, where its metadata and its last checkpoint are, and
how ticks become time. What is wrong with a chunk is noted, and the next one is looked for.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from prodforensics.gaps import Gap

__all__ = ["HEADER", "MAGIC", "Chunk", "Notes", "chunks"]

MAGIC = b"FLR\0"
HEADER = 68
_FIELDS = struct.Struct(">4sHH7q4B")
_COMPRESSED_INTEGERS, _COMPRESSED_TICKS = 1, 4
_MOST_GAPS = 100
_STEP = 2**22


class Notes:
    """Collects gaps: of one kind only so many, and the rest of it counted."""

    def __init__(self) -> None:
        self.gaps: list[Gap] = []
        self._more: dict[str, int] = {}

    def add(self, gap: Gap) -> None:
        """Keep a gap, or count it where there are many like it."""
        if gap in self.gaps:
            return
        if len(self.gaps) < _MOST_GAPS:
            self.gaps.append(gap)
        else:
            self._more[gap.what] = self._more.get(gap.what, 0) + 1

    def all(self) -> list[Gap]:
        """Return the gaps, and a line for each kind that had too many."""
        more = [Gap(f"{count:,} more: {what}") for what, count in self._more.items()]
        return self.gaps + more


@dataclass(frozen=True)
class Chunk:
    """One chunk.

    Attributes
    ----------
    start, end : int
        Offsets in the file; the events begin `HEADER` bytes after ``start``.
    checkpoint, metadata : int
        Offsets in the file, 0 where the header has none.
    start_ns, duration_ns : int
        Nanoseconds since 1970.
    start_ticks, frequency : int
        Ticks at ``start_ns``, and ticks a second.
    """

    start: int
    end: int
    checkpoint: int
    metadata: int
    start_ns: int
    duration_ns: int
    start_ticks: int
    frequency: int

    def nanoseconds(self, ticks: np.ndarray) -> np.ndarray:
        """Turn a number of ticks into nanoseconds, int64[n]."""
        with np.errstate(all="ignore"):
            scaled = ticks / (self.frequency / 1e9)
        return np.clip(np.nan_to_num(scaled), -(2.0**61), 2.0**61).astype(np.int64)

    def time(self, ticks: np.ndarray) -> np.ndarray:
        """Turn ticks into nanoseconds since 1970, int64[n]."""
        return self.start_ns + self.nanoseconds(ticks - self.start_ticks)


def chunks(data: np.ndarray, notes: Notes) -> Iterator[Chunk]:
    """Find the chunks of a file.

    Parameters
    ----------
    data : uint8[:]
    notes : Notes
    """
    at, size = 0, data.size
    while at < size:
        head = data[at : at + HEADER].tobytes()
        if len(head) < HEADER or head[:4] != MAGIC:
            following = find(data, at + 1)
            what = "bytes that are no chunk" if len(head) == HEADER else "a chunk is cut short"
            notes.add(Gap(what, offset=at, lost_bytes=following - at))
            at = following
            continue
        chunk, problem = _chunk(data, at, head)
        if problem:
            notes.add(Gap(problem, offset=at, lost_bytes=None if chunk else _rest(data, at)))
        if chunk is None:
            at = find(data, at + 1)
            continue
        yield chunk
        at = chunk.end


def find(data: np.ndarray, at: int) -> int:
    """Return where the next chunk may start: the end of the file where there is none."""
    while at < data.size:
        piece = data[at : at + _STEP + len(MAGIC)].tobytes()
        place = piece.find(MAGIC)
        if place >= 0:
            return at + place
        at += _STEP
    return data.size


def _rest(data: np.ndarray, at: int) -> int:
    return find(data, at + 1) - at


def _chunk(data: np.ndarray, at: int, head: bytes) -> tuple[Chunk | None, str]:
    """Read a header; say what is wrong with it."""
    _, major, minor, size, checkpoint, metadata, start_ns, duration, ticks, frequency, *rest = (
        _FIELDS.unpack(head)
    )
    state, _, _, flags = rest
    if major not in (1, 2):
        return None, f"a chunk of version {major}.{minor}, which no JDK has written"
    if not flags & _COMPRESSED_INTEGERS or flags & _COMPRESSED_TICKS:
        return None, f"a chunk of a form that is not read (flags {flags})"
    problem = ""
    end = at + size
    if state != 0:
        problem = "a chunk was still being written"
    if size <= HEADER or end > data.size or metadata == 0:
        if metadata > 0 and size > HEADER and not state:
            problem = f"a chunk is cut short: it has {data.size - at:,} of {size:,} bytes"
        else:
            problem = "a chunk was still being written"
        end = find(data, at + HEADER) if size <= HEADER or metadata == 0 else data.size
    elif end < data.size and data[end : end + 4].tobytes() != MAGIC:
        problem = "a chunk is not followed by another"
    if frequency <= 0:
        problem, frequency = "a chunk whose clock has no frequency", 10**9
    offsets = [at + o if HEADER <= o < end - at else 0 for o in (checkpoint, metadata)]
    start_ns = min(max(start_ns, 0), 2**61)
    duration = min(max(duration, 0), 2**61)
    return Chunk(at, end, *offsets, start_ns, duration, ticks, frequency), problem
