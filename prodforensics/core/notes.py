"""The notes of a core: what the kernel, or gcore, tells of the process beside its memory."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from prodforensics.core.elf import Data, notes
from prodforensics.core.machines import Machine
from prodforensics.gaps import Gap

__all__ = ["CoreNotes", "FileMapping", "Process", "SignalInfo", "Status", "read_notes"]

_STATUS, _PROCESS, _AUXILIARY = 1, 3, 6
_SIGNAL = 0x53494749  # "SIGI"
_FILES = 0x46494C45  # "FILE"
_LINUX = (b"CORE", b"LINUX")
_NAME, _ARGUMENTS = 16, 80
_MOST = 2**62


class Status(NamedTuple):
    """A thread (NT_PRSTATUS): its number for the kernel, its signal, its raw registers."""

    os_tid: int
    signal: int
    registers: bytes


class Process(NamedTuple):
    """The process (NT_PRPSINFO): its number, the name of its main thread, its arguments cut."""

    pid: int
    name: str
    arguments: str


class SignalInfo(NamedTuple):
    """The signal (NT_SIGINFO): number, si_code, and what its union holds for either use."""

    number: int
    code: int
    address: int
    sender_pid: int


class FileMapping(NamedTuple):
    """A range of addresses with the file behind it (NT_FILE)."""

    start: int
    end: int
    file_offset: int
    path: str


@dataclass
class CoreNotes:
    """All notes that are understood, in the order of the file."""

    threads: list[Status] = field(default_factory=list)
    process: Process | None = None
    signal: SignalInfo | None = None
    files: list[FileMapping] = field(default_factory=list)
    auxiliary: bytes = b""
    gaps: list[Gap] = field(default_factory=list)


def read_notes(data: Data, segments: Iterable[tuple[int, int]], machine: Machine) -> CoreNotes:
    """Read the notes of a core.

    Parameters
    ----------
    data : bytes or mmap
        The core.
    segments : iterable of (offset, size)
        The PT_NOTE segments.
    machine : Machine
    """
    found = CoreNotes()
    behind = overlapping = 0
    for at, size in sorted(segments):
        if at < behind:
            # Each byte is read once: the time is that of the file, not of its headers.
            overlapping += 1
            continue
        behind = at + size
        for note in notes(data, at, size, machine.order):
            if note.offset + note.size > len(data):
                found.gaps.append(
                    Gap(
                        "the file ends in the middle of its notes",
                        offset=note.offset,
                        lost_bytes=min(behind - len(data), _MOST),
                    )
                )
                break
            if note.offset + note.size > behind:
                found.gaps.append(Gap("a note reaches out of its segment", offset=note.offset))
                break
            if note.name in _LINUX:
                _take(found, note.type, data, note.offset, note.size, machine)
        else:
            if behind > len(data):
                lost = min(behind - max(at, len(data)), _MOST)
                found.gaps.append(
                    Gap("the file ends before its notes do", offset=len(data), lost_bytes=lost)
                )
    if overlapping:
        found.gaps.append(
            Gap("segments of notes that overlap others are left out", lost_records=overlapping)
        )
    return found


def _take(found: CoreNotes, kind: int, data: Data, at: int, size: int, machine: Machine) -> None:
    raw = bytes(data[at : at + size]) if kind != _AUXILIARY or size < 2**16 else b""
    if kind == _STATUS:
        if status := _status(raw, machine):
            found.threads.append(status)
        else:
            found.gaps.append(Gap("the note of a thread (NT_PRSTATUS) is too short", offset=at))
    elif kind == _PROCESS and not found.process:
        found.process = _process(raw, machine)
    elif kind == _SIGNAL and not found.signal:
        found.signal = _signal(raw, machine)
    elif kind == _FILES and not found.files:
        found.files, whole = _files(raw, machine)
        if not whole:
            found.gaps.append(Gap("the table of mapped files (NT_FILE) is damaged", offset=at))
    elif kind == _AUXILIARY and not found.auxiliary:
        found.auxiliary = raw


def _status(raw: bytes, machine: Machine) -> Status | None:
    """Take ``struct elf_prstatus`` apart."""
    at = machine.status_offset
    if len(raw) < at:
        return None
    signal = struct.unpack_from(machine.order + "h", raw, 12)[0]
    tid = struct.unpack_from(machine.order + "i", raw, 32 if machine.pointer_bytes == 8 else 24)[0]
    return Status(tid, signal, raw[at : at + machine.registers_bytes])


def _process(raw: bytes, machine: Machine) -> Process | None:
    """Take ``struct elf_prpsinfo`` apart, whose end is the same on all machines."""
    at = len(raw) - _NAME - _ARGUMENTS
    if at < 16:
        return None
    pid = struct.unpack_from(machine.order + "i", raw, at - 16)[0]
    name, arguments = raw[at : at + _NAME], raw[at + _NAME :]
    return Process(pid, _text(name.partition(b"\0")[0]), _text(arguments.partition(b"\0")[0]))


def _signal(raw: bytes, machine: Machine) -> SignalInfo | None:
    """Take ``siginfo_t`` apart."""
    if len(raw) < 24:
        return None
    number, _, code = struct.unpack_from(machine.order + "iii", raw)
    at = 16 if machine.pointer_bytes == 8 else 12
    address = int.from_bytes(raw[at : at + machine.pointer_bytes], machine.byte_order)
    return SignalInfo(number, code, address, struct.unpack_from(machine.order + "i", raw, at)[0])


def _files(raw: bytes, machine: Machine) -> tuple[list[FileMapping], bool]:
    """Return the mapped files, and whether the note is whole."""
    wide = machine.pointer_bytes
    if len(raw) < 2 * wide:
        return [], False
    count, page = np.frombuffer(raw, machine.word, 2).tolist()
    most = (len(raw) - 2 * wide) // (3 * wide)
    taken = min(count, most)
    numbers = np.frombuffer(raw, machine.word, 3 * taken, 2 * wide).reshape(-1, 3).tolist()
    names = raw[2 * wide + 3 * wide * taken :].split(b"\0")[:-1]
    whole = count <= most and len(names) >= count
    names += [b""] * (taken - len(names))
    return [
        FileMapping(start, end, offset * (page or 1), _text(name))
        for (start, end, offset), name in zip(numbers, names[:taken], strict=True)
        if start < end
    ], whole


def _text(raw: bytes) -> str:
    # Paths are bytes: what is no UTF-8 is shown, and cannot be opened under that name.
    return raw.decode("utf-8", "backslashreplace")
