"""Where the notebook templates and the sample artifacts are.

They stand at the top level of a checkout and travel inside the package in the wheel.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["folder"]


def folder(name: str) -> Path:
    """Return the folder ``"notebooks"`` or ``"sample_artifacts"``.

    Examples
    --------
    >>> folder("sample_artifacts").is_dir()
    True
    """
    package = Path(__file__).parent
    shipped = package / "_data" / name
    return shipped if shipped.is_dir() else package.parent / name
