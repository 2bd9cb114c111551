"""V8's constants are read from the program that ran, quickly, and never from another."""

import shutil
import time
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import pytest
from elftools.elf.elffile import ELFFile

from prodforensics.core.javascript import is_node, of
from prodforensics.core.javascript.binary import Binary
from prodforensics.core.javascript.constants import Constants, read_constants
from prodforensics.core.javascript.heap import Heap
from prodforensics.errors import BadOption, Corrupt, SourceError, UnknownName
from tests.core.javascript.crashes import VERSIONS, crash, load

NUMBERS = {"18": 495, "20": 531, "22": 457, "24": 480}
"""Constants in each, as ``nm -D`` counts them."""


def _node(version):
    return crash(version, "deliberate.js")[1]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_constant_of_node_is_read(version):
    constants = read_constants(_node(version))
    assert len(constants.values) == NUMBERS[version]
    assert constants.node_version.split(".")[0] == version
    assert constants.layout.node == int(version)
    assert constants["HeapObjectTag"] == 1
    assert constants.offset("JSFunction", "shared") == constants.layout.function_shared
    assert constants.class_of(constants.type_of("JSArray")) == "JSArray"
    assert constants.class_of(constants.layout.bigint_type) == "BigInt"


def test_it_takes_less_than_a_blink():
    node = _node("24")
    read_constants(node)
    start = time.perf_counter()
    read_constants(node)
    assert time.perf_counter() - start < 0.5


def test_symbols_agree_with_those_that_pyelftools_reads():
    path = _node("20")
    with path.open("rb") as file:
        elf = ELFFile(file)
        loaded = [one for one in elf.iter_segments() if one["p_type"] == "PT_LOAD"]
        expected = {}
        for symbol in islice(elf.get_section_by_name(".dynsym").iter_symbols(), 6000):
            if symbol.name.startswith("v8dbg_"):
                address = symbol["st_value"]
                one = next(one for one in loaded if 0 <= address - one["p_vaddr"] < one["p_memsz"])
                file.seek(one["p_offset"] + address - one["p_vaddr"])
                in_file = address - one["p_vaddr"] < one["p_filesz"]
                expected[symbol.name] = (
                    int.from_bytes(file.read(4), "little", signed=True) if in_file else 0
                )
    assert len(expected) > 10
    binary = Binary(path)
    read = binary.integers(binary.symbols("v8dbg_"))
    assert {name: read[name] for name in expected} == expected


def test_a_version_that_is_not_known_is_refused_before_anything_is_guessed():
    known = read_constants(_node("22"))
    unknown = Constants(known.values, "14.9.1.1-node.1", "99.0.0", known.path)
    assert unknown.layout is None
    with pytest.raises(BadOption, match=r"V8 14\.9.*not known"):
        Heap(load("22", "deliberate.js").image.memory, unknown)


def test_what_a_version_does_not_have_is_named():
    constants = read_constants(_node("24"))
    with pytest.raises(UnknownName, match="no constant of V8 'type_Nothing'"):
        constants["type_Nothing"]
    with pytest.raises(UnknownName, match=r"no field of V8 'JSArray\.nothing'"):
        constants.offset("JSArray", "nothing")
    assert constants.offset("JSArray", "nothing", 8) == 8
    assert constants.type_of("Nothing") == -1


def test_a_program_without_v8_is_refused(tmp_path):
    with pytest.raises(BadOption, match="holds no v8dbg_ constants"):
        read_constants(Path(shutil.which("sh")))
    with pytest.raises(SourceError):
        read_constants(tmp_path / "absent")
    text = tmp_path / "text"
    text.write_bytes(b"no program at all" * 10)
    with pytest.raises(Corrupt, match="ELF file"):
        read_constants(text)


def test_damaged_programs_are_refused_or_read_in_part(tmp_path):
    whole = _node("18").read_bytes()[: 1 << 20]
    path = tmp_path / "node"
    for place in (32, 40, 54, 58, 60, 62):
        damaged = bytearray(whole)
        damaged[place : place + 2] = b"\xff\xff"
        path.write_bytes(damaged)
        with pytest.raises((Corrupt, BadOption)):
            read_constants(path)


def _process(**module):
    """A process of one module."""
    one = SimpleNamespace(path="/usr/bin/node", build_id="ab12", **module)
    return SimpleNamespace(image=SimpleNamespace(modules=[one], program="server"))


def test_another_build_of_node_is_not_used():
    with pytest.raises(BadOption, match=r"is not the build that ran.*ab12"):
        of(_process(found=_node("22"), matched="mismatched"))


def test_without_the_program_the_core_says_which_one_it_needs():
    with pytest.raises(BadOption, match=r"/usr/bin/node \(build-id ab12\) is not on this machine"):
        of(_process(found=None, matched="missing"))


def test_a_process_that_did_not_run_node_is_told_so():
    other = SimpleNamespace(path="/usr/bin/python3", build_id="", found=None, matched="missing")
    core = SimpleNamespace(image=SimpleNamespace(modules=[other], program="python3"))
    assert not is_node(core)
    with pytest.raises(BadOption, match="python3 did not run Node"):
        of(core)
