"""The explorer of compared cores: crashes that open to their cores, and stacks side by side."""

from __future__ import annotations

import pytest

import prodforensics as pf
from prodforensics.core import views
from prodforensics.core.comparison.comparison_pages import ComparisonPages
from prodforensics.errors import BadOption, UnknownName
from tests.conftest import require_tool
from tests.core.sample_cores import sample_core
from tests.display.stage import chromium, staged

CORES = ("null", "null.again", "null.refund", "double_free")


@pytest.fixture(scope="module")
def compared():
    require_tool("gdb")
    return pf.compare(*map(sample_core, CORES))


@pytest.fixture(scope="module")
def pages(compared):
    return ComparisonPages(compared)


def test_crashes_are_told_as_the_frame_has_them(pages, compared):
    buckets = compared.frames["buckets"]
    answer = pages.crashes.page()
    assert answer["total"] == len(buckets) == 3
    assert [row["count"] for row in answer["rows"]] == buckets["count"].tolist()
    assert answer["rows"][0]["top"] == "discounted"
    found = pages.crashes.page(text="cancel")
    assert [row["signal"] for row in found["rows"]] == ["SIGABRT"]
    assert pages.about()["crashes"] == len(pages.drawing()["parts"]) == 3


def test_a_crash_opens_to_its_cores(pages):
    rows = pages.members(0)["rows"]
    assert [row["title"] for row in rows] == ["null.core", "null.again.core"]
    assert [row["core"] for row in rows] == [0, 1]
    assert pages.members(0, offset=1)["rows"] == rows[1:]
    with pytest.raises(UnknownName):
        pages.members(9)


def test_the_base_is_shown_beside_a_core(pages, compared):
    answer = pages.stacks(3)
    assert answer["title"] == "null.core beside double_free.core"
    told = compared.frames["frames"]
    told = told[told["core"] == 3]
    assert [row["base"] for row in answer["rows"]] == told["function_base"].tolist()
    assert [row["other"] for row in answer["rows"]] == told["function_other"].tolist()
    assert [row["change"] for row in answer["rows"]] == told["change"].tolist()
    alone = pages.stacks(0)
    assert alone["title"] == "null.core, the base"
    assert {row["other"] for row in alone["rows"]} == {""}


@pytest.mark.parametrize("core", [-1, 4])
def test_a_core_that_is_not_there_is_refused(pages, core):
    with pytest.raises(UnknownName):
        pages.stacks(core)


def test_what_is_no_number_is_refused(pages):
    with pytest.raises(BadOption):
        pages.members("0")


@pytest.mark.browser
def test_it_is_walked_with_mouse_and_keys(compared):
    view = views.comparison(compared)
    with chromium() as browser, staged(browser, view) as page:
        crashes = page.locator("[role=treegrid][aria-label='Crashes']")
        stacks = page.locator("[role=treegrid][aria-label='Side by side']")
        crashes.locator("tr[aria-selected=true]", has_text="discounted").wait_for()
        stacks.locator("tbody tr", has_text="basket_total").wait_for()
        page.locator(".pf-drawn .pf-part", has_text="cancel").click()
        crashes.locator("tr[aria-selected=true]", has_text="cancel").wait_for()
        stacks.locator("tbody tr", has_text="cancel_order").wait_for()
        head = page.locator(".pf-head")
        assert head.inner_text() == "null.core beside double_free.core"
        crashes.locator("tr", has_text="discounted").first.click()
        page.keyboard.press("ArrowRight")
        crashes.locator("tr", has_text="null.again.core").click()
        page.locator(".pf-head", has_text="null.core beside null.again.core").wait_for()
        page.get_by_role("tab", name="Cores").click()
        rows = page.locator("[role=treegrid][aria-label='Cores'] tbody tr")
        rows.first.wait_for()
        assert rows.count() == len(CORES)
