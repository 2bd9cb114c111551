"""Take core dumps: by the kernel where it writes files, by gdb where it hands them to a program."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from prodforensics import tools
from prodforensics.errors import ToolFailed

__all__ = ["core_of_crash", "core_of_held", "output"]

_PATTERN = Path("/proc/sys/kernel/core_pattern")
_FILTER = "0x33"
"""Private and shared memory without a file behind it, and ELF headers: the kernel's own default."""
_FEW_ARENAS = {"MALLOC_ARENA_MAX": "1"}
# glibc reserves 64 MB of addresses for every thread that allocates, and gcore writes them as zeros.
_BLOCK = 1 << 16
_GDB = ("--nx", "--batch", "-iex", "set debuginfod enabled off", "-iex", "set auto-load off")


def output(command: Sequence[str], *, seconds: float) -> str:
    """Run a program and return what it prints.

    Raises
    ------
    ToolFailed
        It cannot be started, fails, or runs too long.
    """
    try:
        done = subprocess.run(  # noqa: S603 (a list, no shell)
            command, capture_output=True, text=True, errors="replace", timeout=seconds, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ToolFailed(f"{command[0]} does not run: {error}") from error
    return done.stdout


def core_of_crash(command: Sequence[str], core: Path, *, seconds: float) -> str:
    """Run a program that dies, and keep its core.

    Parameters
    ----------
    command : sequence of str
        Its folder of work is the core's.
    core : Path
        What to write. The kernel does, where ``core_pattern`` is a plain file name and the limit
        allows; else gdb runs the program and writes the core when the signal comes.
    seconds : float
        Time limit.

    Returns
    -------
    str
        What the program printed, on both outputs.

    Raises
    ------
    MissingTool, ToolFailed
        gdb is needed and missing; the program did not die, or left no core.
    """
    core.unlink(missing_ok=True)
    pattern = _PATTERN.read_text(encoding="ascii").strip()
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    if pattern.startswith("|") or "/" in pattern or hard != resource.RLIM_INFINITY:
        here = (f"--cd={core.parent}", "-ex", "run", "-ex", f"gcore {core.absolute()}")
        arguments = [*_GDB, *here, "--args", *command]
        told = tools.run("gdb", arguments, seconds=seconds, check=False)
        printed = told.stdout + told.stderr
    else:
        before = set(core.parent.iterdir())
        with _started(command, core.parent, hard) as process:
            printed = _finish(process, command, seconds)
        # `core`, `core.PID`, or whatever name the pattern makes: what is new and an ELF core.
        new = [one for one in set(core.parent.iterdir()) - before if _is_core(one)]
        if new:
            new[0].replace(core)
    if not core.exists():
        raise ToolFailed(
            f"{command[0]} left no core: {printed[-300:]}",
            hint="is there room on the disk? see `cat /proc/sys/kernel/core_pattern`",
        )
    return printed


def core_of_held(command: Sequence[str], core: Path, *, sign: str, seconds: float) -> str:
    """Run a program until it prints a sign, take a core with gdb's ``gcore``, and end it.

    Parameters
    ----------
    command, core, seconds
        As of `core_of_crash`.
    sign : str
        The core is taken after a line that holds it, and half a second in which nothing more is
        printed.

    Returns
    -------
    str
        What the program printed.

    Raises
    ------
    MissingTool, ToolFailed
        gdb is missing or may not attach; the program ended, or gave no sign.
    """
    tools.find("gdb")
    core.unlink(missing_ok=True)
    with _started(command, core.parent, 0) as process:
        reader = _Reader(process, sign)
        try:
            if not reader.wait(seconds):
                raise ToolFailed(f"{command[0]} gave no sign: {reader.text[-300:]}")
            attach = [*_GDB, "-p", str(process.pid), "-ex", f"gcore {core}", "-ex", "detach"]
            told = tools.run("gdb", attach, seconds=seconds, check=False)
        finally:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGKILL)
            process.wait()
    if not core.exists():
        raise ToolFailed(
            f"gcore left no core: {(told.stderr or told.stdout)[-300:]}",
            hint="gdb must be allowed to attach: as root, or sysctl kernel.yama.ptrace_scope=0",
        )
    _dig_holes(core)
    return reader.text


def _dig_holes(core: Path) -> None:
    """Write the file again without its empty blocks: gcore also writes what is only reserved."""
    empty = bytes(_BLOCK)
    dug = core.with_name(f"{core.name}.dug")
    with core.open("rb") as dense, dug.open("wb") as sparse:
        while block := dense.read(_BLOCK):
            if block == empty:
                sparse.seek(_BLOCK, os.SEEK_CUR)
            else:
                sparse.write(block)
        sparse.truncate(dense.tell())
    dug.replace(core)


class _Reader(threading.Thread):
    """Reads what a process prints, and says when the sign came and silence followed."""

    SILENCE_S = 0.5

    def __init__(self, process: subprocess.Popen[str], sign: str) -> None:
        super().__init__(daemon=True)
        self._lines, self._process, self._sign = [], process, sign
        self._came = threading.Event()
        self._more = threading.Event()
        self.start()

    @property
    def text(self) -> str:
        return "".join(self._lines)

    def run(self) -> None:
        for line in self._process.stdout:
            self._lines.append(line)
            self._more.set()
            if self._sign in line:
                self._came.set()

    def wait(self, seconds: float) -> bool:
        if not self._came.wait(seconds):
            return False
        while self._process.poll() is None:
            self._more.clear()
            if not self._more.wait(self.SILENCE_S):
                return True
        return False


def _started(command: Sequence[str], folder: Path, limit: int) -> subprocess.Popen[str]:
    def prepare() -> None:
        resource.setrlimit(resource.RLIMIT_CORE, (limit, limit))
        Path("/proc/self/coredump_filter").write_text(_FILTER, encoding="ascii")

    try:
        return subprocess.Popen(  # noqa: S603 (a list, no shell)
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **_FEW_ARENAS},
            text=True,
            errors="replace",
            preexec_fn=prepare,
        )
    except OSError as error:
        raise ToolFailed(f"{command[0]} cannot be started: {error.strerror}") from error


def _finish(process: subprocess.Popen[str], command: Sequence[str], seconds: float) -> str:
    try:
        return process.communicate(timeout=seconds)[0]
    except subprocess.TimeoutExpired as error:
        process.kill()
        process.communicate()
        raise ToolFailed(f"{command[0]} did not die within {seconds:g} s") from error


def _is_core(file: Path) -> bool:
    if not file.is_file():
        return False
    with file.open("rb") as stream:
        head = stream.read(18)
    return head.startswith(b"\x7fELF") and head[16:18] in (b"\x04\x00", b"\x00\x04")
