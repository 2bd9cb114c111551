"""The address space: the segments of a core and the mapped files, put together and named."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from prodforensics.core.memory import Segment
from prodforensics.core.notes import FileMapping
from prodforensics.gaps import Gap

__all__ = ["LARGEST", "file_at", "named", "segments_of"]

LARGEST = 2**63 - 1
"""More bytes than any range has."""
_LAST = 2**64 - 1
_ARENA = 64 * 2**20  # HEAP_MAX_SIZE of glibc on 64 bits
_FARTHEST_HEAP = 2**31  # brk starts at random, 1 GiB behind the program at most
_SHARED = ("/dev/shm/", "/memfd:", "/SYSV", "/dev/zero")  # noqa: S108 (only compared with)


def segments_of(
    loads: np.ndarray, files: Sequence[FileMapping], size: int
) -> tuple[list[Segment], list[Gap]]:
    """Return the ranges of a core in order, none overlapping another, and what is wrong with them.

    Parameters
    ----------
    loads : structured array
        The program headers of type PT_LOAD, as `elf.program_headers` gives them.
    files : sequence of FileMapping
        In the order of their addresses.
    size : int
        Bytes of the core.
    """
    gaps: list[Gap] = []
    found: list[Segment] = []
    starts = [one.start for one in files]
    overlapping = cut = lost = behind = 0
    order = np.argsort(loads["vaddr"], kind="stable")
    for flags, offset, start, in_file, in_memory in loads[order][
        ["flags", "offset", "vaddr", "filesz", "memsz"]
    ].tolist():
        length = min(in_memory, LARGEST, _LAST - start)
        if start < behind:
            overlapping += 1
            continue
        promised = min(in_file, length)
        here = max(0, min(promised, size - offset))
        if here < promised:
            cut += 1
            lost += promised - here
        if not length:
            continue
        behind = start + length
        file = file_at(files, starts, start)
        found.append(
            Segment(
                start,
                behind,
                offset if here else -1,
                here,
                "".join(c if flags & bit else "-" for c, bit in (("r", 4), ("w", 2), ("x", 1))),
                file.path if file else "",
                _kind(file),
                promised - here,
                file.file_offset + start - file.start if file else -1,
            )
        )
    if overlapping:
        gaps.append(Gap("segments that overlap others are left out", lost_records=overlapping))
    if cut:
        gaps.append(
            Gap(
                f"the file is cut: memory of {cut:,} of {len(loads):,} segments is missing",
                offset=size,
                lost_bytes=min(lost, LARGEST),
                lost_records=cut,
            )
        )
    return _with_files(found, files), gaps


def _kind(file: FileMapping | None) -> str:
    if file is None:
        return "anonymous"
    return "shared memory" if file.path.startswith(_SHARED) else "file"


def file_at(
    files: Sequence[FileMapping], starts: Sequence[int], address: int
) -> FileMapping | None:
    """Return the mapping of a file that an address is in.

    Parameters
    ----------
    files : sequence of FileMapping
    starts : sequence of int
        Their first addresses, in order.
    address : int
    """
    place = bisect_right(starts, address) - 1
    if place >= 0 and address < files[place].end:
        return files[place]
    return None


def _with_files(segments: list[Segment], files: Sequence[FileMapping]) -> list[Segment]:
    """Add the mapped files that no segment tells of: some writers of cores leave them out."""
    starts = [one.start for one in segments]
    more = []
    for file in files:
        place = bisect_right(starts, file.start) - 1
        if place >= 0 and segments[place].end > file.start:
            continue
        end = file.end
        if place + 1 < len(starts):
            end = min(end, starts[place + 1])
        if end > file.start:
            more.append(
                Segment(file.start, end, -1, 0, "---", file.path, _kind(file), 0, file.file_offset)
            )
    return sorted([*segments, *more], key=lambda one: one.start) if more else segments


def named(
    segments: Sequence[Segment],
    spans: Sequence[tuple[int, int]],
    vdso: int,
    stack_pointers: Sequence[int],
) -> tuple[Segment, ...]:
    """Say of anonymous ranges what they are for.

    Parameters
    ----------
    segments : sequence of Segment
        In order.
    spans : sequence of (start, end)
        What each module's program headers claim, the program first: what lies in them and is not
        of the file is its zeroed data. The heap follows that of the program.
    vdso : int
        Where the kernel's own module is; 0 for nowhere.
    stack_pointers : sequence of int
        Of all threads, and an address of the initial stack.
    """
    starts = [one.start for one in segments]
    kinds: dict[int, str] = {}

    def at(address: int) -> int | None:
        place = bisect_right(starts, address) - 1
        inside = place >= 0 and address < segments[place].end
        return place if inside and segments[place].kind == "anonymous" else None

    for start, end in spans[1:]:
        for place in _inside(segments, starts, start, end):
            kinds[place] = "data"
    if spans:
        behind = 0
        for place in _inside(segments, starts, *spans[0]):
            kinds[place] = "data"
            behind = place + 1
        behind = behind or bisect_right(starts, spans[0][1] - 1)
        if (heap := _heap(segments, behind, spans[0][1])) is not None:
            kinds[heap] = "heap"
    for place, one in enumerate(segments):
        if one.kind == "anonymous" and _is_arena(one):
            kinds[place] = "heap"
    for pointer in stack_pointers:
        # A stack that overflowed has its pointer below its range, in the guard or in a hole.
        if (place := at(pointer)) is not None:
            kinds[place] = "stack"
    if vdso and (place := at(vdso)) is not None:
        kinds[place] = "vdso"
    return tuple(
        replace(one, kind=kinds[place]) if place in kinds else one
        for place, one in enumerate(segments)
    )


def _inside(
    segments: Sequence[Segment], starts: Sequence[int], start: int, end: int
) -> Iterator[int]:
    """Yield the places of the anonymous ranges that begin inside of a module."""
    for place in range(bisect_left(starts, start), bisect_left(starts, end)):
        if segments[place].kind == "anonymous":
            yield place


def _heap(segments: Sequence[Segment], first: int, end: int) -> int | None:
    """Return the place of the range of brk: the first one behind the program that is writable."""
    for place in range(first, len(segments)):
        one = segments[place]
        if one.kind != "anonymous" or one.start - end > _FARTHEST_HEAP:
            return None
        if one.permissions.startswith("rw"):
            return place
    return None


def _is_arena(one: Segment) -> bool:
    """Tell whether a range is laid out as glibc lays out the heaps of threads."""
    return one.start % _ARENA == 0 and one.size <= _ARENA and one.permissions.startswith("rw")
