"""What was saved comes back, and a folder that was tampered with does no harm."""

import json

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

import prodforensics as pf
from prodforensics.errors import Corrupt, ForensicsError, NotComparable, PartialEvidenceWarning


@pytest.fixture
def folder(toy, tmp_path):
    return pf.load(toy(("bear", 120), ("<car>\x1b[1m", 7))).save(tmp_path / "saved" / "toys")


def test_everything_comes_back(toy, tmp_path):
    evidence = pf.load(toy(("bear", 120), ("\udcff".encode("utf-8", "replace").decode(), 1)))
    saved = pf.load(evidence.save(tmp_path / "saved"))
    assert (saved.kind, saved.kind_saved) == ("saved evidence", "box of toys")
    assert (saved.title, saved.headline()) == (evidence.title, evidence.headline())
    assert saved.source == evidence.source
    assert saved.facts()[1:] == evidence.facts()
    assert list(saved.findings()) == list(evidence.findings())
    assert list(saved.frames) == list(evidence.frames)
    assert_frame_equal(saved.frames["things"], evidence.frames["things"])
    assert_frame_equal(saved.gaps, evidence.gaps)


def test_gaps_come_back_and_are_told_again(toy, tmp_path):
    path = toy(tail=b"car")
    with pytest.warns(PartialEvidenceWarning):
        evidence = pf.load(path)
    folder = evidence.save(tmp_path / "saved")
    with pytest.warns(PartialEvidenceWarning):
        saved = pf.load(folder)
    assert saved.all_gaps() == evidence.all_gaps()
    assert_frame_equal(saved.gaps, evidence.gaps)
    with pytest.raises(Corrupt):
        pf.load(folder, strict=True)


def test_a_comparison_keeps_all_its_sources(toy, tmp_path):
    both = pf.compare(pf.load(toy(name="a.toy")), pf.load(toy(name="b.toy")))
    saved = pf.load(both.save(tmp_path / "saved"))
    assert [source.name for source in saved.sources] == ["a.toy", "b.toy"]
    assert saved.title == both.title == "a.toy → b.toy"


def test_frames_without_rows_come_back(toy, tmp_path):
    evidence = pf.load(toy())
    evidence.frames.built["things"] = evidence.schemas["things"].empty()
    saved = pf.load(evidence.save(tmp_path / "saved"))
    assert_frame_equal(saved.frames["things"], evidence.frames["things"])


def test_saving_twice_replaces(toy, tmp_path):
    pf.load(toy(("bear", 1))).save(tmp_path / "saved")
    pf.load(toy(("bear", 2), ("car", 3))).save(tmp_path / "saved")
    assert pf.load(tmp_path / "saved").frames["things"]["size_bytes"].tolist() == [2, 3]


def test_what_was_saved_can_be_reported_and_saved_again(folder, tmp_path):
    saved = pf.load(folder)
    assert "bear is large" in saved.report(tmp_path / "r.html").read_text()
    again = pf.load(saved.save(tmp_path / "again"))
    assert list(again.findings()) == list(saved.findings())


def test_what_was_saved_cannot_be_compared(folder):
    with pytest.raises(NotComparable):
        pf.compare(pf.load(folder), pf.load(folder))


def change(folder, **values):
    path = folder / "evidence.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


@pytest.mark.parametrize(
    "values",
    [
        {"frames": ["../../secret"]},
        {"frames": ["/etc/passwd"]},
        {"frames": 5},
        {"frames": [{}]},
        {"sources": [{"path": "a"}]},
        {"sources": [{"path": 1, "size": [], "sha256": 1, "format": 1, "reader": 1}]},
        {"sources": "x"},
        {"findings": [{"rule": "a"}]},
        {"findings": [["a"]]},
        {"facts": [["only a label"]]},
        {"facts": 3},
        {"facts": None},
    ],
)
def test_a_manifest_that_was_tampered_with_is_corrupt(folder, values):
    change(folder, **values)
    with pytest.raises(Corrupt, match=r"evidence\.json"):
        pf.load(folder)


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", "[" * 100_000, "\xff", '{"frames": NaN}'])
def test_a_manifest_that_is_none_is_corrupt(folder, text):
    (folder / "evidence.json").write_text(text, encoding="latin-1")
    with pytest.raises(Corrupt):
        pf.load(folder)


def test_a_finding_with_rows_that_are_none_is_corrupt(folder):
    findings = json.loads((folder / "evidence.json").read_text())["findings"]
    for rows in ([], 5, {"a": 5}):
        change(folder, findings=[findings[0] | {"rows": rows}])
        with pytest.raises(Corrupt):
            pf.load(folder)


def test_texts_that_were_tampered_with_stay_texts(folder, tmp_path):
    change(folder, title=["<script>"], headline={"a": 1}, kind="</style>")
    page = pf.load(folder).report(tmp_path / "r.html").read_text()
    assert "<script>" not in page


def test_a_frame_that_is_damaged_is_corrupt_when_it_is_read(folder):
    path = folder / "things.parquet"
    path.write_bytes(path.read_bytes()[:-100])
    saved = pf.load(folder)
    with pytest.raises(Corrupt, match=r"things\.parquet"):
        saved.frames["things"]
    path.unlink()
    with pytest.raises(Corrupt):
        pf.load(folder).frames["things"]


def test_gaps_that_are_none_are_corrupt(folder):
    pd.DataFrame({"a": [1]}).to_parquet(folder / "gaps.parquet")
    with pytest.raises(Corrupt, match=r"gaps\.parquet"):
        pf.load(folder)


def test_a_folder_that_was_not_saved_says_what_to_do(tmp_path):
    with pytest.raises(ForensicsError, match="load_many"):
        pf.load(tmp_path)
