"""How deep nodes are, checked by walking up."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from prodforensics.kernels.tree_order import levels


@st.composite
def trees(draw):
    n = draw(st.integers(0, 30))
    return [draw(st.integers(-1, n - 1)) for _ in range(n)]


def slowly(parent, v):
    for level in range(len(parent) + 1):
        if parent[v] < 0:
            return level
        v = parent[v]
    return -1


@given(trees())
def test_it_counts_the_ancestors(parent):
    found = levels(np.array(parent, np.int64))
    assert found.tolist() == [slowly(parent, v) for v in range(len(parent))]


def test_a_chain_takes_no_longer_than_its_length():
    n = 300_000
    assert levels(np.arange(1, n + 1) % n).tolist() == [-1] * n
    assert levels(np.arange(-1, n - 1))[-1] == n - 1
    assert levels(np.append(np.arange(1, n), -1))[0] == n - 1
