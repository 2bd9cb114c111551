"""What the explorer of a comparison asks: one tree with two values, and pages of rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from prodforensics._text import plain
from prodforensics.display.paging import alphabetical, table_page
from prodforensics.profile.groups import groups
from prodforensics.profile.names import named
from prodforensics.profile.page_arrays import names_answer, place_of
from prodforensics.profile.pages import findings_answer

if TYPE_CHECKING:
    from prodforensics.profile.compare import ProfileComparison

__all__ = ["ComparisonPages"]

_LINES = 12

Answer = dict[str, Any]


class ComparisonPages:
    """The questions that the explorer of a comparison asks.

    Parameters
    ----------
    comparison : ProfileComparison
    most_nodes : int, optional
        Leave out the lightest nodes of a tree with more.
    """

    def __init__(self, comparison: ProfileComparison, most_nodes: int | None = None) -> None:
        self.comparison = comparison
        self._most_nodes = most_nodes

    @property
    def questions(self) -> Mapping[str, Callable[..., Answer]]:
        """The questions by the name that the page uses."""
        names = ("about", "names", "tree", "functions", "findings", "trend")
        return {name: getattr(self, name) for name in names}

    def about(self) -> Answer:
        """Tell what is compared."""
        one, united = self.comparison, self.comparison.united
        return {
            "name": plain(one.title),
            "base_name": plain(one.base.title, 80),
            "other_name": plain(one.other.title, 80),
            "value": plain(one.value_type.name, 60),
            "unit": plain(one.value_type.unit, 20),
            "base": united.whole[0],
            "other": united.whole[-1],
            "normalised": one.normalise,
            "profiles": len(one.profiles),
        }

    def names(self) -> Answer:
        """Names, files and colours of the functions; the last one is that of the whole."""
        united = self.comparison.united
        found = groups(united.functions, united.function_self(-1))
        return names_answer(united.functions, found)

    def tree(self) -> Answer:
        """Give all stacks as one tree below a node for the whole: parent, function, both totals."""
        united = self.comparison.united
        base, other = (np.maximum(united.total[k], 0).astype(np.float64) for k in (0, -1))
        parent, function = united.parent, united.function
        left_out = 0.0
        if self._most_nodes is not None and len(parent) > self._most_nodes:
            weight = np.maximum(base, other)
            least = np.sort(weight)[len(weight) - self._most_nodes]
            left_out = float(least) / max(1.0, *united.whole)
            # A parent weighs no less than its children.
            kept = weight > least
            place = np.cumsum(kept) - 1
            parent = np.where(parent[kept] < 0, -1, place[np.maximum(parent[kept], 0)])
            function, base, other = function[kept], base[kept], other[kept]
        whole = np.array([len(united.functions)], np.uint32)
        return {
            "left_out": left_out,
            "buffers": [
                np.concatenate([[-1], parent + 1]).astype(np.int32),
                np.concatenate([whole, function.astype(np.uint32)]),
                np.concatenate([[max(united.whole[0], 0)], base]).astype(np.float64),
                np.concatenate([[max(united.whole[-1], 0)], other]).astype(np.float64),
            ],
        }

    def functions(
        self,
        sort: str = "self_delta",
        descending: bool = True,
        text: str = "",
        offset: int = 0,
        limit: int = 100,
    ) -> Answer:
        """One page of the functions of either profile."""
        table = self._table
        total, places = table_page(table, sort, descending, text, offset, limit)
        functions = self.comparison.united.functions
        rows = [
            {
                **{name: table[name][place].item() for name in _SUMS},
                "function": int(table["function"][place]),
                "name": plain(table["names"][place]),
                "place": place_of(functions, int(table["function"][place])),
            }
            for place in places.tolist()
        ]
        return {"total": total, "rows": rows}

    @cached_property
    def _table(self) -> dict[str, Any]:
        united = self.comparison.united
        columns = {
            "self_base": united.function_self(0),
            "self_other": united.function_self(-1),
            "total_base": united.function_total(0),
            "total_other": united.function_total(-1),
        }
        seen = np.flatnonzero(sum(np.abs(column) for column in columns.values()))
        table: dict[str, Any] = {name: column[seen] for name, column in columns.items()}
        table["self_delta"] = table["self_other"] - table["self_base"]
        table["total_delta"] = table["total_other"] - table["total_base"]
        names = named(united.functions)[seen].tolist()
        return table | {"function": seen, "names": names, "name": alphabetical(names)}

    def findings(self) -> Answer:
        """List the findings, each with the function to look at where there is one."""
        return findings_answer(self.comparison)

    def trend(self) -> Answer:
        """Lines of the functions whose own share changes most, over all profiles."""
        united, profiles = self.comparison.united, self.comparison.profiles
        shares = np.array(
            [100.0 * united.function_self(k) / (united.whole[k] or 1) for k in range(len(profiles))]
        )
        change = np.abs(shares[-1] - shares[0])
        names = named(united.functions)
        chosen = np.argsort(-change, kind="stable")[:_LINES]
        lines = [
            {"name": plain(names[at], 80), "values": shares[:, at].tolist()}
            for at in chosen.tolist()
            if shares[:, at].any()
        ]
        return {"marks": [plain(one.title, 60) for one in profiles], "lines": lines}


_SUMS = ("self_base", "self_other", "self_delta", "total_base", "total_other", "total_delta")
