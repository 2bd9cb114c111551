"""How far the numbers of a profile can be trusted: it is a poll of a few thousand moments."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from prodforensics.profile.data import ProfileData

__all__ = ["Share", "counted_samples", "growth_p_value", "share"]

_CONFIDENCE = 0.95
_Z = NormalDist().inv_cdf(0.5 + _CONFIDENCE / 2)


@dataclass(frozen=True)
class Share:
    """A share of a profile with its 95 % confidence interval.

    Parameters
    ----------
    value, low, high : float
        From 0 to 1.
    samples : int
        Samples that the whole was counted from.

    Examples
    --------
    >>> str(share(0.5, 100))
    '50.0 % (40.4 to 59.6 %)'
    """

    value: float
    low: float
    high: float
    samples: int

    def __str__(self) -> str:
        return f"{100 * self.value:.1f} % ({100 * self.low:.1f} to {100 * self.high:.1f} %)"


def share(value: float, samples: int) -> Share:
    """Return a share with Wilson's score interval, which holds for small numbers too.

    Parameters
    ----------
    value : float
        Share of the whole, 0 to 1.
    samples : int
        Samples that the whole was counted from.
    """
    value = min(max(value, 0.0), 1.0)
    if samples <= 0:
        return Share(value, 0.0, 1.0, 0)
    squared = _Z * _Z / samples
    middle = (value + squared / 2) / (1 + squared)
    half = _Z / (1 + squared) * sqrt(value * (1 - value) / samples + squared / (4 * samples))
    return Share(value, max(0.0, middle - half), min(1.0, middle + half), samples)


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


def growth_p_value(
    before: np.ndarray, samples_before: int, after: np.ndarray, samples_after: int
) -> np.ndarray:
    """Test whether shares grew: the one-sided two-proportion z-test with a pooled variance.

    Parameters
    ----------
    before, after : float64[k]
        Shares of the whole, 0 to 1.
    samples_before, samples_after : int
        Samples that each whole was counted from.

    Returns
    -------
    float64[k]
        How probable a growth like this is if nothing changed but chance, multiplied by k
        (Bonferroni): among thousands of functions some grow by chance alone. At most 1.

    Examples
    --------
    >>> p = growth_p_value(np.array([0.10, 0.10]), 1000, np.array([0.12, 0.30]), 1000)
    >>> (p < 0.01).tolist()
    [False, True]
    """
    if not samples_before or not samples_after:
        return np.ones(len(before))
    n, m = samples_before, samples_after
    pooled = (before * n + after * m) / (n + m)
    deviation = np.sqrt(np.maximum(pooled * (1 - pooled), 1e-12) * (1 / n + 1 / m))
    z = (after - before) / deviation
    normal = NormalDist()
    tail = np.array([1 - normal.cdf(one) for one in z.tolist()])
    return np.minimum(tail * max(len(before), 1), 1.0)
