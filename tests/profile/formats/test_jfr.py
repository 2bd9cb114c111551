"""Recordings of Java Flight Recorder and async-profiler come out as the JDK's `jfr` tells them."""

import gzip
import json
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import prodforensics as pf
from prodforensics import samples
from prodforensics.errors import BadOption, Corrupt, PartialEvidenceWarning
from prodforensics.formats import Probe
from prodforensics.profile.formats import jfr
from prodforensics.profile.formats.java_names import java_class
from prodforensics.source import Source
from tests.conftest import require_tool
from tests.profile.formats.jfr_files import (
    TYPES,
    chunk,
    event,
    execution,
    metadata,
    pools,
    rename,
    stack,
    varint,
)
from tests.profile.stack_texts import folded

SAMPLES = [entry["path"] for entry in samples.entries() if entry["format"] == "jfr"]
CALLS = {1: stack((1, 10)), 2: stack((2, 21), (1, 11)), 3: stack((2, 22), (1, 11), truncated=True)}


def load(tmp_path, *chunks, name="a.jfr", **options):
    path = tmp_path / name
    path.write_bytes(b"".join(chunks))
    return pf.load(path, **options)


def one_chunk(*events, stacks=CALLS, **header):
    return chunk(metadata(TYPES), *events, pools(stacks), **header)


def opened(path, folder):
    """Unpack a sample for the JDK's tool, and load it."""
    file = folder / "sample.jfr"
    file.write_bytes(b"".join(Source(samples.path(path)).chunks()))
    return file, pf.load(samples.path(path))


def printed(file, *events):
    command = [require_tool("jfr"), "print", "--json", "--stack-depth", "2048", "--events"]
    command += [",".join(events), str(file)]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    return [(one["type"], one["values"]) for one in json.loads(done.stdout)["recording"]["events"]]


# -- as the JDK tells it ----------------------------------------------------------------------


@pytest.mark.oracle
@pytest.mark.parametrize("path", SAMPLES)
def test_every_type_of_event_is_counted_as_by_jfr_summary(path, tmp_path):
    file, profile = opened(path, tmp_path)
    done = subprocess.run(
        [require_tool("jfr"), "summary", str(file)], capture_output=True, check=True, text=True
    )
    told = re.findall(r"(?m)^ ([\w.]+) +(\d+) +(\d+)$", done.stdout)
    # JDK 25 says jdk.Checkpoint.
    expected = {
        name.replace("Checkpoint", "CheckPoint"): (int(count), int(size))
        for name, count, size in told
        if int(count)
    }
    frame = profile.frames["jfr_events"]
    rows = zip(frame.index, frame["events"].tolist(), frame["size_bytes"].tolist(), strict=True)
    assert {name: (count, size) for name, count, size in rows} == expected


SAMPLED = {
    "jdk.ExecutionSample": "sampledThread",
    "jdk.CPUTimeSample": "eventThread",
    "jdk.NativeMethodSample": "sampledThread",
    "jdk.ObjectAllocationSample": "eventThread",
    "jdk.ObjectAllocationInNewTLAB": "eventThread",
    "jdk.JavaMonitorEnter": "eventThread",
    "jdk.JavaMonitorWait": "eventThread",
}


@pytest.mark.oracle
@pytest.mark.parametrize("name", ["gc", "healthy.cpu-time", "quadratic.async-profiler"])
def test_stacks_threads_times_and_weights_are_those_of_jfr_print(name, tmp_path):
    file, profile = opened(f"profile/java/{name}.jfr.zst", tmp_path)
    expected = Counter()
    for kind, values in printed(file, *SAMPLED):
        frames = (values["stackTrace"] or {"frames": []})["frames"]
        calls = tuple((jfr_name(frame["method"]), max(frame["lineNumber"], 0)) for frame in frames)
        thread = values[SAMPLED[kind]] or {}
        label = values.get("objectClass") or values.get("monitorClass")
        weight = values.get("weight", values.get("tlabSize", 1))
        if "Monitor" in kind:
            weight = round(float(values["duration"][2:-1]) * 1e6)
        expected[
            kind,
            values["startTime"][:23],
            thread.get("javaName") or thread.get("osName") or "",
            thread.get("osThreadId", -1),
            java_class(label["name"]) if label else "",
            weight,
            calls,
        ] += 1
    assert ours(profile) == expected


def jfr_name(method):
    owner = method["type"]["name"] if method["type"] else ""
    if method["descriptor"] == "()L;":
        return method["name"]
    return f"{java_class(owner)}.{method['name']}" if owner else method["name"]


def ours(profile):
    data = profile.data
    classes = dict(enumerate([""] * len(data.samples)))
    labels = profile.frames["labels"]
    classes |= dict(zip(labels["sample"], labels["value"], strict=True))
    names = data.functions.name[data.calls.function]
    lines = data.calls.line
    parents, calls = data.stacks.parent.tolist(), data.stacks.call.tolist()
    value = {
        one.name: column
        for one, column in zip(profile.value_types, data.samples.values, strict=True)
    }
    found = Counter()
    for row in range(len(data.samples)):
        kind = data.recording.events[data.samples.event[row]]
        if kind not in SAMPLED:
            continue
        node, frames = int(data.samples.stack[row]), []
        while node >= 0:
            call = calls[node]
            frames.append((names[call], int(lines[call])))
            node = parents[node]
        thread = int(data.samples.thread[row])
        weight = 1
        if "Allocation" in kind:
            weight = int(value["alloc_space"][row])
        elif kind == "jdk.JavaMonitorEnter":
            weight = round(int(value["delay"][row]) / 1000)
        elif kind == "jdk.JavaMonitorWait":
            weight = round(int(value["wait"][row]) / 1000)
        time = np.datetime64(int(data.samples.time[row]) // 10**6, "ms")
        found[
            kind,
            str(time),
            data.threads.thread_name[thread] if thread >= 0 else "",
            int(data.threads.thread_id[thread]) if thread >= 0 else -1,
            classes[row],
            weight,
            tuple(frames),
        ] += 1
    return found


@pytest.mark.oracle
@pytest.mark.parametrize("name", ["gc", "healthy.cpu-time"])
def test_collections_are_those_of_jfr_print(name, tmp_path):
    file, profile = opened(f"profile/java/{name}.jfr.zst", tmp_path)
    heap = {
        (values["gcId"], values["when"]): values["heapUsed"]
        for _, values in printed(file, "jdk.GCHeapSummary")
    }
    expected = {
        values["gcId"]: (
            values["name"],
            values["cause"],
            *(round(float(values[f][2:-1]) * 1e6) for f in ("sumOfPauses", "longestPause")),
            heap[values["gcId"], "Before GC"],
            heap[values["gcId"], "After GC"],
        )
        for _, values in printed(file, "jdk.GarbageCollection")
    }
    frame = profile.frames["gc"]
    found = {
        number: (
            row["name"],
            row["cause"],
            round(row["sum_of_pauses_ns"] / 1000),
            round(row["longest_pause_ns"] / 1000),
            row["heap_before_bytes"],
            row["heap_after_bytes"],
        )
        for number, row in frame.iterrows()
    }
    assert found == expected


CONVERTER = "tools.profiler:jfr-converter:4.5"
CACHE = Path(samples.__file__).parents[1] / ".cache" / "async-profiler"


@pytest.mark.oracle
@pytest.mark.xdist_group("jfr-converter")  # one worker fetches it
@pytest.mark.parametrize(
    ("value_type", "options"),
    [("samples", "--cpu"), ("alloc_space", "--alloc --total"), ("delay", "--lock --total")],
)
@pytest.mark.parametrize("name", ["healthy", "quadratic"])
def test_stacks_are_those_of_async_profilers_own_converter(tmp_path, name, value_type, options):
    java, jar = require_tool("java"), CACHE / "jfr-converter-4.5.jar"
    if not jar.exists():
        copy = [f"-Dartifact={CONVERTER}", f"-DoutputDirectory={CACHE}"]
        subprocess.run([require_tool("mvn"), "-q", "dependency:copy", *copy], check=True)
    path = samples.path(f"profile/java/{name}.async-profiler.jfr.zst")
    file, result = tmp_path / "a.jfr", tmp_path / "a.collapsed"
    file.write_bytes(b"".join(Source(path).chunks()))
    command = [java, "-jar", jar, *options.split(), "--dot", "--norm", file, result]
    subprocess.run(command, check=True, capture_output=True)
    expected = Counter()
    for line in result.read_text().splitlines():
        stack, _, count = line.rpartition(" ")
        stack = re.sub(r"_\[[ijk01]\](?=;|$)", "", stack)
        # Its names of lambdas keep a number, which differs from run to run.
        expected[re.sub(r"(\$\$Lambda|LambdaForm\$[A-Z]+)\$\d+", r"\1", stack)] += int(count)
    assert folded(pf.load(path, classes="leaf"), value_type) == expected


# -- what the samples tell --------------------------------------------------------------------


def test_faults_stand_out_in_the_samples():
    for entry in samples.entries():
        if entry["format"] != "jfr":
            continue
        truth, profile = entry["ground_truth"], pf.load(samples.path(entry["path"]))
        likely = {finding.rule for finding in profile.findings().likely}
        assert likely == ({truth["rule"]} if truth["rule"] else set()), entry["path"]
        if truth["function"]:
            assert truth["function"] in set(profile.frames["functions"]["function"])


def test_a_class_is_a_label_or_the_innermost_call():
    path = samples.path("profile/java/gc.jfr.zst")
    profile = pf.load(path)
    labels = profile.frames["labels"]
    assert set(labels["key"]) == {"class"}
    assert "byte[]" in set(labels["value"])
    as_calls = pf.load(path, classes="leaf").using("alloc_space")
    assert "labels" not in as_calls.frames
    functions = as_calls.frames["functions"].set_index("function")
    weight = profile.data.samples.values[
        [one.name for one in profile.value_types].index("alloc_space")
    ]
    of_bytes = labels["sample"][labels["value"] == "byte[]"].to_numpy()
    assert functions.loc["byte[]", "self"] == weight[of_bytes].sum()
    with pytest.raises(BadOption, match="label"):
        pf.load(path, classes="tree")


def test_cpu_time_goes_before_the_other_sampler_of_the_same_file():
    profile = pf.load(samples.path("profile/java/quadratic.cpu-time.jfr.zst"))
    names = [one.name for one in profile.value_types]
    assert names[:4] == ["samples", "cpu", "execution_samples", "execution"]
    assert profile.recording.events[0] == "jdk.CPUTimeSample"


# -- written by hand --------------------------------------------------------------------------


def test_a_sample_has_its_stack_thread_and_time(tmp_path):
    profile = load(tmp_path, one_chunk(execution(1_100, 7, 2), execution(100, 0, 1)))
    assert folded(profile) == {"app.Main.main;app.Main.work": 1, "app.Main.main": 1}
    assert profile.data.samples.time.tolist() == [1_001_000_000, 1_000_000_000]
    assert profile.frames["samples"]["thread"].astype("object").tolist()[0] == "worker-1 (77)"
    assert profile.data.samples.thread.tolist() == [0, -1]
    assert profile.frames["calls"]["line"].tolist() == [10, 11, 21, 22]
    assert profile.data.functions.module.tolist() == ["app", "app"]
    assert profile.recording.clock == "unix"
    assert profile.recording.duration_ns == 5_000_000_000


def test_waiting_for_a_lock_is_a_delay_with_a_class(tmp_path):
    body = varint(100) + varint(2_500) + varint(7) + varint(2) + varint(2)
    profile = load(tmp_path, one_chunk(event(131, body)))
    assert [one.name for one in profile.value_types] == ["contentions", "delay"]
    assert profile.data.samples.values[1].tolist() == [2_500_000]
    assert profile.frames["labels"]["value"].tolist() == ["int[]"]


def test_cut_stacks_are_counted_with_the_depth_they_were_cut_at(tmp_path):
    profile = load(tmp_path, one_chunk(*(execution(100, 7, k) for k in (1, 3, 3))))
    assert (profile.recording.truncated_stacks, profile.recording.max_depth) == (2, 2)


def test_a_stack_may_stand_in_an_earlier_chunk(tmp_path):
    second = chunk(metadata(TYPES), execution(200, 7, 2), pools({9: CALLS[1]}))
    profile = load(tmp_path, one_chunk(execution(100, 7, 1)), second)
    assert folded(profile) == {"app.Main.main;app.Main.work": 1, "app.Main.main": 1}


def test_a_stack_that_is_nowhere_is_a_gap(tmp_path):
    with pytest.warns(PartialEvidenceWarning):
        profile = load(tmp_path, one_chunk(execution(100, 7, 55)))
    assert profile.gaps["lost_records"].tolist() == [1]
    assert profile.data.samples.stack.tolist() == [-1]


def test_a_file_that_was_still_being_written_gives_what_is_there(tmp_path):
    whole = one_chunk(*(execution(100, 7, 2) for _ in range(10)))
    head, body = bytearray(whole[:68]), whole[68:]
    head[8:32] = bytes(24)  # size and offsets are written at the end
    head[64] = 3
    with pytest.warns(PartialEvidenceWarning, match="still being written"):
        profile = load(tmp_path, bytes(head) + body)
    assert folded(profile) == {"app.Main.main;app.Main.work": 10}


def test_events_behind_damage_are_found_by_the_checkpoint_of_the_header(tmp_path):
    whole = bytearray(one_chunk(execution(100, 7, 2), execution(100, 7, 2)))
    first = 68 + len(metadata(TYPES))
    whole[first] = 0xFF  # a size that cannot be
    whole[first + 1 : first + 4] = b"\xff\xff\x7f"
    with pytest.warns(PartialEvidenceWarning):
        profile = load(tmp_path, bytes(whole))
    assert profile.gaps["what"].tolist() == ["events that cannot be read"]
    assert profile.frames["jfr_events"].loc["jdk.CheckPoint", "events"] == 1


def test_chunks_behind_one_that_is_damaged_are_read(tmp_path):
    first = bytearray(one_chunk(execution(100, 7, 1)))
    first[4:8] = b"\0\x09\0\0"  # a version of the future
    with pytest.warns(PartialEvidenceWarning, match=r"9\.0"):
        profile = load(
            tmp_path, one_chunk(execution(1, 7, 2)), bytes(first), one_chunk(execution(2, 7, 2))
        )
    assert folded(profile) == {"app.Main.main;app.Main.work": 2}


@pytest.mark.parametrize("flags", [0, 5])
def test_a_form_that_nobody_writes_is_refused(tmp_path, flags):
    with pytest.raises(Corrupt, match="form"):
        load(tmp_path, one_chunk(execution(1, 7, 1), flags=flags))


def test_types_that_hold_themselves_are_skipped(tmp_path):
    types = TYPES | {"app.Loop": (140, [("next", "app.Loop")])}
    parts = metadata(types), event(140, b"\1\2\3"), execution(1, 7, 1), pools(CALLS)
    profile = load(tmp_path, chunk(*parts))
    assert folded(profile) == {"app.Main.main": 1}
    assert profile.frames["jfr_events"].loc["app.Loop", "events"] == 1


def test_a_count_beyond_the_file_takes_no_memory(tmp_path):
    huge = b"\0" + varint(2**40) + b"\1\1\1\1"
    with pytest.warns(PartialEvidenceWarning):
        profile = load(tmp_path, one_chunk(execution(1, 7, 1), stacks={1: huge}))
    assert profile.data.samples.stack.tolist() == [-1]


def test_packed_files_are_read(tmp_path):
    data = gzip.compress(one_chunk(execution(1, 7, 1)))
    assert folded(load(tmp_path, data, name="a.jfr.gz")) == {"app.Main.main": 1}


def test_a_recording_is_recognised_by_its_magic_number():
    head = one_chunk(execution(1, 7, 1))[:68]
    assert jfr.sniff(Probe(head, b"", "x", 68))
    assert not jfr.sniff(Probe(b"FLR\0\0\7", b"", "x.jfr", 6))


def test_what_is_no_recording_is_refused(tmp_path):
    with pytest.raises(Corrupt, match="Flight Recorder"):
        load(tmp_path, b"FLR\0\0\2\0\0", format="jfr")


def test_a_name_can_be_changed_in_a_whole_file(tmp_path):
    # What the tests of hostile names rest on.
    data = b"".join(Source(samples.path("profile/java/gc.jfr.zst")).chunks())
    profile = load(tmp_path, rename(data, "OrderService", "Changed"))
    assert "Changed.answer" in set(profile.data.functions.name)


@pytest.mark.oracle
def test_the_jdk_reads_what_these_tests_write(tmp_path):
    path = tmp_path / "a.jfr"
    path.write_bytes(one_chunk(execution(1, 7, 1)))
    assert shutil.which("jfr")
    done = subprocess.run(["jfr", "summary", str(path)], capture_output=True, text=True)
    assert re.search(r"jdk.ExecutionSample +1 ", done.stdout), done.stdout + done.stderr
