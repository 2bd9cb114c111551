"""Comparing snapshots: classes, added and removed objects."""

from __future__ import annotations

from collections import defaultdict

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import prodforensics as pf
from prodforensics.display.tables import human_bytes
from prodforensics.heap.alignment import align_classes
from prodforensics.heap.compare import HeapComparison
from prodforensics.heap.matching import match_ids
from tests.heap.tiny import TinyHeap, TinyNode, compared


def sample(name: str) -> pf.Evidence:
    return pf.load(pf.samples.path(f"heap/{name}.heapsnapshot.zst"))


@pytest.fixture(scope="module")
def cache() -> list[pf.Evidence]:
    return [sample(f"cache.{k}") for k in (1, 2, 3)]


@pytest.fixture(scope="module")
def growth(cache: list[pf.Evidence]) -> HeapComparison:
    return pf.compare(*cache)


# -- what a user sees -----------------------------------------------------------------------------


def test_every_frame_is_as_documented(growth: HeapComparison) -> None:
    assert list(growth.schemas) == list(growth.frames)
    for name, schema in growth.schemas.items():
        schema.validate(growth.frames[name])


def test_the_class_that_leaks_is_counted(growth: HeapComparison) -> None:
    rows = growth.frames["constructors"]
    session = rows[rows["class_name"] == "Session"].iloc[0]
    assert session[["count_before", "count_after", "added_count"]].tolist() == [500, 1500, 1000]
    assert session["retained_delta_bytes"] > session["size_delta_bytes"] > 0


def test_classes_that_retain_most_come_first(growth: HeapComparison) -> None:
    deltas = growth.frames["constructors"]["retained_delta_bytes"]
    assert deltas.is_monotonic_decreasing


def test_added_objects_of_a_class_come_largest_first(growth: HeapComparison) -> None:
    rows = growth.frames["constructors"]
    key = rows.index[rows["class_name"] == "Session"][0]
    nodes = growth.added_nodes(key)
    added = growth.frames["added"]
    assert set(nodes) == set(added.index[added["class_key"] == key])
    assert added.loc[nodes, "retained_size_bytes"].is_monotonic_decreasing


def test_the_headline_names_the_leak_and_its_size(
    growth: HeapComparison, cache: list[pf.Evidence]
) -> None:
    assert "sessionsByToken" in growth.headline()
    assert "500 → 1,000 → 1,500" in growth.findings()[0].why
    sizes = [human_bytes(snapshot.total_size_bytes) for snapshot in cache]
    assert ("heap size", " → ".join(sizes)) in growth.facts()


def test_it_says_what_it_holds_in_memory(growth: HeapComparison) -> None:
    growth.frames["constructors"]
    assert {"matches", "classes"} <= set(growth.memory.index)


def test_a_snapshot_compared_with_itself_shows_no_change(cache: list[pf.Evidence]) -> None:
    same = pf.compare(cache[0], cache[0])
    rows = same.frames["constructors"]
    assert not rows[["added_count", "removed_count", "retained_delta_bytes"]].any(axis=None)
    assert all(len(same.frames[name]) == 0 for name in ("added", "removed", "growth_points"))
    assert len(same.findings()) == 0
    assert "no leak" in same.headline()


def test_three_snapshots_compare_the_first_with_the_last(cache: list[pf.Evidence]) -> None:
    ends = pf.compare(cache[0], cache[2]).frames["constructors"]
    every = pf.compare(*cache).frames["constructors"]
    pd.testing.assert_frame_equal(ends, every)


def test_empty_snapshots_can_be_compared() -> None:
    nothing = TinyHeap()
    nothing.nodes.clear()
    assert len(compared([nothing, nothing]).frames["constructors"]) == 0
    assert len(compared([nothing, TinyHeap()]).frames["added"]) == 1
    assert len(compared([TinyHeap(), nothing]).findings()) == 0


# -- which objects are the same -------------------------------------------------------------------


@given(st.lists(st.integers(0, 40), unique=True), st.lists(st.integers(0, 40)))
def test_ids_are_found_wherever_they_stand(before: list[int], after: list[int]) -> None:
    import numpy as np

    found = match_ids(np.array(before, np.uint32), np.array(after, np.uint32))
    assert found.tolist() == [before.index(x) if x in before else -1 for x in after]


def test_an_object_that_changes_its_class_leaves_one_and_joins_the_other() -> None:
    before, after = TinyHeap(), TinyHeap()
    before.add(5, 3, "Chrysalis")
    after.add(5, 3, "Butterfly")
    for heap in (before, after):  # the rest of the heap stays as it is
        for k in range(30):
            heap.add(7 + 2 * k, 3, as_=k)
    rows = compared([before, after]).frames["constructors"].set_index("class_name")
    assert rows.loc["Chrysalis", "removed_count"] == 1
    assert rows.loc["Butterfly", "added_count"] == 1


def test_the_base_is_classified_with_the_interfaces_of_the_last() -> None:
    # Two objects of one shape make an interface; alone in the first snapshot, it is an Object.
    before, after = TinyHeap(), TinyHeap()
    for heap, count in ((before, 1), (after, 2)):
        for k in range(count):
            point = heap.add(5 + 4 * k, 3, "Object", as_=k)
            heap.add(point + 2, point, "Number", as_="latitude")
    rows = compared([before, after]).frames["constructors"].set_index("class_name")
    assert rows.loc["{latitude}", ["count_before", "added_count"]].tolist() == [1, 1]
    assert "Object" not in rows.index


CLASSES = ["Session", "Object", "Map", "<div>"]
node = st.builds(
    dict,
    type=st.sampled_from(["object", "closure", "string", "code", "native", "array"]),
    name=st.sampled_from(CLASSES),
    size=st.sampled_from([0, 16, 40]),
    held_by=st.integers(0, 6),
    as_=st.sampled_from(["user", "cart", "next", 0, 1]),
)


def heap_of(nodes: dict[int, dict], ids: list[int]) -> TinyHeap:
    heap = TinyHeap()
    for id_ in ids:
        heap.nodes[id_] = TinyNode(id_, *(nodes[id_][key] for key in ("type", "name", "size")))
    for id_ in ids:
        holders = [3, *(one for one in ids if one < id_)]
        as_ = nodes[id_]["as_"]
        type_ = "element" if isinstance(as_, int) else "property"
        heap.link(holders[nodes[id_]["held_by"] % len(holders)], id_, type_, as_)
    return heap


@settings(max_examples=60, deadline=None)
@given(st.lists(node, min_size=1, max_size=24), st.data())
def test_added_and_removed_are_differences_of_sets_of_ids(nodes: list[dict], data) -> None:
    known = {5 + 2 * k: one for k, one in enumerate(nodes)}
    first, last = (data.draw(st.lists(st.sampled_from(sorted(known)), unique=True)) for _ in "ab")
    comparison = compared([heap_of(known, sorted(first)), heap_of(known, last)])
    rows = comparison.frames["constructors"]

    held = []  # class key -> the ids and sizes that the class has, by the book
    classes = align_classes(comparison.graphs)
    for graph, index in zip(comparison.graphs, classes.class_index, strict=True):
        members = defaultdict(dict)
        for ordinal, number in enumerate(index.tolist()):
            if graph.self_size[ordinal]:
                size = int(graph.self_size[ordinal])
                members[classes.key[number]][int(graph.id[ordinal])] = size
        held.append(members)
    before, after = held
    if not comparison.related:
        return
    assert set(rows.index) == set(before) | set(after)
    for key, row in rows.iterrows():
        added = set(after[key]) - set(before[key])
        removed = set(before[key]) - set(after[key])
        assert row["count_before"] == len(before[key])
        assert row["count_after"] == len(after[key])
        assert row["added_count"] == len(added)
        assert row["removed_count"] == len(removed)
        assert row["added_size_bytes"] == sum(after[key][id_] for id_ in added)
        assert row["removed_size_bytes"] == sum(before[key][id_] for id_ in removed)
    every = [set(after[key]) - set(before[key]) for key in rows.index]
    assert sorted(comparison.frames["added"]["id"]) == sorted(i for ids in every for i in ids)
