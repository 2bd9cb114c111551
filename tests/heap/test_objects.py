"""Single objects: by class, by id, by name, and what they refer to."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

import prodforensics as pf
from prodforensics.errors import BadOption, UnknownName
from tests.conftest import require_tool
from tests.heap.tiny import TinyHeap, TinyNode


@pytest.fixture(scope="module")
def cache() -> pf.Evidence:
    return pf.load(pf.samples.path("heap/cache.3.heapsnapshot.zst"))


def test_instances_are_those_that_the_class_row_counts(cache: pf.Evidence) -> None:
    constructors = cache.frames["constructors"]
    for key in constructors.index[::20]:
        found = cache.instances(key)
        row = constructors.loc[key]
        assert len(found) == row["count"]
        assert found["self_size_bytes"].sum() == row["shallow_size_bytes"]
        assert found["retained_size_bytes"].is_monotonic_decreasing


def test_an_unknown_class_suggests_the_closest(cache: pf.Evidence) -> None:
    with pytest.raises(UnknownName, match="did you mean 'Session'"):
        cache.instances("Sesion")


def test_an_object_is_found_by_its_id(cache: pf.Evidence) -> None:
    id_ = int(cache.frames["nodes"]["id"].iloc[1000])
    for spelling in (id_, f"@{id_}", str(id_)):
        assert cache.find(id=spelling).index.tolist() == [1000]
    assert cache.find(id=2**70).empty


def test_objects_are_found_by_part_of_their_name_in_any_case(cache: pf.Evidence) -> None:
    found = cache.find(name="SESSIONSTORE")
    assert "SessionStore" in found["name"].tolist()
    exact = cache.find(name="/^Session$/")
    assert len(exact.query("type == 'object'")) == len(cache.instances("Session"))


@pytest.mark.parametrize("arguments", [{}, {"id": 1, "name": "a"}, {"id": "x"}, {"name": "/(/"}])
def test_questions_that_make_no_sense_are_told(cache: pf.Evidence, arguments: dict) -> None:
    with pytest.raises(BadOption):
        cache.find(**arguments)


def test_properties_show_the_texts_of_strings(cache: pf.Evidence) -> None:
    session = int(cache.instances("Session").index[0])
    properties = cache.properties(session).set_index("edge_name")
    assert properties.loc["user", "value"].startswith("user-")
    assert properties["value"].isna()["cart"]
    assert properties.loc["cart", "class_name"] == "{items, currency}"


def test_properties_show_numbers_where_the_snapshot_has_them() -> None:
    heap = TinyHeap()
    heap.add(5, 3, "heap number", as_="price", type="number")
    heap.nodes[7] = TinyNode(7, "string", "12.5", 0)
    heap.link(5, 7, "internal", "value")
    properties = heap.load().properties(1).set_index("edge_name")
    assert properties.loc["price", "value"] == "12.5"


def test_properties_of_a_real_object_with_numbers_exposed(tmp_path: Path) -> None:
    path = tmp_path / "numbers.heapsnapshot"
    program = (
        "class Point { constructor() { this.small = -7; this.large = 3.25; this.text = 'here';"
        " this.yes = true; this.nothing = null; this.missing = undefined;"
        " this.mark = Symbol('tag'); this.pattern = /a+b/; this.act = function go() {} } };"
        "global.point = new Point();"
        f"require('v8').writeHeapSnapshot({str(path)!r}, {{exposeNumericValues: true}})"
    )
    subprocess.run([require_tool("node"), "-e", program], check=True, timeout=120)
    snapshot = pf.load(path)
    point = int(snapshot.instances("Point").index[0])
    properties = snapshot.properties(point).query("edge_type == 'property'")
    values = properties.set_index("edge_name")["value"].drop("__proto__").fillna("-").to_dict()
    assert values == {
        "small": "-7", "large": "3.25", "text": "here", "yes": "true", "nothing": "null",
        "missing": "undefined", "mark": "tag", "pattern": "a+b", "act": "-",
    }  # fmt: skip


def rope(*parts: str) -> TinyHeap:
    """Make a heap whose ``rope`` is a string joined from parts, one after the other."""
    heap = TinyHeap()
    whole = heap.add(5, 3, "(concatenated string)", as_="rope", type="concatenated string")
    for k, part in enumerate(parts):
        leaf = 101 + 2 * k
        heap.nodes[leaf] = TinyNode(leaf, "string", part, 16)
        heap.link(whole, leaf, "internal", "first")
        rest = 301 + 2 * k
        last = k == len(parts) - 2
        kind = ("string", parts[-1]) if last else ("concatenated string", "(concatenated string)")
        heap.nodes[rest] = TinyNode(rest, *kind, 16)
        heap.link(whole, rest, "internal", "second")
        whole = rest
        if last:
            break
    return heap


def test_joined_strings_are_put_together() -> None:
    snapshot = rope("Grüße", " aus ", "Köln 🚀").load()
    properties = snapshot.properties(1).set_index("edge_name")
    assert properties.loc["rope", "value"] == "Grüße aus Köln 🚀"
    assert 2 in snapshot.find(name="aus köln").index


def test_a_joined_string_ends_where_devtools_stops_reading() -> None:
    value = rope("a" * 1000, "b" * 24, "c").load().properties(1)["value"].dropna().tolist()
    assert value == ["a" * 1000 + "b" * 24]


def test_a_string_joined_with_itself_ends() -> None:
    heap = TinyHeap()
    heap.add(5, 3, "(concatenated string)", as_="rope", type="concatenated string")
    heap.link(5, 5, "internal", "first")
    heap.link(5, 5, "internal", "second")
    assert heap.load().properties(1)["value"].fillna("").tolist() == [""]


def test_detached_nodes_are_listed_largest_first() -> None:
    snapshot = pf.load(pf.samples.path("heap/detached.2.heapsnapshot.zst"))
    detached = snapshot.frames["detached"]
    nodes = snapshot.frames["nodes"]
    assert sorted(detached.index) == np.flatnonzero(nodes["detachedness"] == "detached").tolist()
    assert detached["retained_size_bytes"].is_monotonic_decreasing
