"""Every bar by its name: of heap snapshots, then of the formats of profiles."""

from __future__ import annotations

from benchmarks import heap_cases
from benchmarks.profile import PROFILE_CASES

__all__ = ["CASES", "QUICK"]

CASES = {**heap_cases.CASES, **PROFILE_CASES}
QUICK = heap_cases.QUICK
