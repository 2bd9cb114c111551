"""The template of core dumps in a real JupyterLab, in a real Chromium, driven by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.conftest import require_tool
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
    require_tool("gdb")
    with template("core_dump", folder, tmp_path_factory.mktemp("home")) as here:
        yield here


@pytest.fixture(autouse=True)
def _quiet(notebook: Opened) -> Iterator[None]:
    """Whatever a test does, no script fails and nothing leaves the machine."""
    yield
    assert notebook.errors == []
    assert notebook.strangers == []


def _view(notebook: Opened) -> Locator:
    view = notebook.page.get_by_role("region", name="Core dump explorer").first
    view.wait_for()
    view.scroll_into_view_if_needed()
    return view


def _choose(view: Locator, name: str) -> None:
    tabs = view.get_by_role("tablist", name="Views of the core dump")
    tabs.get_by_role("tab", name=name).click()


def _rows(view: Locator, label: str) -> Locator:
    return view.locator(f"[role=treegrid][aria-label={label}] tbody tr:not(.pf-tail)")


def test_every_cell_runs_without_an_error(notebook: Opened) -> None:
    page = notebook.page
    assert page.locator('[data-mime-type="application/vnd.jupyter.error"]').count() == 0


def test_the_story_is_told_from_the_core_to_the_line(notebook: Opened, folder: Path) -> None:
    told = "\n".join(notebook.page.locator(".jp-OutputArea-output").all_inner_texts())
    for said in (
        "null pointer in discounted at till.c:72",
        "#0  discounted (line=",  # as gdb prints it
        "price * (100 - line->discount->percent)",  # its source
        "Deadlock: 2 threads wait for one another",
        "aws_access_key",
        "died of the same",  # many cores
    ):
        assert said in told, said
    assert "hunter2" not in told
    report = (folder / "core_dump.html").read_text(encoding="utf-8")
    assert "discounted" in report
    assert "stock_lock" in report


def test_a_thread_opens_to_its_frames_and_a_frame_to_its_variables(notebook: Opened) -> None:
    view = _view(notebook)
    _choose(view, "Threads")
    _rows(view, "Stacks").first.click()
    frames = _rows(view, "Frames")
    expect(frames.first).to_contain_text("discounted")
    frames.filter(has_text="basket_total").click()
    view.get_by_role("tab", name="Variables").click()
    expect(view.get_by_role("tabpanel", name="Variables")).to_contain_text("2500")
    view.get_by_role("tab", name="Disassembly").click()
    expect(view.get_by_role("region", name="Disassembly")).to_contain_text("call")


def test_keys_walk_through_the_frames(notebook: Opened) -> None:
    view, keyboard = _view(notebook), notebook.page.keyboard
    cells = notebook.page.locator(".jp-Cell").count()
    _choose(view, "Threads")
    frames = _rows(view, "Frames")
    frames.first.click()
    frames.first.focus()
    keyboard.press("ArrowDown")
    expect(frames.nth(1)).to_be_focused()
    keyboard.press("/")
    keyboard.type("checkout")
    expect(_rows(view, "Stacks")).to_have_count(1)
    # The keys are the view's alone: the notebook is as it was.
    assert notebook.page.locator(".jp-Cell").count() == cells


@pytest.mark.parametrize("theme", ["JupyterLab Dark", "JupyterLab Light"])
def test_the_explorer_follows_the_theme(notebook: Opened, theme: str, tmp_path: Path) -> None:
    light = choose_theme(notebook.page, theme)
    view = _view(notebook)
    _choose(view, "Crash")
    assert_follows(view, light, tmp_path / f"{light}.png")
