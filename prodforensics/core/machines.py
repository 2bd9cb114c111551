"""The machines of ELF cores: how wide a pointer is, and which registers a thread has."""

from __future__ import annotations

import platform
import struct
from dataclasses import dataclass

__all__ = ["MACHINES", "Machine", "machine"]


@dataclass(frozen=True)
class Machine:
    """What one needs to know of a processor.

    Parameters
    ----------
    name : str
        As ``uname -m`` says it.
    pointer_bytes : int
    byte_order : str
        ``"little"`` or ``"big"``.
    registers : tuple of str
        Those of NT_PRSTATUS (``elf_gregset_t``) in order, by gdb's names.
    layout : str
        Their sizes, in the letters of `struct`.
    pc, sp, fp : str
        Names of program counter, stack pointer and frame pointer; empty where unknown.
    """

    name: str
    pointer_bytes: int
    byte_order: str
    registers: tuple[str, ...] = ()
    layout: str = ""
    pc: str = ""
    sp: str = ""
    fp: str = ""

    @property
    def is_foreign(self) -> bool:
        """Whether this processor runs none of its programs."""
        here = platform.machine()
        return self.name != here and (self.name, here) != ("i386", "x86_64")

    @property
    def order(self) -> str:
        """The letter of `struct` for the byte order."""
        return "<" if self.byte_order == "little" else ">"

    @property
    def word(self) -> str:
        """The dtype of a pointer, as numpy writes it."""
        return f"{self.order}u{self.pointer_bytes}"

    @property
    def status_offset(self) -> int:
        """Where the registers begin in NT_PRSTATUS (``struct elf_prstatus`` of Linux)."""
        return 112 if self.pointer_bytes == 8 else 72

    @property
    def registers_bytes(self) -> int:
        """How long the registers are in NT_PRSTATUS."""
        return struct.calcsize(self.order + self.layout)

    def decode(self, raw: bytes) -> dict[str, int]:
        """Name the registers of one thread.

        Parameters
        ----------
        raw : bytes
            Those of NT_PRSTATUS; of a cut note there are none.
        """
        layout = self.order + self.layout
        if len(raw) < struct.calcsize(layout):
            return {}
        return dict(zip(self.registers, struct.unpack_from(layout, raw), strict=True))


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _numbered(prefix: str, first: int, last: int) -> tuple[str, ...]:
    return tuple(f"{prefix}{number}" for number in range(first, last + 1))


_X86_64 = _names(
    "r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss "
    "fs_base gs_base ds es fs gs"
)
_I386 = _names("ebx ecx edx esi edi ebp eax ds es fs gs orig_eax eip cs eflags esp ss")
_AARCH64 = (*_numbered("x", 0, 30), "sp", "pc", "cpsr")
_ARM = (*_numbered("r", 0, 12), "sp", "lr", "pc", "cpsr", "orig_r0")
_RISCV = (
    *("pc", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "fp", "s1"),
    *_numbered("a", 0, 7),
    *_numbered("s", 2, 11),
    *_numbered("t", 3, 6),
)
_PPC64 = (
    *_numbered("r", 0, 31),
    *_names("pc msr orig_r3 ctr lr xer cr softe trap dar dsisr result"),
)
_S390X = ("pswm", "pswa", *_numbered("r", 0, 15), *_numbered("acr", 0, 15), "orig_r2")

# By e_machine, and whether the file is of 64 bits and little-endian.
MACHINES: dict[tuple[int, bool, bool], Machine] = {
    (62, True, True): Machine("x86_64", 8, "little", _X86_64, "27Q", "rip", "rsp", "rbp"),
    (62, False, True): Machine("x32", 4, "little", _X86_64, "27Q", "rip", "rsp", "rbp"),
    (3, False, True): Machine("i386", 4, "little", _I386, "17I", "eip", "esp", "ebp"),
    (183, True, True): Machine("aarch64", 8, "little", _AARCH64, "34Q", "pc", "sp", "x29"),
    (183, True, False): Machine("aarch64_be", 8, "big", _AARCH64, "34Q", "pc", "sp", "x29"),
    (40, False, True): Machine("arm", 4, "little", _ARM, "18I", "pc", "sp", "r11"),
    (243, True, True): Machine("riscv64", 8, "little", _RISCV, "32Q", "pc", "sp", "fp"),
    (21, True, True): Machine("ppc64le", 8, "little", _PPC64, "44Q", "pc", "r1", "r31"),
    (21, True, False): Machine("ppc64", 8, "big", _PPC64, "44Q", "pc", "r1", "r31"),
    (22, True, False): Machine("s390x", 8, "big", _S390X, "18Q16IQ", "pswa", "r15", "r11"),
}


def machine(number: int, is_64: bool, is_little: bool) -> Machine:
    """Return a machine by its number in ELF; an unknown one has no registers.

    Parameters
    ----------
    number : int
        ``e_machine``.
    is_64, is_little : bool
        Class and byte order of the file.

    Examples
    --------
    >>> machine(62, True, True).name, machine(183, True, True).sp
    ('x86_64', 'sp')
    >>> machine(999, True, True).name
    'machine 999'
    """
    known = MACHINES.get((number, is_64, is_little))
    order = "little" if is_little else "big"
    return known or Machine(f"machine {number}", 8 if is_64 else 4, order)
