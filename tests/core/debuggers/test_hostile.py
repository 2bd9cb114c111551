"""Debug information and paths as an attacker would make them: nothing runs, hangs or crashes."""

import shutil

import numpy as np
import pytest

import prodforensics as pf
from prodforensics.core.debuggers.interface import Limits, Target
from prodforensics.core.debuggers.process import Process
from prodforensics.core.elf import header, sections
from prodforensics.core.session import Session
from prodforensics.errors import ToolFailed
from tests.conftest import require_tool
from tests.core.sample_cores import sample_files

DEBUGGERS = ("gdb", "lldb", "drgn")
DAMAGES = 5


@pytest.fixture(scope="module")
def files():
    return sample_files("exception")


def damaged(whole, seed):
    """Overwrite bytes within the debug information: zeros, ones, noise, huge lengths."""
    rng = np.random.default_rng(seed)
    data = bytearray(whole)
    for one in sections(whole, header(whole)):
        if not one.name.startswith((".debug_", ".eh_frame")) or not one.size:
            continue
        for _ in range(int(rng.integers(1, 6))):
            at = one.offset + int(rng.integers(0, one.size))
            new = [b"\xff" * 8, b"\0" * 64, bytes(rng.integers(0, 256, 16, np.uint8))]
            piece = new[int(rng.integers(0, 3))]
            data[at : at + len(piece)] = piece
    return bytes(data[: len(whole)])


@pytest.mark.parametrize("seed", range(DAMAGES))
def test_damaged_debug_information_costs_names_at_the_most(files, seed, tmp_path):
    debug = tmp_path / "debug"
    shutil.copytree(files["debug"], debug)
    for file in debug.rglob("*.debug"):
        file.write_bytes(damaged(file.read_bytes(), seed))
    debugger = DEBUGGERS[seed % len(DEBUGGERS)]
    if debugger != "drgn":
        require_tool(debugger)
    options = {"executable": files["executable"], "debug_dirs": (debug,), "debugger": debugger}
    with pf.load(files["artifact"], **options) as core:
        core.__dict__["_session"] = Session(core, Limits(seconds=20, memory_bytes=2 * 2**30))
        frames, variables = core.frames["frames"], core.frames["locals"]
        assert len(frames) >= 1
        assert frames["address"].iloc[0] == core.image.threads[0].pc
        assert set(variables["frame_index"]) <= set(frames["frame_index"])
        core.backtrace(full=True)


def test_a_debugger_that_takes_too_long_or_too_much_is_ended(tmp_path):
    target = Target(tmp_path / "core", None, tmp_path)
    process = Process("gdb", ["sleep", "60"], Limits(seconds=0.1), target, tmp_path)
    error = process.late("walked the stacks", 0.1)
    assert isinstance(error, ToolFailed)
    assert "stopped after 0.1 s" in str(error)
    assert not process.alive
    greedy = ["python3", "-c", "x = bytearray(2 ** 32); print('had it')"]
    process = Process("gdb", greedy, Limits(memory_bytes=2**29), target, tmp_path)
    assert b"had it" not in process.popen.stdout.read()
    process.close()


def test_nothing_that_lies_beside_the_evidence_is_run(files, tmp_path, monkeypatch):
    """Init files in the working folder and at home, scripts that gdb loads by name."""
    require_tool("gdb")
    proof = tmp_path / "proof"
    folder = tmp_path / "evidence"
    folder.mkdir()
    program = shutil.copy(files["executable"], folder / "orders")
    core = shutil.copy(files["artifact"], folder / "core")
    line = f"shell touch {proof}\n"
    (folder / ".gdbinit").write_text(line)
    (folder / "orders-gdb.gdb").write_text(line)
    (folder / "orders-gdb.py").write_text(f"open({str(proof)!r}, 'w')\n")
    (folder / ".lldbinit").write_text(f"script open({str(proof)!r}, 'w')\n")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(folder))
    for debugger in DEBUGGERS:
        with pf.load(core, executable=program, debugger=debugger) as loaded:
            assert len(loaded.frames["frames"]) > 1
    assert not proof.exists()


@pytest.mark.parametrize(
    "path",
    [
        "/srv/$(touch proof)/orders",
        "/../../../etc/passwd",
        "/srv/app/ord\ners",
        '/srv/"; shell touch proof; "/x',
        "/srv/app/`id`\\",
    ],
)
def test_paths_in_a_core_are_paths_and_nothing_else(path, tmp_path, monkeypatch):
    require_tool("gdb")
    files = sample_files("null")
    whole = files["artifact"].read_bytes()
    old = b"/srv/app/till\0"
    new = path.encode()[: len(old) - 1].ljust(len(old) - 1, b"x") + b"\0"
    planted = tmp_path / "core"
    planted.write_bytes(whole.replace(old, new))
    monkeypatch.chdir(tmp_path)
    with pf.load(planted) as core:
        assert len(core.frames["frames"]) >= 1
        core.backtrace()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["core"]
