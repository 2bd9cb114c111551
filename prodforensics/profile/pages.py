"""What the explorer of a profile asks: the bars of a flame graph as arrays, and pages of rows.

Bars go to the page once and whole, as typed arrays; searching them, zooming, and looking at the
callers and callees of a function need no further answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from prodforensics._text import plain
from prodforensics.display.paging import alphabetical, table_page, whole_number, window
from prodforensics.errors import BadOption, UnknownName
from prodforensics.kernels.stack_sums import sum_by
from prodforensics.profile.heat import heat
from prodforensics.profile.layout import layout
from prodforensics.profile.measures import Measures
from prodforensics.profile.names import function_names, thread_labels
from prodforensics.profile.page_arrays import bars_answer, names_answer, place_of

if TYPE_CHECKING:
    from prodforensics.evidence import Evidence
    from prodforensics.profile.data import ProfileData
    from prodforensics.profile.model import Profile

__all__ = ["ProfilePages", "findings_answer"]

ORDERS = {
    "left-heavy": ("left-heavy", False),
    "time": ("time", False),
    "alphabetical": ("alphabetical", False),
    "inverted": ("left-heavy", True),
}
"""What the page calls an order: the order of the layout, and whether it is inverted."""

_KEPT = 8

Answer = dict[str, Any]
Chosen = tuple["ProfileData", Measures]


class ProfilePages:
    """The questions that the explorer of one profile asks.

    Parameters
    ----------
    profile : Profile
    most_bars : int, optional
        Leave out the narrowest bars of a layout with more.
    """

    def __init__(self, profile: Profile, most_bars: int | None = None) -> None:
        self.profile = profile
        self.data = profile.data
        self._most_bars = most_bars
        self._chosen: dict[tuple[int, int, int, int], Chosen] = {}
        self._tabled: tuple[Measures | None, dict[str, Any]] = (None, {})

    @property
    def questions(self) -> Mapping[str, Callable[..., Answer]]:
        """The questions by the name that the page uses."""
        names = ("about", "names", "bars", "functions", "lines", "threads", "heat", "findings")
        return {name: getattr(self, name) for name in names}

    # -- the whole ----------------------------------------------------------------------------

    def about(self) -> Answer:
        """Tell what there is to choose from."""
        data = self.data
        timed = data.samples.time is not None and len(data.samples) > 0
        return {
            "name": plain(self.profile.title),
            "samples": len(data.samples),
            "functions": len(data.functions),
            "values": [
                {"name": plain(one.name, 60), "unit": plain(one.unit, 20)}
                for one in data.value_types
            ],
            "value": data.default,
            "threads": self._threads(),
            "orders": [name for name in ORDERS if timed or name != "time"],
            "timed": timed,
        }

    def _threads(self) -> list[Answer]:
        if self.data.samples.thread is None:
            return []
        frame = self.profile.frames["threads"]
        place = {
            label: at for at, label in reversed([*enumerate(thread_labels(self.data.threads))])
        }
        rows = zip(frame.index, frame["total"], frame["total_percent"], strict=True)
        return [
            {"thread": place[label], "name": plain(label, 80), "percent": float(share)}
            for label, total, share in rows
            if total
        ][:500]

    def names(self) -> Answer:
        """Names, files and colours of the functions; the last one is that of the whole."""
        return names_answer(self.data.functions, self.profile.groups)

    def findings(self) -> Answer:
        """List the findings, each with the function to look at where there is one."""
        return findings_answer(self.profile)

    # -- flame graphs -------------------------------------------------------------------------

    def bars(
        self,
        order: str = "left-heavy",
        value: int = -1,
        thread: int = -1,
        start: float | None = None,
        end: float | None = None,
    ) -> Answer:
        """Give the bars of a flame graph.

        Parameters
        ----------
        order : str
            One of `ORDERS`.
        value, thread : int
            Place of the value type and of the thread; -1 for the default one and for all.
        start, end : float, optional
            Nanoseconds from the first sample: only samples from ``start`` up to ``end``.
        """
        if order not in ORDERS:
            raise UnknownName("order", plain(order, 40), ORDERS)
        how, inverted = ORDERS[order]
        data, measures = self.chosen(value, thread, start, end)
        if order == "left-heavy" and measures is self.profile.measures:
            found = self.profile.left_heavy
        else:
            found = layout(data, measures, how, inverted=inverted)
        return bars_answer(found, len(data.functions), self._most_bars)

    def chosen(
        self, value: object, thread: object, start: object = None, end: object = None
    ) -> Chosen:
        """Return the profile of some of the samples, and its sums for a value type."""
        place, owner = self._value(value), self._thread(thread)
        if owner < 0 and start is None and end is None:
            if place == self.data.default:
                return self.data, self.profile.measures
            key = (place, -1, 0, 0)
        else:
            key = (place, owner, _nanoseconds(start, 0), _nanoseconds(end, 2**62))
        if key not in self._chosen:
            if len(self._chosen) >= _KEPT:
                self._chosen.pop(next(iter(self._chosen)))
            data = self.data
            if key[1:] != (-1, 0, 0):
                data = data.with_samples(self._samples(*key[1:]))
            self._chosen[key] = (data, Measures(data, place))
        return self._chosen[key]

    def _samples(self, thread: int, start: int, end: int) -> np.ndarray:
        samples = self.data.samples
        wanted = np.ones(len(samples), np.bool_)
        if thread >= 0 and samples.thread is not None:
            wanted &= samples.thread == thread
        if (start > 0 or end < 2**62) and samples.time is not None and len(samples):
            since = samples.time - samples.time.min()
            wanted &= (since >= start) & (since < end)
        return wanted

    def _value(self, value: object) -> int:
        place = whole_number(value, "value")
        if place >= len(self.data.value_types):
            raise BadOption(f"no value type {place}", hint="choose one of the list")
        return place if place >= 0 else self.data.default

    def _thread(self, thread: object) -> int:
        place = whole_number(thread, "thread")
        if place >= len(self.data.threads):
            raise BadOption(f"no thread {place}", hint="choose one of the list")
        return max(place, -1)

    # -- tables -------------------------------------------------------------------------------

    def functions(
        self,
        value: int = -1,
        thread: int = -1,
        start: float | None = None,
        end: float | None = None,
        sort: str = "self",
        descending: bool = True,
        text: str = "",
        offset: int = 0,
        limit: int = 100,
    ) -> Answer:
        """One page of the functions of the chosen samples."""
        data, measures = self.chosen(value, thread, start, end)
        table = self._table(measures)
        total, places = table_page(table, sort, descending, text, offset, limit)
        rows = [
            {
                "function": int(table["function"][place]),
                "name": plain(table["names"][place]),
                "self": table["self"][place].item(),
                "total": table["total"][place].item(),
                "place": place_of(data.functions, int(table["function"][place])),
                "module": plain(data.functions.module[table["function"][place]], 200),
                "more": True,
            }
            for place in places.tolist()
        ]
        return {"total": total, "rows": rows}

    def _table(self, measures: Measures) -> dict[str, Any]:
        """Columns of the functions that were seen; ``name`` is the rank of ``names``."""
        if self._tabled[0] is not measures:
            seen = np.flatnonzero(measures.function_total != 0)
            names = function_names(self.data)[seen].tolist()
            columns = {
                "function": seen,
                "names": names,
                "name": alphabetical(names),
                "self": measures.function_self[seen],
                "total": measures.function_total[seen],
            }
            self._tabled = (measures, columns)
        return self._tabled[1]

    def lines(
        self,
        function: int = 0,
        value: int = -1,
        thread: int = -1,
        start: float | None = None,
        end: float | None = None,
        offset: int = 0,
        limit: int = 100,
    ) -> Answer:
        """Lines of one function that were seen in a stack, with self and total of each."""
        wanted = whole_number(function, "function")
        first, most = window(offset, limit)
        data, measures = self.chosen(value, thread, start, end)
        nodes = np.flatnonzero(data.stack_function == wanted)
        lines, line_of = np.unique(data.calls.line[data.stacks.call[nodes]], return_inverse=True)
        key = np.full(len(data.stacks), lines.size, np.int32)
        key[nodes] = line_of
        total = measures.total_by(key, lines.size + 1)[:-1]
        own = sum_by(line_of, measures.stack_self[nodes], lines.size)
        rows = [
            {
                "name": f"line {int(lines[at]):,}" if lines[at] else "line unknown",
                "self": own[at].item(),
                "total": total[at].item(),
                "place": place_of(data.functions, wanted, int(lines[at])),
            }
            for at in np.argsort(-total, kind="stable")[first : first + most].tolist()
        ]
        return {"total": int(lines.size), "rows": rows}

    def threads(self, offset: int = 0, limit: int = 100) -> Answer:
        """One page of the threads, the busiest first."""
        first, most = window(offset, limit)
        frame = self.profile.frames["threads"]
        place = {label: at for at, label in enumerate(thread_labels(self.data.threads))}
        rows = [
            {
                "thread": place[label],
                "name": plain(row.thread_name or label, 120),
                "thread_id": _known(row.thread_id),
                "process": plain(row.process_name, 120),
                "process_id": _known(row.process_id),
                "samples": int(row.samples),
                "total": row.total.item() if hasattr(row.total, "item") else row.total,
            }
            for label, row in zip(
                frame.index[first : first + most],
                frame.iloc[first : first + most].itertuples(index=False),
                strict=True,
            )
        ]
        return {"total": len(frame), "rows": rows, "whole": self.profile.measures.total}

    def heat(self, value: int = -1, thread: int = -1, column_ns: int = 0) -> Answer:
        """Give the heat map: how much of the value fell into each part of each second.

        Parameters
        ----------
        value, thread : int
        column_ns : int
            Nanoseconds of one column; 0 to choose by the length of the recording.
        """
        if self.data.samples.time is None:
            raise BadOption("this profile has no times", hint="record it with times of samples")
        data, measures = self.chosen(value, thread)
        every = self.data.samples.time
        first, last = (int(every.min()), int(every.max())) if len(every) else (0, 0)
        column = whole_number(column_ns, "column_ns")
        map_ = heat(data.samples.time, measures.weight, first, last, column)
        return {
            "columns": map_.cells.shape[0],
            "lines": map_.cells.shape[1],
            "column_ns": map_.column_ns,
            "peak": map_.cells.max().item() if map_.cells.size else 0,
            "buffers": [map_.cells.astype(np.float64).ravel()],
        }


def findings_answer(evidence: Evidence) -> Answer:
    """List findings in their order, each with the first function that proves it."""
    rows = []
    for finding in evidence.findings():
        proof = finding.rows.get("functions", ())
        rows.append(
            {
                "verdict": str(finding.verdict),
                "title": plain(finding.title),
                "why": plain(finding.why, 2000),
                "next_step": plain(finding.next_step, 1000),
                "rule": finding.rule,
                "function": int(proof[0]) if len(proof) else None,
            }
        )
    return {"rows": rows, "total": len(rows)}


def _known(number: object) -> int | None:
    return int(number) if int(number) >= 0 else None  # type: ignore[call-overload]


def _nanoseconds(value: object, default: int) -> int:
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise BadOption("start and end must be numbers", hint="nanoseconds from the first sample")
    return max(0, min(int(value), 2**62))
