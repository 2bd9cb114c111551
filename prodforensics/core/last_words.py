"""What a process said last: the text of abort, of an assertion, of a panic, still in its memory.

glibc keeps the message of an assertion, of corrupted memory and of smashed stacks in
``__abort_msg``, "for the benefit of core dumps". Rust's panic hook writes its message into a
buffer on the stack first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from prodforensics.core.memory import Segment, Unreadable
from prodforensics.core.symbols import address_of

if TYPE_CHECKING:
    from prodforensics.core.image import Image

__all__ = ["Said", "abort_message", "rust_message"]

_PAGE = 4096
_LARGEST = 2**20
_SEARCHED = 16 * 2**20
_STACK = 2**20
_TEXT = re.compile(rb"[\t\n\x20-\x7e\x80-\xff]{4}[^\0]*\0")
_LIBRARIES = re.compile(r"libc[.-]|ld-musl")
# As std writes it; Rust before 1.73 has the message in quotes before the place.
_PANIC = re.compile(
    rb"thread '([^'\n]{0,200})' (?:\(\d+\) )?panicked at ([^\n]{1,500}?):\n"
    rb"([^\0]{1,2000}?)\n(?:note: |stack backtrace|\0|$)"
)
_OLD_PANIC = re.compile(
    rb"thread '([^'\n]{0,200})' panicked at '([^\0]{1,2000}?)', ([^\n\0]{1,500})"
)
_NO_UNWIND = re.compile(rb"memory allocation of (\d{1,20}) bytes failed")


class Said(NamedTuple):
    """A message.

    Parameters
    ----------
    text : str
    address : int
        Where it is.
    place : str
        The line of source that it names; empty where it names none.
    """

    text: str
    address: int
    place: str = ""


def abort_message(image: Image) -> Said | None:
    """Return what glibc said when it aborted the process.

    Parameters
    ----------
    image : Image

    Returns
    -------
    Said or None
        Found by the symbol ``__abort_msg``, else by its layout: a size in whole pages, and a text,
        at the start of a page of its own (``struct abort_msg_s``).
    """
    for module in image.modules:
        if not module.is_executable and not _LIBRARIES.match(module.name):
            continue
        if (at := address_of(module, "__abort_msg")) is None:
            continue
        try:
            if pointer := image.memory.word(at):
                return _message(image, pointer)
            return None
        except Unreadable:
            continue
    for one in image.mappings:
        for pointer in _candidates(image, one):
            if found := _message(image, pointer):
                return found
    return None


def _candidates(image: Image, segment: Segment) -> Iterator[int]:
    """Yield the pages of an anonymous range that begin with a size in whole pages."""
    if segment.kind != "anonymous" or not segment.permissions.startswith("rw"):
        return
    if segment.file_size > _SEARCHED:
        return
    data = image.memory.view(segment)
    pages = data[: data.size // _PAGE * _PAGE].reshape(-1, _PAGE)[:, :4].copy()
    sizes = pages.view(f"{image.machine.order}u4")[:, 0]
    for place in np.flatnonzero((sizes >= _PAGE) & (sizes <= _LARGEST) & (sizes % _PAGE == 0)):
        yield segment.start + int(place) * _PAGE


def _message(image: Image, pointer: int) -> Said | None:
    raw = image.memory.read_some(pointer + 4, _PAGE)
    found = _TEXT.match(raw)
    if not found:
        return None
    return Said(found[0][:-1].decode("utf-8", "backslashreplace").strip(), pointer + 4)


def rust_message(image: Image) -> Said | None:
    """Return the message of the panic that ended a Rust program.

    Parameters
    ----------
    image : Image

    Returns
    -------
    Said or None
        The one that is nearest to the top of the crashed thread's stack: the hook formats it
        there, at most 512 bytes of it.
    """
    thread = image.crashed
    segment = image.memory.segment_at(thread.sp) if thread else None
    if thread is None or segment is None:
        return None
    low = max(segment.start, thread.sp - _STACK)
    stack = image.memory.read_some(low, min(segment.end, thread.sp + _STACK) - low)
    if found := _PANIC.search(stack):
        return Said(_plain(found[3]), low + found.start(), _plain(found[2]))
    if found := _OLD_PANIC.search(stack):
        return Said(_plain(found[2]), low + found.start(), _plain(found[3]))
    if found := _NO_UNWIND.search(stack):
        return Said(_plain(found[0]), low + found.start())
    return None


def _plain(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace").strip()
