"""A flame graph of a million bars in Chromium: how soon it stands there, how long a frame takes."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator

from benchmarks.measure import best
from benchmarks.peers import program
from benchmarks.table import Row

__all__ = ["CASES"]

_NODES = 1_200_000  # of which more than a million have samples
_TIMES = 3


def flame() -> Iterator[Row]:
    """A profile of a million nodes, shown, zoomed, searched and taken apart."""
    command = [*program("benchmarks.profile.flame_ours", "explore"), str(_NODES)]
    run = best(command, _TIMES)
    said = run.said
    case = f"{said['bars']:,} bars"
    opened = (said["show_ms"] + said["opened_ms"]) / 1000
    yield Row(
        f"{case}: show(), until drawn", opened, "s",
        bar="<= 1 s", met=opened <= 1, best_of=run.of,
    )  # fmt: skip
    frames = said["frames_ms"]
    late = statistics.quantiles(frames, n=20)[-1]
    yield Row(
        f"{case}: script of a frame while zooming, 95th of 100", late, "ms",
        bar="<= 16 ms", met=late <= 16, best_of=run.of,
    )  # fmt: skip
    for name, words in (
        ("show_ms", "of which show(), with the static picture"),
        ("kernel_ms", "of which answers of the kernel"),
        ("search_ms", "search, with the share matched"),
        ("sums_ms", "self and total of every function"),
        ("sandwich_ms", "callers and callees of the busiest function"),
    ):
        yield Row(f"{case}: {words}", said[name], "ms", best_of=run.of)


CASES: dict[str, Callable[[], Iterator[Row]]] = {"flame": flame}
