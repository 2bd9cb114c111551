"""The templates of profiles in a real JupyterLab, in a real Chromium, driven by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.notebooks.lab import Opened, assert_follows, choose_theme, template

# One lab after the other: they stay in one worker.
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("jupyterlab")]


@pytest.fixture(scope="module", params=["flame_graph", "cpu_profiling"])
def notebook(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Opened]:
    """A template, run on its samples."""
    folder, home = (tmp_path_factory.mktemp(name) for name in ("lab", "home"))
    with template(request.param, folder, home) as here:
        yield here


@pytest.fixture(autouse=True)
def _quiet(notebook: Opened) -> Iterator[None]:
    """Whatever a test does, no script fails and nothing leaves the machine."""
    yield
    assert notebook.errors == []
    assert notebook.strangers == []


def _view(notebook: Opened) -> Locator:
    view = notebook.page.get_by_role("region", name="explorer").last
    view.wait_for()
    return view


def _flame(view: Locator) -> Locator:
    return view.get_by_role("tabpanel", name="Flame graph").locator("canvas").first


def _shown(view: Locator) -> list[float]:
    """Return from where to where the flame graph shows."""
    return _flame(view).evaluate("({flame}) => [flame.art.from, flame.art.to]")


def test_every_cell_runs_without_an_error(notebook: Opened) -> None:
    page = notebook.page
    assert page.locator('[data-mime-type="application/vnd.jupyter.error"]').count() == 0


def test_the_findings_name_the_culprit(notebook: Opened) -> None:
    finding = notebook.page.locator(".jp-OutputArea .pf-findings li.pf-likely").first
    finding.wait_for()
    assert "copyCatalogue" in finding.inner_text() or "repeatedSlowly" in finding.inner_text()


def test_zoom_and_back_with_the_keyboard(notebook: Opened) -> None:
    view, keyboard = _view(notebook), notebook.page.keyboard
    _flame(view).scroll_into_view_if_needed()
    _flame(view).focus()
    whole = _shown(view)
    cells = notebook.page.locator(".jp-Cell").count()
    for _ in range(40):  # down the heaviest stack, until it is narrower than the whole
        keyboard.press("ArrowDown")
    keyboard.press("Enter")
    zoomed = _shown(view)
    assert zoomed[1] - zoomed[0] < whole[1] - whole[0]
    keyboard.press("Escape")
    assert _shown(view) == whole
    assert notebook.page.locator(".jp-Cell").count() == cells


def test_a_search_tells_the_share_that_matches(notebook: Opened) -> None:
    view = _view(notebook)
    view.get_by_label("Search functions").fill("copyCatalogue|repeatedSlowly")
    expect(view.locator(".pf-matched")).to_contain_text("%")
    view.get_by_label("Search functions").fill("")


def test_the_sandwich_shows_callers_and_callees(notebook: Opened) -> None:
    view = _view(notebook)
    view.get_by_role("tab", name="Sandwich").click()
    panel = view.get_by_role("tabpanel", name="Sandwich")
    panel.locator("tbody tr[role=row]").first.click()
    expect(panel.locator("canvas")).to_have_count(2)
    view.get_by_role("tab", name="Flame graph").click()


def test_a_brushed_stretch_of_time_narrows_all_views(notebook: Opened) -> None:
    view, mouse = _view(notebook), notebook.page.mouse
    if not view.get_by_role("tab", name="Heat map").count():
        assert "cpu_profiling" in notebook.page.url  # a comparison has no times
        return
    view.get_by_role("tab", name="Heat map").click()
    canvas = view.locator("canvas[aria-roledescription='heat map']")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box
    mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 8)
    mouse.down()
    mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] - 8, steps=5)
    mouse.up()
    view.locator(".pf-range").wait_for()
    view.locator(".pf-range").click()
    expect(view.locator(".pf-range")).to_be_hidden()


@pytest.mark.parametrize("theme", ["JupyterLab Dark", "JupyterLab Light"])
def test_the_flame_graph_follows_the_theme(notebook: Opened, theme: str, tmp_path: Path) -> None:
    light = choose_theme(notebook.page, theme)
    view = _view(notebook)
    view.get_by_role("tab", name="Flame graph").click()
    assert_follows(view, light, tmp_path / f"{light}.png")
