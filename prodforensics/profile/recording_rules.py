"""Findings about the recording: what it lacks, what it disturbs, how far it can be trusted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from prodforensics.display.tables import human_count
from prodforensics.findings import Finding, Rule, Severity, Verdict, rule
from prodforensics.kernels.prefix_tree import below
from prodforensics.kernels.stack_sums import depths
from prodforensics.profile import roles
from prodforensics.profile.confidence import counted_samples
from prodforensics.profile.wording import heaviest, measured, share_in, what
from prodforensics.statistics import share

if TYPE_CHECKING:
    from prodforensics.profile.model import Profile

__all__ = ["RULES"]

_FEW_SAMPLES = 300
"""Below it a function of 10 % is known to no better than 7 to 14 %."""
_DEEPER = {
    "perf": "sysctl kernel.perf_event_max_stack=512, or perf record --call-graph dwarf,65528",
    "JFR": "-XX:FlightRecorderOptions=stackdepth=256",
    "async-profiler": "asprof -j 4096",
    "V8": "node --stack-trace-limit does not matter here; look for recursion",
}


@rule("profile.unsymbolised")
def unsymbolised(profile: Profile) -> Iterator[Finding]:
    """Frames without a name."""
    names = profile.data.functions.name
    unknown = np.array([n in ("", "[unknown]", "??") or n.startswith("0x") for n in names], bool)
    found = share_in(profile, roles.share_of(profile.measures, unknown, innermost=True))
    # The outermost call is often the loader's, which has no name in many systems.
    data = profile.data
    within = below(data.stacks.parent, unknown[data.stack_function] & (data.stacks.parent >= 0))
    anywhere = profile.measures.stack_self[within].sum() / (profile.measures.total or 1)
    if found.value < 0.05 and anywhere < 0.3:
        return
    modules = profile.data.functions.module[unknown]
    own = profile.measures.function_self[unknown]
    worst = [str(modules[k]) for k in np.argsort(-own, kind="stable")[:3]]
    yield Finding(
        "profile.unsymbolised",
        Verdict.LIKELY if found.value > 0.3 else Verdict.POSSIBLE,
        Severity.MEDIUM,
        f"{100 * max(found.value, anywhere):.0f} % of {what(profile)} is in functions without a "
        f"name{'' if found.value >= 0.05 else ', or below them'}",
        f"{measured(profile, found)} {100 * anywhere:.0f} % have one somewhere in their stack. "
        f"Most are of {', '.join(m or 'no known module' for m in dict.fromkeys(worst))}. "
        + _symbols_for(" ".join(worst)),
        {"functions": heaviest(profile, unknown)},
        "profile.frames['calls'].query(\"function.str.startswith('[')\")",
    )


@rule("profile.truncated_stacks")
def truncated_stacks(profile: Profile) -> Iterator[Finding]:
    """Stacks that were cut: their outer calls are missing."""
    data, recording = profile.data, profile.recording
    cut, limit = recording.truncated_stacks, recording.max_depth
    rows = np.flatnonzero(data.samples.stack >= 0)
    if not cut and limit and len(rows):
        deep = depths(data.stacks.parent)[data.samples.stack[rows]] + 1
        cut = int(np.count_nonzero(deep >= limit))
    whole = max(len(rows), cut)
    if not whole or cut / whole < 0.01:
        return
    yield Finding(
        "profile.truncated_stacks",
        Verdict.LIKELY if cut / whole > 0.1 else Verdict.POSSIBLE,
        Severity.MEDIUM,
        f"{human_count(cut)} of {human_count(whole)} stacks are cut"
        + (f" at {limit} calls" if limit else ""),
        "Their outermost calls are missing, so they hang at the wrong place of the tree: totals of "
        "callers are too small, and the graph has several roots. Deep recursion fills stacks up.",
        {},
        _DEEPER.get(recording.producer, "record with a larger stack depth"),
    )


@rule("profile.too_few_samples")
def too_few_samples(profile: Profile) -> Iterator[Finding]:
    """Too few moments to tell small functions apart."""
    if profile.recording.mode not in ("cpu", "wall", ""):
        return  # its rows are no samples of time
    count = counted_samples(profile.data, profile.data.default)
    if count >= _FEW_SAMPLES:
        return
    yield Finding(
        "profile.too_few_samples",
        Verdict.POSSIBLE,
        Severity.MEDIUM if count < 100 else Severity.LOW,
        f"Only {human_count(count)} samples",
        f"A function that was seen in 10 % of them may have taken anything between "
        f"{100 * share(0.1, count).low:.0f} and {100 * share(0.1, count).high:.0f} % (95 % "
        "confidence). Differences of a few percent between two such profiles mean nothing.",
        {},
        "record for longer, under load: 30 s at 99 Hz gives some 3,000 samples a busy core",
    )


@rule("profile.idle")
def idle(profile: Profile) -> Iterator[Finding]:
    """Most of the recorded time nothing ran."""
    waiting = roles.matching(profile.data, roles.IDLE)
    found = share_in(profile, roles.share_of(profile.measures, waiting, innermost=True))
    if found.low < 0.5:
        return
    yield Finding(
        "profile.idle",
        Verdict.POSSIBLE,
        Severity.LOW,
        f"{100 * found.value:.0f} % of {what(profile)} is waiting",
        f"{measured(profile, found)} Threads that wait for work look like this and are fine; "
        "threads that wait for a database or for each other look alike. If requests are slow while "
        "nothing runs, the answer is off the CPU: in locks, in the network, in other services.",
        {"functions": heaviest(profile, waiting)},
        "profile.ignore(r'^\\(idle\\)$|wait|sleep|poll|park') leaves what runs",
    )


@rule("profile.risky_collection")
def risky_collection(profile: Profile) -> Iterator[Finding]:
    """Tell that the way it was recorded disturbs what it measures."""
    recording = profile.recording
    if recording.mode == "instrumented":
        title = "Recorded by instrumenting every call"
        why = (
            "A program runs 10 to 100 times slower like this, small functions above all, so shares "
            "of time are distorted, and in production it would turn a performance problem into an "
            "outage. Counts of calls are exact."
        )
    elif recording.mode in ("cpu", "wall") and 0 < (recording.interval_ns or 0) < 900_000:
        hertz = 1e9 / recording.interval_ns
        title = f"Recorded at {human_count(round(hertz))} samples a second"
        why = (
            "The usual 50 to 100 a second cost about 1 % of the machine; each sample stops the "
            "thread, so the cost grows with the rate."
        )
    else:
        return
    yield Finding(
        "profile.risky_collection",
        Verdict.POSSIBLE,
        Severity.LOW,
        title,
        why,
        {},
        "in production: a sampling profiler at 99 Hz (perf -F 99, asprof -i 10ms, py-spy -r 100)",
    )


def _symbols_for(modules: str) -> str:
    if any(word in modules for word in ("anon", "JIT", "jit", ".map", "no known")) or not modules:
        return (
            "Code that a runtime compiled has no symbols on disk: node --perf-basic-prof, java "
            "-XX:+PreserveFramePointer with a perf map, python -X perf."
        )
    return (
        "Install the debug symbols of these (packages ...-dbgsym, debuginfod), build without "
        "stripping, and keep frame pointers or record with --call-graph dwarf."
    )


RULES: tuple[Rule, ...] = (
    unsymbolised,
    truncated_stacks,
    too_few_samples,
    idle,
    risky_collection,
)
