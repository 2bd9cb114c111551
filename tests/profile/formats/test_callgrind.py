"""Callgrind's output: own costs as callgrind_annotate sums them, stacks from the call graph."""

import itertools
import re
import subprocess

import pytest

import prodforensics as pf
from prodforensics import samples
from prodforensics.errors import Corrupt, PartialEvidenceWarning
from prodforensics.profile.call_graph import CallGraph
from prodforensics.source import Source
from tests.conftest import require_tool

SAMPLES = [e["path"] for e in samples.entries() if e["format"] == "callgrind"]
DIAMOND = """\
# callgrind format
events: Ir Dr
fl=(1) app.c
fn=(1) main
1 10 1
cfn=(2) left
calls=1 20
+1 60 6
cfn=(3) right
calls=2 30
* 30 3

fn=(2)
20 20 2
cfn=(4) shared
calls=1 40
21 40 4

fn=(3)
30 10 1
cfn=(4)
calls=1 40
31 20 2

fn=(4)
40 60 6
totals: 100 10
"""


@pytest.fixture
def load(tmp_path):
    def load(text, **options):
        path = tmp_path / "callgrind.out"
        path.write_text(text)
        return pf.load(path, **options)

    return load


def sums(profile, column):
    frame = profile.frames["functions"]
    return dict(zip(frame["function"], frame[column].tolist(), strict=True))


def test_what_two_callers_share_is_dealt_out_by_what_their_calls_cost(load):
    profile = load(DIAMOND)
    assert sums(profile, "self") == {"main": 10, "left": 20, "right": 10, "shared": 60}
    assert sums(profile, "total") == {"main": 100, "left": 60, "right": 30, "shared": 60}
    assert sorted(profile.to_folded().splitlines()) == [
        "main 10",
        "main;left 20",
        "main;left;shared 40",
        "main;right 10",
        "main;right;shared 20",
    ]
    assert sums(profile.using("Dr"), "self") == {"main": 1, "left": 2, "right": 1, "shared": 6}
    assert profile.recording.mode == "instrumented"


def test_a_function_that_calls_itself_stands_once_in_a_stack(load):
    text = (
        "events: Ir\nfn=main\n1 5\ncfn=loop\ncalls=1 2\n1 20\n\n"
        "fn=loop\n2 20\ncfn=loop\ncalls=9 2\n2 18\ntotals: 25\n"
    )
    assert load(text).to_folded() == "main 5\nmain;loop 20\n"


def test_what_is_inlined_from_another_file_stands_below_its_function(load):
    text = "events: Ir\nfl=a.c\nfn=main\n1 5\nfi=b.h\n7 3\nfe=a.c\n2 4\ntotals: 12\n"
    profile = load(text)
    assert profile.to_folded() == "main 9\nmain;main 3\n"
    functions = profile.frames["functions"]
    assert functions[["file", "self"]].values.tolist() == [["a.c", 9], ["b.h", 3]]
    lines = profile.frames["calls"].query("inlined")
    assert lines[["file", "line"]].values.tolist() == [["b.h", 7]]


def test_parts_are_added(load):
    part = "part: {}\nevents: Ir\nfn=(1) main\n1 5\ntotals: 5\n"
    profile = load("version: 1\n" + part.format(1) + part.format(2), format="callgrind")
    assert sums(profile, "self") == {"main": 10}


def test_a_time_is_counted_in_nanoseconds(load):
    head = "version: 1\ncreator: xdebug 3\nevents: Time_(10ns) Memory_(bytes)\n"
    profile = load(f"{head}fl=a\nfn=f\n1 7 2\n\nsummary: 9 2\n", strict=True)
    assert profile.default_value_type.unit == "ns"
    assert profile.recording.producer == "xdebug 3"
    assert sums(profile, "self") == {"f": 70}


def test_a_file_that_ends_early_says_so(load):
    with pytest.warns(PartialEvidenceWarning):
        assert "totals" in load(DIAMOND[: DIAMOND.index("totals")]).gaps["what"][0]


def test_costs_that_are_missing_are_counted(load):
    with pytest.warns(PartialEvidenceWarning):
        profile = load(DIAMOND.replace("40 60 6\n", ""))
    assert "costs of 60 are missing" in profile.gaps["what"][0]


def test_totals_that_are_cut_short_are_told(load):
    with pytest.warns(PartialEvidenceWarning):
        profile = load(DIAMOND.replace("totals: 100 10\n", "totals: 10"))
    assert "differ from the costs" in profile.gaps["what"][0]


def test_lines_that_cannot_be_read_are_told(load):
    text = DIAMOND.replace("40 60 6\n", "40 60 6\n41 many\n")
    with pytest.warns(PartialEvidenceWarning):
        profile = load(text)
    line = text.splitlines().index("41 many") + 1
    assert profile.gaps[["line", "lost_records"]].values.tolist() == [[line, 1]]


def test_a_file_without_costs_is_refused(load):
    with pytest.raises(Corrupt):
        load("# callgrind format\nevents: Ir\n")


def test_a_graph_with_too_many_paths_keeps_every_cost():
    graph = CallGraph()
    graph.events = ["Ir"]
    layers = [[graph.function(f"f{k}.{n}", "", "") for n in range(4)] for k in range(12)]
    for above, below in itertools.pairwise(layers):
        for caller in above:
            for callee in below:
                graph.call(caller, callee, [1000])
    for layer in layers:
        for number in layer:
            graph.spend(number, "", 1, [7 + number])
    functions, calls, stacks, made = graph.as_stacks()
    own = dict.fromkeys(functions.name, 0)
    for node, value in zip(made.stack.tolist(), made.values[0].tolist(), strict=True):
        own[functions.name[calls.function[stacks.call[node]]]] += value
    assert own == {f"f{k}.{n}": 7 + layers[k][n] for k in range(12) for n in range(4)}


@pytest.mark.oracle
@pytest.mark.parametrize("name", SAMPLES)
def test_own_costs_are_those_of_callgrind_annotate(tmp_path, name):
    require_tool("callgrind_annotate")
    plain = tmp_path / "callgrind.out"
    plain.write_bytes(b"".join(Source(samples.path(name)).chunks()))
    command = ["callgrind_annotate", "--threshold=100", "--auto=no", "--show-percs=no", str(plain)]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    theirs = {}
    for cost, file, function in re.findall(r"(?m)^ *([\d,]+)  (\S.*?):(.*?)(?: \[.*\])?$", text):
        key = (file, function)
        theirs[key] = theirs.get(key, 0) + int(cost.replace(",", ""))
    ours = {}
    functions = pf.load(plain, strict=True).frames["functions"]
    for row in functions.itertuples():
        key = (row.file or "???", row.function)
        ours[key] = ours.get(key, 0) + row.self
    assert {key: cost for key, cost in ours.items() if cost} == theirs
