"""The program and its libraries: where they were, what they are, and which file is the same.

A file on this machine is taken for a module only where the build-ids say that it is the same;
one that differs is named, and never used.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from prodforensics.core.elf import LOAD, NOTE, Header, build_id_of, header, program_headers
from prodforensics.core.elf_files import ElfFile, crc_of, inspect, opened
from prodforensics.core.machines import machine
from prodforensics.core.memory import Memory
from prodforensics.core.notes import FileMapping
from prodforensics.core.options import Options

__all__ = ["Module", "find_modules", "mapped_module"]

_DELETED = " (deleted)"
_HEAD = 65_536
_PAGE = 4096
_LARGEST_NOTE = 65_536
_MOST_SEGMENTS = 1024
_SYSTEM_DEBUG = Path("/usr/lib/debug")
VDSO = "[vdso]"


@dataclass(frozen=True, eq=False)
class Module:
    """A program or library of a process.

    Parameters
    ----------
    path : str
        Where the process had it; ``[vdso]`` for the kernel's own.
    start, end : int
        Its first address, and the one behind its last.
    build_id : str
        As the core holds it, in hexadecimal; empty where it does not.
    load_bias : int
        What to add to an address of the file to get one of the process.
    is_executable : bool
        It is the program itself.
    options : Options
        Where a file is looked for.
    span : int
        How many bytes of addresses its program headers claim; 0 where the core has them not.
    """

    path: str
    start: int
    end: int
    build_id: str = ""
    load_bias: int = 0
    is_executable: bool = False
    options: Options = field(default_factory=Options, repr=False)
    span: int = 0

    @property
    def name(self) -> str:
        """Last part of the path."""
        return self.path.removesuffix(_DELETED).rpartition("/")[2]

    @cached_property
    def _file(self) -> tuple[Path | None, str]:
        """The file that is taken for it, and how sure that is."""
        if self.path == VDSO:
            return None, "matched"  # it is in the core in whole
        second: tuple[Path | None, str] = (None, "missing")
        for path in self._candidates():
            file = inspect(path)
            if file is None or "code" not in file.contents:
                continue
            if not self.build_id or not file.build_id:
                trust = "unverified"
            elif file.build_id == self.build_id:
                return path, "matched"
            else:
                trust = "mismatched"
            if second[1] == "missing" or (second[1], trust) == ("mismatched", "unverified"):
                second = path, trust
        return second

    @property
    def found(self) -> Path | None:
        """The file on this machine that is taken for it; a mismatched one is only named."""
        return self._file[0]

    @property
    def matched(self) -> str:
        """Say how sure the file is: matched, unverified, mismatched or missing."""
        return self._file[1]

    @cached_property
    def file(self) -> ElfFile | None:
        """What the file says of itself; None where none is found or it is another one."""
        path, trust = self._file
        return inspect(path) if path and trust in ("matched", "unverified") else None

    @cached_property
    def debug_file(self) -> Path | None:
        """The separate file with its debug information, where there is one."""
        if not self.build_id and self.file is None:
            return None
        for path, by_link in self._debug_candidates():
            other = inspect(path)
            if other is None or not other.contents & {"full", "symbols"} or path == self.found:
                continue
            if self.build_id and other.build_id:
                if other.build_id == self.build_id:
                    return path
            elif by_link and self.file and crc_of(path) == self.file.link_crc:
                return path
        return None

    @cached_property
    def debug_info(self) -> str:
        """Say what tells its functions and lines: full, separate, symbols, dynamic or none."""
        own = self.file.contents if self.file else frozenset()
        if "full" in own:
            return "full"
        if self.debug_file:
            return "separate"
        if self.path == VDSO:
            return "dynamic"
        return next((one for one in ("symbols", "dynamic") if one in own), "none")

    # -- where files are looked for ---------------------------------------------------------------

    def _candidates(self) -> Iterator[Path]:
        """Name the files that may be this module, the likeliest first."""
        if self.is_executable and self.options.executable:
            yield self.options.executable
        path = self.path.removesuffix(_DELETED)
        if not path.startswith("/") or "\0" in path:
            return
        if self.options.sysroot:
            yield self.options.sysroot / path.lstrip("/")
        for folder in self.options.debug_dirs:
            yield folder / path.lstrip("/")
            yield folder / self.name
            if self.build_id:
                yield folder / ".build-id" / self.build_id[:2] / self.build_id[2:]
                yield folder / self.build_id / "executable"  # as debuginfod's clients keep it
        yield Path(path)

    def _debug_candidates(self) -> Iterator[tuple[Path, bool]]:
        """Name the files that may be its debug information, and whether a link names them."""
        folders = [*self.options.debug_dirs]
        if self.options.sysroot:
            folders.append(self.options.sysroot / "usr/lib/debug")
        folders.append(_SYSTEM_DEBUG)
        path = self.path.removesuffix(_DELETED).lstrip("/")
        for folder in folders:
            if self.build_id:
                yield folder / ".build-id" / self.build_id[:2] / f"{self.build_id[2:]}.debug", False
                yield folder / self.build_id / "debuginfo", False
            yield folder / f"{path}.debug", False
            yield folder / f"{self.name}.debug", False
            yield folder / self.name, False
        if self.file and self.file.link and self.found:
            beside = self.found.parent
            yield beside / self.file.link, True
            yield beside / ".debug" / self.file.link, True
            for folder in folders:
                yield folder / self.file.link, True
                yield folder / str(beside).lstrip("/") / self.file.link, True


def find_modules(
    files: Sequence[FileMapping],
    executable: Sequence[bool],
    memory: Memory,
    auxiliary: dict[str, int],
    options: Options,
) -> tuple[Module, ...]:
    """Find the modules among the mapped files.

    Parameters
    ----------
    files : sequence of FileMapping
        In the order of their addresses.
    executable : sequence of bool
        Whether code may run in each.
    memory : Memory
    auxiliary : dict
        The auxiliary vector, by name.
    options : Options

    Returns
    -------
    tuple of Module
        In the order of their addresses, the kernel's own included.
    """
    found = [
        module
        for group in _groups(files, memory)
        if (module := _module([files[at] for at in group], memory, auxiliary, options))
        and (module.build_id or any(executable[at] for at in group) or _is_elf(memory, module))
    ]
    if not files and (program := _unmapped(memory, auxiliary, options)):
        found.append(program)
    if vdso := _vdso(memory, auxiliary, options):
        found.append(vdso)
    return tuple(sorted(found, key=lambda one: one.start))


def _is_elf(memory: Memory, module: Module) -> bool:
    return memory.read_some(module.start, 4) == b"\x7fELF"


def _groups(files: Sequence[FileMapping], memory: Memory) -> Iterator[list[int]]:
    """Yield the mappings that belong together: of one file, loaded once."""
    group: list[int] = []
    end = 0
    for at, one in enumerate(files):
        same = group and files[group[0]].path == one.path
        # A file may be loaded twice: what lies beyond the first one's span is another.
        if not same or (one.file_offset == 0 and one.start >= end):
            if group:
                yield group
            group = []
            end = one.start + _span(memory, one.start)
        group.append(at)
    if group:
        yield group


def _span(memory: Memory, start: int) -> int:
    """Return how many bytes of addresses the module that begins here takes; 0: unknown."""
    mapped = _loaded(memory, start)
    return _span_of(mapped[1], mapped[2]) if mapped else 0


def _span_of(programs: np.ndarray, low: int) -> int:
    loads = programs[programs["type"] == LOAD]
    ends = max(map(sum, zip(loads["vaddr"].tolist(), loads["memsz"].tolist(), strict=True)))
    return min(max(ends - low, 0), 2**47)


def _loaded(memory: Memory, start: int) -> tuple[Header, np.ndarray, int] | None:
    """Return header and program headers of the ELF file that is mapped at an address."""
    head_bytes = memory.read_some(start, 64)
    head = header(head_bytes)
    if head is None or head.program[2] > _MOST_SEGMENTS:
        return None
    at, each, count = head.program
    raw = memory.read_some(start, min(at + each * count, _HEAD))
    programs = program_headers(raw, head)
    loads = programs[programs["type"] == LOAD]
    if not len(loads):
        return None
    return head, programs, int(loads["vaddr"].min()) & ~0xFFF


def mapped_module(
    path: str,
    start: int,
    end: int,
    memory: Memory,
    options: Options,
    is_executable: bool = False,
) -> Module:
    """Describe the module that is mapped at an address.

    Parameters
    ----------
    path : str
    start, end : int
        Its first address and the one behind its last.
    memory : Memory
    options : Options
    is_executable : bool
        It is the program.
    """
    mapped = _loaded(memory, start)
    if mapped is None:
        return Module(path, start, end, "", start, is_executable, options)
    head, programs, low = mapped
    bias = (start - low) % 2**64
    build_id = ""
    for one in programs[programs["type"] == NOTE]:
        size = min(int(one["filesz"]), _LARGEST_NOTE)
        raw = memory.read_some((bias + int(one["vaddr"])) % 2**64, size)
        build_id = build_id or build_id_of(raw, 0, size, head.order, int(one["align"]))
    if not build_id:
        # Go's linker leaves the note of the build-id out of the segment of notes.
        first = memory.read_some(start, _PAGE)
        at = first.find(struct.pack(head.order + "III4s", 4, 20, 3, b"GNU"))
        build_id = build_id_of(first, at, 36, head.order) if at >= 0 else ""
    span = _span_of(programs, low)
    return Module(path, start, end, build_id, bias, is_executable, options, span)


def _module(
    group: list[FileMapping], memory: Memory, auxiliary: dict[str, int], options: Options
) -> Module | None:
    start = group[0].start
    # A process may map a part of its own file once more, as V8 does with its builtins.
    span = _span(memory, start)
    end = max(one.end for one in group if not span or one.start < start + span)
    inside = (auxiliary.get("AT_PHDR", 0), auxiliary.get("AT_ENTRY", 0))
    is_executable = any(start <= one < end for one in inside if one)
    return mapped_module(group[0].path, start, end, memory, options, is_executable)


def _unmapped(memory: Memory, auxiliary: dict[str, int], options: Options) -> Module | None:
    """Place the program that was given in a core that tells no files, as qemu's cores do not.

    The kernel tells where its program headers are (AT_PHDR); the file, which address they have.
    """
    at = auxiliary.get("AT_PHDR", 0)
    if not at or not options.executable:
        return None
    with opened(options.executable) as data:
        head = header(bytes(data[:64])) if data is not None else None
        if head is None or head.program[2] > _MOST_SEGMENTS:
            return None
        if machine(head.machine, head.is_64, head.is_little) != memory.machine:
            return None
        programs = program_headers(data, head)
    loads = programs[programs["type"] == LOAD]
    first = loads[loads["offset"] <= head.program[0]]
    if not len(first):
        return None
    low = int(first["vaddr"][0]) - int(first["offset"][0])
    start = (at - head.program[0]) % 2**64
    end = min(start + _span_of(programs, low), 2**64 - 1)
    bias = (start - low) % 2**64
    return Module(str(options.executable), start, end, "", bias, True, options, end - start)


def _vdso(memory: Memory, auxiliary: dict[str, int], options: Options) -> Module | None:
    start = auxiliary.get("AT_SYSINFO_EHDR", 0)
    segment = memory.segment_at(start) if start else None
    if segment is None or memory.read_some(start, 4) != b"\x7fELF":
        return None
    return mapped_module(VDSO, start, segment.end, memory, options)
