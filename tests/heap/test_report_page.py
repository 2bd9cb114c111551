"""The report of a comparison in a real browser: nothing is cut, on a desk or on a phone."""

from __future__ import annotations

import shutil

import pytest

import prodforensics as pf
from tests.display.stage import chromium

pytestmark = pytest.mark.browser

WIDER_THAN_THE_PAGE = """() => document.documentElement.scrollWidth - innerWidth"""
CUT_TABLES = """() => [...document.querySelectorAll(".pf-scroll")]
  .filter((box) => box.scrollWidth > box.clientWidth + 1)
  .map((box) => box.querySelector("thead").textContent)"""
NUMBERS_ON_THE_LEFT = """() => [...document.querySelectorAll("td, th")]
  .filter((cell) => /pf-number/.test(cell.className))
  .filter((cell) => getComputedStyle(cell).textAlign !== "right").length"""


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    # Evidence lies deep: incident, cluster, pod, container.
    folder = tmp_path_factory.mktemp("report").joinpath(*["a-folder-with-a-long-name"] * 6)
    folder.mkdir(parents=True)
    names = [f"heap/listeners.{number}.heapsnapshot.zst" for number in (1, 2, 3)]
    files = [shutil.copy(pf.samples.path(name), folder) for name in names]
    growth = pf.compare(*[pf.load(file) for file in files])
    return growth.report(folder / "report.html")


@pytest.fixture(params=[1200, 400])
def page(request, browser, report):
    page = browser.new_page(viewport={"width": request.param, "height": 900})
    page.goto(report.as_uri())
    yield page
    page.close()


def test_nothing_is_wider_than_the_page(page):
    assert page.evaluate(WIDER_THAN_THE_PAGE) <= 0


def test_tables_are_cut_on_a_phone_alone_and_scroll_there(page):
    cut = page.evaluate(CUT_TABLES)
    assert bool(cut) == (page.viewport_size["width"] == 400), cut


def test_numbers_stand_on_the_right(page):
    assert page.locator("td.pf-number").count() > 20
    assert page.evaluate(NUMBERS_ON_THE_LEFT) == 0
