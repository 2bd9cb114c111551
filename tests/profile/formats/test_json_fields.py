"""Fields of JSON values are what they should be, or counted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodforensics.profile.formats.json_fields import Fields

ANY = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.none())


@pytest.fixture
def fields():
    return Fields()


def lost(fields):
    return {gap.what: gap.lost_records for gap in fields.gaps}


def test_single_values(fields):
    assert fields.record({"a": 1}, "x") == {"a": 1}
    assert fields.text("a", "x") == "a"
    assert fields.integer(3, "x") == 3
    assert fields.time(1.5, 1000, "x") == 1500
    assert fields.gaps == []


def test_a_missing_value_is_its_default_silently(fields):
    read = (fields.record, fields.items, fields.records, fields.text, fields.integer)
    assert [one(None, "x") for one in read] == [{}, [], [], "", 0]
    assert fields.time(None, 1000, "x") is None
    assert fields.gaps == []


def test_a_value_of_another_type_is_its_default_and_counted(fields):
    read = (fields.record, fields.items, fields.text, fields.integer)
    assert [one(True, "x") for one in read] == [{}, [], "", 0]
    assert lost(fields) == {
        "x: not an object": 1,
        "x: not an array": 1,
        "x: not text": 1,
        "x: not a number": 1,
    }
    assert fields.gaps[0].excerpt == "True"


def test_columns(fields):
    assert fields.integers([1, -2, 2**62], "x").tolist() == [1, -2, 2**62]
    assert fields.times([1, 2.0015, -3], 1000, "x").tolist() == [1000, 2002, -3000]
    assert fields.numbers([1, 2.5], "x").tolist() == [1.0, 2.5]
    assert fields.texts(["a", None], "x") == ["a", ""]
    assert fields.integers([1, None], "x", fill=-1, optional=True).tolist() == [1, -1]
    assert fields.records([{}, {"a": 1}], "x") == [{}, {"a": 1}]
    assert [a.tolist() for a in fields.lists([[1, 2], [], [3]], "x")] == [[0, 2, 2, 3], [1, 2, 3]]
    assert fields.gaps == []


def test_values_of_another_type_in_columns_are_counted_and_the_first_is_shown(fields):
    assert fields.integers([1, "\x1b", True, None], "n", fill=-1).tolist() == [1, -1, -1, -1]
    assert fields.texts(["a", 1], "t") == ["a", ""]
    assert fields.records([{}, 1, []], "r") == [{}]
    assert [a.tolist() for a in fields.lists([[1], 2, ["x"]], "l")] == [[0, 1, 1, 2], [1, -1]]
    assert lost(fields) == {
        "n: not a number": 3,
        "t: not text": 1,
        "r: not an object": 2,
        "l: not an array": 1,
        "l: not a number": 1,
    }
    assert fields.gaps[0].excerpt == "\\x1b"


def test_numbers_that_do_not_fit_are_counted(fields):
    assert fields.integers([2**63, 5, 1e300], "n").tolist() == [0, 5, 0]
    assert fields.times([2**60, 5], 1000, "t").tolist() == [0, 5000]
    assert fields.integer(1e300, "i", default=7) == 7
    assert lost(fields) == {"n: too large": 2, "t: too large": 1, "i: not a number": 1}


def test_weights_have_a_sum(fields):
    fine, huge = np.array([1, 2, 3]), np.array([2**62, 5, -(2**61)])
    assert fields.summable(fine, "w") is fine
    assert fields.summable(huge, "w").tolist() == [0, 5, 0]
    assert lost(fields) == {"w: too large": 2}


@given(ANY | st.lists(ANY) | st.lists(st.lists(ANY)))
def test_anything_is_read(value):
    fields = Fields()
    for read in (fields.integers, fields.lists, fields.texts, fields.records, fields.integer):
        read(value, "x")
    assert fields.times(value, 1000, "x").dtype == np.int64
    fields.summable(fields.integers(value, "x"), "x")
    assert all(gap.lost_records for gap in fields.gaps)
