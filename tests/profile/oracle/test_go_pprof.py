"""Our numbers of a profile are those of ``go tool pprof``, to the last digit that it prints."""

import re

import pytest

import prodforensics as pf
from prodforensics import samples
from tests.profile.oracle import go_pprof

# One worker builds the tool.
pytestmark = [pytest.mark.oracle, pytest.mark.xdist_group("go tool pprof")]

PPROF = [
    e["path"]
    for e in samples.entries()
    if e["format"] == "pprof" and not e["path"].endswith(".zst")  # go unpacks gzip alone
]
CPU = "profile/go/healthy.cpu.pb.gz"
FAULT = "profile/go/quadratic.cpu.pb.gz"
PAIRS = [
    (CPU, FAULT),
    ("profile/go/leak.heap.1.pb.gz", "profile/go/leak.heap.2.pb.gz"),
    ("profile/go/healthy.mutex.pb.gz", "profile/go/lock.mutex.pb.gz"),
]
TYPES = [(name, one.name) for name in PPROF for one in pf.load(samples.path(name)).value_types]


def ours(frame, whole):
    """Return our rows as pprof prints them."""
    rows, so_far = [], 0
    for row in frame.itertuples():
        so_far += row.self
        rows.append(
            (
                float(row.self),
                go_pprof.percentage(row.self, whole),
                go_pprof.percentage(so_far, whole),
                float(row.total),
                go_pprof.percentage(row.total, whole),
                row.function,
            )
        )
    return rows


def load(name, value_type=None):
    profile = pf.load(samples.path(name))
    return profile.using(value_type) if value_type else profile


def whole_of(profile):
    return abs(profile.measures.weight).sum().item()


def check(profile, theirs, whole=None, by="self"):
    mine = ours(profile.top(None, by=by), whole_of(profile) if whole is None else whole)
    assert mine == theirs


@pytest.mark.parametrize("by", ["self", "total"])
@pytest.mark.parametrize(("name", "value_type"), TYPES)
def test_top(tmp_path, name, value_type, by):
    profile = load(name, value_type)
    unit = profile.default_value_type.unit
    index = f"-sample_index={value_type}"
    theirs = go_pprof.top(tmp_path, index, samples.path(name), unit=unit, by=by)
    check(profile, theirs, by=by)


@pytest.mark.parametrize("name", PPROF)
def test_the_value_type_that_is_meant(tmp_path, name):
    text = go_pprof.pprof(tmp_path, "-top", samples.path(name))
    assert re.search(r"^Type: (.*)", text, re.M)[1] == load(name).default_value_type.name


SELECTIONS = {
    "focus": ("-focus=json", lambda p: p.focus("json")),
    "focus of a file": ("-focus=orders[.]go", lambda p: p.focus("orders[.]go")),
    "ignore": ("-ignore=runtime", lambda p: p.ignore("runtime")),
    "hide": ("-hide=runtime", lambda p: p.hide("runtime")),
    "show_from": ("-show_from=main[.]", lambda p: p.show_from("main[.]")),
    "tagfocus": ("-tagfocus=region=north", lambda p: p.where(label={"region": "north"})),
}


SELECTED = [(name, what) for name in (CPU, FAULT) for what in SELECTIONS]
SELECTED += [("profile/go/parca.pb.gz", what) for what in SELECTIONS if what != "tagfocus"]


@pytest.mark.parametrize(("name", "what"), SELECTED)
def test_selections(tmp_path, name, what):
    option, select = SELECTIONS[what]
    profile = load(name)
    unit = profile.default_value_type.unit
    theirs = go_pprof.top(tmp_path, option, samples.path(name), unit=unit)
    # Without -relative_percentages shares are of the whole file.
    check(select(profile), theirs, whole=whole_of(profile))


@pytest.mark.parametrize("normalise", [False, True])
@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair[1])
def test_differences(tmp_path, pair, normalise):
    base, other = map(load, pair)
    unit = base.default_value_type.unit
    more = ["-normalize"] if normalise else []
    files = [samples.path(name) for name in pair]
    comparison = pf.compare(base, other, normalise=normalise)
    theirs = go_pprof.top(tmp_path, *more, "-diff_base", *files, unit=unit)
    whole = whole_of(base)
    assert sorted(ours(comparison.top(None), whole), key=str) == sorted(theirs, key=str)
    theirs = go_pprof.top(tmp_path, *more, "-base", *files, unit=unit)
    check(comparison.subtract(), theirs)


FUNCTIONS = ["main.(*server).answer", "runtime.mallocgc", "encoding/json.arrayEncoder.encode"]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_peek(tmp_path, function):
    profile = load(CPU)
    pattern = f"^{re.escape(function)}$".replace("/", "[/]")
    text = go_pprof.pprof(
        tmp_path, f"-peek={pattern}", "-unit=ns", *go_pprof.WHOLE, samples.path(CPU)
    )
    edges = {"caller": {}, "callee": {}}
    for block in re.split(r"-{20,}\+-+", text)[1:]:
        lines = block.strip("\n").splitlines()
        middle = [k for k, line in enumerate(lines) if re.match(r"\s*\S+\s+\S+%\s+\S+%\s", line)]
        if not middle or not re.search(
            re.escape(function) + r"(?: \((?:partial-)?inline\))?$", lines[middle[0]]
        ):
            continue
        for k, line in enumerate(lines):
            found = re.fullmatch(
                r"\s+(\S+)\s+(\S+)%\s+\|\s+(.+?)(?: \((?:partial-)?inline\))?", line
            )
            if found:
                role = "caller" if k < middle[0] else "callee"
                edges[role][found[3]] = go_pprof.number(found[1])
    for role, frame in (
        ("caller", profile.callers(function)),
        ("callee", profile.callees(function)),
    ):
        assert (
            dict(zip(frame["function"], frame["value"].astype(float), strict=True)) == edges[role]
        )


OTHERS = {e["format"]: e["path"] for e in samples.entries() if e["investigation"] == "profile"}


@pytest.mark.parametrize("format_", OTHERS)
def test_what_we_write_is_read_alike(tmp_path, format_):
    profile = load(OTHERS[format_])
    path = profile.to_pprof(tmp_path / "written.pb.gz")
    for one in profile.value_types:
        theirs = go_pprof.top(tmp_path, f"-sample_index={one.name}", path, unit=one.unit)
        check(profile.using(one.name), theirs)


def raw(text):
    """Return the samples of ``-raw``: values, stack of functions, labels."""
    text, _, locations = text.partition("\nLocations\n")
    names, current = {}, None
    for line in locations.partition("\nMappings\n")[0].splitlines():
        if found := re.match(r"\s*(\d+): 0x[0-9a-f]+ (?:M=\d+ )?(.*)", line):
            current, line = found[1], found[2]
        names.setdefault(current, []).append(line.strip())
    found = []
    for line in text.partition("\nSamples:\n")[2].splitlines()[1:]:
        if sample := re.fullmatch(r"\s*(-?\d[\d -]*):\s*(.*)", line):
            stack = [call for one in sample[2].split() for call in names[one]]
            found.append([sample[1].split(), stack, []])
        else:
            found[-1][2].append(line.strip())
    return found


@pytest.mark.parametrize("name", PPROF)
def test_what_we_write_has_the_samples_of_the_original(tmp_path, name):
    path = load(name).to_pprof(tmp_path / "written.pb.gz")
    theirs = raw(go_pprof.pprof(tmp_path, "-raw", samples.path(name)))
    mine = raw(go_pprof.pprof(tmp_path, "-raw", path))
    if "google" in name:  # its units were not ours
        theirs = [[[n, f"{int(ns) * 1000}"], *rest] for (n, ns), *rest in theirs]
    assert sorted(mine, key=str) == sorted(theirs, key=str)
