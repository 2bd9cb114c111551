"""Names of addresses, and addresses of names, from the symbol tables of files that match."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np

from prodforensics.core.elf import header, sections
from prodforensics.core.elf_files import opened
from prodforensics.core.modules import Module

__all__ = ["Symbols", "address_of", "symbol_at", "symbols_of"]

_SYMTAB, _DYNSYM = 2, 11
_MOST = 10_000_000
_LONGEST = 65_536
_OBJECT, _FUNCTION, _INDIRECT = 1, 2, 10
_WIDE = [("name", "u4"), ("info", "u1"), ("other", "u1"), ("section", "u2"), ("value", "u8"),
         ("size", "u8")]  # fmt: skip
_NARROW = [("name", "u4"), ("value", "u4"), ("size", "u4"), ("info", "u1"), ("other", "u1"),
           ("section", "u2")]  # fmt: skip


class Symbols:
    """The functions and variables of one table, in the order of their addresses.

    Parameters
    ----------
    table : structured array
        ``name``, ``value``, ``size``, ``info``.
    names : bytes
        The texts that ``name`` points into.
    """

    def __init__(self, table: np.ndarray, names: bytes) -> None:
        order = np.argsort(table["value"], kind="stable")
        self._value = table["value"][order].astype(np.uint64)
        self._size = table["size"][order].astype(np.uint64)
        self._name = table["name"][order]
        self._names = names

    def __len__(self) -> int:
        return len(self._value)

    def address_of(self, name: str) -> int | None:
        """Return the address of a name in the file; None where it is not there."""
        wanted = name.encode() + b"\0"
        at = self._names.find(wanted)
        while at >= 0:
            if (found := np.flatnonzero(self._name == at)).size:
                return int(self._value[found[0]])
            at = self._names.find(wanted, at + 1)
        return None

    def at(self, address: int) -> tuple[str, int] | None:
        """Return the function or variable at an address of the file, and how far it is in it."""
        place = int(np.searchsorted(self._value, np.uint64(address % 2**64), side="right")) - 1
        if place < 0:
            return None
        inside = address - int(self._value[place])
        size = int(self._size[place])
        # Labels of assembly have no size.
        if inside >= size and size:
            return None
        start = int(self._name[place])
        end = self._names.find(b"\0", start, start + _LONGEST)
        text = self._names[start : end if end >= 0 else start + _LONGEST]
        return text.decode("utf-8", "backslashreplace"), inside


def symbols_of(path: Path) -> Symbols | None:
    """Return the larger symbol table of a file; None where it has none.

    Parameters
    ----------
    path : Path
    """
    try:
        changed = path.stat().st_mtime_ns
    except OSError:
        return None
    return _read(path, changed)


@lru_cache(maxsize=32)
def _read(path: Path, _changed: int) -> Symbols | None:
    with opened(path) as data:
        head = header(data) if data is not None else None
        if data is None or head is None:
            return None
        every = sections(data, head)
        for kind in (_SYMTAB, _DYNSYM):
            for one in every:
                if one.type != kind or one.link >= len(every) or one.offset > len(data):
                    continue
                names = every[one.link]
                fields = _WIDE if head.is_64 else _NARROW
                layout = np.dtype([(name, head.order + size) for name, size in fields])
                size = min(one.size, len(data) - one.offset) // layout.itemsize
                table = np.frombuffer(data, layout, min(size, _MOST), one.offset)
                is_here = np.isin(table["info"] & 15, (_OBJECT, _FUNCTION, _INDIRECT))
                table = table[is_here & (table["section"] != 0)]
                if len(table):
                    text = bytes(data[names.offset : names.offset + names.size])
                    return Symbols(table, text)
    return None


def _tables(module: Module) -> Iterator[Symbols]:
    """Yield the tables of a module, those of debug information first."""
    for path in (module.debug_file, module.found if module.matched == "matched" else None):
        if path and (found := symbols_of(path)):
            yield found


def address_of(module: Module, name: str) -> int | None:
    """Return where a name of a module was in the process.

    Parameters
    ----------
    module : Module
        Only files of the same build-id are asked.
    name : str
        As the linker knows it.
    """
    for table in _tables(module):
        if (found := table.address_of(name)) is not None:
            return (found + module.load_bias) % 2**64
    return None


def symbol_at(module: Module, address: int) -> tuple[str, int] | None:
    """Return the linker's name of what is at an address of the process, and how far it is in it.

    Parameters
    ----------
    module : Module
    address : int
    """
    for table in _tables(module):
        if found := table.at((address - module.load_bias) % 2**64):
            return found
    return None
