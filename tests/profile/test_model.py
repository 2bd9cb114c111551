"""A profile says what each function did itself and in all."""

import pickle

import pandas as pd
import pytest

from prodforensics.errors import UnknownName
from prodforensics.profile import Profile, schemas
from prodforensics.profile.data import ValueType
from prodforensics.schema import Column, Schema
from tests.profile.tiny import profile

TWO = (ValueType("samples", "count"), ValueType("cpu", "ns"))


def by_name(frame, column):
    return dict(zip(frame["function"], frame[column], strict=True))


def test_self_is_what_a_function_did_and_total_what_all_below_it_did():
    functions = profile(("main;parse;read", 3), ("main;parse", 2), ("main", 5)).frames["functions"]
    assert by_name(functions, "self") == {"main": 5, "parse": 2, "read": 3}
    assert by_name(functions, "total") == {"main": 10, "parse": 5, "read": 3}
    assert by_name(functions, "total_percent") == {"main": 100.0, "parse": 50.0, "read": 30.0}


def test_a_function_that_calls_itself_is_counted_once_in_a_stack():
    functions = profile(("a;b;a;b;a", 1), ("b;a", 2)).frames["functions"]
    assert by_name(functions, "total") == {"a": 3, "b": 3}


def test_a_sample_without_a_stack_is_part_of_the_whole():
    one = profile(("main", 1), ("", 3))
    assert one.measures.total == 4
    assert by_name(one.frames["functions"], "total_percent") == {"main": 25.0}


def test_sums_are_of_the_value_type_that_is_asked_for():
    one = profile(("main;a", (1, 70)), ("main;b", (2, 30)), value_types=TWO)
    assert by_name(one.frames["functions"], "self") == {"b": 2, "a": 1, "main": 0}
    assert by_name(one.using("cpu").frames["functions"], "self") == {"a": 70, "b": 30, "main": 0}
    with pytest.raises(UnknownName, match="did you mean 'cpu'"):
        one.using("cpus")


def test_every_frame_is_as_documented():
    one = profile(
        ("main;a", (1, 70)),
        ("main;b", (2, 30)),
        value_types=TWO,
        time=[0, 5],
        threads=["worker", "main"],
    )
    for name, schema in schemas.FRAMES.items():
        if name == "samples":
            schema = schemas.samples(TWO)
        if name != "labels":
            schema.validate(one.frames[name])


def test_threads_are_listed_with_the_busiest_first():
    one = profile(("main", 1), ("main;a", 3), ("main", 1), threads=["x", "y", "x"])
    threads = one.frames["threads"]
    assert threads.index.tolist() == ["y (2)", "x (1)"]
    assert threads[["samples", "total"]].values.tolist() == [[1, 3], [2, 2]]
    assert one.frames["samples"]["thread"].tolist() == ["x (1)", "y (2)", "x (1)"]


def test_every_value_type_is_a_documented_column():
    one = profile(("main", (1, 10)), value_types=TWO)
    one.schemas["samples"].validate(one.frames["samples"])
    assert one.schemas["samples"].units["cpu"] == "ns"


def test_a_reader_may_hand_over_further_frames():
    schema = Schema("pauses", (Column("pause_ns", "int64", "ns", "How long."),))
    bare = profile(("main", 1))
    one = Profile(None, bare.data, extra={"pauses": (schema, pauses)})
    assert one.frames["pauses"]["pause_ns"].tolist() == [5]
    assert one.schemas["pauses"] is schema
    assert "pauses" not in bare.schemas
    assert "pauses" in one.using("samples").frames
    assert "pauses" in pickle.loads(pickle.dumps(one)).frames


def pauses():
    return pd.DataFrame({"pause_ns": [5]})
