"""The Python service under py-spy: raw (folded stacks), speedscope and chrometrace.

Needs ``pip install py-spy``, and ``cargo install inferno`` for the differential file.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from recording import ENVIRONMENT, pack

HERE = Path(__file__).parent
FOLDER = HERE.parent / "python"
PORT = 18191
PYTHON = "/usr/bin/python3"
RATE = 250
FORMATS = {
    "folded": ("raw", "folded"),
    "speedscope": ("speedscope", "speedscope.json"),
    "chrome-trace": ("chrometrace", "chrometrace.json"),
}
FAULTS = {
    "json": {"function": "JSONEncoder.iterencode", "caller": "catalogue_version"},
    "regex": {"function": "check_note"},
}
HEALTHY = {"fault": None, "function": None, "rule": None, "verdict": None}
TITLES = {
    "healthy": "Python order service, healthy",
    "json": "Python order service: the catalogue is written as JSON for every order",
    "regex": "Python order service: a regular expression that backtracks",
    "creep": "Python order service: a list grows and is looked through for every order",
}


def recordings(app: Path, folder: Path) -> dict[str, Callable[[], list[dict]]]:
    """Return what records each scenario."""
    return {
        "python": partial(_faults, app, folder),
        "python-continuous": partial(_continuous, app, folder),
    }


def _faults(app: Path, folder: Path) -> list[dict]:
    entries = []
    for fault in ("healthy", *FAULTS):
        with _service(app, fault, seconds=25) as pid:
            for kind, (option, ending) in FORMATS.items():
                if kind == "folded" or fault != "json":
                    threads = "--threads " if kind == "folded" else ""
                    options = f"--gil {threads}-f {option}"
                    command = _record(app, pid, options, f"{fault}.{ending}", 6)
                    entries.append(_keep(app, folder, kind, fault, command))
            if fault == "regex":
                name = f"{fault}.native.folded"
                command = _record(app, pid, "--native --gil -f raw", name, 4)
                entries.append(_keep(app, folder, "folded", fault, command))
    for fault in FAULTS:
        command = f"inferno-diff-folded healthy.folded {fault}.folded > {fault}.diff.folded"
        _run(command.replace("inferno-diff-folded", str(_tool("inferno-diff-folded")), 1), app)
        entries.append(_keep(app, folder, "folded", fault, command, tool="inferno"))
    return entries


def _continuous(app: Path, folder: Path) -> list[dict]:
    """Record the same service again and again, as a continuous profiler does."""
    entries = []
    with _service(app, "creep", seconds=33) as pid:
        for number in range(6):
            name = f"orders.{datetime.now(UTC):%Y%m%dT%H%M%SZ}.folded"
            command = _record(app, pid, "--gil --function -f raw", name, 4)
            entry = _keep(app, folder, "folded", "creep", command, "python/continuous")
            truth = HEALTHY | {"fault": "creep", "function": "is_repeated", "place": number}
            entries.append(entry | {"scenario": "python-continuous", "ground_truth": truth})
            time.sleep(1)
    return entries


@contextmanager
def _service(app: Path, fault: str, seconds: float) -> Iterator[int]:
    """Run the service under load and give its process id."""
    shutil.copy(FOLDER / "service.py", app / "service.py")
    service = subprocess.Popen([PYTHON, "service.py", str(PORT), fault], cwd=app, env=ENVIRONMENT)
    time.sleep(1)
    load = subprocess.Popen([sys.executable, HERE / "load.py", str(PORT), str(seconds)])
    time.sleep(1)
    try:
        yield service.pid
        load.wait()
    finally:
        load.kill()
        service.kill()
        service.wait()


def _record(app: Path, pid: int, options: str, name: str, seconds: int) -> str:
    """Run py-spy and return the command as one would type it."""
    command = f"py-spy record --pid PID --rate {RATE} --duration {seconds} {options} -o {name}"
    _run(command.replace("PID", str(pid)).replace("py-spy", str(_tool("py-spy")), 1), app)
    return command


def _run(command: str, app: Path) -> None:
    subprocess.run(command, shell=True, cwd=app, env=ENVIRONMENT, check=True)


def _tool(name: str) -> Path:
    """Find a program beside Python, or cargo's."""
    places = (Path(sys.executable).parent / name, Path.home() / ".cargo/bin" / name)
    return next((place for place in places if place.exists()), Path(name))


def _keep(
    app: Path, folder: Path, kind: str, fault: str, command: str, below: str = "python",
    tool: str = "py-spy",
) -> dict:  # fmt: skip
    """Pack what a command wrote and return its entry for the manifest."""
    artifact = app / command.rpartition(" ")[2]
    (folder / below).mkdir(parents=True, exist_ok=True)
    packed = pack(artifact, folder / below)
    truth = HEALTHY
    if fault in FAULTS:
        truth = {"fault": fault, "rule": "profile.hot_function", "verdict": "likely"} | FAULTS[
            fault
        ]
    return {
        "path": f"profile/{below}/{packed.name}",
        "format": kind,
        "title": TITLES[fault],
        "scenario": "python",
        "role": "before" if fault == "healthy" else "after",
        "recorded_with": {"command": command, "versions": _versions(tool)},
        "ground_truth": truth,
    }


def _versions(tool: str) -> dict[str, str]:
    programs = {"python": PYTHON, "py-spy": _tool("py-spy")}
    versions = {name: _version([program, "--version"]) for name, program in programs.items()}
    if tool == "inferno":
        versions["inferno"] = _version(["cargo", "install", "--list"], after="inferno v")
    return versions


def _version(command: list[Path | str], after: str = "") -> str:
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    return re.search(rf"{after}(\d+\.\d+[.\d]*)", said.stdout)[1]
