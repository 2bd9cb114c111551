"""Folded stacks: of which tool ever, plain or differential, with threads or without."""

import re
from collections import Counter

import pytest

import prodforensics as pf
from prodforensics.errors import Corrupt, PartialEvidenceWarning
from prodforensics.formats import Probe
from prodforensics.profile.data import ValueType
from prodforensics.profile.formats import folded
from prodforensics.source import Source
from tests.profile.test_model import by_name

PYTHON = "profile/python/"


@pytest.fixture
def load(tmp_path):
    def load(text, **options):
        path = tmp_path / "stacks.folded"
        path.write_text(text)
        return pf.load(path, format="folded", **options)

    return load


def text_of(name):
    return b"".join(Source(pf.samples.path(name)).chunks()).decode()


def sniffed(data):
    return folded.sniff(Probe(data, data, "stacks.txt", len(data)))


def test_a_stack_is_split_at_semicolons_and_its_count_at_the_last_blank(load):
    one = load("main;read file;x 2\nmain 3\nmain;read file;x 5\n")
    assert one.value_types == (ValueType("samples", "count"),)
    assert one.frames["samples"]["samples"].tolist() == [2, 3, 5]
    assert by_name(one.frames["functions"], "total") == {"main": 10, "read file": 7, "x": 7}


def test_two_counts_are_a_baseline_and_what_is_compared_with_it(load):
    one = load("main;a 10 4\nmain;b 0 6\n")
    assert [value_type.name for value_type in one.value_types] == ["samples_base", "samples"]
    assert one.default_value_type.name == "samples"
    assert by_name(one.frames["functions"], "self") == {"main": 0, "a": 4, "b": 6}
    base = one.using("samples_base")
    assert by_name(base.frames["functions"], "self") == {"main": 0, "a": 10, "b": 0}


def test_a_name_that_ends_in_a_number_is_none_of_two_counts(load):
    text = "main;worker 7 3\nmain;parse 2\n"
    assert by_name(load(text).frames["functions"], "self") == {"main": 0, "worker 7": 3, "parse": 2}
    one = load("main;worker 7 3\n", differential=False)
    assert by_name(one.frames["functions"], "self") == {"main": 0, "worker 7": 3}


def test_a_line_without_its_second_count_is_a_gap_of_a_differential_file(load):
    with pytest.warns(PartialEvidenceWarning):
        one = load("main;a 10 4\nmain;b 6\n", differential=True)
    assert one.frames["samples"]["samples"].tolist() == [4]
    assert one.gaps["line"].tolist() == [2]


def test_fractions_are_kept(load):
    one = load("main;a 0.5\nmain;b 1.25\n")
    assert one.value_types == (ValueType("samples", ""),)
    assert by_name(one.frames["functions"], "self") == {"main": 0.0, "a": 0.5, "b": 1.25}
    for name, frame in one.frames.items():
        one.schemas[name].validate(frame)


def test_comments_are_kept_and_other_lines_are_gaps(load):
    with pytest.warns(PartialEvidenceWarning):
        one = load("# recorded on web-1\nmain;a 3\noops\n\nmain;b 4\n")
    assert one.recording.comments == ("recorded on web-1",)
    assert one.gaps[["line", "excerpt"]].values.tolist() == [[3, "oops"]]
    assert one.measures.total == 7


def test_thousands_of_other_lines_are_counted(load):
    with pytest.warns(PartialEvidenceWarning):
        one = load("main;a 3\n" + "oops\n" * 5000)
    assert one.gaps["lost_records"].sum() == 5000
    assert len(one.gaps) <= 200


def test_a_last_line_without_its_end_is_told(load):
    with pytest.warns(PartialEvidenceWarning):
        one = load("main;a 3\nmain;b 4")
    assert one.measures.total == 7


def test_no_stack_at_all_is_corrupt(load):
    for text in ("oops\n", "\n\n", "# only this\n"):
        with pytest.raises(Corrupt):
            load(text)


def test_a_stack_without_frames_is_a_sample_without_a_stack(load):
    one = load(" 4\nmain;a 3\n")
    assert one.measures.total == 7
    assert one.frames["samples"]["stack"].tolist()[0] == -1


def test_frames_that_name_threads_are_the_threads_of_the_samples(load):
    one = load(
        'process 7:"app";thread (9): main;run;a 3\n'
        'process 7:"app";thread (10): pool;run;a 4\n'
        "[worker tid=11];run;b 5\n"
        "run;a 6\n"
    )
    functions = one.frames["functions"]
    assert by_name(functions, "total") == {"run": 18, "a": 13, "b": 5}
    assert one.frames["samples"]["thread"].tolist()[:3] == ["main (9)", "pool (10)", "worker (11)"]
    assert one.frames["samples"]["process"].tolist()[0] == "app (7)"
    assert one.frames["threads"]["samples"].tolist() == [1, 1, 1]
    assert len(one.frames["stacks"]) == 3


def test_the_same_function_at_two_lines_is_one_function(load):
    one = load("run (a.py:1);f (a.py:3) 1\nrun (a.py:1);f (a.py:5) 2\n")
    assert by_name(one.frames["functions"], "self") == {"run": 0, "f": 3}
    assert sorted(one.frames["calls"]["line"].tolist()) == [1, 3, 5]


def test_unnamed_functions_in_c_are_left_out_as_rbspy_does(load):
    nothing = "(unknown) [c function] - (unknown)"
    text = f"main - a.rb:1;{nothing};f - a.rb:2;{nothing} 3\n"
    assert by_name(load(text).frames["functions"], "self") == {"f": 3, "main": 0}
    kept = load(text, unnamed_c=True).frames["functions"]
    assert by_name(kept, "self")["(unknown) [c function]"] == 3


@pytest.mark.parametrize(
    "name",
    [e["path"] for e in pf.samples.entries() if e["format"] == "folded"],
)
def test_samples_sum_up_as_a_plain_loop_over_the_lines_sums_them(name):
    own, total = Counter(), 0
    for line in text_of(name).splitlines():
        stack, count = line.rsplit(" ", 1)
        if name.endswith(".diff.folded.zst"):
            stack = stack.rsplit(" ", 1)[0]
        frames = [f for f in stack.split(";") if not f.startswith(("thread (", "[", "(unknown)"))]
        leaf = re.sub(r" \(.*\)$| - [^ ]*$|_\[.\]$", "", frames[-1])
        own[leaf] += int(count)
        total += int(count)
    one = pf.load(pf.samples.path(name))
    assert one.measures.total == total
    functions = one.frames["functions"].groupby("function")["self"].sum()
    shown = {name: count for name, count in functions.items() if count and name[0] != "["}
    assert shown == {k: v for k, v in own.items() if v and not k.startswith("0x")}


@pytest.mark.parametrize("fault", ["json", "regex"])
def test_the_fault_of_a_sample_takes_more_than_half(fault):
    name = f"{PYTHON}{fault}.folded.zst"
    functions = pf.load(pf.samples.path(name)).frames["functions"]
    top = functions.iloc[0]
    assert top["function"] == pf.samples.truth(name)["function"]
    assert top["self_percent"] > 50


def test_a_differential_sample_is_the_two_it_was_made_of():
    both = pf.load(pf.samples.path(f"{PYTHON}regex.diff.folded.zst"))
    for value_type, name in (("samples_base", "healthy"), ("samples", "regex")):
        one = pf.load(pf.samples.path(f"{PYTHON}{name}.folded.zst"))
        found = by_name(both.using(value_type).frames["functions"], "self")
        assert {k: v for k, v in found.items() if v} == {
            k: v for k, v in by_name(one.frames["functions"], "self").items() if v
        }


def test_one_function_creeps_up_in_a_series_of_profiles():
    names = [e["path"] for e in pf.samples.entries() if e["scenario"] == "python-continuous"]
    shares = []
    for name in names:
        functions = pf.load(pf.samples.path(name)).frames["functions"].set_index("function")
        shares.append(functions["self_percent"].get("is_repeated", 0.0))
    assert len(names) == 6
    assert shares[-1] > 2 * shares[0]
    assert shares[-1] == max(shares)


@pytest.mark.parametrize(
    "data",
    [
        b"main;a 3\n",
        b"main;a 3 4\nmain;b 0 2\n",
        b"# comment\r\nmain;f(int) 3\r\nidle 4\r\n",
        b"a;b;c 1.5\n" * 3 + b"a;b;c 1",
        b"[main tid=3];java/lang/Thread.run_[j] 7\n",
    ],
)
def test_folded_stacks_are_recognised(data):
    assert sniffed(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n\n",
        b"main 3\nidle 4\n",
        b"fn=(1) main\n12 34\n0 5\n",
        b'10.0.0.1 "GET /" "Mozilla/5.0 (X11; Linux x86_64; rv:1)" 200 512\n',
        b"java 7 [001] 12.5: 100 cycles:\n\t    7f1 f (/x.so)\n\n",
        b"a;b;c\nd;e;f\n",
        b"\0" * 70_000,
        b'{"a": "b;c 5"}',
    ],
)
def test_other_texts_are_not(data):
    assert not sniffed(data)
