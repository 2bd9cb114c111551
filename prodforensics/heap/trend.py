"""The trend over snapshots: what grows every time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from prodforensics.schema import Column, Schema

if TYPE_CHECKING:
    from prodforensics.heap.alignment import AlignedClasses
    from prodforensics.heap.graph import HeapGraph
    from prodforensics.heap.patterns import Recognised

__all__ = ["TREND", "trend_frame"]

TREND = Schema(
    "trend",
    (
        Column("kind", "category", "", "`class`, or `holder` for a growth point."),
        Column("key", "str", "", "Class key; for a holder `@` and its id."),
        Column("name", "str", "", "Class name; for a holder what holds what."),
        Column("snapshot", "int64", "ordinal", "Which snapshot, from 1, in the order given."),
        Column("count", "int64", "count", "Objects of the class, or held by the holder."),
        Column("retained_size_bytes", "int64", "bytes", "What they, or the holder, retain."),
    ),
    meaning="The classes and holders whose count is larger in each snapshot than in the one "
    "before: one row for each of them in each snapshot, largest growth first.",
)


def trend_frame(
    graph: HeapGraph, classes: AlignedClasses, points: Sequence[Recognised]
) -> pd.DataFrame:
    """Return the classes and the holders that grow in every snapshot (schema `TREND`).

    Parameters
    ----------
    graph : HeapGraph
        The last snapshot.
    classes : AlignedClasses
    points : sequence of Recognised
    """
    growing = np.flatnonzero((np.diff(classes.count, axis=0) > 0).all(axis=0))
    growth = classes.retained_size[-1] - classes.retained_size[0]
    growing = growing[np.argsort(-growth[growing], kind="stable")]
    rows = [
        ("class", classes.key[c], classes.name[c], classes.count[:, c], classes.retained_size[:, c])
        for c in growing
    ]
    rows += [
        (
            "holder",
            f"@{int(graph.id[point.holder])}",
            f"{one.variable or one.holder_name}: {one.item}",
            point.counts,
            point.retained,
        )
        for one in points
        if all(np.diff((point := one.point).counts) > 0)
    ]
    flat = [
        (kind, key, name, k + 1, int(count), int(size))
        for kind, key, name, counts, sizes in rows
        for k, (count, size) in enumerate(zip(counts, sizes, strict=True))
    ]
    frame = pd.DataFrame(flat, columns=[column.name for column in TREND.columns])
    return frame.astype({column.name: column.dtype for column in TREND.columns})
