"""The self time of every function of a CPU profile is that of Chrome DevTools."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

import prodforensics as pf
from prodforensics import samples
from prodforensics.source import Source
from tests.oracle.worker import Oracle

pytestmark = pytest.mark.oracle

PROFILES = [e["path"] for e in samples.entries() if e["format"] == "cpuprofile"]
TRACES = [e["path"] for e in samples.entries() if e["path"].endswith("page-trace.json.gz")]
NAMES = ["(root)", "(program)", "(idle)", "(garbage collector)", "a", "b", "c"]


def unpacked(name: str) -> bytes:
    return b"".join(Source(samples.path(name)).chunks())


def same(ours: pf.Evidence, oracle: Oracle, path: Path) -> None:
    """Compare the self times, largest first: names are told apart in other ways here."""
    theirs = [round(one["self_ms"] * 1e6) for one in oracle.self_times(path)]
    mine = [value for value in ours.measures.function_self.tolist() if value]
    assert sorted(mine) == pytest.approx(sorted(t for t in theirs if t > 1), abs=50)


@pytest.mark.parametrize("name", PROFILES)
def test_of_samples(oracle: Oracle, tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.cpuprofile"
    path.write_bytes(unpacked(name))
    same(pf.load(path), oracle, path)


@pytest.mark.parametrize("name", TRACES)
def test_of_chunks_in_a_trace(oracle: Oracle, tmp_path: Path, name: str) -> None:
    events = json.loads(unpacked(name))["traceEvents"]
    (start,) = [e["args"]["data"]["startTime"] for e in events if e["name"] == "Profile"]
    whole: dict = {"nodes": [], "samples": [], "timeDeltas": [], "startTime": start}
    for event in events:
        if event["name"] == "ProfileChunk":
            data = event["args"]["data"]
            whole["nodes"] += data["cpuProfile"].get("nodes", [])
            whole["samples"] += data["cpuProfile"].get("samples", [])
            whole["timeDeltas"] += data.get("timeDeltas", [])
    whole["endTime"] = start + sum(whole["timeDeltas"])
    path = tmp_path / "a.cpuprofile"
    path.write_text(json.dumps(whole))
    same(pf.load(samples.path(name)), oracle, path)


@pytest.mark.parametrize("seed", range(8))
def test_of_made_up_ones_with_all_that_is_odd(oracle: Oracle, tmp_path: Path, seed: int) -> None:
    """Times out of order, collectors anywhere, native code between stacks of one task."""
    pick = random.Random(seed)
    nodes = [
        {"id": k + 1, "callFrame": _frame(name, k), "children": []} for k, name in enumerate(NAMES)
    ]
    for number in range(2, len(NAMES) + 1):
        nodes[0 if number <= 5 else pick.choice([0, 4, number - 2])]["children"].append(number)
    ids = pick.choices(range(2, len(NAMES) + 1), weights=[4, 1, 2, 3, 3, 3], k=200)
    deltas = [pick.choice([-3, 0, 1, 10, 1000]) for _ in ids]
    profile = {
        "nodes": nodes, "samples": ids, "timeDeltas": deltas, "startTime": 10**9,
        "endTime": 10**9 + sum(deltas),
    }  # fmt: skip
    path = tmp_path / "a.cpuprofile"
    path.write_text(json.dumps(profile))
    same(pf.load(path), oracle, path)


def _frame(name: str, line: int) -> dict[str, object]:
    return {"functionName": name, "scriptId": "0", "url": "", "lineNumber": line, "columnNumber": 0}
