"""The dominator tree, against its definition."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

import prodforensics as pf
from prodforensics.errors import BadOption
from tests.heap.random_heaps import heaps
from tests.heap.test_retainers import steps_from_root
from tests.heap.tiny import TinyHeap


@settings(deadline=None, max_examples=40)
@given(heaps(most=10))
def test_without_its_dominator_nothing_reaches_a_node(heap: TinyHeap) -> None:
    graph = heap.load().graph
    reached = steps_from_root(graph)
    for node in reached:
        above = int(graph.dominator[node])
        if node == graph.root or above == graph.root:
            continue
        cut = set(graph.edges_of(above))
        assert node not in steps_from_root(graph, cut)


@settings(deadline=None, max_examples=40)
@given(heaps())
def test_the_whole_tree_has_every_node_once_below_its_dominator(heap: TinyHeap) -> None:
    snapshot = heap.load()
    graph = snapshot.graph
    tree = snapshot.dominator_tree(depth=100, min_bytes=0)
    assert sorted(tree.index) == list(range(graph.node_count))
    depth = tree["depth"].to_dict()
    place = {node: row for row, node in enumerate(tree.index)}
    for node, above in tree["dominator"].items():
        if node != graph.root:
            assert depth[node] == depth[above] + 1
            assert place[node] > place[above]
    for node in range(graph.node_count):
        children = snapshot.dominated_by(node)
        assert tree.loc[node, "children"] == len(children)
        below = int(children["retained_size_bytes"].sum())
        assert int(graph.retained_size[node]) == int(graph.self_size[node]) + below


def test_small_and_deep_branches_are_left_out() -> None:
    snapshot = pf.load(pf.samples.path("heap/cache.3.heapsnapshot.zst"))
    tree = snapshot.dominator_tree(depth=3, min_bytes=50_000)
    assert tree["depth"].max() <= 3
    assert tree["retained_size_bytes"].min() >= 50_000
    siblings = tree.groupby("dominator", sort=False)["retained_size_bytes"]
    assert all(group.is_monotonic_decreasing for _, group in siblings if len(group) > 1)
    store = int(snapshot.instances("SessionStore").index[0])
    below = snapshot.dominator_tree(depth=1, top=store)
    assert below.index[0] == store
    assert below["share"].iloc[0] == 1


def test_a_negative_depth_is_told() -> None:
    snapshot = pf.load(pf.samples.path("heap/cache.3.heapsnapshot.zst"))
    with pytest.raises(BadOption, match="depth"):
        snapshot.dominator_tree(depth=-1)
