"""Which object holds each node, against a slow and obvious search."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from prodforensics.kernels.holders import MOST_LINKS, count_below, holders


@st.composite
def trees(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Dominators (a node's parent has a smaller number, then all are shuffled), solid, group."""
    size = draw(st.integers(1, 30))
    parent = np.array([0, *(draw(st.integers(0, v - 1)) for v in range(1, size))], np.uint32)
    order = np.array([0, *draw(st.permutations(range(1, size)))])
    shuffled = np.empty(size, np.uint32)
    shuffled[order] = order[parent]
    solid = np.array(draw(st.lists(st.booleans(), min_size=size, max_size=size)))
    group = np.array(draw(st.lists(st.integers(0, 2), min_size=size, max_size=size)), np.uint64)
    return shuffled, solid, group


@given(trees())
def test_holders_look_through_stores_and_chains(tree) -> None:
    dominator, solid, group = tree

    def nearest_of(v: int) -> int:
        above = int(dominator[v])
        return above if solid[above] or above == 0 else nearest_of(above)

    def holder_of(v: int) -> int:
        near = nearest_of(v)
        links = [w for w in range(1, len(dominator)) if nearest_of(w) == near]
        alike = [w for w in links if group[w] == group[near]]
        chain = near != 0 and group[near] == group[v] and len(alike) <= MOST_LINKS
        return holder_of(near) if chain else near

    nearest, holder = holders(dominator, 0, solid, group)
    every = range(1, len(dominator))
    assert nearest[1:].tolist() == [nearest_of(v) for v in every]
    assert holder[1:].tolist() == [holder_of(v) for v in every]
    assert nearest[0] == holder[0] == 0


@given(trees(), st.lists(st.integers(0, 29), max_size=5))
def test_count_below_counts_each_node_once(tree, tops) -> None:
    dominator = tree[0]
    size = len(dominator)
    tops = [top for top in tops if top < size]

    def below(v: int, top: int) -> bool:
        return v == top or (v != 0 and below(int(dominator[v]), top))

    expected = sum(any(below(v, top) for top in tops) for v in range(len(dominator)))
    below_each = [[w for w in range(1, len(dominator)) if dominator[w] == v] for v in range(size)]
    first = np.cumsum([0, *map(len, below_each)], dtype=np.uint32)
    node = np.array([w for one in below_each for w in one], np.uint32)
    assert count_below(first, node, np.array(tops, np.uint32)) == expected
