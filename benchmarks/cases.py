"""Every bar by its name: of heap snapshots, of the formats of profiles, of captures, of cores."""

from __future__ import annotations

from benchmarks import heap_cases
from benchmarks.core import core_cases
from benchmarks.network import capture_cases
from benchmarks.profile import binary, flame, perf

__all__ = ["CASES", "QUICK"]

CASES = {
    **heap_cases.CASES,
    **flame.CASES,
    **perf.CASES,
    **binary.CASES,
    **capture_cases.CASES,
    **core_cases.CASES,
}
QUICK = heap_cases.QUICK
