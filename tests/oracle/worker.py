"""Chrome DevTools' heap snapshot worker and its model of CPU profiles, asked from Python.

The worker itself is bundled by npm and run in Node (folder ``devtools/``). It is installed once
into ``.cache/oracle`` of the checkout, anew when one of its files has changed.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

__all__ = ["Answers", "Oracle", "install"]

HERE = Path(__file__).parent
CACHE = HERE.parents[1] / ".cache" / "oracle"
HEAP_MB = 14_000

_DTYPES = {"u8": "u1", "u32": "<u4", "i32": "<i4", "f64": "<f8"}


def install(npm_project: Path, *, build: str | None = None) -> Path:
    """Copy an npm project into the cache, install its locked packages there, return the copy.

    Parameters
    ----------
    npm_project
        Folder with ``package.json`` and ``package-lock.json``.
    build
        A script of the project that Node runs after the installation.
    """
    files = sorted(path for path in npm_project.iterdir() if path.is_file())
    digest = hashlib.sha256(b"".join(path.name.encode() + path.read_bytes() for path in files))
    folder = CACHE / f"{npm_project.name}-{digest.hexdigest()[:16]}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{npm_project.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several test processes may want it at once
        if not (folder / "installed").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            for path in files:
                shutil.copy(path, folder)
            _run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=folder)
            if build:
                _run("node", build, cwd=folder)
            (folder / "installed").touch()
    return folder


@dataclass(frozen=True)
class Answers:
    """The folder of one run of the oracle; arrays have one value a node, in file order.

    Attributes
    ----------
    folder
        What the oracle wrote.
    times
        Seconds of each step, ``peak_rss_bytes``, ``nodes``, ``total_size``.
    """

    folder: Path
    times: dict[str, float]

    def array(self, name: str) -> np.ndarray:
        """Return the array of this name (``retained_size``, ``distance``, ...)."""
        [path] = self.folder.glob(f"{name}.[uif]*")
        return np.fromfile(path, dtype=_DTYPES[path.suffix[1:]])

    def json(self, name: str) -> object:
        """Return the JSON answer of this name (``aggregates``, ``statistics``, ...)."""
        return json.loads((self.folder / f"{name}.json").read_text())

    def strings(self, name: str) -> np.ndarray:
        """Return one string a node (``class_name``, ``name``, ``raw_name``) as objects."""
        return np.array(self.json(name), dtype=object)[self.array(name)]

    @cached_property
    def total_size(self) -> int:
        """DevTools' total: the root's retained size and the bytes outside the V8 heap."""
        return int(self.times["total_size"])


@dataclass(frozen=True)
class Oracle:
    """DevTools' worker, built in a folder of the cache."""

    folder: Path

    @classmethod
    def build(cls) -> Oracle:
        """Install and bundle the worker (needs ``node`` and ``npm``)."""
        return cls(install(HERE / "devtools", build="build.mjs"))

    @property
    def command(self) -> list[str]:
        """How the oracle is started: append a mode and its arguments."""
        script = self.folder / "build" / "oracle.mjs"
        return ["node", f"--max-old-space-size={HEAP_MB}", str(script)]

    def load(self, snapshot: Path, out: Path) -> Answers:
        """Ask for every number that loading a snapshot computes."""
        return self._answers("load", snapshot, out, out=out)

    def compare(self, before: Path, after: Path, out: Path) -> Answers:
        """Ask for the Comparison view of two snapshots."""
        return self._answers("compare", before, after, out, out=out)

    def self_times(self, profile: Path) -> list[dict[str, object]]:
        """Ask for the self time of every function of a ``.cpuprofile``."""
        return json.loads(_run(*self.command, "profile", str(profile)))

    def ask(
        self, snapshot: Path, out: Path, questions: Sequence[str], nodes: Sequence[int] = ()
    ) -> Answers:
        """Ask what ``devtools/questions.ts`` answers, of the nodes with these ordinals."""
        asked = ",".join(questions)
        return self._answers("ask", snapshot, out, asked, *map(str, nodes), out=out)

    def _answers(self, *arguments: str | Path, out: Path) -> Answers:
        return Answers(out, json.loads(_run(*self.command, *map(str, arguments))))


def _run(*command: str, cwd: Path | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout
