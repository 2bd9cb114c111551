"""How sure a comparison of two recordings is: shares, rates and times, told from chance.

All tests are one-sided ("did it grow?"), need no assumption on how values are distributed, and
answer with arrays, so that thousands of functions or services are tested at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import erfc, sqrt
from statistics import NormalDist

import numpy as np

__all__ = [
    "Share",
    "corrected",
    "growth_of_ranks",
    "growth_of_shares",
    "growth_p_value",
    "quantiles",
    "share",
    "share_effect",
]

_CONFIDENCE = 0.95
_Z = NormalDist().inv_cdf(0.5 + _CONFIDENCE / 2)


@dataclass(frozen=True)
class Share:
    """A share with its 95 % confidence interval.

    Parameters
    ----------
    value, low, high : float
        From 0 to 1.
    samples : int
        How many the whole was counted from.

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
        How many the whole was counted from.
    """
    value = min(max(value, 0.0), 1.0)
    if samples <= 0:
        return Share(value, 0.0, 1.0, 0)
    squared = _Z * _Z / samples
    middle = (value + squared / 2) / (1 + squared)
    half = _Z / (1 + squared) * sqrt(value * (1 - value) / samples + squared / (4 * samples))
    return Share(value, max(0.0, middle - half), min(1.0, middle + half), samples)


def growth_p_value(
    before: np.ndarray, samples_before: int, after: np.ndarray, samples_after: int
) -> np.ndarray:
    """Test whether shares of one whole grew, corrected for how many of them are tested.

    Parameters
    ----------
    before, after : float64[k]
        Shares of the whole, 0 to 1.
    samples_before, samples_after : int
        How many each whole was counted from.

    Returns
    -------
    float64[k]
        `growth_of_shares` after `corrected`.

    Examples
    --------
    >>> p = growth_p_value(np.array([0.10, 0.10]), 1000, np.array([0.12, 0.30]), 1000)
    >>> (p < 0.01).tolist()
    [False, True]
    """
    return corrected(growth_of_shares(before, samples_before, after, samples_after))


def growth_of_shares(
    before: np.ndarray,
    count_before: np.ndarray | int,
    after: np.ndarray,
    count_after: np.ndarray | int,
) -> np.ndarray:
    """Test whether shares grew: the two-proportion z-test with a pooled variance.

    Parameters
    ----------
    before, after : float64[k]
        Shares, 0 to 1.
    count_before, count_after : int64[k] or int
        Out of how many.

    Returns
    -------
    float64[k]
        How probable a growth like this is if nothing changed but chance; 1 where either is a share
        of nothing.
    """
    n, m = (
        np.broadcast_to(one, before.shape).astype(np.float64) for one in (count_before, count_after)
    )
    both = np.maximum(n + m, 1)
    pooled = (before * n + after * m) / both
    with np.errstate(divide="ignore", invalid="ignore"):
        deviation = np.sqrt(np.maximum(pooled * (1 - pooled), 1e-12) * (1 / n + 1 / m))
        z = np.where((n > 0) & (m > 0), (after - before) / deviation, -np.inf)
    return _upper_tail(z)


def share_effect(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Return Cohen's h of two shares: how far they are apart, whatever they are counted from.

    Returns
    -------
    float64[k]
        From -pi to pi; 0.2 is called small, 0.5 medium, 0.8 large.

    Examples
    --------
    >>> share_effect(np.array([0.5]), np.array([0.25])).round(2).tolist()
    [-0.52]
    """
    return 2 * (np.arcsin(np.sqrt(after)) - np.arcsin(np.sqrt(before)))


def growth_of_ranks(
    before: np.ndarray,
    group_before: np.ndarray,
    after: np.ndarray,
    group_after: np.ndarray,
    groups: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Test in each group whether values grew: the Mann-Whitney test.

    Parameters
    ----------
    before, after : number[k], number[m]
    group_before, group_after : integer[k], integer[m]
        Group of each value, from 0.
    groups : int

    Returns
    -------
    delta : float64[groups]
        Cliff's delta: how much more probable it is that a value of ``after`` is the larger one of
        two than that it is the smaller one; -1 to 1. 0.15 is called small, 0.33 medium, 0.47 large.
    p_value : float64[groups]
        How probable ranks like these are by chance: by the normal approximation with corrections
        for ties and continuity, which is right to the second digit from eight values each on. 1
        where a group has no values on a side.

    Examples
    --------
    >>> fast, slow = np.arange(20), np.arange(15, 35)
    >>> one = np.zeros(20, np.int64)
    >>> delta, p = growth_of_ranks(fast, one, slow, one, 1)
    >>> round(delta.item(), 4), p.item() < 1e-4
    (0.9375, True)
    """
    value = np.concatenate([before, after])
    group = np.concatenate([group_before, group_after])
    later = np.repeat([False, True], [len(before), len(after)])
    value, group, later = _by_group(value, group, later)
    first = np.ones(len(value), np.bool_)
    first[1:] = (value[1:] != value[:-1]) | (group[1:] != group[:-1])
    start = np.flatnonzero(first)
    tied = np.diff(np.append(start, len(value))).astype(np.float64)
    count = np.bincount(group, minlength=groups).astype(np.float64)
    begin = np.cumsum(count) - count
    # Equal values share the mean of their ranks.
    rank = start - begin[group[start]] + (tied + 1) / 2
    ranks = np.repeat(rank, tied.astype(np.int64))
    m = np.bincount(group[later], minlength=groups).astype(np.float64)
    n = count - m
    wins = np.bincount(group[later], ranks[later], groups) - m * (m + 1) / 2
    ties = np.bincount(group[start], tied**3 - tied, groups)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = n * m / 12 * (count + 1 - ties / (count * (count - 1)))
        delta = 2 * wins / (n * m) - 1
        z = (wins - n * m / 2 - 0.5) / np.sqrt(variance)
    known = (n > 0) & (m > 0)
    z = np.where(known & (variance > 0), z, -np.inf)
    return np.where(known, delta, 0.0), _upper_tail(z)


def quantiles(
    value: np.ndarray, group: np.ndarray, groups: int, shares: tuple[float, ...]
) -> np.ndarray:
    """Return quantiles of the values of each group, between two values by a straight line.

    Parameters
    ----------
    value : number[k]
    group : integer[k]
    groups : int
    shares : tuple of float
        0.5 for the median.

    Returns
    -------
    float64[shares, groups]
        NaN for a group without values.

    Examples
    --------
    >>> quantiles(np.array([1, 5, 3]), np.array([0, 2, 0]), 3, (0.5,)).tolist()
    [[2.0, nan, 5.0]]
    """
    found = np.full((len(shares), groups), np.nan)
    if not len(value):
        return found
    value = _by_group(value, group, np.zeros(len(value), np.bool_))[0].astype(np.float64)
    count = np.bincount(group, minlength=groups)
    begin = np.cumsum(count) - count
    known = count > 0
    for row, one in zip(found, shares, strict=True):
        place = begin[known] + one * (count[known] - 1)
        low = np.floor(place).astype(np.int64)
        high = np.minimum(low + 1, (begin + count)[known] - 1)
        row[known] = value[low] + (place - low) * (value[high] - value[low])
    return found


def corrected(p_value: np.ndarray) -> np.ndarray:
    """Correct p-values for their number (Bonferroni): of thousands some are small by chance alone.

    Examples
    --------
    >>> corrected(np.array([0.001, 0.4, 0.9])).tolist()
    [0.003, 1.0, 1.0]
    """
    return np.minimum(p_value * max(len(p_value), 1), 1.0)


def _by_group(
    value: np.ndarray, group: np.ndarray, mark: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sort values within their groups, each with its mark."""
    if len(value) and value.dtype.kind in "iu" and value.min() >= 0:
        bits, wide = int(value.max()).bit_length() + 1, int(group.max()).bit_length()
        if bits + wide < 64:
            # As one number each: many times as fast as by two keys.
            packed = group.astype(np.int64) << bits | value.astype(np.int64) << 1 | mark
            packed.sort()
            value, group = packed >> 1 & (1 << bits - 1) - 1, packed >> bits
            return value, group, packed & 1 != 0
    order = np.lexsort((value, group))
    return value[order], group[order], mark[order]


def _upper_tail(z: np.ndarray) -> np.ndarray:
    """Return the probability that a standard normal number is larger, exact far out, too."""
    return np.array([erfc(one / sqrt(2)) / 2 for one in z.tolist()])
