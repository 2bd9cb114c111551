"""speedscope's JSON: sampled and evented, several profiles in one file."""

import json

import pytest

from prodforensics.errors import Corrupt
from prodforensics.formats import Probe
from prodforensics.profile.data import ValueType
from prodforensics.profile.formats import speedscope
from tests.profile.formats.documents import folded, whats, write

FRAMES = [{"name": "main", "file": "a.py", "line": 3}, {"name": "parse"}, {"name": "render"}]
SCHEMA = "https://www.speedscope.app/file-format-schema.json"


def document(*profiles, frames=FRAMES, **more):
    return {"$schema": SCHEMA, "shared": {"frames": frames}, "profiles": list(profiles)} | more


def sampled(samples, weights, unit="milliseconds", name="one", start=0):
    return {
        "type": "sampled", "name": name, "unit": unit, "startValue": start, "endValue": 9,
        "samples": samples, "weights": weights,
    }  # fmt: skip


def evented(*events, unit="microseconds", name="two"):
    rows = [dict(zip(("type", "frame", "at"), one, strict=True)) for one in events]
    return {
        "type": "evented", "name": name, "unit": unit, "startValue": 0, "endValue": 9,
        "events": rows,
    }  # fmt: skip


@pytest.fixture
def read(tmp_path):
    return lambda *args, **kw: speedscope.read(write(tmp_path, document(*args, **kw)))


def test_samples_follow_each_other(read):
    profile = read(sampled([[0, 1], [0], []], [1, 2.5, 1], start=10))
    assert folded(profile) == {"main;parse": 1_000_000, "main": 2_500_000, "": 1_000_000}
    assert profile.data.samples.time.tolist() == [10_000_000, 11_000_000, 13_500_000]
    assert profile.value_types == (ValueType("samples", "count"), ValueType("wall", "ns"))
    assert profile.default_value_type.name == "wall"
    assert profile.frames["calls"].loc[0, ["file", "line"]].tolist() == ["a.py", 3]


def test_events_open_and_close_frames(read):
    profile = read(
        evented(("O", 0, 0), ("O", 1, 2), ("C", 1, 5), ("O", 2, 5), ("C", 2, 6), ("C", 0, 10))
    )
    assert folded(profile) == {"main": 6000, "main;parse": 3000, "main;render": 1000}
    assert profile.value_types == (ValueType("wall", "ns"),)
    assert profile.all_gaps() == []


def test_each_profile_is_a_thread(read):
    profile = read(
        sampled([[0, 1]], [1], name="a"),
        evented(("O", 0, 0), ("C", 0, 4), name="b"),
        sampled([[0, 1]], [3], name="c"),
    )
    assert profile.frames["threads"]["total"].to_dict() == {
        "c": 3_000_000, "a": 1_000_000, "b": 4000
    }  # fmt: skip
    assert folded(profile, 0) == {"main;parse": 2, "main": 0}


def test_each_unit_is_a_value_type_and_the_active_profile_tells_the_default(read):
    given = [sampled([[0]], [7], unit="bytes"), sampled([[1]], [1], unit="seconds")]
    profile = read(*given)
    assert profile.value_types == (
        ValueType("samples", "count"), ValueType("space", "bytes"), ValueType("wall", "ns")
    )  # fmt: skip
    assert folded(profile, 1) == {"main": 7, "parse": 0}
    assert profile.default_value_type.name == "space"
    assert read(*given, activeProfileIndex=1).default_value_type.name == "wall"


def test_weights_without_a_unit_may_have_fractions(read):
    profile = read(
        sampled([[0]], [0.25], unit="none"), evented(("O", 1, 0), ("C", 1, 1.5), unit="none")
    )
    assert folded(profile) == {"main": 0.25, "parse": 1.5}


def test_py_spy_leaves_out_what_waits(read):
    profile = read(
        sampled([[0], [0]], [0.01, 0.01], unit="seconds", name='Thread 17 "Main"'),
        sampled([[1]], [0.01], unit="seconds", name="Process 9 Thread 18"),
        exporter="py-spy@0.4.0",
    )
    assert profile.recording.mode == "cpu"
    assert profile.recording.interval_ns == 10_000_000
    assert profile.data.samples.time is None
    threads = profile.frames["threads"][["process_id", "thread_id", "thread_name"]]
    assert threads.to_numpy().tolist() == [[-1, 17, "Main"], [9, 18, ""]]


def test_rbspy_gives_each_process_the_weights_of_all(read):
    given = [sampled([[0]], [1, 1, 1], unit="seconds"), sampled([[1], [1]], [1, 1, 1], "seconds")]
    profile = read(*given, exporter="rbspy")
    assert folded(profile, 0) == {"main": 1, "parse": 2}
    assert profile.all_gaps() == []
    assert whats(read(*given)) == {"weights: not as many as samples": 3}


def test_pyinstrument_names_what_a_function_does_itself(read):
    frames = [{"name": "main"}, {"name": "[self]"}]
    profile = read(
        evented(("O", 0, 0), ("O", 1, 0), ("C", 1, 5), ("C", 0, 5)),
        frames=frames,
        exporter="pyinstrument",
    )
    assert folded(profile) == {"main": 5000}


def test_what_is_wrong_is_counted(read):
    profile = read(
        sampled([[0, 9], "x", [1, "y"]], [1, 1, None]),
        evented(("O", 0, 5), ("C", 1, 3), ("X", 0, 6), ("O", 7, 6), ("O", 1, 8)),
        {"type": "flat"},
        9,
    )
    assert whats(profile) == {
        "profiles: not an object": 1,
        "profiles: neither sampled nor evented": 1,
        "samples: not an array": 1,
        "samples: not a number": 1,
        "samples: no such frame": 2,
        "weights: not a number": 1,
        "events: no such frame or type": 2,
        "events: before the one that precedes them": 1,
        "events: close what is not open": 1,
        "events: opened and never closed": 2,
    }
    assert folded(profile, 0) == {"main": 1, "": 1, "parse": 1}


def test_a_file_that_is_cut_keeps_what_was_closed(tmp_path):
    whole = json.dumps(document(sampled([[0, 1], [0]], [1, 2])))
    profile = speedscope.read(write(tmp_path, whole[: whole.rindex("2]")]))
    assert folded(profile, 0) == {"main;parse": 1, "main": 1}
    assert "weights: not as many as samples" in whats(profile)


@pytest.mark.parametrize("text", ["{}", "[]", '{"profiles": []}', '{"profiles": {"a": 1}}'])
def test_what_has_no_profiles_is_corrupt(tmp_path, text):
    with pytest.raises(Corrupt):
        speedscope.read(write(tmp_path, text))


@pytest.mark.parametrize(
    ("head", "tail", "claimed"),
    [
        (b'{"$schema": "https://www.speedscope.app/file-format-schema.json", "pro', b"", True),
        (b'{"profiles": [{"type": "sampled"', b', "$schema": "' + SCHEMA.encode() + b'"}', True),
        (b'{"shared": {"frames": [{"name": "a"}', b"", True),
        (b'{"profiles": [{"type": "evented", "unit": "none", "events": [', b"", True),
        (b'{"about": "https://www.speedscope.app/file-format-schema.json"}', b"", False),
        (b'{"profiles": [{"name": "a"}]}', b"", False),
    ],
)
def test_what_is_claimed(head, tail, claimed):
    assert bool(speedscope.sniff(Probe(head, tail, "a.json", 9))) is claimed
