"""Node.js cores for the tests: made once, kept in ``.cache`` of the checkout."""

import fcntl
import os
from pathlib import Path

import pytest

from prodforensics.core import node_samples
from prodforensics.errors import MissingTool, ToolFailed

CACHE = Path(__file__).parents[2] / ".cache"
VERSIONS = tuple(node_samples.VERSIONS)


def node_core(version, scenario, flags=(), arguments=()):
    """Give the core of a scenario: `core`, `node`, `stack` as Node printed it, and `script`.

    Without npm, gdb or the network the test is skipped, or fails under ``PF_REQUIRE_TOOLS=1``.
    """
    words = [scenario, *flags, *arguments]
    folder = CACHE / "node-cores" / version / "_".join(word.strip("-") for word in words)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two processes of the tests may want the same
        try:
            return node_samples.make(
                scenario,
                version=version,
                folder=folder,
                cache=CACHE / "node",
                flags=tuple(flags),
                arguments=tuple(map(str, arguments)),
            )
        except (MissingTool, ToolFailed) as error:
            if os.environ.get("PF_REQUIRE_TOOLS") == "1":
                raise
            pytest.skip(error.message)
