"""What the kernel told the process when it began: the auxiliary vector, arguments, environment.

The layout of the initial stack is that of the System V ABI, from low addresses to high: argc,
argv, NULL, envp, NULL, the auxiliary vector, and above it the strings that these point at.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from prodforensics.core.machines import Machine
from prodforensics.core.memory import Memory, Unreadable

__all__ = ["NAMES", "Startup", "find_startup", "read_auxiliary"]

NAMES = {
    2: "AT_EXECFD", 3: "AT_PHDR", 4: "AT_PHENT", 5: "AT_PHNUM", 6: "AT_PAGESZ", 7: "AT_BASE",
    8: "AT_FLAGS", 9: "AT_ENTRY", 10: "AT_NOTELF", 11: "AT_UID", 12: "AT_EUID", 13: "AT_GID",
    14: "AT_EGID", 15: "AT_PLATFORM", 16: "AT_HWCAP", 17: "AT_CLKTCK", 23: "AT_SECURE",
    24: "AT_BASE_PLATFORM", 25: "AT_RANDOM", 26: "AT_HWCAP2", 27: "AT_RSEQ_FEATURE_SIZE",
    28: "AT_RSEQ_ALIGN", 29: "AT_HWCAP3", 30: "AT_HWCAP4", 31: "AT_EXECFN", 32: "AT_SYSINFO",
    33: "AT_SYSINFO_EHDR", 51: "AT_MINSIGSTKSZ",
}  # fmt: skip
TEXTS = ("AT_EXECFN", "AT_PLATFORM", "AT_BASE_PLATFORM")
"""Those that point at a text."""
_MOST_STRINGS = 100_000
_LONGEST = 131_072  # MAX_ARG_STRLEN
_STACK_TOP = 8 * 2**20


class Startup(NamedTuple):
    """How a process was started, as its stack still shows it.

    Parameters
    ----------
    arguments : tuple of str
    environment : tuple of (name, value)
    """

    arguments: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]


def read_auxiliary(raw: bytes, machine: Machine) -> dict[str, int]:
    """Name the entries of NT_AUXV.

    Parameters
    ----------
    raw : bytes
    machine : Machine
    """
    wide = machine.pointer_bytes
    pairs = np.frombuffer(raw, machine.word, len(raw) // (2 * wide) * 2).reshape(-1, 2).tolist()
    found: dict[str, int] = {}
    for kind, value in pairs:
        if kind == 0:
            break
        found.setdefault(NAMES.get(kind, f"AT_{kind}"), value)
    return found


def find_startup(
    raw: bytes, auxiliary: dict[str, int], memory: Memory, machine: Machine
) -> Startup | None:
    """Find arguments and environment below the auxiliary vector on the stack.

    Parameters
    ----------
    raw : bytes
        NT_AUXV, which is a copy of what stands on the stack.
    auxiliary : dict
        The same by name.
    memory : Memory
    machine : Machine

    Returns
    -------
    Startup or None
        None where the core does not hold that part of the stack.
    """
    at = _vector(raw, auxiliary, memory)
    if at is None:
        return None
    wide = machine.pointer_bytes
    environment, at = _pointers_below(memory, at - 2 * wide, wide)
    arguments, at = _pointers_below(memory, at - wide, wide)
    variables = (text.partition("=") for text in _texts(memory, environment))
    return Startup(
        tuple(_texts(memory, arguments)),
        tuple((name, value) for name, equals, value in variables if equals),
    )


def _vector(raw: bytes, auxiliary: dict[str, int], memory: Memory) -> int | None:
    """Return the address of the auxiliary vector on the stack."""
    inside = auxiliary.get("AT_RANDOM") or auxiliary.get("AT_EXECFN") or 0
    segment = memory.segment_at(inside) if inside and len(raw) >= 64 else None
    if segment is None:
        return None
    low = max(segment.start, inside - _STACK_TOP)
    stack = memory.read_some(low, inside - low)
    # The nearest below what it points at: an older copy may stand deeper in the stack.
    place = stack.rfind(raw[:64])
    return None if place < 0 else low + place


def _pointers_below(memory: Memory, at: int, wide: int) -> tuple[list[int], int]:
    """Return the pointers that end at an address, and the address of the word below them.

    The list ends below at a word that is no pointer to the strings: NULL, or the count.
    """
    found: list[int] = []
    try:
        while len(found) < _MOST_STRINGS and (value := memory.word(at)) > _MOST_STRINGS:
            found.append(value)
            at -= wide
    except Unreadable:
        found.append(0)
    return found[::-1], at


def _texts(memory: Memory, pointers: list[int]) -> list[str]:
    found = []
    for pointer in pointers:
        try:
            found.append(memory.c_string(pointer, _LONGEST).decode("utf-8", "backslashreplace"))
        except Unreadable:
            continue
    return found
