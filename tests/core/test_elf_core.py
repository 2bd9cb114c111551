"""What ELF alone tells of a core, made by hand where real ones do not go."""

import pickle
import struct
import time
import warnings

import numpy as np
import pytest

import prodforensics as pf
from prodforensics.core.formats import elf_core
from prodforensics.core.image import Image
from prodforensics.core.machines import MACHINES
from prodforensics.core.memory import Unreadable
from prodforensics.errors import BadOption, Corrupt, UnknownFormat
from prodforensics.source import Source
from tests.core.handmade import (
    AARCH64,
    ARM,
    I386,
    PPC64,
    READ,
    RISCV,
    RUN,
    S390X,
    X86_64,
    HandmadeCore,
    registers_of,
)

_X86 = MACHINES[62, True, True]


def load(core, folder, **options):
    path = folder / "core"
    path.write_bytes(core if isinstance(core, bytes) else core.bytes())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pf.PartialEvidenceWarning)
        return pf.load(path, **options)


def small(**registers):
    core = HandmadeCore()
    core.thread(100, registers_of(core, _X86.registers, **registers), signal=11)
    core.process(100, "shop", "shop --port 80").siginfo(11, 1, 0x10)
    return core.segment(0x1000, bytes(range(256)) * 16).segment(0x2000, b"\xff" * 4096)


def touch(core):
    for name in ("threads", "registers", "modules", "mappings", "signal", "environment"):
        core.schemas[name].validate(core.frames[name])
    core._repr_mimebundle_()


def test_a_core_is_recognised_and_says_who_died_of_what(tmp_path):
    core = load(small(rip=0x1234, rsp=0x1800, orig_rax=2**64 - 1), tmp_path)
    assert core.headline() == (
        "shop: SIGSEGV at 0x10, segmentation fault: nothing is mapped at the address"
    )
    (thread,) = core.image.threads
    assert (thread.os_tid, thread.name, thread.state, thread.signal) == (
        100, "shop", "crashed", "SIGSEGV"
    )  # fmt: skip
    assert (thread.pc, thread.sp) == (0x1234, 0x1800)
    signal = core.frames["signal"]
    assert signal[["signal", "number", "code", "address"]].iloc[0].tolist() == [
        "SIGSEGV", 11, "SEGV_MAPERR", 0x10
    ]  # fmt: skip
    assert signal["sender_pid"].isna().all()
    assert core.image.command_line == ("shop", "--port", "80")
    assert core.all_gaps() == []
    touch(core)


def test_a_program_is_no_core(tmp_path):
    program = HandmadeCore(kind=2).segment(0x1000, b"\x90" * 100)
    with pytest.raises(UnknownFormat):
        load(program, tmp_path)
    with pytest.raises(Corrupt, match="expected an ELF core, found a program"):
        load(program, tmp_path, format="elf-core")


def test_memory_is_read_across_ranges_and_not_beyond(tmp_path):
    memory = load(small(), tmp_path).image.memory
    assert memory.read(0x1FFE, 4) == b"\xfe\xff\xff\xff"
    assert memory.word(0x1000) == 0x0706050403020100
    assert memory.words(0x1000, 2).tolist() == [0x0706050403020100, 0x0F0E0D0C0B0A0908]
    assert memory.c_string(0x1001, 3) == b"\x01\x02\x03"
    assert memory.read_some(0x2FFC, 100) == b"\xff" * 4
    assert memory.holds(0x2FFF)
    assert not memory.holds(0x3000)
    with pytest.raises(Unreadable) as caught:
        memory.read(0x2FFC, 8)
    assert caught.value.address == 0x3000
    for read in (
        lambda: memory.word(2**64 - 4),
        lambda: memory.word(0),
        lambda: memory.read(-8, 4),
    ):
        with pytest.raises(Unreadable):
            read()
    first = memory.segments[0]
    assert memory.view(first).tolist() == [*range(256)] * 16
    assert not memory.view(first).flags.writeable


@pytest.mark.parametrize(
    ("number", "wide", "little"),
    [
        (X86_64, True, True),
        (AARCH64, True, True),
        (I386, False, True),
        (ARM, False, True),
        (RISCV, True, True),
        (PPC64, True, True),
        (S390X, True, False),
    ],
)
def test_threads_and_their_registers_are_read_on_every_machine(tmp_path, number, wide, little):
    machine = MACHINES[number, wide, little]
    core = HandmadeCore(number, wide=wide, little=little)
    values = range(1, len(machine.registers) + 1)
    core.thread(7, struct.pack(machine.order + machine.layout, *values), signal=6)
    core.process(7, "shop", "shop")
    core.segment(0x1000, core.pack(core.word, 0x1234))
    loaded = load(core, tmp_path)
    (thread,) = loaded.image.threads
    assert thread.os_tid == 7
    assert list(thread.registers.values()) == [*values]
    assert thread.pc == machine.registers.index(machine.pc) + 1
    assert loaded.image.memory.word(0x1000) == 0x1234
    assert loaded.image.machine.name == machine.name
    assert loaded.image.cause == "SIGABRT, abort"
    touch(loaded)


def test_an_unknown_machine_has_threads_without_registers(tmp_path):
    core = HandmadeCore(4711).thread(7, b"\1" * 64, signal=11).segment(0, b"a")
    loaded = load(core, tmp_path)
    assert loaded.image.machine.name == "machine 4711"
    assert loaded.image.threads[0].registers == {}
    assert loaded.image.threads[0].pc == 0
    touch(loaded)


@pytest.mark.parametrize(
    ("call", "state", "name"),
    [
        (202, "lock", "futex"),
        (230, "sleep", "clock_nanosleep"),
        (232, "io", "epoll_wait"),
        (61, "waiting", "wait4"),
        (9, "system call", "system call 9"),
        (2**64 - 1, "running", ""),
    ],
)
def test_the_state_of_a_thread_is_its_system_call(tmp_path, call, state, name):
    core = small()
    core.thread(101, registers_of(core, _X86.registers, orig_rax=call), signal=11)
    second = load(core, tmp_path).image.threads[1]
    assert (second.state, second.system_call, second.is_crashed) == (state, name, False)


def test_on_aarch64_the_instruction_tells_whether_a_thread_is_in_a_system_call(tmp_path):
    machine = MACHINES[AARCH64, True, True]
    core = HandmadeCore(AARCH64)
    core.thread(1, registers_of(core, machine.registers), signal=11)
    for pc in (0x1004, 0x1008):
        core.thread(2, registers_of(core, machine.registers, x8=98, pc=pc), signal=11)
    core.segment(0x1000, b"\x01\x00\x00\xd4" + b"\x1f\x20\x03\xd5" * 2, flags=READ | RUN)
    _, waiting, running = load(core, tmp_path).image.threads
    assert (waiting.state, waiting.system_call) == ("lock", "futex")
    assert running.state == "running"


def test_a_copy_of_a_running_process_has_no_signal(tmp_path):
    core = HandmadeCore().process(100, "shop", "shop").segment(0x1000, b"a" * 64)
    core.thread(100, registers_of(core, _X86.registers, orig_rax=232))
    loaded = load(core, tmp_path)
    assert loaded.image.signal is None
    assert loaded.image.crashed is None
    assert loaded.image.threads[0].state == "io"
    assert loaded.frames["signal"].empty
    assert "a copy of a running process" in loaded.headline()


# -- what the stack still tells of the start ----------------------------------------------------


def started(environment, *, arguments=(b"shop", b"--colour", b"red")):
    """Return a core with an initial stack as the System V ABI lays it out."""
    base = 0x7FFC0000
    texts = b""
    places = []
    for text in (*arguments, *environment):
        places.append(base + 0x800 + len(texts))
        texts += text + b"\0"
    arguments_at, environment_at = places[: len(arguments)], places[len(arguments) :]
    vector = [(3, 0x400040), (6, 4096), (9, 0x401000), (25, base + 0x7F0), (15, 0), (23, 0)]
    flat = [value for pair in [*vector, (0, 0)] for value in pair]
    words = [len(arguments), *arguments_at, 0, *environment_at, 0, *flat]
    stack = struct.pack(f"<{len(words)}Q", *words).rjust(0x780, b"\0").ljust(0x800, b"\0") + texts
    core = HandmadeCore().process(100, "shop", "shop --colo")
    core.thread(100, registers_of(core, _X86.registers, rsp=base), signal=6)
    return core.auxiliary(*vector).segment(base, stack.ljust(0x4000, b"\0"))


def test_arguments_and_environment_come_from_the_initial_stack(tmp_path):
    core = load(started([b"HOME=/root", b"DB_PASSWORD=hunter22", b"EMPTY="]), tmp_path)
    assert core.image.command_line == ("shop", "--colour", "red")
    assert core.image.environment == [
        ("HOME", "/root"), ("DB_PASSWORD", "hunter22"), ("EMPTY", "")
    ]  # fmt: skip
    shown = core.frames["environment"].set_index("name")
    assert "hunter22" not in shown.to_string()
    assert shown["masked"]["DB_PASSWORD"]
    assert shown["value"]["HOME"] == "/root"


def test_secrets_are_shown_where_that_is_asked_for(tmp_path):
    core = load(started([b"DB_PASSWORD=hunter22"]), tmp_path, redact=False)
    assert core.frames["environment"]["value"].tolist() == ["hunter22"]


def test_the_stack_is_named(tmp_path):
    core = load(started([]), tmp_path)
    assert core.image.memory.segments[0].kind == "stack"


# -- damage and malice --------------------------------------------------------------------------


def test_a_cut_core_gives_what_is_whole(tmp_path):
    whole = small().bytes()
    core = load(whole[:-5000], tmp_path)
    (gap,) = core.all_gaps()
    assert (gap.lost_bytes, gap.lost_records) == (5000, 2)
    assert core.frames["mappings"]["missing_bytes"].tolist() == [904, 4096]
    assert core.image.memory.missing_bytes == 5000
    assert core.image.memory.read(0x1000, 4096 - 904)
    assert not core.image.memory.holds(0x2000)
    touch(core)


def test_a_cut_anywhere_is_told(tmp_path):
    whole = small().bytes()
    for at in [*range(0, 1200, 37), *range(1200, len(whole), 1331)]:
        try:
            assert load(whole[:at], tmp_path, format="elf-core").all_gaps(), at
        except Corrupt:
            assert at < 64


def test_any_flipped_byte_of_the_headers_is_survived(tmp_path):
    whole = bytearray(started([b"HOME=/root"]).bytes())
    for at in range(16, 1000, 3):
        for value in (0, 0x7F, 0xFF):
            path = tmp_path / "core"
            path.write_bytes(bytes(whole[:at]) + bytes([value]) + bytes(whole[at + 1 :]))
            try:
                core = elf_core.read(Source(path))
            except pf.ForensicsError:
                continue
            assert isinstance(core.image, Image)
            assert core.image.command_line is not None
            assert core.image.environment is not None
    touch(core)


def test_sizes_beyond_everything_are_bounded(tmp_path):
    core = HandmadeCore()
    core.thread(1, registers_of(core, _X86.registers, rsp=2**64 - 16), signal=11)
    raw = core.bytes()
    programs = b"".join(
        core.program(1, 6, offset, start, filesz, memsz)
        for offset, start, filesz, memsz in [
            (0, 0x1000, 2**64 - 1, 2**64 - 1),
            (2**64 - 1, 2**63, 2**63, 2**63),
            (2**63, 2**64 - 4096, 4096, 2**63),
        ]
    )
    at = 64 + 4 * 56
    notes = core.program(4, 0, at, 0, len(core.notes), 0)
    loaded = load(core.header(4) + notes + programs + raw[64 + 56 :], tmp_path)
    assert loaded.all_gaps()
    memory = loaded.image.memory
    assert len(memory.read_some(0x1000, 2**62)) == len(raw) + 3 * 56
    touch(loaded)


def test_ranges_that_overlap_are_told_and_left_out(tmp_path):
    core = small().segment(0x1800, b"z" * 4096)
    loaded = load(core, tmp_path)
    assert "overlap" in loaded.all_gaps()[0].what
    assert loaded.image.memory.read(0x1800, 1) == b"\0"
    frame = loaded.frames["mappings"]
    assert (frame["start"].to_numpy()[1:] >= frame["end"].to_numpy()[:-1]).all()


def test_more_than_65535_segments_are_counted_in_the_first_section(tmp_path):
    core = HandmadeCore()
    count = 70_001
    core.thread(1, registers_of(core, _X86.registers), signal=11)
    at = 64 + 56 * count + 64
    programs = np.zeros((count, 7), "<u8")
    programs[:, 0] = 1 | 6 << 32
    programs[:, 2] = np.arange(count) * 4096
    programs[:, 1] = at
    programs[:, 5] = 4096
    programs[0] = [4, at, 0, 0, len(core.notes), 0, 1]
    section = struct.pack("<IIQQQQIIQQ", 0, 0, 0, 0, 0, 0, 0, count, 0, 0)
    head = core.header(0xFFFF, section_offset=64 + 56 * count, sections=1)
    started_at = time.monotonic()
    loaded = load(head + programs.tobytes() + section + core.notes, tmp_path)
    assert len(loaded.image.mappings) == count - 1
    assert len(loaded.image.threads) == 1
    assert loaded.all_gaps() == []
    assert time.monotonic() - started_at < 10


def test_millions_of_notes_and_segments_of_notes_take_the_time_of_the_file(tmp_path):
    core = HandmadeCore()
    body = struct.pack("<III", 0, 0, 1) * 100_000
    programs = core.program(4, 0, 64 + 56 * 5000, 0, len(body), 0) * 5000
    started_at = time.monotonic()
    loaded = load(core.header(5000) + programs + body, tmp_path)
    assert time.monotonic() - started_at < 10
    assert len(loaded.all_gaps()) <= 10


def test_a_table_of_files_that_claims_too_much_is_cut(tmp_path):
    core = small()
    core.note(0x46494C45, struct.pack("<5Q", 2**40, 4096, 0x1000, 0x2000, 0) + b"/lib/a\0")
    loaded = load(core, tmp_path)
    assert any("NT_FILE" in gap.what for gap in loaded.all_gaps())
    touch(loaded)


@pytest.mark.parametrize("path", ["/dev/stdin", "/proc/kmsg", "../../etc/passwd", "", "/a\0b", "~"])
def test_a_path_of_the_core_is_never_more_than_looked_at(tmp_path, path):
    core = small()
    elf = HandmadeCore(kind=3).segment(0, b"\0" * 64).bytes()
    core.segment(0x5000, elf.ljust(4096, b"\0"), flags=READ | RUN)
    core.files((0x5000, 0x6000, 0, path))
    modules = load(core, tmp_path).frames["modules"]
    assert modules["matched"].tolist() == ["missing"]


def test_hostile_names_are_text(tmp_path):
    core = HandmadeCore().process(1, "\x1b[31m<b>x", "a").segment(0x1000, b"a")
    core.thread(1, registers_of(core, _X86.registers), signal=11)
    bundle = load(core, tmp_path)._repr_mimebundle_()
    assert "\x1b" not in bundle["text/plain"]
    assert "<b>x" not in bundle["text/html"]


# -- options ------------------------------------------------------------------------------------


def test_a_wrong_option_says_what_is_right(tmp_path):
    with pytest.raises(BadOption, match="there is no debugger 'windbg'"):
        load(small(), tmp_path, debugger="windbg")
    with pytest.raises(BadOption, match="there is no such file"):
        load(small(), tmp_path, executable=tmp_path / "absent")
    with pytest.raises(BadOption, match="there is no folder"):
        load(small(), tmp_path, debug_dirs=[tmp_path / "absent"])
    with pytest.raises(BadOption, match="there is no folder"):
        load(small(), tmp_path, sysroot=tmp_path / "absent")


def test_a_packed_core_is_unpacked_with_a_path_for_debuggers(tmp_path):
    import gzip

    data = small().segment(0x100000, b"\0" * 2**20 + b"end").bytes()
    path = tmp_path / "core.gz"
    path.write_bytes(gzip.compress(data))
    core = pf.load(path)
    assert core.image.path.read_bytes() == data
    assert core.image.path.stat().st_blocks * 512 < 2**20
    assert core.image.memory.read(0x100000 + 2**20, 3) == b"end"


def test_a_core_travels_between_processes(tmp_path):
    core = load(started([b"HOME=/root"]), tmp_path)
    core.image.memory.word(0x7FFC0000)
    image = pickle.loads(pickle.dumps(core.image))
    assert image.memory.word(0x7FFC0000) == core.image.memory.word(0x7FFC0000)
    assert image.environment == core.image.environment
    assert image.threads[0].registers == core.image.threads[0].registers
