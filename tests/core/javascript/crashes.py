"""Cores of small programs under Node.js of several versions: made once, kept in ``.cache``."""

import fcntl
import os
import shutil
from pathlib import Path

import pytest

import prodforensics as pf
from prodforensics.core import node_samples, taking
from prodforensics.errors import MissingTool, ToolFailed

PROGRAMS = Path(__file__).parent / "programs"
CACHE = Path(__file__).parents[3] / ".cache"
VERSIONS = tuple(node_samples.VERSIONS)


def crash(version, program, *arguments, flags=()):
    """Give the path of the core, the node that ran and what it printed.

    Without npm or the network the test is skipped, or fails under ``PF_REQUIRE_TOOLS=1``.
    """
    words = [program, *flags, *arguments]
    folder = CACHE / "javascript-cores" / version / "_".join(word.strip("-") for word in words)
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
                command = [str(node), *flags, str(script), *arguments]
                told = taking.core_of_crash(command, core, seconds=120)
                printed.write_text(told, encoding="utf-8")
        except (MissingTool, ToolFailed) as error:
            if os.environ.get("PF_REQUIRE_TOOLS") == "1":
                raise
            pytest.skip(error.message)
    return core, node, printed.read_text(encoding="utf-8")


def load(version, program, *arguments, flags=(), **options):
    """Load the core of a program with the node that ran it."""
    core, node, _ = crash(version, program, *arguments, flags=flags)
    return pf.load(core, executable=node, **options)
