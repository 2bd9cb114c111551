"""When a profile is busy within its seconds: FlameScope's heat map of sub-second offsets."""

from __future__ import annotations

import numpy as np
import pandas as pd

from prodforensics.errors import BadOption
from prodforensics.kernels.stack_sums import sum_by
from prodforensics.profile.data import ProfileData
from prodforensics.profile.measures import Measures

__all__ = ["heatmap"]

_SECOND = 1_000_000_000
_CELLS = 10_000_000


def heatmap(data: ProfileData, measures: Measures, bins: int = 50) -> pd.DataFrame:
    """Sum values by second and offset within the second (`schemas.HEATMAP`).

    Parameters
    ----------
    data : ProfileData
    measures : Measures
    bins : int
        Parts of a second, 1 to 1,000.

    Raises
    ------
    BadOption
        The profile has no times, or covers too many seconds for one picture.
    """
    time = data.samples.time
    if time is None:
        raise BadOption(
            "this profile has no times, only sums",
            hint="record with times: perf script, JFR, .cpuprofile, py-spy --format chrometrace",
        )
    if not 1 <= bins <= 1000:
        raise BadOption(f"bins={bins!r}", hint="1 to 1,000 parts of a second")
    second = time // _SECOND
    start = int(second.min()) if len(time) else 0
    seconds = int(second.max()) - start + 1 if len(time) else 0
    if seconds * bins > _CELLS:
        raise BadOption(
            f"the profile covers {seconds:,} seconds", hint="choose a part: profile.between(t0, t1)"
        )
    part = (time - second * _SECOND) * bins // _SECOND
    cells = sum_by(part * seconds + (second - start), measures.weight, seconds * bins)
    return pd.DataFrame(
        cells.reshape(bins, seconds),
        index=pd.Index(np.arange(bins, dtype=np.int64) * _SECOND // bins, name="offset_ns"),
        columns=pd.RangeIndex(seconds, name="second"),
    )
