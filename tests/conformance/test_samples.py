"""Every format recognises its own samples, and every sample is loaded whole and as documented."""

import pytest
from pandas.testing import assert_frame_equal

import prodforensics as pf
from prodforensics import samples
from prodforensics.formats import BUILT_IN, Probe, choose
from prodforensics.source import Source
from tests.conformance.conftest import FORMATS, SAMPLES, smallest


@pytest.mark.parametrize("name", SAMPLES)
def test_a_format_claims_its_own_samples_and_no_other(name):
    source = Source(samples.path(name))
    probe = Probe(source.head(), source.tail(), source.name, source.size)
    claimed = [one.name for one in BUILT_IN if one.load().sniff(probe)]
    (entry,) = [entry for entry in samples.entries() if entry["path"] == name]
    assert claimed == [entry["format"]]
    assert choose(source).name == entry["format"]


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_loaded_whole_with_frames_as_documented(name):
    evidence = pf.load(samples.path(name), strict=True)
    assert evidence.all_gaps() == []
    assert set(evidence.frames) <= set(evidence.schemas)
    for frame in evidence.frames:
        evidence.schemas[frame].validate(evidence.frames[frame])
    assert evidence.headline()
    assert evidence.facts()
    assert evidence.memory["size_bytes"].min() >= 0
    for finding in evidence.findings():
        for frame, labels in finding.rows.items():
            assert evidence.frames[frame].index.isin(labels).any(), f"{finding}: no proof"


@pytest.mark.parametrize("name", FORMATS)
def test_a_sample_that_is_saved_comes_back(name, tmp_path):
    evidence = pf.load(samples.path(smallest(name)))
    saved = pf.load(evidence.save(tmp_path))
    assert saved.sources == evidence.sources
    assert (saved.title, saved.headline()) == (evidence.title, evidence.headline())
    assert list(saved.findings()) == list(evidence.findings())
    for frame in evidence.frames:
        assert_frame_equal(saved.frames[frame], evidence.frames[frame])


@pytest.mark.parametrize("name", FORMATS)
def test_a_comparison_is_evidence_as_documented(name, tmp_path):
    first = smallest(name)
    (scenario,) = {e["scenario"] for e in samples.entries() if e["path"] == first}
    every = [entry for entry in samples.entries() if entry["format"] == name]
    # Of one scenario, where that has two; a profile of a fault may have its baseline in another.
    every.sort(key=lambda entry: entry["scenario"] != scenario)
    pair = [pf.load(samples.path(entry["path"])) for entry in (2 * every)[:2]]
    comparison = pf.compare(*pair)
    assert [source.name for source in comparison.sources] == [one.title for one in pair]
    assert set(comparison.frames) <= set(comparison.schemas)
    for frame in comparison.frames:
        comparison.schemas[frame].validate(comparison.frames[frame])
    saved = pf.load(comparison.save(tmp_path))
    assert list(saved.findings()) == list(comparison.findings())
    for frame in comparison.frames:
        assert_frame_equal(saved.frames[frame], comparison.frames[frame])
