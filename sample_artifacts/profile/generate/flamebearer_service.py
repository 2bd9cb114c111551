"""Pyroscope's JSON around the profiles that py-spy recorded of the Python service.

There is no Pyroscope server here: the single profiles are written in the shape that its API
documents. The diff of two is made by Pyroscope's own web page, npm's ``@pyroscope/flamegraph``.
"""

from __future__ import annotations

import json
import platform
import re
import shutil
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from backports import zstd
from recording import pack

HERE = Path(__file__).parent
FOLDER = HERE.parent / "python"
CACHE = HERE.parents[2] / ".cache" / "pyroscope"
PACKAGE = "@pyroscope/flamegraph@0.35.6"
RATE = 250
REGEX = {
    "fault": "regex",
    "function": "check_note",
    "rule": "profile.hot_function",
    "verdict": "likely",
}
HEALTHY = {"fault": None, "function": None, "rule": None, "verdict": None}
# The package draws with React, which a diff needs nothing of: what is not installed is a stub.
DIFF = """
const Module = require("module"), fs = require("fs"), load = Module._load;
const stub = new Proxy(function () {}, {
  get: (_, key) => (key === Symbol.toPrimitive ? () => "" : stub),
  apply: () => stub,
  construct: () => stub,
});
Module._load = (name, ...rest) => {
  try { return load(name, ...rest); } catch { return stub; }
};
const { diffTwoProfiles } = require(process.argv[1]);
const [left, right] = process.argv.slice(2, 4).map((name) => JSON.parse(fs.readFileSync(name)));
fs.writeFileSync(process.argv[4], JSON.stringify(diffTwoProfiles(left, right)));
"""


def recordings(app: Path, folder: Path) -> dict[str, Callable[[], list[dict]]]:
    """Return what records each scenario."""
    return {"flamebearer": partial(_record, app, folder)}


def _record(app: Path, folder: Path) -> list[dict]:
    entries = []
    for fault, truth in (("healthy", HEALTHY), ("regex", REGEX)):
        stacks = zstd.decompress((FOLDER / f"{fault}.folded.zst").read_bytes()).decode()
        name = f"{fault}.flamebearer.json"
        (app / name).write_text(json.dumps(single(stacks), separators=(",", ":")))
        command = f"the documented shape around py-spy's {fault}.folded  # -> {name}"
        versions = {"python": platform.python_version()}
        entries.append(_keep(app / name, folder, fault, command, versions, truth))
    name = "regex.diff.flamebearer.json"
    files = ["healthy.flamebearer.json", "regex.flamebearer.json", name]
    subprocess.run(["node", "-e", DIFF, _package(), *files], cwd=app, check=True)
    command = f"diffTwoProfiles(healthy, regex) of {PACKAGE}  # -> {name}"
    versions = {"@pyroscope/flamegraph": PACKAGE.rpartition("@")[2]}
    entries.append(_keep(app / name, folder, "regex", command, versions, REGEX))
    return entries


def single(stacks: str) -> dict[str, Any]:
    """Write folded stacks of py-spy as a flame graph of Pyroscope."""
    root: dict[str, Any] = {"name": "total", "own": 0, "below": {}}
    for line in stacks.splitlines():
        frames, _, count = line.rpartition(" ")
        node = root
        for frame in frames.split(";")[1:]:  # the first one is the thread
            name = re.sub(r"(.*) \((.*:\d+)\)", r"\2 - \1", frame)
            node = node["below"].setdefault(name, {"name": name, "own": 0, "below": {}})
        node["own"] += int(count)
    names: dict[str, int] = {}
    levels: list[list[int]] = []
    ends: list[int] = []

    def write(node: dict[str, Any], depth: int, start: int) -> int:
        if depth == len(levels):
            levels.append([])
            ends.append(0)
        place = len(levels[depth])
        levels[depth] += [
            start - ends[depth],
            0,
            node["own"],
            names.setdefault(node["name"], len(names)),
        ]
        total = node["own"]
        for one in sorted(node["below"].values(), key=lambda one: one["name"]):
            total += write(one, depth + 1, start + total - node["own"])
        levels[depth][place + 1] = total
        ends[depth] = start + total
        return total

    total = write(root, 0, 0)
    largest = max(one for level in levels for one in level[2::4])
    return {
        "version": 1,
        "flamebearer": {
            "names": list(names),
            "levels": levels,
            "numTicks": total,
            "maxSelf": largest,
        },
        "metadata": {
            "format": "single",
            "spyName": "pyspy",
            "sampleRate": RATE,
            "units": "samples",
            "name": "orders.cpu{}",
        },
        "timeline": None,
        "groups": None,
        "heatmap": None,
    }


def _package() -> Path:
    """Return the file of Pyroscope's package, fetched once."""
    main = CACHE / "package" / "dist" / "index.node.js"
    if not main.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=CACHE, check=True)
        (archive,) = CACHE.glob("*.tgz")
        shutil.unpack_archive(archive, CACHE, filter="data")
    return main


def _keep(
    artifact: Path, folder: Path, fault: str, command: str, versions: dict[str, str], truth: dict
) -> dict:  # fmt: skip
    packed = pack(artifact, folder / "python")
    return {
        "path": f"profile/python/{packed.name}",
        "format": "flamebearer",
        "title": "Python order service, "
        + ("healthy" if fault == "healthy" else "a regular expression that backtracks"),
        "scenario": "flamebearer",
        "role": "before" if fault == "healthy" else "after",
        "recorded_with": {"command": command, "versions": versions},
        "ground_truth": truth,
    }
