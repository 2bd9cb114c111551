"""What takes most: functions, files, modules or lines, in the order of ``go tool pprof -top``."""

from __future__ import annotations

import numpy as np
import pandas as pd

from prodforensics.errors import BadOption
from prodforensics.kernels.stack_sums import sum_by
from prodforensics.profile.data import ProfileData
from prodforensics.profile.measures import Measures
from prodforensics.profile.names import function_names
from prodforensics.profile.numbering import number_words, ranks
from prodforensics.profile.tables import percent

__all__ = ["GRANULARITIES", "top"]

GRANULARITIES = ("function", "line", "file", "module")
ORDERS = ("self", "total")


def top(
    data: ProfileData,
    measures: Measures,
    n: int | None = 20,
    by: str = "self",
    granularity: str = "function",
    whole: float | None = None,
) -> pd.DataFrame:
    """List what takes most (`schemas.TOP`).

    Parameters
    ----------
    data : ProfileData
    measures : Measures
    n : int, optional
        Rows at most; all for None.
    by : {"self", "total"}
    granularity : {"function", "line", "file", "module"}
        What a row is.
    whole : number, optional
        What percentages are of; all there is, where it is not given.

    Raises
    ------
    BadOption
        There is no such order or granularity.
    """
    if by not in ORDERS:
        raise BadOption(f"no order {by!r}", hint=f"by: one of {', '.join(ORDERS)}")
    words, number = number_words(_words(data, granularity))
    key = number.astype(np.int32)[data.stacks.call]
    own = sum_by(key, measures.stack_self, len(words))
    total = measures.total_by(key, len(words))
    rows = np.flatnonzero((own != 0) | (total != 0))
    first, second = (own, total) if by == "self" else (total, own)
    rank = ranks(words)
    rows = rows[np.lexsort((-np.abs(second[rows]), rank[rows], -np.abs(first[rows])))]
    own, total = own[rows], total[rows]
    # Of a difference of two profiles, too, shares are of all that there is, as pprof's.
    if whole is None:
        whole = np.abs(measures.weight).sum().item()
    columns = {
        "function": pd.array(words[rows], dtype="str"),
        "self": own,
        "self_percent": percent(own, whole),
        "sum_percent": percent(np.cumsum(own), whole),
        "total": total,
        "total_percent": percent(total, whole),
    }
    frame = pd.DataFrame(columns, index=pd.RangeIndex(len(rows), name="rank"))
    return frame if n is None else frame.head(n)


def _words(data: ProfileData, granularity: str) -> np.ndarray:
    """Name each call, object[c]."""
    functions, place = data.functions, data.calls.function
    if granularity == "function":
        return function_names(data)[place]
    if granularity == "line":
        lines = zip(
            function_names(data)[place], functions.file[place], data.calls.line.tolist(),
            strict=True,
        )  # fmt: skip
        words = [
            f"{name} {file}:{line}" if line else f"{name} {file}" if file else name
            for name, file, line in lines
        ]
        return np.array(words, object)
    if granularity in ("file", "module"):
        words = getattr(functions, granularity)[place]
        return np.where(words == "", "(unknown)", words)
    raise BadOption(f"no granularity {granularity!r}", hint=f"one of {', '.join(GRANULARITIES)}")
