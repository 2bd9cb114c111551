"""Sample artifacts: recorded from real programs, with the truth about each.

Examples
--------
>>> import prodforensics as pf
>>> pf.samples.path("heap/healthy.1.heapsnapshot.zst").name
'healthy.1.heapsnapshot.zst'
"""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from prodforensics.errors import UnknownName
from prodforensics.packing import PIECE, recognise, unpack
from prodforensics.resources import folder

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["entries", "files", "frame", "path", "truth"]


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


def files(name: str, folder: str | Path) -> dict[str, Path]:
    """Unpack a sample and what belongs to it: the program, its debug file, its source.

    Parameters
    ----------
    name : str
        As for `path`.
    folder : str or Path
        Where to; it is made. A file that is there already is kept.

    Returns
    -------
    dict of str to Path
        ``"artifact"``, the sample itself; of a core dump also ``"executable"`` and ``"source"``,
        and ``"debug"``, a folder with the debug file under its build-id, as `debug_dirs` and gdb's
        ``debug-file-directory`` want it; ``"rebuilt"``, the program of another build.

    Examples
    --------
    >>> import tempfile
    >>> import prodforensics as pf
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     sorted(pf.samples.files("core/exception.core.zst", folder))
    ['artifact', 'debug', 'executable', 'source']
    """
    entry, folder = _entry(name), Path(folder)
    artifact = PurePath(name).stem if _is_packed(name) else PurePath(name).name
    found = {"artifact": _unpacked(name, folder / artifact)}
    for one in entry.get("files", ()):
        file = _unpacked(one["path"], folder / one["as"])
        found[one["role"]] = folder / "debug" if one["role"] == "debug" else file
    return found


def _is_packed(name: str) -> bool:
    return name.endswith((".zst", ".gz", ".xz", ".lz4"))


def _unpacked(name: str, to: Path) -> Path:
    if to.exists():
        return to
    to.parent.mkdir(parents=True, exist_ok=True)
    unfinished = to.with_name(f"{to.name}.{os.getpid()}")
    with (folder("sample_artifacts") / name).open("rb") as stored, unfinished.open("wb") as file:
        pieces = iter(lambda: stored.read(PIECE), b"")
        packing = recognise(stored.read(16))
        stored.seek(0)
        file.writelines(unpack(pieces, packing) if packing else pieces)
    if _is_program(unfinished):
        unfinished.chmod(0o755)
    return unfinished.replace(to)  # two tests at once: each sees a whole file


def _is_program(file: Path) -> bool:
    with file.open("rb") as stream:
        head = stream.read(18)
    return head.startswith(b"\x7fELF") and head[16:18] != b"\x04\x00"


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
