"""The lines of a function, with what each takes, beside `go tool pprof -list`."""

import re

import pytest

import prodforensics as pf
from prodforensics.errors import UnknownName
from prodforensics.profile import schemas
from tests.profile import go_reports

SAMPLE = "profile/go/quadratic.cpu.pb.gz"
FUNCTION = "main.repeatedSlowly"


@pytest.fixture(scope="module")
def profile():
    return pf.load(pf.samples.path(SAMPLE))


@pytest.fixture(scope="module")
def root():
    return pf.samples.path(SAMPLE).parent


@pytest.mark.oracle
def test_lines_take_what_pprof_says(profile, root):
    text = go_reports.run(
        f"-list=^{re.escape(FUNCTION)}$", f"-source_path={root}",
        profile=pf.samples.path(SAMPLE), unit="ns",
    )  # fmt: skip
    rows = re.findall(r"^ *(\.|\d+)(?:ns)? +(\.|\d+)(?:ns)? +(\d+):(.*)$", text, re.MULTILINE)
    assert len(rows) > 5
    listed = profile.source(FUNCTION, root)
    for own, total, line, words in rows:
        mine = listed.loc[int(line)]
        assert (mine["self"], mine["total"]) == tuple(int(v.strip(".") or 0) for v in (own, total))
        assert mine["text"] == words


def test_the_frame_is_as_documented_and_sums_to_the_function(profile, root):
    listed = profile.source(FUNCTION, root)
    schemas.LINES.validate(listed)
    row = profile.frames["functions"].query("function == @FUNCTION").iloc[0]
    assert listed["self"].sum() == row["self"]


def test_without_the_sources_there_are_numbers_alone(profile, tmp_path):
    for root in (None, tmp_path, tmp_path / "nowhere"):
        listed = profile.source(FUNCTION, root)
        assert listed["self"].sum() > 0
        assert (listed["text"] == "").all()


def test_nothing_outside_the_folder_is_read(tmp_path):
    from prodforensics.source_files import find_file

    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    root = tmp_path / "root"
    root.mkdir()
    (root / "link.txt").symlink_to(secret)
    for path in ("../secret.txt", str(secret), "link.txt", "a/../../secret.txt", "\0", "x" * 5000):
        assert find_file(root, path) is None
    (root / "src").mkdir()
    (root / "src" / "a.go").write_text("package a")
    assert find_file(root, "/build/app/src/a.go") == root / "src" / "a.go"
    assert find_file(root, "C:\\build\\src\\a.go") == root / "src" / "a.go"


def test_an_unknown_function_is_told_with_a_similar_one(profile):
    with pytest.raises(UnknownName, match="repeatedSlowly"):
        profile.source("repeatedSlowly")


def test_the_origin_is_still_what_it_is_of_every_evidence(profile):
    assert profile.source.name == "quadratic.cpu.pb.gz"
    assert profile.source.sha256 == profile.sources[0].sha256
    assert profile.merge(profile).source is None or profile.merge(profile).source.name
