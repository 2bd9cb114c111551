"""Python's own frames of a core, as pystack reads them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prodforensics.core.runtimes.told import (
    RuntimeFrame,
    RuntimeStack,
    Variable,
    modules_named,
    trusted,
)
from prodforensics.errors import MissingDependency, ToolFailed

if TYPE_CHECKING:
    from prodforensics.core.image import Image

__all__ = ["PythonProcess", "is_python", "read"]

_MODULES = r"python[23](\.\d+)?[dt]?|libpython[23].*\.so.*"
"""File names of interpreters and of the library that holds one."""
_WORKER = Path(__file__).with_name("pystack_worker.py")
_MEMORY = 4 << 30
_ANSWER = 256 << 20
"""Bytes of an answer that is still read."""


@dataclass(frozen=True)
class PythonProcess:
    """What pystack tells of a process.

    Parameters
    ----------
    version : str
        Such as ``3.11``; empty where it is unknown.
    stacks : tuple of RuntimeStack
        One of each thread that runs Python.
    gil_holder : int or None
        os_tid of the thread that holds the global interpreter lock.
    """

    version: str = ""
    stacks: tuple[RuntimeStack, ...] = ()
    gil_holder: int | None = None


def is_python(image: Image) -> bool:
    """Tell whether a Python interpreter is among the modules."""
    return bool(modules_named(image, _MODULES))


def read(image: Image, *, seconds: float = 30) -> PythonProcess:
    """Return the frames of Python, with their variables.

    Parameters
    ----------
    image : Image
        Of a process with a Python interpreter.
    seconds : float
        Time limit.

    Raises
    ------
    MissingDependency
        pystack is not installed.
    ToolFailed
        The interpreter's file is not the one that ran, or pystack cannot read the process.
    """
    modules = modules_named(image, _MODULES)
    program = image.executable
    if program is None or program.found is None or not trusted((program, *modules)):
        raise ToolFailed(
            "the Python interpreter of this core is not here, or is of another build",
            hint="give it: pf.load(core, executable=..., sysroot=...)",
        )
    folders = sorted({str(one.found.parent) for one in image.modules if trusted((one,))})
    memory = _MEMORY + 2 * image.path.stat().st_size
    command = [sys.executable, "-I", str(_WORKER), str(image.path), str(program.found)]
    told = _run([*command, ":".join(folders), str(memory)], seconds)
    if "missing" in told:
        raise MissingDependency(
            "pystack",
            needed_for="the frames of Python in a core",
            install="pip install 'prodforensics[core]'",
        )
    if "failed" in told:
        raise ToolFailed(f"pystack cannot read the frames of Python: {told['failed']}")
    return _process(told)


def _run(command: list[str], seconds: float) -> dict[str, Any]:
    process = subprocess.Popen(  # noqa: S603 (a list, no shell)
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired as error:
        raise ToolFailed(f"pystack was stopped after {seconds:g} s") from error
    finally:
        if process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    try:
        return json.loads(said[:_ANSWER])
    except ValueError as error:
        raise ToolFailed(f"pystack ended with exit code {process.returncode}") from error


def _process(told: dict[str, Any]) -> PythonProcess:
    stacks = tuple(
        RuntimeStack(thread["tid"], tuple(_frames(thread["frames"]))) for thread in told["threads"]
    )
    holders = [one["tid"] for one in told["threads"] if one["holds_gil"]]
    return PythonProcess(
        ".".join(map(str, told["version"])),
        tuple(one for one in stacks if one.frames),
        holders[0] if len(holders) == 1 else None,
    )


def _frames(told: list[dict[str, Any]]) -> list[RuntimeFrame]:
    frames: list[RuntimeFrame] = []
    for one in told:
        if one["is_shim"]:
            # No function of the program: since Python 3.12 it stands for the call by native code.
            if frames and one["is_entry"]:
                frames[-1] = replace(frames[-1], is_entry=True)
            continue
        frames.append(
            RuntimeFrame(
                one["function"],
                one["file"],
                one["line"] if one["line"] > 0 else -1,
                one["column"],
                is_entry=one["is_entry"],
                variables=tuple(Variable(*each) for each in one["variables"]),
            )
        )
    return frames
