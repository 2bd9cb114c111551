"""Findings on pointers that were read out of freed memory."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from prodforensics.core.symbols import address_of
from prodforensics.core.symptoms.crash import NEAR_NULL, Crash, fault_of
from prodforensics.findings import Finding, Rule, Severity, Verdict, rule

if TYPE_CHECKING:
    from prodforensics.core.memory import Segment
    from prodforensics.core.model import CoreDump

__all__ = ["RULES"]

_OBJECT = 4096
"""So far behind a pointer may be what was read through it."""
_SPARED = (0x00, 0xFF)
_REPEATED = 0x0101010101010101
_FILLS = {
    0x5A: "jemalloc (opt.junk)",
    0xCD: "tcmalloc's and PartitionAlloc's debug builds",
    0xDF: "mimalloc's debug builds",
    0xE5: "mozjemalloc",
}
"""The bytes that allocators fill freed memory with, when they are told to."""
_PERTURB = re.compile(r"glibc\.malloc\.perturb=(\w+)")


class _Freed(NamedTuple):
    """What was read out of freed memory, as it seems."""

    value: int
    pattern: str
    is_certain: bool


@rule("core.use_after_free_suspect")
def use_after_free(core: CoreDump) -> Iterator[Finding]:
    """Find a pointer whose value is what allocators leave in freed memory."""
    fault = fault_of(core, "SIGSEGV", "SIGBUS")
    if fault is None:
        return
    crash, signal = fault
    if crash.address is not None and crash.address < NEAR_NULL:
        return
    if found := _freed(core, crash, crash.address):
        yield _finding(crash, found)
    elif signal.code == "SI_KERNEL" and crash.operand:
        wild = [f"{n} = {v:#x}" for n, v in crash.operand.registers.items() if v >> 47]
        if wild:
            yield Finding(
                "core.use_after_free_suspect",
                Verdict.POSSIBLE,
                Severity.MEDIUM,
                f"A pointer that no program can have was followed in {crash.where}",
                f"The instruction `{crash.operand.instruction}` followed {', '.join(wild)}: not "
                "an address of this machine, but data. Freed memory that was given to somebody "
                "else looks like this, and so does an overrun buffer.",
                crash.rows,
                "build with -fsanitize=address and repeat",
            )


def _finding(crash: Crash, found: _Freed) -> Finding:
    path = f"The program came there by {crash.path or crash.where}.{crash.handler}"
    step = "build with -fsanitize=address and repeat; core.frame(0) shows the object"
    # Without the instruction nobody knows which register was followed.
    if found.is_certain and crash.operand:
        return Finding(
            "core.use_after_free_suspect",
            Verdict.LIKELY,
            Severity.HIGH,
            f"Freed memory was used in {crash.where}: the pointer is {found.value:#x}",
            f"The pointer that was followed, {found.value:#x}, is {found.pattern}. It was read out "
            f"of memory that was freed before. {path} Who freed it is not in a core: a run under "
            "AddressSanitizer or valgrind tells.",
            crash.rows,
            step,
        )
    return Finding(
        "core.use_after_free_suspect",
        Verdict.POSSIBLE,
        Severity.MEDIUM,
        f"A pointer is {found.value:#x} in {crash.where}: freed memory, or overrun",
        f"{found.value:#x} is {found.pattern}. {path} Memory that was freed, or that a text was "
        "copied over, holds such values.",
        crash.rows,
        step,
    )


def _freed(core: CoreDump, crash: Crash, address: int | None) -> _Freed | None:
    """Return the pointer that was followed, and what of freed memory it looks like."""
    registers = crash.operand.registers if crash.operand else crash.registers
    values = list(registers.values())
    for value in values:
        first = value & 0xFF
        if first not in _SPARED and value == first * _REPEATED:
            found = _repeated(core, value)
            # Functions of strings have such masks in registers that they do not follow.
            if found.is_certain or crash.operand:
                return found
    if key := _key_of_freed(core, values):
        return _Freed(
            key,
            "the key that glibc writes into every chunk that is freed (tcache_key), in the place "
            "of its second word",
            is_certain=True,
        )
    if address is None:
        return None
    followed = [one for one in values if 0 <= address - one < _OBJECT]
    for value in followed:
        if pattern := _link(core, value):
            return _Freed(value, pattern, is_certain=True)
    return None


def _repeated(core: CoreDump, value: int) -> _Freed:
    byte = value & 0xFF
    if byte in _perturbed(core):
        who = "glibc fills freed memory, as MALLOC_PERTURB_ asks"
    elif byte in _FILLS:
        who = f"{_FILLS[byte]} fill{'' if 'builds' in _FILLS[byte] else 's'} freed memory"
    else:
        text = f", the character {chr(byte)!r}," if 0x20 < byte < 0x7F else ""
        return _Freed(value, f"the byte {byte:#04x}{text} eight times", is_certain=False)
    return _Freed(value, f"the byte {byte:#04x} eight times, with which {who}", is_certain=True)


def _perturbed(core: CoreDump) -> set[int]:
    """Return the byte with which the environment tells glibc to fill freed memory."""
    environment = dict(core.image.environment)
    tunable = _PERTURB.search(environment.get("GLIBC_TUNABLES", ""))
    told = [environment.get("MALLOC_PERTURB_", ""), tunable[1] if tunable else ""]
    bytes_ = set()
    for text in filter(None, told):
        try:
            bytes_.add(int(text, 0) & 0xFF)
        except ValueError:
            continue
    return bytes_


def _link(core: CoreDump, value: int) -> str:
    """Say how glibc links a freed chunk to the next by this value; empty where it does not.

    Since glibc 2.32 the address of the next chunk is hidden by that of the place where it stands,
    shifted by 12 bits (PROTECT_PTR, "safe-linking"); that of the last chunk is zero.
    """
    heaps = [one for one in core.image.mappings if one.kind == "heap"]
    for heap in heaps:
        hidden = np.arange(heap.start >> 12, (heap.end - 1 >> 12) + 1) ^ value
        if (hidden == 0).any():
            return (
                "the address of a chunk on the heap, shifted by 12 bits: glibc's mark in the last "
                "freed chunk of its size (safe-linking)"
            )
        for target in hidden[hidden & 15 == 0].tolist():
            if _holds(heaps, target):
                return (
                    f"the address of the next freed chunk, {target:#x}, hidden by that of its own "
                    "place (glibc's safe-linking)"
                )
    return ""


def _holds(heaps: list[Segment], address: int) -> bool:
    return any(one.start <= address < one.end for one in heaps)


def _key_of_freed(core: CoreDump, values: list[int]) -> int:
    """Return the value that is glibc's key of freed chunks, by its symbol; else 0."""
    for module in core.image.modules:
        if not module.is_executable and not module.name.startswith("libc"):
            continue
        at = address_of(module, "tcache_key")
        held = core.image.memory.read_some(at, 8) if at is not None else b""
        if len(held) == 8 and any(held) and (key := int.from_bytes(held, "little")) in values:
            return key
    return 0


RULES: tuple[Rule, ...] = (use_after_free,)
