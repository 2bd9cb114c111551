"""``perf script`` beside inferno and ``stackcollapse-perf.pl``: all of them up to folded stacks."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks.measure import race
from benchmarks.peers import program
from benchmarks.profile import perf_files
from benchmarks.table import Row, against
from tests.oracle import flamegraph

__all__ = ["CASES"]

_OURS = "benchmarks.profile.perf_ours"


def _inferno(file: Path) -> list[str]:
    """``inferno-collapse-perf`` with all its threads (``cargo install inferno``)."""
    home = Path.home() / ".cargo" / "bin" / "inferno-collapse-perf"
    return [shutil.which("inferno-collapse-perf") or str(home), str(file)]


def _perl(file: Path) -> list[str]:
    return ["perl", str(flamegraph.install() / "stackcollapse-perf.pl"), str(file)]


def perf() -> Iterator[Row]:
    """600 MB of perf script, folded; memory."""
    file = perf_files.large()
    size = file.stat().st_size
    case = f"perf script, {size / 1e6:.0f} MB"
    inferno, ours, loaded = race(
        3, _inferno(file), program(_OURS, "fold", file), program(_OURS, "load", file)
    )
    (perl,) = race(1, _perl(file))
    yield against(f"{case}: folded", ours, inferno, "inferno", faster=1)
    yield against(f"{case}: folded", ours, perl, "stackcollapse-perf.pl", faster=15)
    yield against(f"{case}: loaded, every sample kept", loaded, inferno, "inferno")
    share = ours.peak_rss_bytes / size
    yield Row(
        f"{case}: memory per byte of the file", share, "B/B",
        bar="<= 1.2", met=share <= 1.2, ours_rss_bytes=ours.peak_rss_bytes,
    )  # fmt: skip


def perf_small() -> Iterator[Row]:
    """30 MB of perf script as it was recorded, folded, from process start."""
    file = perf_files.recorded()
    case = f"perf script, {file.stat().st_size / 1e6:.0f} MB: folded, from process start"
    perl, inferno, ours = race(3, _perl(file), _inferno(file), program(_OURS, "fold", file))
    share = ours.wall_s / perl.wall_s
    yield replace(
        against(case, ours, perl, "stackcollapse-perf.pl"),
        ratio=share,
        bar="<= its time",
        met=share <= 1,
    )
    yield against(case, ours, inferno, "inferno")


def perf_compare() -> Iterator[Row]:
    """Two texts of 600 MB loaded and compared, findings included, beside loading them alone."""
    file = perf_files.large()
    (ours,) = race(1, program(_OURS, "compare", file, file))
    load, compare = ours.said["load_s"], ours.said["compare_s"]
    share = (load + compare) / load
    case = f"perf script, 2 x {file.stat().st_size / 1e6:.0f} MB: loaded and compared"
    yield Row(
        case, load + compare, "s", load, "loading them alone", share, "<= 1.5x", share <= 1.5,
        ours_rss_bytes=ours.peak_rss_bytes,
    )  # fmt: skip


CASES: dict[str, Callable[[], Iterator[Row]]] = {
    "perf": perf,
    "perf-small": perf_small,
    "perf-compare": perf_compare,
}
