"""pprof beside ``go tool pprof``, Java Flight Recorder beside ``jfr print``: up to their sums."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.measure import race, warm
from benchmarks.peers import program
from benchmarks.profile import pprof_files
from benchmarks.snapshots import CACHE
from benchmarks.table import Row, against
from prodforensics import samples
from prodforensics.source import Source

__all__ = ["CASES"]

_OURS = "benchmarks.profile.binary_ours"
_RECORDED = "profile/java/quadratic.async-profiler.jfr.zst"
_EXECUTIONS = 200_000
_OF_THE_JDK = "profile/java/gc.jfr.zst"


def _go(file: Path) -> list[str]:
    return ["go", "tool", "pprof", "-symbolize=none", "-top", "-nodecount=50", str(file)]


def _jfr(file: Path) -> list[str]:
    """``jfr print --json`` of the execution samples, into a parser that counts their methods."""
    program = str(Path(__file__).with_name("jfr_peer.py"))
    return [sys.executable, program, str(file)]


def _repeated(name: str, sample: str, times: int) -> Path:
    """Return a recording made of a real one, chunk behind chunk.

    A recording is a sequence of chunks that each stand alone; a long one has many.
    """
    path = CACHE / name
    if not path.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(Source(samples.path(sample)).chunks()) * times)
    return warm(path)


def _executions() -> Path:
    import prodforensics as pf

    in_one = int(pf.load(samples.path(_RECORDED)).using("samples").measures.total)
    return _repeated(f"jfr-{_EXECUTIONS}.jfr", _RECORDED, -(-_EXECUTIONS // in_one))


def _of_the_jdk() -> Path:
    size = sum(map(len, Source(samples.path(_OF_THE_JDK)).chunks()))
    return _repeated("jfr-85mb.jfr", _OF_THE_JDK, -(-85_000_000 // size))


def pprof() -> Iterator[Row]:
    """50 MB of pprof, not packed: its largest functions; memory."""
    file = warm(pprof_files.amplified())
    case = f"pprof, {file.stat().st_size / 1e6:.0f} MB: top"
    (ours,) = race(3, program(_OURS, "top", file))
    (go,) = race(1, _go(file))
    yield against(case, ours, go, "go tool pprof -top", faster=15)
    share = ours.peak_rss_bytes / go.peak_rss_bytes
    yield Row(
        f"{case}: memory", ours.peak_rss_bytes / 1e6, "MB", go.peak_rss_bytes / 1e6,
        "go tool pprof -top", share, "<= 0.2x", share <= 0.2,
    )  # fmt: skip


def jfr() -> Iterator[Row]:
    """200,000 execution samples: the largest functions; two recordings compared."""
    file = _executions()
    case = f"JFR, {file.stat().st_size / 1e6:.0f} MB, {_EXECUTIONS:,} execution samples"
    (ours,) = race(3, program(_OURS, "top", file))
    (peer,) = race(1, _jfr(file))
    yield against(f"{case}: top", ours, peer, "jfr print --json, parsed", faster=10)
    (compared,) = race(1, program(_OURS, "compare", file, file))
    load, compare = compared.said["load_s"], compared.said["compare_s"]
    share = (load + compare) / load
    yield Row(
        f"{case}: two loaded and compared", load + compare, "s", load, "loading them alone",
        share, "<= 1.5x", share <= 1.5, ours_rss_bytes=compared.peak_rss_bytes,
    )  # fmt: skip
    file = _of_the_jdk()
    (ours,) = race(3, program(_OURS, "top", file))
    yield Row(
        f"JFR of the JDK, {file.stat().st_size / 1e6:.0f} MB, all kinds of events: top",
        ours.wall_s, "s", bar="<= 2.5 s", met=ours.wall_s <= 2.5,
        ours_rss_bytes=ours.peak_rss_bytes, best_of=ours.of,
    )  # fmt: skip


CASES: dict[str, Callable[[], Iterator[Row]]] = {"pprof": pprof, "jfr": jfr}
