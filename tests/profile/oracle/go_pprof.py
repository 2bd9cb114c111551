"""``go tool pprof``: asked for its tables, which are read back as numbers."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from tests.conftest import require_tool

# Nothing is left out, and values are in the unit that the file has.
WHOLE = ("-nodecount=100000", "-nodefraction=0", "-edgefraction=0")
UNITS = {"ns": "ns", "bytes": "B"}
ROW = re.compile(r"\s*(\S+)\s+(\S+)%\s+(\S+)%\s+(\S+)\s+(\S+)%\s+(.+)")
NUMBER = re.compile(r"(-?[\d.]+)\D*")


def pprof(folder: Path, *arguments: str | Path) -> str:
    """Run it, without a look at binaries or a browser, and return what it prints."""
    go = require_tool("go")
    # Its home stays: go keeps there what it once compiled, pprof itself among it.
    home = os.environ | {"PPROF_TMPDIR": str(folder)}
    command = [go, "tool", "pprof", "-symbolize=none", *map(str, arguments)]
    done = subprocess.run(command, env=home, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def top(folder: Path, *arguments: str | Path, unit: str = "", by: str = "self") -> list[tuple]:
    """Return the rows of ``-top``: flat, flat%, sum%, cum, cum%, name."""
    sort = "-cum" if by == "total" else "-flat"
    scale = [f"-unit={UNITS[unit]}"] if unit in UNITS else []
    text = pprof(folder, "-top", *WHOLE, sort, *scale, *arguments)
    table = text[text.index("flat%") :].splitlines()[1:]
    rows = []
    for line in table:
        flat, flat_share, so_far, cum, cum_share, name = ROW.fullmatch(line).groups()
        name = re.sub(r" \((?:partial-)?inline\)$", "", name)
        rows.append((number(flat), flat_share, so_far, number(cum), cum_share, name))
    return rows


def number(text: str) -> float:
    return float(NUMBER.fullmatch(text)[1])


def percentage(value: float, whole: float) -> str:
    """Write a share as pprof prints it."""
    share = abs(value / whole) * 100 if whole else 0.0
    if 99.95 <= share <= 100.05:
        return "100"
    return f"{share:.2f}" if share >= 1 else f"{share:.2g}"
