"""Cores to measure on, made once and kept: a crowd of threads, dense and sparse memory, Node.js.

What fills the dense ones decides how a search for secrets fares: noise has nothing that looks like
a word, text is all words, libraries are both, and the memory of Node.js is what one really meets.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import warm
from benchmarks.snapshots import CACHE
from prodforensics.core import node_samples, taking

__all__ = ["DENSE", "Dead", "crowd", "dense", "node", "sparse"]

HERE = Path(__file__).parent
FOLDER = CACHE / "core"
DENSE_BYTES = 256 << 20
DENSE = ("noise", "text", "libraries")


@dataclass(frozen=True)
class Dead:
    """A core and the program that left it."""

    core: Path
    program: Path


def crowd(threads: int, depth: int) -> Dead:
    """Return a core of so many waiting threads, and main, each so deep (frames of libc beside)."""
    return _died("crowd", f"crowd.{threads}.{depth}", str(threads), str(depth))


def sparse(megabytes: int) -> Dead:
    """Return a core of this size, mostly holes."""
    return _died("ballast", f"sparse.{megabytes}", f"-{megabytes}")


def dense(content: str) -> Dead:
    """Return a core with 256 MB of one of `DENSE` in its memory."""
    filling = FOLDER / f"{content}.bytes"
    core = FOLDER / f"dense.{content}.core"
    if not core.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        with filling.open("wb") as file:
            pieces = _pieces(content)
            while (left := DENSE_BYTES - file.tell()) > 0:
                file.write(next(pieces)[:left])
    dead = _died("ballast", f"dense.{content}", str(filling))
    filling.unlink(missing_ok=True)
    return dead


def node(version: str, scenario: str, *arguments: str) -> node_samples.NodeCore:
    """Return a core of Node.js with the stack that it printed."""
    made = node_samples.make(
        scenario,
        version=version,
        folder=FOLDER / "-".join(["node", version, scenario, *arguments]),
        cache=CACHE.parent / "node",
        flags=("--max-old-space-size=8192",),
        arguments=arguments,
    )
    warm(made.core)
    return made


def _died(program: str, name: str, *arguments: str) -> Dead:
    core, built = FOLDER / f"{name}.core", FOLDER / program
    if not core.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        source = HERE / f"{program}.c"
        build = ["gcc", "-g", "-O0", "-pthread", str(source), "-o", str(built)]
        subprocess.run(build, check=True)
        taking.core_of_crash([str(built), *arguments], core.absolute(), seconds=120)
    if core.stat().st_size < 2 << 30:
        warm(core)
    return Dead(core, built)


def _pieces(content: str) -> Iterator[bytes]:
    """Yield pieces for ever: the filling of a dense core."""
    if content == "noise":
        while True:
            yield os.urandom(1 << 22)
    patterns = {
        "text": (sysconfig.get_path("stdlib"), "*.py"),
        "libraries": (sysconfig.get_path("purelib"), "*.so*"),
    }
    folder, pattern = patterns[content]
    files = sorted(path for path in Path(folder).rglob(pattern) if path.is_file())
    if not files:
        raise RuntimeError(f"no {pattern} below {folder} of {sys.executable}")
    while True:
        for path in files:
            yield path.read_bytes()
