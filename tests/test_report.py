"""A report is one page that loads nothing, runs nothing and shows hostile names as text."""

import os
import re
import subprocess
import sys

import pytest

import prodforensics as pf
from prodforensics import report, samples
from prodforensics.errors import BadOption, SourceError
from tests.conftest import HOSTILE
from tests.display.stage import chromium
from tests.tags import Tags

PAGES = ("heap/native/memcheck.long.xml", "heap/native/lsan.long.txt")


@pytest.fixture
def evidence(toy):
    return pf.load(
        toy(*[(text, 120) for text in HOSTILE], name="</title><script>.toy".replace("/", "⁄"))
    )


def test_the_page_is_whole_and_carries_a_policy_that_lets_it_load_nothing(evidence):
    page = report.render([evidence])
    assert page.startswith("<!doctype html>")
    assert page.rstrip().endswith("</html>")
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def test_the_page_has_neither_scripts_nor_addresses(evidence):
    page = report.render([evidence, *[pf.load(samples.path(name)) for name in PAGES]])
    tags = Tags(page)
    assert not set(tags.names) & {
        "script",
        "link",
        "iframe",
        "object",
        "embed",
        "base",
        "form",
        "img",
    }
    assert not tags.handlers
    places = [value for name, value in tags.attributes if name in ("href", "src", "xlink:href")]
    assert places
    assert all(place.startswith("#") for place in places)
    assert not re.search(r"@import|url\((?!#|data:)", "".join(tags.styles))


def test_hostile_names_come_out_as_text(evidence):
    page = report.render([evidence], title=HOSTILE[1])
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert page.count("</style>") == 1
    assert page.count("</title>") == 1
    assert not set(page) & set("\x1b\x07\x00\u202e\u2066")
    assert "{{7*7}}" in page


def test_a_very_long_name_is_cut(toy):
    page = report.render([pf.load(toy(("x" * 5_000_000, 120)))])
    assert len(page) < 200_000


def test_it_tells_the_findings_the_rooms_sections_gaps_and_origin(toy):
    with pytest.warns(pf.PartialEvidenceWarning):
        evidence = pf.load(toy(("bear", 120), tail=b"car"))
    page = report.render([evidence])
    for words in (
        "bear is large",
        "<h2>Things</h2>",
        "What could not be read",
        "not a thing",
        evidence.source.sha256,
        evidence.source.path,
    ):
        assert words in page


def test_where_a_room_has_no_sections_the_frames_are_shown(toy, monkeypatch):
    evidence = pf.load(toy())
    monkeypatch.setattr(type(evidence), "_sections", "")
    assert "<h2>things</h2>" in report.render([evidence])


def test_several_pieces_are_listed_with_links(toy):
    page = report.render([pf.load(toy(name="a.toy")), pf.load(toy(name="b.toy"))])
    assert '<a href="#evidence-2">b.toy</a>' in page
    assert '<section id="evidence-2">' in page


def test_nothing_makes_no_report(tmp_path):
    with pytest.raises(BadOption):
        report.write([], tmp_path / "a.html")


def test_the_file_is_replaced_as_a_whole_or_not_at_all(toy, tmp_path, monkeypatch):
    out = tmp_path / "a.html"
    out.write_text("before")
    evidence = pf.load(toy())
    monkeypatch.setattr(report, "_chapter", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        evidence.report(out)
    monkeypatch.undo()
    assert out.read_text() == "before"
    assert evidence.report(str(out)) == out
    assert "bear" in out.read_text()
    assert not list(tmp_path.glob(".a.html*"))


def test_the_file_is_as_private_as_others_of_its_maker(toy, tmp_path):
    was = os.umask(0o077)
    try:
        out = pf.load(toy()).report(tmp_path / "a.html")
    finally:
        os.umask(was)
    assert out.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("place", ["nowhere/a.html", ".", "x" * 300])
def test_what_cannot_be_written_is_an_error_of_ours(toy, tmp_path, place):
    evidence = pf.load(toy())
    before = set(tmp_path.iterdir())
    with pytest.raises(SourceError):
        evidence.report(tmp_path / place)
    assert set(tmp_path.iterdir()) == before


def test_a_name_that_is_no_unicode_does_not_stop_it(toy, tmp_path):
    evidence = pf.load(toy(name="caf\udce9.toy"))
    assert r"caf\udce9.toy" in evidence.report(tmp_path / "a.html").read_text()


def test_a_report_can_go_into_a_pipe(toy):
    program = f"import prodforensics as pf; pf.load({str(samples.path(PAGES[0]))!r})"
    done = subprocess.run(
        [sys.executable, "-c", f"{program}.report('/dev/stdout')"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.startswith("<!doctype html>")


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_browser_shows_it_without_asking_anybody_for_anything(evidence, tmp_path, scheme):
    every = [evidence, *[pf.load(samples.path(name)) for name in PAGES]]
    page_file = report.write(every, tmp_path / "a.html")
    asked, said = [], []
    with chromium() as browser:
        page = browser.new_context(color_scheme=scheme).new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda line: said.append(line.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: said.append(dialog.message))
        page.goto(page_file.as_uri())
        assert page.locator("h1").inner_text() == "Report of the investigation"
        assert page.locator("section[id^=evidence-]").count() == 3
        text = page.locator("main").inner_text()
        width = page.evaluate("[document.body.scrollWidth, window.innerWidth]")
    assert "<script>alert(1)</script>" in text
    assert width[0] <= width[1]
    assert [url for url in asked if url != page_file.as_uri()] == []
    assert said == []
