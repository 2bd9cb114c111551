"""Findings of one snapshot: on real programs that have the fault, and on those that have not."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

import prodforensics as pf
from prodforensics.findings import Finding, Verdict
from tests.conftest import require_tool
from tests.heap.tiny import TinyHeap

HEALTHY = [
    entry["path"]
    for entry in pf.samples.entries()
    if entry["format"] == "v8-heap-snapshot" and entry["scenario"] != "detached"
]


@pytest.fixture(scope="session")
def record(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], pf.Evidence]:
    """Run a few lines of JavaScript in Node and take a snapshot of what they keep."""
    node = require_tool("node")

    @cache
    def run(program: str) -> pf.Evidence:
        path = tmp_path_factory.mktemp("node") / "kept.heapsnapshot"
        script = f"{program}; require('v8').writeHeapSnapshot({str(path)!r})"
        subprocess.run([node, "-e", script], check=True, capture_output=True, timeout=120)
        return pf.load(path)

    return run


def found(snapshot: pf.Evidence, rule: str) -> list[Finding]:
    return [finding for finding in snapshot.findings() if finding.rule == rule]


@pytest.mark.parametrize("path", HEALTHY)
def test_small_services_have_nothing_that_takes_the_memory(path: str) -> None:
    assert list(pf.load(pf.samples.path(path)).findings()) == []


@pytest.mark.parametrize(
    "program",
    [
        "0",
        "require('http').createServer(() => {}).listen(0).unref(); require('crypto')",
        # A table of data that the program needs is large, but no leak.
        "class Row { constructor(i) { this.i = 'r' + i; this.at = {i} } };"
        "global.table = Array.from({length: 1e5}, (_, i) => new Row(i))",
    ],
)
def test_a_healthy_process_has_nothing_likely(
    record: Callable[[str], pf.Evidence], program: str
) -> None:
    assert not record(program).findings().likely


def test_an_object_that_holds_much_is_named_with_its_path_and_contents(
    record: Callable[[str], pf.Evidence],
) -> None:
    snapshot = record(
        "class Session { constructor(i) { this.token = 't' + i; this.user = {i} } };"
        "class Store { constructor() { this.byToken = new Map() } };"
        "global.store = new Store();"
        "for (let i = 0; i < 5e4; i++) store.byToken.set('k' + i, new Session(i))"
    )
    [finding] = found(snapshot, "heap.dominator_suspect")
    assert finding.verdict == Verdict.POSSIBLE
    assert finding.title.startswith("Map @")
    assert "global.store (Store).byToken → Map" in finding.why
    assert "50,000 × Session" in finding.why
    [node] = finding.rows["nodes"]
    assert snapshot.frames["nodes"].loc[node, "class_name"] == "Map"
    assert f"dominated_by({node})" in finding.next_step


def test_a_class_whose_objects_hold_much_is_named_with_its_code(
    record: Callable[[str], pf.Evidence],
) -> None:
    snapshot = record(
        "class Order { constructor(i) { this.lines = ['a' + i, 'b' + i] } };"
        "const a = [], b = [];"
        "for (let i = 0; i < 5e4; i++) { const o = new Order(i); a.push(o); b.push(o) };"
        "global.byDay = a; global.byCustomer = b"
    )
    [finding] = found(snapshot, "heap.class_suspect")
    assert "× Order retain" in finding.title
    assert finding.rows["constructors"][0] in snapshot.frames["constructors"].index
    assert "Its code: [eval]:1:" in finding.why


def test_large_arrays_and_buffers_are_told_apart(
    record: Callable[[str], pf.Evidence],
) -> None:
    snapshot = record(
        "global.numbers = Array.from({length: 1e6}, (_, i) => i); global.buf = Buffer.alloc(2e7, 1)"
    )
    buffer, array = found(snapshot, "heap.large_array")
    assert buffer.title.startswith("a buffer of 20.0 MB")
    assert "global.buf (Buffer)" in buffer.why
    assert array.title.startswith("an array of 8.")
    assert not found(snapshot, "heap.dominator_suspect")


def test_a_large_string_is_shown_with_its_beginning(
    record: Callable[[str], pf.Evidence],
) -> None:
    snapshot = record("global.body = ('line of the log\\n').repeat(3e5).split('').join('')")
    [finding] = found(snapshot, "heap.large_string")
    assert "begins with 'line of the log line of" in finding.why
    assert "global.body" in finding.why


def test_equal_strings_from_parsing_are_counted(record: Callable[[str], pf.Evidence]) -> None:
    snapshot = record(
        "global.rows = [];"
        "for (let i = 0; i < 1e5; i++)"
        " rows.push(JSON.parse('{\"a\":\"status: waiting for payment ' + (i % 50) + '\"}'))"
    )
    [finding] = found(snapshot, "heap.duplicate_strings")
    assert "2,000 times" in finding.why
    assert "global.rows" in finding.why
    assert finding.rows["duplicate_strings"][0] == 0


def test_empty_maps_are_counted_and_full_ones_are_not(
    record: Callable[[str], pf.Evidence],
) -> None:
    snapshot = record(
        "class Peer { constructor(i)"
        " { this.rooms = new Map(); this.own = new Map([['k', {i}]]) } };"
        "global.peers = Array.from({length: 3e4}, (_, i) => new Peer(i))"
    )
    [finding] = found(snapshot, "heap.oversized_collection")
    assert finding.title.startswith("30")
    assert ".rooms → Map" in finding.why


def test_an_array_with_gaps_is_sparse_and_one_of_numbers_is_not(
    record: Callable[[str], pf.Evidence],
) -> None:
    snapshot = record(
        "global.byId = new Array(6e5); for (let i = 0; i < 1000; i++) byId[i * 600] = {i};"
        "global.numbers = Array.from({length: 5e5}, (_, i) => i);"
        "global.full = Array.from({length: 2e5}, (_, i) => ({i}));"
        "global.ints = new Map(Array.from({length: 1e5}, (_, i) => [i, i]))"
    )
    [finding] = found(snapshot, "heap.sparse_collection")
    assert "600,00" in finding.title
    assert "1,000 references" in finding.title
    assert "global.byId" in finding.why


def test_detached_elements_are_likely_where_they_hold_much() -> None:
    snapshot = pf.load(pf.samples.path("heap/detached.2.heapsnapshot.zst"))
    [finding] = found(snapshot, "heap.detached_dom")
    assert finding.verdict == Verdict.LIKELY
    assert "closedPanels[" in finding.why
    assert set(finding.rows["detached"]) <= set(snapshot.frames["detached"].index)


def test_natives_of_node_are_no_detached_elements() -> None:
    snapshot = pf.load(pf.samples.path("heap/healthy.1.heapsnapshot.zst"))
    assert len(snapshot.frames["detached"])
    assert not found(snapshot, "heap.detached_dom")


@pytest.mark.parametrize("name", ["<img src=x onerror=alert(1)>", "{evil}", "a" * 5000, "\x1b[31m"])
def test_hostile_names_are_kept_short_and_harmless(name: str) -> None:
    heap = TinyHeap()
    heap.add(5, 3, name, as_=name, size=10)
    for k in range(60):
        heap.add(7 + 2 * k, 5, name, as_=k, size=100_000)
    snapshot = heap.load()
    findings = snapshot.findings()
    assert len(findings)
    assert all(len(finding.title) < 300 for finding in findings)
    html = findings._repr_mimebundle_()["text/html"] + snapshot._repr_mimebundle_()["text/html"]
    assert "<img src=x" not in html
    assert "\x1b" not in "".join(f"{f.title}{f.why}{f.next_step}" for f in findings)


def test_an_empty_heap_has_no_findings(tmp_path: Path) -> None:
    heap = TinyHeap()
    del heap.nodes[3]
    assert list(heap.load().findings()) == []
