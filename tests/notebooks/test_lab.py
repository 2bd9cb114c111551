"""The template of the memory leak in a real JupyterLab, in a real Chromium, driven by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.notebooks.lab import Opened, assert_follows, choose_theme, template

# One lab serves every test here: they stay in one worker.
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("jupyterlab")]


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    """The template, run on its samples."""
    folder, home = (tmp_path_factory.mktemp(name) for name in ("lab", "home"))
    with template("memory_leak", folder, home) as here:
        yield here


@pytest.fixture(autouse=True)
def _quiet(notebook: Opened) -> Iterator[None]:
    """Whatever a test does, no script fails and nothing leaves the machine."""
    yield
    assert notebook.errors == []
    assert notebook.strangers == []


def _comparison(notebook: Opened):
    return notebook.page.get_by_role("region", name="Heap comparison explorer")


def _snapshot(notebook: Opened):
    return notebook.page.get_by_role("region", name="Heap snapshot explorer")


def test_every_cell_runs_without_an_error(notebook: Opened) -> None:
    page = notebook.page
    assert page.locator('[data-mime-type="application/vnd.jupyter.error"]').count() == 0
    assert page.locator('[data-mime-type="application/vnd.jupyter.stderr"]').count() == 0


def test_the_card_of_the_findings_names_the_leak(notebook: Opened) -> None:
    finding = notebook.page.locator(".jp-OutputArea .pf-findings li.pf-likely").first
    finding.wait_for()
    text = finding.inner_text()
    assert "order:updated" in text
    assert "OrderFeed" in text


def test_the_static_twin_makes_room_for_the_live_view(notebook: Opened) -> None:
    _comparison(notebook).wait_for()
    for twin in notebook.page.locator("[data-pf-twin]").all():
        twin.wait_for(state="hidden")


def test_a_filter_and_the_keyboard_lead_to_the_retaining_path(notebook: Opened) -> None:
    view, keyboard = _comparison(notebook), notebook.page.keyboard
    grid = view.get_by_role("treegrid", name="Classes by growth")
    classes = grid.locator("tbody tr[aria-level='1']")
    classes.first.focus()
    keyboard.press("/")
    keyboard.type("/^Watch$/")
    expect(classes).to_have_count(1)
    classes.first.focus()
    keyboard.press("ArrowRight")
    expect(classes.first).to_have_attribute("aria-expanded", "true")
    grid.locator("tbody tr[aria-level='2']").first.wait_for()
    keyboard.press("ArrowRight")
    keyboard.press("Enter")
    path = view.get_by_role("tabpanel", name="Retaining path")
    for name in ("OrderFeed", "order:updated", "onOrderUpdated"):
        path.locator("svg text").filter(has_text=name).first.wait_for()


def test_the_growth_points_name_the_holder(notebook: Opened) -> None:
    view = _comparison(notebook)
    view.get_by_role("tab", name="Growth points").click()
    grid = view.get_by_role("treegrid", name="Old objects that hold the new ones")
    grid.locator("tbody tr").filter(has_text="order:updated").first.wait_for()


def test_arrow_keys_walk_along_the_tabs(notebook: Opened) -> None:
    view = _comparison(notebook)
    tab = view.get_by_role("tab", name="Growth points")
    tab.click()
    expect(tab).to_be_focused()
    notebook.page.keyboard.press("ArrowRight")
    expect(view.get_by_role("tab", name="Trend")).to_have_attribute("aria-selected", "true")
    view.get_by_role("tabpanel", name="Trend").locator("svg").first.wait_for()


def test_every_tab_of_the_snapshot_fills(notebook: Opened) -> None:
    view = _snapshot(notebook)
    fills = {
        "Summary": "tbody tr[role=row]",
        "Containment": "tbody tr[role=row]",
        "Dominators": "tbody tr[role=row]",
        "Statistics": "svg",
    }
    for tab, content in fills.items():
        view.get_by_role("tab", name=tab, exact=True).click()
        view.get_by_role("tabpanel", name=tab, exact=True).locator(content).first.wait_for()


def test_an_object_of_the_snapshot_shows_its_retainers(notebook: Opened) -> None:
    view = _snapshot(notebook)
    view.get_by_role("tab", name="Summary", exact=True).click()
    view.get_by_role("searchbox", name="Filter classes").fill("/^OrderFeed$/")
    grid = view.get_by_role("treegrid", name="Classes by retained size")
    classes = grid.locator("tbody tr[aria-level='1']")
    expect(classes).to_have_count(1)
    classes.first.locator(".pf-twist").click()
    grid.locator("tbody tr[aria-level='2']").first.click()
    retainers = view.get_by_role("treegrid", name="Retainers")
    retainers.locator("tbody tr[aria-level='1']").first.wait_for()


@pytest.mark.parametrize("theme", ["JupyterLab Dark", "JupyterLab Light"])
def test_the_views_follow_the_theme(notebook: Opened, theme: str, tmp_path: Path) -> None:
    light = choose_theme(notebook.page, theme)
    for name, view in (("comparison", _comparison(notebook)), ("snapshot", _snapshot(notebook))):
        assert_follows(view, light, tmp_path / f"{name}.{light}.png")
