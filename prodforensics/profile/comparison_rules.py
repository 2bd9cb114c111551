"""Findings of a comparison: what takes more than it did, beyond the noise of sampling.

Shares are compared, not values: two recordings are rarely equally long, and never equally busy. The
test is the one-sided two-proportion z-test with Bonferroni's correction (see
`prodforensics.statistics.growth_p_value`). A place is as in
`prodforensics.profile.hot.plateaus`: a function itself, or a library's function as the program's
own calls it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from prodforensics.display.tables import human_bytes, human_count
from prodforensics.findings import Finding, Rule, Severity, Verdict, rule
from prodforensics.profile.confidence import counted_samples
from prodforensics.profile.hot import Work, plateaus
from prodforensics.profile.names import function_names
from prodforensics.profile.wording import what
from prodforensics.statistics import growth_p_value, share

if TYPE_CHECKING:
    from prodforensics.profile.compare import ProfileComparison
    from prodforensics.profile.model import Profile

__all__ = ["RULES"]

_NAMED = 3
_CHANCE = 0.01
_LARGE = 0.10
"""A likely regression grew by ten points of the whole or more."""
_SMALL = 0.02
"""Growth below two points is passed over, however sure it is."""


@dataclass(frozen=True)
class _Growth:
    """A place of work with its share of each profile, and how likely chance made it grow."""

    name: str
    owner: str
    before: float
    after: float
    chance: float

    @property
    def points(self) -> float:
        return self.after - self.before


@rule("profile.regression")
def regression(comparison: ProfileComparison) -> Iterator[Finding]:
    """Something takes more of the time than it did."""
    base, other = comparison.base, comparison.other
    if other.default_value_type.name.startswith("inuse"):
        return  # memory that stays: profile.heap_growth
    counts = [counted_samples(one.data, one.data.default) for one in (base, other)]
    grown = [
        one
        for one in _growth(base, other, counts)
        if one.points >= _SMALL and one.chance < _CHANCE and _more(base, other, one)
    ]
    if not grown:
        yield Finding(
            "profile.regression",
            Verdict.CLEARED,
            Severity.LOW,
            "Nothing takes more than it did, beyond the noise of sampling",
            f"With {human_count(counts[0])} and {human_count(counts[1])} samples, no place of work "
            f"grew by {100 * _SMALL:.0f} points or more in a way that chance would not explain.",
        )
        return
    top = grown[0]
    likely = top.points >= _LARGE and min(counts) >= 100
    was, now = share(top.before, counts[0]), share(top.after, counts[1])
    also = ", ".join(f"{_named(one)} (+{100 * one.points:.0f} points)" for one in grown[1:_NAMED])
    yield Finding(
        "profile.regression",
        Verdict.LIKELY if likely else Verdict.POSSIBLE,
        Severity.HIGH if top.points > 0.3 else Severity.MEDIUM,
        f"{_named(top)} grew from {100 * top.before:.0f} to {100 * top.after:.0f} % of "
        f"{what(other)}",
        f"It took {was} of the work in the base and {now} now (95 % confidence intervals of "
        f"{human_count(counts[0])} and {human_count(counts[1])} samples). The chance that sampling "
        f"alone makes any function grow like this is {_chance(top.chance)} (one-sided "
        f"two-proportion z-test, corrected for the number of places)."
        + (f" Next: {also}." if also else ""),
        {"functions": _rows(comparison, [name for one in grown[:_NAMED] for name in _both(one)])},
        f"comparison.other.peek({top.name!r}); comparison.show()",
    )


@rule("profile.heap_growth")
def heap_growth(comparison: ProfileComparison) -> Iterator[Finding]:
    """Memory in use grew between two heap profiles of one process."""
    base, other = comparison.base, comparison.other
    if other.default_value_type.name != "inuse_space":
        return
    before, after = base.measures.total, other.measures.total
    places = _values(other)
    earlier = _values(base)
    gains = sorted(((value - earlier.get(key, 0), key) for key, value in places.items()))[::-1]
    gain, key = gains[0] if gains else (0, ("", ""))
    # A sampled object stands for this many bytes: growth by a few of them is noise.
    grain = other.recording.period or 512 * 1024
    if after - before < 4 * grain or gain < 4 * grain:
        yield Finding(
            "profile.heap_growth",
            Verdict.CLEARED,
            Severity.LOW,
            f"Memory in use went from {human_bytes(before)} to {human_bytes(after)}: no growth "
            "that the profiler's sampling could see",
            f"It records one allocation in {human_bytes(grain)}; less than four of these more may "
            "be chance.",
        )
        return
    doubt = "A cache that fills once looks the same in two profiles; a third one tells."
    more = [
        f"{function} ({human_bytes(value, signed=True)})"
        for value, (_, function) in gains[1:_NAMED]
        if value > 0
    ]
    yield Finding(
        "profile.heap_growth",
        Verdict.LIKELY
        if after >= 1.5 * before and gain >= (after - before) / 2
        else Verdict.POSSIBLE,
        Severity.HIGH if after >= 2 * before else Severity.MEDIUM,
        f"{human_bytes(gain, signed=True)} still reachable, allocated by {_place(*key)}",
        f"Memory in use grew from {human_bytes(before)} to {human_bytes(after)}. Still reachable: "
        f"something holds what {_place(*key)} allocated "
        f"({human_bytes(earlier.get(key, 0))} before, {human_bytes(places.get(key, 0))} now)"
        + (f"; then {', '.join(more)}" if more else "")
        + f". The profile tells who allocated it, not who holds it. {doubt}",
        {"functions": _rows(comparison, [name for name in key if name])},
        f"comparison.other.peek({key[1]!r}); look for a map, slice or channel that only grows",
    )


def _growth(base: Profile, other: Profile, counts: list[int]) -> list[_Growth]:
    """Compare the shares of all places of work; what grew most comes first."""
    before, after = _shares(base), _shares(other)
    keys = list(dict.fromkeys([*after, *before]))
    shares = [np.array([each.get(key, 0.0) for key in keys]) for each in (before, after)]
    chance = growth_p_value(shares[0], counts[0], shares[1], counts[1])
    found = [
        _Growth(name, owner, was, now, p)
        for (owner, name), was, now, p in zip(
            keys, *(column.tolist() for column in (*shares, chance)), strict=True
        )
    ]
    return sorted(found, key=lambda one: -one.points)


def _shares(profile: Profile) -> dict[tuple[str, str], float]:
    whole = Work(profile.data, profile.measures).total or 1
    return {key: value / whole for key, value in _values(profile).items()}


def _values(profile: Profile) -> dict[tuple[str, str], float]:
    """Give the value of each place of work by (owner, function); no owner is empty."""
    names = function_names(profile.data)
    values: dict[tuple[str, str], float] = {}
    for one in plateaus(Work(profile.data, profile.measures), most=10_000):
        key = (names[one.owner] if one.owner >= 0 else "", names[one.function])
        values[key] = values.get(key, 0) + one.value
    return values


def _more(base: Profile, other: Profile, one: _Growth) -> bool:
    """Whether it also takes more per second, where both recordings tell how long they are.

    When another function is repaired, the shares of all others grow: that is no regression.
    """
    spans = (base.recording.duration_ns, other.recording.duration_ns)
    if not all(spans):
        return True
    rates = [
        profile.measures.total / span for profile, span in zip((base, other), spans, strict=True)
    ]
    return one.after * rates[1] > 1.1 * one.before * rates[0]


def _named(one: _Growth) -> str:
    return _place(one.owner, one.name)


def _place(owner: str, name: str) -> str:
    return f"{name}, called by {owner}," if owner else name


def _both(one: _Growth) -> list[str]:
    return [one.name, *([one.owner] if one.owner else [])]


def _chance(p: float) -> str:
    return "below 0.01 %" if p < 1e-4 else f"{100 * p:.2f} %"


def _rows(comparison: ProfileComparison, names: list[str]) -> list[int]:
    functions = comparison.frames["functions"]
    return functions.index[functions["function"].isin(names)].tolist()[:10]


RULES: tuple[Rule, ...] = (regression, heap_growth)
