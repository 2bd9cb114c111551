"""A snapshot as evidence: frames, cards, arguments, saving."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import prodforensics as pf
from prodforensics.display.tables import human_bytes
from prodforensics.errors import BadOption
from prodforensics.heap.schemas import ANSWERS
from tests.heap.tiny import TinyHeap

SAMPLES = [entry["path"] for entry in pf.samples.entries() if entry["format"] == "v8-heap-snapshot"]


@pytest.fixture(scope="module")
def cache() -> pf.Evidence:
    return pf.load(pf.samples.path("heap/cache.3.heapsnapshot.zst"))


@pytest.mark.parametrize("path", SAMPLES)
def test_every_frame_is_as_documented(path: str) -> None:
    snapshot = pf.load(pf.samples.path(path))
    for name, frame in snapshot.frames.items():
        snapshot.schemas[name].validate(frame)
    assert set(snapshot.frames) <= set(snapshot.schemas)


@pytest.mark.parametrize("load", ["sample", "tiny", "root alone"])
def test_every_answer_is_as_documented(load: str, cache: pf.Evidence) -> None:
    snapshot = cache
    if load != "sample":
        heap = TinyHeap()
        if load == "root alone":
            del heap.nodes[3]
        snapshot = heap.load()
    answers = {
        "objects": [snapshot.dominated_by(0), snapshot.find(name="global"), snapshot.find(id=1)],
        "retainers": [snapshot.retainers(0)],
        "path": [snapshot.path_to_root(0)],
        "properties": [snapshot.properties(0)],
        "dominator_tree": [snapshot.dominator_tree()],
        "merged_paths": [snapshot.merged_paths([0])],
        "allocation_stack": [snapshot.allocation_stack(0)],
    }
    assert set(answers) == set(ANSWERS)
    for name, frames in answers.items():
        for frame in frames:
            ANSWERS[name].validate(frame)
    for name, frame in snapshot.frames.items():
        snapshot.schemas[name].validate(frame)


def test_nodes_and_edges_are_the_graph(cache: pf.Evidence) -> None:
    graph, nodes, edges = cache.graph, cache.frames["nodes"], cache.frames["edges"]
    for node in np.random.default_rng(5).choice(graph.node_count, 200, replace=False).tolist():
        row = nodes.loc[node]
        assert row["id"] == graph.id[node]
        assert row["name"] == graph.strings[graph.name[node]]
        assert row["type"] == graph.node_types[graph.type[node]]
        mine = edges[edges["from_node"] == node]
        assert mine.index.tolist() == list(graph.edges_of(node))
        assert row["edge_count"] == len(mine)
        assert mine["name"].tolist() == [graph.edge_label(edge) for edge in mine.index]
        assert mine["to_node"].tolist() == [int(graph.edge_to[edge]) for edge in mine.index]


def test_sizes_add_up(cache: pf.Evidence) -> None:
    total = cache.total_size_bytes
    assert total == cache.frames["nodes"]["self_size_bytes"].sum()
    assert total == cache.frames["constructors"]["shallow_size_bytes"].sum()
    sizes = cache.frames["statistics"]
    for whole in ("total", "v8_heap", "native"):
        parts = sizes[sizes["part_of"] == whole]["size_bytes"].sum()
        assert parts == sizes.loc[whole, "size_bytes"]


def test_the_card_tells_size_runtime_and_the_largest(cache: pf.Evidence) -> None:
    assert human_bytes(cache.total_size_bytes) in cache.headline()
    assert dict(cache.facts())["recorded by"].startswith("Node.js v2")
    page = pf.load(pf.samples.path("heap/detached.2.heapsnapshot.zst"))
    assert dict(page.facts())["recorded by"] == "Chrome"


def test_memory_tells_what_is_held(cache: pf.Evidence) -> None:
    cache.retainers(0)
    cache.frames["nodes"]
    memory = cache.memory["size_bytes"]
    assert memory["graph"] == cache.graph.nbytes
    assert memory["graph.retainers"] > 0
    assert memory["frames['nodes']"] < 100 * cache.graph.node_count


@pytest.mark.parametrize("node", [-1, 10**9, "12", 1.5, None, [1, 2], True])
def test_a_wrong_node_is_told_with_a_hint(cache: pf.Evidence, node: object) -> None:
    for question in (cache.retainers, cache.path_to_root, cache.dominated_by, cache.properties):
        with pytest.raises(BadOption, match="Try: "):
            question(node)


def test_ordinals_of_any_whole_number_type_are_taken(cache: pf.Evidence) -> None:
    for node in (np.uint32(7), np.int64(7), cache.frames["nodes"].index[7]):
        assert cache.retainers(node).equals(cache.retainers(7))
    assert len(cache.merged_paths(pd.Index([5, 6, 7]))) > 1


def test_ignoring_leaves_the_snapshot_as_it_was(cache: pf.Evidence) -> None:
    before = cache.frames["nodes"].copy()
    sessions = cache.instances("Session").index
    holder = int(cache.instances("SessionStore").index[0])
    without = cache.ignore(cache.retainers(holder).index)
    assert (without.frames["nodes"].loc[sessions, "distance"] == -5).sum() > 1400
    assert cache.frames["nodes"].equals(before)
    assert cache.graph.dominated[0] is not without.graph.dominated[0]
    again = without.ignore(without.retainers(3).index[:1])
    assert (again.frames["nodes"].loc[sessions, "distance"] == -5).sum() > 1400


def test_ignoring_nothing_changes_nothing(cache: pf.Evidence) -> None:
    same = cache.ignore([])
    for name in ("nodes", "constructors", "statistics"):
        assert same.frames[name].equals(cache.frames[name])


def test_frames_survive_saving(cache: pf.Evidence, tmp_path: Path) -> None:
    saved = pf.load(cache.save(tmp_path / "saved"))
    for name, frame in cache.frames.items():
        pd.testing.assert_frame_equal(saved.frames[name], frame)
    assert saved.headline() == cache.headline()


def test_allocation_stacks_lead_to_the_program() -> None:
    snapshot = pf.load(pf.samples.path("heap/cache.tracked.heaptimeline.zst"))
    traced = snapshot.frames["nodes"].query("name == 'Session' and trace_node_id > 0")
    stack = snapshot.allocation_stack(traced.index[-1])
    assert stack["script"].iloc[0] == "/srv/app/scenarios/cache.js"
    traces = snapshot.frames["traces"]
    assert stack["trace_node_id"].isin(traces.index).all()
    samples = snapshot.frames["samples"]
    assert samples["timestamp_ns"].is_monotonic_increasing
    assert samples["live_count"].sum() <= len(snapshot.frames["nodes"])


def test_locations_name_the_script() -> None:
    snapshot = pf.load(pf.samples.path("heap/closures.2.heapsnapshot.zst"))
    undo = snapshot.find(name="/^undoReservation$/").query("type == 'closure'").index
    places = snapshot.frames["locations"].set_index("node").loc[undo]
    assert set(places["script"]) == {"/srv/app/scenarios/closures.js"}
    page = pf.load(pf.samples.path("heap/detached.2.heapsnapshot.zst"))
    assert "http://desk.example/" in set(page.frames["locations"]["script"])
