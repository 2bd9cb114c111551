"""The list of libraries that the dynamic loader keeps in memory (``struct link_map``).

Debuggers look for a library by the name that the loader has for it, such as
``/lib/libx.so.1``; the kernel tells where the links behind that name led: ``/usr/lib/libx.so.1.2``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prodforensics.core.memory import Unreadable

if TYPE_CHECKING:
    from prodforensics.core.image import Image
    from prodforensics.core.modules import Module

__all__ = ["loader_names"]

# <elf.h>: types of program headers and of the entries of the dynamic section.
_PT_DYNAMIC, _PT_PHDR, _DT_DEBUG = 2, 6, 21
_MOST_LIBRARIES = 4096
_MOST_ENTRIES = 512
_LONGEST_NAME = 4096


def loader_names(image: Image) -> list[tuple[str, Module]]:
    """Return the name of each library for the dynamic loader, with its module.

    Parameters
    ----------
    image : Image

    Returns
    -------
    list of (str, Module)
        Up to where memory can be read; empty for a static program.
    """
    found: list[tuple[str, Module]] = []
    try:
        at = _first(image)
        seen: set[int] = set()
        while at and at not in seen and len(seen) < _MOST_LIBRARIES:
            seen.add(at)
            _, name_at, dynamic, following = image.memory.words(at, 4).tolist()
            name = image.memory.c_string(name_at, _LONGEST_NAME) if name_at else b""
            module = image.module_at(dynamic)
            if name and module:
                found.append((name.decode(errors="surrogateescape"), module))
            at = following
    except Unreadable:
        return found  # What was read so far is all that a debugger would find.
    return found


def _first(image: Image) -> int:
    """Return the address of the first entry; 0 where there is none."""
    memory, width = image.memory, image.machine.pointer_bytes
    table = image.auxiliary.get("AT_PHDR", 0)
    size, count = image.auxiliary.get("AT_PHENT", 0), image.auxiliary.get("AT_PHNUM", 0)
    if not table or not 32 <= size <= 4096 or not 0 < count <= _MOST_ENTRIES:
        return 0
    headers = [_header(image, table + i * size) for i in range(count)]
    bias = next((table - at for kind, at in headers if kind == _PT_PHDR), 0)
    for kind, at in headers:
        if kind != _PT_DYNAMIC:
            continue
        for i in range(_MOST_ENTRIES):
            tag, value = memory.words(bias + at + 2 * i * width, 2).tolist()
            if tag == _DT_DEBUG:
                # struct r_debug: the version, then the first entry.
                return memory.word(value + width) if value else 0
            if not tag:
                break
    return 0


def _header(image: Image, at: int) -> tuple[int, int]:
    """Return type and address of a program header (Elf64_Phdr, Elf32_Phdr)."""
    order = image.machine.byte_order
    kind = int.from_bytes(image.memory.read(at, 4), order)  # type: ignore[arg-type]
    return kind, image.memory.word(at + (16 if image.machine.pointer_bytes == 8 else 8))
