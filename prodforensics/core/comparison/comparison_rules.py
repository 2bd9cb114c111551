"""Findings of compared cores: the same crash, another one, one that was not there before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from prodforensics.core.comparison.alignment import first_difference
from prodforensics.findings import Finding, Rule, Severity, Verdict, rule

if TYPE_CHECKING:
    import pandas as pd

    from prodforensics.core.compare import CoreComparison

__all__ = ["RULES"]

_NAMED = 5
_LOOK = "comparison.frames['frames']: the stacks side by side"


def _walked(comparison: CoreComparison) -> pd.DataFrame:
    buckets = comparison.frames["buckets"]
    return buckets[buckets.index != ""]


def _is_named(comparison: CoreComparison, numbers: list[int]) -> bool:
    return all(comparison.stacks[number].is_named for number in numbers)


@rule("core.same_crash")
def same_crash(comparison: CoreComparison) -> Iterator[Finding]:
    """Find processes that died of the same: equal signals, equal functions of the stack."""
    for bucket, row in _walked(comparison).head(_NAMED).iterrows():
        if row["count"] < 2:
            continue
        named = _is_named(comparison, row["cores"])
        first = comparison.stacks[row["first_core"]]
        signal = row["signal"]
        state = "died of the same" if signal else "were in the same state"
        why = f"Their stacks are equal, function by function: {row['summary']}. "
        why += "Addresses, arguments, lines and builds have no part in this. "
        if len(row["build_ids"]) > 1:
            why += f"{len(row['build_ids'])} builds of the program are among them: "
            why += "what changed between these does not touch the cause. "
        if not named:
            why += "Frames without trusted symbols were compared by module and offset alone."
        yield Finding(
            "core.same_crash",
            Verdict.LIKELY if named else Verdict.POSSIBLE,
            Severity.MEDIUM if signal else Severity.LOW,
            f"{row['count']} of {len(comparison.cores)} {state}: {first.what}",
            why.strip(),
            {"buckets": [bucket], "cores": row["cores"]},
            "Look into one of them; the others tell of other arguments: "
            f"{comparison.cores[row['first_core']].title}",
        )

    yield from _cut_stacks(comparison)


def _cut_stacks(comparison: CoreComparison) -> Iterator[Finding]:
    base = comparison.stacks[0]
    for number in _may_be_the_base(comparison):
        row = comparison.frames["cores"].loc[number]
        short = min((0, number), key=lambda one: len(comparison.stacks[one].names))
        yield Finding(
            "core.same_crash",
            Verdict.POSSIBLE,
            Severity.MEDIUM,
            f"{row['title']} may be the same crash: {base.what}",
            f"The stack of {comparison.cores[short].title} ends early, after "
            f"{comparison.stacks[short].names[-1]}; as far as it goes, it is that of the other.",
            {"buckets": [base.bucket, row["bucket"]], "cores": [0, number]},
            "comparison.cores[...].gaps: why the stack ends there",
        )


def _may_be_the_base(comparison: CoreComparison) -> list[int]:
    base = comparison.stacks[0]
    return [number for number, other in enumerate(comparison.stacks) if base.may_be(other)]


@rule("core.another_crash")
def another_crash(comparison: CoreComparison) -> Iterator[Finding]:
    """Tell crashes apart: two faults are to be found, not one."""
    buckets, base = _walked(comparison), comparison.stacks[0]
    if len(buckets) < 2 or not base.bucket:
        return
    unsure = _may_be_the_base(comparison)
    for bucket, row in buckets.iterrows():
        number = row["first_core"]
        if bucket == base.bucket or number in unsure:
            continue
        other = comparison.stacks[number]
        titles = [comparison.cores[one].title for one in (0, number)]
        signals = {base.signal, other.signal}
        is_one_fault = bool(base.top) and base.top == other.top and len(signals - {""}) == 1
        sure = _is_named(comparison, [0, number]) and not is_one_fault
        if is_one_fault:
            title = f"The same function fails, reached by another way: {other.top}"
        elif signals == {""}:
            title = f"{titles[1]} is in another state than {titles[0]}: {other.what}"
        else:
            title = f"{titles[1]} is another crash than {titles[0]}: {other.what}"
        yield Finding(
            "core.another_crash",
            Verdict.LIKELY if sure else Verdict.POSSIBLE,
            Severity.MEDIUM if signals != {""} else Severity.LOW,
            title,
            _parting(comparison, number, is_one_fault),
            {"buckets": [base.bucket, bucket], "cores": [0, number]},
            _LOOK,
        )


def _parting(comparison: CoreComparison, number: int, is_one_fault: bool) -> str:
    pairs = comparison.pairs(number)
    at = first_difference(pairs)
    base, other = comparison.stacks[0], comparison.stacks[number]
    if at is None:
        if base.signal != other.signal:
            return "The stacks have the same functions, and the signals differ."
        return "The most common stacks are equal; what other threads did differs."
    shared = [pair for pair in pairs[:at] if pair.base]
    near = [pair.base.name if pair.base else "" for pair in pairs[at:]]
    mine = next((one for one in near if one), "its end")
    its = next((pair.other.name for pair in pairs[at:] if pair.other), "its end")
    why = f"The first has {mine} where the other has {its}"
    if shared:
        why += f", behind {shared[-1].base.name}" if shared[-1].base else ""
    why += "."
    if is_one_fault:
        why += f" Both died in {base.top}: one repair there may end both, so look at its callers."
    elif not (base.is_named and other.is_named):
        why += " Frames without trusted symbols were compared by module and offset alone, so"
        why += " builds of one program look different: give the programs and debug files."
    return why


@rule("core.new_bucket")
def new_bucket(comparison: CoreComparison) -> Iterator[Finding]:
    """Point at the latest core, where no process before it died of the same."""
    buckets = _walked(comparison)
    last = len(comparison.cores) - 1
    found = buckets[buckets["first_core"] == last]
    if last < 2 or found.empty or len(buckets) == len(comparison.cores):
        return
    bucket, row = found.index[0], found.iloc[0]
    stack, core = comparison.stacks[last], comparison.cores[last]
    known = {one.image.executable.build_id for one in comparison.cores[:-1] if one.image.executable}
    build = core.image.executable.build_id if core.image.executable else ""
    why = f"None of the {last} cores before it has this stack: {row['summary']}. "
    if build and build not in known:
        why += "Its program is of a build that none before it was: look at what that changed."
    yield Finding(
        "core.new_bucket",
        Verdict.LIKELY if stack.is_named else Verdict.POSSIBLE,
        Severity.HIGH,
        f"The latest, {core.title}, is a crash that was not there before: {stack.what}",
        why.strip(),
        {"buckets": [bucket], "cores": [last]},
        _LOOK,
    )


@rule("core.not_walked")
def not_walked(comparison: CoreComparison) -> Iterator[Finding]:
    """Name the cores that are in no bucket, as their stacks could not be walked."""
    buckets = comparison.frames["buckets"]
    if "" not in buckets.index:
        return
    numbers = buckets.loc["", "cores"]
    titles = ", ".join(comparison.cores[number].title for number in numbers[:_NAMED])
    more = f" and {len(numbers) - _NAMED} more" if len(numbers) > _NAMED else ""
    yield Finding(
        "core.not_walked",
        Verdict.POSSIBLE,
        Severity.LOW,
        f"{len(numbers)} of {len(comparison.cores)} cores are in no bucket",
        f"No debugger told the stacks of {titles}{more}; only their registers are known.",
        {"cores": numbers},
        "apt install gdb, or pip install 'prodforensics[core]' (drgn); see .gaps of these cores",
    )


RULES: list[Rule] = [new_bucket, another_crash, same_crash, not_walked]
