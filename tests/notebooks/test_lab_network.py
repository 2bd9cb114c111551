"""The template of captures in a real JupyterLab, in a real Chromium, driven by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.notebooks.lab import Opened, assert_follows, choose_theme, template

# One lab after the other: they stay in one worker.
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("jupyterlab")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the notebook is, and where it writes its report."""
    return tmp_path_factory.mktemp("lab")


@pytest.fixture(scope="module")
def notebook(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    """The template, run on its samples."""
    with template("network", folder, tmp_path_factory.mktemp("home")) as here:
        yield here


@pytest.fixture(autouse=True)
def _quiet(notebook: Opened) -> Iterator[None]:
    """Whatever a test does, no script fails and nothing leaves the machine."""
    yield
    assert notebook.errors == []
    assert notebook.strangers == []


def _view(notebook: Opened) -> Locator:
    view = notebook.page.get_by_role("region", name="Capture explorer").last
    view.wait_for()
    view.scroll_into_view_if_needed()
    return view


def _choose(view: Locator, name: str) -> None:
    view.get_by_role("tablist", name="Views of the capture").get_by_role("tab", name=name).click()


def _rows(view: Locator) -> Locator:
    return view.locator("[role=treegrid][aria-label=Connections] tbody tr:not(.pf-tail)")


def _outputs(notebook: Opened) -> str:
    texts = notebook.page.locator(".jp-OutputArea-output").all_inner_texts()
    return "\n".join(texts)


def test_every_cell_runs_without_an_error(notebook: Opened) -> None:
    page = notebook.page
    assert page.locator('[data-mime-type="application/vnd.jupyter.error"]').count() == 0


def test_the_story_is_told_from_the_capture_to_the_reason(notebook: Opened, folder: Path) -> None:
    told = _outputs(notebook)
    for said in (
        "of the segments are sent again",  # the incident alone
        "/pay/{id}: 100.0 % of requests fail",  # against the baseline
        "10.20.0.20:9200 is asked only now",
        "8 of 165 packets to the other end",  # both ends
        "137.493 ms ahead",
        "30 % of the packets are lost",  # mtr
        "The TLS handshake takes 813 ms",  # curl
    ):
        assert said in told, said
    report = (folder / "network.html").read_text(encoding="utf-8")
    assert "137.493 ms" in report
    assert "/pay/{id}" in report


def test_a_dragged_stretch_of_time_narrows_all_tabs(notebook: Opened) -> None:
    view, mouse = _view(notebook), notebook.page.mouse
    _choose(view, "Overview")
    spans = view.locator(".pf-brushed .pf-part")
    spans.first.wait_for()
    first, last = spans.nth(2).bounding_box(), spans.nth(30).bounding_box()
    assert first
    assert last
    mouse.move(first["x"] + 1, first["y"] + 40)
    mouse.down()
    mouse.move(last["x"] + 1, last["y"] + 40, steps=4)
    mouse.up()
    chip = view.locator(".pf-range")
    expect(chip).to_be_visible()
    _choose(view, "Connections")
    expect(_rows(view)).to_have_count(4)  # the refused one came later
    chip.click()
    expect(_rows(view)).to_have_count(5)


def test_a_connection_opens_as_a_ladder_by_mouse_and_goes_on_by_keys(notebook: Opened) -> None:
    view, keyboard = _view(notebook), notebook.page.keyboard
    cells = notebook.page.locator(".jp-Cell").count()
    _choose(view, "Connections")
    _rows(view).first.click()
    packets = view.locator("[aria-label^='Packets between'] .pf-part")
    packets.first.wait_for()
    packets.first.focus()
    keyboard.press("ArrowDown")
    focused = "document.activeElement.getAttribute('aria-label')"
    one = notebook.page.evaluate(focused)
    keyboard.press("n")  # the next packet that something is wrong with
    notebook.page.wait_for_function(f"(before) => {focused} !== before", arg=one)
    view.get_by_role("tablist", name="Views of the connection").get_by_role(
        "tab", name="Text"
    ).click()
    expect(view.get_by_role("tabpanel", name="Text")).to_contain_text("GET /")
    # The keys are the view's alone: the notebook is as it was.
    assert notebook.page.locator(".jp-Cell").count() == cells


def test_a_search_finds_connections(notebook: Opened) -> None:
    view, keyboard = _view(notebook), notebook.page.keyboard
    _choose(view, "Connections")
    _rows(view).first.focus()
    keyboard.press("/")
    keyboard.type("9200")
    expect(_rows(view)).to_have_count(1)
    expect(_rows(view).first).to_contain_text("9200")
    view.get_by_role("searchbox").fill("")
    expect(_rows(view)).to_have_count(5)


def test_a_finding_leads_to_its_connection(notebook: Opened) -> None:
    view = _view(notebook)
    _choose(view, "Findings")
    finding = view.get_by_role("tabpanel", name="Findings").locator("details").first
    expect(finding).to_contain_text("likely")
    button = finding.get_by_role("button", name="Show frame").first
    frame = button.inner_text().removeprefix("Show ").capitalize()
    button.click()
    label = "document.activeElement.getAttribute('aria-label') ?? ''"
    notebook.page.wait_for_function(f"(words) => {label}.startsWith(words)", arg=f"{frame} ")


@pytest.mark.parametrize("theme", ["JupyterLab Dark", "JupyterLab Light"])
def test_the_explorer_follows_the_theme(notebook: Opened, theme: str, tmp_path: Path) -> None:
    light = choose_theme(notebook.page, theme)
    view = _view(notebook)
    _choose(view, "Overview")
    assert_follows(view, light, tmp_path / f"{light}.png")
