"""Findings on faults: null pointers, instructions that are none, lost files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from prodforensics._text import plain
from prodforensics.core.symptoms.crash import NEAR_NULL, Crash, fault_of
from prodforensics.errors import ForensicsError
from prodforensics.findings import Finding, Rule, Severity, Verdict, rule

if TYPE_CHECKING:
    from prodforensics.core.model import CoreDump

__all__ = ["RULES"]

_PAGE = 4096
_NAME = r"\*?\(?[A-Za-z_]\w*(?:(?:->|\.)[A-Za-z_]\w*|\[\w+\])*"
_CHAIN = re.compile(_NAME)
_CALLED = re.compile(rf"({_NAME})\)?\s*\(")
_ZERO = re.compile(r"(?:\(.*\)\s*)?0x0\b")
_LINE = 160
_TRAPS = {b"\x0f\x0b": "ud2", b"\x0f\xb9": "ud1", b"\x0f\xff": "ud0"}
_VECTORS = {0x62: "AVX-512", 0xC4: "AVX", 0xC5: "AVX"}


@rule("core.null_dereference")
def null_dereference(core: CoreDump) -> Iterator[Finding]:
    """Find an access below the first page, where nothing ever is."""
    fault = fault_of(core, "SIGSEGV")
    if fault is None:
        return
    crash, _ = fault
    address = crash.address
    if address is None or address >= NEAR_NULL:
        return
    near = address < _PAGE
    called = address == crash.pc
    wrote = crash.operand is not None and crash.operand.writes
    did = "called as a function" if called else "written to" if wrote else "read"
    null = _null_expression(crash, called=called)
    offset = f", the access {address:#x} bytes behind it," if address else ""
    steps = [f"{'The address' if called else 'Memory at'} {address:#x} was {did} in {crash.where}."]
    if null:
        steps.append(f"Null is the expression `{null}`{offset or ','} as the debugger tells.")
    elif crash.operand:
        zero = [n for n, value in crash.operand.registers.items() if value < _PAGE]
        if zero:
            steps.append(
                f"The instruction `{crash.operand.instruction}` took its address from "
                f"{' and '.join(zero)}, which {'is' if len(zero) == 1 else 'are'} null."
            )
    if names := _null_variables(crash):
        steps.append(f"Null among its variables: {', '.join(names)}.")
    if crash.code:
        steps.append(f"The line is `{plain(crash.code, _LINE)}`.")
    if crash.path:
        steps.append(f"The program came there by {crash.path}.")
    if not near:
        steps.append("So far from zero it may be a large structure behind a null pointer.")
    yield Finding(
        "core.null_dereference",
        Verdict.LIKELY if near else Verdict.POSSIBLE,
        Severity.HIGH,
        f"{null} is null in {crash.where}"
        if null
        else f"{'Call' if called else 'Write' if wrote else 'Read'} through a null pointer in "
        f"{crash.where}",
        " ".join(steps) + crash.handler,
        crash.rows,
        f"core.backtrace(full=True), and core.frame({_number(crash)}): who gave it the null?",
    )


def _number(crash: Crash) -> int:
    return int(crash.own["frame_index"]) if crash.own is not None else 0


def _null_expression(crash: Crash, *, called: bool) -> str:
    """Return the part of the source line that is null; empty where nothing tells it."""
    number = _number(crash)
    chains = (_CALLED if called else _CHAIN).findall(crash.code)
    for part in (part for chain in chains for part in _pointers(chain, called=called)):
        try:
            value = crash.core.evaluate(part, number, crash.thread.thread_id)
        except ForensicsError:
            continue
        if _ZERO.match(value.text):
            return part
    return ""


def _pointers(chain: str, *, called: bool) -> Iterator[str]:
    """Yield what a chain of members calls or dereferences, the outermost first."""
    if called or chain.startswith("*"):
        yield chain.lstrip("*(")
    chain = chain.lstrip("*(")
    for found in re.finditer(r"->|\[", chain):
        yield chain[: found.start()]


def _null_variables(crash: Crash) -> list[str]:
    found = crash.core.frames["locals"]
    mine = found[
        (found["thread_id"] == crash.thread.thread_id) & (found["frame_index"] == _number(crash))
    ]
    values = zip(mine["name"].astype(str), mine["value"].astype(str), strict=True)
    return [plain(name, _LINE) for name, value in values if _ZERO.match(value)][:4]


@rule("core.illegal_instruction")
def illegal_instruction(core: CoreDump) -> Iterator[Finding]:
    """Find what stood where the processor saw no instruction."""
    fault = fault_of(core, "SIGILL")
    if fault is None:
        return
    crash, _ = fault
    raw = core.image.memory.read_some(crash.pc, 8)
    trap = _TRAPS.get(raw[:2], "")
    if core.image.machine.name not in ("x86_64", "i386"):
        trap = ""
    if trap:
        why = (
            f"The instruction is {trap}, which compilers put where a program must never come: "
            "behind __builtin_trap(), behind a branch that cannot be, in hardened builds."
        )
    elif raw and raw[0] in _VECTORS and core.image.machine.name == "x86_64":
        why = (
            f"The bytes there are {raw.hex(' ')}, which may be an instruction of "
            f"{_VECTORS[raw[0]]}: the program was built for a processor that this one is not."
        )
    else:
        held = f"The bytes there are {raw.hex(' ')}." if raw else "The core does not hold them."
        why = f"{held} The program jumped to what is no code, or its code was damaged."
    yield Finding(
        "core.illegal_instruction",
        Verdict.LIKELY,
        Severity.HIGH,
        f"Illegal instruction{f' ({trap})' if trap else ''} in {crash.where}",
        f"{why} The program came there by {crash.path or crash.where}.{crash.handler}",
        crash.rows,
        "core.disassemble(0), and core.backtrace()",
    )


@rule("core.bus_error")
def bus_error(core: CoreDump) -> Iterator[Finding]:
    """Find an access beyond the end of a mapped file."""
    fault = fault_of(core, "SIGBUS")
    if fault is None:
        return
    crash, signal = fault
    address = crash.address
    segment = core.image.memory.segment_at(address) if address is not None else None
    if signal.code == "BUS_ADRERR" and segment is not None and segment.path and address:
        name = plain(segment.path, _LINE)
        inside = max(segment.file_offset, 0) + address - segment.start
        title = f"Beyond the end of {name.rpartition('/')[2]}, in {crash.where}"
        why = (
            f"The address {address:#x} is byte {inside:,} of {name}, which is mapped but has no "
            "such byte: the file was cut after it was mapped, or its disk is full or failed."
        )
        rows = core.frames["mappings"]
        proof = {"mappings": rows.index[rows["start"] == segment.start].tolist()}
        step = f"ls -l {name}: who truncates it while it is mapped?"
    elif signal.code == "BUS_ADRALN":
        title = f"An address that is not aligned, in {crash.where}"
        why = "The instruction wants an address of a multiple of its size, and got another."
        proof, step = {}, "core.disassemble(0), and core.registers()"
    else:
        title = f"Bus error in {crash.where}"
        why = f"{signal.meaning}: the memory behind an address could not be had."
        proof, step = {}, "look for failing memory and disks: dmesg, mcelog"
    yield Finding(
        "core.bus_error", Verdict.LIKELY, Severity.HIGH, title,
        f"{why} The program came there by {crash.path or crash.where}.{crash.handler}",
        {**crash.rows, **proof}, step,
    )  # fmt: skip


RULES: tuple[Rule, ...] = (null_dereference, illegal_instruction, bus_error)
