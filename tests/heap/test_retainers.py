"""Retainers and the shortest path, against a breadth-first search anybody can read."""

from __future__ import annotations

from collections import deque
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings

import prodforensics as pf
from prodforensics.heap.graph import HeapGraph
from prodforensics.heap.retainers import path_to_root, retaining_edges
from tests.heap.random_heaps import heaps
from tests.heap.tiny import TinyHeap


def steps_from_root(graph: HeapGraph, without: set[int] = frozenset()) -> dict[int, int]:
    """Count edges from the root to every node that it reaches, slowly."""
    far = {graph.root: 0}
    queue = deque([graph.root])
    while queue:
        node = queue.popleft()
        for edge in graph.edges_of(node):
            target = int(graph.edge_to[edge])
            weak = graph.edge_types[graph.edge_type[edge]] == "weak"
            if not weak and edge not in without and target not in far:
                far[target] = far[node] + 1
                queue.append(target)
    return far


@settings(deadline=None, max_examples=60)
@given(heaps())
def test_paths_are_shortest_and_made_of_edges(heap: TinyHeap) -> None:
    graph = heap.load().graph
    far = steps_from_root(graph)
    for node in range(graph.node_count):
        path = path_to_root(graph, node, collapse=False)
        assert len(path) == (far[node] + 1 if node in far else 0)
        for above, step in pairwise(path):
            assert step.edge in graph.edges_of(above.node)
            assert graph.edge_to[step.edge] == step.node
            assert step.edge_type != "weak"


@settings(deadline=None, max_examples=30)
@given(heaps())
def test_paths_avoid_what_is_ignored(heap: TinyHeap) -> None:
    snapshot = heap.load()
    graph = snapshot.graph
    for node in range(graph.node_count):
        retainers = snapshot.retainers(node)
        if retainers.empty:
            continue
        edge = int(retainers.index[0])
        without = snapshot.ignore(edge)
        far = steps_from_root(graph, {edge})
        assert edge not in without.path_to_root(node)["edge"].tolist()
        assert edge not in without.retainers(node).index
        assert (node in far) == (len(without.path_to_root(node)) > 0)


@settings(deadline=None, max_examples=30)
@given(heaps())
def test_collapsing_keeps_every_link_counted(heap: TinyHeap) -> None:
    graph = heap.load().graph
    for node in range(graph.node_count):
        whole, short = (path_to_root(graph, node, collapse=c) for c in (False, True))
        assert sum(step.times for step in short) == len(whole)
        assert [s.node for s in short if s.times == 1][:1] == [s.node for s in whole][:1]
        if whole:
            assert short[-1].node == node


def test_retainers_are_all_strong_references_nearest_first() -> None:
    graph = pf.load(pf.samples.path("heap/listeners.2.heapsnapshot.zst")).graph
    weak = graph.edge_type_code("weak")
    sources = np.repeat(np.arange(graph.node_count), np.diff(graph.first_edge))
    for node in np.random.default_rng(1).choice(graph.node_count, 50, replace=False).tolist():
        edges, holders = retaining_edges(graph, node)
        into = np.flatnonzero((graph.edge_to == node) & (graph.edge_type != weak))
        assert sorted(edges) == [edge for edge in into if sources[edge] != graph.root]
        assert holders.tolist() == sources[edges].tolist()
        far = [d if d >= 0 else 2**40 for d in graph.distance[holders].tolist()]
        assert far == sorted(far)


@pytest.fixture(scope="module")
def linked() -> pf.Evidence:
    """A linked list of a thousand objects, and a ring of promises and reactions."""
    heap = TinyHeap()
    heap.add(5, 3, "List", as_="list")
    for k in range(1000):
        heap.add(7 + 2 * k, 5 + 2 * k, "Link", as_="next")
    for k in range(100):
        first = 4001 + 4 * k
        heap.add(first, 3 if k == 0 else first - 2, "Promise", as_="promise")
        heap.add(first + 2, first, "Reaction", as_="reaction")
    return heap.load()


def test_a_chain_of_equal_links_is_one_step(linked: pf.Evidence) -> None:
    path = linked.path_to_root(int(linked.find(id=2005).index[0]))
    assert path["edge_name"].tolist() == ["", "window", "list", "next"]
    assert path["times"].tolist() == [1, 1, 1, 1000]
    assert path.attrs["text"] == "global.list (List) → … 1,000 × next → Link @2005"


def test_a_chain_whose_links_alternate_is_one_round(linked: pf.Evidence) -> None:
    path = linked.path_to_root(int(linked.find(name="Reaction").index[-1]))
    assert path["edge_name"].tolist() == ["", "window", "promise", "reaction"]
    assert path["times"].tolist() == [1, 1, 100, 100]
    assert "… 100 × promise → reaction" in path.attrs["text"]


def test_a_few_equal_links_stay_as_they_are(linked: pf.Evidence) -> None:
    path = linked.path_to_root(int(linked.find(id=11).index[0]))
    assert path["times"].tolist() == [1, 1, 1, 1, 1, 1]


def test_nothing_leads_to_an_unreachable_object() -> None:
    heap = TinyHeap()
    heap.nodes[5] = type(heap.nodes[3])(5)
    snapshot = heap.load()
    assert snapshot.path_to_root(2).empty
    assert snapshot.path_to_root(2).attrs["text"] == "(unreachable)"


def test_a_value_of_a_weak_map_is_reached_through_the_farther_of_map_and_key() -> None:
    snapshot = pf.load(pf.samples.path("heap/weakmap_keys.2.heapsnapshot.zst"))
    path = snapshot.path_to_root(int(snapshot.instances("Preferences").index[0]))
    assert path["class_name"].tolist()[-3:] == ["Array", "Visitor", "Preferences"]


@pytest.mark.parametrize(
    ("sample", "class_name", "ending"),
    [
        ("listeners.2", "Watch", "feed (OrderFeed)._events['order:updated'][*]() → watch → Watch"),
        ("cache.2", "Session", "store (SessionStore).sessionsByToken (Map)[*] → Session"),
        ("globals.2", "SearchRecord", "global.recentSearches[*] → SearchRecord"),
        ("stream.2", "Buffer", ".<symbol kBufferedValue>[*].chunk → Buffer"),
        ("timers.2", "Timeout", "timerListMap[15000] (TimersList) → … * × _idlePrev → Timeout"),
    ],
)
def test_paths_of_leaks_read_like_the_program(sample: str, class_name: str, ending: str) -> None:
    snapshot = pf.load(pf.samples.path(f"heap/{sample}.heapsnapshot.zst"))
    instances = snapshot.instances(class_name).index
    text = snapshot.path_to_root(int(instances[len(instances) // 2])).attrs["text"]
    before, after = ending.split("*")
    assert before in text, text
    assert after in text, text
