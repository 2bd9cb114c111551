"""Cores of processes that go on: taken by gdb's ``gcore`` once, kept in ``.cache``."""

import fcntl
import os
import shutil

import pytest

import prodforensics as pf
from prodforensics.core import node_samples, taking
from prodforensics.errors import MissingTool, ToolFailed
from tests.core.javascript.crashes import CACHE, PROGRAMS


def held(version, program, sign):
    """Load the core of a program that prints a sign, and give what it printed."""
    folder = CACHE / "javascript-cores" / version / f"held_{program}"
    folder.mkdir(parents=True, exist_ok=True)
    script, printed, core = folder / program, folder / "printed", folder / "core"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            node = node_samples.node_binary(version, CACHE / "node")
            source = (PROGRAMS / program).read_bytes()
            if not (core.exists() and printed.exists() and script.read_bytes() == source):
                printed.unlink(missing_ok=True)
                shutil.copy(PROGRAMS / program, script)
                told = taking.core_of_held([str(node), str(script)], core, sign=sign, seconds=120)
                printed.write_text(told, encoding="utf-8")
        except (MissingTool, ToolFailed) as error:
            if os.environ.get("PF_REQUIRE_TOOLS") == "1":
                raise
            pytest.skip(error.message)
    return pf.load(core, executable=node), printed.read_text(encoding="utf-8")
