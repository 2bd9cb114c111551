"""Cycles among threads that wait for one another."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from prodforensics.core import schemas
from prodforensics.core.deadlocks import cycles, find_cycles


def waits(*pairs):
    return schemas.WAITS.frame(
        [(one, 100 + one, 0, "mutex", 64, "", held_by, None, False) for one, held_by in pairs]
    )


def test_two_threads_that_wait_for_each_other_are_a_deadlock():
    (found,) = cycles(waits((1, None), (2, 5), (5, 2)))
    assert found.threads == (2, 5)
    assert found.rows == (1, 2)
    assert found.behind == 0


def test_a_thread_that_waits_for_its_own_lock_is_a_deadlock():
    (found,) = cycles(waits((3, 3)))
    assert found.threads == (3,)


def test_a_cycle_begins_with_its_lowest_thread_and_follows_who_holds():
    (found,) = cycles(waits((9, 4), (4, 7), (7, 9)))
    assert found.threads == (4, 7, 9)


def test_threads_that_wait_for_a_deadlocked_one_through_others_are_counted():
    (found,) = cycles(waits((1, 2), (2, 1), (3, 1), (4, 3), (5, 4), (6, 99)))
    assert found.behind == 3


def test_a_holder_that_runs_is_no_deadlock():
    assert cycles(waits((1, 2), (3, 2), (4, 2))) == ()
    assert cycles(waits()) == ()


def test_two_deadlocks_are_two():
    found = cycles(waits((6, 5), (5, 6), (2, 1), (1, 2), (3, 2)))
    assert [(one.threads, one.behind) for one in found] == [((1, 2), 1), ((5, 6), 0)]


def walked(holders):
    """Follow each thread by hand: the cycles, and how many threads lead into each."""
    rings, leads = {}, {}
    for start in holders:
        path, at = [], start
        while at in holders and at not in path:
            path.append(at)
            at = holders[at]
        if at in path:
            ring = frozenset(path[path.index(at) :])
            rings[ring] = ring
            leads[ring] = leads.get(ring, 0) + 1
    return {(ring, leads[ring] - len(ring)) for ring in rings}


@given(st.dictionaries(st.integers(1, 30), st.integers(1, 30)))
def test_cycles_are_those_of_a_walk_by_hand(holders):
    threads = np.array(list(holders), dtype=np.int64)
    found = find_cycles(threads, np.array(list(holders.values()), dtype=np.int64))
    assert {(frozenset(threads[list(ring)].tolist()), behind) for ring, behind in found} == walked(
        holders
    )
    for ring, _ in found:
        names = threads[list(ring)].tolist()
        assert [holders[one] for one in names] == [*names[1:], names[0]]


def test_the_frame_of_waits_keeps_its_index_labels():
    frame = pd.concat([waits((1, None)), waits((2, 3), (3, 2))], ignore_index=True)
    assert cycles(frame.iloc[1:])[0].rows == (1, 2)
