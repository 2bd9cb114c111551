"""The cores that are measured on hold what their names say."""

import prodforensics as pf
from benchmarks.core import core_files
from tests.conftest import require_tool


def test_a_crowd_has_its_threads_and_main(tmp_path, monkeypatch):
    require_tool("gcc")
    monkeypatch.setattr(core_files, "FOLDER", tmp_path)
    dead = core_files.crowd(3, 5)
    core = pf.load(dead.core, executable=dead.program)
    assert len(core.frames["threads"]) == 4
    assert core.image.signal.name == "SIGSEGV"


def test_a_sparse_core_takes_little_of_the_disk(tmp_path, monkeypatch):
    require_tool("gcc")
    monkeypatch.setattr(core_files, "FOLDER", tmp_path)
    told = core_files.sparse(64).core.stat()
    assert told.st_size > 64 << 20
    assert told.st_blocks * 512 < 16 << 20


def test_a_dense_core_holds_its_filling(tmp_path, monkeypatch):
    require_tool("gcc")
    monkeypatch.setattr(core_files, "FOLDER", tmp_path)
    monkeypatch.setattr(core_files, "DENSE_BYTES", 1 << 20)
    core = core_files.dense("text").core
    assert (
        b"Record of phased-in incompatible language changes." in core.read_bytes()
    )  # __future__.py
