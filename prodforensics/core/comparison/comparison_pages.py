"""What the explorer of compared cores asks: crashes, their cores, two stacks side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from prodforensics._text import plain
from prodforensics.core.comparison.bucket_drawing import draw_buckets
from prodforensics.core.explorer.listings import Listing
from prodforensics.core.explorer.page_values import pixels
from prodforensics.display.paging import whole_number, window
from prodforensics.errors import UnknownName

if TYPE_CHECKING:
    from prodforensics.core.compare import CoreComparison
    from prodforensics.core.comparison.alignment import Pair

__all__ = ["ComparisonPages"]

Answer = dict[str, Any]
_QUESTIONS = ("about", "findings", "drawing", "members", "stacks")
_PROOFS = 4
_NAME = 500


class ComparisonPages:
    """The questions that the explorer of a comparison asks.

    Parameters
    ----------
    compared : CoreComparison
    """

    def __init__(self, compared: CoreComparison) -> None:
        self.compared = compared
        self._pairs: dict[int, list[Pair]] = {}

    @property
    def questions(self) -> Mapping[str, Callable[..., Answer]]:
        """The questions by the name that the page uses."""
        own = {name: getattr(self, name) for name in _QUESTIONS}
        return own | {"crashes": self.crashes.page, "cores": self.cores.page}

    def about(self) -> Answer:
        """Tell what there is to see."""
        compared = self.compared
        return {
            "headline": plain(compared.headline(), _NAME),
            "cores": len(compared.cores),
            "crashes": len(compared.frames["buckets"]),
        }

    def findings(self) -> Answer:
        """List the findings, each with the cores that prove it."""
        rows = [
            {
                "verdict": str(one.verdict),
                "title": plain(one.title),
                "why": plain(one.why, 2000),
                "next_step": plain(one.next_step, 1000),
                "rule": one.rule,
                "proofs": [
                    {"core": int(core), "label": f"Show {plain(self._title(int(core)), 100)}"}
                    for core in list(one.rows.get("cores", ()))[-_PROOFS:]
                ],
            }
            for one in self.compared.findings()
        ]
        return {"rows": rows, "total": len(rows)}

    # -- crashes ----------------------------------------------------------------------------------

    def drawing(self, width: int = 900) -> Answer:
        """Draw how often each crash was seen, first and last; a part's key is a row of `crashes`.

        Parameters
        ----------
        width : int
            Pixels.
        """
        return draw_buckets(self.compared.frames["buckets"], pixels(width)).answer()

    @cached_property
    def crashes(self) -> Listing:
        """The crashes, the most common first."""
        buckets = self.compared.frames["buckets"].reset_index()
        return Listing(buckets, ("top", "summary", "signal", "programs", "bucket"), _crash_row)

    def members(self, crash: int, offset: int = 0, limit: int = 100) -> Answer:
        """One page of the cores of a crash, in the order given.

        Parameters
        ----------
        crash : int
            Its row, as `crashes` tells it.
        offset, limit : int
        """
        buckets = self.compared.frames["buckets"]
        if not 0 <= whole_number(crash, "crash") < len(buckets):
            raise UnknownName("crash", str(crash), [str(one) for one in range(len(buckets))])
        numbers = buckets["cores"].iloc[crash]
        first, most = window(offset, limit)
        listed = self.compared.frames["cores"].loc[numbers[first : first + most]]
        rows = [_core_row(record) for record in listed.reset_index().to_dict("records")]
        return {"total": len(numbers), "rows": rows}

    # -- cores ------------------------------------------------------------------------------------

    @cached_property
    def cores(self) -> Listing:
        """The cores, in the order given."""
        cores = self.compared.frames["cores"].reset_index()
        return Listing(
            cores, ("title", "program", "signal", "top", "bucket", "build_id"), _core_row
        )

    def stacks(self, core: int, offset: int = 0, limit: int = 100) -> Answer:
        """One page of the base's stack beside that of a core.

        Parameters
        ----------
        core : int
            As in ``cores``; 0 shows the base alone.
        offset, limit : int
        """
        if not 0 <= whole_number(core, "core") < len(self.compared.cores):
            known = [str(one) for one in range(len(self.compared.cores))]
            raise UnknownName("core", str(core), known)
        if core not in self._pairs:
            self._pairs[core] = self.compared.pairs(core)
        pairs = self._pairs[core]
        first, most = window(offset, limit)
        rows = [
            {
                "row": first + place,
                "change": pair.change if core else "same",
                "base": _function(pair.base),
                "base_place": plain(pair.base.place, _NAME) if pair.base else "",
                "other": _function(pair.other) if core else "",
                "other_place": plain(pair.other.place, _NAME) if pair.other and core else "",
            }
            for place, pair in enumerate(pairs[first : first + most])
        ]
        base = plain(self._title(0), 100)
        title = f"{base} beside {plain(self._title(core), 100)}" if core else f"{base}, the base"
        return {"total": len(pairs), "rows": rows, "title": title}

    def _title(self, core: int) -> str:
        return self.compared.cores[core].title


def _function(frame: Any) -> str:
    return plain(frame.function or frame.name, _NAME) if frame else ""


def _time(value: pd.Timestamp) -> str:
    return "" if pd.isna(value) else f"{value:%Y-%m-%d %H:%M:%S}"


def _crash_row(record: Answer) -> Answer:
    return {
        "top": plain(record["top"], _NAME) or "??",
        "summary": plain(record["summary"], _NAME),
        "signal": plain(record["signal"], 40) or "no signal",
        "count": int(record["count"]),
        "programs": plain(record["programs"], _NAME),
        "first": _time(record["first"]),
        "last": _time(record["last"]),
        "core": int(record["first_core"]),
        "more": True,
    }


def _core_row(record: Answer) -> Answer:
    return {
        "core": int(record["core"]),
        "title": plain(record["title"], _NAME),
        "program": plain(record["program"], _NAME),
        "signal": plain(record["signal"], 40) or "no signal",
        "top": plain(record["top"], _NAME) or "??",
        "time": _time(record["time"]),
        "threads": int(record["threads"]),
        "bucket": plain(record["bucket"], 40),
        "build_id": plain(record["build_id"], 80),
    }
