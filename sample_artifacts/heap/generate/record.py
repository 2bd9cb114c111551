"""Record the heap samples: Node services under load, a page in Chromium, a leaking C program.

The programs run in ``/srv/app`` with an environment of PATH and HOME alone, so that neither paths
nor secrets of the recording machine end up inside a snapshot. Needs node, npm, chromium, gcc or
clang, and valgrind.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import native  # noqa: E402
import node  # noqa: E402
import page  # noqa: E402
from recording import APP, neutral_folder  # noqa: E402


def record(scenarios: list[str], folder: Path) -> list[dict]:
    """Record the named scenarios, or all, and return their entries for the manifest."""
    recordings = _recordings(folder)
    entries = []
    for name in scenarios or recordings:
        print(f"recording {name}")
        with neutral_folder():
            entries += recordings[name]()
    return [{"investigation": "heap"} | entry for entry in entries]


def _recordings(folder: Path) -> dict[str, Callable[[], list[dict]]]:
    facts = tomllib.loads((HERE / "scenarios.toml").read_text())
    services = {
        name: lambda name=name, fact=fact: node.record(name, fact, APP, folder)
        for name, fact in facts.items()
    }
    return services | {
        "detached": lambda: page.record(APP, folder),
        "native": lambda: native.record(APP, folder),
    }
