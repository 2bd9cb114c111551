"""The goroutines of a core, as dlv reads them.

A debugger of native code sees the goroutines that run on a thread; the others are parked in memory,
and only one who knows the scheduler of Go finds their stacks. Where dlv is older than the Go of the
program it warns, and its stacks are right as far as the layout of ``runtime.g`` did not change, but
its words for what a goroutine waits for are those of another table: so these are told by the
functions of the stack, in the words of Go's own traceback.

dlv takes every frame but the innermost for a call, and so may name the line before the one that
faulted; in ``frames`` the line is that of the debugger of native code.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from prodforensics import tools
from prodforensics.core import elf
from prodforensics.core.elf_files import opened
from prodforensics.core.runtimes.told import RuntimeFrame, trusted
from prodforensics.errors import ToolFailed

if TYPE_CHECKING:
    from prodforensics.core.image import Image

__all__ = ["GoProcess", "Goroutine", "is_go", "parse", "read", "wait_reason"]

_DEPTH = 100
_MOST_FRAMES = 500_000
_HEADER = re.compile(
    r"[* ] Goroutine (\d+) - \w+: .*?(?: \(thread (\d+)\))?(?: \[([^\]]*)\])?", re.ASCII
)
_FRAME = re.compile(r"\s*\d+\s+0x([0-9a-f]{1,16}) in (.*)")
_PLACE = re.compile(r"\s*at (.*):(-?\d{1,9})")
_TOO_OLD = re.compile(r"too old for Go version ([\w.]{1,20})")

# In the words of runtime/runtime2.go (waitReasonStrings); the first function that is found decides.
_REASONS = (
    (r"sync\.\(\*Mutex\)\.Lock|internal/sync\.\(\*Mutex\)\.lockSlow", "sync.Mutex.Lock"),
    (r"sync\.\(\*RWMutex\)\.RLock", "sync.RWMutex.RLock"),
    (r"sync\.\(\*RWMutex\)\.Lock", "sync.RWMutex.Lock"),
    (r"sync\.\(\*Cond\)\.Wait", "sync.Cond.Wait"),
    (r"sync\.\(\*WaitGroup\)\.Wait", "sync.WaitGroup.Wait"),
    (r"runtime\.chanrecv\d?", "chan receive"),
    (r"runtime\.chansend\d?", "chan send"),
    (r"runtime\.selectgo", "select"),
    (r"runtime\.block", "select (no cases)"),
    (r"time\.Sleep", "sleep"),
    (r"internal/poll\.runtime_pollWait|runtime\.netpollblock", "IO wait"),
    (r"os/signal\.signal_recv", "signal wait"),
    (r"runtime\.forcegchelper", "force gc (idle)"),
    (r"runtime\.bgsweep", "GC sweep wait"),
    (r"runtime\.bgscavenge", "GC scavenge wait"),
    (r"runtime\.gcBgMarkWorker", "GC worker (idle)"),
    (r"runtime\.(runfinq|runFinalizers)", "finalizer wait"),
    (r"runtime\.runCleanups", "cleanup wait"),
    (r"(sync|internal/sync)\.runtime_Semacquire\w*|runtime\.semacquire1?", "semacquire"),
)
_PATTERNS = [(re.compile(pattern), reason) for pattern, reason in _REASONS]


@dataclass(frozen=True)
class Goroutine:
    """One goroutine.

    Parameters
    ----------
    goroutine_id : int
        As in Go's own traceback.
    os_tid : int or None
        The thread that it runs on; None where it is parked.
    wait_reason : str
        Why it is parked, in Go's words; empty where it runs or where that is not told.
    frames : tuple of RuntimeFrame
        Innermost first, the first hundred of them.
    """

    goroutine_id: int
    os_tid: int | None
    wait_reason: str
    frames: tuple[RuntimeFrame, ...]


@dataclass(frozen=True)
class GoProcess:
    """What dlv tells of a process.

    Parameters
    ----------
    goroutines : tuple of Goroutine
    caution : str
        What to keep in mind of these; empty for nothing.
    """

    goroutines: tuple[Goroutine, ...] = ()
    caution: str = ""


def is_go(image: Image) -> bool:
    """Tell whether the program was built by Go, from the sections of its file."""
    program = image.executable
    if program is None or program.found is None or not trusted((program,)):
        return False
    with opened(program.found) as data:
        head = elf.header(data) if data is not None else None
        if data is None or head is None:
            return False
        names = {one.name for one in elf.sections(data, head)}
    return bool(names & {".gopclntab", ".data.rel.ro.gopclntab", ".go.buildinfo"})


def read(image: Image, *, seconds: float = 60) -> GoProcess:
    """Return the goroutines of a core.

    Parameters
    ----------
    image : Image
        Of a program that `is_go`.
    seconds : float
        Time limit.

    Raises
    ------
    MissingTool, ToolFailed
        dlv is not installed; it cannot read the core.
    """
    program = image.executable
    if program is None or program.found is None or not trusted((program,)):
        raise ToolFailed("the Go program of this core is not here, or is of another build")
    with tempfile.TemporaryDirectory() as folder:
        commands = Path(folder) / "commands"
        commands.write_text(f"goroutines -t {_DEPTH}\nexit\n", encoding="ascii")
        answer = Path(folder) / "answer"
        with answer.open("wb") as output:
            done = tools.run(
                "dlv",
                [
                    *("core", program.found.absolute(), image.path),
                    # dlv refuses a newer Go otherwise; what that means is said in `caution`.
                    "--check-go-version=false",
                    "--allow-non-terminal-interactive=true",
                    *("--init", commands),
                ],
                seconds=seconds,
                output=output,
                # Neither the user's settings are read nor are new ones written.
                environment={"HOME": folder, "XDG_CONFIG_HOME": folder, "GOMEMLIMIT": "4GiB"},
            )
        with answer.open(encoding="utf-8", errors="replace") as lines:
            goroutines = tuple(parse(lines))
    if not goroutines:
        said = (done.stderr.strip().splitlines() or ["it names no goroutine"])[-1]
        raise ToolFailed(f"dlv cannot read the goroutines: {said[:200]}")
    old = _TOO_OLD.search(done.stderr)
    if not old:
        return GoProcess(goroutines)
    return GoProcess(
        tuple(replace(one, wait_reason=wait_reason(one)) for one in goroutines),
        f"this dlv is older than Go {old.group(1)}: why goroutines wait is told by their functions",
    )


def wait_reason(goroutine: Goroutine) -> str:
    """Return why a goroutine is parked, by the functions of its stack, in Go's words.

    Examples
    --------
    >>> frames = (RuntimeFrame("runtime.gopark"), RuntimeFrame("runtime.chanrecv1"))
    >>> wait_reason(Goroutine(7, None, "", frames))
    'chan receive'
    """
    if goroutine.os_tid is not None or not goroutine.frames:
        return ""
    if goroutine.frames[0].function not in ("runtime.gopark", "runtime.goparkunlock"):
        return ""
    for pattern, reason in _PATTERNS:
        if any(pattern.fullmatch(one.function) for one in goroutine.frames[:16]):
            return reason
    return ""


def parse(lines: Iterator[str]) -> Iterator[Goroutine]:
    """Give the goroutines of what dlv prints for ``goroutines -t``.

    Parameters
    ----------
    lines : iterator of str
        Lines that are none of a goroutine are left out.
    """
    current: Goroutine | None = None
    frames: list[RuntimeFrame] = []
    count = 0
    for line in lines:
        text = line.rstrip("\n")
        if head := _HEADER.fullmatch(text):
            if current is not None:
                yield replace(current, frames=tuple(frames))
            number, tid, reason = head.groups()
            current = Goroutine(int(number), int(tid) if tid else None, reason or "", ())
            frames = []
        elif current is None or count >= _MOST_FRAMES:
            continue
        elif told := _FRAME.fullmatch(text):
            count += 1
            frames.append(RuntimeFrame(_known(told.group(2)), address=int(told.group(1), 16)))
        elif frames and not frames[-1].file and (place := _PLACE.fullmatch(text)):
            frames[-1] = replace(
                frames[-1], file=_known(place.group(1)), line=_line(place.group(2))
            )
    if current is not None:
        yield replace(current, frames=tuple(frames))


def _known(name: str) -> str:
    return "" if name.strip("?") == "" else name


def _line(text: str) -> int:
    return int(text) if int(text) > 0 else -1
