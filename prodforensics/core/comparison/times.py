"""When a process died. A core does not tell; the name of its file may, and the file's own time."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["time_of"]

# systemd-coredump: core.PROGRAM.UID.BOOT.PID.MICROSECONDS; core_pattern with %t: seconds.
_SYSTEMD = re.compile(r"^core\..+\.\d+\.[0-9a-f]{32}\.\d+\.(\d{16})(?:\.\w+)?$")
_SECONDS = re.compile(r"(?:^|[.\-_])(1\d{9})(?:[.\-_]|$)")


def time_of(path: str) -> tuple[pd.Timestamp, str]:
    """Return when a core was written, in UTC, and what tells it: ``name``, ``file`` or ``none``.

    Parameters
    ----------
    path : str
        Of the file, as given; its last writing counts where the name tells nothing. A copy that
        was made without keeping times has the time of the copy.

    Examples
    --------
    >>> time_of("core.till.0.7e5e4f0a3c5d4b6e8f9a0b1c2d3e4f5a.4711.1790000000000000.zst")
    (Timestamp('2026-09-21 14:13:20+0000', tz='UTC'), 'name')
    >>> time_of("s3://crashes/core.till")
    (NaT, 'none')
    """
    import pandas as pd

    name = path.rstrip("/").rpartition("/")[2]
    if found := _SYSTEMD.match(name):
        return pd.Timestamp(int(found[1]), unit="us", tz="UTC"), "name"
    if found := _SECONDS.search(name):
        return pd.Timestamp(int(found[1]), unit="s", tz="UTC"), "name"
    if "://" not in path:
        try:
            return pd.Timestamp(Path(path).stat().st_mtime_ns, unit="ns", tz="UTC"), "file"
        except OSError:  # it was moved since
            pass
    return pd.NaT, "none"
