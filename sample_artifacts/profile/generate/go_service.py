"""Record the Go service with the profiler of its runtime, and write shapes of other producers."""

from __future__ import annotations

import contextlib
import gzip
import json
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from recording import ENVIRONMENT, pack

HERE = Path(__file__).parent
SOURCES = HERE.parent / "go"
CACHE = HERE.parents[2] / ".cache"
PORT = 18091
SECONDS = 10
TITLE = "A Go order service"
FAULTS = {
    "healthy": "nothing is wrong",
    "quadratic": "every name is compared with every name before it",
    "lock": "entries of the log are written while everybody waits",
    "gc": "every request copies a part of the catalogue",
    "leak": "every order stays as a session",
}
CULPRITS = {
    "quadratic": ("main.repeatedSlowly", "profile.hot_function"),
    "lock": ("main.(*ledger).recordSlowly", "profile.lock_contention"),
    "gc": ("main.(*catalogue).copied", "profile.gc_pressure"),
    "leak": ("main.(*sessions).remember", "profile.heap_growth"),
}
# Scenario -> profiles that the runtime is asked for once the load has passed.
AFTERWARDS = {
    "healthy": ("allocs", "goroutine", "mutex", "block"),
    "quadratic": (),
    "lock": ("mutex", "block"),
    "gc": ("allocs",),
    "leak": (),
}
# Profiles of one scenario can be compared: they have the same types of values.
KINDS = {
    "cpu": "",
    "heap": "_heap",
    "allocs": "_allocs",
    "goroutine": "_goroutine",
    "mutex": "_locks",
    "block": "_locks",
}
SHAPES = {
    "parca": "As Parca exports it: one value, labels of threads, build ids",
    "google": "As Google Cloud Profiler's agents write it: wall time, frames to drop",
    "datadog": "As Datadog's libraries write it: many values in one file, labels of spans",
    "pyroscope": "As Pyroscope exports it: one value, no labels",
}


def recordings(app: Path, folder: Path) -> dict[str, Callable[[], list[dict]]]:
    """Return what records each scenario."""
    target = folder / "go"
    every = {f"go_{fault}": partial(record, app, target, fault) for fault in FAULTS}
    return every | {"go_shapes": partial(shapes, app, target)}


def record(app: Path, folder: Path, fault: str) -> list[dict]:
    """Run the service under load and ask its runtime for profiles."""
    build(app, "orders")
    entries = []
    with service(app, fault) as ask:
        kept = list(AFTERWARDS[fault])
        if fault != "leak":
            with load(SECONDS + 2):
                ask(f"profile?seconds={SECONDS}", "cpu")
            kept.append("cpu")
        for kind in AFTERWARDS[fault]:
            ask(kind, kind)
        if fault in ("healthy", "leak"):
            for number in (1, 2):
                with load(3 * number):
                    pass
                ask("heap?gc=1", f"heap.{number}")
            kept += ["heap.1", "heap.2"]
    for kind in kept:
        # The runtime packs for speed; the bytes inside stay as they are.
        raw = app / f"{fault}.{kind}.pb"
        raw.write_bytes(gzip.decompress((app / f"{kind}.pb.gz").read_bytes()))
        # One stays as it is: a profile need not be packed.
        plain = kind == "goroutine"
        path = pack(raw, folder, "" if plain else "gz")
        entries.append(entry(f"go/{path.name}", fault, kind))
    return entries


def entry(path: str, fault: str, kind: str) -> dict:
    """Return the entry of a recorded profile for the manifest."""
    what = kind.partition(".")[0]
    function, rule = CULPRITS.get(fault, (None, None))
    verdict = "likely" if rule else None
    if fault == "gc" and what == "allocs":
        # One profile of allocations shows who allocates, not that it is too much.
        rule, verdict = "profile.hot_function", "possible"
    if fault == "lock" and what == "cpu":
        # Who waits takes no time of a processor.
        rule, verdict = None, None
    query = {"cpu": f"profile?seconds={SECONDS}", "heap": "heap?gc=1"}.get(what, what)
    roles = {"heap.1": "before", "heap.2": "after"}
    return {
        "path": f"profile/{path}",
        "format": "pprof",
        "title": f"{TITLE}: {FAULTS[fault]} ({kind})",
        "scenario": f"go_{fault}{KINDS[what]}",
        "role": roles.get(kind, "incident" if function else "baseline"),
        "recorded_with": {
            "command": f"orders {PORT} {fault}  # load.py; curl :{PORT}/debug/pprof/{query}",
            "versions": versions(),
        },
        "ground_truth": {
            "fault": fault if function else None,
            "function": function,
            "rule": rule,
            "verdict": verdict,
            "kind": what,
        },
    }


def shapes(app: Path, folder: Path) -> list[dict]:
    """Write the recorded profile of the healthy service in the ways of other producers."""
    build(app, "shapes")
    entries = []
    for shape, title in SHAPES.items():
        file = folder / f"{shape}.pb.gz"
        recorded = folder / "healthy.cpu.pb.gz"
        subprocess.run([app / "shapes", recorded, shape, file], check=True)
        entries.append(
            {
                "path": f"profile/go/{file.name}",
                "format": "pprof",
                "title": title,
                "scenario": "go_shapes",
                "role": shape,
                "recorded_with": {
                    "command": f"shapes {recorded.name} {shape} {file.name}  # not recorded by "
                    f"{shape}: its documented shape around a profile that Go's runtime recorded",
                    "versions": versions(),
                },
                "ground_truth": {"fault": None, "function": None, "rule": None, "verdict": None},
            }
        )
    return entries


def build(app: Path, program: str) -> None:
    """Build a Go program in the neutral folder."""
    source = app / "src" / program
    shutil.copytree(SOURCES / program, source)
    caches = {"GOCACHE": f"{CACHE}/go-build", "GOPATH": f"{CACHE}/go", "GOFLAGS": "-modcacherw"}
    command = [shutil.which("go"), "build", "-trimpath", "-o", app / program, "."]
    subprocess.run(command, cwd=source, env=ENVIRONMENT | caches, check=True)
    shutil.rmtree(app / "src")


@contextlib.contextmanager
def service(app: Path, fault: str) -> Iterator[Callable[[str, str], None]]:
    """Run the service; give a function that fetches a profile of it into a file."""
    process = subprocess.Popen([app / "orders", str(PORT), fault], cwd=app, env=ENVIRONMENT)
    address = f"http://127.0.0.1:{PORT}"
    try:
        for _ in range(100):
            time.sleep(0.1)
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/order/1") as one:
                json.load(one)
                break

        def ask(query: str, name: str) -> None:
            with urllib.request.urlopen(f"{address}/debug/pprof/{query}") as answer:
                (app / f"{name}.pb.gz").write_bytes(answer.read())

        yield ask
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def load(seconds: float) -> Iterator[None]:
    """Send requests for some seconds; the block runs meanwhile."""
    command = [sys.executable, HERE / "load.py", str(PORT), str(seconds)]
    process = subprocess.Popen(command)
    time.sleep(0.5)
    yield
    if process.wait():
        raise SystemExit("the load failed")


def versions() -> dict[str, str]:
    """Return the versions of what records."""
    out = subprocess.run(["go", "version"], capture_output=True, text=True, check=True).stdout
    return {"go": out.split()[2].removeprefix("go")}
