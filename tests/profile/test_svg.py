"""The SVG file of a flame graph: bars with titles, search and zoom, offline and harmless."""

import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, given, settings

import prodforensics as pf
from prodforensics.display.flame_file import flame_file
from prodforensics.errors import BadOption
from tests.conftest import HOSTILE
from tests.display.stage import chromium
from tests.profile.random_profiles import Frame, Row, make, profiles
from tests.profile.tiny import profile

SVG = "{http://www.w3.org/2000/svg}"


def written(one, folder, **options):
    return one.to_svg(folder / "out.svg", **options)


def titles(path) -> list[str]:
    return [bar.find(f"{SVG}title").text for bar in ET.parse(path).iter(f"{SVG}g")]


def test_every_bar_has_its_name_and_numbers(tmp_path):
    path = written(profile(("main;a", 3), ("main;b", 1)), tmp_path)
    assert titles(path) == [
        "main: 4 (100.0 %), self 0", "a: 3 (75.0 %), self 3", "b: 1 (25.0 %), self 1",
    ]  # fmt: skip


def test_it_may_be_inverted_or_in_order_of_time(tmp_path):
    one = profile(("main;a", 1), ("main;b", 1), ("main;a", 1), time=[0, 1, 2])
    names = [title.partition(":")[0] for title in titles(written(one, tmp_path, inverted=True))]
    assert names == ["a", "b", "main", "main"]
    assert len(titles(written(one, tmp_path, order="time"))) == 4
    with pytest.raises(BadOption, match="no times"):
        written(profile(("a", 1)), tmp_path, order="time")


def test_a_comparison_is_drawn_by_what_changed(tmp_path):
    change = pf.compare(profile(("main;a", 3), ("main;b", 1)), profile(("main;a", 6)))
    path = change.to_svg(tmp_path / "change.svg")
    assert titles(path) == ["main: 4 → 6 (+2, +50 %)", "a: 3 → 6 (+3, +100 %)"]


def test_hostile_names_stay_text_and_nothing_is_remote(tmp_path):
    one = make([Row((Frame("main"), Frame(name)), (1, 1)) for name in HOSTILE])
    path = written(one, tmp_path, title="</title><script>alert(1)</script>")
    tree = ET.parse(path)
    assert len(tree.findall(f".//{SVG}script")) == 1
    assert not tree.findall(f".//{SVG}img")
    addresses = set(re.findall(r"https?://[^\"'\s<]+", path.read_text()))
    assert addresses <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xhtml", "https://example.com]:",
        "https://example.com]…"
    }  # fmt: skip


def test_narrow_bars_are_left_out_so_that_files_stay_small(tmp_path):
    stacks = [(f"main;f{k:05}", 1) for k in range(20_000)]
    path = written(profile(("main;big", 10_000), *stacks), tmp_path)
    assert len(titles(path)) == 2
    assert path.stat().st_size < 50_000


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(profiles())
def test_any_profile_is_well_formed_xml(tmp_path, one):
    ET.parse(written(one, tmp_path))


def test_only_flame_graphs_are_taken():
    with pytest.raises(ValueError, match="not a picture"):
        flame_file("<p>", "a", "b")


@pytest.mark.browser
def test_one_searches_and_zooms_in_a_browser(tmp_path):
    one = profile(("main;parse;read", 30), ("main;parse", 20), ("main;draw", 50), ("<b>", 100))
    path = written(one, tmp_path)
    with chromium() as browser:
        page = browser.new_page()
        errors = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(path.as_uri())
        page.fill("#search", "^(parse|read|draw)$")
        assert page.text_content("#matched") == "matched: 50.0 %"
        assert page.locator("g.pf-hit").count() == 3
        page.fill("#search", "(")
        assert "not a regular expression" in page.text_content("#matched")
        bar = page.locator("g", has_text="parse: 50")
        bar.hover()
        assert page.text_content("#details").startswith("parse: 50 (25.0 %)")
        bar.click()
        assert float(bar.locator("rect").get_attribute("width")) == pytest.approx(1200, abs=1)
        read = page.locator("g", has_text="read: 30").locator("rect")
        assert float(read.get_attribute("width")) == pytest.approx(720, abs=2)
        assert not page.locator("g", has_text="draw: 50").is_visible()
        assert page.locator("g.pf-over text").all_text_contents() == ["main"]
        page.keyboard.press("Escape")
        assert page.locator("g", has_text="draw: 50").is_visible()
        assert page.evaluate("document.getElementById('search').value") == ""
        page.locator("g[tabindex='0']").focus()
        for key, name in (
            ("Right", "<b>"), ("Left", "main"), ("Down", "parse"), ("Right", "draw"),
            ("Up", "main"), ("Down", "parse"),
        ):  # fmt: skip
            page.keyboard.press(f"Arrow{key}")
            assert page.text_content("#details").startswith(f"{name}: ")
        page.keyboard.press("Enter")
        assert float(bar.locator("rect").get_attribute("width")) == pytest.approx(1200, abs=1)
        page.keyboard.press("/")
        assert page.evaluate("document.activeElement.id") == "search"
        assert not errors
