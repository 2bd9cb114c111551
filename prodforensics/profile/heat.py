"""When within a second the work was done: the heat map of sub-second offsets (FlameScope)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from prodforensics.kernels.stack_sums import sum_by

__all__ = ["LINES", "Heat", "heat"]

LINES = 50
"""Parts of a column: 20 ms each where a column is a second."""

_COLUMNS = 4000
_COLUMN_NS = (10**7, 10**8, 10**9, 10**10, 60 * 10**9, 600 * 10**9, 3600 * 10**9)


@dataclass(frozen=True)
class Heat:
    """A heat map.

    Attributes
    ----------
    cells : number[columns, LINES]
        What fell into each part of each column.
    column_ns : int
        Nanoseconds of a column.
    """

    cells: np.ndarray
    column_ns: int


def heat(time: np.ndarray, weight: np.ndarray, first: int, last: int, column_ns: int = 0) -> Heat:
    """Sum samples by column (a second) and by part of the column.

    Parameters
    ----------
    time : int64[n]
        Nanoseconds.
    weight : number[n]
    first, last : int
        The time of the first column's start, and of the last sample.
    column_ns : int
        Nanoseconds of one column; 0 for a second, or for what leaves 20 to 4,000 columns.

    Examples
    --------
    >>> map_ = heat(np.array([0, 10**9, 10**9 + 30_000_000]), np.ones(3, int), 0, 10**9 * 2, 10**9)
    >>> map_.cells.shape, map_.cells[1, :3].tolist()
    ((3, 50), [1, 1, 0])
    """
    span = max(last - first, 1)
    if column_ns <= 0:
        fitting = [width for width in _COLUMN_NS if span // width >= 20]
        column_ns = min(max([_COLUMN_NS[0], *fitting]), 10**9)
    while span // column_ns >= _COLUMNS:
        column_ns = next((width for width in _COLUMN_NS if width > column_ns), column_ns * 10)
    columns = span // column_ns + 1
    # Rounding down a product of whole numbers puts each sample into the part that it fell into.
    part = ((time - first) * LINES) // column_ns
    part[(part < 0) | (part >= columns * LINES)] = -1
    cells = sum_by(part, weight, columns * LINES)
    return Heat(cells.reshape(columns, LINES), column_ns)
