"""The frames of a comparison: its cores, the crashes that they are, stacks side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from prodforensics.core.comparison.comparison_schemas import ALIGNED, BUCKETS, CORES
from prodforensics.core.comparison.times import time_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prodforensics.core.compare import CoreComparison
    from prodforensics.schema import Schema

__all__ = ["aligned", "buckets", "cores"]


def cores(comparison: CoreComparison) -> pd.DataFrame:
    """Return one row a core (`comparison_schemas.CORES`).

    Parameters
    ----------
    comparison : CoreComparison
    """
    rows = []
    for core, stack in zip(comparison.cores, comparison.stacks, strict=True):
        image = core.image
        time, told = time_of(core.source.path) if core.source else (pd.NaT, "none")
        rows.append(
            (
                core.title,
                time,
                told,
                image.program,
                image.executable.build_id if image.executable else "",
                image.signal.name if image.signal else "",
                image.signal.address if image.signal else None,
                len(image.threads),
                stack.thread_id,
                stack.bucket,
                stack.hash,
                stack.top,
                stack.depth,
                stack.is_named,
                stack.debugger,
            )
        )
    return _frame(CORES, rows, pd.RangeIndex(len(rows), name="core"))


def buckets(comparison: CoreComparison) -> pd.DataFrame:
    """Return one row a crash (`comparison_schemas.BUCKETS`).

    Parameters
    ----------
    comparison : CoreComparison
    """
    listed = comparison.frames["cores"]
    rows, names = [], []
    for bucket, of in listed.groupby("bucket", sort=False):
        times = of["time"].dropna()
        first = int(of.index[0])
        rows.append(
            (
                len(of),
                of["signal"].iloc[0],
                of["top"].iloc[0],
                comparison.stacks[first].summary if bucket else "",
                ", ".join(dict.fromkeys(of["program"])),
                [one for one in dict.fromkeys(of["build_id"]) if one],
                times.min() if len(times) else pd.NaT,
                times.max() if len(times) else pd.NaT,
                first,
                of.index.tolist(),
            )
        )
        names.append(bucket)
    frame = _frame(BUCKETS, rows, pd.Index(names, dtype="str", name="bucket"))
    return frame.sort_values("count", ascending=False, kind="stable")


def aligned(comparison: CoreComparison) -> pd.DataFrame:
    """Return the base beside every other core (`comparison_schemas.ALIGNED`).

    Parameters
    ----------
    comparison : CoreComparison
    """
    rows = []
    for number in range(1, len(comparison.cores)):
        for position, pair in enumerate(comparison.pairs(number)):
            sides = [
                side for one in (pair.base, pair.other)
                for side in ((one.function or one.name, one.place) if one else ("", ""))
            ]  # fmt: skip
            rows.append((number, position, pair.change, *sides))
    return _frame(ALIGNED, rows, pd.RangeIndex(len(rows)))


def _frame(schema: Schema, rows: Sequence[tuple[Any, ...]], index: pd.Index) -> pd.DataFrame:
    columns = {}
    for at, column in enumerate(schema.columns):
        values = [row[at] for row in rows]
        if column.dtype == "category":
            columns[column.name] = pd.Series(pd.array(values, dtype="str")).astype("category")
        elif column.dtype == "UInt64":
            known = np.array([one or 0 for one in values], np.uint64)
            lacking = np.array([one is None for one in values], bool)
            columns[column.name] = pd.Series(pd.arrays.IntegerArray(known, lacking))
        else:
            columns[column.name] = pd.Series(values, dtype=column.dtype)
    return pd.DataFrame(columns).set_axis(index)
