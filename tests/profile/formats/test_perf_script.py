"""The text of perf script: every field may be missing, every line may be anything."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import prodforensics as pf
from prodforensics.errors import Corrupt, PartialEvidenceWarning
from prodforensics.profile.formats import perf_scan
from prodforensics.source import Source

HEADER = "app 70/71 [001] 12.345678: 400 cycles:u: \n"
STACK = "\tffffffff81a0 schedule+0x12 ([kernel.kallsyms])\n\t  55d0 main+0x7 (/srv/app)\n\n"


@pytest.fixture
def load(tmp_path):
    def load(text, **options):
        path = tmp_path / "perf.txt"
        path.write_bytes(text.encode())
        return pf.load(path, format="perf-script", **options)

    return load


def stacks(profile):
    """List the functions of each sample's stack, outermost first."""
    data, names = profile.data, profile.data.functions.name
    result = []
    for node in data.samples.stack.tolist():
        path = []
        while node >= 0:
            path.append(names[data.calls.function[data.stacks.call[node]]])
            node = data.stacks.parent[node]
        result.append(path[::-1])
    return result


def test_a_sample_with_all_its_fields(load):
    profile = load(HEADER + STACK)
    samples = profile.frames["samples"]
    assert samples["time"].tolist() == [12_345_678_000]
    assert samples["cycles"].tolist() == [400]
    assert stacks(profile) == [["main", "schedule"]]
    thread = profile.frames["threads"].iloc[0]
    assert (thread["thread_name"], thread["thread_id"], thread["process_id"]) == ("app", 71, 70)
    calls = profile.frames["calls"]
    assert calls["kind"].tolist() == ["kernel", "native"]
    assert calls["module"].tolist() == ["[kernel.kallsyms]", "/srv/app"]
    assert calls["address"].tolist() == [0xFFFFFFFF81A0, 0x55D0]
    assert profile.recording.producer == "perf"


@pytest.mark.parametrize(
    ("header", "name", "pid", "tid", "time", "event", "weight"),
    [
        ("app 71 12.345678: 400 cycles: ", "app", -1, 71, 12_345_678_000, "cycles", 400),
        ("app 71 12.345678: cycles:", "app", -1, 71, 12_345_678_000, "cycles", 1),
        ("app 71 12.345678901: 4 cycles: ", "app", -1, 71, 12_345_678_901, "cycles", 4),
        ("C2 CompilerThre 71 12.345678: 4 cycles: ", "C2 CompilerThre", -1, 71, 12_345_678_000,
         "cycles", 4),
        ("app 71 cycles: ", "app", -1, 71, None, "cycles", 1),
        ("app 71    400 cycles: ", "app", -1, 71, None, "cycles", 400),
        ("app 70/71 cycles: ", "app", 70, 71, None, "cycles", 1),
        ("cafe 71 12.345678: 4 cycles: ", "cafe", -1, 71, 12_345_678_000, "cycles", 4),
        ("cafe  1234 cycles: ", "cafe", -1, 1234, None, "cycles", 1),
        ("swapper 0 [000] 12.345678: 4 cycles: ", "swapper", -1, 0, 12_345_678_000, "cycles", 4),
        ("app 12.345678: 4 cycles: ", "app", -1, -1, 12_345_678_000, "cycles", 4),
        ("a:b 71 12.345678: 4 faults/period=1/: ", "a:b", -1, 71, 12_345_678_000, "faults", 4),
    ],
)  # fmt: skip
def test_headers_with_fewer_fields(load, header, name, pid, tid, time, event, weight):
    profile = load(f"{header}\n{STACK}")
    data = profile.data
    assert data.threads.thread_name.tolist() == [name]
    assert (data.threads.process_id.tolist(), data.threads.thread_id.tolist()) == ([pid], [tid])
    assert (data.samples.time is None) == (time is None)
    assert time is None or data.samples.time.tolist() == [time]
    assert profile.default_value_type.name == event
    assert data.samples.values[0].tolist() == [weight]
    assert stacks(profile) == [["main", "schedule"]]


@pytest.mark.parametrize(
    ("frame", "function", "module"),
    [
        ("ff f+0x1 (/srv/app)", "f", "/srv/app"),
        ("ff f (/srv/lib (deleted))", "f", "/srv/lib (deleted)"),
        ("ff f ([JIT app cache])", "f", "[JIT app cache]"),
        ("ff (anonymous namespace)::f() (/srv/app)", "(anonymous namespace)::f()", "/srv/app"),
        ("ff (anonymous namespace)::f()", "(anonymous namespace)::f()", ""),
        ("ff operator new (unsigned long) (/srv/app)", "operator new (unsigned long)", "/srv/app"),
        ("ff f", "f", ""),
        ("ff (/srv/app)", "", "/srv/app"),
        ("ff [unknown] (/srv/app)", "", "/srv/app"),
        ("ff [unknown] ([unknown])", "", ""),
        ("ff", "", ""),
    ],
)  # fmt: skip
def test_every_way_to_write_a_frame(load, frame, function, module):
    functions = load(f"{HEADER}\t{frame}\n\n").data.functions
    assert (functions.name.tolist(), functions.module.tolist()) == ([function], [module])


def test_inlined_frames(load):
    calls = load(f"{HEADER}\tff g (inlined)\n\tff f (/srv/app)\n\n").frames["calls"]
    assert calls[["function", "inlined"]].values.tolist() == [["g", True], ["f", False]]


def test_what_a_compiler_inlined_stands_behind_arrows_in_its_map(load):
    profile = load(f"{HEADER}\tff outer->inner (/tmp/perf-7.map)\n\t1 main (/srv/app)\n\n")
    assert stacks(profile) == [["main", "outer", "inner"]]
    assert profile.frames["calls"]["kind"].tolist() == ["jit", "jit", "native"]


def test_source_lines(load):
    frames = "\tff f+0x1 (/srv/app)\n  app.c:12\n\tfe main+0x2 (/srv/app)\n  app.c:40\n\n"
    calls = load(HEADER + frames).frames["calls"]
    assert calls[["function", "file", "line"]].values.tolist() == [
        ["f", "app.c", 12],
        ["main", "app.c", 40],
    ]


def test_the_only_frame_on_the_line_of_the_header(load):
    line = "            app 71 12.345678: 400 cycles:      55d0 main+0x7 (/srv/app)\n"
    profile = load(3 * line)
    assert stacks(profile) == 3 * [["main"]]
    assert profile.measures.total == 1200


def test_a_tracepoint_keeps_its_text(load):
    text = "prev_comm=a prev_pid=7 ==> next_comm=b next_pid=8"
    profile = load(f"app 71 12.345678: sched:sched_switch: {text}\n{STACK}")
    assert profile.frames["labels"]["value"].tolist() == [text]
    assert profile.default_value_type.name == "sched:sched_switch"


def test_several_events_have_a_value_type_each(load):
    one, two = (HEADER + STACK, HEADER.replace("cycles", "page-faults") + STACK)
    profile = load(one + two + one)
    names = [value.name for value in profile.value_types]
    assert names == ["cycles", "page-faults", "samples"]
    assert [profile.using(name).measures.total for name in names] == [800, 400, 3]
    assert profile.frames["samples"]["event"].tolist() == ["cycles:u", "page-faults:u", "cycles:u"]


def test_records_of_the_kernel_are_no_samples(load):
    records = (
        "app 0 0.000000: PERF_RECORD_MMAP2 70/70: [0x5(0x1) @ 0 00:00 0 0]: r-xp /srv/app\n"
        "app 71 12.345679: PERF_RECORD_LOST lost 12\n"
    )
    profile = load(records + HEADER + STACK)
    assert len(profile.data.samples) == 1
    assert profile.recording.lost_samples == 12


def test_clocks_are_counted_in_nanoseconds(load):
    profile = load(HEADER.replace("cycles:u", "cpu-clock") + STACK)
    assert profile.default_value_type.unit == "ns"
    assert profile.recording.interval_ns == 400


def test_stacks_of_any_depth_are_whole(load):
    frames = "".join(f"\t{k:x} f{k} (/srv/app)\n" for k in range(1, 6000))
    assert len(stacks(load(f"{HEADER}{frames}\n"))[0]) == 5999


def test_a_sample_without_a_stack_counts(load):
    profile = load(f"{HEADER}\n{HEADER}{STACK}")
    assert profile.data.samples.stack.tolist()[0] == -1
    assert profile.measures.total == 800


def test_lines_may_end_as_on_windows(load):
    profile = load((HEADER + STACK).replace("\n", "\r\n"))
    assert stacks(profile) == [["main", "schedule"]]
    assert profile.data.functions.module.tolist() == ["[kernel.kallsyms]", "/srv/app"]


def test_a_file_that_ends_in_a_line_lacks_its_sample(load):
    with pytest.warns(PartialEvidenceWarning):
        profile = load(HEADER + STACK + HEADER + "\tffffffff81a0 sche")
    assert len(profile.data.samples) == 1
    assert profile.gaps["lost_records"].tolist() == [1]


def test_a_last_sample_without_its_empty_line_is_kept_and_told(load):
    with pytest.warns(PartialEvidenceWarning):
        profile = load(HEADER + STACK + HEADER + STACK[:-1])
    assert len(profile.data.samples) == 2
    assert "outer frames may be missing" in profile.gaps["what"][0]


def test_foreign_lines_are_told(load):
    with pytest.warns(PartialEvidenceWarning):
        profile = load(f"Warning: something\n{HEADER}{STACK}")
    assert profile.gaps[["what", "excerpt"]].values.tolist() == [
        ["lines that are none of perf", "Warning: something"]
    ]


def test_a_line_without_end_is_skipped(load):
    with pytest.warns(PartialEvidenceWarning):
        profile = load(HEADER + STACK + "x" * (3 * perf_scan.WINDOW) + "\n" + HEADER + STACK)
    assert stacks(profile) == 2 * [["main", "schedule"]]


def test_a_file_without_a_sample_is_refused(load):
    with pytest.raises(Corrupt):
        load("# ========\n# captured on : today\n")


# -- windows, threads and tables that grow change nothing -----------------------------------------

TEXTS = st.lists(
    st.builds(
        lambda thread, time, period, frames: (
            f"app {thread} {time}.000001: {period} cycles: \n"
            + "".join(f"\t{address:x} f{address} (/srv/app)\n" for address in frames)
            + "\n"
        ),
        st.integers(1, 3),
        st.integers(1, 50),
        st.integers(1, 9),
        st.lists(st.integers(1, 40), max_size=12),
    ),
    min_size=1,
    max_size=40,
).map("".join)
SAMPLE = re.compile(r"app (\d+) (\d+)\.000001: (\d+) cycles: \n((?:\t.*\n)*)\n")


def slowly(text):
    """Read the text as one would by hand."""
    return [
        (int(thread), int(time), int(period), [line.split()[1] for line in lines.splitlines()])
        for thread, time, period, lines in SAMPLE.findall(text)
    ]


@settings(max_examples=25, deadline=None)
@given(text=TEXTS, window=st.sampled_from([64, 100, 1000]), size=st.sampled_from([128, 1000]))
def test_seams_of_windows_and_ranges(tmp_path_factory, text, window, size):
    path = tmp_path_factory.mktemp("seam") / "perf.txt"
    path.write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(perf_scan, "WINDOW", window)
        patch.setattr(perf_scan, "RANGE", size)
        patch.setattr(perf_scan.os, "cpu_count", lambda: 3)
        scanned = perf_scan.scan(Source(path))
    assert not scanned.gaps
    found = []
    for row in range(len(scanned.rows.who)):
        number = int(scanned.rows.stack[row])
        first = scanned.lists.first
        items = scanned.lists.item[first[number] : first[number + 1]] if number >= 0 else []
        found.append(
            (
                int(scanned.text(scanned.rows.who[row]).split()[1]),
                int(scanned.rows.time[row]) // 10**9,
                int(scanned.rows.period[row]),
                [scanned.text(item).split()[1] for item in items],
            )
        )
    assert found == slowly(text)
    different = {scanned.text(number) for number in range(len(scanned.texts.first))}
    assert len(different) == len(scanned.texts.first)
    assert len(scanned.lists.first) - 1 == len({tuple(frames) for *_, frames in found if frames})


def test_many_samples_are_read_by_many_threads_as_by_one(tmp_path, monkeypatch):
    text = "".join(
        f"app {k % 5} {k}.000001: {k} cycles: \n\t{k:x} f{k % 77} (/srv/app)\n\t1 main (/x)\n\n"
        for k in range(1, 40_000)
    )
    path = tmp_path / "perf.txt"
    path.write_text(text)
    alone = pf.load(path)
    monkeypatch.setattr(perf_scan, "RANGE", 2**19)
    monkeypatch.setattr(perf_scan.os, "cpu_count", lambda: 4)
    together = pf.load(path)
    assert together.to_folded() == alone.to_folded()
    assert np.array_equal(together.data.samples.time, alone.data.samples.time)
    assert together.frames["functions"].equals(alone.frames["functions"])
