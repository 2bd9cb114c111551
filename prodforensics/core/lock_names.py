"""The global variable at an address, from the symbol tables of the modules that match."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from prodforensics.core import elf
from prodforensics.core.cpp_exceptions import demangled
from prodforensics.core.elf_files import opened

if TYPE_CHECKING:
    from prodforensics.core.image import Image
    from prodforensics.core.modules import Module

__all__ = ["names"]

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
_OBJECT = 1
_NAME = 512
_MOST_BYTES = 1 << 28
"""A symbol table or its strings beyond this are not a program's."""


def names(image: Image, addresses: Iterable[int]) -> dict[int, str]:
    """Return the global variables at addresses: ``name``, or ``name+0x28`` for a part of one.

    Parameters
    ----------
    image : Image
        Only modules whose file is found and is no other than the one that ran are read.
    addresses : iterable of int

    Returns
    -------
    dict of int to str
        Addresses without a symbol are left out.
    """
    wanted = np.array(sorted(set(addresses)), dtype=np.uint64)
    found: dict[int, str] = {}
    for module in image.modules:
        if not len(wanted):
            break
        if module.found is None or module.matched not in ("matched", "unverified"):
            continue
        # What follows the file's own pages (.bss) is no part of its mappings: look a bit farther.
        start, end = module.start, module.end + _MOST_BYTES
        near = wanted[(wanted >= np.uint64(start)) & (wanted < np.uint64(end))]
        near = near[[int(one) not in found for one in near]]
        if len(near):
            found |= _of_module(module, near)
    return found


def _of_module(module: Module, wanted: np.ndarray) -> dict[int, str]:
    # The debug file first: what it lacks (a stripped one) the file itself has not either.
    for path in (module.debug_file, module.found):
        if path is not None and (found := _of_file(path, module.load_bias, wanted)):
            return found
    return {}


def _of_file(path: Path, bias: int, wanted: np.ndarray) -> dict[int, str]:
    with opened(path) as data:
        head = elf.header(data) if data is not None else None
        if data is None or head is None or not head.is_64 or head.order != "<":
            return {}
        sections = elf.sections(data, head)
        by_name = {one.name: one for one in sections}
        table = by_name.get(".symtab") or by_name.get(".dynsym")
        if table is None or table.link >= len(sections) or table.size > _MOST_BYTES:
            return {}
        raw, strings = (
            bytes(data[one.offset : one.offset + min(one.size, _MOST_BYTES)])
            for one in (table, sections[table.link])
        )
    return _lookup(raw, strings, bias, wanted)


def _lookup(raw: bytes, strings: bytes, bias: int, wanted: np.ndarray) -> dict[int, str]:
    symbols = np.frombuffer(raw[: len(raw) // _SYMBOL.itemsize * _SYMBOL.itemsize], _SYMBOL)
    symbols = symbols[(symbols["info"] & 0xF == _OBJECT) & (symbols["section"] != 0)]
    if not len(symbols):
        return {}
    symbols = symbols[np.argsort(symbols["value"], kind="stable")]
    starts = symbols["value"] + np.uint64(bias % (1 << 64))
    before = np.searchsorted(starts, wanted, side="right") - 1
    found = {}
    for address, index in zip(wanted.tolist(), before.tolist(), strict=True):
        if index < 0:
            continue
        symbol = symbols[index]
        inside = address - int(starts[index])
        if inside and inside >= int(symbol["size"]):
            continue
        at = int(symbol["name"])
        name = strings[at : strings.find(b"\0", at, at + _NAME)].decode("utf-8", "replace")
        mangled = name.removeprefix("_Z")
        if mangled != name and (plain := demangled(mangled)) != mangled:
            name = plain
        if name:
            found[address] = f"{name}+{inside:#x}" if inside else name
    return found
