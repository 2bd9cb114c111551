"""The Ruby service under rbspy: raw, and what ``rbspy report`` makes of the same recording.

Needs Ruby up to 3.4 and ``cargo install rbspy``.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from recording import ENVIRONMENT, pack

HERE = Path(__file__).parent
FOLDER = HERE.parent / "ruby"
PORT = 18192
RBSPY = shutil.which("rbspy") or str(Path.home() / ".cargo/bin/rbspy")
RUBY = "/usr/bin/ruby"
RECORD = "rbspy record --pid PID --rate 200 --duration 6 --on-cpu --silent"
# Of one recording: how `rbspy report` writes it, its format here, and the ending of the file.
REPORTS = (
    ("collapsed", "folded", "folded"),
    ("speedscope", "speedscope", "speedscope.json"),
    ("pprof", "pprof", "pb"),
)
TITLES = {
    "healthy": "Ruby order service, healthy",
    "quadratic": "Ruby order service: lines are compared each with each",
}
QUADRATIC = {
    "fault": "quadratic",
    "function": "join_each_with_each",
    "rule": "profile.hot_function",
    "verdict": "likely",
}
HEALTHY = {"fault": None, "function": None, "rule": None, "verdict": None}


def recordings(app: Path, folder: Path) -> dict[str, Callable[[], list[dict]]]:
    """Return what records each scenario."""
    return {"ruby": partial(_record, app, folder)}


def _record(app: Path, folder: Path) -> list[dict]:
    entries = []
    for fault, truth in (("healthy", HEALTHY), ("quadratic", QUADRATIC)):
        raw = f"{fault}.raw.gz"
        command = f"{RECORD} --raw-file {raw} -f {fault}.svg"
        _under_load(app, fault, command)
        _run(f"rbspy report --input {raw} -f summary -o {fault}.txt", app)
        truth = truth | {"summary": _summary((app / f"{fault}.txt").read_text())}
        entries.append(_keep(app / raw, folder, "rbspy", fault, command, truth))
        for option, kind, ending in REPORTS:
            command = f"rbspy report --input {raw} -f {option} -o {fault}.{ending}"
            _run(command, app)
            entries.append(_keep(app / f"{fault}.{ending}", folder, kind, fault, command, truth))
    return entries


def _under_load(app: Path, fault: str, command: str) -> None:
    """Record the service while it is asked for orders."""
    shutil.copy(FOLDER / "service.rb", app / "service.rb")
    service = subprocess.Popen([RUBY, "service.rb", str(PORT), fault], cwd=app, env=ENVIRONMENT)
    time.sleep(2)
    load = subprocess.Popen([sys.executable, HERE / "load.py", str(PORT), "9"])
    time.sleep(1)
    try:
        _run(command.replace("PID", str(service.pid)), app)
        load.wait()
    finally:
        load.kill()
        service.kill()
        service.wait()


def _run(command: str, app: Path) -> None:
    command = command.replace("rbspy", RBSPY, 1)
    subprocess.run(command, shell=True, cwd=app, env=ENVIRONMENT, check=True)


def _summary(text: str) -> dict[str, float]:
    """Return the self time of the first functions in percent, as rbspy says it."""
    rows = [line.split(None, 2) for line in text.splitlines()[1:]]
    return {row[2]: float(row[0]) for row in rows if len(row) == 3 and float(row[0]) >= 1.0}


def _keep(
    artifact: Path, folder: Path, kind: str, fault: str, command: str, truth: dict
) -> dict:  # fmt: skip
    (folder / "ruby").mkdir(parents=True, exist_ok=True)
    # rbspy packs its raw file itself.
    packed = pack(artifact, folder / "ruby", packing="" if artifact.suffix == ".gz" else "zst")
    return {
        "path": f"profile/ruby/{packed.name}",
        "format": kind,
        "title": TITLES[fault],
        "scenario": "ruby",
        "role": "before" if fault == "healthy" else "after",
        "recorded_with": {
            "command": command,
            "versions": {"ruby": _version(RUBY), "rbspy": _version(RBSPY)},
        },
        "ground_truth": truth,
    }


def _version(program: str) -> str:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    return re.search(r"\d+\.\d+[.\d]*", said.stdout)[0]
