"""The leaking C program under Valgrind memcheck and LeakSanitizer: short, long and clean runs.

LeakSanitizer says nothing at all of a clean run, so there is no sample of one.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from recording import ENVIRONMENT

HERE = Path(__file__).parent
SOURCE = HERE.parent / "native" / "leaky.c"
MEMCHECK = "valgrind --leak-check=full --show-leak-kinds=all --track-origins=yes"
REQUESTS = {"short": 200, "long": 1200, "clean": 1200}
ROLES = {"short": "before", "long": "after", "clean": "clean"}


def record(app: Path, folder: Path) -> list[dict]:
    """Build the program, run it under each tool and keep the tools' own reports."""
    shutil.copy(SOURCE, app / "leaky.c")
    _run("gcc -g -O0 leaky.c -o leaky", app)
    _run("clang -g -O0 -fsanitize=leak leaky.c -o leaky-lsan", app)
    entries = []
    for run, requests in REQUESTS.items():
        arguments = f"{requests} tidy" if run == "clean" else f"{requests}"
        xml, text = f"memcheck.{run}.xml", f"memcheck.{run}.txt"
        recordings = [
            ("valgrind-xml", xml, f"{MEMCHECK} --xml=yes --xml-file={xml} ./leaky {arguments}"),
            ("valgrind-text", text, f"{MEMCHECK} --log-file={text} ./leaky {arguments}"),
        ]
        if run != "clean":
            text = f"lsan.{run}.txt"
            recordings.append(("leak-sanitizer", text, f"./leaky-lsan {arguments} 2> {text}"))
        for kind, file, command in recordings:
            _run(command, app, fails="lsan" in file)
            shutil.copy(app / file, folder / "native" / file)
            entries.append(_entry(kind, run, file, command, requests))
    return entries


def _run(command: str, app: Path, *, fails: bool = False) -> None:
    done = subprocess.run(
        command, shell=True, cwd=app, env=ENVIRONMENT, check=not fails, capture_output=True
    )
    if fails and done.returncode == 0:
        raise SystemExit(f"no leak was reported: {command}")


def _entry(kind: str, run: str, file: str, command: str, requests: int) -> dict:
    tool = "clang" if kind == "leak-sanitizer" else "valgrind"
    return {
        "path": f"heap/native/{file}",
        "format": kind,
        "title": f"A C program that leaks in every way, {run} run",
        "scenario": "native",
        "role": ROLES[run],
        "recorded_with": {"command": command, "versions": {tool: _version(tool)}},
        "ground_truth": _truth(kind, 0 if run == "clean" else requests),
    }


def _truth(kind: str, requests: int) -> dict:
    """Return bytes and blocks a function and kind of loss, as leaky.c reads."""
    sessions = -(-requests // 4)
    lost = {
        "definitely lost": {
            "parse_request": [48 * (requests - 1), requests - 1],
            "build_order": [16 * requests, requests],
        },
        "indirectly lost": {"add_line": [32 * 3 * requests, 3 * requests]},
        "possibly lost": {"session_open": [80 * sessions, sessions]},
        "still reachable": {"metrics_record": [16 * requests, requests], "parse_request": [48, 1]},
    }
    if kind == "leak-sanitizer":  # follows pointers into the middle, reports no reachable memory
        del lost["possibly lost"], lost["still reachable"]
    return {
        "pattern": "heap.native_leak.definitely_lost" if requests else None,
        "verdict": "likely" if requests else "none",
        "leaks": lost if requests else {},
    }


def _version(tool: str) -> str:
    out = subprocess.run([tool, "--version"], capture_output=True, text=True, check=True).stdout
    return out.splitlines()[0].split()[-1]
