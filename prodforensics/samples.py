"""Sample artifacts: recorded from real programs, with the truth about each.

Examples
--------
>>> import prodforensics as pf
>>> pf.samples.path("heap/healthy.1.heapsnapshot.zst").name
'healthy.1.heapsnapshot.zst'
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prodforensics.errors import UnknownName
from prodforensics.resources import folder

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["entries", "frame", "path", "truth"]


@cache
def _manifest() -> dict[str, dict[str, Any]]:
    text = (folder("sample_artifacts") / "manifest.json").read_text(encoding="utf-8")
    listed = json.loads(text)
    return {entry["path"]: entry for entry in listed}


def entries() -> list[dict[str, Any]]:
    """Return every entry of the manifest: path, format, scenario, command, sha256, truth."""
    return list(_manifest().values())


def path(name: str) -> Path:
    """Return the path of a sample.

    Parameters
    ----------
    name : str
        Path below ``sample_artifacts``, such as ``"heap/timers.1.heapsnapshot.zst"``.
    """
    return folder("sample_artifacts") / _entry(name)["path"]


def truth(name: str) -> dict[str, Any]:
    """Return what is known to be wrong (or not) in the program that the sample was taken from."""
    return _entry(name)["ground_truth"]


def _entry(name: str) -> dict[str, Any]:
    if name not in _manifest():
        raise UnknownName("sample", name, _manifest())
    return _manifest()[name]


def frame() -> pd.DataFrame:
    """Return the manifest as a frame, one row a sample."""
    import pandas as pd

    columns = ["path", "investigation", "format", "scenario", "role", "title", "size"]
    rows = [{column: entry.get(column) for column in columns} for entry in entries()]
    return pd.DataFrame(rows, columns=columns).set_index("path")
