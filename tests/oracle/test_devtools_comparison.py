"""The Comparison view: the same classes, counts, sizes, and the same added and removed objects."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

import prodforensics as pf
from tests.oracle.conftest import RECORDED, SAMPLES, Compared, in_one_process
from tests.oracle.worker import Oracle

pytestmark = pytest.mark.oracle

PAIRS = [
    *(in_one_process(what, (p[0], p[-1])) for what, p in SAMPLES.items() if len(p) > 1),
    *(in_one_process(what, (f"{what}: before", f"{what}: after")) for what in RECORDED),
    in_one_process("node", ("node: after", "node: before")),  # it works in either direction
]
COLUMNS = {
    "addedCount": "added_count",
    "removedCount": "removed_count",
    "countDelta": "count_delta",
    "addedSize": "added_size_bytes",
    "removedSize": "removed_size_bytes",
    "sizeDelta": "size_delta_bytes",
}


@pytest.fixture(scope="module", params=PAIRS)
def compared(
    request: pytest.FixtureRequest,
    snapshot_file: Callable[[str], Path],
    oracle: Oracle,
    tmp_path_factory: pytest.TempPathFactory,
) -> Compared:
    """One pair, compared by us and by DevTools."""
    before, after = map(snapshot_file, request.param)
    theirs = oracle.compare(before, after, tmp_path_factory.mktemp("comparison"))
    return Compared(pf.compare(pf.load(before), pf.load(after)), theirs, after)


def test_class_rows_are_those_of_the_comparison_view(compared: Compared) -> None:
    rows = pd.DataFrame.from_dict(compared.theirs.json("comparison"), orient="index")
    theirs = rows[list(COLUMNS)].rename(columns=COLUMNS)
    ours = compared.ours.frames["constructors"]
    ours = ours.set_axis(ours.index.astype(object))
    ours = ours[(ours["added_count"] > 0) | (ours["removed_count"] > 0)][list(COLUMNS.values())]
    assert sorted(ours.index) == sorted(theirs.index)
    differences = ours.loc[theirs.index].ne(theirs).any(axis=1)
    assert ours.loc[theirs.index][differences].to_dict("index") == {}


@pytest.mark.parametrize(
    ("frame", "answer"),
    [("added", "addedIds"), ("removed", "deletedIds")],
    ids=["added", "removed"],
)
def test_added_and_removed_objects_are_devtools_own(
    compared: Compared, frame: str, answer: str
) -> None:
    theirs = [id_ for row in compared.theirs.json("comparison").values() for id_ in row[answer]]
    ours = compared.ours.frames[frame]["id"]
    assert sorted(ours) == sorted(theirs)
