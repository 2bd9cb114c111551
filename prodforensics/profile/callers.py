"""Who calls a function, and whom it calls: the edges of pprof's ``peek`` and ``tree``.

Functions of one name are one. In a stack an edge counts once, however often a recursion passes
over it, and a call of a function from itself is no edge.
"""

from __future__ import annotations

import html
from dataclasses import dataclass

import numpy as np
import pandas as pd

from prodforensics._text import plain
from prodforensics.kernels.stack_sums import outermost, sum_by
from prodforensics.profile.data import ProfileData
from prodforensics.profile.matching import functions_named
from prodforensics.profile.measures import Measures
from prodforensics.profile.model import human_value
from prodforensics.profile.names import function_names
from prodforensics.profile.numbering import number_words, ranks
from prodforensics.profile.tables import percent

__all__ = ["Peek", "callees", "callers", "peek"]


@dataclass(frozen=True)
class Peek:
    """A function between its callers and its callees.

    Attributes
    ----------
    function : str
    own, total : number
        What it did itself, and with all below it.
    whole : number
        Of the whole profile.
    unit : str
        Of the values.
    callers, callees : pandas.DataFrame
        As `Profile.callers` and `Profile.callees` answer.
    """

    function: str
    own: float
    total: float
    whole: float
    unit: str
    callers: pd.DataFrame
    callees: pd.DataFrame

    @property
    def frame(self) -> pd.DataFrame:
        """Callers, the function and callees as one frame (`schemas.PEEK`)."""
        middle = {
            "function": pd.array([self.function], dtype="str"),
            "value": np.array([self.total], np.asarray(self.callers["value"]).dtype),
            "percent": [100.0 if self.total else 0.0],
            "inlined": [False],
        }
        parts = (self.callers, pd.DataFrame(middle), self.callees)
        frame = pd.concat(parts, ignore_index=True)
        roles = pd.Categorical.from_codes(
            np.repeat([0, 1, 2], [len(part) for part in parts]),
            pd.Index(["caller", "function", "callee"], dtype="str"),
        )
        frame.insert(0, "role", roles)
        return frame.rename_axis(index="rank")

    def __str__(self) -> str:
        def value(number: float) -> str:
            return human_value(number, self.unit)

        def edges(frame: pd.DataFrame) -> list[str]:
            return [
                f"{value(row.value):>37} {row.percent:6.2f}% |   {plain(row.function, 200)}"
                + (" (inlined)" if row.inlined else "")
                for row in frame.itertuples()
            ]

        def share(number: float) -> str:
            return f"{100 * abs(number / self.whole) if self.whole else 0:6.2f}%"

        middle = (
            f"{value(self.own):>12} {share(self.own)} {value(self.total):>16} "
            f"{share(self.total)} | {plain(self.function, 200)}"
        )
        head = (
            f"{'self':>12} {'self%':>7} {'total':>16} {'total%':>7} | callers above, callees below"
        )
        rule = "-" * 46 + "+" + "-" * 30
        return "\n".join([head, rule, *edges(self.callers), middle, *edges(self.callees), rule])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


def callers(data: ProfileData, measures: Measures, function: str) -> pd.DataFrame:
    """List who calls a function directly (`schemas.CALLERS`)."""
    return _edges(data, measures, function, up=True)


def callees(data: ProfileData, measures: Measures, function: str) -> pd.DataFrame:
    """List whom a function calls directly (`schemas.CALLEES`)."""
    return _edges(data, measures, function, up=False)


def peek(data: ProfileData, measures: Measures, unit: str, function: str) -> Peek:
    """Show a function between its callers and its callees."""
    above, below = callers(data, measures, function), callees(data, measures, function)
    hit = functions_named(data, function)[data.stack_function]
    return Peek(
        function,
        measures.stack_self[hit].sum().item(),
        _total(measures, hit),
        np.abs(measures.weight).sum().item(),
        unit,
        above,
        below,
    )


def _edges(data: ProfileData, measures: Measures, function: str, *, up: bool) -> pd.DataFrame:
    parent = data.stacks.parent
    hit = functions_named(data, function)[data.stack_function]
    words, number = number_words(function_names(data))
    key = number.astype(np.int32)[data.stack_function]
    above = np.maximum(parent, 0)
    # The edge stands at its callee.
    edge = ((hit & ~hit[above]) if up else (hit[above] & ~hit)) & (parent >= 0)
    other = np.where(edge, key[above] if up else key, np.int32(len(words)))
    outer = outermost(parent, other, len(words) + 1) & edge
    values = sum_by(np.where(outer, other, -1), measures.stack_total, len(words))
    # As pprof: an edge is inlined unless one of its calls is not.
    seen = outer & (measures.stack_total != 0)
    apart = seen & ~data.calls.inlined[data.stacks.call]
    called = np.bincount(other[apart], minlength=len(words) + 1)[: len(words)] > 0
    known = np.bincount(other[seen], minlength=len(words) + 1)[: len(words)] > 0
    rows = np.flatnonzero(known)
    rows = rows[np.lexsort((ranks(words)[rows], -np.abs(values[rows])))]
    columns = {
        "function": pd.array(words[rows], dtype="str"),
        "value": values[rows],
        "percent": percent(values[rows], _total(measures, hit)),
        "inlined": ~called[rows],
    }
    return pd.DataFrame(columns, index=pd.RangeIndex(len(rows), name="rank"))


def _total(measures: Measures, hit: np.ndarray) -> float:
    """Sum what the marked nodes and all below them did, once in a stack."""
    key = np.where(hit, np.int32(0), np.int32(1))
    return measures.total_by(key, 2)[0].item()
