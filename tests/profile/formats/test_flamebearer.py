"""Pyroscope's JSON: single and diff, whatever its ticks count."""

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

import prodforensics as pf
from prodforensics.errors import Corrupt, PartialEvidenceWarning
from prodforensics.formats import Probe
from prodforensics.profile.data import ValueType
from prodforensics.profile.formats import flamebearer
from prodforensics.source import Source
from tests.profile.test_model import by_name

PYTHON = "profile/python/"
# Between `parse` and `read` is a tick of `main` itself: bars need not touch.
SINGLE = {
    "names": ["total", "main", "parse", "read", "other"],
    "levels": [[0, 9, 1, 0], [0, 8, 2, 1], [0, 3, 3, 2, 1, 2, 2, 3, 0, 1, 1, 4]],
    "numTicks": 9,
    "maxSelf": 3,
}


@pytest.fixture
def load(tmp_path):
    def load(bearer, metadata=None, **more):
        document = {"version": 1, "flamebearer": bearer, "metadata": metadata or {}, **more}
        path = tmp_path / "render.json"
        path.write_text(json.dumps(document))
        return pf.load(path, format="flamebearer")

    return load


def single(stacks):
    """Write stacks as nested bars, level by level."""
    names, levels = ["total"], []

    def write(depth, start, below, name):
        if depth == len(levels):
            levels.append([])
        own = sum(count for stack, count in below if not stack)
        total = sum(count for _, count in below)
        end = sum(levels[depth][0::4]) + sum(levels[depth][1::4])
        levels[depth] += [start - end, total, own, name]
        for frame in dict.fromkeys(stack[0] for stack, _ in below if stack):
            children = [(s[1:], count) for s, count in below if s and s[0] == frame]
            if frame not in names:
                names.append(frame)
            start += write(depth + 1, start, children, names.index(frame))
        return total

    total = write(0, 0, stacks, 0)
    return {"names": names, "levels": levels, "numTicks": total}


def test_a_bar_belongs_to_the_bar_above_it(load):
    one = load(SINGLE)
    functions = one.frames["functions"]
    assert by_name(functions, "self") == {"main": 2, "parse": 3, "read": 2, "other": 1}
    assert by_name(functions, "total") == {"main": 8, "parse": 3, "read": 2, "other": 1}
    assert one.measures.total == 9  # a tick of the root is of no function


@given(
    st.lists(
        st.tuples(
            st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=5), st.integers(1, 9)
        ),
        min_size=1,
        max_size=12,
    )
)
def test_stacks_come_back_as_they_were_written(tmp_path_factory, stacks):
    path = tmp_path_factory.mktemp("flamebearer") / "a.json"
    path.write_text(json.dumps({"flamebearer": single(stacks), "metadata": {"units": "objects"}}))
    one = pf.load(path, strict=True)
    own, total = Counter(), Counter()
    for stack, count in stacks:
        own[stack[-1]] += count
        for frame in set(stack):
            total[frame] += count
    functions = one.frames["functions"]
    assert {k: v for k, v in by_name(functions, "self").items() if v} == own
    assert by_name(functions, "total") == total


@pytest.mark.parametrize(
    ("metadata", "types", "total"),
    [
        (
            {"units": "samples", "sampleRate": 100, "name": "app.cpu{region=eu}"},
            [("samples", "count"), ("cpu", "ns")],
            90_000_000,
        ),
        ({"units": "samples", "sampleRate": 10**9, "name": "cpu"}, [("cpu", "ns")], 9),
        ({"units": "trace_samples", "sampleRate": 10**6}, [("wall", "ns")], 9000),
        ({"units": "bytes", "name": "inuse_space"}, [("inuse_space", "bytes")], 9),
        ({"units": "bytes", "name": "whatever"}, [("space", "bytes")], 9),
        ({"units": "objects", "name": "alloc_objects"}, [("alloc_objects", "count")], 9),
        ({"units": "lock_nanoseconds"}, [("delay", "ns")], 9),
        ({"units": "furlongs"}, [("samples", "count")], 9),
        ({}, [("samples", "count")], 9),
    ],
)
def test_units_and_name_tell_what_ticks_count(load, metadata, types, total):
    one = load(SINGLE, metadata)
    assert one.value_types == tuple(ValueType(*pair) for pair in types)
    assert one.measures.total == total


def test_metadata_of_old_files_stands_among_the_bars(load):
    one = load(SINGLE | {"units": "samples", "sampleRate": 100, "spyName": "gospy"})
    assert [value_type.name for value_type in one.value_types] == ["samples", "cpu"]
    assert one.recording.comments == ("gospy",)


def test_the_timeline_tells_when(load):
    timeline = {"startTime": 1_700_000_000, "durationDelta": 10, "samples": [1, 2, 3]}
    recording = load(SINGLE, {"sampleRate": 100, "name": "a.cpu"}, timeline=timeline).recording
    assert (recording.start_ns, recording.duration_ns) == (1_700_000_000 * 10**9, 30 * 10**9)
    assert (recording.mode, recording.interval_ns) == ("cpu", 10**7)


def test_a_diff_has_every_value_of_both_sides(load):
    levels = [
        [0, 5, 0, 0, 9, 0, 0],
        [0, 5, 2, 0, 4, 1, 1, 0, 0, 0, 0, 5, 5, 2],
        [0, 3, 3, 0, 3, 3, 3],
    ]
    bearer = {"names": ["total", "main", "new", "read"], "levels": levels, "numTicks": 14}
    one = load(bearer, {"format": "double", "units": "samples", "sampleRate": 100})
    names = [value_type.name for value_type in one.value_types]
    assert names == ["samples_base", "samples", "cpu_base", "cpu"]
    assert one.default_value_type.name == "cpu"
    for value_type, expected in (
        ("samples_base", {"main": 2, "new": 0, "read": 3}),
        ("samples", {"main": 1, "new": 5, "read": 3}),
    ):
        assert by_name(one.using(value_type).frames["functions"], "self") == expected


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"numTicks": 99}, "numTicks says 99, the bars hold 9"),
        ({"names": ["total", "main"]}, "levels: the place of no name"),
        ({"levels": [*SINGLE["levels"][:2], [0, 3, 3, 2, 1]]}, "levels: part of a bar"),
        ({"levels": [*SINGLE["levels"][:2], [50, 3, 3, 2]]}, "levels: a bar that is below none"),
        ({"levels": [*SINGLE["levels"][:2], [0, 3, -3, 2]]}, "levels: a bar that is below none"),
        ({"levels": [*SINGLE["levels"], "x"]}, "levels: not an array"),
        ({"levels": [*SINGLE["levels"][:2], [0, 3, "x", 2]]}, "levels: not a number"),
    ],
)
def test_what_does_not_fit_is_told(load, change, what):
    with pytest.warns(PartialEvidenceWarning):
        one = load(SINGLE | change)
    assert what in one.gaps["what"].tolist()


@pytest.mark.parametrize("bearer", [7, {}, {"levels": []}, {"levels": [[]], "names": ["a"]}])
def test_without_bars_it_is_corrupt(load, bearer):
    with pytest.raises(Corrupt):
        load(bearer)


def test_it_is_recognised_by_its_keys():
    head = json.dumps({"version": 1, "flamebearer": SINGLE}).encode()
    assert flamebearer.sniff(Probe(head, head, "a.json", len(head)))
    for other in (b'{"a": "flamebearer"}', b'["flamebearer"]', b"", b"{}"):
        assert not flamebearer.sniff(Probe(other, other, "flamebearer.json", len(other)))


@pytest.mark.parametrize("fault", ["healthy", "regex"])
def test_samples_equal_the_folded_stacks_that_they_are_made_of(fault):
    one = pf.load(pf.samples.path(f"{PYTHON}{fault}.flamebearer.json.zst")).using("samples")
    other = pf.load(pf.samples.path(f"{PYTHON}{fault}.folded.zst"))
    columns = ["function", "file", "self", "total"]
    tables = [
        each.frames["functions"][columns]
        .astype({"file": "str"})
        .sort_values(columns)
        .values.tolist()
        for each in (one, other)
    ]
    assert tables[0] == tables[1]


def test_the_diff_that_pyroscope_made_holds_both():
    both = pf.load(pf.samples.path(f"{PYTHON}regex.diff.flamebearer.json.zst"))
    for value_type, name in (("samples_base", "healthy"), ("samples", "regex")):
        one = pf.load(pf.samples.path(f"{PYTHON}{name}.flamebearer.json.zst")).using("samples")
        side = both.using(value_type)
        for column in ("self", "total"):
            found = by_name(side.frames["functions"], column)
            expected = by_name(one.frames["functions"], column)
            assert {k: v for k, v in found.items() if v} == {k: v for k, v in expected.items() if v}


def test_the_time_of_a_sample_is_that_of_its_rate():
    name = f"{PYTHON}regex.flamebearer.json.zst"
    document = json.loads(b"".join(Source(pf.samples.path(name)).chunks()))
    one = pf.load(pf.samples.path(name))
    assert one.measures.total == document["flamebearer"]["numTicks"] * 10**9 // 250
