"""Trace events: V8's samples in chunks, and stacks of events that last."""

import json

import numpy as np
import pytest

from prodforensics.errors import BadOption, Corrupt
from prodforensics.formats import Probe
from prodforensics.profile.formats import chrome_trace
from tests.profile.formats.documents import folded, node, self_of, whats, write


def event(phase, ts, name="a", *, tid=1, pid=7, **more):
    return {"ph": phase, "ts": ts, "name": name, "tid": tid, "pid": pid} | more


def thread_name(name, tid=1, what="thread_name"):
    return event("M", 0, what, tid=tid, args={"name": name})


def profile(**data):
    return event("P", 1, "Profile", id="0x1", args={"data": data})


def chunk(nodes, samples, deltas, *, tid=99, lines=None, number="0x1"):
    data = {"cpuProfile": {"nodes": nodes, "samples": samples}, "timeDeltas": deltas}
    if lines:
        data["lines"] = lines
    return event("P", 2, "ProfileChunk", tid=tid, id=number, args={"data": data})


@pytest.fixture
def read(tmp_path):
    return lambda trace, **kw: chrome_trace.read(write(tmp_path, trace), **kw)


def test_events_that_last_are_stacks(read):
    trace = read(
        [
            event("B", 0, "main"),
            event("X", 2, "parse", dur=3),
            event("X", 3, "read", dur=1.5),
            event("B", 6, "render"),
            event("E", 8, "render"),
            event("E", 10),
            event("i", 11, "instant"),
        ]
    )
    assert folded(trace) == {
        "main": 5000, "main;parse": 1500, "main;parse;read": 1500, "main;render": 2000
    }  # fmt: skip
    assert (trace.recording.mode, trace.recording.clock) == ("instrumented", "monotonic")
    assert trace.data.samples.time[0] == 0


def test_of_two_that_begin_or_end_together_the_longer_one_is_outside(read):
    events = [
        event("X", 0, "inner", dur=5),
        event("X", 0, "outer", dur=9),
        event("X", 7, "late", dur=2),
        event("X", 7, "nothing", dur=0),
    ]
    expected = {"outer;inner": 5000, "outer": 2000, "outer;late": 2000}
    assert folded(read(events)) == expected
    assert folded(read(events[::-1])) == expected


@pytest.mark.parametrize("seed", range(20))
def test_self_time_of_nested_events_is_theirs_without_what_is_inside(read, seed):
    random = np.random.default_rng(seed)
    events, expected = [], {}

    def nest(begin, end, depth, path):
        own = end - begin
        at = begin
        while depth and at < end:
            start = at + int(random.integers(0, 4))
            stop = min(start + int(random.integers(1, 9)), end)
            if start >= stop:
                break
            name = f"{random.integers(3)}"
            nest(start, stop, depth - 1, (*path, name))
            own -= stop - start
            at = stop
        if path:
            events.append(event("X", begin, path[-1], dur=end - begin))
            if own:
                key = ";".join(path)
                expected[key] = expected.get(key, 0) + own * 1000

    nest(0, 60, 4, ())
    random.shuffle(events)
    # Equal events cannot be told apart: one is the other's caller, whichever.
    spans = [(one["ts"], one["dur"]) for one in events]
    if len(set(spans)) == len(spans):
        assert folded(read(events)) == expected


def test_threads_are_kept_apart_and_named(read):
    trace = read(
        {
            "traceEvents": [
                thread_name("main"),
                thread_name("node", what="process_name"),
                event("B", 0, "a", tid=1),
                event("B", 1, "b", tid="io"),
                event("E", 2, "a", tid=1),
                event("E", 4, "b", tid="io"),
            ]
        }
    )
    threads = trace.frames["threads"]
    assert threads["total"].to_dict() == {"io": 3000, "main (1)": 2000}
    assert set(threads["process_name"]) == {"node"}
    assert trace.recording.producer == "Node.js"


def test_chunks_are_one_profile_of_the_thread_that_was_sampled(read):
    trace = read(
        {
            "traceEvents": [
                thread_name("CrRendererMain"),
                profile(startTime=100),
                chunk(
                    [node(1, "(root)"), node(2, "main", parent=1)], [2, 2], [0, 10], lines=[4, 5]
                ),
                chunk([node(3, "parse", parent=2)], [3, 2], [20, 30]),
                event("X", 0, "task", dur=60),
            ]
        }
    )
    assert folded(trace) == {"main": 50_000, "main;parse": 30_000}
    assert trace.data.samples.time.tolist() == [100_000, 110_000, 130_000, 160_000]
    assert trace.frames["threads"].index.tolist() == ["CrRendererMain (1)"]
    calls = trace.frames["calls"].loc[trace.frames["stacks"]["frame"], "line"].to_numpy()
    assert calls[trace.data.samples.stack].tolist() == [4, 5, 0, 0]


def test_the_other_profile_of_a_trace_is_there_for_the_asking(read):
    events = [
        profile(startTime=0),
        chunk([node(1, "main")], [1, 1], [0, 10]),
        event("X", 0, "task", dur=60),
    ]
    assert self_of(read(events)) == {"main": 20_000}
    assert self_of(read(events, events="durations")) == {"task": 60_000}
    assert self_of(read(events, events="samples")) == {"main": 20_000}
    with pytest.raises(BadOption):
        read(events, events="all")
    with pytest.raises(Corrupt, match="V8's samples"):
        read(events[2:], events="samples")


def test_py_spy_tells_files_and_lines(read):
    args = {"filename": "a.py", "line": 7}
    trace = read(
        [
            event("B", 0, "main", cat="py-spy", args=args),
            event("E", 5, "main", cat="py-spy", args={"filename": "a.py", "line": 9}),
        ]
    )
    assert trace.frames["calls"][["function", "file", "line"]].to_numpy().tolist() == [
        ["main", "a.py", 7]
    ]
    assert (trace.recording.producer, trace.recording.mode) == ("py-spy", "wall")


def test_an_array_that_is_not_closed_is_read_whole_but_told(tmp_path):
    events = [event("B", 0), event("E", 5)]
    text = json.dumps(events)[:-1]
    for ending in ("", ",", ",\n"):
        trace = chrome_trace.read(write(tmp_path, text + ending))
        assert folded(trace) == {"a": 5000}
        assert list(whats(trace)) == ["the file ends in the middle"]


def test_what_is_wrong_is_counted(read):
    trace = read(
        [
            event("B", 0),
            event("E", 5),
            event("E", 6, "never begun"),
            event("B", "soon", "b"),
            event("X", 7, "c", dur=[]),
            event("B", 2**80, "d", tid=[], pid={}),
            "x",
        ]
    )
    lost = whats(trace)
    assert lost["events: end what did not begin"] == 1
    assert lost["ts: not a number"] == lost["dur: not a number"] == 1
    assert lost["traceEvents: not an object"] == lost["ts: too large"] == 1


@pytest.mark.parametrize("text", ["[]", '{"traceEvents": 1}', "[1]", '[{"ph": "M", "name": 1}]'])
def test_what_has_no_profile_is_corrupt(tmp_path, text):
    with pytest.raises(Corrupt):
        chrome_trace.read(write(tmp_path, text))


@pytest.mark.parametrize(
    ("head", "claimed"),
    [
        (b'[{"ph": "B", "ts": 1', True),
        (b'{"otherData": {}, "traceEvents": [\n{"args": {}, "name": "a", "ph": "M"', True),
        (b'[{"name": "a", "value": 1}]', False),
        (b'{"traceEvents": []}', False),
        (b'{"events": [{"ph": "B", "ts": 1}]}', False),
    ],
)
def test_what_is_claimed(head, claimed):
    assert bool(chrome_trace.sniff(Probe(head, b"", "a.json", 9))) is claimed
