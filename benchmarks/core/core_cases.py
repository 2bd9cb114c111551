"""The bars of core dumps: stacks against gdb on the same file, what ELF tells, secrets, Node.js."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.core.core_files import DENSE, Dead, crowd, dense, node, sparse
from benchmarks.measure import Run, best, race
from benchmarks.peers import program
from benchmarks.table import Row

__all__ = ["CASES"]

THREADS, DEPTH = 500, 30
SPARSE_MB = 4096
SESSIONS = 3_200_000
NODES = ("18", "20", "22", "24")
_HALF, _CARD_S, _SCAN, _BACKTRACE_S, _OBJECTS_S = 0.5, 0.3, 400e6, 1.0, 20.0


def _gdb(dead: Dead, command: str) -> list[str]:
    tool = shutil.which("gdb")
    if tool is None:
        raise RuntimeError("gdb is needed (apt install gdb)")
    quiet = ["--nx", "-batch", "-iex", "set debuginfod enabled off", "-iex", "set pagination off"]
    return [tool, *quiet, "-ex", command, str(dead.program), str(dead.core)]


def _ours(task: str, *words: str | Path) -> list[str]:
    return program("benchmarks.core.core_ours", task, *map(Path, words))


def _half(case: str, ours: Run, peer: Run, name: str) -> Row:
    share = ours.wall_s / peer.wall_s
    return Row(
        case, ours.wall_s, "s", peer.wall_s, name, share, f"<= {_HALF}x its time", share <= _HALF,
        ours.peak_rss_bytes, peer.peak_rss_bytes, ours.of,
    )  # fmt: skip


def threads() -> Iterator[Row]:
    """A program of 501 threads, 38 frames each: every frame, and with every local variable."""
    dead, small = crowd(THREADS, DEPTH), crowd(4, DEPTH).core
    for what, command in (("frames", "bt"), ("variables", "bt full")):
        peer = _gdb(dead, f"thread apply all {command}")
        gdb, ours = race(3, peer, _ours(what, dead.core, dead.program))
        count = f"{ours.said['locals' if what == 'variables' else 'frames']:,} {what}"
        case = f"501 threads: {count}, by {ours.said['debugger']}"
        yield _half(f"{case}, from process start", ours, gdb, f"gdb {command}")
        warm = best(_ours(what, dead.core, dead.program, small), 3)
        wall = warm.said["walk_s"]
        share = wall / gdb.wall_s
        yield Row(
            f"{case}, in a warm kernel", wall, "s", gdb.wall_s, f"gdb {command}", share,
            f"<= {_HALF}x its time", share <= _HALF, warm.peak_rss_bytes, gdb.peak_rss_bytes,
            warm.of,
        )  # fmt: skip


def card() -> Iterator[Row]:
    """A core of 4 GB, mostly holes: what ELF alone tells, beyond the imports."""
    large, small = sparse(SPARSE_MB), crowd(4, DEPTH)
    ours = best(_ours("card", large.core, small.core), 5)
    wall = ours.said["card_s"]
    yield Row(
        "core of 4 GB: what ELF tells, as frames", wall, "s", ratio=wall,
        bar=f"< {_CARD_S:g} s", met=wall < _CARD_S, ours_rss_bytes=ours.peak_rss_bytes,
        best_of=ours.of,
    )  # fmt: skip


def secrets() -> Iterator[Row]:
    """The search for secrets: noise, text, libraries, and the memory of Node.js."""
    small = crowd(4, DEPTH)
    cores = [(name, dense(name).core) for name in DENSE]
    cores.append(("Node.js", node("20", "leak", str(SESSIONS)).core))
    for name, core in cores:
        ours = best(_ours("secrets", core, small.core), 3)
        speed = ours.said["resident_bytes"] / ours.said["scan_s"]
        yield Row(
            f"secrets in {name}: {ours.said['found']:,} found", speed / 1e6, "MB/s",
            ratio=speed / 1e6, bar=f">= {_SCAN / 1e6:.0f} MB/s", met=speed >= _SCAN,
            ours_rss_bytes=ours.peak_rss_bytes, best_of=ours.of,
        )  # fmt: skip


def javascript() -> Iterator[Row]:
    """A core of Node.js: its stack with the constants in the cache; every object of 1 GB."""
    small = crowd(4, DEPTH).core
    for version in NODES:
        made = node(version, "exception")
        task = _ours("backtrace", made.core, made.node, small)
        best(task, 1)  # reads the constants of this node
        ours = best(task, 3)
        wall = ours.said["backtrace_s"]
        yield Row(
            f"Node.js {made.version}: backtrace, {ours.said['frames']} frames", wall, "s",
            ratio=wall, bar=f"< {_BACKTRACE_S:g} s", met=wall < _BACKTRACE_S, best_of=ours.of,
        )  # fmt: skip
    made = node("20", "leak", str(SESSIONS))
    ours = best(_ours("objects", made.core, made.node, small), 2)
    wall, size = ours.said["objects_s"], ours.said["resident_bytes"] / 1e9
    yield Row(
        f"Node.js, {size:.2f} GB: objects by constructor", wall, "s", ratio=wall,
        bar=f"< {_OBJECTS_S:g} s", met=wall < _OBJECTS_S, ours_rss_bytes=ours.peak_rss_bytes,
        best_of=ours.of,
    )  # fmt: skip


CASES: dict[str, Callable[[], Iterator[Row]]] = {
    "core-threads": threads,
    "core-card": card,
    "core-secrets": secrets,
    "core-node": javascript,
}
