"""Every rule of DevTools but the dominators, against a slow reading of it over the plain JSON."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from prodforensics.heap.formats.v8 import read_graph
from prodforensics.heap.graph import HeapGraph
from tests.heap.layouts import julia_like, read_sample, relaid, root_last, subgraph
from tests.heap.slow_devtools import Slow

SAMPLES = {
    "a cache": "heap/cache.3.heapsnapshot.zst",
    "a page with detached elements": "heap/detached.2.heapsnapshot.zst",
    "a WeakMap": "heap/weakmap_keys.2.heapsnapshot.zst",
}


def disturbed(snapshot: dict[str, Any]) -> dict[str, Any]:
    """Lead a tenth of the edges elsewhere, change types and states, as no real heap has them."""
    random = np.random.default_rng(7)
    found = copy.deepcopy(snapshot)
    meta = found["snapshot"]["meta"]
    nodes = np.array(found["nodes"]).reshape(-1, len(meta["node_fields"]))
    edges = np.array(found["edges"]).reshape(-1, 3)
    some = random.random(len(edges)) < 0.1
    edges[some, 2] = random.integers(0, len(nodes), some.sum()) * nodes.shape[1]
    some = random.random(len(edges)) < 0.05
    named = ~np.isin(edges[:, 0], [meta["edge_types"][0].index(x) for x in ("element", "hidden")])
    internal, weak, shortcut = map(meta["edge_types"][0].index, ("internal", "weak", "shortcut"))
    edges[some & named, 0] = random.choice([internal, weak, shortcut], (some & named).sum())
    if "detachedness" in meta["node_fields"]:
        some = random.random(len(nodes)) < 0.02
        nodes[some, meta["node_fields"].index("detachedness")] = random.integers(0, 4, some.sum())
    found["nodes"], found["edges"] = nodes.ravel().tolist(), edges.ravel().tolist()
    return found


LAYOUTS = {
    "as recorded": lambda s: s,
    "fields and codes in other orders": lambda s: relaid(
        s,
        ("edge_count", "self_size", "detachedness", "id", "name", "type", "color"),
        ("to_node", "type", "name_or_index"),
    ),
    "as Julia writes it": julia_like,
    "root last": root_last,
    "a part": lambda s: subgraph(s, len(s["nodes"]) // 7 // 3),
    "disturbed": disturbed,
}


CASES = [
    *(("a page with detached elements", layout) for layout in LAYOUTS),
    ("a cache", "as recorded"),
    ("a WeakMap", "as recorded"),
    ("a WeakMap", "disturbed"),
]


@pytest.fixture(scope="module", params=CASES, ids=" - ".join)
def pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[HeapGraph, Slow]:
    """One snapshot, analysed by us and slowly."""
    sample, layout = request.param
    snapshot = LAYOUTS[layout](read_sample(SAMPLES[sample]))
    path: Path = tmp_path_factory.mktemp("layout") / "x.heapsnapshot"
    path.write_text(json.dumps(snapshot))
    graph, gaps = read_graph(path)
    assert gaps == []
    slow = Slow(snapshot)
    slow.propagate_detachedness()
    return graph, slow


def test_detached_nodes_are_found_and_renamed(pair: tuple[HeapGraph, Slow]) -> None:
    graph, slow = pair
    states = [0] * graph.node_count if graph.detachedness is None else graph.detachedness.tolist()
    assert states == (slow.detachedness or [0] * graph.node_count)
    names = graph.strings.take(np.unique(graph.name))
    assert sorted(names) == sorted({slow.text(v) for v in range(graph.node_count)})


def test_essential_edges(pair: tuple[HeapGraph, Slow]) -> None:
    graph, slow = pair
    assert graph.essential.tolist() == list(slow.essential())


def test_distances(pair: tuple[HeapGraph, Slow]) -> None:
    graph, slow = pair
    assert graph.distance.tolist() == slow.distances()


def test_sizes_of_internal_parts_go_to_their_owner(pair: tuple[HeapGraph, Slow]) -> None:
    graph, slow = pair
    slow.transfer_sizes()
    assert graph.self_size.tolist() == slow.size


def test_class_of_every_node(pair: tuple[HeapGraph, Slow]) -> None:
    graph, slow = pair
    ours = [graph.classes.key[c] for c in graph.class_index.tolist()]
    assert ours == slow.class_keys()


def test_class_rows_sum_their_nodes(pair: tuple[HeapGraph, Slow]) -> None:
    graph, _ = pair
    used = graph.self_size > 0
    classes, which = graph.classes, graph.class_index
    count = np.bincount(which[used], minlength=len(classes))
    assert classes.count.tolist() == count.tolist()
    sizes = np.zeros(len(classes), np.uint64)
    np.add.at(sizes, which, graph.self_size.astype(np.uint64))
    assert classes.self_size.tolist() == sizes.tolist()
    # A node counts for its class's retained bytes unless one of its class is above it.
    above: list[frozenset[int]] = [frozenset()] * graph.node_count
    first, node = graph.dominated
    retained = np.zeros(len(classes), np.uint64)
    todo = [graph.root]
    while todo:
        v = todo.pop()
        c = int(which[v])
        if used[v] and c not in above[v]:
            retained[c] += graph.retained_size[v]
        below = above[v] | {c} if used[v] else above[v]
        for child in node[first[v] : first[v + 1]].tolist():
            above[child] = below
            todo.append(child)
    assert classes.retained_size.tolist() == retained.tolist()


def test_statistics_are_sums_by_type(pair: tuple[HeapGraph, Slow]) -> None:
    graph, slow = pair
    by_type: dict[str, int] = {}
    for kind, size in zip(slow.type, graph.self_size.tolist(), strict=True):
        by_type[kind] = by_type.get(kind, 0) + size
    strings = ("string", "concatenated string", "sliced string")
    found = graph.statistics
    assert found["native"] == by_type.get("native", 0) + graph.extra_bytes
    assert found["code"] == by_type.get("code", 0)
    assert found["system"] == by_type.get("hidden", 0)
    assert found["strings"] == sum(by_type.get(name, 0) for name in strings)
    entered = np.bincount(graph.edge_to, minlength=graph.node_count)
    arrays = 0
    others = ("hidden", "native", "code", *strings)
    for v, edges in enumerate(slow.edges):
        if slow.text(v) == "Array" and slow.type[v] not in others:
            arrays += int(graph.self_size[v])
            for edge in edges:
                if edge[0] == "internal" and slow.label(edge) == "elements":
                    arrays += int(graph.self_size[edge[2]]) if entered[edge[2]] == 1 else 0
                    break
    assert found["js_arrays"] == arrays
