"""Merged paths add up, and show where many objects hang."""

from __future__ import annotations

from hypothesis import given, settings

import prodforensics as pf
from tests.heap.random_heaps import heaps
from tests.heap.tiny import TinyHeap


@settings(deadline=None, max_examples=60)
@given(heaps())
def test_rows_add_up(heap: TinyHeap) -> None:
    snapshot = heap.load()
    graph = snapshot.graph
    nodes = [node for node in range(graph.node_count) if node != graph.root]
    tree = snapshot.merged_paths(nodes)
    reached = [node for node in nodes if graph.distance[node] >= 0]
    assert tree["count"].iloc[0] == len(reached) == tree["ends"].sum()
    assert tree["shallow_size_bytes"].iloc[0] == sum(int(graph.self_size[v]) for v in reached)
    for row, above in tree["parent"].items():
        if row:
            assert above < row
            assert tree.loc[row, "depth"] == tree.loc[above, "depth"] + 1
        children = tree[tree["parent"] == row]
        assert tree.loc[row, "count"] == tree.loc[row, "ends"] + children["count"].sum()


def test_listeners_share_one_path() -> None:
    snapshot = pf.load(pf.samples.path("heap/listeners.3.heapsnapshot.zst"))
    listeners = snapshot.find(name="/^onOrderUpdated$/").query("type == 'closure'")
    tree = snapshot.merged_paths(listeners.index)
    end = tree[tree["ends"] > 1000]
    assert end["step"].tolist() == ["[…] → onOrderUpdated()"]
    steps = []
    row = int(end.index[0])
    while row >= 0:
        steps.append(tree.loc[row, "step"])
        row = int(tree.loc[row, "parent"])
    assert steps[1:4] == ["order:updated → Array", "_events → Object", "feed → OrderFeed"]
    assert end["objects"].tolist() == end["ends"].tolist()


def test_links_of_a_chain_share_a_row() -> None:
    snapshot = pf.load(pf.samples.path("heap/promises.2.heapsnapshot.zst"))
    orders = snapshot.instances("Order").index
    tree = snapshot.merged_paths(orders)
    assert tree["count"].iloc[0] == len(orders)
    assert tree["depth"].max() < 40
    assert tree["objects"].max() > 300


def test_bytes_that_one_retains_of_another_count_once() -> None:
    heap = TinyHeap()
    heap.add(5, 3, "Outer", as_="outer", size=10)
    heap.add(7, 5, "Inner", as_="inner", size=30)
    tree = heap.load().merged_paths([2, 3])
    assert tree["retained_size_bytes"].iloc[0] == 40
    assert tree["shallow_size_bytes"].iloc[0] == 40


def test_no_nodes_give_the_root_alone() -> None:
    tree = TinyHeap().load().merged_paths([])
    assert tree["step"].tolist() == ["(root)"]
    assert tree["count"].tolist() == [0]
