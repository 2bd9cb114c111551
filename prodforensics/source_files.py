"""Source files: found by the paths that evidence tells, and read as lines.

The text is looked for below one folder that the caller names. Paths in evidence are evidence:
whatever they say, nothing outside that folder is read.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

__all__ = ["find_file", "read_lines"]

_LARGEST = 16 * 2**20


def find_file(root: Path, path: str) -> Path | None:
    """Find a source file below a folder, by as much of its path as fits.

    Parameters
    ----------
    root : Path
    path : str
        As the evidence has it: ``"/build/app/orders/orders.go"``.

    Returns
    -------
    Path or None
        Only ever a file within ``root``, links followed.

    Examples
    --------
    >>> import tempfile
    >>> root = Path(tempfile.mkdtemp())
    >>> _ = (root / "a.go").write_text("package a")
    >>> find_file(root, "/build/src/a.go").name, find_file(root, "../../etc/passwd")
    ('a.go', None)
    """
    whole = root.expanduser().resolve()
    parts = [p for p in PurePosixPath(path.replace("\\", "/")).parts if p not in ("/", "..", ".")]
    for begin in range(len(parts)):
        try:
            found = whole.joinpath(*parts[begin:]).resolve()
            if found.is_relative_to(whole) and found.is_file():
                return found
        except (OSError, ValueError, RuntimeError):
            return None
    return None


def read_lines(path: Path) -> list[str]:
    """Return the lines of a source file; none where it is too large or cannot be read.

    Parameters
    ----------
    path : Path

    Examples
    --------
    >>> read_lines(Path("no such file"))
    []
    """
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST:
            return []
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except (OSError, ValueError):
        return []
