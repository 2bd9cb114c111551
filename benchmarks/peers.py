"""How the contenders are started: DevTools' worker, MemLab, and ourselves."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

from tests.oracle.worker import Oracle, install

__all__ = ["devtools", "memlab", "ours", "program"]

HERE = Path(__file__).parent


@cache
def _oracle() -> Oracle:
    return Oracle.build()


def devtools(mode: str, *files: Path) -> list[str]:
    """Chrome DevTools' heap snapshot worker in Node, up to the rows of its Summary view."""
    return [*_oracle().command, mode, *map(str, files)]


def memlab(file: Path) -> list[str]:
    """MemLab's ``getFullHeapFromFile``, up to its retained sizes."""
    folder = install(HERE / "heap" / "memlab")
    return ["node", "--max-old-space-size=14000", str(folder / "load.cjs"), str(file)]


def ours(task: str, *files: Path) -> list[str]:
    """One task of ``benchmarks/ours.py`` in a new interpreter."""
    return program("benchmarks.ours", task, *files)


def program(module: str, task: str, *files: Path) -> list[str]:
    """One task of a module of ours that runs as a program, in a new interpreter."""
    return [sys.executable, "-m", module, task, *map(str, files)]
