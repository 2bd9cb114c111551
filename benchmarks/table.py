"""One row a measured bar, drawn as a table or as JSON."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.table import Table

from benchmarks.measure import Run

__all__ = ["Row", "against", "as_json", "draw", "machine"]


@dataclass(frozen=True)
class Row:
    """One figure beside its bar; without a bar it is there for orientation.

    Attributes
    ----------
    ours, peer
        Figures in the same ``unit``.
    ratio
        What the bar is about, as a number: a speed-up, a share, or the figure itself.
    met
        None where there is no bar.
    best_of
        Runs of each contender, the fastest of which counts.
    """

    case: str
    ours: float
    unit: str
    peer: float | None = None
    peer_name: str = ""
    ratio: float | None = None
    bar: str = ""
    met: bool | None = None
    ours_rss_bytes: int | None = None
    peer_rss_bytes: int | None = None
    best_of: int = 1


def against(case: str, ours: Run, peer: Run, peer_name: str, *, faster: float | None = None) -> Row:
    """Compare two processes by wall time; ``faster`` is the speed-up that the bar asks for."""
    speedup = peer.wall_s / ours.wall_s
    return Row(
        case,
        ours.wall_s,
        "s",
        peer.wall_s,
        peer_name,
        speedup,
        f">= {faster:g}x faster" if faster else "",
        speedup >= faster if faster else None,
        ours.peak_rss_bytes,
        peer.peak_rss_bytes,
        ours.of,
    )


def machine() -> dict[str, str | int]:
    """Describe where the figures were measured."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count() or 0,
        "memory_gb": round(memory / 2**30),
        "python": platform.python_version(),
    }


def as_json(rows: Sequence[Row]) -> str:
    """Return the rows and the machine as one JSON document."""
    return json.dumps({"machine": machine(), "rows": [asdict(row) for row in rows]}, indent=2)


def _figure(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    digits = 3 if unit == "s" and value < 1 else 2
    return f"{value:.{digits}f} {unit}"


def _megabytes(value: int | None) -> str:
    return "" if value is None else f"{value / 1e6:,.0f}"


def draw(rows: Sequence[Row], console: Console) -> None:
    """Print the table; bars that were missed stand out by word and colour."""
    table = Table(title="prodforensics benchmarks", caption=str(machine()))
    for column in ("case", "ours", "peer", "", "ratio", "bar", "", "MB ours", "MB peer", "best of"):
        right = column in {"ours", "peer", "ratio", "MB ours", "MB peer", "best of"}
        table.add_column(column, justify="right" if right else "left", no_wrap=True)
    verdicts = {True: "[green]met[/]", False: "[bold red]MISSED[/]", None: ""}
    for row in rows:
        table.add_row(
            row.case,
            _figure(row.ours, row.unit),
            _figure(row.peer, row.unit),
            row.peer_name,
            "" if row.ratio is None else f"{row.ratio:.2f}",
            row.bar,
            verdicts[row.met],
            _megabytes(row.ours_rss_bytes),
            _megabytes(row.peer_rss_bytes),
            str(row.best_of),
        )
    console.print(table)
