"""Prefix trees hold the stacks they were built from, whatever is taken out or turned around."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from prodforensics.kernels import prefix_tree

STACKS = st.lists(st.lists(st.integers(0, 4), max_size=7), max_size=12)


def tree(stacks, *, leaf_first=False):
    first = np.cumsum([0, *(len(stack) for stack in stacks)])
    items = np.array([item for stack in stacks for item in stack], np.int32)
    return prefix_tree.build(first.astype(np.int64), items, leaf_first)


def walked(parent, item, node):
    """Return the items from the outermost to a node."""
    stack = []
    while node >= 0:
        stack.append(int(item[node]))
        node = parent[node]
    return stack[::-1]


def assert_tree(parent, item):
    """Parents come first, and the children of one are different."""
    assert (parent < np.arange(len(parent))).all()
    assert len(set(zip(parent.tolist(), item.tolist(), strict=True))) == len(parent)


@given(STACKS, st.booleans())
def test_build_keeps_every_stack(stacks, leaf_first):
    parent, item, node = tree(stacks, leaf_first=leaf_first)
    assert_tree(parent, item)
    step = -1 if leaf_first else 1
    assert [walked(parent, item, at) for at in node] == [stack[::step] for stack in stacks]


@given(STACKS, st.sets(st.integers(0, 4)))
def test_merge_takes_items_out(stacks, gone):
    parent, item, node = tree(stacks)
    keep = ~np.isin(item, list(gone))
    new_parent, new_item, place = prefix_tree.merge(parent, item, keep)
    assert_tree(new_parent, new_item)
    for stack, at in zip(stacks, node, strict=True):
        there = place[at] if at >= 0 else -1
        assert walked(new_parent, new_item, there) == [one for one in stack if one not in gone]


@given(STACKS)
def test_reverse_turns_stacks_around(stacks):
    parent, item, node = tree(stacks)
    turned_parent, turned_item, turned = prefix_tree.reverse(parent, item, node)
    assert_tree(turned_parent, turned_item)
    found = [walked(turned_parent, turned_item, at) for at in turned]
    assert found == [stack[::-1] for stack in stacks]


@given(STACKS)
def test_paths_list_nodes_from_the_innermost(stacks):
    parent, item, node = tree(stacks)
    first, steps = prefix_tree.paths(parent, node)
    found = [item[steps[a:b]].tolist() for a, b in pairwise(first)]
    assert found == [stack[::-1] for stack in stacks]


@given(STACKS)
def test_erase_loops_cuts_back_to_the_first_time(stacks):
    parent, item, node = tree(stacks)
    new_parent, new_item, place = prefix_tree.erase_loops(parent, item, item)
    assert_tree(new_parent, new_item)
    for stack, at in zip(stacks, node, strict=True):
        expected = []
        for one in stack:
            expected = (
                [*expected[: expected.index(one)], one] if one in expected else [*expected, one]
            )
        assert walked(new_parent, new_item, place[at] if at >= 0 else -1) == expected


@given(STACKS, st.integers(0, 4))
def test_below_marks_what_has_an_item_above_it(stacks, wanted):
    parent, item, node = tree(stacks)
    found = np.append(prefix_tree.below(parent, item == wanted), False)[node]
    assert found.tolist() == [wanted in stack for stack in stacks]


@given(STACKS, st.data())
def test_used_are_the_nodes_above_leaves(stacks, data):
    parent, item, node = tree(stacks)
    some = data.draw(st.lists(st.sampled_from(node.tolist()))) if stacks else []
    used = np.flatnonzero(prefix_tree.used(parent, np.array(some, np.int32)))
    prefixes = set()
    for leaf in some:
        stack = tuple(walked(parent, item, leaf))
        prefixes |= {stack[:k] for k in range(1, len(stack) + 1)}
    assert {tuple(walked(parent, item, at)) for at in used} == prefixes


def test_a_call_stays_inlined_as_long_as_one_that_holds_it_is_left():
    # 0 calls 1; 2 and 3 are inlined into it, 3 through 2.
    parent, inlined = np.array([-1, 0, 1, 2], np.int32), np.array([False, False, True, True])

    def still(*keep):
        return prefix_tree.still_inlined(parent, inlined, np.array(keep)).tolist()

    assert still(True, True, True, True) == [False, False, True, True]
    assert still(True, True, False, True) == [False, False, True, True]
    assert still(True, False, True, True) == [False, False, False, True]
    assert still(True, False, False, True) == [False, False, False, False]


def test_tables_grow():
    stacks = [[k, k] for k in range(6000)]
    parent, item, node = tree(stacks)
    assert_tree(parent, item)
    assert [walked(parent, item, at) for at in node] == stacks
    turned = prefix_tree.reverse(parent, item, node)
    assert len(turned[0]) == len(prefix_tree.merge(parent, item, item >= 0)[0]) == 12_000
