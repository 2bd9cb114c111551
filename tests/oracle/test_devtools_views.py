"""What DevTools' views show of single objects: retainers, fields, duplicates, places, stacks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import prodforensics as pf
from tests.oracle.conftest import TRACKED, Compared, in_one_process
from tests.oracle.worker import Oracle

pytestmark = pytest.mark.oracle

SNAPSHOTS = [
    in_one_process(what, f"{what}: after")
    for what in ("node", "node-12", "node-24", "node exposing internals", "chromium")
]
UNREACHABLE = 200_000_000  # DevTools' baseUnreachableDistance
FILTERS = {
    "duplicate_strings": "duplicatedStrings",
    "detached_nodes": "objectsRetainedByDetachedDomNodes",
    "contexts": "objectsRetainedByContexts",
    "console": "objectsRetainedByConsole",
    "event_handlers": "objectsRetainedByEventHandlers",
}


def some_nodes(snapshot: pf.Evidence) -> list[int]:
    """Choose nodes of every type and size: the most held, the most holding, and others."""
    graph = snapshot.graph
    held = np.argsort(np.bincount(graph.edge_to, minlength=graph.node_count))[-5:]
    holding = np.argsort(snapshot.frames["nodes"]["edge_count"].to_numpy())[-5:]
    others = np.random.default_rng(2).choice(graph.node_count, 60, replace=False)
    return sorted({int(node) for node in (*held, *holding, *others) if node != graph.root})


def known(distance: int) -> int:
    """Return a distance of the Retainers view as it stands elsewhere: -5 where nothing reaches."""
    return -5 if distance >= UNREACHABLE else distance


@pytest.fixture(scope="module", params=SNAPSHOTS)
def compared(
    request: pytest.FixtureRequest,
    snapshot_file: Callable[[str], Path],
    oracle: Oracle,
    tmp_path_factory: pytest.TempPathFactory,
) -> Compared:
    """One snapshot, and DevTools' views of it."""
    path = snapshot_file(request.param)
    ours = pf.load(path)
    questions = ["duplicates", "filters", "locations", "retainers", "containment", "dominators"]
    out = tmp_path_factory.mktemp("views")
    return Compared(ours, oracle.ask(path, out, questions, some_nodes(ours)), path)


def test_retainers_are_those_of_the_retainers_view(compared: Compared) -> None:
    for node, rows in compared.theirs.json("retainers").items():
        ours = compared.ours.retainers(int(node))
        columns = (ours["edge_type"], ours["edge_name"], ours["node"], ours["distance"])
        theirs = [(row["type"], row["name"], row["node"], known(row["distance"])) for row in rows]
        assert Counter(zip(*columns, strict=True)) == Counter(theirs), f"node {node}"


def test_nearest_retainers_come_first(compared: Compared) -> None:
    for node, rows in compared.theirs.json("retainers").items():
        reached = [row["distance"] for row in rows if known(row["distance"]) >= 0]
        ours = compared.ours.retainers(int(node))["distance"].tolist()
        assert ours[: len(reached)] == reached, f"node {node}"


def test_properties_are_those_of_the_containment_view(compared: Compared) -> None:
    for node, rows in compared.theirs.json("containment").items():
        ours = compared.ours.properties(int(node))
        columns = (ours["edge_type"], ours["edge_name"], ours["node"])
        theirs = [(row["type"], row["name"], row["node"]) for row in rows]
        assert Counter(zip(*columns, strict=True)) == Counter(theirs), f"node {node}"


def test_dominators_form_devtools_chains(compared: Compared) -> None:
    dominator = compared.ours.frames["nodes"]["dominator"].to_numpy()
    for chain in compared.theirs.json("dominators").values():
        assert [int(dominator[node]) for node in chain[:-1]] == chain[1:]


def test_duplicate_strings_are_those_of_devtools_filter(compared: Compared) -> None:
    frame = compared.ours.frames["duplicate_strings"]
    columns = ["value", "count", "self_size_bytes", "retained_size_bytes"]
    theirs = [
        (group["value"], group["count"], group["totalSelfSize"], group["totalRetainedSize"])
        for group in compared.theirs.json("duplicates")
    ]
    ours = Counter(zip(*(frame[column].tolist() for column in columns), strict=True))
    assert ours - Counter(theirs) == Counter()
    assert Counter(theirs) - ours == Counter()


@pytest.mark.parametrize(("name", "answer"), FILTERS.items())
def test_class_rows_of_a_filter_are_those_of_the_summary_view(
    compared: Compared, name: str, answer: str
) -> None:
    frame = compared.ours.constructors(name)
    columns = ["class_name", "count", "shallow_size_bytes", "retained_size_bytes", "distance"]
    fields = ["name", "count", "self", "maxRet", "distance"]
    ours = dict(zip(frame.index, frame[columns].astype(object).to_numpy().tolist(), strict=True))
    theirs = compared.theirs.json("filters")[answer]
    assert ours == {key: [row[field] for field in fields] for key, row in theirs.items()}


def test_locations_are_devtools_own(compared: Compared) -> None:
    columns = ["node", "script_id", "line", "column"]
    ours = compared.ours.frames["locations"][columns].drop_duplicates("node", keep="last")
    assert sorted(ours.to_numpy().tolist()) == sorted(compared.theirs.json("locations"))


def test_ignored_retainers_change_distances_as_in_devtools(
    compared: Compared, oracle: Oracle, tmp_path: Path
) -> None:
    graph = compared.ours.graph
    # DevTools ignores nodes: it follows no edge to them. What the root holds stays where it is.
    far = np.flatnonzero(graph.distance > 3)
    ignored = np.random.default_rng(3).choice(far, 40, replace=False).tolist()
    theirs = oracle.ask(compared.path, tmp_path, ["ignore"], ignored).array("distance_ignoring")
    without = compared.ours.ignore(np.flatnonzero(np.isin(graph.edge_to, ignored)))
    ours = without.graph.distance
    unreached = np.maximum(graph.distance, 0) + UNREACHABLE
    differing = np.flatnonzero(np.where(ours < 0, unreached, ours) != theirs)
    assert differing.tolist() == []


@pytest.fixture(scope="module", params=[in_one_process(what, what) for what in TRACKED])
def tracked(
    request: pytest.FixtureRequest,
    recorded: Callable[[str], tuple[Path, Path]],
    oracle: Oracle,
    tmp_path_factory: pytest.TempPathFactory,
) -> Compared:
    """A snapshot with allocation stacks, and DevTools' stacks of some nodes."""
    path = recorded(request.param)[1]
    ours = pf.load(path)
    traced = np.flatnonzero(ours.frames["nodes"]["trace_node_id"].to_numpy())
    nodes = np.random.default_rng(4).choice(traced, 60, replace=False).tolist()
    out = tmp_path_factory.mktemp("allocations")
    return Compared(ours, oracle.ask(path, out, ["numbers", "allocations"], nodes), path)


def test_tracking_allocations_changes_no_number(tracked: Compared) -> None:
    nodes = tracked.ours.frames["nodes"]
    for column in ("self_size", "retained_size"):
        ours = nodes[f"{column}_bytes"].to_numpy()
        assert np.flatnonzero(ours != tracked.theirs.array(column)).tolist() == []


def test_allocation_stacks_are_devtools_own(tracked: Compared) -> None:
    columns = ["function_name", "script", "line", "column"]
    for node, frames in tracked.theirs.json("allocations")["stacks"].items():
        ours = tracked.ours.allocation_stack(int(node))[columns].to_numpy().tolist()
        theirs = [[f["functionName"], f["scriptName"], f["line"], f["column"]] for f in frames]
        assert theirs.pop()[0] == "(root)"  # no function, so no row of ours
        assert ours == theirs, f"node {node}"


def test_allocations_by_function_are_those_of_the_allocation_view(tracked: Compared) -> None:
    place = ["function_name", "script", "line", "column"]
    sums = ["count", "size_bytes", "live_count", "live_size_bytes"]
    traces = tracked.ours.frames["traces"]
    traces = traces[traces["count"] > 0].astype(dict.fromkeys(place[:2], object))
    fields = ["name", "scriptName", "line", "column", "count", "size", "liveCount", "liveSize"]
    tops = pd.DataFrame(tracked.theirs.json("allocations")["tops"])[fields]
    tops = tops.set_axis([*place, *sums], axis=1)
    # Anonymous functions may share all that is shown of their place.
    ours, theirs = (
        frame[frame["count"] > 0].groupby(place)[sums].sum().astype(np.int64)
        for frame in (traces, tops)
    )
    pd.testing.assert_frame_equal(ours, theirs, check_index_type=False)


def test_samples_are_devtools_own(tracked: Compared) -> None:
    samples, theirs = tracked.ours.frames["samples"], tracked.theirs.json("samples")
    assert (samples["timestamp_ns"] / 1e6).tolist() == pytest.approx(theirs["timestamps"])
    assert samples["last_assigned_id"].tolist() == theirs["lastAssignedIds"]
    assert samples["live_size_bytes"].tolist() == theirs["sizes"]
