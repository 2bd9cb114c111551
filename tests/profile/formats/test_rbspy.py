"""rbspy's raw file: all of its versions, and equal to what rbspy makes of it."""

import gzip
import json

import pytest

import prodforensics as pf
from prodforensics.errors import Corrupt, PartialEvidenceWarning
from prodforensics.profile.data import ValueType
from tests.profile.test_model import by_name

RAW = [entry["path"] for entry in pf.samples.entries() if entry["format"] == "rbspy"]
HEADER = '{"sample_rate":100,"rbspy_version":"0.55.0","start_time":{"secs_since_epoch":5,"nanos_since_epoch":7}}'  # fmt: skip  # noqa: E501


def frame(name, line=1, path="a.rb"):
    return {"name": name, "relative_path": path, "absolute_path": f"/srv/{path}", "lineno": line}


def sample(*names, seconds=5, thread=9):
    return json.dumps(
        {
            "trace": [frame(name) for name in names],
            "pid": 7,
            "thread_id": thread,
            "time": {"secs_since_epoch": seconds, "nanos_since_epoch": 3},
            "on_cpu": False,
        },
        separators=(",", ":"),
    )


@pytest.fixture
def load(tmp_path):
    def load(*lines, end="\n", **options):
        path = tmp_path / "raw.gz"
        path.write_bytes(gzip.compress(("\n".join(lines) + end).encode()))
        return pf.load(path, format="rbspy", **options)

    return load


def test_a_trace_begins_with_its_innermost_frame(load):
    one = load("rbspy02", HEADER, sample("read", "main"), sample("main", seconds=6))
    assert by_name(one.frames["functions"], "self") == {"read": 1, "main": 1}
    assert by_name(one.frames["functions"], "total") == {"read": 1, "main": 2}
    assert one.frames["functions"]["file"].tolist() == ["/srv/a.rb"] * 2


def test_the_header_tells_rate_and_start(load):
    one = load("rbspy02", HEADER, sample("main"), sample("main", seconds=6))
    assert one.value_types == (ValueType("samples", "count"), ValueType("wall", "ns"))
    assert one.default_value_type.name == "samples"
    assert one.using("wall").measures.total == 20_000_000
    recording = one.recording
    assert (recording.start_ns, recording.interval_ns) == (5_000_000_007, 10_000_000)
    assert (recording.mode, recording.clock) == ("wall", "unix")
    assert recording.duration_ns == 1_010_000_000
    assert one.frames["samples"]["time"].tolist() == [5_000_000_003, 6_000_000_003]


def test_version_1_has_no_header(load):
    one = load("rbspy01", sample("main"), sample("read", "main", thread=10))
    assert one.value_types == (ValueType("samples", "count"),)
    assert len(one.frames["samples"]) == 2
    assert sorted(one.frames["threads"]["thread_id"]) == [9, 10]


def test_version_0_is_traces_alone(load):
    one = load("rbspy00", json.dumps([frame("read"), frame("main")]), json.dumps([frame("main")]))
    assert by_name(one.frames["functions"], "self") == {"read": 1, "main": 1}
    assert "time" not in one.frames["samples"]


def test_unnamed_functions_in_c_are_left_out_as_rbspy_does(load):
    nothing = {"name": "(unknown) [c function]", "relative_path": "(unknown)"}
    line = json.dumps([nothing, frame("main"), nothing])
    assert by_name(load("rbspy00", line).frames["functions"], "self") == {"main": 1}
    kept = load("rbspy00", line, unnamed_c=True).frames["functions"]
    assert by_name(kept, "self") == {"(unknown) [c function]": 1, "main": 0}


@pytest.mark.parametrize(
    "line",
    [
        "oops",
        '{"trace":[{"name":1,"relative_path":"a"}],"pid":7,"time":{"secs_since_epoch":5,"nanos_since_epoch":3}}',
        '{"trace":[7],"pid":7,"time":{"secs_since_epoch":5,"nanos_since_epoch":3}}',
        '{"trace":[{"name":"a"}],"pid":7,"time":{"secs_since_epoch":5,"nanos_since_epoch":3}}',
        '{"trace":[],"pid":7,"time":{"secs_since_epoch":99999999999999,"nanos_since_epoch":3}}',
        sample("main")[:-10],
    ],
)
def test_a_line_that_is_no_sample_is_a_gap(load, line):
    with pytest.warns(PartialEvidenceWarning):
        one = load("rbspy02", HEADER, sample("main"), line, sample("main"))
    assert one.measures.total == 2
    assert one.gaps["lost_records"].tolist() == [1]
    assert one.gaps["offset"].tolist() == [8 + len(HEADER) + 1 + len(sample("main")) + 1]


def test_a_header_that_is_missing_is_told(load):
    with pytest.warns(PartialEvidenceWarning):
        one = load("rbspy02", sample("main"))
    assert one.measures.total == 1


def test_a_cut_last_line_is_told(load):
    with pytest.warns(PartialEvidenceWarning):
        one = load("rbspy02", HEADER, sample("main"), sample("main")[:40], end="")
    assert one.measures.total == 1


def test_what_holds_no_sample_is_corrupt(load):
    for lines in (("rbspy02", HEADER), ("rbspy01",), ("rbspy03", "[]"), ("x",)):
        with pytest.raises(Corrupt):
            load(*lines)


@pytest.mark.parametrize("name", RAW)
def test_shares_are_those_of_the_summary_recorded_with_it(name):
    frames = pf.load(pf.samples.path(name)).frames
    leaves = frames["stacks"]["frame"].iloc[frames["samples"]["stack"]]
    calls = frames["calls"].loc[leaves, ["function", "file", "line"]].astype("str")
    calls["file"] = calls["file"].str.removeprefix("/srv/app/")
    shares = 100 * (calls["function"] + " - " + calls["file"] + ":" + calls["line"]).value_counts()
    summary = pf.samples.truth(name)["summary"]
    assert summary
    for text, percent in summary.items():
        assert shares[text] / len(leaves) == pytest.approx(percent, abs=0.006)


@pytest.mark.parametrize("name", RAW)
def test_it_equals_the_folded_stacks_of_the_same_recording(name):
    raw = pf.load(pf.samples.path(name))
    other = pf.load(pf.samples.path(name.replace(".raw.gz", ".folded.zst")))
    columns = ["function", "file", "self", "total"]
    tables = [
        one.frames["functions"][columns]
        .sort_values(columns)
        .astype({"file": "str"})
        .values.tolist()
        for one in (raw, other)
    ]
    assert tables[0] == tables[1]
