"""Every template: tidy, without outputs, and it runs by itself."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest

import prodforensics as pf
from prodforensics import notebooks
from tests.conftest import require_tool

TEMPLATES = sorted(notebooks.templates())
LEAK = [f"heap/listeners.{number}.heapsnapshot.zst" for number in (1, 2)]


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template of the memory leak, run by papermill on two snapshots."""
    folder = tmp_path_factory.mktemp("executed")
    files = [str(pf.samples.path(name)) for name in LEAK]
    values = {"FILES": files, "REPORT": str(folder / "leak.html")}
    return notebooks.execute("memory_leak", folder / "out.ipynb", values)


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_starts_with_its_parameters(name: str) -> None:
    cells = nbformat.read(notebooks.templates()[name], 4).cells
    first = next(cell for cell in cells if cell.cell_type == "code")
    assert first.metadata.tags == ["parameters"]
    assert notebooks.parameters(name)["FILES"] == []


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_is_committed_without_outputs(name: str) -> None:
    for cell in nbformat.read(notebooks.templates()[name], 4).cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_is_tidy_json_with_ids_that_say_what_a_cell_is_for(name: str) -> None:
    path = notebooks.templates()[name]
    text = path.read_text(encoding="utf-8")
    notebook = nbformat.reads(text, 4)
    nbformat.validate(notebook)
    assert json.dumps(json.loads(text), indent=1, ensure_ascii=False, sort_keys=True) + "\n" == text
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    assert all(one.replace("-", "").isalpha() for one in ids), ids


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_runs_on_its_samples(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nbclient import NotebookClient

    monkeypatch.chdir(tmp_path)
    notebook = nbformat.read(notebooks.new(name, [], tmp_path / f"{name}.ipynb"), 4)
    NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    ).execute()
    assert (tmp_path / notebooks.parameters(name)["REPORT"]).stat().st_size > 10_000


def test_new_fills_in_the_files_with_whole_paths(tmp_path: Path) -> None:
    hostile = tmp_path / 'a "quoted" \\ name.heapsnapshot'
    out = notebooks.new(
        "memory_leak", [hostile, "s3://bucket/b.heapsnapshot"], tmp_path / "x.ipynb"
    )
    cells = nbformat.read(out, 4).cells
    source = next(cell.source for cell in cells if "parameters" in cell.metadata.get("tags", ()))
    values: dict[str, object] = {}
    exec(source, values)
    assert values["FILES"] == [str(hostile), "s3://bucket/b.heapsnapshot"]
    assert values["REPORT"] == "leak.html"


def test_papermill_fills_in_the_files_and_the_notebook_names_the_leak(executed: Path) -> None:
    notebook = nbformat.read(executed, 4)
    told = [
        output.data["text/plain"]
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if "data" in output and "text/plain" in output.data
    ]
    assert any("[likely] heap.leak.event_listener" in text for text in told)
    report = (executed.parent / "leak.html").read_text(encoding="utf-8")
    assert "order:updated" in report


def test_a_single_snapshot_is_answered_with_what_to_do(tmp_path: Path) -> None:
    file = str(pf.samples.path(LEAK[0]))
    with pytest.raises(pf.ForensicsError, match="two snapshots"):
        notebooks.execute("memory_leak", tmp_path / "out.ipynb", {"FILES": [file]})


@pytest.mark.browser
def test_an_html_export_tells_the_story_without_kernel_and_network(
    executed: Path, tmp_path: Path
) -> None:
    from nbconvert import HTMLExporter
    from playwright.sync_api import sync_playwright

    chromium = require_tool("chromium")
    text, _ = HTMLExporter().from_filename(str(executed))
    page_file = tmp_path / "out.html"
    page_file.write_text(text, encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        page.route(lambda url: url.startswith("http"), lambda route: route.abort())
        page.goto(page_file.as_uri(), wait_until="domcontentloaded")
        twins = page.locator("[data-pf-twin]")
        assert twins.count() == 2
        for twin in twins.all():
            twin.scroll_into_view_if_needed()
            assert twin.is_visible()
            assert twin.locator("svg").first.is_visible()
        assert page.locator(".pf-findings li.pf-likely").first.is_visible()
        browser.close()
