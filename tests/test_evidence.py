"""What every piece of evidence can do, whatever room it is of."""

import hashlib
import pickle

import pandas as pd
import pytest

import prodforensics as pf
from prodforensics.errors import PartialEvidenceWarning, SourceError, UnknownName
from prodforensics.evidence import Evidence, Frames
from prodforensics.gaps import GAPS
from tests.conftest import HOSTILE


def test_it_knows_where_it_comes_from(toy):
    path = toy()
    source = pf.load(path).source
    assert (source.path, source.size) == (str(path), path.stat().st_size)
    assert source.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (source.format, source.reader, source.name) == ("toy", "tests.toy_room", "box.toy")


def test_frames_are_built_on_first_use_and_kept():
    built = []

    def build():
        built.append(1)
        return pd.DataFrame({"a": [1]})

    frames = Frames({"one": build, "two": build})
    assert (list(frames), len(frames), "one" in frames, built) == (["one", "two"], 2, True, [])
    assert frames["one"] is frames["one"]
    assert built == [1]
    assert repr(frames) == "Frames: one, two"
    assert frames._ipython_key_completions_() == ["one", "two"]


def test_frames_are_a_mapping_and_tell_the_close_name():
    frames = Frames({"nodes": pd.DataFrame})
    assert frames.get("node") is None
    with pytest.raises(KeyError):
        frames["node"]
    with pytest.raises(UnknownName, match="did you mean 'nodes'"):
        frames["node"]


def test_memory_counts_what_is_held_and_what_was_built(toy):
    evidence = pf.load(toy())
    assert evidence.memory["size_bytes"].to_dict() == {"things": 8}
    frame = evidence.frames["things"]
    held = evidence.memory["size_bytes"]
    assert held["frames['things']"] == frame.memory_usage().sum()
    assert (evidence.memory.index.name, held.dtype) == ("part", "int64")


def test_gaps_are_a_frame_of_their_schema(toy):
    whole = pf.load(toy())
    assert whole.gaps.empty
    GAPS.validate(whole.gaps)
    with pytest.warns(PartialEvidenceWarning):
        cut = pf.load(toy(tail=b"car"))
    GAPS.validate(cut.gaps)
    assert cut.gaps[["line", "lost_bytes"]].values.tolist() == [[3, 3]]
    assert "gaps: 1 (see .gaps)" in repr(cut)
    assert "1, see .gaps" in cut._repr_mimebundle_()["text/html"]


def test_findings_are_computed_once(toy):
    evidence = pf.load(toy())
    assert evidence.findings() is evidence.findings()
    assert [f.rule for f in evidence.findings()] == ["toy.large"]
    assert evidence.findings().subject == "box.toy"


def test_the_card_is_small_static_and_never_a_widget(toy):
    bundle = pf.load(toy())._repr_mimebundle_(include=None, exclude=None)
    assert set(bundle) == {"text/plain", "text/html"}
    assert "box.toy" in bundle["text/html"]
    assert "<script" not in bundle["text/html"]
    assert len(bundle["text/html"]) < 50_000


def test_the_text_tells_kind_title_headline_facts_and_frames(toy):
    assert repr(pf.load(toy())) == (
        "box of toys: box.toy\n  1 things, the first is bear\n  things: 1\n  bear: 120\n"
        "  frames: things"
    )


@pytest.mark.parametrize("text", [text for text in HOSTILE if "\n" not in text])
def test_hostile_names_are_harmless_in_text_and_card(toy, text):
    bundle = pf.load(toy((text, 120)))._repr_mimebundle_()
    assert not set(bundle["text/plain"]) & set("\x1b\x07\x00\u202e")
    assert not set(bundle["text/html"]) & set("\x1b\x07\x00\u202e")
    assert "<script>" not in bundle["text/html"]
    assert "<img" not in bundle["text/html"]


def test_evidence_travels_between_processes_with_its_findings(toy):
    evidence = pf.load(toy())
    evidence.findings()
    back = pickle.loads(pickle.dumps(evidence))
    assert back.source == evidence.source
    assert back.frames["things"].equals(evidence.frames["things"])
    assert list(back.findings()) == list(evidence.findings())


def test_evidence_without_a_file_has_sources_or_none():
    alone = Evidence({})
    assert (alone.source, alone.sources, alone.title) == (None, (), "evidence")


def test_show_gives_a_widget_with_a_tab_a_frame(toy):
    widget = pf.load(toy()).show()
    assert [widget.get_title(0)] == ["things"]


def test_a_report_is_written_from_the_evidence(toy, tmp_path):
    out = pf.load(toy()).report(tmp_path / "report.html")
    assert "bear is large" in out.read_text()


def test_a_folder_that_cannot_be_written_is_an_error_of_ours(toy):
    path = toy()
    with pytest.raises(SourceError):
        pf.load(path).save(path / "below a file")
