"""Cores are taken of programs that die and of programs that are held."""

import sys

import pytest

from prodforensics.core import taking
from prodforensics.errors import ToolFailed

DIES = [sys.executable, "-c", "import os; print('so long', flush=True); os.abort()"]
HELD = [sys.executable, "-c", "import time; print('HERE I AM', flush=True); time.sleep(60)"]


def is_core(path):
    return path.read_bytes()[16:18] == b"\x04\x00"


def test_a_program_that_dies_leaves_a_core_and_what_it_said(tmp_path):
    printed = taking.core_of_crash(DIES, tmp_path / "core", seconds=60)
    assert "so long" in printed
    assert is_core(tmp_path / "core")


@pytest.mark.parametrize("pattern", ["|/usr/share/apport/apport %p", "/var/crash/core.%p"])
def test_gdb_takes_it_where_the_kernel_hands_cores_elsewhere(pattern, tmp_path, monkeypatch):
    (tmp_path / "pattern").write_text(f"{pattern}\n")
    monkeypatch.setattr(taking, "_PATTERN", tmp_path / "pattern")
    printed = taking.core_of_crash(DIES, tmp_path / "core", seconds=60)
    assert "so long" in printed
    assert is_core(tmp_path / "core")


def test_a_program_that_lives_leaves_no_core(tmp_path):
    with pytest.raises(ToolFailed, match="left no core"):
        taking.core_of_crash([sys.executable, "-c", ""], tmp_path / "core", seconds=60)


def test_a_program_that_does_not_die_in_time_is_ended(tmp_path):
    with pytest.raises(ToolFailed, match="did not die within 1 s"):
        taking.core_of_crash(HELD, tmp_path / "core", seconds=1)


def test_a_held_program_is_read_by_gcore_without_its_empty_blocks(tmp_path):
    printed = taking.core_of_held(HELD, tmp_path / "core", sign="HERE", seconds=60)
    assert printed == "HERE I AM\n"
    assert is_core(tmp_path / "core")
    told = taking.output(["readelf", "-n", str(tmp_path / "core")], seconds=30)
    assert "NT_PRSTATUS" in told


def test_a_program_that_ends_before_its_sign_is_named(tmp_path):
    with pytest.raises(ToolFailed, match=r"gave no sign: bye"):
        taking.core_of_held(
            [sys.executable, "-c", "print('bye')"], tmp_path / "core", sign="HERE", seconds=2
        )
