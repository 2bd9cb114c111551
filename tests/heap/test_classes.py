import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from prodforensics.heap.classes import Interface, classify, format_property, infer_interfaces
from prodforensics.heap.formats.v8 import read_graph
from prodforensics.heap.graph import HeapGraph

FIELDS = ["type", "name", "id", "self_size", "edge_count"]


def heap(path: Path, objects: list[list[str]], more: Sequence[str] = ()) -> HeapGraph:
    """Write a heap of plain objects with the given properties, and nodes of other names."""
    strings = ["", "Object", *more]
    for name in (name for properties in objects for name in properties):
        if name not in strings:
            strings.append(name)
    count = 1 + len(objects) + len(more)
    nodes = [1, 0, 1, 0, count - 1]
    edges = [x for v in range(1, count) for x in (1, v, 5 * v)]
    for v, properties in enumerate(objects, 1):
        nodes += [0, 1, 2 * v + 1, 16, len(properties)]
        edges += [x for name in properties for x in (0, strings.index(name), 0)]
    for v, name in enumerate(more, len(objects) + 1):
        nodes += [0, strings.index(name), 2 * v + 1, 16, 0]
    meta = {"node_fields": FIELDS, "node_types": [["object", "synthetic"]],
            "edge_fields": ["type", "name_or_index", "to_node"],
            "edge_types": [["property", "element"]]}  # fmt: skip
    header = {"meta": meta, "node_count": count, "edge_count": len(edges) // 3}
    path.write_text(
        json.dumps({"snapshot": header, "nodes": nodes, "edges": edges, "strings": strings})
    )
    return read_graph(path)[0]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "x.heapsnapshot"


def names(graph: HeapGraph) -> list[str]:
    return [graph.classes.name[c] for c in graph.class_index.tolist()][1:]


def test_objects_of_common_properties_share_an_interface(file: Path) -> None:
    graph = heap(file, [["a", "b"], ["a", "b"], ["b", "a"], ["a"], ["x"], []])
    assert names(graph) == ["{a, b}", "{a, b}", "{a, b}", "Object", "Object", "Object"]


def test_the_interface_with_the_most_properties_wins(file: Path) -> None:
    graph = heap(
        file, [["a"], ["a"], ["a"], ["a", "b", "c"], ["a", "b", "c"], ["c", "z", "b", "a"]]
    )
    assert names(graph) == ["{a}"] * 3 + ["{a, b, c}"] * 3


def test_of_equally_large_ones_the_more_frequent_wins(file: Path) -> None:
    graph = heap(file, [["b"], ["b"], ["a"], ["a"], ["a"], ["b", "a"]])
    assert names(graph)[-1] == "{a}"


def test_proto_is_no_property_and_odd_names_are_quoted(file: Path) -> None:
    odd = ["__proto__", "a,b", 'say "x"']
    graph = heap(file, [odd, odd])
    assert names(graph) == ['{"a,b", "say \\"x\\""}'] * 2


def test_a_property_that_occurs_twice_must_be_there_twice(file: Path) -> None:
    graph = heap(file, [["s", "s", "t"], ["s", "s", "t"], ["s", "t", "u"]])
    assert names(graph) == ["{s, s, t}", "{s, s, t}", "Object"]


@pytest.mark.parametrize(("length", "properties"), [(59, 2), (60, 2), (61, 1)])
def test_names_of_interfaces_end_before_120_units(file: Path, length: int, properties: int) -> None:
    # Before the second name stand "{" and the first: 1 + 60 + 59 = 120.
    graph = heap(file, [["é" * length, "ü" * 59]] * 2)
    assert len(graph.classes.interfaces[0].properties) == properties


def test_characters_beyond_the_basic_plane_count_twice(file: Path) -> None:
    graph = heap(file, [["\N{SNAKE}" * 30, "x" * 59]] * 2)
    assert len(graph.classes.interfaces[0].properties) == 2
    graph = heap(file, [["\N{SNAKE}" * 30, "x" * 60]] * 2)
    assert len(graph.classes.interfaces[0].properties) == 1


def test_tags_lose_their_attributes(file: Path) -> None:
    graph = heap(file, [], ['<div id="a">', "<div>", 'Detached <li class="x">', "Detached <li>"])
    assert names(graph) == ["<div>", "<div>", "Detached <li>", "Detached <li>"]


def test_another_snapshots_interfaces_can_be_applied(file: Path) -> None:
    graph = heap(file, [["a", "b"], ["a"], ["c"]])
    assert names(graph) == ["Object"] * 3
    borrowed = [Interface("{a}", ("a",)), Interface("{zz}", ("zz",))]
    index, classes = classify(graph, borrowed)
    assert [classes.name[c] for c in index.tolist()][1:] == ["{a}", "{a}", "Object"]
    assert classes.interfaces == tuple(borrowed)
    # The graph's own classes stay as they are.
    assert names(graph) == ["Object"] * 3


def test_interfaces_are_listed_most_frequent_first(file: Path) -> None:
    graph = heap(file, [["x"]] * 2 + [["y"]] * 3 + [["z"]] * 2)
    assert [i.name for i in infer_interfaces(graph)] == ["{y}", "{x}", "{z}"]


def test_classes_count_objects_of_some_size(file: Path) -> None:
    graph = heap(file, [["x"]] * 4, ["Map"])
    rows = dict(zip(graph.classes.key, graph.classes.count.tolist(), strict=True))
    assert (rows[",{x}"], rows[",Map"]) == (4, 1)
    assert graph.classes.self_size[graph.classes.count == 0].tolist() == [0, 0]


def test_property_names_are_written_as_devtools_writes_them() -> None:
    assert [format_property(x) for x in ("a b", "a'b", "{", 'q"', "é,")] == [
        "a b", '"a\'b"', '"{"', '"q\\""', '"é,"',
    ]  # fmt: skip
