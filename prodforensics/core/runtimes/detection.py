"""Which runtime a process is of, by its modules alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prodforensics.core.image import Image

__all__ = ["runtimes_of"]

_PROGRAMS = (
    ("python", re.compile(r"(?:lib)?python\d(?:\.\d+)*[a-z]*(?:\.so(?:\.\d+)*)?\Z")),
    ("python", re.compile(r"python\Z")),
    ("java", re.compile(r"libjvm\.so\Z")),
    ("node", re.compile(r"(?:node|nodejs|iojs|electron|libnode\.so(?:\.\d+)*)\Z")),
)
# A note that the Go linker writes, near the head of the program, and what marks the list of
# packages that it was built of.
_GO = (b"\x04\x00\x00\x00Go\x00\x00", b"\xff Go buildinf:")
_HEAD = 8192


def runtimes_of(image: Image) -> set[str]:
    """Return the runtimes of a process: ``python``, ``java``, ``node``, ``go``; mostly none.

    Parameters
    ----------
    image : Image
    """
    found = {
        runtime
        for module in image.modules
        for runtime, pattern in _PROGRAMS
        if pattern.match(module.name)
    }
    if _is_go(image):
        found.add("go")
    return found


def _is_go(image: Image) -> bool:
    program = image.executable
    if program is None:
        return False
    head = image.memory.read_some(program.start, _HEAD)
    return any(mark in head for mark in _GO)
