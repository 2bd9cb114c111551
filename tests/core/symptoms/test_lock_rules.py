"""Deadlocks and crowds behind one lock, and what is none."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

import prodforensics as pf
from prodforensics import samples
from prodforensics.core import schemas
from prodforensics.core.deadlocks import cycles
from prodforensics.core.symptoms.lock_rules import RULES
from prodforensics.findings import Severity, Verdict, run


def made(waits, states, stacks=None):
    """A core with these waits ``(thread, kind, lock, held_by)`` and states of its threads."""
    rows = [
        (one, 100 + one, 1, kind, lock, name, held, held and 100 + held, False)
        for one, kind, lock, name, held in waits
    ]
    frames = [
        (
            "gdb", 100, thread, 100 + thread, "", states[thread - 1], False, index, "native",
            function, "", -1, -1, "/srv/till", "", 1, -1, "", None, "complete", "matched",
        )
        for thread, functions in (stacks or {}).items()
        for index, function in enumerate(functions)
    ]  # fmt: skip
    table = schemas.WAITS.frame(rows)
    for cycle in cycles(table):
        table.loc[list(cycle.rows), "in_cycle"] = True
    threads = tuple(
        SimpleNamespace(thread_id=place + 1, os_tid=101 + place, state=state, system_call="read")
        for place, state in enumerate(states)
    )
    return SimpleNamespace(
        title="a core",
        frames={"waits": table, "frames": schemas.STACK_FRAMES.frame(frames)},
        image=SimpleNamespace(threads=threads),
    )


def crowd(first, last, held_by, kind="mutex", lock=64):
    return [(one, kind, lock, "stock_lock", held_by) for one in range(first, last + 1)]


def findings(waits, states, stacks=None):
    return list(run(RULES, made(waits, states, stacks)))


def test_a_circle_of_threads_is_told_step_by_step():
    waits = [(1, "mutex", 64, "a", 2), (2, "mutex", 80, "b", 1), (3, "mutex", 64, "a", 2)]
    (found,) = findings(waits, ["lock"] * 3, {1: ["__lll_lock_wait", "sell"], 2: ["buy"]})
    assert (found.rule, found.verdict, found.severity) == (
        "core.deadlock", Verdict.LIKELY, Severity.HIGH,
    )  # fmt: skip
    assert found.title == "Deadlock: 2 threads wait for one another; 1 more waits behind them"
    assert found.why.startswith(
        "Thread 1 (sell) waits for mutex a, which thread 2 holds; "
        "thread 2 (buy) waits for mutex b, which thread 1 holds. "
    )
    assert dict(found.rows) == {"waits": (0, 1), "threads": (1, 2)}


def test_a_thread_that_waits_for_itself_has_a_sentence_of_its_own():
    (found,) = findings([(1, "mutex", 64, "a", 1)], ["lock"])
    assert found.title == "Deadlock: thread 1 waits for a lock that it holds itself"


def test_a_thread_that_waits_for_the_end_of_one_that_waits_for_it_is_a_circle():
    waits = [(1, "join", 64, "thread 2", 2), (2, "mutex", 80, "", 1)]
    (found,) = findings(waits, ["lock"] * 2)
    assert "waits for the end of thread 2, which thread 2 holds" not in found.why
    assert "waits for the end of thread 2; thread 2 waits for a mutex at 0x50" in found.why


@pytest.mark.parametrize("state", ["sleep", "io", "waiting"])
def test_a_crowd_whose_holder_does_nothing_is_likely(state):
    (found,) = findings(
        crowd(2, 10, 1), [state] + ["lock"] * 9, {1: ["clock_nanosleep", "slow_disk", "flush"]}
    )
    assert (found.rule, found.verdict) == ("core.lock_convoy", Verdict.LIKELY)
    assert found.title == "9 of 10 threads wait for mutex stock_lock, held by thread 1"
    assert "in slow_disk, called by flush:" in found.why
    assert found.rows["threads"][0] == 1
    assert found.next_step == "core.backtrace(1, full=True)"


@pytest.mark.parametrize("held_by", [1, None])
def test_a_crowd_whose_holder_works_or_is_unknown_is_possible(held_by):
    (found,) = findings(crowd(2, 10, held_by), ["running"] + ["lock"] * 9)
    assert found.verdict is Verdict.POSSIBLE


def test_a_holder_that_waits_for_another_that_sleeps_is_told_to_the_end():
    waits = [*crowd(3, 11, 2), (2, "mutex", 128, "disk_lock", 1)]
    (found,) = findings(waits, ["io"] + ["lock"] * 10)
    assert found.verdict is Verdict.LIKELY
    assert "in the end for thread 1" in found.why


def test_a_crowd_behind_a_deadlock_is_told_with_it_alone():
    waits = [(1, "mutex", 64, "a", 2), (2, "mutex", 80, "b", 1), *crowd(3, 14, 2)]
    (found,) = findings(waits, ["lock"] * 14)
    assert found.rule == "core.deadlock"
    assert "12 more wait behind them" in found.title


def test_the_lock_of_an_interpreter_is_named():
    (found,) = findings(crowd(2, 10, 1, kind="gil"), ["running"] + ["lock"] * 9)
    assert "the interpreter's lock (GIL)" in found.title


@pytest.mark.parametrize("kind", ["condition", "semaphore", "join", "park", "idle", "futex"])
def test_threads_that_wait_for_work_are_no_crowd(kind):
    assert findings(crowd(2, 40, None, kind=kind), ["running"] + ["lock"] * 39) == []


def test_a_few_threads_or_the_smaller_part_are_no_crowd():
    assert findings(crowd(2, 8, 1), ["sleep"] + ["lock"] * 7) == []
    assert findings(crowd(2, 10, 1), ["sleep"] * 30) == []


def test_names_of_the_evidence_are_made_harmless():
    waits = [(1, "mutex", 64, "\x1b[31mred\n", 2), (2, "mutex", 80, "b", 1)]
    (found,) = findings(waits, ["lock"] * 2)
    assert "\x1b" not in found.why


SAMPLES = ("deadlock", "lock_convoy", "healthy", "null", "go_quit", "python_healthy")


@pytest.fixture(scope="module", params=SAMPLES)
def sample(request, tmp_path_factory):
    name = f"core/{request.param}.core.zst"
    found = samples.files(name, tmp_path_factory.mktemp(request.param))
    debug = [found["debug"]] if "debug" in found else []
    core = pf.load(found["artifact"], executable=found.get("executable"), debug_dirs=debug)
    return samples.truth(name), list(run(RULES, core))


def test_samples_have_the_findings_that_are_known(sample):
    truth, found = sample
    expected = [one for one in truth["rules"] if one in ("core.deadlock", "core.lock_convoy")]
    assert [one.rule for one in found] == expected
    for one in found:
        assert one.verdict is Verdict.LIKELY
        assert truth["lock"] in one.why
        assert truth.get("holder", "") in one.why
