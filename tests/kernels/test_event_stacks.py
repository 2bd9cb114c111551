"""Stacks between events, checked with a list of what is open."""

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodforensics.kernels.event_stacks import stacks_between

EVENTS = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 6), st.booleans(), st.integers(-1, 3)), max_size=40
)


def run(events):
    """Return (thread, time, length, stack) of each stretch, and the two counts."""
    columns = list(zip(*events, strict=True)) if events else [()] * 4
    thread, time, opens, name = (np.array(column) for column in columns)
    parent, item, event, node, length, *counts = stacks_between(
        thread.astype(np.int32),
        time.astype(np.int64),
        opens.astype(bool),
        name.astype(np.int32),
        np.maximum(name, 0).astype(np.int32),
    )
    assert (parent < np.arange(len(parent))).all()

    def stack(v):
        return (*stack(parent[v]), int(item[v])) if v >= 0 else ()

    rows = zip(event.tolist(), length.tolist(), node.tolist(), strict=True)
    return [(int(thread[e]), int(time[e]), n, stack(v)) for e, n, v in rows], counts


def slowly(events):
    found, unopened, unclosed = [], 0, 0
    by_thread = defaultdict(list)
    for thread, time, opens, name in events:
        by_thread[thread].append((time, opens, name))
    for thread, rows in by_thread.items():
        stack, forgiven = [], {}
        for place, (time, opens, name) in enumerate(rows):
            if opens:
                stack.append(name)
            elif name < 0 and stack:
                stack.pop()
            elif name in stack:
                inside = stack[::-1].index(name)
                if inside:
                    forgiven = {time: inside}
                del stack[len(stack) - 1 - inside :]
            elif forgiven.get(time):
                forgiven[time] -= 1
            else:
                unopened += 1
            if place + 1 == len(rows):
                unclosed += len(stack)
            elif stack and rows[place + 1][0] > time:
                length = rows[place + 1][0] - time
                found.append((thread, time, length, tuple(max(one, 0) for one in stack)))
    return found, [unopened, unclosed]


@given(EVENTS)
def test_it_does_what_a_list_does(events):
    events.sort(key=lambda event: event[:2])
    assert run(events) == slowly(events)


def test_deep_stacks_and_many_different_ones():
    down = [(0, 2 * k, True, k) for k in range(400)]
    up = [(0, 800 + k, False, 399 - k) for k in range(400)]
    assert run(down + up) == slowly(down + up)


@pytest.mark.parametrize("events", [[], [(0, 1, True, 1)], [(0, 1, False, 1)]])
def test_nothing_lasts_in_a_single_event(events):
    assert run(events)[0] == []
