"""What the runtimes of one core tell, asked once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from prodforensics._reference import Later
from prodforensics.core.runtimes import go, java, python, python_locks
from prodforensics.errors import ForensicsError, MissingDependency, MissingTool, ToolFailed

if TYPE_CHECKING:
    from prodforensics.core.model import CoreDump

__all__ = ["Runtimes"]

session = Later("prodforensics.core.session")

_FAILURES = (MissingDependency, MissingTool, ToolFailed)


class Runtimes:
    """The runtimes of a process, each read when it is first asked for.

    Parameters
    ----------
    core : CoreDump
        Its gaps tell why a runtime that is there could not be read.
    """

    def __init__(self, core: CoreDump) -> None:
        self._core = core
        self._image = core.image
        self._owners: dict[frozenset[int], dict[int, int]] = {}

    @cached_property
    def python(self) -> python.PythonProcess | None:
        """Frames of Python; None where it runs none, or where they cannot be read."""
        if not python.is_python(self._image):
            return None
        try:
            return python.read(self._image)
        except _FAILURES as error:
            self._miss("the frames of Python are missing", error)
            return None

    def python_owners(
        self, semaphores: frozenset[int], pointers: Mapping[int, int]
    ) -> dict[int, int]:
        """Return who holds locks of Python (`python_locks.owners`); memory is looked at once."""
        if semaphores not in self._owners:
            self._owners[semaphores] = python_locks.owners(self._image, semaphores, pointers)
        return self._owners[semaphores]

    @cached_property
    def go(self) -> go.GoProcess | None:
        """Goroutines; None where the program is none of Go, or where they cannot be read."""
        if not go.is_go(self._image):
            return None
        try:
            told = go.read(self._image)
        except _FAILURES as error:
            self._miss("the goroutines are missing, native frames remain", error)
            return None
        if told.caution:
            session.note(self._core, told.caution)
        return told

    @cached_property
    def java(self) -> java.JavaProcess | None:
        """Threads of Java; None where it runs no JVM, or where they cannot be read."""
        if not java.is_java(self._image):
            return None
        try:
            return java.read(self._image)
        except _FAILURES as error:
            self._miss("the frames of Java are missing", error)
            return None

    def _miss(self, what: str, error: ForensicsError) -> None:
        hint = f" ({error.hint})" if error.hint else ""
        session.note(self._core, f"{what}: {error.message}{hint}")
