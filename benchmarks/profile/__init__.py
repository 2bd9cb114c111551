"""The bars of profiles: a module for each format, with its files, its contenders and its cases.

A module ``<format>.py`` has ``CASES``, as `benchmarks.heap_cases` does, and makes its files once in
``.cache/bench`` (`benchmarks.snapshots.CACHE`). What is measured of ours is a task of
``<format>_ours.py``, a program of its own (`benchmarks.peers.program`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from benchmarks.profile import flame, perf
from benchmarks.table import Row

__all__ = ["PROFILE_CASES"]

PROFILE_CASES: dict[str, Callable[[], Iterator[Row]]] = {**flame.CASES, **perf.CASES}
