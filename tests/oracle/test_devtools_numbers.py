"""Every number that DevTools computes when it loads a snapshot, for every node and class."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.oracle.conftest import RECORDED, SAMPLES, Compared, in_one_process

pytestmark = pytest.mark.oracle

SNAPSHOTS = [
    *(in_one_process(what, path) for what, paths in SAMPLES.items() for path in paths),
    *(in_one_process(what, f"{what}: {when}") for what in RECORDED for when in ("before", "after")),
]


@pytest.fixture(scope="module", params=SNAPSHOTS)
def compared(
    request: pytest.FixtureRequest,
    snapshot_file: Callable[[str], Path],
    asked: Callable[[Path], Compared],
) -> Compared:
    """One snapshot, loaded by us and by DevTools."""
    return asked(snapshot_file(request.param))


@pytest.mark.parametrize(
    ("column", "answer"),
    [
        ("self_size_bytes", "self_size"),
        ("retained_size_bytes", "retained_size"),
        ("distance", "distance"),
        ("dominator", "dominator"),
    ],
)
def test_every_node_has_devtools_numbers(compared: Compared, column: str, answer: str) -> None:
    ours = compared.ours.frames["nodes"][column].to_numpy()
    theirs = compared.theirs.array(answer)
    assert len(ours) == len(theirs)
    assert np.flatnonzero(ours != theirs).tolist() == []


@pytest.mark.parametrize(("column", "answer"), [("class_name", "class_name"), ("name", "raw_name")])
def test_every_node_has_devtools_names(compared: Compared, column: str, answer: str) -> None:
    ours = compared.ours.frames["nodes"][column].astype(object).to_numpy()
    theirs = compared.theirs.strings(answer)
    differing = np.flatnonzero(ours != theirs)
    assert [(ours[node], theirs[node]) for node in differing[:5]] == []


def test_every_node_is_as_detached_as_devtools_says(compared: Compared) -> None:
    words = np.array(["unknown", "attached", "detached"], dtype=object)
    ours = compared.ours.frames["nodes"]["detachedness"].astype(object).to_numpy()
    assert np.flatnonzero(ours != words[compared.theirs.array("detachedness")]).tolist() == []


def test_class_rows_are_those_of_the_summary_view(compared: Compared) -> None:
    theirs = pd.DataFrame.from_dict(compared.theirs.json("aggregates"), orient="index")
    theirs.columns = [
        "class_name", "count", "shallow_size_bytes", "retained_size_bytes", "distance"
    ]  # fmt: skip
    ours = compared.ours.frames["constructors"][theirs.columns]
    ours = ours.set_axis(ours.index.astype(object)).astype({"class_name": object})
    theirs = theirs.astype({"class_name": object})
    assert sorted(ours.index) == sorted(theirs.index)
    differences = ours.loc[theirs.index].ne(theirs).any(axis=1)
    assert ours.loc[theirs.index][differences].to_dict("index") == {}


def test_statistics_are_those_of_the_statistics_view(compared: Compared) -> None:
    theirs = compared.theirs.json("statistics")
    v8, native = theirs["v8heap"], theirs["native"]
    ours = compared.ours.frames["statistics"]["size_bytes"]
    assert ours.drop(["other_objects", "other_native"]).to_dict() == {
        "total": theirs["total"],
        "v8_heap": v8["total"],
        "code": v8["code"],
        "strings": v8["strings"],
        "js_arrays": v8["jsArrays"],
        "system": v8["system"],
        "native": native["total"],
        "typed_arrays": native["typedArrays"],
    }
    assert compared.ours.total_size_bytes == compared.theirs.total_size
