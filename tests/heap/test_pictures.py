"""Static pictures of heaps: the story without a kernel."""

from __future__ import annotations

import pytest
from backports import zstd

import prodforensics as pf
from prodforensics.heap.pictures import comparison_sections, snapshot_sections

pytestmark = pytest.mark.filterwarnings("ignore::prodforensics.errors.PartialEvidenceWarning")


@pytest.fixture(scope="module")
def snapshots():
    names = [f"heap/cache.{number}.heapsnapshot.zst" for number in (1, 2, 3)]
    return [pf.load(pf.samples.path(name)) for name in names]


@pytest.fixture(scope="module")
def growth(snapshots):
    return pf.compare(*snapshots)


def text(sections):
    return "".join(section.html for section in sections)


def test_a_comparison_shows_the_path_to_what_holds_the_growth(growth):
    sections = comparison_sections(growth)
    assert [section.title for section in sections] == ["Who holds the growth", "What grew", "Trend"]
    assert "sessionsByToken" in sections[0].html
    assert 'aria-label="Path from the root to Map"' in sections[0].html


def test_two_snapshots_have_no_trend(snapshots):
    sections = comparison_sections(pf.compare(*snapshots[:2]))
    assert "Trend" not in [section.title for section in sections]


def test_what_grew_begins_with_the_largest_retained_growth(growth):
    html = comparison_sections(growth)[1].html
    frame = growth.frames["constructors"]
    assert frame["class_name"].iloc[0] in html.partition("<tbody>")[2].partition("</tr>")[0]


def test_a_snapshot_shows_categories_dominators_and_classes(snapshots):
    html = text(snapshot_sections(snapshots[2]))
    for words in ("Other JavaScript objects", "SessionStore", "Dominator tree of the heap"):
        assert words in html


def test_the_cards_tell_the_leak_and_where_the_memory_is(snapshots, growth):
    assert "Session" in growth._repr_mimebundle_()["text/html"]
    assert "What grew" in growth._repr_mimebundle_()["text/html"]
    assert "JavaScript arrays" in snapshots[0]._repr_mimebundle_()["text/html"]


def test_names_of_the_heap_are_escaped_everywhere(tmp_path):
    attack = b'"x<img src=x onerror=alert(1)>"'
    paths = []
    for number in (1, 3):
        sample = pf.samples.path(f"heap/cache.{number}.heapsnapshot.zst")
        raw = zstd.decompress(sample.read_bytes())
        path = tmp_path / f"{number}.heapsnapshot"
        for name in (b'"Session"', b'"sessionsByToken"', b'"SessionStore"'):
            raw = raw.replace(name, attack)
        path.write_bytes(raw)
        paths.append(path)
    growth = pf.compare(*map(pf.load, paths))
    for evidence in (growth, *growth.snapshots):
        html = text(evidence.sections()) + evidence._repr_mimebundle_()["text/html"]
        html += evidence.show().static_html()
        assert "<img" not in html
        assert "&lt;img" in html


@pytest.mark.parametrize("size", [2_000, 300_000])
def test_a_snapshot_cut_short_can_still_be_shown(tmp_path, size):
    sample = pf.samples.path("heap/cache.1.heapsnapshot.zst")
    raw = zstd.decompress(sample.read_bytes())
    path = tmp_path / "cut.heapsnapshot"
    path.write_bytes(raw[:size])
    snapshot = pf.load(path)
    assert text(snapshot.sections())
    view = snapshot.show()
    for question in ("about", "summary", "statistics", "icicle"):
        assert (
            "error" not in view.answer({"id": 1, "ask": question}) or not snapshot.graph.node_count
        )
