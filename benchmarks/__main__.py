"""Measure the bars: ``python -m benchmarks [--only NAME] [--quick] [--json FILE]``."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from benchmarks.cases import CASES, QUICK
from benchmarks.table import Row, as_json, draw


def main(
    only: Annotated[list[str] | None, typer.Option(help=f"Any of {', '.join(CASES)}.")] = None,
    quick: Annotated[bool, typer.Option(help="5 MB and 100 MB alone.")] = False,
    json: Annotated[Path | None, typer.Option(help="Write the figures to this file.")] = None,
) -> None:
    """Record real snapshots (once), measure ours and the peers on them, print the bars."""
    names = only or (QUICK if quick else tuple(CASES))
    if unknown := set(names) - set(CASES):
        raise typer.BadParameter(f"no case {', '.join(sorted(unknown))}; known: {', '.join(CASES)}")
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            raise typer.BadParameter(
                f"{tool} is needed: it records the snapshots and runs the peers"
            )
    errors = Console(stderr=True)
    rows: list[Row] = []
    for name in names:
        with errors.status(f"{name}: {CASES[name].__doc__}"):
            rows.extend(CASES[name]())
    output = Console()
    draw(rows, output if output.is_terminal else Console(width=180))
    if json:
        json.write_text(as_json(rows) + "\n")
    raise typer.Exit(any(row.met is False for row in rows))


if __name__ == "__main__":
    typer.run(main)
