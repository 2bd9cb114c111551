"""What grew from one capture to the other, told from chance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from prodforensics.categories import vocabulary
from prodforensics.network.comparison.comparison_schemas import CHANGES
from prodforensics.network.comparison.groups import Groups
from prodforensics.statistics import (
    corrected,
    growth_of_ranks,
    growth_of_shares,
    quantiles,
    share_effect,
)

__all__ = ["CHANCE", "changes"]

CHANCE = 0.01
"""A p-value from which on a growth is no longer taken for chance."""
_FEWEST_TIMES = 8
_FEWEST_OF_SHARE = 8
_TAIL = 0.95


@dataclass(frozen=True)
class _Tested:
    """Rows of one metric and test; arrays of one length."""

    frame: str
    metric: str
    test: str
    row: np.ndarray
    count: tuple[np.ndarray, np.ndarray]
    value: tuple[np.ndarray, np.ndarray]
    effect: np.ndarray
    p_value: np.ndarray


def changes(levels: Sequence[Groups]) -> pd.DataFrame:
    """Compare every metric of every group (`comparison_schemas.CHANGES`).

    Parameters
    ----------
    levels : sequence of Groups
    """
    tested = [one for level in levels for one in _tests(level)]
    names = {level.schema.name: level.names for level in levels}

    def joined(arrays: list[np.ndarray], dtype: type) -> np.ndarray:
        return np.concatenate([*arrays, np.empty(0, dtype)]).astype(dtype)

    row = joined([one.row for one in tested], np.int64)
    if not len(row):
        return CHANGES.empty()
    p_value = corrected(joined([one.p_value for one in tested], np.float64))
    effect = joined([one.effect for one in tested], np.float64)
    repeat = [len(one.row) for one in tested]
    words = [[getattr(one, name) for one in tested] for name in ("frame", "metric", "test")]
    place = np.repeat(np.arange(len(tested)), repeat)
    order = np.lexsort((-effect, p_value >= CHANCE))
    what = [names[words[0][one]][row[at]] for one, at in zip(place[order], order, strict=True)]
    columns = {
        "frame": vocabulary(words[0], place[order]),
        "row": row[order],
        "what": pd.array(what, dtype="str"),
        "metric": vocabulary(words[1], place[order]),
        "test": vocabulary(words[2], place[order]),
    }
    for name, dtype in (("count", np.int64), ("value", np.float64)):
        for side, end in enumerate(("base", "other")):
            values = joined([getattr(one, name)[side] for one in tested], dtype)
            columns[f"{name}_{end}"] = values[order]
    columns |= {"effect": effect[order], "p_value": p_value[order]}
    return pd.DataFrame(columns, index=pd.RangeIndex(len(order), name="number"))


def _tests(level: Groups) -> Iterator[_Tested]:
    frame, base, other = level.schema.name, *level.measured
    for metric in base.times:
        yield from _times(frame, metric, len(level), base.times[metric], other.times[metric])
    for metric in base.shares:
        hits, whole = zip(base.shares[metric], other.shares[metric], strict=True)
        row = np.flatnonzero((whole[0] >= _FEWEST_OF_SHARE) & (whole[1] >= _FEWEST_OF_SHARE))
        count = whole[0][row], whole[1][row]
        share = hits[0][row] / count[0], hits[1][row] / count[1]
        yield _Tested(
            frame, metric, "share", row, count, (100 * share[0], 100 * share[1]),
            share_effect(*share), growth_of_shares(share[0], count[0], share[1], count[1]),
        )  # fmt: skip


def _times(
    frame: str,
    metric: str,
    groups: int,
    base: tuple[np.ndarray, np.ndarray],
    other: tuple[np.ndarray, np.ndarray],
) -> Iterator[_Tested]:
    counts = [np.bincount(group, minlength=groups) for group, _ in (base, other)]
    row = np.flatnonzero(np.minimum(*counts) >= _FEWEST_TIMES)
    count = counts[0][row], counts[1][row]
    delta, p_value = growth_of_ranks(base[1], base[0], other[1], other[0], groups)
    found = [quantiles(value, group, groups, (0.5, _TAIL)) for group, value in (base, other)]
    median, tail = ((found[0][which][row], found[1][which][row]) for which in (0, 1))
    yield _Tested(frame, metric, "shift", row, count, median, delta[row], p_value[row])
    # The slowest alone may be what changed: how many lie above what 95 % stayed below before?
    slow = [
        np.bincount(group[value > found[0][1][group]], minlength=groups)[row]
        for group, value in (base, other)
    ]
    share = slow[0] / count[0], slow[1] / count[1]
    p_value = growth_of_shares(share[0], count[0], share[1], count[1])
    yield _Tested(frame, metric, "tail", row, count, tail, share_effect(*share), p_value)
