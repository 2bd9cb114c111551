"""ELF cores: what the kernel of Linux, gcore and the debuggers write."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from prodforensics.core.auxiliary import read_auxiliary
from prodforensics.core.core_file import CoreFile
from prodforensics.core.elf import CORE, LOAD, NOTE, Header, header, program_headers
from prodforensics.core.image import Image
from prodforensics.core.machines import machine
from prodforensics.core.memory import Memory
from prodforensics.core.notes import read_notes
from prodforensics.core.options import Options, chosen
from prodforensics.core.regions import LARGEST, segments_of
from prodforensics.errors import Corrupt
from prodforensics.formats import Match, Probe
from prodforensics.gaps import Gap
from prodforensics.source import Source

if TYPE_CHECKING:
    from prodforensics.core.model import CoreDump

__all__ = ["read", "sniff"]

_KINDS = {1: "an object file", 2: "a program", 3: "a program or a shared library", 4: "a core"}


def sniff(probe: Probe) -> Match | None:
    """Recognise an ELF file of the type ET_CORE."""
    head = header(probe.head)
    return Match(1.0, "an ELF core dump") if head and head.type == CORE else None


def read(
    source: Source,
    *,
    executable: str | Path | None = None,
    sysroot: str | Path | None = None,
    debug_dirs: str | Path | Sequence[str | Path] = (),
    debugger: str = "auto",
    redact: bool = True,
    progress: bool | None = None,
) -> CoreDump:
    """Read a core dump: its headers and notes; memory is read where it is asked for.

    Parameters
    ----------
    source : Source
    executable : str or Path, optional
        The program. Without it the program is looked for where the process had it.
    sysroot : str or Path, optional
        A folder that stands for ``/`` of the machine on which the process ran.
    debug_dirs : path or sequence of paths
        Folders with programs, libraries and debug information: by the path that the process had,
        by name, or below ``.build-id``.
    debugger : str
        Who tells the stacks: ``"drgn"``, ``"gdb"``, ``"lldb"``, or the first of these that can.
    redact : bool
        Mask what may be secret in locals, arguments, environment and strings.
    progress : bool, optional
        Show progress bars of long work: always, never, or (None) for large files.

    Returns
    -------
    CoreDump

    Raises
    ------
    Corrupt
        The bytes are no ELF core.
    BadOption
        There is no such debugger, file or folder.
    """
    from prodforensics.core.model import CoreDump

    options = chosen(executable, sysroot, debug_dirs, debugger, redact)
    if progress is not None:
        source.show_progress = progress
    image, gaps = read_image(CoreFile(source), options)
    return CoreDump(source, image, options, gaps)


def read_image(core: CoreFile, options: Options) -> tuple[Image, list[Gap]]:
    """Read what ELF alone tells, and what the file lacks.

    Raises
    ------
    Corrupt
    """
    head = _header(core)
    known = machine(head.machine, head.is_64, head.is_little)
    programs = program_headers(core.data, head)
    gaps = _cut_tables(core, head, len(programs))
    asked = programs[programs["type"] == NOTE]
    notes = read_notes(
        core.data,
        zip(asked["offset"].tolist(), asked["filesz"].tolist(), strict=True),
        known,
    )
    files = sorted(notes.files)
    segments, wrong = segments_of(programs[programs["type"] == LOAD], files, core.size)
    gaps += [*notes.gaps, *wrong]
    if not notes.threads:
        gaps.append(Gap("the core tells of no thread"))
    memory = Memory(core, tuple(segments), known)
    auxiliary = read_auxiliary(notes.auxiliary, known)
    return Image(memory, notes, auxiliary, options), list(dict.fromkeys(gaps))


def _header(core: CoreFile) -> Header:
    path = core.source.path
    head = header(core.data)
    if head is None:
        raise Corrupt(path, 0, "the header of an ELF file", repr(bytes(core.data[:8])))
    if head.type != CORE:
        found = _KINDS.get(head.type, f"an ELF file of type {head.type}")
        raise Corrupt(
            path, 16, "an ELF core", found,
            hint="load the core, and name the program: pf.load(core, executable=program)",
        )  # fmt: skip
    if not head.program[2]:
        raise Corrupt(path, 44, "program headers", "none", hint="dump the process again")
    return head


def _cut_tables(core: CoreFile, head: Header, read: int) -> list[Gap]:
    """Say which tables of headers reach beyond the end of the file."""
    gaps = []
    at, each, count = head.program
    if read < count:
        gaps.append(
            Gap(
                "the file ends in the middle of the program headers",
                offset=min(at + each * read, core.size),
                lost_records=count - read,
            )
        )
    at, each, count, _ = head.section
    if at and at + each * count > core.size:
        # gcore writes them, at the end. They say nothing that the segments do not.
        gaps.append(
            Gap(
                "the file ends before its section headers do",
                offset=core.size,
                lost_bytes=min(at + each * count - core.size, LARGEST),
            )
        )
    return gaps
