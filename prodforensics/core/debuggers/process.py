"""The process of a debugger: limited, in a session of its own, ended with what started it."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import weakref
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from prodforensics.core.debuggers.interface import Limits, Target
from prodforensics.errors import ToolFailed

__all__ = ["Process"]

# A debugger that loops is stopped by the kernel, even where this process is gone.
_CPU_SECONDS = 1800
# Nothing of the environment that would make a debugger or its Python run or fetch something.
_KEPT = ("HOME", "LANG", "LC_ALL", "PATH", "TMPDIR", "TZ", "LD_LIBRARY_PATH")


class Process:
    """A debugger that is running, with pipes to its input and output.

    Parameters
    ----------
    name : str
        Of the debugger.
    command : sequence of str or Path
    limits : Limits
    target : Target
        Its files are mapped as a whole by some debuggers; their sizes widen the limit.
    folder : Path
        Where it runs: a folder without anything that it would read.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        limits: Limits,
        target: Target,
        folder: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        kept = {key: os.environ[key] for key in _KEPT if key in os.environ}
        try:
            self.popen = subprocess.Popen(  # noqa: S603 (a list, no shell)
                [str(part) for part in command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=folder,
                env={**kept, **(environment or {})},
                start_new_session=True,
                bufsize=0,
            )
        except OSError as error:
            raise ToolFailed(f"{name} cannot be started: {error.strerror}") from error
        self._end = weakref.finalize(self, _kill, self.popen)
        self._limit(limits, target)

    def _limit(self, limits: Limits, target: Target) -> None:
        files = {target.core, target.executable, *target.files.values()} - {None}
        mapped = sum(path.stat().st_size for path in files if path.exists())
        space = limits.memory_bytes + 2 * mapped
        with suppress(ProcessLookupError, PermissionError, AttributeError):
            for what, most in (
                (resource.RLIMIT_AS, space),
                (resource.RLIMIT_CPU, _CPU_SECONDS),
                (resource.RLIMIT_CORE, 0),
            ):
                _, hard = resource.prlimit(self.popen.pid, what)
                most = most if hard == resource.RLIM_INFINITY else min(most, hard)
                resource.prlimit(self.popen.pid, what, (most, hard))

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self.popen.poll() is None

    def died(self, doing: str) -> ToolFailed:
        """End it, and return the error that says so."""
        with suppress(subprocess.TimeoutExpired):
            self.popen.wait(1)  # Its pipe closes a little before it ends.
        code = self.popen.poll()
        self.close()
        how = f"exit code {code}"
        if code is None:
            how = "its answer could not be read"
        elif code < 0:
            with suppress(ValueError):
                how = signal.Signals(-code).name
        return ToolFailed(
            f"{self.name} ended while it {doing}: {how}",
            hint="try another debugger: pf.load(core, debugger='gdb'), 'lldb' or 'drgn'",
        )

    def late(self, doing: str, seconds: float) -> ToolFailed:
        """End it, and return the error that says that it took too long."""
        self.close()
        return ToolFailed(
            f"{self.name} was stopped after {seconds:g} s while it {doing}",
            hint="try another debugger: pf.load(core, debugger='gdb'), 'lldb' or 'drgn'",
        )

    def close(self) -> None:
        """End it with all that it started."""
        self._end()


def _kill(popen: subprocess.Popen[bytes]) -> None:
    if popen.poll() is None:  # Its number may be another's once it has ended.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(popen.pid, signal.SIGKILL)
    for pipe in (popen.stdin, popen.stdout):
        if pipe:
            with suppress(OSError):
                pipe.close()
    popen.wait()
