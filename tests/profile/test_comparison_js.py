"""The explorer of a comparison of profiles in a real browser, asking real pages."""

from __future__ import annotations

import pytest

import prodforensics as pf
from prodforensics.display import theme
from prodforensics.profile import views
from tests.display.stage import chromium, staged
from tests.profile.test_explorer_js import (
    bars,
    click_bar,
    status,
    table,
    wait_for_whole,
)
from tests.profile.tiny import profile

pytestmark = pytest.mark.browser

BEFORE = (("main;parse", 40), ("main;price", 20), ("main;log", 40))
AFTER = (("main;parse", 40), ("main;price;search", 140), ("main;price", 20))


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def compared():
    return pf.compare(profile(*BEFORE), profile(*AFTER))


@pytest.fixture(scope="module")
def explorer(compared):
    return views.comparison(compared)


@pytest.fixture
def page(browser, explorer):
    with staged(browser, explorer) as page:
        wait_for_whole(page, 200, "Differential")
        yield page


def tab(page, name):
    page.get_by_role("tablist", name="Views of the comparison").get_by_role(
        "tab", name=name
    ).click()


def colour(page, name):
    return page.evaluate(
        """(name) => {
          const {art} = document.querySelector("canvas").flame;
          const bar = Array.from(art.flame.func).findIndex((f) => art.names.at(f) === name);
          const scale = art.canvas.width / (art.to - art.from);
          const right = (art.flame.x1[bar] - art.from) * scale;
          art.draw();
          return [...art.pen.getImageData(right - 6, art.y(art.flame.row(bar)) + 4, 1, 1).data]
            .slice(0, 3);
        }""",
        name,
    )


def rgb(text):
    return [int(text[place : place + 2], 16) for place in (1, 3, 5)]


def labels(page):
    return page.evaluate(
        """() => {
          const {art} = document.querySelector("canvas").flame;
          return Array.from(art.flame.func, (_, bar) => art.label(bar, 99));
        }"""
    )


def test_bars_are_as_wide_as_after_or_as_before(page):
    assert bars(page, "Differential") == [
        ["all", 200], ["main", 200], ["price", 160], ["parse", 40], ["search", 140],
    ]  # fmt: skip
    page.get_by_role("button", name="before").click()
    wait_for_whole(page, 100, "Differential")
    assert ["log", 40] in bars(page, "Differential")
    assert "search" not in [name for name, _ in bars(page, "Differential")]


def test_what_changed_is_coloured_and_also_written(page):
    assert colour(page, "search") == rgb(theme.LIGHT_CHANGE[8])
    assert colour(page, "parse") == rgb(theme.LIGHT_CHANGE[4])
    written = ["all  ▲ +100%", "main  ▲ +100%", "price  ▲ +700%", "parse", "search  ▲ new"]
    assert labels(page) == written
    page.get_by_role("button", name="before").click()
    wait_for_whole(page, 100, "Differential")
    assert "log  ▼ gone" in labels(page)
    assert colour(page, "log") == rgb(theme.LIGHT_CHANGE[0])


def test_the_colours_of_the_dark_are_others(browser, explorer):
    with staged(browser, explorer, dark=True) as page:
        wait_for_whole(page, 200, "Differential")
        assert colour(page, "search") == rgb(theme.DARK_CHANGE[8])


def test_a_click_tells_before_after_and_change(page):
    click_bar(page, "price", label="Differential")
    status(page, "change +140 ▲ +700% · before 20 (20%) · after 160 (80%)")
    assert table(page, "Called by: price") == [["main", "20", "160", "+140"]]
    assert table(page, "Calls: price") == [["search", "0", "140", "+140"]]


def test_functions_come_with_the_largest_growth_first(page, compared):
    tab(page, "Functions")
    rows = table(page, "Functions by change")
    frame = compared.frames["functions"]
    assert rows[0][:4] == ["search", "0", "140", "+140"]
    assert sorted(row[0] for row in rows) == sorted(frame["function"])
    page.get_by_role("columnheader", name="Self change").get_by_role("button").click()
    status(page, "ascending")
    assert table(page, "Functions by change")[0][:4] == ["log", "40", "0", "−40"]


def test_the_sandwich_of_a_function_is_coloured_too(page):
    tab(page, "Sandwich")
    page.locator("[aria-label^='Functions by self'] tbody tr", has_text="price").click()
    assert bars(page, "Callees.") == [["price", 160], ["search", 140]]
    steps = page.evaluate(
        "() => [...document.querySelector('canvas[aria-label^=\"Callees\"]').flame.art.flame.steps]"
    )
    assert steps == [8, 8]


def test_findings_stand_on_top_and_lead_to_their_function(browser, compared):
    with staged(browser, views.comparison(compared)) as page:
        wait_for_whole(page, 200, "Differential")
        found = compared.findings()
        assert page.locator(".pf-found details").count() == len(found)


def test_three_profiles_have_a_trend(browser):
    middle = profile(("main;parse", 50), ("main;price", 50))
    three = pf.compare(profile(*BEFORE), middle, profile(*AFTER))
    with staged(browser, views.comparison(three)) as page:
        wait_for_whole(page, 200, "Differential")
        tab(page, "Trend")
        line = page.get_by_role("img", name="log: ")
        line.wait_for()
        assert line.get_attribute("aria-label").endswith("40.0%, profile 0.0%, profile 0.0%")
        search = page.get_by_role("img", name="search: ")
        assert "70.0%" in search.get_attribute("aria-label")
