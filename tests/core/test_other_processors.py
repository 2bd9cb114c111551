"""A core of another processor is read as one of this: here of arm64, as qemu writes it."""

import pytest

import prodforensics as pf
from prodforensics import samples, tools
from prodforensics.core.debuggers import gdb
from prodforensics.core.session import Session
from prodforensics.errors import MissingTool
from tests.core.sample_cores import require_gdb, sample_core, sample_files

SAMPLE = "null.aarch64"


@pytest.fixture
def core():
    with sample_core(SAMPLE) as loaded:
        yield loaded


def test_a_program_is_placed_where_the_core_tells_no_files(core):
    program = core.image.executable
    assert program.name == "till-aarch64"
    assert program.matched == "unverified"  # the core holds no build-id to compare
    entry = core.image.auxiliary["AT_ENTRY"]
    assert program.start <= entry < program.end
    assert program.start <= core.image.crashed.pc < program.end


def test_a_program_of_another_processor_is_not_taken_for_it():
    other = sample_files("null")["executable"]
    with pf.load(samples.path("core/null.aarch64.core.zst"), executable=other) as core:
        assert core.image.executable is None


def test_the_instruction_tells_the_fault_where_no_siginfo_does(core):
    require_gdb(SAMPLE)
    assert core.image.signal.address is None
    (finding,) = core.findings().likely
    assert finding.rule == "core.null_dereference"
    assert "discounted at till.c:72" in finding.title
    assert "Memory at 0x0 was read" in finding.why
    assert "took its address from x0" in finding.why


def test_the_gdb_of_this_processor_is_not_asked(core, monkeypatch):
    asked = []

    def find(name):
        asked.append(name)
        raise MissingTool(name, unlocks="", install="")

    monkeypatch.setattr(gdb.tools, "find", find)
    assert "gdb" not in Session(core).names()
    assert asked[0] == "gdb-multiarch"
    assert tools.tool("gdb-multiarch").install == "apt install gdb-multiarch"
