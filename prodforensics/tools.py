"""The programs of the system: found, asked for their version, run with a time limit."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from prodforensics.errors import MissingTool, ToolFailed, UnknownName

__all__ = ["TOOLS", "Tool", "find", "run", "tool", "version"]


@dataclass(frozen=True)
class Tool:
    """A program that some work needs.

    Parameters
    ----------
    name : str
        Its usual name.
    unlocks : str
        What it makes possible, as the end of the sentence "it ...".
    install : str
        A command that installs it on Debian and Ubuntu.
    commands : tuple of str
        Names under which it may be installed, best first.
    version_arguments : tuple of str
        Make it print its version.
    """

    name: str
    unlocks: str
    install: str
    commands: tuple[str, ...]
    version_arguments: tuple[str, ...] = ("--version",)


def _tool(name: str, unlocks: str, package: str = "", commands: tuple[str, ...] = ()) -> Tool:
    return Tool(name, unlocks, f"apt install {package or name}", commands or (name,))


TOOLS = (
    _tool("node", "records heap snapshots and runs DevTools' own numbers in the tests", "nodejs"),
    _tool("npm", "installs the DevTools worker that the tests compare with"),
    _tool("valgrind", "records the leak reports of C and C++ programs"),
    _tool("perf", "reads perf.data files and records profiles", "linux-perf"),
    _tool("clang", "builds programs with LeakSanitizer", "clang libclang-rt-dev"),
    Tool(
        "go",
        "records profiles of Go, and has the pprof that the tests compare with",
        "apt install golang-go",
        ("go",),
        ("version",),
    ),
    _tool(
        "jfr", "prints recordings of the JVM, which the tests compare with", "default-jdk-headless"
    ),
    Tool(
        "dlv",
        "reads the goroutines of a Go program's core dump",
        "apt install delve",
        ("dlv",),
        ("version",),
    ),
    Tool(
        "jhsdb",
        "reads the Java frames and monitors of a JVM's core dump",
        "apt install default-jdk-headless",
        ("jhsdb",),
        ("--version",),
    ),
    _tool("mvn", "fetches async-profiler and its converter for the tests", "maven"),
    _tool("tshark", "reads network captures, as the tests compare with"),
    _tool("gdb", "walks the stacks of core dumps, and takes them of live processes (gcore)"),
    _tool("gdb-multiarch", "walks the stacks of core dumps of other machines, such as aarch64"),
    _tool("lldb", "reads core dumps of programs built with clang"),
    _tool(
        "chromium",
        "drives the notebooks and widgets in the tests",
        commands=("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
    ),
)


def tool(name: str) -> Tool:
    """Return the row of the table with this name."""
    for one in TOOLS:
        if one.name == name:
            return one
    raise UnknownName("tool", name, [one.name for one in TOOLS])


def find(name: str) -> Path:
    """Return where the tool is installed.

    Raises
    ------
    MissingTool
        With the command that installs it.
    """
    wanted = tool(name)
    for command in wanted.commands:
        if found := shutil.which(command):
            return Path(found)
    raise MissingTool(name, unlocks=wanted.unlocks, install=wanted.install)


def version(name: str) -> str:
    """Return the version that the tool prints, or an empty string where it prints none."""
    done = run(name, tool(name).version_arguments, seconds=30, check=False)
    found = re.search(r"\d+(\.\d+)+", done.stdout + done.stderr)
    return found.group() if found else ""


def run(
    name: str,
    arguments: Sequence[str | Path],
    *,
    seconds: float,
    text: str | None = None,
    check: bool = True,
    output: IO[bytes] | None = None,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    r"""Run a tool, never through a shell, and stop it at the time limit.

    Parameters
    ----------
    name : str
        As in `TOOLS`.
    arguments : sequence of str or Path
        Its command line.
    seconds : float
        Time limit.
    text : str, optional
        Standard input; empty where it is not given.
    check : bool
        Raise where the tool fails.
    output : binary file, optional
        Receives its standard output, which is empty in the answer then: it may be large.
    environment : mapping of str to str, optional
        Variables beside those of this process.

    Raises
    ------
    MissingTool, ToolFailed
        It is not installed; it failed or ran too long.

    Examples
    --------
    >>> run("node", ["-e", "console.log(6 * 7)"], seconds=30).stdout
    '42\n'
    """
    command = [str(find(name)), *map(str, arguments)]
    try:
        done = _complete(command, seconds, text or "", output, environment)
    except subprocess.TimeoutExpired as error:
        raise ToolFailed(
            f"{name} was stopped after {seconds:g} s", hint="give it more time, or less to do"
        ) from error
    except OSError as error:
        raise ToolFailed(f"{name} cannot be started: {error.strerror}") from error
    if check and done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()[-3:]
        raise ToolFailed(
            f"{name} failed with exit code {done.returncode}: {' / '.join(said)}",
            hint=f"run it by hand: {shlex.join(command)}",
        )
    return done


def _complete(
    command: list[str],
    seconds: float,
    text: str,
    output: IO[bytes] | None,
    environment: Mapping[str, str] | None,
) -> subprocess.CompletedProcess[str]:
    process = subprocess.Popen(  # noqa: S603 (a list, no shell)
        command,
        stdin=subprocess.PIPE,
        stdout=output or subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **environment} if environment else None,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    try:
        said, complained = process.communicate(text, timeout=seconds)
    except BaseException:
        # The whole session: a helper that the tool started would keep the pipes open.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise
    return subprocess.CompletedProcess(command, process.returncode, said or "", complained)
