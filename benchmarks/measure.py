"""Run a command as a child process; measure its wall time and its peak memory."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

__all__ = ["Run", "best", "race", "warm"]


@dataclass(frozen=True)
class Run:
    """One finished child process.

    Attributes
    ----------
    wall_s
        From before the process was made to after it was reaped.
    peak_rss_bytes
        The largest resident memory of the process (``ru_maxrss``; its own children are not in it).
    said
        The JSON object on the last line of its standard output.
    of
        The number of runs that it is the fastest of.
    """

    wall_s: float
    peak_rss_bytes: int
    said: dict[str, Any] = field(default_factory=dict)
    of: int = 1


def _once(command: list[str], environment: dict[str, str] | None) -> Run:
    # Without this a start would compile every changed module anew, as no user's does.
    inherited = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        child = subprocess.Popen(
            command, stdout=out, stderr=errors, env={**inherited, **(environment or {})}
        )
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            errors.seek(0)
            raise RuntimeError(f"{' '.join(command)} failed:\n{errors.read().decode()[-4000:]}")
        out.seek(0)
        lines = out.read().decode().strip().splitlines()
    said = json.loads(lines[-1]) if lines and lines[-1].startswith("{") else {}
    return Run(wall, usage.ru_maxrss * 1024, said)


def best(command: list[str], times: int, environment: dict[str, str] | None = None) -> Run:
    """Run a command several times; the fastest run counts, as noise only ever adds."""
    runs = [_once(command, environment) for _ in range(times)]
    return replace(min(runs, key=lambda run: run.wall_s), of=times)


def race(times: int, *commands: list[str]) -> list[Run]:
    """Run several commands by turns, so that all meet the same noise; the best of each counts."""
    rounds = [[_once(command, None) for command in commands] for _ in range(times)]
    return [
        replace(min(runs, key=lambda run: run.wall_s), of=times)
        for runs in zip(*rounds, strict=True)
    ]


def warm(path: Path) -> Path:
    """Read a file once, so that every contender finds it in the page cache."""
    with path.open("rb") as stream:
        while stream.read(2**24):
            pass
    return path
