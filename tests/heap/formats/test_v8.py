"""Reading the file: any layout, any damage."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import prodforensics as pf
from prodforensics.errors import Corrupt, ForensicsError
from prodforensics.formats import Probe
from prodforensics.gaps import Gap
from prodforensics.heap.formats import json_arrays
from prodforensics.heap.formats.v8 import parse, read_graph, sniff
from prodforensics.heap.graph import HeapGraph
from tests.heap.layouts import read_sample, subgraph

SAMPLE = "heap/detached.1.heapsnapshot.zst"
SMALL = subgraph(read_sample(SAMPLE), 3000)
# As V8 writes it: no spaces, a line for each array.
TEXT = json.dumps(SMALL, separators=(",", ":")).encode()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "x.heapsnapshot"


def load(path: Path, text: bytes | dict[str, Any]) -> tuple[HeapGraph, list[Gap]]:
    path.write_bytes(text if isinstance(text, bytes) else json.dumps(text).encode())
    return read_graph(path)


def column(name: str) -> list[int]:
    fields = SMALL["snapshot"]["meta"]["node_fields"]
    return SMALL["nodes"][fields.index(name) :: len(fields)]


def same(a: HeapGraph, b: HeapGraph) -> bool:
    names = ("type", "name", "id", "self_size", "first_edge", "edge_type", "edge_name", "edge_to",
             "locations", "distance", "dominator", "retained_size", "class_index")  # fmt: skip
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in names)


def test_columns_hold_what_the_file_says(file: Path) -> None:
    file.write_bytes(TEXT)
    graph, gaps = parse(file)
    assert gaps == []
    assert graph.id.tolist() == column("id")
    assert graph.self_size.tolist() == column("self_size")
    assert np.diff(graph.first_edge.astype(np.int64)).tolist() == column("edge_count")
    assert graph.edge_to.tolist() == [to // 6 for to in SMALL["edges"][2::3]]
    assert graph.edge_name.tolist() == SMALL["edges"][1::3]
    assert graph.strings.take(range(len(graph.strings))) == SMALL["strings"]


@pytest.mark.parametrize("block", [64, 1000, 2**22])
def test_blocks_of_any_size_give_the_same(
    file: Path, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, _ = load(file, TEXT)
    monkeypatch.setattr(json_arrays, "BLOCK_BYTES", block)
    in_blocks, gaps = load(file, TEXT)
    assert gaps == []
    assert same(whole, in_blocks)
    assert in_blocks.strings.take(range(50)) == whole.strings.take(range(50))


@pytest.mark.parametrize("indent", [None, 1])
def test_json_of_other_writers_reads_the_same(file: Path, indent: int | None) -> None:
    whole, _ = load(file, TEXT)
    rewritten, gaps = load(file, json.dumps(SMALL, indent=indent).encode())
    assert gaps == []
    assert same(whole, rewritten)


def test_arrays_may_come_in_any_order_with_unknown_ones_between(file: Path) -> None:
    whole, _ = load(file, TEXT)
    keys = ["strings", "locations", "edges", "nodes"]
    shuffled = {"snapshot": SMALL["snapshot"], "new": {"a": [1, "]}", {}], "b": None}, "n": 1}
    shuffled |= {key: SMALL[key] for key in keys} | {"scopes": [1, 2], "last": "x"}
    found, gaps = load(file, shuffled)
    assert gaps == []
    assert same(whole, found)


def test_ids_and_sizes_beyond_32_bits(file: Path) -> None:
    snapshot = json.loads(TEXT)
    fields = snapshot["snapshot"]["meta"]["node_fields"]
    width, row = len(fields), 2000
    snapshot["nodes"][row * width + fields.index("id")] = 2**53 - 1
    snapshot["nodes"][row * width + fields.index("self_size")] = 2**40
    graph, gaps = load(file, snapshot)
    assert gaps == []
    assert graph.id[row] == 2**53 - 1
    assert graph.retained_size[row] >= 2**40 or graph.self_size[row] == 0
    assert graph.total_size >= 2**40


def test_types_that_nobody_knows_are_kept(file: Path) -> None:
    snapshot = json.loads(TEXT)
    width = len(snapshot["snapshot"]["meta"]["node_fields"])
    snapshot["nodes"][100 * width] = 77
    snapshot["edges"][0] = 200
    graph, gaps = load(file, snapshot)
    assert gaps == []
    assert graph.node_types[graph.type[100]] == "unknown type 77"
    assert graph.edge_types[graph.edge_type[0]] == "unknown type 200"


def test_edges_that_lead_nowhere_are_counted_and_left_out(file: Path) -> None:
    snapshot = json.loads(TEXT)
    snapshot["edges"][2], snapshot["edges"][5] = 10**9, 7
    graph, (gap,) = load(file, snapshot)
    assert gap.lost_records == 2
    assert graph.edge_count == len(snapshot["edges"]) // 3 - 2


def test_a_target_beyond_32_bits_is_not_wrapped(file: Path) -> None:
    snapshot = json.loads(TEXT)
    snapshot["edges"][2] = 6 * 2**33
    _, (gap,) = load(file, snapshot)
    assert gap.lost_records == 1


@pytest.mark.parametrize("count", [0, 5, 2**31, 10**15, -1, "many", None])
def test_counts_in_the_header_are_checked_not_trusted(file: Path, count: object) -> None:
    whole, _ = load(file, TEXT)
    snapshot = json.loads(TEXT)
    snapshot["snapshot"] |= {"node_count": count, "edge_count": count}
    graph, gaps = load(file, snapshot)
    assert same(whole, graph)
    assert bool(gaps) == isinstance(count, int)


def test_missing_strings_have_names_of_their_own(file: Path) -> None:
    graph, gaps = load(file, TEXT[: TEXT.index(b'"strings":') - 1])
    assert [gap.what for gap in gaps] == ["no array 'strings'"]
    assert graph.strings[graph.name[7]] == f"(missing string {column('name')[7]})"
    assert graph.node_count == 3000


@pytest.mark.parametrize("array", ["nodes", "edges", "strings"])
def test_a_file_cut_inside_an_array_loads_all_that_is_whole(file: Path, array: str) -> None:
    start = TEXT.index(f'"{array}":['.encode()) + len(array) + 4
    cut = start + 2000
    graph, gaps = load(file, TEXT[:cut])
    assert gaps[0].what.startswith(f"{array}: the file ends inside this array")
    assert gaps[0].offset is not None
    assert start < gaps[0].offset <= cut
    whole, _ = parse(_written(file, TEXT))
    n, m, s = graph.node_count, graph.edge_count, graph.strings.count
    if array == "nodes":
        assert n == TEXT[start:cut].count(b",") // 6
    elif array == "edges":
        assert m == TEXT[start:cut].count(b",") // 3
    assert graph.id.tolist() == whole.id[:n].tolist()
    assert graph.strings.take(range(s)) == whole.strings.take(range(s))
    if array != "nodes":
        assert n == whole.node_count
        # Edges that are there are those of the first nodes.
        assert graph.edge_name.tolist() == whole.edge_name[:m].tolist()


def _written(path: Path, text: bytes) -> Path:
    path.write_bytes(text)
    return path


def test_damage_inside_an_array_does_not_hide_the_next(file: Path) -> None:
    start = TEXT.index(b'"edges":[') + 9
    text = bytearray(TEXT)
    text[start + 300 : start + 310] = b"\0" * 10
    graph, gaps = load(file, bytes(text))
    assert "damaged" in gaps[0].what
    assert gaps[0].lost_bytes
    assert graph.strings.count == len(SMALL["strings"])
    assert 0 < graph.edge_count < 110


def test_strict_raises_in_place_of_loading_a_part(file: Path) -> None:
    file.write_bytes(TEXT[:-500])
    with pytest.raises(Corrupt, match="strings"):
        pf.load(file, strict=True)


@pytest.mark.parametrize(
    "text",
    [
        b"", b"{", b'{"nodes":[1,2]}', b"[1,2,3]", TEXT[:300], b'{"snapshot":17,"nodes":[]}',
        b'{"snapshot":{"meta":{"node_fields":[]}}}', b'{"snapshot":' + b"[" * 100_000,
        b'{"snapshot":{"meta":{"node_fields":["type","name"],"edge_fields":["type"]}}}',
    ],
    ids=range(9),
)  # fmt: skip
def test_without_a_header_nothing_can_be_read(file: Path, text: bytes) -> None:
    with pytest.raises(Corrupt) as caught:
        load(file, text)
    assert caught.value.path == str(file)


def test_an_empty_heap_is_a_heap(file: Path) -> None:
    snapshot = {"snapshot": SMALL["snapshot"] | {"node_count": 0, "edge_count": 0}}
    graph, gaps = load(file, snapshot | {"nodes": [], "edges": [], "strings": []})
    assert gaps == []
    assert (graph.node_count, graph.total_size) == (0, 0)
    assert not graph.classes.count.any()


@settings(max_examples=60)
@given(st.integers(0, 2**32))
def test_no_damage_raises_anything_but_our_errors(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    chance = random.Random(seed)
    text = bytearray(TEXT)
    for _ in range(chance.choice([1, 3, 30])):
        at, size = chance.randrange(len(text)), chance.choice([1, 1, 8, 500])
        kind = chance.choice(["bytes", "digits", "cut", "marks", "copy"])
        if kind == "cut" and chance.random() < 0.3:
            del text[max(at, 100) :]
        elif kind == "digits" and 48 <= text[at] <= 57:
            text[at] = chance.randrange(48, 58)
        elif kind == "marks":
            text[at] = chance.choice(b'[]{},:"\\ 0')
        elif kind == "copy":
            other = chance.randrange(len(text))
            text[at : at + size] = text[other : other + size]
        else:
            text[at : at + size] = chance.randbytes(size)
    path = tmp_path_factory.mktemp("damage") / "x.heapsnapshot"
    try:
        graph, _ = load(path, bytes(text))
    except ForensicsError:
        return
    n = graph.node_count
    assert len(graph.first_edge) == n + 1
    assert int(graph.first_edge[-1]) == graph.edge_count
    assert (graph.edge_to < max(n, 1)).all()
    assert (graph.dominator < max(n, 1)).all()
    assert (graph.class_index < max(len(graph.classes), 1)).all()
    assert graph.strings.take(graph.name[:50])


def test_is_recognised_by_its_first_bytes() -> None:
    assert sniff(Probe(TEXT[:65536], b"", "x", len(TEXT))).confidence == 1.0
    assert sniff(Probe(b'  {\n "snapshot" : {"meta":{"node_fields":[]}}', b"", "x", 9))
    assert sniff(Probe(b'{"nodes":[]}', b"", "x.heapsnapshot", 12)) is None
