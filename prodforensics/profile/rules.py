"""Findings of one profile: where the time goes, and how far the recording can be trusted.

A profile shows what is, not what is wrong: a plateau can be the purpose of the program. `likely`
says that the numbers leave no doubt, not that it must be changed; a comparison with a healthy
baseline (`prodforensics.profile.comparison_rules`) shows what is new.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from prodforensics.display.tables import human_count, human_ns
from prodforensics.findings import Finding, Rule, Severity, Verdict, rule
from prodforensics.kernels.prefix_tree import below
from prodforensics.kernels.stack_sums import sum_by
from prodforensics.profile import recording_rules, roles
from prodforensics.profile.hot import Plateau, Work, callers_of, plateaus, said
from prodforensics.profile.names import function_names
from prodforensics.profile.wording import heaviest, judge, measured, share_in, what

if TYPE_CHECKING:
    from prodforensics.profile.model import Profile

__all__ = ["RULES"]

_SHORTER = (
    "Hold the lock for a shorter time (no work, no I/O, no logging while it is held), or split it."
)
_SECOND = 1_000_000_000
_WAITS = ("delay", "lock", "contentions")
_SPACE = ("alloc_space", "alloc_objects", "inuse_space", "inuse_objects")


@rule("profile.hot_function")
def hot_function(profile: Profile) -> Iterator[Finding]:
    """One place takes most of the work: the plateau at the top of the flame graph."""
    if profile.default_value_type.name in _WAITS or not _of_time(profile):
        return  # where threads wait: profile.lock_contention
    work = Work(profile.data, profile.measures)
    places = plateaus(work)
    if not places or not work.total:
        return
    top = places[0]
    found = share_in(profile, top.value / work.total)
    verdict = judge(found, likely=0.4, possible=0.2)
    if verdict is None:
        return
    space = profile.default_value_type.name in _SPACE
    if space:
        verdict = Verdict.POSSIBLE  # it allocates most; whether that is too much shows a pair
    names = function_names(profile.data)
    who = names[top.function]
    does = "allocates" if profile.default_value_type.name.startswith("alloc") else "holds"
    verb = does if space else "takes"
    itself = " itself" if top.owner < 0 and not space else ""
    rows = [top.function, *([top.owner] if top.owner >= 0 else [])]
    yield Finding(
        "profile.hot_function",
        verdict,
        Severity.HIGH if found.low > 0.5 else Severity.MEDIUM,
        f"{said(profile.data, top)} {verb} {100 * found.value:.0f} % of {what(profile)}{itself}",
        f"{measured(profile, found)}{_apart_from(profile, work)} {_called_by(profile, top)} "
        + (
            "What a function takes itself is the part of its bar with nothing below it. Either "
            "it is called too often or with too much, which its callers tell, or it is slow, "
            "which its lines tell."
            if not space
            else "One profile of memory shows who allocates, not what leaks: compare two."
        ),
        {"functions": rows},
        f"profile.peek({who!r}); profile.source({who!r}, root='path/to/the/source')",
    )


@rule("profile.gc_pressure")
def gc_pressure(profile: Profile) -> Iterator[Finding]:
    """Much of the time goes into collecting garbage."""
    yield from _pauses(profile)
    if profile.default_value_type.name in (*_WAITS, *_SPACE):
        return
    collecting = roles.matching(profile.data, roles.COLLECTING)
    found = share_in(profile, roles.share_of(profile.measures, collecting))
    verdict = judge(found, likely=0.2, possible=0.1)
    if verdict:
        yield Finding(
            "profile.gc_pressure",
            verdict,
            Severity.HIGH if found.low > 0.3 else Severity.MEDIUM,
            f"{100 * found.value:.0f} % of {what(profile)} collects garbage",
            f"{measured(profile, found)} The collector works as hard as the program allocates, "
            "and harder the nearer the heap is to its limit. Allocate less where most is "
            "allocated, or give the heap more room.",
            {"functions": heaviest(profile, collecting)},
            _ALLOCATIONS.get(profile.recording.producer, "record an allocation profile"),
        )


@rule("profile.lock_contention")
def lock_contention(profile: Profile) -> Iterator[Finding]:
    """Threads wait for each other's locks."""
    yield from _waiting(profile)
    if profile.default_value_type.name in (*_WAITS, *_SPACE):
        return
    locking = roles.matching(profile.data, roles.LOCKING)
    found = share_in(profile, roles.share_of(profile.measures, locking))
    verdict = judge(found, likely=0.2, possible=0.05)
    if verdict:
        who = _asks_most(profile, locking)
        yield Finding(
            "profile.lock_contention",
            verdict,
            Severity.HIGH if found.low > 0.3 else Severity.MEDIUM,
            f"{100 * found.value:.0f} % of {what(profile)} goes into locks"
            + (f", most asked for by {who}" if who else ""),
            f"{measured(profile, found)} A lock that is free costs next to nothing, so these "
            f"are contended: threads spin or go to sleep and wake up. {_SHORTER}",
            {"functions": heaviest(profile, locking)},
            "profile.focus('lock').top(20, by='total') shows who asks for it",
        )


@rule("profile.syscall_heavy")
def syscall_heavy(profile: Profile) -> Iterator[Finding]:
    """Much of the time is spent in the kernel."""
    if profile.default_value_type.name in (*_WAITS, *_SPACE) or not _of_time(profile):
        return
    calls = roles.matching(profile.data, roles.SYSTEM_CALL)
    calls |= roles.in_kernel(profile.data)
    found = share_in(profile, roles.share_of(profile.measures, calls))
    if found.low < 0.35:
        return
    every = profile.frames["functions"]
    kernel = every[every["function"].str.match(r"(?:__x64_|__arm64_|__se_)?(?:sys|ksys)_")]
    most = kernel.sort_values("total", ascending=False)
    named = ", ".join(
        f"{row.function} ({row.total_percent:.0f} %)" for row in most.head(3).itertuples()
    )
    if most.empty:
        # The symbols of the kernel were not at hand: what it did has no name, but took its time.
        most = every[every.index.isin(np.flatnonzero(calls))]
    yield Finding(
        "profile.syscall_heavy",
        Verdict.POSSIBLE,
        Severity.MEDIUM if found.low > 0.5 else Severity.LOW,
        f"{100 * found.value:.0f} % of {what(profile)} is spent in the kernel",
        f"{measured(profile, found)} Much of it in: {named or 'no call that has a name'}. A "
        "service that only passes data on may well look so; otherwise there are too many small "
        "calls: buffer reads and writes, keep connections open, map files.",
        {"functions": most.index[:10].tolist()},
        "strace -c -p PID counts the calls; perf trace -s does so with less overhead",
    )


_ALLOCATIONS = {
    "Go": "curl HOST:6060/debug/pprof/allocs, then pf.load(...).top(20)",
    "V8": "node --heap-prof, then pf.load(...).top(20)",
    "JFR": "profile.using('alloc_space').top(20)",
    "async-profiler": "asprof -e alloc -d 30, then pf.load(...).top(20)",
    "py-spy": "memray run, or tracemalloc",
}


def _of_time(profile: Profile) -> bool:
    """Whether it says where time goes; perf counts switches and faults as well."""
    return profile.recording.producer != "perf" or profile.recording.mode != ""


def _asks_most(profile: Profile, locking: np.ndarray) -> str:
    """Name the program's own function below which most of it happens."""
    data = profile.data
    inside = below(data.stacks.parent, locking[data.stack_function])
    owner = np.where(inside, roles.owned(data)[0], -1)
    value = sum_by(owner, profile.measures.stack_self, len(data.functions))
    return function_names(data)[value.argmax()] if value.any() else ""


def _apart_from(profile: Profile, work: Work) -> str:
    rest = 1 - work.total / profile.measures.total
    if rest < 0.01:
        return ""
    return f" Idle time and garbage collection, {100 * rest:.0f} % of the profile, are not counted."


def _called_by(profile: Profile, top: Plateau) -> str:
    names = function_names(profile.data)
    callers = callers_of(profile.data, profile.measures, top.function)
    whole = sum(value for _, value in callers) or 1
    named = [
        f"{names[caller] if caller >= 0 else 'nobody'} ({100 * value / whole:.0f} %)"
        for caller, value in callers[:3]
    ]
    return f"It is called by {', '.join(named)}." if named else ""


def _pauses(profile: Profile) -> Iterator[Finding]:
    """Ask the collector's own record of its pauses, where the file has one."""
    duration = profile.recording.duration_ns
    if "gc" not in profile.frames or not duration:
        return
    pauses = profile.frames["gc"]
    spent, longest = int(pauses["sum_of_pauses_ns"].sum()), pauses["longest_pause_ns"].max()
    if spent / duration < 0.05:
        return
    yield Finding(
        "profile.gc_pressure",
        Verdict.LIKELY if spent / duration > 0.1 else Verdict.POSSIBLE,
        Severity.HIGH if spent / duration > 0.2 else Severity.MEDIUM,
        f"Collecting garbage stopped the program for {100 * spent / duration:.0f} % of the time",
        f"{human_count(len(pauses))} collections paused all threads for {human_ns(spent)} of "
        f"{human_ns(duration)}; the longest pause took {human_ns(longest)}. "
        "The heap is too small for the rate at which the program allocates.",
        {"gc": pauses.sort_values("sum_of_pauses_ns", ascending=False).index[:10].tolist()},
        "profile.using('alloc_space').top(20) shows who allocates",
    )


def _waiting(profile: Profile) -> Iterator[Finding]:
    """Ask profiles of the waiting itself: Go's mutex and block profiles, JFR's monitors."""
    if "delay" not in (one.name for one in profile.value_types):
        return
    waits = _of_locks(profile.using("delay"))
    whole, duration = waits.measures.total, profile.recording.duration_ns
    places = plateaus(Work(waits.data, waits.measures))
    if not places:
        return
    counts = (
        waits.using("contentions").measures.total if _counted(waits) else len(waits.data.samples)
    )
    mean = whole / max(counts, 1)
    if duration:
        threads = whole / duration
        verdict = _level(threads, likely=0.5, possible=0.1)
        per = f", {threads:.1f} threads at any moment"
    else:
        # Go counts from the start of the process and does not say how long ago that was.
        threads, per = 0.0, ""
        verdict = _level(mean if whole >= _SECOND else 0, likely=0.5e6, possible=0.2e6)
    if verdict is None:
        return
    own = [place for place in places if place.owner >= 0] or places
    top = own[0]
    names = function_names(waits.data)
    who = names[top.owner if top.owner >= 0 else top.function]
    where = f" where {who} calls {names[top.function]}" if top.owner >= 0 else f" in {who}"
    known = function_names(profile.data)
    rows = [k for k, name in enumerate(known) if name in (who, names[top.function])]
    yield Finding(
        "profile.lock_contention",
        verdict,
        Severity.HIGH if threads > 1 or mean > 10e6 else Severity.MEDIUM,
        f"Threads waited {human_ns(whole)} for locks, most in {who}",
        f"{human_count(counts)} waits of {human_ns(mean)} each{per}; "
        f"{100 * top.value / whole:.0f} % of the time{where}. {_SHORTER}",
        {"functions": rows[:10]},
        f"profile.using('delay').peek({who!r})",
    )


def _of_locks(waits: Profile) -> Profile:
    """Leave out waiting for channels, timers and conditions: Go's block profile counts it too."""
    data = waits.data
    there = waits.measures.weight != 0
    if waits.recording.producer == "Go":
        lock = np.append(roles.matching(data, roles.LOCKING)[data.stack_function], False)
        there &= lock[data.samples.stack]
    return waits._derived(data.with_samples(there))


def _counted(waits: Profile) -> bool:
    return "contentions" in (one.name for one in waits.value_types)


def _level(value: float, *, likely: float, possible: float) -> Verdict | None:
    if value >= likely:
        return Verdict.LIKELY
    return Verdict.POSSIBLE if value >= possible else None


RULES: tuple[Rule, ...] = (
    hot_function,
    gc_pressure,
    lock_contention,
    syscall_heavy,
    *recording_rules.RULES,
)
