"""Where the bars of a flame graph stand: left heavy, by name, or in the order of time.

What is drawn, in a page or as SVG, is drawn from a `Layout`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from prodforensics.errors import BadOption
from prodforensics.kernels.flame_layout import over_time, side_by_side
from prodforensics.kernels.prefix_tree import merge
from prodforensics.kernels.stack_sums import depths, inclusive, sum_by
from prodforensics.profile.data import ProfileData
from prodforensics.profile.measures import Measures
from prodforensics.profile.names import function_names
from prodforensics.profile.numbering import number_words, ranks
from prodforensics.profile.transforms import turned

__all__ = ["ORDERS", "Layout", "layout", "layout_tree"]

ORDERS = ("left-heavy", "alphabetical", "time")

_WIDEST = 2**32 - 1


@dataclass(frozen=True)
class Layout:
    """The bars of a flame graph, row by row and from left to right in a row.

    Attributes
    ----------
    x0, x1 : uint32[b]
        Left and right side, ``x1 > x0``. A bar lies within the one it was called from.
    function : uint32[b]
        Place in `names`.
    node : int32[b]
        Node of the tree that was laid out: of `layout`, stacks joined by function.
    rows : uint32[r + 1]
        Bars ``rows[d]:rows[d + 1]`` are those of row ``d``; row 0 is the outermost.
    total : int
        Width of the whole; samples without a stack leave a part of it empty.
    scale : float
        Value of a width of 1, in the unit of the value type.
    names : object[f]
        What is written on a bar.
    """

    x0: np.ndarray
    x1: np.ndarray
    function: np.ndarray
    node: np.ndarray
    rows: np.ndarray
    total: int
    scale: float
    names: np.ndarray

    def __len__(self) -> int:
        return len(self.x0)

    @property
    def row(self) -> np.ndarray:
        """Row of each bar, int32[b]."""
        return np.repeat(np.arange(len(self.rows) - 1, dtype=np.int32), np.diff(self.rows))

    def wider_than(self, share: float) -> Layout:
        """Return the bars that take more than a share of the whole; what calls them does, too.

        Parameters
        ----------
        share : float
            0 to 1.
        """
        wide = (self.x1 - self.x0) > share * self.total
        kept = np.concatenate([[0], np.cumsum(wide)])[self.rows]
        # Bars within narrow bars are narrow: empty rows are the last ones.
        rows = kept[: 1 + np.count_nonzero(np.diff(kept))].astype(np.uint32)
        columns = (self.x0[wide], self.x1[wide], self.function[wide], self.node[wide])
        return Layout(*columns, rows, self.total, self.scale, self.names)


def layout(
    data: ProfileData,
    measures: Measures,
    order: str = "left-heavy",
    thread: int | None = None,
    inverted: bool = False,
) -> Layout:
    """Lay out the stacks of a profile as a flame graph.

    Parameters
    ----------
    data : ProfileData
    measures : Measures
        Of the value type that makes the width.
    order : {"left-heavy", "alphabetical", "time"}
        How bars of one caller follow each other: the widest first, by name (both join equal
        stacks), or as they were recorded, where only neighbours of one thread are joined.
    thread : int, optional
        Place in `Threads`; all of them where it is not given.
    inverted : bool
        Whether row 0 is the innermost call.

    Returns
    -------
    Layout

    Raises
    ------
    BadOption
        There is no such order, no time was recorded, or the stacks are too deep and many to be
        inverted.
    """
    if order not in ORDERS:
        raise BadOption(f"no order {order!r}", hint=f"one of {', '.join(ORDERS)}")
    if order == "time" and data.samples.time is None:
        raise BadOption(
            "this profile has no times, only sums", hint="order='left-heavy' needs none"
        )
    weight, unit = _whole_numbers(measures.weight)
    leaf, samples = data.samples.stack, data.samples
    if thread is not None:
        chosen = (
            np.zeros(len(samples), np.bool_) if samples.thread is None else samples.thread == thread
        )
        leaf, weight, samples = leaf[chosen], weight[chosen], samples.take(chosen)
    keep = np.ones(len(data.stacks), np.bool_)
    parent, function, place = merge(data.stacks.parent, data.stack_function, keep)
    leaf = _followed(place, leaf)
    if inverted:
        used = np.unique(leaf[(leaf >= 0) & (weight > 0)])
        parent, function, places = turned(parent, function, used)
        leaf = _followed(places, leaf)
    names = function_names(data)
    if order != "time":
        own = sum_by(leaf, weight, len(parent))
        whole = int(weight.sum())
        return _tree(parent, function, own, whole, unit, names, order)
    group = samples.thread
    if group is None:
        group = np.zeros(len(samples), np.int32)
    turn = np.lexsort((samples.time, group))
    shapes = over_time(parent, depths(parent), leaf[turn], weight[turn], group[turn])
    return _scaled(*shapes, function, int(weight.sum()), unit, names)


def layout_tree(
    parent: np.ndarray,
    function: np.ndarray,
    own: np.ndarray,
    names: np.ndarray,
    order: str = "left-heavy",
) -> Layout:
    """Lay out a tree in which the children of a node are different functions.

    Parameters
    ----------
    parent, function : int32[n]
    own : number[n]
        What each node did itself; what is negative counts as 0.
    names : object[f]
    order : {"left-heavy", "alphabetical"}

    Returns
    -------
    Layout
    """
    own, unit = _whole_numbers(own)
    return _tree(parent, function, own, int(own.sum()), unit, names, order)


def _tree(
    parent: np.ndarray,
    function: np.ndarray,
    own: np.ndarray,
    whole: int,
    unit: float,
    names: np.ndarray,
    order: str,
) -> Layout:
    total = inclusive(parent, own)
    seen = np.flatnonzero(total > 0)
    if order == "alphabetical":
        words, number = number_words(names)
        key = ranks(words)[number][function[seen]]
    else:
        key = -total[seen]
    shapes = side_by_side(parent, total, seen[np.argsort(key, kind="stable")])
    return _scaled(*shapes, function, whole, unit, names)


def _whole_numbers(weight: np.ndarray) -> tuple[np.ndarray, float]:
    """Return widths as whole numbers, so that sums of parts are exact, and what 1 stands for."""
    weight = np.maximum(weight, 0)
    if weight.dtype.kind != "f":
        return weight, 1.0
    unit = float(weight.sum()) / 2**50 or 1.0
    return np.rint(weight / unit).astype(np.int64), unit


def _followed(place: np.ndarray, node: np.ndarray) -> np.ndarray:
    """Return where nodes went; -1 stays -1."""
    return np.append(place, np.int32(-1))[node]


def _scaled(
    x0: np.ndarray,
    x1: np.ndarray,
    node: np.ndarray,
    rows: np.ndarray,
    function: np.ndarray,
    whole: int,
    unit: float,
    names: np.ndarray,
) -> Layout:
    width = min(whole, _WIDEST)
    if whole > _WIDEST:
        # Rounding keeps the order, so that bars still lie within bars; some get no width at all.
        x0, x1 = (np.floor(x * (width / whole)) for x in (x0, x1))
        seen = x1 > x0
        x0, x1, node = x0[seen], x1[seen], node[seen]
        rows = np.concatenate([[0], np.cumsum(seen)])[rows]
        rows = rows[: 1 + np.count_nonzero(np.diff(rows))]
    return Layout(
        x0.astype(np.uint32),
        x1.astype(np.uint32),
        function[node].astype(np.uint32),
        node,
        rows.astype(np.uint32),
        width,
        unit * whole / width if width else unit,
        names,
    )
