"""Programs, libraries and files of debug information on disk: what they are, and what they hold."""

from __future__ import annotations

import mmap
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from prodforensics.core.elf import (
    LOAD,
    NOTE,
    Data,
    Header,
    Section,
    build_id_of,
    header,
    program_headers,
    sections,
)

__all__ = ["ElfFile", "inspect", "is_allowed", "opened"]

_NO_BITS = 8
_WRITE = 2
# What stands there is no file of bytes, or asking for it asks another machine.
_REFUSED = ("/dev/", "/proc/", "/sys/", "/net/")
_SHARED_MEMORY = "/dev/shm/"  # noqa: S108 (only compared with)


@dataclass(frozen=True)
class ElfFile:
    """What an ELF file says of itself.

    Parameters
    ----------
    build_id : str
        In hexadecimal; empty where it has none.
    contents : frozenset of str
        Which of ``"code"``, ``"full"``, ``"symbols"``, ``"dynamic"`` it holds: the bytes of its
        code, DWARF, ``.symtab`` (or the small one of ``.gnu_debugdata``), ``.dynsym``.
    link : str
        Name of its separate debug information (``.gnu_debuglink``); empty for none.
    link_crc : int
        CRC-32 of that file.
    constant : tuple of (start, end)
        Ranges of the file that are mapped where nothing can be written.
    """

    build_id: str
    contents: frozenset[str]
    link: str = ""
    link_crc: int = 0
    constant: tuple[tuple[int, int], ...] = ()


def is_allowed(path: Path) -> bool:
    """Tell whether a path that a core names may be opened: never a device or its like."""
    real = os.path.realpath(path)
    return real.startswith(_SHARED_MEMORY) or not real.startswith(_REFUSED)


@contextmanager
def opened(path: Path) -> Iterator[Data | None]:
    """Map a file; None where there is no regular file that can be read."""
    data: Data | None = None
    try:
        # Asked before opening: to open a FIFO would wait for a writer.
        if is_allowed(path) and stat.S_ISREG(path.stat().st_mode):
            with path.open("rb") as file:
                data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError):  # absent, not permitted, empty, a NUL in the path
        data = None
    yield data


def inspect(path: Path) -> ElfFile | None:
    """Say what an ELF file is; None where there is none at the path.

    Parameters
    ----------
    path : Path
    """
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return _inspect(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=1024)
def _inspect(path: Path, _changed: int, _size: int) -> ElfFile | None:
    with opened(path) as data:
        head = header(data) if data is not None else None
        if data is None or head is None:
            return None
        return _described(data, head)


def _described(data: Data, head: Header) -> ElfFile:
    found = sections(data, head)
    by_name = {one.name: one for one in found}
    link, crc = _link(data, by_name.get(".gnu_debuglink"), head)
    build_id = ""
    programs = program_headers(data, head)
    constant = programs[(programs["type"] == LOAD) & (programs["flags"] & _WRITE == 0)]
    for one in programs[programs["type"] == NOTE]:
        at, size = int(one["offset"]), int(one["filesz"])
        build_id = build_id or build_id_of(data, at, size, head.order, int(one["align"]))
    # A file of debug information has no segments worth reading, but the section.
    if not build_id and (section := by_name.get(".note.gnu.build-id")):
        build_id = build_id_of(data, section.offset, section.size, head.order)
    ranges = zip(constant["offset"].tolist(), constant["filesz"].tolist(), strict=True)
    return ElfFile(
        build_id,
        frozenset(_contents(by_name, len(programs))),
        link,
        crc,
        tuple((at & ~0xFFF, at + size) for at, size in ranges),
    )


def _contents(by_name: dict[str, Section], segments: int) -> Iterator[str]:
    def holds(name: str) -> bool:
        one = by_name.get(name)
        return one is not None and one.type != _NO_BITS and one.size > 0

    if holds(".text") or (not by_name and segments):
        yield "code"
    if holds(".debug_info") or holds(".zdebug_info"):
        yield "full"
    if holds(".symtab") or holds(".gnu_debugdata"):
        yield "symbols"
    if holds(".dynsym"):
        yield "dynamic"


def _link(data: Data, section: Section | None, head: Header) -> tuple[str, int]:
    if section is None or section.offset + section.size > len(data) or section.size > 4096:
        return "", 0
    raw = bytes(data[section.offset : section.offset + section.size])
    name = raw.partition(b"\0")[0]
    order = "little" if head.is_little else "big"
    text = name.decode("utf-8", "backslashreplace")
    # A name, never a path: it is looked for beside the file.
    return ("", 0) if "/" in text else (text, int.from_bytes(raw[-4:], order))


@lru_cache(maxsize=64)
def crc_of(path: Path) -> int:
    """Return the CRC-32 of a file, by which ``.gnu_debuglink`` names it."""
    with opened(path) as data:
        return zlib.crc32(data) if data is not None else 0
