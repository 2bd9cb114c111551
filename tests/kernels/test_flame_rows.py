"""Frames of a flame graph find their callers and what is their own."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from prodforensics.kernels.flame_rows import BESIDE, DEEPER, PLACED, SHIFTED, lay_out

TREES = st.recursive(
    st.tuples(st.integers(1, 5)), lambda inner: st.tuples(st.integers(0, 5), inner, inner),
    max_leaves=8,
)  # fmt: skip
"""What a node has itself, then its children."""


def width(tree):
    return tree[0] + sum(width(child) for child in tree[1:])


def walk(tree, level=0, left=0, parent=-1, rows=None):
    """List level, left, width, own and parent of every node in the order they are written."""
    rows = [] if rows is None else rows
    mine = len(rows)
    rows.append((level, left, width(tree), tree[0], parent))
    for child in tree[1:]:
        walk(child, level + 1, left, mine, rows)
        left += width(child)
    return rows


def columns(*values):
    return (np.array(column, np.int64) for column in values)


@given(TREES.filter(lambda tree: width(tree) > 0))
def test_both_ways_of_writing_give_the_tree_back(tree):
    rows = [row for row in walk(tree) if row[2] > 0]
    level, left, size, own, _ = zip(*rows, strict=True)
    found = lay_out(np.full(len(rows), PLACED, np.uint8), *columns(level, left, size))
    assert found[1].tolist() == list(own)
    assert all(level[p] == level[k] - 1 for k, p in enumerate(found[0]) if p >= 0)

    form, levels, lefts, sizes = [], [], [], []
    last = (0, 0, 0)
    for now in zip(level, left, size, strict=True):
        if (now[0], now[1]) == (last[0] + 1, last[1]) and form:
            form.append(DEEPER)
        elif (now[0], now[1]) == (last[0], last[1] + last[2]):
            form.append(BESIDE)
        else:
            form.append(SHIFTED)
        levels.append(now[0])
        lefts.append(now[1] - last[1])
        sizes.append(0 if now[2] == last[2] else now[2])
        last = now
    again = lay_out(np.array(form, np.uint8), *columns(levels, lefts, sizes))
    assert again[0].tolist() == found[0].tolist()
    assert again[1].tolist() == list(own)


def test_a_frame_that_sticks_out_of_its_caller_ends_it():
    form = np.full(3, PLACED, np.uint8)
    parent, own = lay_out(form, *columns([0, 1, 1], [0, 0, 5], [10, 5, 6]))
    assert (parent.tolist(), own.tolist()) == ([-1, 0], [5, 5])


def test_a_frame_two_levels_deeper_ends_it():
    form = np.full(2, PLACED, np.uint8)
    assert len(lay_out(form, *columns([0, 2], [0, 0], [10, 5]))[0]) == 1


@given(st.lists(st.tuples(st.integers(0, 3), *[st.integers(-5, 2**62)] * 3), max_size=20))
def test_any_numbers_end_somewhere(rows):
    form, *numbers = zip(*rows, strict=True) if rows else ((), (), (), ())
    parent, own = lay_out(np.array(form, np.uint8), *columns(*numbers))
    assert (own >= 0).all()
    assert all(p < k for k, p in enumerate(parent.tolist()))
