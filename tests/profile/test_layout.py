"""A flame graph's bars stand where a slow, obvious drawing puts them."""

from collections import Counter
from itertools import groupby

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodforensics.errors import BadOption
from prodforensics.profile.layout import ORDERS, Layout, layout, layout_tree
from prodforensics.profile.names import function_names
from tests.profile.random_profiles import profiles, rows
from tests.profile.tiny import profile


def bars(laid: Layout) -> list[tuple]:
    """Return (row, x0, x1, name) of each bar."""
    names = laid.names[laid.function]
    columns = (laid.row, laid.x0, laid.x1)
    return list(zip(*(column.tolist() for column in columns), names, strict=True))


def drawn(one, **options) -> list[tuple]:
    return bars(layout(one.data, one.measures, **options))


def slow(one, order, thread, inverted):
    """Draw by recursion over lists of (stack of functions, value)."""
    place = {
        key: at
        for at, key in enumerate(
            zip(*(getattr(one.data.functions, k) for k in ("name", "file", "module")), strict=True)
        )
    }
    names = function_names(one.data)
    given = rows(one)
    if thread is not None:
        given = [row for row, t in zip(given, one.data.samples.thread, strict=True) if t == thread]
    if order == "time":
        turns = dict(zip([r.thread for r in rows(one)], one.data.samples.thread, strict=True))
        given.sort(key=lambda row: (turns[row.thread], row.time))
    samples = [
        (
            [place[f.function] for f in row.stack][:: -1 if inverted else 1],
            row.values[0],
            row.thread,
        )
        for row in given
        if row.values[0]
    ]
    found = []

    def draw(samples, x, depth):
        if order == "time":
            groups = groupby(
                samples, key=lambda s: (s[0][depth] if len(s[0]) > depth else -1, s[2])
            )
            groups = [(key[0], list(some)) for key, some in groups]
        else:
            keys = {s[0][depth] for s in samples if len(s[0]) > depth}
            groups = [(k, [s for s in samples if s[0][depth : depth + 1] == [k]]) for k in keys]
            weigh = {k: sum(s[1] for s in some) for k, some in groups}
            groups.sort(key=lambda g: names[g[0]] if order == "alphabetical" else -weigh[g[0]])
        for key, some in groups:
            width = sum(s[1] for s in some)
            if key >= 0:
                found.append((depth, x, x + width, names[key]))
                draw(some, x, depth + 1)
            x += width

    draw(samples, 0, 0)
    return found


@given(profiles(), st.sampled_from(ORDERS), st.sampled_from([None, 0, 1]), st.booleans())
def test_bars_are_where_a_slow_drawing_puts_them(one, order, thread, inverted):
    fast = drawn(one, order=order, thread=thread, inverted=inverted)
    expected = slow(one, order, thread, inverted)
    if order == "time":
        assert fast == sorted(expected, key=lambda bar: bar[:2])
    else:  # bars of equal weight or name may change places
        widths = [
            Counter((d, x1 - x0, name) for d, x0, x1, name in some) for some in (fast, expected)
        ]
        assert widths[0] == widths[1]
        assert fast == sorted(fast, key=lambda bar: bar[:2])


@given(profiles(), st.sampled_from(ORDERS), st.booleans())
def test_every_bar_lies_within_one_of_the_row_above(one, order, inverted):
    laid = layout(one.data, one.measures, order=order, inverted=inverted)
    assert laid.rows[-1] == len(laid)
    assert (laid.x1 > laid.x0).all()
    for d in range(len(laid.rows) - 1):
        here = slice(laid.rows[d], laid.rows[d + 1])
        assert (laid.x0[here][1:] >= laid.x1[here][:-1]).all()
        if d:
            above = slice(laid.rows[d - 1], laid.rows[d])
            at = np.searchsorted(laid.x1[above], laid.x0[here], side="right")
            assert (laid.x0[above][at] <= laid.x0[here]).all()
            assert (laid.x1[above][at] >= laid.x1[here]).all()


def test_the_widest_bar_stands_left():
    one = profile(("main;b", 1), ("main;a", 3), ("idle", 9), ("", 2))
    assert drawn(one) == [
        (0, 0, 9, "idle"), (0, 9, 13, "main"), (1, 9, 12, "a"), (1, 12, 13, "b"),
    ]  # fmt: skip
    assert layout(one.data, one.measures).total == 15


def test_bars_may_stand_in_the_order_of_their_names():
    one = profile(("main;b", 3), ("main;a", 1))
    assert drawn(one, order="alphabetical")[1:] == [(1, 0, 1, "a"), (1, 1, 4, "b")]


def test_in_order_of_time_only_neighbours_are_joined():
    one = profile(("main;a", 1), ("main;b", 1), ("main;a", 2), ("main;a", 4), time=[0, 1, 3, 2])
    assert drawn(one, order="time") == [
        (0, 0, 8, "main"), (1, 0, 1, "a"), (1, 1, 2, "b"), (1, 2, 8, "a"),
    ]  # fmt: skip


def test_samples_of_two_threads_are_not_joined():
    one = profile(("main", 1), ("main", 1), ("main", 1), time=[0, 1, 2], threads=["x", "y", "x"])
    assert drawn(one, order="time") == [(0, 0, 2, "main"), (0, 2, 3, "main")]
    assert drawn(one, order="time", thread=1) == [(0, 0, 1, "main")]


def test_a_sample_that_is_worth_nothing_does_not_join_two_threads():
    one = profile(("m", 1), ("m", 0), ("m", 1), time=[0, 0, 1], threads=["x", "y", "y"])
    assert drawn(one, order="time") == [(0, 0, 1, "m"), (0, 1, 2, "m")]


def test_order_of_time_needs_times():
    with pytest.raises(BadOption, match="no times"):
        drawn(profile(("main", 1)), order="time")
    with pytest.raises(BadOption, match="left-heavy"):
        drawn(profile(("main", 1)), order="heavy")


def test_values_beyond_32_bits_are_scaled():
    one = profile(("main;a", 2**40), ("main;b", 2**41), ("main;c", 1), ("main;d", 1))
    laid = layout(one.data, one.measures)
    assert [bar[3] for bar in bars(laid)] == ["main", "b", "a", "d"]  # no width is left for c
    widths = (laid.x1 - laid.x0) * laid.scale
    assert widths[:3] == pytest.approx([3 * 2**40, 2**41, 2**40], rel=1e-8)


def test_bars_under_a_share_are_left_out():
    one = profile(("main;a;x", 1), ("main;b", 99), ("idle;c;d;e", 1))
    laid = layout(one.data, one.measures).wider_than(0.02)
    assert bars(laid) == [(0, 0, 100, "main"), (1, 0, 99, "b")]
    assert laid.total == 101


def test_a_tree_with_losses_is_drawn_by_what_is_left():
    names = np.array(["main", "a", "b"], object)
    laid = layout_tree(np.array([-1, 0, 0], np.int32), np.arange(3, dtype=np.int32),
                       np.array([1, -5, 2]), names)  # fmt: skip
    assert bars(laid) == [(0, 0, 3, "main"), (1, 0, 2, "b")]


def test_fractions_are_laid_out_too():
    names = np.array(["main", "a"], object)
    laid = layout_tree(np.array([-1, 0], np.int32), np.arange(2, dtype=np.int32),
                       np.array([0.25, 0.5]), names)  # fmt: skip
    assert (laid.x1 - laid.x0) * laid.scale == pytest.approx([0.75, 0.5])


def test_a_profile_without_samples_has_no_bars():
    laid = layout(profile().data, profile().measures)
    assert (len(laid), laid.total, laid.rows.tolist()) == (0, 0, [0])
