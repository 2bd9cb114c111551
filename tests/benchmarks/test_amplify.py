"""An amplified snapshot is the same heap several times over, exactly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import prodforensics as pf
from benchmarks.amplify import amplify
from tests.conftest import require_tool
from tests.oracle.recordings import node_program

COPIES = 3
pytestmark = pytest.mark.xdist_group("amplified snapshot")


@pytest.fixture(scope="module")
def snapshots(tmp_path_factory: pytest.TempPathFactory) -> tuple[pf.Evidence, pf.Evidence]:
    """A real snapshot, and its amplification."""
    folder = tmp_path_factory.mktemp("amplify")
    original: Path = node_program(require_tool("node"), folder)[1]
    result = amplify(original, folder / "amplified.heapsnapshot", COPIES)
    return pf.load(original), pf.load(result)


def test_totals_are_exact_multiples(snapshots: tuple[pf.Evidence, pf.Evidence]) -> None:
    original, amplified = snapshots
    assert amplified.total_size_bytes == COPIES * original.total_size_bytes


def test_every_class_is_there_so_many_times(snapshots: tuple[pf.Evidence, pf.Evidence]) -> None:
    original, amplified = (snapshot.frames["constructors"].sort_index() for snapshot in snapshots)
    assert list(original.index) == list(amplified.index)
    assert list(original["distance"]) == list(amplified["distance"])
    for column in ("count", "shallow_size_bytes", "retained_size_bytes"):
        differing = np.flatnonzero(COPIES * original[column] != amplified[column])
        assert list(original.index[differing]) == [], column


def test_ids_stay_unique(snapshots: tuple[pf.Evidence, pf.Evidence]) -> None:
    _, amplified = snapshots
    assert amplified.frames["nodes"]["id"].is_unique
