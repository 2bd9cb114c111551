"""What each line of a function takes, beside its text: the ``list`` of ``go tool pprof``.

The text is looked for below one folder that the caller names. The paths in a profile are evidence:
whatever they say, nothing outside that folder is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from prodforensics.kernels.stack_sums import sum_by
from prodforensics.profile.data import ProfileData
from prodforensics.profile.matching import functions_named
from prodforensics.profile.measures import Measures
from prodforensics.profile.tables import percent
from prodforensics.source_files import find_file, read_lines

__all__ = ["source_lines"]

_AROUND = 5
"""Lines shown before the first and behind the last that took something."""


def source_lines(
    data: ProfileData, measures: Measures, function: str, root: str | Path | None
) -> pd.DataFrame:
    """List the lines of a function (`schemas.LINES`).

    Parameters
    ----------
    data : ProfileData
    measures : Measures
    function : str
    root : str or Path or None
        Folder of the sources; None for the numbers alone.

    Raises
    ------
    UnknownName
        There is no such function.
    """
    named = functions_named(data, function)
    hit = named[data.stack_function]
    calls = data.calls
    line = np.where(named[calls.function], calls.line, -1)
    count = int(line.max(initial=0)) + 1
    # Line 0 stands for what the profiler knows no line of; the last key for other functions.
    key = np.where(line < 0, count, line).astype(np.int32)[data.stacks.call]
    own = sum_by(np.where(hit, key, -1), measures.stack_self, count + 1)[:count]
    total = measures.total_by(key, count + 1)[:count]
    seen = np.flatnonzero((own != 0) | (total != 0))
    start = data.functions.start_line[named]
    text = _text(data.functions.file[named], root)
    lines = _shown(seen, int(start[start > 0].min(initial=0)), len(text)) if text else seen
    columns = {
        "self": _padded(own, lines),
        "total": _padded(total, lines),
        "self_percent": percent(_padded(own, lines), measures.total),
        "total_percent": percent(_padded(total, lines), measures.total),
        "text": pd.array([text[n - 1] if 0 < n <= len(text) else "" for n in lines], dtype="str"),
    }
    return pd.DataFrame(columns, index=pd.Index(lines.astype(np.int64), name="line"))


def _text(files: Sequence[str], root: str | Path | None) -> list[str]:
    """Return the lines of the first file that is there."""
    if root is None:
        return []
    for file in dict.fromkeys(files):
        found = find_file(Path(root), file) if file else None
        if found and (lines := read_lines(found)):
            return lines
    return []


def _shown(seen: np.ndarray, start: int, size: int) -> np.ndarray:
    """Return the lines of the function and some around; line 0 where it took something."""
    known = seen[seen > 0]
    if not len(known):
        return seen
    first = min(int(known[0]), start or int(known[0])) - _AROUND
    lines = np.arange(max(1, first), min(size, int(known[-1]) + _AROUND) + 1)
    lines = np.union1d(lines, known)
    return np.append(seen[seen == 0], lines)


def _padded(value: np.ndarray, lines: np.ndarray) -> np.ndarray:
    return np.where(lines < len(value), value[np.minimum(lines, len(value) - 1)], 0)
