"""Every bar by its name: of heap snapshots, then of the formats of profiles."""

from __future__ import annotations

from benchmarks import heap_cases
from benchmarks.profile import binary, flame, perf

__all__ = ["CASES", "QUICK"]

CASES = {**heap_cases.CASES, **flame.CASES, **perf.CASES, **binary.CASES}
QUICK = heap_cases.QUICK
