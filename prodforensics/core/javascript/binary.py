"""The program file of V8: its symbols and constants, read without a debugger."""

from __future__ import annotations

import mmap
import re
import struct
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from prodforensics.errors import Corrupt, SourceError

__all__ = ["Binary", "Section", "Symbol"]

_SYMBOL = np.dtype(
    [
        ("name", "<u4"),
        ("info", "u1"),
        ("other", "u1"),
        ("section", "<u2"),
        ("value", "<u8"),
        ("size", "<u8"),
    ]
)
_SECTION = np.dtype(
    [
        ("name", "<u4"),
        ("type", "<u4"),
        ("flags", "<u8"),
        ("address", "<u8"),
        ("offset", "<u8"),
        ("size", "<u8"),
        ("link", "<u4"),
        ("info", "<u4"),
        ("align", "<u8"),
        ("entry", "<u8"),
    ]
)
_SEGMENT = np.dtype(
    [
        ("type", "<u4"),
        ("flags", "<u4"),
        ("offset", "<u8"),
        ("address", "<u8"),
        ("physical", "<u8"),
        ("file_size", "<u8"),
        ("memory_size", "<u8"),
        ("align", "<u8"),
    ]
)
_NOTHING_IN_FILE = 8
_LOAD = 1
_HEADER = 64
_LONGEST_NAME = 4096
_V8 = re.compile(rb"(\d{1,3}\.\d{1,3}\.\d{1,4}\.\d{1,4}-node\.\d{1,3})\0")
_NODE = re.compile(
    rb"https://nodejs\.org/download/[a-z-]{1,20}/v(\d{1,3}\.\d{1,3}\.\d{1,3}[\w.-]*)/"
)


@dataclass(frozen=True)
class Section:
    """One section of the file."""

    name: str
    type: int
    address: int
    offset: int
    size: int
    link: int


@dataclass(frozen=True)
class Symbol:
    """Where a symbol is, by the addresses of the file, and how long."""

    name: str
    value: int
    size: int


class Binary:
    """A 64-bit little-endian ELF file, mapped.

    Parameters
    ----------
    path : Path

    Raises
    ------
    SourceError
        The file cannot be opened.
    Corrupt
        It is no such ELF file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with path.open("rb") as file:
                self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise SourceError(f"cannot read {path}: {error}") from error
        if len(self._bytes) < _HEADER or self._bytes[:6] != b"\x7fELF\x02\x01":
            raise Corrupt(str(path), 0, "a 64-bit little-endian ELF file", repr(self._bytes[:6]))

    @cached_property
    def sections(self) -> tuple[Section, ...]:
        """The sections; none where the file was stripped of their table."""
        (offset,) = struct.unpack_from("<Q", self._bytes, 40)
        size, count, names_at = struct.unpack_from("<HHH", self._bytes, 58)
        if size != _SECTION.itemsize or not count:
            return ()
        table = self._array(offset, count, _SECTION)
        names = table[names_at] if names_at < count else table[0]
        start, length = int(names["offset"]), int(names["size"])
        return tuple(
            Section(
                self._text(start, length, int(one["name"])),
                int(one["type"]),
                int(one["address"]),
                int(one["offset"]),
                int(one["size"]),
                int(one["link"]),
            )
            for one in table
        )

    @cached_property
    def segments(self) -> np.ndarray:
        """The loaded segments, fields ``address``, ``offset`` and ``file_size`` in bytes."""
        (offset,) = struct.unpack_from("<Q", self._bytes, 32)
        size, count = struct.unpack_from("<HH", self._bytes, 54)
        if size != _SEGMENT.itemsize:
            raise Corrupt(str(self.path), 54, f"{_SEGMENT.itemsize} bytes a segment", str(size))
        table = self._array(offset, count, _SEGMENT)
        return table[table["type"] == _LOAD]

    def section(self, name: str) -> Section | None:
        """Return a section by its name."""
        return next((one for one in self.sections if one.name == name), None)

    def symbols(self, prefix: str | tuple[str, ...], section: str = ".dynsym") -> dict[str, Symbol]:
        """Return the symbols whose names begin so.

        Parameters
        ----------
        prefix : str or tuple of str
        section : str
            ``".dynsym"``, which stripping leaves, or ``".symtab"``.

        Raises
        ------
        Corrupt
            The table reaches past the file.
        """
        table = self.section(section)
        if table is None or table.type == _NOTHING_IN_FILE or table.link >= len(self.sections):
            return {}
        names = self.sections[table.link]
        entries = self._array(table.offset, table.size // _SYMBOL.itemsize, _SYMBOL)
        # The names are searched, not the symbols: there are far fewer hits than symbols.
        begin, end = names.offset, min(names.offset + names.size, len(self._bytes))
        prefixes = (prefix,) if isinstance(prefix, str) else prefix
        wanted = re.compile(b"\0(?:" + b"|".join(re.escape(p.encode()) for p in prefixes) + b")")
        hits = [match.start() + 1 for match in wanted.finditer(self._bytes[begin:end])]
        found = entries[np.isin(entries["name"], np.array(hits, np.int64))]
        out = {}
        for one in found:
            name = self._text(begin, end - begin, int(one["name"]))
            out[name] = Symbol(name, int(one["value"]), int(one["size"]))
        return out

    def read(self, address: int, size: int) -> bytes:
        """Return bytes by their address in the file's own numbering; fewer at a segment's end.

        Memory that the file does not hold, such as .bss, begins as zeros.
        """
        for one in self.segments:
            past = address - int(one["address"])
            if 0 <= past < int(one["memory_size"]):
                start, held = int(one["offset"]) + past, max(0, int(one["file_size"]) - past)
                raw = self._bytes[start : start + min(size, held)]
                return raw + bytes(min(size, int(one["memory_size"]) - past) - len(raw))
        return b""

    def integers(self, symbols: dict[str, Symbol]) -> dict[str, int]:
        """Return the signed 32-bit values that stand at symbols; unreadable ones are left out."""
        values = {}
        for name, symbol in symbols.items():
            raw = self.read(symbol.value, 4)
            if len(raw) == 4:
                values[name] = int.from_bytes(raw, "little", signed=True)
        return values

    @cached_property
    def v8_version(self) -> str:
        """Version of V8, such as ``"12.4.254.21-node.33"``; empty where the file tells none."""
        place = self._bytes.find(b"-node.")
        while place >= 0:
            start = self._bytes.rfind(b"\0", max(0, place - 24), place) + 1
            for near in (start, max(0, place - 13), *range(max(0, place - 12), place - 6)):
                match = _V8.match(self._bytes, near)
                if match:
                    return match[1].decode()
            place = self._bytes.find(b"-node.", place + 1)
        return ""

    @cached_property
    def node_version(self) -> str:
        """Version of Node.js, such as ``"22.11.0"``; empty where the file tells none."""
        place = self._bytes.find(b"https://nodejs.org/download/")
        match = _NODE.match(self._bytes, place) if place >= 0 else None
        return match[1].decode() if match else ""

    def _array(self, offset: int, count: int, dtype: np.dtype) -> np.ndarray:
        if offset + count * dtype.itemsize > len(self._bytes):
            raise Corrupt(str(self.path), offset, f"{count} entries", "the end of the file")
        return np.frombuffer(self._bytes, dtype, count, offset)

    def _text(self, start: int, length: int, offset: int) -> str:
        if offset >= length:
            return ""
        begin = start + offset
        end = self._bytes.find(b"\0", begin, min(begin + _LONGEST_NAME, start + length))
        return self._bytes[begin : end if end >= 0 else begin].decode("latin-1")
