"""V8's CPU profiles are read as Chrome DevTools reads them."""

import json

import numpy as np
import pytest

from prodforensics.errors import Corrupt
from prodforensics.formats import Probe
from prodforensics.profile.formats import cpuprofile
from tests.profile.formats.documents import folded, node, self_of, whats, write

ROOT, IDLE, PROGRAM, COLLECTOR = "(root)", "(idle)", "(program)", "(garbage collector)"
NODES = [
    node(1, ROOT, children=[2, 3, 4, 5]),
    node(2, IDLE),
    node(3, PROGRAM),
    node(4, COLLECTOR),
    node(5, "main", children=[6, 7]),
    node(6, "parse", line=9),
    node(7, "render", line=19),
]


def document(samples, deltas=None, nodes=NODES, **more):
    deltas = [10] * len(samples) if deltas is None else deltas
    end = 100 + sum(deltas)
    return {
        "nodes": nodes, "startTime": 100, "endTime": end, "samples": samples, "timeDeltas": deltas
    } | more  # fmt: skip


@pytest.fixture
def read(tmp_path):
    return lambda *args, **kw: cpuprofile.read(write(tmp_path, document(*args, **kw)))


def test_a_sample_lasts_until_the_next_one(read):
    profile = read([5, 6, 7], [0, 10, 30])
    assert profile.data.samples.time.tolist() == [100_000, 110_000, 140_000]
    # The last one as long as they do on average.
    assert profile.data.samples.values[1].tolist() == [10_000, 30_000, 20_000]
    assert folded(profile) == {"main": 10_000, "main;parse": 30_000, "main;render": 20_000}
    assert profile.default_value_type.name == "wall"
    assert profile.recording.duration_ns == 40_000


def test_samples_are_put_in_the_order_of_their_times(read):
    profile = read([5, 6, 7], [10, 20, -5])
    assert profile.data.samples.time.tolist() == [110_000, 125_000, 130_000]
    assert folded(profile, 0) == {"main": 1, "main;render": 1, "main;parse": 1}


def test_the_collector_stands_on_what_it_interrupted(read):
    profile = read([6, 4, 4, 2, 4, 5])
    assert folded(profile, 0) == {
        "main;parse": 1,
        "main;parse;(garbage collector)": 2,
        "(idle)": 1,
        "(garbage collector)": 1,
        "main": 1,
    }


def test_a_single_sample_of_native_code_within_a_task_is_a_failure_to_read_the_stack(read):
    assert self_of(read([6, 3, 7]).using("samples")) == {"parse": 2, "render": 1}
    assert self_of(read([6, 3, 3, 7]).using("samples")) == {"parse": 1, PROGRAM: 2, "render": 1}
    assert self_of(read([6, 3, 2]).using("samples")) == {"parse": 1, PROGRAM: 1, IDLE: 1}


def test_ticks_tell_lines(read):
    nodes = [*NODES[:5], node(6, "parse", positionTicks=[{"line": 12, "ticks": 2}])]
    profile = read([6, 5, 6, 6], nodes=nodes)
    calls = profile.frames["calls"].loc[profile.frames["stacks"]["frame"]]
    line = calls["line"].to_numpy()[profile.data.samples.stack]
    assert line.tolist() == [12, 0, 12, 0]
    assert set(calls["file"]) == {"", "/app/a.js"}


@pytest.mark.parametrize("seed", range(5))
def test_each_line_gets_as_many_samples_as_it_has_ticks(seed):
    random = np.random.default_rng(seed)
    of = random.integers(-1, 4, 60)
    ticks = [
        [{"line": int(k), "ticks": int(n)} for k, n in enumerate(random.integers(1, 6, 3), 1)]
        for _ in range(4)
    ]
    records = [{"positionTicks": one} for one in ticks]
    line = cpuprofile.lines_of(records, of, cpuprofile.Fields())
    assert not line[of < 0].any()
    for place, one in enumerate(ticks):
        there = line[of == place].tolist()
        dealt = [k["line"] for k in one for _ in range(k["ticks"])][: len(there)]
        assert there == dealt + [0] * (len(there) - len(dealt))


def test_functions_of_one_name_are_kept_apart_by_their_place(read):
    nodes = [
        node(1, ROOT, children=[2, 3, 4, 5]),
        node(2, "t", line=0),
        node(3, "t", line=9),
        node(4, "", line=5),
        node(5, "u", url="file:///app/node_modules/@a/b/i.js"),
    ]
    profile = read([2, 3, 4, 5], nodes=nodes)
    functions = profile.frames["functions"]
    assert set(functions["function"]) == {
        "t a.js:1:5", "t a.js:10:5", "(anonymous) a.js:6:5", "u"
    }  # fmt: skip
    assert set(functions["module"]) == {"", "@a/b"}


def test_a_profile_that_only_counts(tmp_path):
    nodes = [node(1, ROOT, children=[2]), node(2, "main", hitCount=3, children=[3])]
    counted = {
        "nodes": [*nodes, node(3, "parse", hitCount=1)], "startTime": 0, "endTime": 8
    }  # fmt: skip
    profile = cpuprofile.read(write(tmp_path, counted))
    assert folded(profile) == {"main": 6000, "main;parse": 2000}
    assert folded(profile, 0) == {"main": 3, "main;parse": 1}
    assert profile.data.samples.time is None


def test_old_profiles_nest_their_nodes(tmp_path):
    def old(number, name, *children):
        return {
            "id": number, "functionName": name, "url": "a.js", "lineNumber": 3, "hitCount": 1,
            "children": list(children),
        }  # fmt: skip

    head = old(1, "(root)", old(2, "main", old(3, "parse")))
    head["url"] = ""
    given = {
        "head": head, "startTime": 1.0, "endTime": 1.00003, "samples": [2, 3, 3],
        "timestamps": [1_000_000, 1_000_010, 1_000_020],
    }  # fmt: skip
    source = write(tmp_path, given)
    assert cpuprofile.sniff(Probe(source.head(), b"", "a", 1))
    profile = cpuprofile.read(source)
    assert folded(profile) == {"main": 10_000, "main;parse": 20_000}
    assert profile.data.functions.start_line.tolist() == [3, 3]
    assert profile.recording.duration_ns == 30_000


def test_without_times_the_samples_are_spread_over_the_recording(tmp_path):
    given = document([5, 6]) | {"timeDeltas": None, "endTime": 120}
    profile = cpuprofile.read(write(tmp_path, given))
    assert profile.data.samples.time.tolist() == [100_000, 110_000]


def test_a_file_that_is_cut_keeps_the_samples_that_have_a_time(tmp_path):
    whole = json.dumps(document([5, 6, 7, 5]))
    profile = cpuprofile.read(write(tmp_path, whole[: whole.rindex("10, 10")]))
    assert len(profile.data.samples) == 2
    assert whats(profile) == {"the file ends in the middle": None, "samples: no time": 2}


def test_what_does_not_fit_together_is_counted(read):
    nodes = [
        node(1, ROOT, children=[2, 99, "x"]),
        node(2, "a", children=[3]),
        node(3, "b", children=[2]),
        node(4, 5 * "é", parent=77),
    ]
    profile = read([2, 3, 4, 55, "x"], nodes=nodes)
    lost = whats(profile)
    assert lost["children: no such node"] == 2
    assert lost["samples: no such node"] == 2
    assert len(profile.data.samples) == 5
    profile.frames["functions"]


@pytest.mark.parametrize("text", ['{"nodes": []}', '{"nodes": 1}', "[1]", '{"head": {}}'])
def test_what_has_no_nodes_is_corrupt(tmp_path, text):
    with pytest.raises(Corrupt):
        cpuprofile.read(write(tmp_path, text))


@pytest.mark.parametrize(
    "head",
    [
        b'{"snapshot": {"meta": {"node_fields": ["id"]}}, "nodes": [1, 2',
        b'{"nodes": [{"id": 1, "name": "callFrame"',
        b'{"version": 1, "flamebearer": {"names": ["nodes"]}}',
        b'{"samples": [1]}',
        b"[]",
    ],
)
def test_other_json_is_not_claimed(head):
    assert cpuprofile.sniff(Probe(head, b"", "a.cpuprofile", 100)) is None
