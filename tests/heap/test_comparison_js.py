"""The explorer of a comparison in a real browser, asking real pages."""

from __future__ import annotations

import re

import pytest

import prodforensics as pf
from prodforensics.heap import views
from tests.display.stage import chromium, staged

pytestmark = pytest.mark.browser

GROWN = "[role=treegrid][aria-label='Classes by growth'] tbody tr"
POINTS = "[role=treegrid][aria-label='Old objects that hold the new ones'] tbody tr"
BOXES = "svg.pf-path .pf-box:not(.pf-other)"


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def growth():
    names = [f"heap/listeners.{number}.heapsnapshot.zst" for number in (1, 2, 3)]
    return pf.compare(*[pf.load(pf.samples.path(name)) for name in names])


@pytest.fixture(scope="module")
def explorer(growth):
    return views.comparison(growth)


@pytest.fixture
def page(browser, explorer):
    with staged(browser, explorer, height=900) as page:
        page.wait_for_selector(f"{GROWN}[aria-level='1']")
        page.wait_for_selector(".pf-found details")
        yield page


def cells(page, name):
    row = page.locator(f"{GROWN}[aria-level='1']").filter(
        has=page.locator(f".pf-k-class:text-is('{name}')")
    )
    return row.locator("td").all_inner_texts()


def test_the_numbers_of_a_class_are_those_of_the_frame(page, growth):
    frame = growth.frames["constructors"]
    watch = frame[frame["class_name"] == "Watch"].iloc[0]
    shown = cells(page, "Watch")
    assert shown[1:3] == [f"{watch['count_before']:,}", f"{watch['count_after']:,}"]
    assert shown[5] == f"+{watch['count_delta']:,}"


def test_the_likely_leak_stands_on_top_and_leads_to_its_path(page, growth):
    first = page.locator(".pf-found details").first
    assert "✖ likely" in first.inner_text()
    assert growth.findings()[0].title in first.inner_text()
    first.get_by_role("button", name="Show its retaining path").click()
    page.wait_for_selector(BOXES)
    holder = growth.points[0].point.holder
    assert f"@{growth.graph.id[holder]}" in page.locator(BOXES).last.text_content()


def test_a_class_opens_to_its_new_objects_and_an_object_to_its_path(page, growth):
    page.get_by_role("searchbox", name="Filter classes").fill("/^Watch$/")
    page.wait_for_function(
        "rows => document.querySelectorAll(rows).length === 1", arg=f"{GROWN}[aria-level='1']"
    )
    page.locator(f"{GROWN} .pf-twist").click()
    new = page.locator(f"{GROWN}[aria-level='2'][aria-posinset]")
    new.first.wait_for()
    assert new.count() == 100
    assert all(re.search(r"Watch @\d+", text) for text in new.all_inner_texts())
    new.first.click()
    page.wait_for_selector(BOXES)
    assert "Watch" in page.locator(BOXES).last.text_content()
    assert "(root)" in page.locator(BOXES).first.text_content()


def open_class(page, name):
    page.get_by_role("searchbox", name="Filter classes").fill(f"/^{re.escape(name)}$/")
    page.wait_for_function(
        "rows => document.querySelectorAll(rows).length === 1", arg=f"{GROWN}[aria-level='1']"
    )
    page.locator(f"{GROWN} .pf-twist").click()
    page.locator(f"{GROWN}[aria-level='2']").first.wait_for()


def open_deleted(page, row):
    """Open a class with few deleted objects, and among its new objects the deleted ones."""
    open_class(page, row["class_name"])
    group = page.locator(f"{GROWN}[aria-level='2']").first
    assert "Deleted objects" in group.inner_text()
    group.locator(".pf-twist").click()
    gone = page.locator(f"{GROWN}[aria-level='3'][aria-posinset]")
    gone.first.wait_for()
    return gone


@pytest.fixture
def replaced(growth):
    """A class with new and with deleted objects."""
    frame = growth.frames["constructors"]
    few = frame["removed_count"].between(1, 90) & ~frame["class_name"].duplicated(keep=False)
    return frame[few & (frame["added_count"] > 0)].iloc[0]


def test_deleted_objects_of_a_class_stand_in_one_row_that_opens(page, replaced):
    gone = open_deleted(page, replaced)
    assert gone.count() == replaced["removed_count"]
    assert all("deleted" in text for text in gone.all_inner_texts())


def test_a_deleted_object_shows_its_path_in_its_own_snapshot(page, growth, replaced):
    open_deleted(page, replaced).first.click()
    page.wait_for_selector(".pf-object:has-text('deleted')")
    page.wait_for_selector(BOXES)
    id_ = int(re.search(r"@(\d+)", page.locator(BOXES).last.text_content()).group(1))
    removed = growth.frames["removed"]
    (node,) = removed.index[removed["id"] == id_]
    assert page.locator(BOXES).count() == len(growth.snapshots[0].path_to_root(int(node)))


def test_a_retainer_of_the_graph_can_be_ignored_and_restored(page):
    page.get_by_role("button", name="Show its retaining path").click()
    page.wait_for_selector(BOXES)
    before = page.locator(BOXES).all_text_contents()
    page.get_by_role("button", name=re.compile("^Ignore the retainer handle")).click()
    page.wait_for_function(
        "() => document.querySelector('[role=status]').textContent.includes('recomputed')"
    )
    assert page.locator(BOXES).all_text_contents() != before
    page.locator(".pf-chip", has_text="handle in").click()
    page.wait_for_function(
        "() => document.querySelector('[role=status]').textContent.includes('Restored')"
    )
    assert page.locator(BOXES).all_text_contents() == before


def test_growth_points_open_to_the_objects_that_they_hold(page, growth):
    page.get_by_role("tab", name="Growth points").click()
    page.wait_for_selector(f"{POINTS}[aria-level='1']")
    assert page.locator(f"{POINTS}[aria-level='1']").count() == len(growth.points)
    first = page.locator(f"{POINTS}[aria-level='1']").first
    assert "event listener" in first.inner_text()
    first.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_selector(f"{POINTS}[aria-level='2']")
    assert "onOrderUpdated()" in page.locator(f"{POINTS}[aria-level='2']").first.inner_text()


def test_the_trend_is_a_picture_with_a_table_beside_it(page, growth):
    page.get_by_role("tab", name="Trend").click()
    line = page.locator("svg.pf-lines .pf-line").first
    line.wait_for()
    line.focus()
    sizes = growth.points[0].point.retained
    spoken = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert all(f"listeners.{number}" in spoken for number in (1, 2, 3))
    page.locator("details", has_text="The same as a table").first.locator("summary").click()
    row = page.locator("details[open] table.pf-legend tbody tr").first
    assert len(row.locator("td").all()) == len(sizes) == 3


def test_no_answer_is_longer_than_a_page(page):
    for tab in ("Growth points", "Trend", "What grew"):
        page.get_by_role("tab", name=tab).click()
    page.locator(f"{GROWN} .pf-twist").first.click()
    page.wait_for_selector(f"{GROWN}[aria-level='2']")
    assert max(page.evaluate("window.asked.map(message => message.limit ?? 0)")) <= 100
