"""How many moments the sums of a profile were counted from: it is a poll of a few thousand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from prodforensics.profile.data import ProfileData

__all__ = ["counted_samples"]


def counted_samples(data: ProfileData, value: int) -> int:
    """Return how many moments the sums of a value type were counted from.

    The rows of an aggregated file stand for many samples each. Where the file counts them
    (``samples``) that is the number; where the value itself is a count, its sum; otherwise every
    row with a value is one.

    Parameters
    ----------
    data : ProfileData
    value : int
        Place of the value type.
    """
    weight = data.samples.values[value]
    there = weight != 0
    for one, counts in zip(data.value_types, data.samples.values, strict=True):
        if one.name == "samples" and one.unit == "count":
            return int(np.abs(counts[there]).sum())
    if data.value_types[value].unit == "count" and data.recording.mode in ("cpu", "wall", ""):
        return int(np.abs(weight).sum())
    return int(np.count_nonzero(there))
