"""Pages of a comparison: the same answers as the whole frames, a page at a time."""

from __future__ import annotations

import json

import pytest

import prodforensics as pf
from prodforensics.heap.comparison_pages import ComparisonPages


@pytest.fixture(scope="module")
def growth():
    names = [f"heap/listeners.{number}.heapsnapshot.zst" for number in (1, 3)]
    return pf.compare(*[pf.load(pf.samples.path(name)) for name in names])


@pytest.fixture(scope="module")
def pages(growth):
    return ComparisonPages(growth)


def whole(question, **values):
    """All pages of a question, seven rows a page."""
    rows, total = [], 1
    while len(rows) < total:
        answer = question(offset=len(rows), limit=7, **values)
        assert len(answer["rows"]) == min(7, answer["total"] - len(rows))
        rows, total = rows + answer["rows"], answer["total"]
    return rows


def class_with(pages, wanted):
    rows = [row for row in whole(pages.grown) if wanted(row["added"], row["removed"])]
    return min(rows, key=lambda row: row["added"] + row["removed"])


def test_a_class_opens_to_its_new_objects_after_one_row_for_the_deleted(pages, growth):
    row = class_with(pages, lambda added, removed: added > 10 and removed > 10)
    lead, *new = whole(pages.changed, class_index=row["class_index"])
    assert lead["removed"] == row["removed"]
    assert lead["removed_size"] == row["removed_size"]
    assert len(new) == row["added"]
    assert sum(each["added_size"] for each in new) == row["added_size"]
    assert set(growth.frames["added"].index) >= {each["node"] for each in new}
    gone = whole(pages.changed, class_index=row["class_index"], gone=lead["gone"])
    assert len(gone) == row["removed"]
    assert all(each["gone"] for each in gone)
    assert set(growth.frames["removed"].index) >= {each["node"] for each in gone}


def test_a_class_without_deleted_objects_opens_to_new_ones_alone(pages):
    row = class_with(pages, lambda added, removed: added and not removed)
    new = whole(pages.changed, class_index=row["class_index"])
    assert len(new) == row["added"]
    assert not any(each.get("gone") for each in new)


def test_deleted_objects_are_asked_of_the_first_snapshot(pages, growth):
    node = int(growth.frames["removed"].index[-1])
    answer = pages.questions["object"](node=node, gone=True)
    assert answer["object"]["gone"]
    assert answer["object"]["id"] == int(growth.graphs[0].id[node])
    path = pages.questions["path"](node=node, gone=True)["rows"]
    assert len(path) == len(growth.snapshots[0].path_to_root(node))
    assert all(step["gone"] for step in path)
    assert "gone" not in pages.questions["object"](node=node)["object"]


def test_every_answer_is_plain_json(pages):
    row = class_with(pages, lambda added, removed: added and removed)
    json.dumps(pages.changed(class_index=row["class_index"]), allow_nan=False)
    for name in ("about", "grown", "growth_points", "trend", "findings"):
        json.dumps(pages.questions[name](), allow_nan=False)
