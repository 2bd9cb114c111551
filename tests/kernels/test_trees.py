import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from prodforensics.kernels import trees


@st.composite
def parents(draw: st.DrawFn) -> list[int]:
    """Trees by parent, the root first."""
    n = draw(st.integers(1, 20))
    return [0] + [draw(st.integers(0, v - 1)) for v in range(1, n)]


def above(parent: list[int], v: int) -> list[int]:
    found = []
    while v != 0:
        v = parent[v]
        found.append(v)
    return found


def children_of(parent: list[int]) -> tuple[np.ndarray, np.ndarray]:
    n = len(parent)
    first, node = np.zeros(n + 2, np.uint32), np.zeros(n - 1, np.uint32)
    trees.children(np.array(parent, np.uint32), 0, first, node)
    return first[: n + 1], node


@given(parents())
def test_children_are_listed_in_ascending_order(parent: list[int]) -> None:
    first, node = children_of(parent)
    for v in range(len(parent)):
        expected = [w for w in range(1, len(parent)) if parent[w] == v]
        assert node[first[v] : first[v + 1]].tolist() == expected


@given(parents(), st.data())
def test_a_set_retains_each_byte_once(parent: list[int], data: st.DataObject) -> None:
    n = len(parent)
    chosen = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)), np.bool_)
    sizes = np.arange(1, n + 1)
    below = [[w for w in range(n) if w == v or v in above(parent, w)] for v in range(n)]
    retained = np.array([sizes[b].sum() for b in below], np.uint64)
    nodes = np.flatnonzero(chosen)
    held = {w for v in nodes for w in below[v]}
    expected = sizes[sorted(held)].sum() if held else 0
    tree = np.array(parent, np.uint32)
    assert trees.retained_of_set(tree, 0, retained, nodes, chosen) == expected
    marked = trees.mark_ancestors(tree, 0, chosen)
    assert marked.tolist() == [any(chosen[a] for a in above(parent, v)) for v in range(n)]
