"""Findings of a comparison: which growth is a leak, and how to mend it.

When growth is a likely leak
----------------------------
A program that warms up grows too: its caches fill. What tells a leak from them:

- Of two snapshots, that the holder was not empty, or nearly so, in the first. It is growing, not
  being filled, where it held at least a tenth of what it has gained since; and it keeps what it
  holds: at least half of the old items are still there. Otherwise the growth is *possible*, and
  a third snapshot settles it.
- Of three and more, that it grows in every step, and not ever more slowly: the last step is at
  least a quarter of the mean step. What has stopped growing is *cleared*.

Smaller growth than `prodforensics.heap.growth` counts is passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from prodforensics.display.tables import human_bytes, human_count, plain
from prodforensics.findings import Finding, Rule, Severity, Verdict, rule
from prodforensics.heap.growth import LEAST_ITEMS, PLAIN_BYTES, GrowthPoint

if TYPE_CHECKING:
    from prodforensics.heap.compare import HeapComparison
    from prodforensics.heap.patterns import Recognised

__all__ = ["RULES", "judge"]

_HELD_BEFORE = 10
"""A likely leak held at least 1/10 of its gain in the first of two snapshots."""
_SLOWING = 4
"""A likely leak's last step is at least 1/4 of the mean step."""
_SETTLED = 20
"""What gained less than 1/20 of its gain in the last step has filled up."""
_LARGE_BYTES = 2**20
_LARGE_SHARE = 0.1
_SHOWN = 50
_DETACHED = " They hold DOM elements that were taken out of the page, which cannot be freed either."
_NAME = 80


def judge(point: GrowthPoint) -> tuple[Verdict, str]:
    """Decide whether a growth point is a leak, and say why.

    Parameters
    ----------
    point : GrowthPoint

    Returns
    -------
    verdict : Verdict
    reason : str
        One sentence or two.
    """
    counts, gain = point.counts, point.gain
    gone = counts[0] - point.kept
    steps = [after - before for before, after in pairwise(counts)]
    if 2 * gone > counts[0]:
        return Verdict.POSSIBLE, (
            f"Of the {human_count(counts[0])} that it held first, {human_count(gone)} are gone: it "
            "does let go, so this may be a busier moment rather than a leak."
        )
    if len(steps) > 1:
        if steps[-1] * _SETTLED <= gain:
            return Verdict.CLEARED, (
                "It has stopped growing: it filled up once, as caches do, and stays as it is "
                "(provided that the same load went on until the last snapshot)."
            )
        if min(steps) > 0 and steps[-1] * _SLOWING * len(steps) >= gain:
            return Verdict.LIKELY, "It grew between every two snapshots, and does not slow down."
        return Verdict.POSSIBLE, "It did not grow steadily: it may be filling up."
    if point.item == PLAIN_BYTES:
        return Verdict.POSSIBLE, (
            "An array takes room in advance, so two snapshots cannot tell whether it goes on."
        )
    if gain < LEAST_ITEMS:
        return Verdict.POSSIBLE, "They are few, but large; two snapshots cannot tell a trend."
    if counts[0] * _HELD_BEFORE < gain:
        return Verdict.POSSIBLE, (
            f"It held {'none' if not counts[0] else 'only ' + human_count(counts[0])} in the first "
            "snapshot, so it may be a cache that fills once while the program warms up."
        )
    return Verdict.LIKELY, (
        f"It held {human_count(counts[0])} before and has let go of "
        f"{human_count(gone) if gone else 'none'}: it keeps growing, it is not being filled once."
    )


@dataclass(frozen=True)
class _Words:
    """What one pattern says: its title, how such growth comes about, and the cure."""

    title: str
    cause: str
    cure: str


def _leaks(
    comparison: HeapComparison, pattern: str, words: Callable[[Recognised, str], _Words]
) -> Iterator[Finding]:
    for number, one in enumerate(comparison.points):
        if one.pattern != pattern:
            continue
        point = one.point
        verdict, reason = judge(point)
        said = words(one, human_count(max(point.gain, 0)))
        classes, is_new = comparison.classes, comparison.changed[1]
        keys = {classes.key[classes.class_index[-1][item]] for item in point.items[:1]}
        cure = said.cure + (f" The code: {plain(one.location, _NAME)}" if one.location else "")
        yield Finding(
            f"heap.leak.{pattern}",
            verdict,
            _severity(comparison, point, verdict),
            f"{said.title}{_spread(point)} ({human_bytes(point.growth, signed=True)})",
            f"{_held(one)} {_cause(verdict, said.cause)}{reason}",
            {
                "growth_points": [number],
                "constructors": sorted(keys),
                "added": [int(item) for item in point.items[:_SHOWN] if is_new[item]],
            },
            _next_step(verdict, cure),
        )


def _held(one: Recognised) -> str:
    """Say who holds what, since when, how much it is, and through which path."""
    point = one.point
    counts = " → ".join(human_count(count) for count in point.counts)
    several = f", one of {human_count(point.spread)}," if point.spread > 1 else ""
    each = point.growth // point.gain if point.gain > 0 else 0
    each = 0 if point.item == PLAIN_BYTES else each
    weight = f", about {human_bytes(each)} for each" if each > 0 else ""
    also = f" The same objects are held by {plain(', '.join(one.also), 200)}." if one.also else ""
    name, item = plain(one.holder_name, _NAME), plain(one.item, _NAME)
    return (
        f"{name} @{one.holder_id}{several} holds {item}: {counts} from the first snapshot to the "
        f"last, and retains "
        f"{human_bytes(point.growth, signed=True)}{weight}. Reached through "
        f"{plain(one.path, 400)}.{also}"
    )


def _spread(point: GrowthPoint) -> str:
    return f", spread over {human_count(point.spread)}" if point.spread > 1 else ""


def _cause(verdict: Verdict, cause: str) -> str:
    if verdict is Verdict.CLEARED:
        return ""
    return f"{cause} " if verdict is Verdict.LIKELY else f"If it is a leak: {cause} "


def _severity(comparison: HeapComparison, point: GrowthPoint, verdict: Verdict) -> Severity:
    if verdict is Verdict.CLEARED:
        return Severity.LOW
    sizes = [graph.total_size for graph in comparison.graphs]
    large = point.growth >= min(_LARGE_BYTES, _LARGE_SHARE * max(sizes[-1] - sizes[0], 0))
    if verdict is Verdict.LIKELY:
        return Severity.HIGH if large else Severity.MEDIUM
    return Severity.MEDIUM if large else Severity.LOW


def _next_step(verdict: Verdict, cure: str) -> str:
    if verdict is Verdict.LIKELY:
        return cure
    if verdict is Verdict.CLEARED:
        return "Nothing to do, as long as what it is filled with is finite."
    return (
        "Record one more snapshot after the same work again and compare all: "
        f"pf.compare(first, second, third). If it has grown again: {cure}"
    )


def _where(one: Recognised) -> str:
    """Name the holder: its variable, else its class."""
    return plain(one.variable or one.holder_name, _NAME)


def _captured(one: Recognised) -> str:
    names = one.details.get("captured")
    return f" Each keeps alive what it uses from outside: {plain(names, _NAME)}." if names else ""


@rule("heap.leak.event_listener")
def event_listener(comparison: HeapComparison) -> Iterator[Finding]:
    """Name emitters whose listeners pile up."""

    def words(one: Recognised, gain: str) -> _Words:
        event, emitter, function = (
            plain(one.details.get(name, ""), _NAME) for name in ("event", "emitter", "function")
        )
        called = function.removesuffix("()") or "listener"
        return _Words(
            f"{gain} more listeners for {event!r} on {emitter}"
            if event
            else f"{gain} more listeners on {emitter}",
            f"The listeners {function or 'of this event'} are added again and again and never "
            f"removed, so the emitter, which lives on, keeps all of them.{_captured(one)}",
            f"Remove the listener when its owner is done: off({event!r}, {called}); or add it with "
            "once(), or with an AbortSignal, or once for all outside the request.",
        )

    yield from _leaks(comparison, "event_listener", words)


@rule("heap.leak.unbounded_cache")
def unbounded_cache(comparison: HeapComparison) -> Iterator[Finding]:
    """Name Maps, Sets and dictionaries that only grow."""

    def words(one: Recognised, gain: str) -> _Words:
        collection = one.details["collection"]
        return _Words(
            f"{_where(one)} ({collection}) holds {gain} more {plain(one.item, _NAME)}",
            "Entries are put in and never taken out: a cache or registry without a limit.",
            "Give it a limit: drop the least recently used entry beyond a maximum size, let "
            "entries expire, or delete the entry when what it is for ends. If the key is an "
            "object, a WeakMap lets go by itself.",
        )

    yield from _leaks(comparison, "unbounded_cache", words)


@rule("heap.leak.closure")
def closure(comparison: HeapComparison) -> Iterator[Finding]:
    """Name collections of functions that pile up, and what the functions capture."""

    def words(one: Recognised, gain: str) -> _Words:
        function = plain(one.details["function"], _NAME)
        return _Words(
            f"{_where(one)} holds {gain} more functions {function}",
            f"A function keeps alive the variables that it was made among, for as long as it is "
            f"kept itself.{_captured(one)}",
            "Take the function out of the collection once it was called or is not needed any "
            "more; let it capture the few values it needs (an id, not the whole object).",
        )

    yield from _leaks(comparison, "closure", words)


@rule("heap.leak.timer")
def timer(comparison: HeapComparison) -> Iterator[Finding]:
    """Name timers that are never cleared."""

    def words(one: Recognised, gain: str) -> _Words:
        function, maker = plain(one.details["function"], _NAME), one.details["maker"]
        clear = maker.replace("set", "clear")
        what = "intervals" if maker == "setInterval" else "timeouts"
        return _Words(
            f"{gain} more {what} run {function}",
            "Node.js keeps every timer until it has run or is cleared, and with it its function; "
            f"{maker}() was called for each of them and {clear}() was not.{_captured(one)}",
            f"Keep what {maker}() returns and call {clear}() when its owner ends (on 'close', in "
            "finally); or use one timer for all.",
        )

    yield from _leaks(comparison, "timer", words)


@rule("heap.leak.stream_backpressure")
def stream_backpressure(comparison: HeapComparison) -> Iterator[Finding]:
    """Name streams whose buffer fills faster than it drains."""

    def words(one: Recognised, gain: str) -> _Words:
        stream = plain(one.details["stream"], _NAME)
        if one.details["side"] == "readable":
            return _Words(
                f"{stream} buffers {gain} more chunks that nobody reads",
                "Data is pushed into the stream faster than it is consumed, or its consumer has "
                "stopped.",
                "Stop pushing when push() returns false, until _read() is called; consume the "
                "stream with pipeline() or destroy() it when nobody wants it.",
            )
        return _Words(
            f"{stream} buffers {gain} more chunks that are waiting to be written",
            "Whoever writes goes on although write() has returned false: the destination is "
            "slower, or does not take anything any more, and every chunk waits in memory.",
            "Stop writing when write() returns false and go on at 'drain', or let pipeline() do "
            "it; give the destination a time limit and destroy() the stream when it is stuck.",
        )

    yield from _leaks(comparison, "stream_backpressure", words)


@rule("heap.leak.pending_promise")
def pending_promise(comparison: HeapComparison) -> Iterator[Finding]:
    """Name promises that are waited for more and more and never settle."""

    def words(one: Recognised, gain: str) -> _Words:
        function = plain(one.details["function"], _NAME)
        what = f"calls of {function} wait" if function else "callbacks wait"
        return _Words(
            f"{gain} more {what} for the promise {_where(one)}",
            "The promise neither resolves nor rejects. Everything that awaits it stays suspended, "
            "with all its variables.",
            "See why it does not settle, and bound the wait: reject it on failure and after a "
            "time limit (AbortSignal.timeout(), or a timer that is cleared). Promise.race() adds "
            "to a long-lived promise at every call.",
        )

    yield from _leaks(comparison, "pending_promise", words)


@rule("heap.leak.global")
def global_variable(comparison: HeapComparison) -> Iterator[Finding]:
    """Name global variables that hold more and more."""

    def words(one: Recognised, gain: str) -> _Words:
        name, item = plain(one.details["variable"], _NAME), plain(one.item, _NAME)
        if not name:
            return _Words(
                f"The global object has {gain} more properties that hold {item}",
                "Each is a global variable of its own and lives as long as the process.",
                "Keep them in an object that goes away with the request, or in one with a limit.",
            )
        return _Words(
            f"The global variable {name} holds {gain} more {item}",
            "What a global variable holds lives as long as the process; often a declaration "
            "without const or let made it global by mistake.",
            f"Declare {name} (const, let; 'use strict' reports what is not declared) in the "
            "scope of the request, or empty it when its content has been used.",
        )

    yield from _leaks(comparison, "global", words)


@rule("heap.leak.growing_collection")
def growing_collection(comparison: HeapComparison) -> Iterator[Finding]:
    """Name other objects that hold more and more."""

    def words(one: Recognised, gain: str) -> _Words:
        return _Words(
            f"{_where(one)} holds {gain} more {plain(one.item, _NAME)}",
            f"They are added and never removed.{_DETACHED if 'detached' in one.details else ''}",
            "Remove each when it is done with, keep only the last ones, or keep the collection "
            "with the request instead of the process.",
        )

    yield from _leaks(comparison, "growing_collection", words)


@rule("heap.snapshots_out_of_order")
def snapshots_out_of_order(comparison: HeapComparison) -> Iterator[Finding]:
    """Say that an earlier snapshot was given after a later one."""
    if comparison.in_order or not comparison.related:
        return
    yield Finding(
        "heap.snapshots_out_of_order",
        Verdict.POSSIBLE,
        Severity.HIGH,
        "The snapshots are not in the order in which they were recorded",
        "Ids of objects rise while a process runs, and an earlier one of these snapshots has "
        "higher ids than a later one. What seems to have gone was made, and the other way round; "
        "leaks cannot be told.",
        next_step="Give the snapshots oldest first: pf.compare(oldest, ..., newest)",
    )


@rule("heap.unrelated_snapshots")
def unrelated_snapshots(comparison: HeapComparison) -> Iterator[Finding]:
    """Say that the snapshots are of different processes."""
    if comparison.related:
        return
    share = min(match.share for match in comparison.matches)
    yield Finding(
        "heap.unrelated_snapshots",
        Verdict.POSSIBLE,
        Severity.HIGH,
        "The snapshots are of different processes",
        f"Only {share:.0%} of the objects that have the same id in both have the same name too; in "
        "one process all have. Every object therefore counts as added or removed. Counts and "
        "sizes of classes can be compared; which objects are new, and who holds them, cannot be "
        "told.",
        {"constructors": list(comparison.frames["constructors"].index[:10])},
        "Record two snapshots of the same process, without a restart between them; to compare "
        "two processes, sort frames['constructors'] by size_delta_bytes",
    )


RULES: tuple[Rule, ...] = (
    event_listener,
    unbounded_cache,
    closure,
    timer,
    stream_backpressure,
    global_variable,
    pending_promise,
    growing_collection,
    snapshots_out_of_order,
    unrelated_snapshots,
)
"""The rules of a comparison, in order."""
