"""Frames of Python, read from a core by pystack in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest

import prodforensics as pf
from prodforensics import samples
from prodforensics.core import schemas
from prodforensics.core.runtimes import python
from prodforensics.core.runtimes.told import modules_named, trusted
from prodforensics.errors import MissingDependency, ToolFailed


@pytest.fixture(scope="module")
def crash(tmp_path_factory):
    """A kiosk of Python whose ctypes read from a null pointer."""
    found = samples.files("core/python_null.core.zst", tmp_path_factory.mktemp("python"))
    core = pf.load(found["artifact"])
    if not trusted(modules_named(core.image, r"python3.*")):
        why = "the interpreter of the sample, /usr/bin/python3 of Debian 12, is not installed"
        (pytest.fail if os.environ.get("PF_REQUIRE_TOOLS") == "1" else pytest.skip)(why)
    return core


@pytest.fixture(scope="module")
def kiosk(crash):
    return python.read(crash.image)


def test_the_thread_that_crashed_runs_the_functions_of_the_script(crash, kiosk):
    truth = samples.truth("core/python_null.core.zst")
    stack = next(one for one in kiosk.stacks if one.os_tid == crash.image.threads[0].os_tid)
    assert [one.function for one in stack.frames if one.file.endswith("kiosk.py")] == truth[
        "python"
    ]
    faulty = stack.frames[1]
    assert (faulty.function, faulty.line) == ("device_name", truth["fault_line"])
    assert stack.frames[-1].is_entry


def test_arguments_and_locals_come_with_each_frame(kiosk):
    frames = {one.function: one for stack in kiosk.stacks for one in stack.frames}
    told = {one.name: (one.kind, one.value) for one in frames["sell"].variables}
    # Comprehensions share it, so that it stands in a cell.
    assert told["customer"][1].startswith("<cell at ")
    assert told["count"] == ("argument", "3")
    assert told["password"][0] == "local"


def test_the_version_and_the_holder_of_the_lock_of_the_interpreter_are_told(crash, kiosk):
    assert kiosk.version.startswith("3.")
    # The thread that sleeps let the lock go, the one that crashed in ctypes did not.
    assert kiosk.gil_holder == crash.image.threads[0].os_tid


def test_an_interpreter_of_another_build_is_not_asked(crash):
    modules = tuple(
        SimpleNamespace(path=one.path, found=one.found, matched="mismatched")
        for one in crash.image.modules
    )
    program = next(one for one in modules if "python" in one.path)
    image = SimpleNamespace(executable=program, modules=modules, path=crash.image.path)
    assert python.is_python(image)
    with pytest.raises(ToolFailed, match="another build"):
        python.read(image)


def image_of(path, crash):
    return SimpleNamespace(
        executable=crash.image.executable, modules=crash.image.modules, path=path
    )


def test_a_core_that_pystack_cannot_read_is_told_in_words(crash, tmp_path):
    path = tmp_path / "empty"
    path.write_bytes(crash.image.path.read_bytes()[:4096])
    with pytest.raises(ToolFailed, match="pystack cannot read the frames of Python"):
        python.read(image_of(path, crash))


def test_pystack_is_stopped_where_it_takes_too_long(crash):
    with pytest.raises(ToolFailed, match=r"stopped after 0.01 s"):
        python.read(crash.image, seconds=0.01)


def test_without_pystack_the_error_says_how_to_install_it(crash, monkeypatch):
    monkeypatch.setattr(python, "_run", lambda command, seconds: {"missing": "pystack"})
    with pytest.raises(MissingDependency, match=r"prodforensics\[core\]"):
        python.read(crash.image)


def test_the_worker_needs_nothing_of_this_package():
    code = "import sys, runpy; runpy.run_path(sys.argv[1], run_name='other'); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, python._WORKER],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "prodforensics" not in done.stdout


def frame(function, **more):
    told = {"function": function, "file": "a.py", "line": 3, "column": -1, "is_entry": False}
    return {**told, "is_shim": False, "variables": [], **more}


def test_what_stands_for_a_call_of_native_code_marks_the_frame_before_it():
    # Since Python 3.12 the frame that native code called is followed by a shim.
    told = [frame("inner"), frame("", is_entry=True, is_shim=True), frame("outer", line=0)]
    inner, outer = python._frames(json.loads(json.dumps(told)))
    assert inner == replace(inner, function="inner", is_entry=True)
    assert (outer.line, outer.is_entry) == (-1, False)


def test_frames_of_python_stand_among_the_native_ones(crash):
    frames = crash.frames["frames"]
    schemas.STACK_FRAMES.validate(frames)
    own = frames[frames["thread_id"] == 1].reset_index(drop=True)
    places = own.index[own["frame_kind"] == "python"]
    assert places[0] > 0
    assert own.loc[places[0] - 1, "function"].startswith("_PyEval_EvalFrameDefault")
    assert own.loc[places[-1], "function"] == "<module>"
    assert own["function"].tolist()[-1] == "_start"


def test_variables_of_python_are_among_the_locals_and_masked(crash):
    table = crash.frames["locals"]
    schemas.LOCALS.validate(table)
    frames = crash.frames["frames"].set_index(["thread_id", "frame_index"])
    (row,) = table[table["name"] == "password"].itertuples()
    assert frames.loc[(row.thread_id, row.frame_index), "function"] == "sell"
    assert "correct-horse" not in row.value
    assert row.masked
