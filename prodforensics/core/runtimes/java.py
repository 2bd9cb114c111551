"""The Java frames and monitors of a core, as the JDK's own jhsdb reads them."""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from prodforensics import tools
from prodforensics.core.runtimes.told import (
    RuntimeFrame,
    RuntimeStack,
    modules_named,
    trusted,
)
from prodforensics.errors import ToolFailed

if TYPE_CHECKING:
    from prodforensics.core.image import Image

__all__ = ["JavaProcess", "JavaThread", "Monitor", "is_java", "parse", "read"]

_MOST_FRAMES = 500_000
_THREAD = re.compile(r'"(.{0,500})" #\d+ .*\bnid=0x([0-9a-f]{1,8}) (.*)')
_STATE = re.compile(r"\s*java\.lang\.Thread\.State: ([A-Z_]+)")
_FRAME = re.compile(
    r" - (?P<function>[^\s(][^(]*)\([^)]*\) @bci=(?P<bci>\d+)"
    r"(?:, line=(?P<line>\d+))?(?:, pc=0x(?P<pc>[0-9a-f]+))?.* \((?:Interpreted|Compiled) frame"
)
_MONITOR = re.compile(
    r"\s+- (waiting to lock|waiting to re-lock in wait\(\)|waiting on|locked|parking to wait for) "
    r"+<0x([0-9a-f]{1,16})> \(an? (?:java\.lang\.Class for )?([^)]*)\)"
)
_DEAD_THREAD = re.compile(r'"(.{0,500})":')
_DEAD_LOCK = re.compile(r"\s+waiting to lock .*Object@0x([0-9a-f]{1,16}), an? ([^)]*)\).*")


@dataclass(frozen=True)
class Monitor:
    """An object that is locked or waited for."""

    address: int
    type: str
    """Name of its class."""


@dataclass
class JavaThread:
    """A thread of the JVM that runs Java.

    Parameters
    ----------
    os_tid : int
    name : str
        Java's own, longer than the 15 letters that the kernel keeps.
    state : str
        Of java.lang.Thread.State; empty where it is not told.
    frames : list of RuntimeFrame
        Innermost first.
    wants : Monitor or None
        What it is blocked on.
    locked : list of Monitor
        What it holds.
    waits_on : set of int
        Addresses of monitors that it let go in ``Object.wait``.
    entering : Monitor or None
        The last one that its innermost frame lists as locked.
    """

    os_tid: int
    name: str
    state: str = ""
    frames: list[RuntimeFrame] = field(default_factory=list)
    wants: Monitor | None = None
    locked: list[Monitor] = field(default_factory=list)
    waits_on: set[int] = field(default_factory=set)
    entering: Monitor | None = None

    @property
    def stack(self) -> RuntimeStack:
        """Its frames alone."""
        return RuntimeStack(self.os_tid, tuple(self.frames))


@dataclass(frozen=True)
class JavaProcess:
    """What jhsdb tells of a process.

    Parameters
    ----------
    threads : tuple of JavaThread
    owners : dict of int to int
        os_tid of the thread that holds a monitor, by the monitor's address.
    """

    threads: tuple[JavaThread, ...] = ()
    owners: dict[int, int] = field(default_factory=dict)


def is_java(image: Image) -> bool:
    """Tell whether a JVM is among the modules."""
    return bool(modules_named(image, r"libjvm\.so"))


def read(image: Image, *, seconds: float = 60) -> JavaProcess:
    """Return the threads of Java, their frames and monitors.

    Parameters
    ----------
    image : Image
        Of a process that `is_java`.
    seconds : float
        Time limit.

    Raises
    ------
    MissingTool, ToolFailed
        No JDK is installed; its jhsdb is of another version than the JVM that ran.

    Notes
    -----
    The jhsdb on the path is asked: it says itself whether it knows the JVM of the core.
    """
    program = image.executable
    modules = modules_named(image, r"libjvm\.so")
    if program is None or program.found is None or not trusted((program, *modules)):
        raise ToolFailed(
            "the JVM of this core is not here, or is of another build",
            hint="give it: pf.load(core, executable='.../bin/java', sysroot=...)",
        )
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer"
        with answer.open("wb") as output:
            done = tools.run(
                "jhsdb",
                ["jstack", "--exe", program.found.absolute(), "--core", image.path],
                seconds=seconds,
                output=output,
                environment={"JAVA_TOOL_OPTIONS": f"-Xmx1g -Duser.home={folder}"},
                check=False,
            )
        with answer.open(encoding="utf-8", errors="replace") as lines:
            process = parse(lines)
    if not process.threads:
        said = [one for one in done.stderr.splitlines() if "rror" in one or "xception" in one]
        why = (said or done.stderr.strip().splitlines() or ["it names no thread"])[-1]
        raise ToolFailed(f"jhsdb cannot read the Java threads: {why.strip()[:200]}")
    return process


def parse(lines: Iterable[str]) -> JavaProcess:
    """Return the threads of what ``jhsdb jstack`` prints.

    Parameters
    ----------
    lines : iterable of str

    Returns
    -------
    JavaProcess

    Notes
    -----
    A thread that is blocked may list the monitor that it waits for among those that it locked, as
    the last one of its innermost frame. Who is deadlocked is told in a section of its own, which
    goes before that.
    """
    deadlocked: dict[str, Monitor] = {}
    threads: list[JavaThread] = []
    for line in _read(lines, deadlocked, threads):
        _add(threads[-1], line)
    listed = Counter(one.address for thread in threads for one in thread.locked)
    for thread in threads:
        if thread.wants is None and thread.name in deadlocked:
            thread.wants = deadlocked[thread.name]
        entering = thread.entering
        if thread.wants is None and thread.state == "BLOCKED" and entering is not None:
            thread.wants = entering if listed[entering.address] > 1 else None
        if thread.wants is not None:
            # It is on the way to this one, whatever the frame lists.
            thread.locked = [one for one in thread.locked if one.address != thread.wants.address]
    owners = {one.address: thread.os_tid for thread in threads for one in thread.locked}
    return JavaProcess(tuple(threads), owners)


def _read(
    lines: Iterable[str], deadlocked: dict[str, Monitor], threads: list[JavaThread]
) -> Iterator[str]:
    """Collect heads of threads and the section of deadlocks, and give the other lines."""
    name, count = "", 0
    for line in lines:
        text = line.rstrip("\n")[:2000]
        if head := _THREAD.fullmatch(text):
            threads.append(JavaThread(int(head.group(2), 16), head.group(1)))
        elif threads:
            count += 1
            if count < _MOST_FRAMES:
                yield text
        elif dead := _DEAD_THREAD.fullmatch(text):
            name = dead.group(1)
        elif name and (lock := _DEAD_LOCK.fullmatch(text)):
            deadlocked[name] = Monitor(int(lock.group(1), 16), lock.group(2).replace("/", "."))


def _add(thread: JavaThread, text: str) -> None:
    if frame := _FRAME.match(text):
        line = int(frame["line"]) if frame["line"] else -1
        address = int(frame["pc"], 16) if frame["pc"] else 0
        thread.frames.append(RuntimeFrame(frame["function"].strip(), "", line, address=address))
    elif state := _STATE.match(text):
        thread.state = state.group(1)
    elif told := _MONITOR.match(text):
        monitor = Monitor(int(told.group(2), 16), told.group(3))
        if told.group(1) in ("waiting to lock", "waiting to re-lock in wait()"):
            thread.wants = monitor
        elif told.group(1) == "waiting on":
            thread.waits_on.add(monitor.address)
        elif told.group(1) == "locked" and monitor.address not in thread.waits_on:
            thread.locked.append(monitor)
            if len(thread.frames) == 1:
                thread.entering = monitor
