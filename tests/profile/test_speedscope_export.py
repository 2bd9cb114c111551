"""speedscope finds every sample of a profile in the file that is written for it."""

import json
from collections import Counter
from pathlib import Path

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings

from prodforensics.errors import BadOption
from prodforensics.profile.data import ValueType
from tests.conftest import HOSTILE, require_tool
from tests.oracle.worker import install
from tests.profile.random_profiles import Frame, Row, make, profiles, rows
from tests.profile.test_top import shown
from tests.profile.tiny import profile

PROJECT = Path(__file__).parents[1] / "oracle" / "speedscope"


def exported(one, folder) -> dict:
    return json.loads(one.to_speedscope(folder / "out.json").read_bytes())


def sums(document, chosen) -> Counter:
    """Add up the stacks of some profiles of a file."""
    found = Counter()
    for each in chosen:
        for stack, weight in zip(each["samples"], each["weights"], strict=True):
            names = [document["shared"]["frames"][place]["name"] for place in stack]
            found[tuple(names)] += weight
    return found


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(profiles())
def test_every_stack_has_its_value(tmp_path, one):
    document = exported(one, tmp_path)
    expected = [Counter(), Counter()]
    for row in rows(one):
        for place, value in enumerate(row.values):
            if value:
                expected[place][tuple(shown(frame) for frame in row.stack)] += value
    kinds = [[p for p in document["profiles"] if name in p["name"]] for name in ("samples", "cpu")]
    assert [sums(document, chosen) for chosen in kinds] == expected
    assert all(p["endValue"] == sum(p["weights"]) for p in document["profiles"])


def test_samples_of_a_thread_stand_in_the_order_of_time(tmp_path):
    stacks = (("a", 1), ("b", 2), ("a", 4), ("a", 8), ("b", 16))
    one = profile(*stacks, time=[0, 3, 1, 2, 9], threads=["x", "x", "x", "x", "y"])
    document = exported(one, tmp_path)
    assert [p["name"] for p in document["profiles"]] == ["x (1)", "y (2)"]
    assert [p["weights"] for p in document["profiles"]] == [[13, 2], [16]]


def test_units_and_places_are_told(tmp_path):
    one = make([Row((Frame("main", "app.go"),), (1, 700))], times=False)
    document = exported(one.using("cpu"), tmp_path)
    assert [(p["name"], p["unit"]) for p in document["profiles"]] == [
        ("cpu", "nanoseconds"), ("samples", "none"),
    ]  # fmt: skip
    assert document["shared"]["frames"] == [{"name": "main", "file": "app.go"}]


def test_a_difference_is_refused(tmp_path):
    with pytest.raises(BadOption, match="negative"):
        profile(("a", -1)).to_speedscope(tmp_path / "a.json")


@pytest.mark.oracle
def test_the_file_is_valid_by_the_schema_of_speedscope(tmp_path):
    require_tool("npm")
    release = install(PROJECT) / "node_modules" / "speedscope" / "dist" / "release"
    schema = json.loads((release / "file-format-schema.json").read_text())
    rows_ = [Row((Frame("main", "app.go"), Frame(name)), (1, 5), 7) for name in HOSTILE]
    rows_ += [Row((), (1, 0), 3), Row((Frame("half \ud800"),), (0, 1), 3, (2, 3, "db", ""))]
    fraction = profile(("a", 3), value_types=(ValueType("load", ""),))
    for one in (make(rows_), make(rows_, times=False), profile(), fraction):
        jsonschema.validate(exported(one, tmp_path), schema)
