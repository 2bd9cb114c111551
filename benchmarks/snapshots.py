"""The snapshots that are measured: recorded by a real Node program, kept in ``.cache/bench``."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from benchmarks.amplify import amplify
from benchmarks.measure import warm

__all__ = ["huge", "pair", "single"]

HERE = Path(__file__).parent
CACHE = Path(os.environ.get("PF_BENCH_CACHE", HERE.parent / ".cache" / "bench"))
HUGE_BYTES = 4.2e9


def _record(megabytes: int, *files: Path) -> None:
    program = HERE / "heap" / "record.js"
    command = ["node", "--max-old-space-size=12000", str(program), str(megabytes)]
    CACHE.mkdir(parents=True, exist_ok=True)
    # Recorded under another name first: an interrupted run leaves no half file behind.
    parts = [path.with_suffix(".part") for path in files]
    subprocess.run([*command, *map(str, parts)], check=True)
    for part, path in zip(parts, files, strict=True):
        part.rename(path)


def single(megabytes: int) -> Path:
    """Return a snapshot of about this size, recorded on the first call."""
    path = CACHE / f"{megabytes}mb.heapsnapshot"
    if not path.exists():
        _record(megabytes, path)
    return warm(path)


def pair(megabytes: int) -> tuple[Path, Path]:
    """Return two snapshots of one process, of about this size each."""
    before = CACHE / f"{megabytes}mb.before.heapsnapshot"
    after = CACHE / f"{megabytes}mb.after.heapsnapshot"
    if not (before.exists() and after.exists()):
        _record(megabytes, before, after)
    return warm(before), warm(after)


def huge() -> Path:
    """Return a snapshot larger than DevTools opens: the 540 MB one, many times under one root."""
    original = single(540)
    copies = -int(-HUGE_BYTES // original.stat().st_size)
    path = CACHE / f"540mb.times{copies}.heapsnapshot"
    if not path.exists():
        amplify(original, path.with_suffix(".part"), copies).rename(path)
    return path
