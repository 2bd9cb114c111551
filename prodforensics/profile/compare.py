"""Compare profiles: what takes more than it did, and where it is called from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from prodforensics._reference import Later
from prodforensics.categories import vocabulary
from prodforensics.display.tables import human_count
from prodforensics.errors import NotComparable
from prodforensics.evidence import Evidence
from prodforensics.kernels.stack_sums import depths
from prodforensics.profile import top
from prodforensics.profile.data import ValueType
from prodforensics.profile.difference import combined, scaled, subtracted
from prodforensics.profile.measures import Measures
from prodforensics.profile.model import human_value
from prodforensics.profile.names import named
from prodforensics.profile.tables import percent
from prodforensics.profile.trend import TREND, trend_frame
from prodforensics.profile.united import United, unite
from prodforensics.schema import Column, Schema
from prodforensics.writing import write_file

if TYPE_CHECKING:
    from prodforensics.profile.model import Profile

pictures = Later("prodforensics.profile.pictures")

__all__ = ["FUNCTIONS", "STACKS", "ProfileComparison", "compare"]


def _values(what: str, did: str) -> tuple[Column, ...]:
    value = "in the unit of the value type"
    return (
        Column(f"{what}_base", "int64", "", f"{did} in the base, {value}."),
        Column(f"{what}_other", "int64", "", f"{did} in the other profile."),
        Column(f"{what}_delta", "int64", "", "The other less the base."),
        Column(f"{what}_delta_percent", "float64", "%", "Share of the whole base."),
    )


FUNCTIONS = Schema(
    "functions",
    (
        Column("function", "str", "", "Its name."),
        Column("file", "category", "", "Source file; empty where unknown."),
        Column("module", "category", "", "Binary, library or package; empty where unknown."),
        *_values("self", "What it did itself"),
        *_values("total", "What it and all below it did"),
    ),
    Column("function_id", "int64", "ordinal", "Number of the function in both profiles."),
    "Every function of either profile, joined by name, file and module; what grew most itself "
    "comes first. Percentages are of the base, as those of `go tool pprof -diff_base`.",
)
STACKS = Schema(
    "stacks",
    (
        Column("parent", "int32", "ordinal", "Stack of the caller; -1 for the outermost call."),
        Column("function_id", "int32", "ordinal", "Innermost function, a row of `functions`."),
        Column("depth", "int32", "count", "Calls above it."),
        Column("function", "category", "", "Its name."),
        *_values("self", "What ended here"),
        *_values("total", "What passed through here"),
    ),
    Column("stack", "int64", "ordinal", "Node of the prefix tree; callers come first."),
    "The stacks of both profiles as one prefix tree of functions.",
)


def compare(
    base: Profile, other: Profile, *more: Profile, normalise: bool = False
) -> ProfileComparison:
    """Compare two or more profiles of one program.

    Parameters
    ----------
    base, other, *more : Profile
        In the order they were recorded. Of three and more, the first is compared with the last,
        and ``frames["trend"]`` follows every function through all of them. What is compared is
        the base's default value type (see `Profile.using`).
    normalise : bool
        Scale the others to the sum of the base (pprof: ``-normalize``): for recordings of
        different length or load. Each sample is rounded; those with times are summed by stack
        before.

    Returns
    -------
    ProfileComparison

    Raises
    ------
    NotComparable
        Another profile lacks the value type, or has it in another unit.

    Examples
    --------
    >>> import prodforensics as pf
    >>> names = [f"profile/go/{name}.cpu.pb.gz" for name in ("healthy", "quadratic")]
    >>> change = pf.compare(*[pf.load(pf.samples.path(name)) for name in names])
    >>> change.top(1)[["function", "self"]].values.tolist()
    [['main.repeatedSlowly', 2140000000]]
    """
    return ProfileComparison((base, other, *more), normalise=normalise)


class ProfileComparison(Evidence):
    """What changed between profiles of one program.

    Parameters
    ----------
    profiles : sequence of Profile
        In the order they were recorded.
    normalise : bool
        See `compare`.

    Attributes
    ----------
    profiles : tuple of Profile
        With the value type that is compared as their default.
    value_type : ValueType
    normalise : bool
    """

    kind: ClassVar[str] = "profile comparison"
    schemas: ClassVar[Mapping[str, Schema]] = {one.name: one for one in (FUNCTIONS, STACKS, TREND)}
    _rules = "prodforensics.profile.comparison_rules:RULES"
    _view = "prodforensics.profile.views:comparison"
    _sections = "prodforensics.profile.pictures:comparison_sections"

    def __init__(self, profiles: Iterable[Profile], *, normalise: bool = False) -> None:
        given = tuple(profiles)
        self.value_type: ValueType = given[0].default_value_type
        self.profiles = (given[0], *(_with_default(one, given[0]) for one in given[1:]))
        self.normalise = normalise
        builders = {"functions": self._functions, "stacks": self._stacks}
        if len(given) > 2:
            builders["trend"] = self._trend
        gaps = [gap for one in given for gap in one.all_gaps()]
        super().__init__(builders, parts=given, gaps=gaps)

    @property
    def base(self) -> Profile:
        """The first profile."""
        return self.profiles[0]

    @property
    def other(self) -> Profile:
        """The last profile, as it was recorded: not scaled."""
        return self.profiles[-1]

    @cached_property
    def united(self) -> United:
        """The stacks of all profiles as one tree by function, with the values of each."""
        return unite([self._measures(one) for one in self.profiles])

    def _measures(self, profile: Profile) -> Measures:
        if not self.normalise or profile is self.base:
            return profile.measures
        return Measures(self._scaled(profile).data, profile.data.default)

    def _scaled(self, profile: Profile) -> Profile:
        base, data = self.base.data, profile.data
        if data.samples.time is not None:
            # One by one, moments that count 1 each would all be rounded to nothing. What has no
            # times is sums already, and pprof rounds each.
            data = combined(data)
        sums = {
            one: value.sum().item()
            for one, value in zip(base.value_types, base.samples.values, strict=True)
        }
        factors = []
        for one, value in zip(data.value_types, data.samples.values, strict=True):
            whole = value.sum().item()
            factors.append(sums.get(one, whole) / whole if whole else 0.0)
        return profile._derived(scaled(data, factors))

    # -- questions ----------------------------------------------------------------------------

    def subtract(self) -> Profile:
        """Return the last profile less the first as a profile (pprof: ``-base``).

        Samples of one stack and the same labels are one; times and threads are lost.

        Raises
        ------
        NotComparable
            The two have different value types.
        """
        other = self._scaled(self.other) if self.normalise else self.other
        return other._derived(subtracted(self.base.data, other.data), [self.base])

    def top(self, n: int | None = 20, by: str = "self") -> pd.DataFrame:
        """List what changed most, as ``go tool pprof -top -diff_base``.

        Parameters
        ----------
        n : int, optional
            Rows at most; all for None.
        by : {"self", "total"}

        Returns
        -------
        pandas.DataFrame
            As `Profile.top` answers, with differences for values; percentages are of the base.
        """
        data = self.united.difference(self.value_type)
        whole = np.abs(self.base.measures.weight).sum().item()
        return top.top(data, Measures(data, 0), n, by, whole=whole or None)

    def to_svg(self, path: str | Path, *, title: str = "") -> Path:
        """Write the differential flame graph as an SVG file, with search and zoom, offline.

        A bar is as wide as it is in the last profile; its colour tells what changed.

        Parameters
        ----------
        path : str or Path
        title : str
            What stands above it; the names of the files by default.

        Raises
        ------
        SourceError
            The file cannot be written.
        """
        return write_file(path, pictures.change_document(self, title))

    # -- frames -------------------------------------------------------------------------------

    def _functions(self) -> pd.DataFrame:
        united = self.united
        own = [united.function_self(k) for k in (0, -1)]
        total = [united.function_total(k) for k in (0, -1)]
        rows = np.zeros(len(united.functions), np.bool_)
        rows[united.function] = True
        rows = np.flatnonzero(rows)
        growth = own[1] - own[0], total[1] - total[0]
        rows = rows[np.lexsort((-growth[1][rows], -growth[0][rows]))]
        columns = {
            "function": pd.array(named(united.functions)[rows], dtype="str"),
            "file": vocabulary(united.functions.file, rows),
            "module": vocabulary(united.functions.module, rows),
            **self._columns("self", *(each[rows] for each in own)),
            **self._columns("total", *(each[rows] for each in total)),
        }
        return pd.DataFrame(columns, index=pd.Index(rows, name="function_id"))

    def _stacks(self) -> pd.DataFrame:
        united = self.united
        columns = {
            "parent": united.parent,
            "function_id": united.function,
            "depth": depths(united.parent),
            "function": vocabulary(named(united.functions), united.function),
            **self._columns("self", united.own[0], united.own[-1]),
            **self._columns("total", united.total[0], united.total[-1]),
        }
        return pd.DataFrame(columns, index=pd.RangeIndex(len(united.parent), name="stack"))

    def _columns(self, what: str, base: np.ndarray, other: np.ndarray) -> dict[str, np.ndarray]:
        delta = other - base
        # As pprof does where the base is empty: of all there is.
        whole = np.abs(self.base.measures.weight).sum().item() or self.united.whole[-1]
        return {
            f"{what}_base": base,
            f"{what}_other": other,
            f"{what}_delta": delta,
            f"{what}_delta_percent": percent(delta, whole),
        }

    def _trend(self) -> pd.DataFrame:
        return trend_frame(self.united, [one.recording.start_ns for one in self.profiles])

    # -- in short -----------------------------------------------------------------------------

    def headline(self) -> str:
        """Say how much was recorded, and what grew most."""
        before, after = self.united.whole[0], self.united.whole[-1]
        text = f"{self.value_type.name}: {self._written(before)} → {self._written(after)}"
        likely = self.findings().likely
        if likely:
            more = f" (and {len(likely) - 1} more)" if len(likely) > 1 else ""
            return f"{text}. Likely: {likely[0].title}{more}"
        functions = self.frames["functions"]
        if len(functions) and functions["self_delta"].iloc[0] > 0:
            first = functions.iloc[0]
            grown = self._written(first["self_delta"])
            return f"{text}; {first['function']} takes {grown} more itself"
        return f"{text}; no function takes more itself"

    def facts(self) -> list[tuple[str, str]]:
        """Return the few numbers for the card."""
        functions = self.frames["functions"]
        was, now = functions["total_base"] != 0, functions["total_other"] != 0
        samples = " → ".join(human_count(len(one.data.samples)) for one in self.profiles)
        facts = [
            ("records", samples),
            (self.value_type.name, " → ".join(map(self._written, self.united.whole))),
            ("functions", f"{human_count(int((was & now).sum()))} in both"),
            ("new", human_count(int((now & ~was).sum()))),
            ("gone", human_count(int((was & ~now).sum()))),
        ]
        if self.normalise:
            facts.append(("normalised", "to the sum of the base"))
        return facts

    def _card_body(self) -> str:
        return pictures.comparison_card(self)

    def _written(self, value: float) -> str:
        return human_value(value, self.value_type.unit)


def _with_default(profile: Profile, base: Profile) -> Profile:
    """Return the profile with the base's default value type as its own."""
    wanted, known = base.default_value_type, profile.value_types
    if wanted == profile.default_value_type:
        return profile
    if wanted in known:
        return profile._derived(replace(profile.data, default=known.index(wanted)))
    both = [one.name for one in base.value_types if one in known]
    raise NotComparable(
        f"{profile.title} has no values of {wanted.name} in {wanted.unit or 'this unit'}",
        hint=f"both have {', '.join(both)}: pf.compare(base.using({both[0]!r}), other)"
        if both
        else "compare profiles of one kind: cpu with cpu, heap with heap",
    )
