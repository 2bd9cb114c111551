"""The trend over profiles: what takes more of the whole from one to the next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from prodforensics.categories import vocabulary
from prodforensics.profile.names import named
from prodforensics.profile.tables import percent
from prodforensics.schema import Column, Schema

if TYPE_CHECKING:
    from prodforensics.profile.united import United

__all__ = ["TREND", "trend_frame"]

_VALUE = "in the unit of the value type"

TREND = Schema(
    "trend",
    (
        Column("function_id", "int64", "ordinal", "Row of `functions`."),
        Column("function", "category", "", "Its name."),
        Column("profile", "int64", "ordinal", "Which profile, from 1, in the order given."),
        Column("start", "datetime64[ns, UTC]", "", "When it began; missing where unknown."),
        Column("self", "int64", "", f"What the function did itself, {_VALUE}."),
        Column("total", "int64", "", f"What it and all below it did, {_VALUE}."),
        Column("self_percent", "float64", "%", "Share of that profile."),
        Column("total_percent", "float64", "%", "Share of that profile."),
        Column("self_slope", "float64", "points", "Growth of `self_percent` a profile."),
        Column("total_slope", "float64", "points", "Growth of `total_percent` a profile."),
    ),
    Column("row", "int64", "ordinal", "Place in this frame."),
    "Of three and more profiles: one row for each function in each profile. A slope is that of the "
    "straight line through all of them (least squares); the functions whose own share grows most "
    "come first.",
)


def trend_frame(united: United, starts: Sequence[int | None]) -> pd.DataFrame:
    """Follow every function from profile to profile (schema `TREND`).

    Parameters
    ----------
    united : United
    starts : sequence of int or None
        When each profile began, nanoseconds since 1970 (UTC).
    """
    count = len(united.own)
    own = np.array([united.function_self(k) for k in range(count)])
    total = np.array([united.function_total(k) for k in range(count)])
    shares = [
        np.array([percent(row, whole) for row, whole in zip(rows, united.whole, strict=True)])
        for rows in (own, total)
    ]
    slopes = [_slope(share) for share in shares]
    seen = np.flatnonzero((own != 0).any(axis=0) | (total != 0).any(axis=0))
    order = seen[np.lexsort((-slopes[1][seen], -slopes[0][seen]))]
    moments = pd.to_datetime(pd.array(list(starts), dtype="Int64"), unit="ns", utc=True)
    columns = {
        "function_id": np.repeat(order, count),
        "function": vocabulary(named(united.functions), np.repeat(order, count)),
        "profile": np.tile(np.arange(1, count + 1), len(order)),
        "start": np.tile(np.arange(count), len(order)),
        "self": own[:, order].T.ravel(),
        "total": total[:, order].T.ravel(),
        "self_percent": shares[0][:, order].T.ravel(),
        "total_percent": shares[1][:, order].T.ravel(),
        "self_slope": np.repeat(slopes[0][order], count),
        "total_slope": np.repeat(slopes[1][order], count),
    }
    columns["start"] = pd.DatetimeIndex(moments).as_unit("ns")[columns["start"]]
    return pd.DataFrame(columns, index=pd.RangeIndex(len(order) * count, name="row"))


def _slope(share: np.ndarray) -> np.ndarray:
    """Fit a line to each column by least squares; float64[f] for float64[profiles, f]."""
    place = np.arange(len(share)) - (len(share) - 1) / 2
    return place @ share / (place @ place)
