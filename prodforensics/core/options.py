"""Where the program of a core is looked for, and how it is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from prodforensics.errors import BadOption

__all__ = ["DEBUGGERS", "Options", "chosen"]

DEBUGGERS = ("auto", "drgn", "gdb", "lldb")
"""What may be asked for the stacks."""


@dataclass(frozen=True)
class Options:
    """How a core is read.

    Parameters
    ----------
    executable : Path, optional
        The program; found by its path in the core where it is not given.
    sysroot : Path, optional
        A folder that stands for ``/`` of the machine on which the process ran.
    debug_dirs : tuple of Path
        Folders with programs, libraries and their debug information.
    debugger : str
        One of `DEBUGGERS`.
    redact : bool
        Secrets are masked.
    """

    executable: Path | None = None
    sysroot: Path | None = None
    debug_dirs: tuple[Path, ...] = ()
    debugger: str = "auto"
    redact: bool = True


def chosen(
    executable: str | Path | None,
    sysroot: str | Path | None,
    debug_dirs: str | Path | Sequence[str | Path],
    debugger: str,
    redact: bool,
) -> Options:
    """Check the options that a person gave.

    Raises
    ------
    BadOption
        No debugger has this name; a file or folder is not there.

    Examples
    --------
    >>> chosen(None, None, (), "gdb", True).debugger
    'gdb'
    >>> chosen(None, None, (), "windbg", True)
    Traceback (most recent call last):
    ...
    prodforensics.errors.BadOption: there is no debugger 'windbg'
    Try: debugger= one of auto, drgn, gdb, lldb
    """
    if debugger not in DEBUGGERS:
        raise BadOption(
            f"there is no debugger {debugger!r}", hint=f"debugger= one of {', '.join(DEBUGGERS)}"
        )
    if isinstance(debug_dirs, str | Path):
        debug_dirs = (debug_dirs,)
    return Options(
        _file("executable", executable) if executable is not None else None,
        _folder("sysroot", sysroot) if sysroot is not None else None,
        tuple(_folder("debug_dirs", one) for one in debug_dirs),
        debugger,
        bool(redact),
    )


def _file(name: str, given: str | Path) -> Path:
    path = _expanded(name, given)
    if not path.is_file():
        raise BadOption(
            f"{name}={str(given)!r}: there is no such file",
            hint="name the very program that the process ran, with the same build-id",
        )
    return path


def _folder(name: str, given: str | Path) -> Path:
    path = _expanded(name, given)
    if not path.is_dir():
        raise BadOption(
            f"{name}: there is no folder {str(given)!r}", hint="check the path and its permissions"
        )
    return path


def _expanded(name: str, given: str | Path) -> Path:
    try:
        return Path(given).expanduser().absolute()
    except (TypeError, ValueError, RuntimeError) as error:  # no path at all; no such ~user
        raise BadOption(f"{name}={given!r}: {error}", hint="give a path") from error
