"""Findings on locks: threads that wait for one another, and crowds behind one lock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from prodforensics._text import plain
from prodforensics.core.deadlocks import Cycle, cycles
from prodforensics.core.symptoms.threads_at_work import doing, function_of, root_of
from prodforensics.display.tables import human_count
from prodforensics.findings import Finding, Rule, Severity, Verdict, rule

if TYPE_CHECKING:
    import pandas as pd

    from prodforensics.core.model import CoreDump

__all__ = ["RULES"]

_CROWD = 8
"""Waiters of one lock below this are everyday."""
_CROWD_SHARE = 0.5
"""Of all threads: what waits for one lock holds the process up as a whole."""
_LOCKS = ("mutex", "rwlock", "monitor", "rlock", "stdio", "lock", "gil")
"""Kinds that exclude others; who waits for a condition or a thread waits for work."""
_BLOCKED = ("sleep", "io", "waiting")
"""States in which a thread does nothing for those who wait for its lock."""
_TOLD = 6
_SHOWN = 50
_NAME = 60


@rule("core.deadlock")
def deadlock(core: CoreDump) -> Iterator[Finding]:
    """Find threads that wait for one another, and locks whose holder is gone."""
    waits = core.frames["waits"]
    for cycle in cycles(waits):
        yield _cycle(core, waits, cycle)
    yield from _abandoned(core, waits)


def _cycle(core: CoreDump, waits: pd.DataFrame, cycle: Cycle) -> Finding:
    rows = waits.loc[list(cycle.rows)]
    first = cycle.threads[0]
    crowd = (
        f"; {human_count(cycle.behind)} more {_waits(cycle.behind)} behind them"
        if cycle.behind
        else ""
    )
    steps = [
        f"thread {row.thread_id}{_within(core, row.thread_id)} waits for {_lock(row)}"
        + (f", which thread {row.held_by} holds" if row.kind != "join" else "")
        for row in rows.head(_TOLD).itertuples()
    ]
    if len(rows) > _TOLD:
        steps.append(f"and so on, {len(rows)} threads in all")
    story = "; ".join(steps)
    if len(cycle.threads) == 1:
        title = f"Deadlock: thread {first} waits for a lock that it holds itself{crowd}"
        advice = (
            "It took the lock farther out in the same stack, or in a signal handler's victim. "
            "Let the inner function expect the lock to be held, or make the lock recursive."
        )
    else:
        title = f"Deadlock: {len(cycle.threads)} threads wait for one another{crowd}"
        advice = (
            "None of them can go on. Take these locks in the same order everywhere, or take them "
            "together (std::scoped_lock, a trylock with back-off)."
        )
    return Finding(
        "core.deadlock",
        Verdict.LIKELY,
        Severity.HIGH,
        title,
        f"{story[0].upper()}{story[1:]}. {advice}",
        {"waits": cycle.rows[:_SHOWN], "threads": cycle.threads[:_SHOWN]},
        f"core.backtrace({first}, full=True)",
    )


def _abandoned(core: CoreDump, waits: pd.DataFrame) -> Iterator[Finding]:
    gone = waits[
        waits["kind"].isin(("mutex", "monitor"))
        & waits["held_by"].isna()
        & waits["held_by_tid"].notna()
    ]
    for _, rows in gone.groupby(["lock", "held_by_tid"], sort=False, observed=True):
        row = next(rows.itertuples())
        count = len(rows)
        yield Finding(
            "core.deadlock",
            Verdict.LIKELY,
            Severity.HIGH,
            f"{human_count(count)} {_threads(count)} {_waits(count)} for a lock whose holder is "
            "gone",
            f"{_lock(row)} was taken by a thread with the number {row.held_by_tid}, which is not "
            f"in this process, and nobody else can let it go: thread {row.thread_id}"
            f"{_within(core, row.thread_id)} waits for ever. Either that thread ended while it "
            "held the lock, or this process was forked while a thread of its parent held it.",
            {"waits": rows.index[:_SHOWN], "threads": rows["thread_id"].tolist()[:_SHOWN]},
            f"core.backtrace({row.thread_id}, full=True)",
        )


@rule("core.lock_convoy")
def lock_convoy(core: CoreDump) -> Iterator[Finding]:
    """Find a lock for which most of the process waits while one thread holds it."""
    waits = core.frames["waits"]
    locks = waits[waits["kind"].isin(_LOCKS) & waits["lock"].notna()]
    stuck = _stuck(waits)
    total = len(core.image.threads)
    for _, rows in locks.groupby(["lock", "kind"], sort=False, observed=True):
        count = len(rows)
        if count < _CROWD or count < _CROWD_SHARE * total:
            continue
        row = next(rows.itertuples())
        if row.thread_id in stuck:
            continue
        yield _convoy(core, waits, rows, total)


def _convoy(core: CoreDump, waits: pd.DataFrame, rows: pd.DataFrame, total: int) -> Finding:
    row = next(rows.itertuples())
    count = len(rows)
    holders = rows["held_by"].dropna()
    holder = int(holders.iloc[0]) if len(holders) else None
    verdict, said = Verdict.POSSIBLE, "who holds it is not noted in memory"
    step = f"core.backtrace({row.thread_id})"
    threads: Sequence[int] = rows["thread_id"].tolist()[: _SHOWN - 1]
    if holder is not None:
        root, state, work = root_of(core, waits, holder)
        threads = [holder, *threads]
        step = f"core.backtrace({holder}, full=True)"
        said = f"thread {holder} holds it and {doing(core, holder)}"
        if root != holder:
            said += f", in the end for thread {root}, which {work}"
        if state in _BLOCKED:
            verdict = Verdict.LIKELY
            said += ": it does nothing for them while it keeps the lock"
    name = _lock(row)
    return Finding(
        "core.lock_convoy",
        verdict,
        Severity.HIGH if verdict is Verdict.LIKELY else Severity.MEDIUM,
        f"{human_count(count)} of {human_count(total)} threads wait for {name}"
        + (f", held by thread {holder}" if holder is not None else ""),
        f"{human_count(count)} threads wait for {name}; {said}. {_advice(row.kind, verdict)}",
        {"waits": rows.index[:_SHOWN], "threads": threads},
        step,
    )


def _advice(kind: str, verdict: Verdict) -> str:
    if kind == "gil":
        return (
            "Only one thread of an interpreter runs Python at a time: use processes, or native "
            "code that lets go of the interpreter's lock."
        )
    if verdict is Verdict.LIKELY:
        return "Move what is slow out of the part that holds the lock."
    return (
        "One core is one moment: take a few more; if the same crowd is in each, hold the lock for "
        "less, or split it."
    )


def _stuck(waits: pd.DataFrame) -> set[int]:
    """Return the threads that wait, directly or through others, for a deadlock."""
    known = waits[waits["held_by"].notna()].drop_duplicates("thread_id")
    follow = dict(zip(known["thread_id"].tolist(), known["held_by"].tolist(), strict=True))
    stuck = {thread for cycle in cycles(waits) for thread in cycle.threads}
    free: set[int] = set()
    for start in follow:
        path, at = [], start
        while at in follow and at not in stuck and at not in free:
            path.append(at)
            at = follow[at]
        (stuck if at in stuck else free).update(path)
    return stuck


def _lock(row: object) -> str:
    name = plain(getattr(row, "lock_name", ""), _NAME)
    kind = str(row.kind)  # type: ignore[attr-defined]
    if kind == "join":
        return f"the end of {name}" if name else "the end of a thread"
    if kind == "gil":
        return "the interpreter's lock (GIL)"
    where = f" at {int(row.lock):#x}" if row.lock is not None and row.lock == row.lock else ""  # type: ignore[attr-defined]
    return f"{kind} {name}" if name else f"a {kind}{where}"


def _within(core: CoreDump, thread: int) -> str:
    name = function_of(core, int(thread))
    return f" ({plain(name, _NAME)})" if name else ""


def _threads(count: int) -> str:
    return "thread" if count == 1 else "threads"


def _waits(count: int) -> str:
    return "waits" if count == 1 else "wait"


RULES: tuple[Rule, ...] = (deadlock, lock_convoy)
"""The rules on locks, in order."""
