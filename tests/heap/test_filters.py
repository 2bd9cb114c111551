"""Parts of a heap by what keeps them alive; tests/oracle compares them with DevTools."""

from __future__ import annotations

import numpy as np
import pytest

import prodforensics as pf
from prodforensics.errors import UnknownName
from prodforensics.heap.filters import FILTERS, applicable, sum_filtered, within
from tests.heap.tiny import TinyHeap


@pytest.fixture
def heap() -> TinyHeap:
    """A global that holds a context, which holds two objects; the global holds one of them too."""
    heap = TinyHeap()
    heap.add(5, 3, "system / Context / handler", as_="context")
    heap.add(7, 5, "Shared", as_="shared")
    heap.add(9, 5, "Own", as_="own")
    heap.add(11, 9, "Below", as_="below")
    heap.link(3, 7, "property", "also")
    return heap


def shown(snapshot: pf.Evidence, name: str) -> set[int]:
    graph = snapshot.graph
    return set(graph.id[within(graph, name, snapshot.ignored_edges)].tolist())


def test_a_filter_shows_what_nothing_else_would_keep_alive(heap: TinyHeap) -> None:
    snapshot = heap.load()
    assert shown(snapshot, "contexts") == {5, 9, 11}
    rows = snapshot.constructors("contexts")
    assert sorted(rows["class_name"]) == ["Below", "Own", "system / Context / handler"]
    assert rows.set_index("class_name").loc["Own", "retained_size_bytes"] == 32


def test_weak_references_keep_nothing_alive(heap: TinyHeap) -> None:
    heap.link(3, 9, "weak", "w")
    assert shown(heap.load(), "contexts") == {5, 9, 11}


def test_what_nothing_reaches_is_in_no_filter(heap: TinyHeap) -> None:
    heap.link(3, 9, "property", "second")
    snapshot = heap.load()
    into = snapshot.retainers(int(np.flatnonzero(snapshot.graph.id == 9)[0])).index
    assert shown(snapshot, "contexts") == {5}
    assert shown(snapshot.ignore(into), "contexts") == {5}


def test_ignored_references_are_not_followed(heap: TinyHeap) -> None:
    snapshot = heap.load()
    edges = snapshot.frames["edges"]
    also = edges.index[edges["name"] == "also"]
    assert shown(snapshot.ignore(also), "contexts") == {5, 7, 9, 11}


def test_the_console_keeps_its_results_through_global_handles() -> None:
    heap = TinyHeap()
    heap.add(5, 1, "(Global handles)", as_=0, type="synthetic", size=0)
    for id_, name in ((7, "21 / DevTools console"), (9, "22 / part of a timer")):
        heap.add(id_, 3, "Result", as_=id_)
        heap.nodes[3].edges.pop()
        heap.link(5, id_, "internal", name)
    assert shown(heap.load(), "console") == {7}


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_listener_leads_to_its_handler_directly_or_through_a_wrapper(wrapped: bool) -> None:
    heap = TinyHeap()
    heap.add(5, 3, "V8EventListener", as_="listener", type="native")
    handler = heap.add(7, 5, "wrapper", as_="1") if wrapped else 5
    heap.add(9, handler, "clicked", as_="inner" if wrapped else "1", type="closure")
    heap.add(11, 9, "(code)", as_="code", type="code")
    assert shown(heap.load(), "event_handlers") == {9, 11}


def test_detached_nodes_keep_what_the_page_does_not() -> None:
    heap = TinyHeap()
    heap.add(5, 3, "Detached <div>", as_="div", type="native")
    heap.add(7, 5, "Panel", as_="panel")
    assert shown(heap.load(), "detached_nodes") == {5, 7}


def test_repeated_strings_are_those_of_the_frame() -> None:
    snapshot = pf.load(pf.samples.path("heap/healthy.1.heapsnapshot.zst"))
    frame = snapshot.frames["duplicate_strings"]
    rows = snapshot.constructors("duplicate_strings")
    assert rows["count"].sum() == frame["count"].sum()
    assert rows["shallow_size_bytes"].sum() == frame["self_size_bytes"].sum()


def test_only_filters_that_can_find_something_apply(heap: TinyHeap) -> None:
    assert applicable(heap.load().graph) == ["contexts"]
    heap.add(13, 3, "Detached <div>", as_="div", type="native")
    heap.add(15, 3, "text", as_="text", type="string")
    assert applicable(heap.load().graph) == ["duplicate_strings", "detached_nodes", "contexts"]


def test_all_filters_apply_to_a_page_with_its_console_open() -> None:
    snapshot = pf.load(pf.samples.path("heap/detached.2.heapsnapshot.zst"))
    assert applicable(snapshot.graph) == list(FILTERS)
    assert all(len(snapshot.constructors(name)) for name in FILTERS)
    rows = snapshot.constructors("detached_nodes").set_index("class_name")
    assert rows["count"].idxmax() == "Detached Text"


def test_natives_of_node_are_no_detached_nodes_of_a_page(heap: TinyHeap) -> None:
    heap.add(13, 3, "Detached Node / Worker", as_="worker", type="native")
    assert "detached_nodes" not in applicable(heap.load().graph)


def test_a_filter_without_objects_leaves_no_class(heap: TinyHeap) -> None:
    graph = heap.load().graph
    for name in set(FILTERS) - {"contexts"}:
        assert not sum_filtered(graph, within(graph, name)).count.any()


def test_an_unknown_filter_is_explained(heap: TinyHeap) -> None:
    with pytest.raises(UnknownName, match="contxts"):
        heap.load().constructors("contxts")
