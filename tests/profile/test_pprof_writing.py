"""Profiles written as pprof come back as they were."""

import gzip

import numpy as np
import pytest
from pandas.testing import assert_frame_equal

import prodforensics as pf
from prodforensics import samples
from prodforensics.errors import Corrupt, SourceError
from prodforensics.profile.data import Recording, ValueType
from tests.profile.plain_pprof import read_fields
from tests.profile.tiny import profile

RECORDED = [e["path"] for e in samples.entries() if e["format"] == "pprof"]


@pytest.fixture
def again(tmp_path):
    def write_and_load(one):
        return pf.load(one.to_pprof(tmp_path / "again.pb.gz"), strict=True)

    return write_and_load


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_profile_comes_back(again, name):
    before = pf.load(samples.path(name))
    after = again(before)
    assert after.value_types == before.value_types
    assert after.default_value_type == before.default_value_type
    assert after.recording == before.recording
    for frame in ("samples", "functions", "stacks", "labels", "threads"):
        if frame in before.frames:
            columns = [c for c in before.frames[frame].columns if c not in ("stack", "frame")]
            one, two = (p.frames[frame][columns].astype("object") for p in (before, after))
            if frame == "functions":
                one, two = (f.sort_values(list(columns)) for f in (one, two))
            assert_frame_equal(one.reset_index(drop=True), two.reset_index(drop=True))
    calls = [p.frames["calls"].drop_duplicates().astype("object") for p in (before, after)]
    one, two = (c.sort_values(list(c.columns)).reset_index(drop=True) for c in calls)
    used = one.merge(two, how="right", indicator=True)
    assert (used["_merge"] == "both").all()


def test_threads_of_other_profilers_become_labels(again):
    before = profile(("main;a", 3), ("main;b", 4), ("", 1), threads=["worker", "main", "main"])
    after = again(before)
    assert_frame_equal(after.frames["threads"], before.frames["threads"])
    assert set(after.frames["labels"]["key"]) == {"thread", "tid", "pid", "process name"}
    assert after.data.samples.stack[2] == -1


def test_moments_are_kept_where_they_are_times_of_the_day(again):
    recording = Recording(clock="unix", producer="perf", mode="cpu")
    before = profile(("main", 1), ("main", 1), time=[10**18, 10**18 + 5], recording=recording)
    assert again(before).frames["samples"]["time"].tolist() == [10**18, 10**18 + 5]
    recording = Recording(clock="monotonic")
    before = profile(("main", 1), ("main", 1), time=[7, 8], recording=recording)
    assert again(before).data.samples.time is None


def test_a_frame_without_a_symbol_stays_one(again):
    before = profile(("main", 1))
    data = before.data
    data.functions.name[0], data.functions.module[0] = "", "/usr/lib/libc.so.6"
    data.calls.address[0] = 0x1234
    assert again(before).frames["calls"]["function"].tolist() == ["[libc.so.6] 0x1234"]


def test_negative_and_large_values(again):
    types = (ValueType("cpu", "ns"), ValueType("events", "count"))
    before = profile(("a", (-5, 2**62)), ("b", (2**63 - 1, 0)), value_types=types)
    values = again(before).data.samples.values
    assert [v.tolist() for v in values] == [[-5, 2**63 - 1], [2**62, 0]]


def test_the_strings_come_last_so_that_a_cut_is_seen(tmp_path):
    path = pf.load(samples.path(RECORDED[0])).to_pprof(tmp_path / "a.pb.gz")
    data = gzip.decompress(path.read_bytes())
    found, stop = read_fields(data)
    assert stop == len(data)
    assert {n for n, _, _ in found[-20:]} == {6}
    cut = tmp_path / "cut.pb"
    for size in np.linspace(0, len(data) - 1, 40, dtype=int):
        cut.write_bytes(data[:size])
        with pytest.raises(Corrupt):
            pf.load(cut, format="pprof", strict=True)


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(SourceError):
        profile(("main", 1)).to_pprof(tmp_path / "no" / "a.pb.gz")
