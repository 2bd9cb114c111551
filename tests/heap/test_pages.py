"""Pages of a snapshot: the same answers as the whole frames, a page at a time."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

import prodforensics as pf
from prodforensics._text import MASK
from prodforensics.errors import BadOption, ForensicsError
from prodforensics.heap.dominator_picture import dominator_bars, dominator_treemap
from prodforensics.heap.pages import SnapshotPages, categories
from prodforensics.heap.retainers import edges_to_root
from tests.heap.tiny import TinyHeap, TinyNode


@pytest.fixture(scope="module")
def snapshot():
    return pf.load(pf.samples.path("heap/timers.2.heapsnapshot.zst"))


@pytest.fixture(scope="module")
def graph(snapshot):
    return snapshot.graph


@pytest.fixture(scope="module")
def node(snapshot):
    """One of the timers."""
    return int(snapshot.instances("Timeout").index[-1])


@pytest.fixture
def pages(snapshot):
    return SnapshotPages(snapshot)


def whole(question, **values):
    """All pages of a question, put together."""
    rows, total = [], 1
    while len(rows) < total:
        answer = question(offset=len(rows), limit=500, **values)
        rows, total = rows + answer["rows"], answer["total"]
        assert answer["rows"] or not total
    return rows


def class_named(pages, name):
    (row,) = [row for row in whole(pages.summary, text=name) if row["name"] == name]
    return row["class_index"]


def test_the_summary_is_the_frame_of_constructors(pages, snapshot):
    frame = snapshot.frames["constructors"].sort_values("retained_size_bytes", ascending=False)
    rows = whole(pages.summary)
    columns = [("name", "class_name"), ("count", "count"), ("distance", "distance")]
    columns += [("self", "shallow_size_bytes"), ("retained", "retained_size_bytes")]
    for key, name in columns:
        expected = sorted(frame[name].tolist())
        assert sorted(row[key] for row in rows) == expected
    assert [row["retained"] for row in rows] == frame["retained_size_bytes"].tolist()


@pytest.mark.parametrize("column", ["name", "count", "distance", "self", "retained"])
@pytest.mark.parametrize("descending", [False, True])
def test_every_column_of_the_summary_can_be_sorted(pages, column, descending):
    values = [row[column] for row in whole(pages.summary, sort=column, descending=descending)]
    values = [value.casefold() for value in values] if column == "name" else values
    assert values == sorted(values, reverse=descending)


def test_the_objects_of_a_class_are_those_of_the_frame(pages, snapshot):
    number = class_named(pages, "Timeout")
    rows = whole(pages.instances, class_index=number)
    frame = snapshot.instances("Timeout")
    assert sorted(row["node"] for row in rows) == sorted(frame.index.tolist())
    assert [row["retained"] for row in rows] == sorted((r["retained"] for r in rows), reverse=True)


def test_a_filter_leaves_the_same_classes_and_objects_as_in_the_snapshot(pages, snapshot):
    assert "contexts" in [row["name"] for row in pages.filters()["rows"]]
    frame = snapshot.constructors("contexts")
    rows = whole(pages.summary, filter="contexts")
    assert [row["retained"] for row in rows] == frame["retained_size_bytes"].tolist()
    for row in rows[:20]:
        objects = whole(pages.instances, class_index=row["class_index"], filter="contexts")
        assert len(objects) == row["count"]
        assert sum(each["self"] for each in objects) == row["self"]


def test_the_fields_of_an_object_are_its_edges_largest_first(pages, graph, node):
    rows = whole(pages.children, node=node)
    assert sorted(row["edge"]["index"] for row in rows) == list(graph.edges_of(node))
    assert all(graph.edge_to[row["edge"]["index"]] == row["node"] for row in rows)
    assert [row["retained"] for row in rows] == sorted((r["retained"] for r in rows), reverse=True)


def test_the_retainers_are_those_of_the_snapshot_nearest_first(pages, snapshot, graph, node):
    rows = whole(pages.retainers, node=node)
    frame = snapshot.retainers(node)
    assert len(rows) == len(frame)
    shortest = [row["edge"]["index"] for row in rows if row["shortest"]]
    assert shortest == edges_to_root(graph, node)[-1:].tolist()


def test_a_path_begins_at_the_root_and_ends_at_the_object(pages, snapshot, graph, node):
    rows = pages.path(node=node)["rows"]
    assert rows[0]["node"] == graph.root
    assert rows[-1]["node"] == node
    assert len(rows) == len(snapshot.path_to_root(node))
    for row in rows[1:]:
        assert graph.edge_to[row["edge"]["index"]] == row["node"]


def test_a_long_chain_of_timers_is_one_step(pages, snapshot):
    chains = [
        row
        for each in snapshot.instances("Timeout").index
        for row in pages.path(node=int(each))["rows"]
        if row["chain"]
    ]
    assert chains
    assert all(row["chain"] > 3 for row in chains)


def test_an_ignored_edge_is_on_no_path_and_every_step_still_leads_down(pages, node):
    taken = [row["edge"]["index"] for row in pages.path(node=node)["rows"][1:]]
    for edge in taken:
        rows = pages.path(node=node, ignored=[edge])["rows"]
        assert edge not in [row["edge"]["index"] for row in rows[1:]]
    assert pages.path(node=node)["rows"][-1]["edge"]["index"] == taken[-1]


def test_without_all_its_retainers_nothing_leads_to_an_object(pages, node):
    edges = [row["edge"]["index"] for row in whole(pages.retainers, node=node)]
    answer = pages.retainers(node=node, ignored=edges)
    assert all(row["ignored"] and not row["shortest"] for row in answer["rows"])
    assert pages.path(node=node, ignored=edges)["rows"] == []


def test_what_the_snapshot_itself_ignores_is_not_there(pages, snapshot, node):
    taken = pages.path(node=node)["rows"][-1]["edge"]["index"]
    changed = SnapshotPages(snapshot.ignore([taken]))
    edges = [row["edge"]["index"] for row in whole(changed.retainers, node=node)]
    assert taken not in edges
    assert edges
    path = changed.path(node=node, ignored=edges[:1])["rows"]
    assert taken not in [row["edge"]["index"] for row in path[1:]]


def test_dominators_are_those_of_the_snapshot(pages, snapshot, graph):
    rows = whole(pages.dominators, node=int(graph.root))
    assert {row["node"] for row in rows} == set(snapshot.dominated_by(graph.root).index)


def test_the_categories_add_up_to_the_heap(graph):
    assert sum(size for _, size in categories(graph)) == graph.total_size


def test_bars_lie_within_the_bar_that_holds_them_and_beside_each_other(graph):
    bars = dominator_bars(graph, int(graph.root), max_bars=300)
    assert len(bars) <= 2 * 300
    rows = {}
    for bar in bars:
        rows.setdefault(bar.depth, []).append(bar)
    for depth, row in rows.items():
        for left, right in pairwise(row):
            assert left.end <= right.start + 1e-9
        for bar in row if depth else ():
            held = [
                b
                for b in rows[depth - 1]
                if b.start <= bar.start + 1e-9 and bar.end <= b.end + 1e-9
            ]
            assert len(held) == 1
            if bar.node >= 0:
                assert graph.dominator[bar.node] == held[0].node


def test_a_treemap_has_one_root_and_every_parent_is_a_tile(graph):
    tiles = dominator_treemap(graph, max_bars=200).data[0]
    assert list(tiles.parents).count("") == 1
    assert set(tiles.parents) - {""} <= set(tiles.ids)


def test_an_object_is_found_by_its_id(pages, graph):
    assert pages.find(f"@{graph.id[77]}") == {"node": 77}
    for text in ("", "@", "@1e9", "12 34", "\u0661", "9" * 30):
        with pytest.raises(ForensicsError):
            pages.find(text)


@pytest.mark.parametrize(
    ("question", "values"),
    [
        ("children", {"node": -1}),
        ("children", {"node": 2**40}),
        ("children", {"node": "0"}),
        ("summary", {"sort": "colour"}),
        ("summary", {"sort": "names"}),
        ("summary", {"filter": "colour"}),
        ("instances", {"filter": "colour"}),
        ("path", {"node": 5, "ignored": [-1]}),
        ("path", {"node": 5, "ignored": [2**40]}),
        ("instances", {"class_index": None}),
    ],
)
def test_a_wrong_question_is_a_clear_error(pages, question, values):
    with pytest.raises(ForensicsError):
        getattr(pages, question)(**values)


def test_a_page_is_bounded_whatever_is_asked(pages):
    number = class_named(pages, "(string)")
    assert len(pages.instances(class_index=number, limit=10**6)["rows"]) <= 500
    with pytest.raises(BadOption):
        pages.instances(class_index=number, limit=1.5)


def test_every_answer_is_plain_json(pages, node):
    for name, values in {
        "about": {},
        "filters": {},
        "summary": {"filter": "contexts"},
        "statistics": {},
        "instances": {"class_index": 3},
        "children": {"node": node},
        "retainers": {"node": node},
        "path": {"node": node},
        "dominators": {"node": 0},
        "icicle": {"node": 0},
        "object": {"node": node},
    }.items():
        json.dumps(pages.questions[name](**values), allow_nan=False)


def test_the_value_of_a_property_named_as_a_secret_is_masked():
    client = TinyNode(5, name="Client")
    password, region = TinyNode(7, "string", "correct-horse"), TinyNode(9, "string", "eu")
    heap = TinyHeap([client, password, region])
    heap.link(3, 5, "property", "client")
    heap.link(5, 7, "property", "dbPassword")
    heap.link(5, 9, "property", "region")
    pages = SnapshotPages(heap.load())
    (node,) = pages.snapshot.instances("Client").index
    fields = {row["edge"]["text"]: row["name"] for row in pages.children(int(node))["rows"]}
    assert fields == {"dbPassword": MASK, "region": "eu"}
