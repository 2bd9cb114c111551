"""Let programs die, or stop for a moment, and keep what the kernel or gcore writes of them."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import time
from pathlib import Path

from recording import ENVIRONMENT

PATTERN = Path("/proc/sys/kernel/core_pattern")
UNLIMITED = resource.RLIM_INFINITY
FILTER = 0x13
"""Private and shared memory that is not a file's, and the first page of each ELF file."""
STACK = 256 << 10
"""Of every thread; else a core has 8 MB, mostly empty, for each."""


def crash(command: list[str], app: Path, limit: int = UNLIMITED, **settings: object) -> Path:
    """Run a program until it dies, and return its core.

    Parameters
    ----------
    limit : int
        Bytes; the kernel cuts the core there, as on a machine whose `ulimit -c` is too small.
    settings
        As of `_start`.
    """
    process = _start(command, app, limit, **settings)
    return _left_by(process, command, app)


def quit_(command: list[str], app: Path, **settings: object) -> Path:
    """Run a program until it says that it is there, and send SIGQUIT; return its core."""
    process = _start(command, app, UNLIMITED, **settings)
    process.stdout.readline()
    time.sleep(0.5)
    process.send_signal(signal.SIGQUIT)
    return _left_by(process, command, app)


def emulated(command: list[str], app: Path, **settings: object) -> Path:
    """Run a program of another processor in qemu until it dies, and return qemu's core."""
    process = _start(["qemu-aarch64", "-s", str(STACK), *command], app, UNLIMITED, **settings)
    _left_by(process, command, app).unlink()  # that of qemu itself
    (found,) = app.glob("qemu_*.core")
    return found


def _left_by(process: subprocess.Popen, command: list[str], app: Path) -> Path:
    process.communicate(timeout=30)
    found = sorted(app.glob(f"core.{process.pid}")) or [app / "core"]
    if process.returncode >= 0 or not found[0].exists():
        raise SystemExit(f"{command} left no core: it ended with {process.returncode}")
    return found[0]


def stop(command: list[str], app: Path, **settings: object) -> Path:
    """Run a program until it says that it is there, and take a core with gcore; then end it."""
    process = _start(command, app, 0, **settings)
    try:
        process.stdout.readline()
        time.sleep(0.5)  # until every thread waits where it is going to wait
        gcore = ["gcore", "-o", str(app / "core"), str(process.pid)]
        subprocess.run(gcore, check=True, capture_output=True, cwd=app, timeout=60)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
        process.communicate()
    return app / f"core.{process.pid}"


def _start(
    command: list[str],
    app: Path,
    limit: int,
    environment: dict[str, str] | None = None,
    stack: int = STACK,
) -> subprocess.Popen:
    if PATTERN.read_text().strip() != "core":
        raise SystemExit(f"{PATTERN} is not 'core': echo core > {PATTERN}")
    (app / "core").unlink(missing_ok=True)

    def prepare() -> None:
        resource.setrlimit(resource.RLIMIT_CORE, (limit, limit))
        resource.setrlimit(resource.RLIMIT_STACK, (stack, stack))
        Path("/proc/self/coredump_filter").write_text(hex(FILTER))
        os.umask(0o022)

    return subprocess.Popen(
        command,
        cwd=app,
        env=ENVIRONMENT | (environment or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        preexec_fn=prepare,
    )
