"""The bars of heap snapshots, one function each: make or find the files, run, return rows."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace

from benchmarks import peers, snapshots
from benchmarks.measure import Run, best, race
from benchmarks.table import Row, against

__all__ = ["CASES", "QUICK"]

Case = Callable[[], Iterator[Row]]

SMALL, MEDIUM, LARGE = 5, 100, 540  # megabytes, about


def _memory(case: str, ours: Run, peer: Run, bar: float) -> Row:
    share = ours.peak_rss_bytes / peer.peak_rss_bytes
    return Row(
        f"{case}: peak memory",
        ours.peak_rss_bytes / 1e6,
        "MB",
        peer.peak_rss_bytes / 1e6,
        "DevTools",
        share,
        f"<= {bar:g} of its",
        share <= bar,
        best_of=ours.of,
    )


def import_time() -> Iterator[Row]:
    """`import prodforensics`, beyond the start of the interpreter."""
    python = [sys.executable, "-c"]
    bare, imported = race(10, [*python, "pass"], [*python, "import prodforensics"])
    beyond = imported.wall_s - bare.wall_s
    yield Row("import", beyond, "s", bar="<= 0.15 s", met=beyond <= 0.15, best_of=imported.of)


def first_use() -> Iterator[Row]:
    """The first load ever: every kernel it needs is compiled."""
    file = snapshots.single(SMALL)
    cached = best(peers.ours("load", file), 2)
    with tempfile.TemporaryDirectory() as empty:
        cold = best(peers.ours("load", file), 1, {"NUMBA_CACHE_DIR": empty})
    compiling = cold.wall_s - cached.wall_s
    yield Row("5 MB: compiling on first use", compiling, "s", bar="<= 15 s", met=compiling <= 15)


def small() -> Iterator[Row]:
    """A 5 MB snapshot: from process start, and again in a process that has loaded one."""
    file = snapshots.single(SMALL)
    devtools, ours, tables = race(
        5, peers.devtools("load", file), peers.ours("load", file), peers.ours("tables", file)
    )
    share = ours.wall_s / devtools.wall_s
    yield replace(
        against("5 MB: load from process start", ours, devtools, "DevTools"),
        ratio=share,
        bar="<= 2x its time",
        met=share <= 2,
    )
    yield against("5 MB: load, and frames of classes", tables, devtools, "DevTools")
    warm_s = best(peers.ours("warm", file), 3).said["warm_s"]
    worker_s = devtools.said["total_s"]
    share = warm_s / worker_s
    yield Row(
        "5 MB: load in a warm kernel", warm_s, "s", worker_s, "DevTools (worker alone)", share,
        "<= 0.2x its time", share <= 0.2, best_of=3,
    )  # fmt: skip


def _load(megabytes: int, times: int, faster: float) -> Iterator[Row]:
    file = snapshots.single(megabytes)
    case = f"{file.stat().st_size / 1e6:.0f} MB: load"
    devtools, ours, tables, frames, memlab = race(
        times,
        peers.devtools("load", file),
        *(peers.ours(task, file) for task in ("load", "tables", "frames")),
        peers.memlab(file),
    )
    yield against(case, ours, devtools, "DevTools", faster=faster)
    yield _memory(case, ours, devtools, 0.45)
    yield against(case, ours, memlab, "MemLab")
    yield against(f"{case}, and frames of classes", tables, devtools, "DevTools")
    yield against(f"{case}, and the frame of all nodes", frames, devtools, "DevTools")


def medium() -> Iterator[Row]:
    """A 100 MB snapshot."""
    yield from _load(MEDIUM, 3, 3)


def large() -> Iterator[Row]:
    """A snapshot of more than 500 MB."""
    yield from _load(LARGE, 3, 8)


def pages() -> Iterator[Row]:
    """The first page of every view on a snapshot of more than 500 MB, once it is loaded."""
    file = snapshots.single(LARGE)
    run = best(peers.ours("pages", file), 2)
    for view, seconds in run.said.items():
        yield Row(
            f"{file.stat().st_size / 1e6:.0f} MB: first page of {view}", seconds, "s",
            bar="<= 0.2 s", met=seconds <= 0.2, best_of=run.of,
        )  # fmt: skip


def comparison() -> Iterator[Row]:
    """Two 100 MB snapshots of one process, against DevTools' loading of both alone."""
    files = snapshots.pair(MEDIUM)
    ours, devtools, findings = race(
        3,
        peers.ours("compare", *files),
        peers.devtools("compare", *files),
        peers.ours("findings", *files),
    )
    loading = replace(devtools, wall_s=devtools.said["load_s"])
    case = "two 100 MB: load and compare"
    yield against(case, ours, loading, "DevTools, loads alone", faster=5)
    yield against(case, ours, devtools, "DevTools, compared as well")
    yield against(f"{case}, up to the findings", findings, devtools, "DevTools, compared as well")
    warm = best(peers.ours("warm_compare", *files), 2)
    warm = replace(warm, wall_s=warm.said["warm_s"])
    yield against(f"{case}, in a warm kernel", warm, loading, "DevTools, loads alone")


def huge() -> Iterator[Row]:
    """A snapshot beyond what DevTools opens: memory in proportion to the file."""
    file = snapshots.huge()
    size = file.stat().st_size
    ours = best(peers.ours("load", file), 1)
    share = ours.peak_rss_bytes / size
    yield Row(
        f"{size / 1e9:.1f} GB: memory per byte of the file", share, "B/B",
        bar="<= 1.8", met=share <= 1.8, ours_rss_bytes=ours.peak_rss_bytes,
    )  # fmt: skip
    yield Row(f"{size / 1e9:.1f} GB: load", ours.wall_s, "s", ours_rss_bytes=ours.peak_rss_bytes)


CASES: dict[str, Case] = {
    "import": import_time,
    "first-use": first_use,
    "small": small,
    "medium": medium,
    "comparison": comparison,
    "large": large,
    "pages": pages,
    "huge": huge,
}
QUICK = ("import", "small", "medium", "comparison")
