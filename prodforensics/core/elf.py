"""The headers of ELF files: of cores, of programs on disk, and of those that a core holds.

Everything is bounded by the bytes at hand, whatever the headers say: a header is evidence, too.
The numbers are those of the System V ABI and of ``elf.h``.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

__all__ = [
    "CORE",
    "LOAD",
    "NOTE",
    "Data",
    "Header",
    "Note",
    "Section",
    "build_id_of",
    "header",
    "notes",
    "program_headers",
    "sections",
]

Data = bytes | mmap.mmap

MAGIC = b"\x7fELF"
CORE = 4
"""ET_CORE."""
LOAD, NOTE = 1, 4
"""PT_LOAD, PT_NOTE."""
_EXTENDED = 0xFFFF  # PN_XNUM: the number of program headers stands in sh_info of section 0
_GNU_BUILD_ID = 3
_MOST_SECTIONS = 65_536
_NAME_BYTES = 4096

_PROGRAM_64 = ["type", "flags", "offset", "vaddr", "paddr", "filesz", "memsz", "align"]
_PROGRAM_32 = ["type", "offset", "vaddr", "paddr", "filesz", "memsz", "flags", "align"]
_PROGRAM = np.dtype([("type", "u4"), ("flags", "u4")] + [(n, "u8") for n in _PROGRAM_64[2:]])


@dataclass(frozen=True)
class Header:
    """The ELF header.

    Parameters
    ----------
    is_64, is_little : bool
        Class and byte order.
    type, machine : int
        ``e_type`` and ``e_machine``.
    entry : int
        Address where the program begins.
    program : tuple of int
        Offset, size of one and number of the program headers.
    section : tuple of int
        Offset, size of one and number of the section headers, and which of them holds the names.
    """

    is_64: bool
    is_little: bool
    type: int
    machine: int
    entry: int
    program: tuple[int, int, int]
    section: tuple[int, int, int, int]

    @property
    def order(self) -> str:
        """The letter of `struct` for the byte order."""
        return "<" if self.is_little else ">"


def header(data: Data) -> Header | None:
    """Read the ELF header; None where the bytes are none.

    Examples
    --------
    >>> header(b"#!/bin/sh") is None
    True
    """
    ident = bytes(data[:16])
    if ident[:4] != MAGIC or len(ident) < 16 or ident[4] not in (1, 2) or ident[5] not in (1, 2):
        return None
    is_64, is_little = ident[4] == 2, ident[5] == 1
    layout = ("<" if is_little else ">") + ("HHIQQQIHHHHHH" if is_64 else "HHIIIIIHHHHHH")
    if len(data) < 16 + struct.calcsize(layout):
        return None
    kind, number, _, entry, at, at_sections, _, _, *sizes = struct.unpack_from(layout, data, 16)
    each, count, each_section, sections_count, names = sizes
    found = Header(
        is_64, is_little, kind, number, entry, (at, each, count),
        (at_sections, each_section, sections_count, names),
    )  # fmt: skip
    if count == _EXTENDED and (first := _section_fields(data, found, 0)):
        count = first[7]
    return Header(**{**vars(found), "program": (at, each, count)})


def program_headers(data: Data, head: Header) -> np.ndarray:
    """Return the program headers that are in the data.

    Returns
    -------
    structured array
        ``type``, ``flags`` (u4); ``offset``, ``vaddr``, ``paddr``, ``filesz``, ``memsz``,
        ``align`` (u8), in the order of the machine at hand.
    """
    at, each, count = head.program
    order = head.order
    if head.is_64:
        names, kinds = _PROGRAM_64, ["u4", "u4"] + ["u8"] * 6
    else:
        names, kinds = _PROGRAM_32, ["u4"] * 8
    layout = np.dtype([(n, order + k) for n, k in zip(names, kinds, strict=True)])
    if at >= len(data) or each < layout.itemsize:
        return np.empty(0, _PROGRAM)
    count = min(count, (len(data) - at) // each)
    if each != layout.itemsize:
        offsets = [layout.fields[name][1] for name in names]
        layout = np.dtype(
            {
                "names": names,
                "formats": [layout[n] for n in names],
                "offsets": offsets,
                "itemsize": each,
            }
        )
    raw = np.frombuffer(data, layout, count, at) if count else np.empty(0, layout)
    found = np.empty(count, _PROGRAM)
    for name in names:
        found[name] = raw[name]
    return found


class Section(NamedTuple):
    """One section: its name, type, address, and where it is in the file."""

    name: str
    type: int
    address: int
    offset: int
    size: int
    link: int


def sections(data: Data, head: Header) -> list[Section]:
    """Return the sections whose headers are in the data."""
    count = head.section[2]
    if not count and (first := _section_fields(data, head, 0)):
        count = first[5]
    count = min(count, _MOST_SECTIONS)
    rows = []
    for index in range(count):
        fields = _section_fields(data, head, index)
        if fields is None:
            break
        rows.append(fields)
    names = head.section[3]
    if names == _EXTENDED and rows:
        names = rows[0][6]
    at, size = (rows[names][4], rows[names][5]) if names < len(rows) else (0, 0)
    return [
        Section(_name(data, at, size, row[0]), row[1], row[3], row[4], row[5], row[6])
        for row in rows
    ]


def _section_fields(data: Data, head: Header, index: int) -> tuple[int, ...] | None:
    """Return name, type, flags, address, offset, size, link and info of one section."""
    at, each, _, _ = head.section
    layout = head.order + ("IIQQQQII" if head.is_64 else "IIIIIIII")
    at += each * index
    if not head.section[0] or each < struct.calcsize(layout):
        return None
    if at + struct.calcsize(layout) > len(data):
        return None
    return struct.unpack_from(layout, data, at)


def _name(data: Data, at: int, size: int, place: int) -> str:
    if place >= size or at + place >= len(data):
        return ""
    raw = bytes(data[at + place : at + min(size, place + _NAME_BYTES)])
    return raw.partition(b"\0")[0].decode("utf-8", "replace")


class Note(NamedTuple):
    """One note: who defines it, its type, and where its bytes are."""

    name: bytes
    type: int
    offset: int
    size: int


def notes(data: Data, at: int, size: int, order: str, align: int = 4) -> Iterator[Note]:
    r"""Yield the notes of a segment; those that reach beyond the data come last, with their size.

    Parameters
    ----------
    data : bytes or mmap
    at, size : int
        Where the segment is.
    order : str
        ``"<"`` or ``">"``.
    align : int
        ``p_align``: 8 for some, 4 for all others.

    Examples
    --------
    >>> raw = struct.pack("<III4s4s", 4, 2, 1, b"GNU\0", b"ab")
    >>> [(note.name, note.type, note.offset, note.size) for note in notes(raw, 0, len(raw), "<")]
    [(b'GNU', 1, 16, 2)]
    """
    end = min(at + size, len(data))
    align = 8 if align == 8 else 4
    layout = struct.Struct(order + "III")
    while at + 12 <= end:
        name_size, desc_size, kind = layout.unpack_from(data, at)
        desc = at + 12 + name_size
        desc += -desc % align if align == 8 else -name_size % 4
        name = bytes(data[at + 12 : at + 12 + min(name_size, 64)]).rstrip(b"\0")
        yield Note(name, kind, desc, desc_size)
        if desc + desc_size > end:
            return
        at = desc + desc_size + -desc_size % align


def build_id_of(data: Data, at: int, size: int, order: str, align: int = 4) -> str:
    """Return the build-id among notes, in hexadecimal; empty where there is none."""
    for note in notes(data, at, size, order, align):
        if note.name == b"GNU" and note.type == _GNU_BUILD_ID:
            raw = bytes(data[note.offset : note.offset + min(note.size, 64)])
            return raw.hex() if len(raw) == min(note.size, 64) else ""
    return ""
