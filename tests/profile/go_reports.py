"""Reports of ``go tool pprof`` as plain values, every node in them and every value exact."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import require_tool

__all__ = ["TopRow", "peek", "percentage", "top"]

_PLAIN = ("-nodecount=1000000", "-nodefraction=0", "-edgefraction=0", "-symbolize=none")
_UNITS = {"ns": "ns", "bytes": "B"}
_INLINED = re.compile(r" \((?:partial-)?inline\)$")


@dataclass(frozen=True)
class TopRow:
    """One row of ``-top``."""

    function: str
    own: int
    own_percent: str
    sum_percent: str
    total: int
    total_percent: str


def run(*options: str, profile: Path, unit: str = "count") -> str:
    """Return what ``go tool pprof`` writes."""
    go = require_tool("go")
    command = [go, "tool", "pprof", *_PLAIN, f"-unit={_UNITS.get(unit, 'count')}", *options]
    done = subprocess.run(
        [*command, str(profile)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def top(*options: str, profile: Path, unit: str = "count") -> list[TopRow]:
    """Return the rows of ``-top``."""
    lines = run("-top", *options, profile=profile, unit=unit).splitlines()
    head = next(place for place, line in enumerate(lines) if line.split()[:2] == ["flat", "flat%"])
    found = []
    for line in lines[head + 1 :]:
        own, own_percent, sum_percent, total, total_percent, name = line.split(None, 5)
        values = (_number(own), own_percent, sum_percent, _number(total), total_percent)
        found.append(TopRow(_INLINED.sub("", name), *values))
    return found


def peek(function: str, *options: str, profile: Path, unit: str = "count") -> tuple[list, list]:
    """Return callers and callees of a function: (name, value, percent) of each edge."""
    text = run(f"-peek=^{re.escape(function)}$", *options, profile=profile, unit=unit)
    lines = text.split("-+-------------\n")[2].splitlines()
    edges: tuple[list, list] = ([], [])
    below = 0
    for line in lines:
        left, _, name = line.partition("|")
        if len(left.split()) == 5:  # the function itself
            below = 1
        elif len(left.split()) == 2:
            value, share = left.split()
            edges[below].append((_INLINED.sub("", name.strip()), _number(value), share))
    return edges


def percentage(share: float) -> str:
    """Write a share as pprof does."""
    share = abs(share)
    if 99.95 <= share <= 100.05:
        return "100%"
    return f"{share:.2f}%" if share >= 1 else f"{share:.2g}%"


def _number(text: str) -> int:
    return int(re.fullmatch(r"(-?\d+)(?:ns|B)?", text)[1])
