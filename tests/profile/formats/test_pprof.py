"""pprof profiles: everything of profile.proto, whole and damaged."""

import gzip

import numpy as np
import pytest

import prodforensics as pf
from prodforensics import samples
from prodforensics.errors import Corrupt, PartialEvidenceWarning
from prodforensics.formats import Probe
from prodforensics.profile.data import ValueType
from prodforensics.profile.formats import pprof
from tests.profile.plain_pprof import Writer, message, number, numbers

CPU = (("samples", "count"), ("cpu", "microseconds"))


@pytest.fixture
def load(tmp_path):
    def from_bytes(data, **options):
        path = tmp_path / "profile.pb"
        path.write_bytes(data)
        return pf.load(path, format="pprof", **options)

    return from_bytes


def small():
    """Write main -> parse -> read, where read is inlined into parse, and main alone."""
    writer = Writer(*CPU)
    for id_, name in enumerate(("main", "parse", "read"), 1):
        writer.function(id_, name, f"{name}.go", 10 * id_)
    writer.mapping(7, "/srv/app/shop", "abc123")
    writer.location(1, (1, 12), mapping=7, address=0x1100)
    writer.location(2, (3, 31), (2, 22), mapping=7, address=0x1200)
    writer.sample([2, 1], [3, 30])
    writer.sample([1], [1, 10])
    return writer


def stacks(profile):
    data = profile.data
    names = data.functions.name[data.stack_function]
    found = []
    for node in data.samples.stack:
        stack = []
        while node >= 0:
            stack.append(names[node])
            node = data.stacks.parent[node]
        found.append(";".join(reversed(stack)))
    return found


def test_values_have_our_units_and_the_last_type_is_meant(load):
    profile = load(small().bytes())
    assert profile.value_types == (ValueType("samples", "count"), ValueType("cpu", "ns"))
    assert profile.default_value_type.name == "cpu"
    assert profile.frames["samples"]["cpu"].tolist() == [30_000, 10_000]


def test_the_default_type_of_the_file_is_meant_if_it_has_one(load):
    writer = small()
    writer.put(14, writer.text("samples"))
    assert load(writer.bytes()).default_value_type.name == "samples"


def test_inlined_calls_stand_below_their_caller(load):
    profile = load(small().bytes())
    assert stacks(profile) == ["main;parse;read", "main"]
    calls = profile.frames["calls"].set_index("function")
    assert calls["inlined"].to_dict() == {"main": False, "parse": False, "read": True}
    assert calls["line"].to_dict() == {"main": 12, "parse": 22, "read": 31}
    assert calls["address"].to_dict() == {"main": 0x1100, "parse": 0x1200, "read": 0x1200}
    assert set(calls["module"]) == {"/srv/app/shop"}
    assert profile.data.functions.start_line.tolist() == [10, 30, 20]


def test_a_location_without_lines_is_an_address_in_its_binary(load):
    writer = small()
    writer.location(3, mapping=7, address=0x1300)
    writer.sample([3, 1], [1, 10])
    calls = load(writer.bytes()).frames["calls"]
    assert "[shop] 0x1300" in set(calls["function"])


def test_a_binary_without_a_name_has_its_build_id(load):
    writer = small()
    writer.mapping(8, "", "ffee00")
    writer.location(3, mapping=8, address=0x1300)
    writer.sample([3], [1, 10])
    assert "ffee00" in set(load(writer.bytes()).frames["calls"]["module"])


def test_fields_may_come_in_any_order_and_the_table_first(load):
    writer = small()
    table = [message(6, text) for text in writer.strings]
    turned = load(b"".join([*table, *reversed(writer.parts[2:]), *writer.parts[:2]]))
    assert sorted(stacks(turned)) == sorted(stacks(load(small().bytes())))


def test_lists_may_be_unpacked(load):
    writer = small()
    writer.add(2, number(1, 2), number(2, 5), number(1, 1), number(2, 50))
    profile = load(writer.bytes())
    assert stacks(profile)[-1] == "main;parse;read"
    assert profile.frames["samples"]["cpu"].iloc[-1] == 50_000


def test_ids_may_be_any_number(load):
    writer = Writer(*CPU)
    writer.function(2**64 - 1, "far")
    writer.location(2**63, (2**64 - 1, 1))
    writer.location(0, (2**64 - 1, 2))
    writer.sample([2**63, 0], [1, 1])
    assert stacks(load(writer.bytes())) == ["far;far"]


def test_texts_and_numbers_are_labels(load):
    writer = small()
    writer.sample([1], [1, 1], endpoint="/order", bytes=(4096, "bytes"), count=(3, ""))
    labels = load(writer.bytes()).frames["labels"]
    assert labels["sample"].tolist() == [2, 2, 2]
    assert labels["key"].tolist() == ["endpoint", "bytes", "count"]
    assert labels["value"].tolist() == ["/order", "", ""]
    assert labels["number"].tolist() == [0, 4096, 3]
    assert labels["unit"].tolist() == ["", "bytes", ""]


def test_labels_that_name_threads_make_threads(load):
    writer = small()
    writer.sample([1], [1, 1], thread_name="worker", thread_id=(12, ""))
    writer.sample([1], [1, 1], thread_name="worker", tid="7")
    profile = load(writer.bytes())
    threads = profile.frames["threads"]
    assert set(zip(threads["thread_name"], threads["thread_id"], strict=True)) == {
        ("worker", 7),
        ("worker", -1),
    }
    assert profile.data.samples.thread[:2].tolist() == [-1, -1]


def test_times_of_samples_are_those_of_their_labels(load):
    writer = Writer(*CPU)
    writer.text("end_timestamp_ns")
    for time in (5, 9):
        key = writer.strings["end_timestamp_ns"]
        writer.add(2, number(2, 1), number(2, 1), message(3, numbers(key, None, time)))
    profile = load(writer.bytes())
    assert profile.frames["samples"]["time"].tolist() == [5, 9]
    assert profile.recording.clock == "unix"


def test_what_the_file_tells_of_the_recording(load):
    writer = small()
    writer.put(9, 1_700_000_000_000_000_000)
    writer.put(10, 5_000_000_000)
    writer.add(11, numbers(writer.text("cpu"), writer.text("microseconds")))
    writer.put(12, 10_000)
    writer.put(13, writer.text("taken by hand"))
    recording = load(writer.bytes()).recording
    assert recording.mode == "cpu"
    assert recording.start_ns == 1_700_000_000_000_000_000
    assert recording.duration_ns == 5_000_000_000
    assert recording.interval_ns == recording.period == 10_000_000
    assert recording.period_type == ValueType("cpu", "ns")
    assert recording.comments == ("taken by hand",)


def test_samples_that_the_runtime_lost_are_counted(load):
    writer = small()
    writer.function(9, "runtime/pprof.lostProfileEvent", "runtime/pprof/proto.go")
    writer.location(9, (9, 1))
    writer.sample([9], [17, 170])
    assert load(writer.bytes()).recording.lost_samples == 17


def dropping(drop, keep=""):
    writer = small()
    writer.put(7, writer.text(drop))
    if keep:
        writer.put(8, writer.text(keep))
    return writer.bytes()


def test_frames_to_drop_are_dropped_with_all_below_them(load):
    assert stacks(load(dropping("parse"))) == ["main", "main"]
    assert stacks(load(dropping("re.*"))) == ["main;parse", "main"]
    assert stacks(load(dropping("re.*", "read"))) == ["main;parse;read", "main"]
    assert stacks(load(dropping("pars"))) == ["main;parse;read", "main"]
    assert stacks(load(dropping("parse"), drop_frames=False)) == ["main;parse;read", "main"]


def test_nothing_is_dropped_above_the_first_frame_of_the_program(load):
    assert stacks(load(dropping("main"))) == ["main;parse;read", "main"]


def test_a_pattern_that_is_none_is_a_gap(load):
    with pytest.warns(PartialEvidenceWarning, match="frames to drop"):
        assert stacks(load(dropping("(")))[0] == "main;parse;read"


def test_equal_calls_without_addresses_share_a_node(load):
    writer = Writer()
    writer.function(1, "main")
    writer.function(2, "work")
    for id_ in (1, 2):
        writer.location(id_, (1, 5))
    writer.location(3, (2, 9))
    writer.sample([3, 1], [1])
    writer.sample([3, 2], [1])
    data = load(writer.bytes()).data
    assert len(data.stacks) == 2
    assert data.samples.stack.tolist() == [1, 1]


def test_functions_of_one_name_and_file_are_one(load):
    writer = Writer()
    writer.function(1, "work", "a.go")
    writer.function(2, "work", "a.go")
    writer.function(3, "work", "b.go")
    for id_ in (1, 2, 3):
        writer.location(id_, (id_, id_))
        writer.sample([id_], [1])
    frame = load(writer.bytes()).frames["functions"]
    assert frame["self"].to_dict() == {0: 2, 1: 1}


def gaps(profile):
    return dict(zip(profile.gaps["what"], profile.gaps["lost_records"], strict=True))


@pytest.mark.filterwarnings("ignore::prodforensics.errors.PartialEvidenceWarning")
def test_what_is_named_and_absent_is_a_gap(load):
    writer = small()
    writer.sample([1, 99], [1, 1])
    writer.sample([1], [1])
    writer.sample([1], [1, 1], key=(1, "unit"))
    writer.location(5, (77, 1), mapping=66)
    writer.location(1, (1, 1))
    profile = load(writer.bytes() + b"\x12\x7f")
    told = gaps(profile)
    assert told["locations that are not in the file"] == 1
    assert told["samples that cannot be read"] == 1
    assert told["functions that are not in the file"] == 1
    assert told["mappings that are not in the file"] == 1
    assert told["locations of an id that another has"] == 1
    assert "a field that cannot be read, and all behind it" in told
    assert len(profile.data.samples) == 4


@pytest.mark.filterwarnings("ignore::prodforensics.errors.PartialEvidenceWarning")
def test_a_profile_without_its_strings_is_read_without_names(load):
    profile = load(small().bytes(strings=False))
    assert len(profile.data.samples) == 2
    assert "names that are not in the table of strings" in gaps(profile)
    assert profile.frames["functions"]["total_percent"].max() == 100


def test_numbers_that_do_not_fit_are_gaps_or_unknown(load):
    writer = small()
    writer.location(3, (1, 2**40), mapping=7)
    writer.sample([3], [1, 2**62])
    with pytest.warns(PartialEvidenceWarning, match="too large"):
        profile = load(writer.bytes())
    assert profile.frames["samples"]["cpu"].iloc[-1] == (2**63 - 1) // 1000 * 1000
    assert set(profile.frames["calls"]["line"]) == {12, 31, 22, 0}


def test_a_file_without_types_of_values_is_no_profile(load):
    with pytest.raises(Corrupt, match="types of a profile's values"):
        load(message(6, "") + message(6, "text"))


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\n",
        b"\n\x04text",
        b"\x0a\x0d\x0d\x0a" + b"\x1c\0\0\0\x4d\x3c\x2b\x1a",
        b"\x7fELF\x02\x01\x01",
        b"FLR\0\0\x02",
        b'{"nodes":[]}',
        b"PERFILE2" + bytes(100),
        # A protocol buffer of something else: a message whose first field is a text.
        message(1, message(1, "name"), number(2, 3)) * 3,
        message(1, numbers(1, 2)) * 3,
    ],
)
def test_other_files_are_not_claimed(head):
    assert pprof.sniff(Probe(head, b"", "cpu.pb", len(head))) is None


def test_a_profile_is_recognised_by_its_first_bytes_alone():
    for data in (small().bytes(), b"".join(small().parts)):
        for size in (60, len(data)):
            assert pprof.sniff(Probe(data[:size], b"", "x", size)) is not None


def test_packed_and_plain_are_the_same(tmp_path):
    name = "profile/go/healthy.goroutine.pb"
    plain = pf.load(samples.path(name))
    packed = tmp_path / "goroutine.pb.gz"
    packed.write_bytes(gzip.compress(samples.path(name).read_bytes()))
    assert stacks(pf.load(packed)) == stacks(plain)


def test_labels_of_the_service_tell_its_endpoint():
    profile = pf.load(samples.path("profile/go/healthy.cpu.pb.gz"))
    labels = profile.frames["labels"]
    assert set(labels["key"]) == {"endpoint", "region"}
    assert set(labels.loc[labels["key"] == "endpoint", "value"]) == {"/order"}
    assert profile.recording.producer == "Go"
    assert profile.recording.interval_ns == 10_000_000


def test_datadogs_labels_are_threads_and_times():
    profile = pf.load(samples.path("profile/go/datadog.pb.gz"))
    assert set(profile.frames["threads"]["thread_name"]) == {"main", "worker-1", "worker-2"}
    assert profile.frames["threads"]["thread_id"].max() == 42
    assert (np.diff(profile.frames["samples"]["time"]) == 10_000_000).all()


def test_values_of_google_are_nanoseconds_and_its_frames_are_dropped():
    path = samples.path("profile/go/google.pb.gz")
    profile, whole = pf.load(path), pf.load(path, drop_frames=False)
    assert profile.default_value_type == ValueType("wall", "ns")
    assert profile.measures.total == whole.measures.total
    assert len(profile.data.stacks) < len(whole.data.stacks)
