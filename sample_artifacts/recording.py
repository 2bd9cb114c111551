"""What the recorders of all investigations share: a neutral place to run programs, packed files."""

from __future__ import annotations

import contextlib
import gzip
import shutil
from collections.abc import Iterator
from pathlib import Path

from backports import zstd

APP = Path("/srv/app")
"""Programs run here, so that no path of the recording machine is inside an artifact."""
ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/home/app", "LC_ALL": "C.UTF-8"}
"""All that a program sees of the recording machine's environment: nothing secret can leak."""


@contextlib.contextmanager
def neutral_folder() -> Iterator[Path]:
    """Make `APP` for one scenario, and take it away afterwards."""
    if APP.exists():
        raise SystemExit(f"{APP} exists: move it away, the samples are recorded there")
    APP.mkdir(parents=True)
    try:
        yield APP
    finally:
        shutil.rmtree(APP)


def pack(artifact: Path, folder: Path, packing: str = "zst", name: str = "") -> Path:
    """Compress an artifact into a folder, its bytes as the program wrote them.

    Parameters
    ----------
    packing : str
        ``"zst"``, ``"gz"``, or ``""`` for a copy as it is.
    name : str, optional
        Another name, without the ending of the packing.
    """
    data = artifact.read_bytes()
    if packing == "gz":
        data = gzip.compress(data, 9, mtime=0)
    elif packing == "zst":
        data = zstd.compress(data, 19)
    path = folder / f"{name or artifact.name}{f'.{packing}' if packing else ''}"
    path.write_bytes(data)
    return path
