"""The memory of a process, as far as the core holds it."""

from __future__ import annotations

import mmap
import struct
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from prodforensics.core.core_file import CoreFile

if TYPE_CHECKING:
    from prodforensics.core.machines import Machine

__all__ = ["Memory", "Segment", "Unreadable"]

_LARGEST = 2**30
"""Most bytes that one call returns."""


class Unreadable(LookupError):
    """The core does not hold this address.

    Parameters
    ----------
    address : int
    """

    def __init__(self, address: int) -> None:
        super().__init__(f"the core does not hold {address:#x}")
        self.address = address

    def __reduce__(self) -> tuple[object, ...]:
        return Unreadable, (self.address,)


@dataclass(frozen=True, slots=True)
class Segment:
    """A range of addresses.

    Parameters
    ----------
    start, end : int
        First address, and the one behind the last.
    offset : int
        Where its bytes are in the core; -1: they are not in it.
    file_size : int
        How many of its bytes are in the core, from the start.
    permissions : str
        ``"rwx"`` with dashes.
    path : str
        The file behind it; empty for none.
    kind : str
        heap, stack, file, data, anonymous, shared memory, vdso, vvar.
    missing : int
        Bytes that the core promises but that were cut off.
    file_offset : int
        Where it is in the file behind it; -1: no file.
    """

    start: int
    end: int
    offset: int
    file_size: int
    permissions: str
    path: str = ""
    kind: str = "anonymous"
    missing: int = 0
    file_offset: int = -1

    @property
    def size(self) -> int:
        """Bytes of the range."""
        return self.end - self.start


class Memory:
    """What can be read of a process.

    Bytes come from the core. Read-only pages of files that the core left out, as it usually does
    with code, come from the file itself where that is surely the same one.

    Parameters
    ----------
    core : CoreFile
    segments : tuple of Segment
        In the order of their addresses, none overlapping another.
    machine : Machine
        Says how wide a pointer is and in which order its bytes are.

    Attributes
    ----------
    behind : callable
        From an address to the file that is behind it and is read-only and surely the same, and
        the offset there; None where there is none. `Image` sets it.
    """

    def __init__(self, core: CoreFile, segments: tuple[Segment, ...], machine: Machine) -> None:
        self.core = core
        self.segments = segments
        self.machine = machine
        self.behind: Callable[[int], tuple[Path, int] | None] = _nothing
        self._starts = [one.start for one in segments]
        self._word = struct.Struct(machine.order + ("Q" if machine.pointer_bytes == 8 else "I"))
        self._files: dict[Path, mmap.mmap | bytes] = {}
        # The range that was read last: reads come in flocks.
        self._low = self._high = self._shift = 0

    # -- ranges ---------------------------------------------------------------------------------

    @property
    def resident_bytes(self) -> int:
        """Bytes of the process that are in the core."""
        return sum(one.file_size for one in self.segments)

    @property
    def missing_bytes(self) -> int:
        """Bytes that the core promises but that were cut off."""
        return sum(one.missing for one in self.segments)

    def segment_at(self, address: int) -> Segment | None:
        """Return the range that an address is in."""
        place = bisect_right(self._starts, address) - 1
        if place >= 0 and address < self.segments[place].end:
            return self.segments[place]
        return None

    def view(self, segment: Segment) -> np.ndarray:
        """Return what the core holds of a range, uint8[file_size], read-only and without a copy.

        Parameters
        ----------
        segment : Segment
        """
        if segment.offset < 0:
            return np.empty(0, np.uint8)
        return self.core.array[segment.offset : segment.offset + segment.file_size]

    def holds(self, address: int) -> bool:
        """Tell whether the byte at an address can be read."""
        return self._low <= address < self._high or bool(self._piece(address, 1))

    # -- reading --------------------------------------------------------------------------------

    def read_some(self, address: int, size: int) -> bytes:
        """Return the bytes at an address as far as they can be read.

        Parameters
        ----------
        address : int
        size : int
            At the most; beyond 1 GiB it is cut.

        Returns
        -------
        bytes
            ``size`` of them or less.
        """
        size = min(size, _LARGEST)
        if self._low <= address and address + size <= self._high:
            at = address - self._shift
            return self.core.data[at : at + size]
        found = []
        while size > 0 and (piece := self._piece(address, size)):
            found.append(piece)
            address += len(piece)
            size -= len(piece)
        return found[0] if len(found) == 1 else b"".join(found)

    def read(self, address: int, size: int) -> bytes:
        """Return the bytes at an address.

        Raises
        ------
        Unreadable
            One of them is not to be had; it carries the first such address.
        """
        got = self.read_some(address, size)
        if len(got) < size:
            raise Unreadable(address + len(got))
        return got

    def word(self, address: int) -> int:
        """Return the pointer at an address.

        Raises
        ------
        Unreadable
        """
        if self._low <= address and address + self._word.size <= self._high:
            return self._word.unpack_from(self.core.data, address - self._shift)[0]
        return self._word.unpack(self.read(address, self._word.size))[0]

    def words(self, address: int, count: int) -> np.ndarray:
        """Return pointers that follow each other, uint64[count].

        Raises
        ------
        Unreadable
        """
        raw = self.read(address, count * self._word.size)
        return np.frombuffer(raw, self.machine.word).astype(np.uint64)

    def c_string(self, address: int, limit: int = 4096) -> bytes:
        """Return the text at an address up to its NUL, or as far as it can be read.

        Parameters
        ----------
        address : int
        limit : int
            Bytes at the most.

        Raises
        ------
        Unreadable
            Not even its first byte can be read.
        """
        got = self.read_some(address, limit)
        if not got:
            raise Unreadable(address)
        return got.partition(b"\0")[0]

    def _piece(self, address: int, size: int) -> bytes:
        """Return bytes from one range or one file."""
        place = bisect_right(self._starts, address) - 1
        if place < 0:
            return b""
        one = self.segments[place]
        if one.offset >= 0 and address < one.start + one.file_size:
            self._low, self._high = one.start, one.start + one.file_size
            self._shift = one.start - one.offset
            at = address - self._shift
            return self.core.data[at : at + min(size, self._high - address)]
        if address >= one.end:
            return b""
        return self._from_file(address, min(size, one.end - address))

    def _from_file(self, address: int, size: int) -> bytes:
        found = self.behind(address)
        if found is None:
            return b""
        path, at = found
        if path not in self._files:
            self._files[path] = _mapped(path)
        return self._files[path][at : at + size]

    def __getstate__(self) -> dict[str, Any]:
        # Maps of files cannot travel between processes; `Image` sets what is behind again.
        kept = {**self.__dict__, "_files": {}, "_low": 0, "_high": 0}
        return {**kept, "behind": _nothing, "_word": self._word.format}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._word = struct.Struct(state["_word"])


def _nothing(_address: int) -> None:
    return None


def _mapped(path: Path) -> mmap.mmap | bytes:
    try:
        with path.open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError):  # gone meanwhile, or empty
        return b""
