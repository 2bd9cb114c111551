"""The documentation names what there is: every column, command, error and rule."""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path

import pytest

from prodforensics import errors
from prodforensics._reference import resolve
from prodforensics.cli import app

DOCS = Path(__file__).parents[2] / "docs"
sys.path.insert(0, str(DOCS))

import api_reference  # noqa: E402 (scripts of the documentation, not a package)
import data_dictionary  # noqa: E402


def _page(name: str) -> str:
    return (DOCS / "pages" / name).read_text(encoding="utf-8")


def test_the_data_dictionary_has_every_column_of_every_kind_of_evidence() -> None:
    page = data_dictionary.markdown()
    kinds = data_dictionary.kinds()
    assert {"HeapSnapshot", "HeapComparison", "LeakReport"} <= {kind.__name__ for kind in kinds}
    for kind in kinds:
        section = page.partition(f"## {kind.__name__}:")[2].partition("\n## ")[0]
        for schema in kind.schemas.values():
            assert schema.markdown() in section


def test_every_column_says_what_it_means_and_sizes_have_a_unit() -> None:
    for kind in data_dictionary.kinds():
        for schema in kind.schemas.values():
            for column in schema.columns:
                place = f"{schema.name}.{column.name}"
                assert column.meaning.endswith("."), place
                if column.name.endswith("_bytes"):
                    assert column.unit == "bytes", place


def test_the_api_reference_has_every_public_name_and_no_raw_section_lines() -> None:
    page = api_reference.markdown()
    assert re.findall(r"^-{4,}$", page, re.MULTILINE) == []
    for module in api_reference.MODULES:
        for name in resolve(module).__all__:
            thing = getattr(resolve(module), name)
            if inspect.isclass(thing) or inspect.isfunction(thing):
                assert f"{{#{module}.{name}}}" in page


@pytest.mark.parametrize(
    "command", [c.name or c.callback.__name__ for c in app.registered_commands]
)
def test_the_command_is_explained(command: str) -> None:
    assert f"`prodforensics {command}" in _page("command-line.md")


@pytest.mark.parametrize("name", [name for name in errors.__all__ if name != "ForensicsError"])
def test_the_error_is_explained(name: str) -> None:
    assert f"`{name}`" in _page("errors.md")


def test_every_rule_is_explained_with_its_fix() -> None:
    pages = "".join(page.read_text("utf-8") for page in (DOCS / "pages").glob("*/*.md"))
    rules = [
        rule for kind in data_dictionary.kinds() if kind._rules for rule in resolve(kind._rules)
    ]
    assert rules
    assert [rule.rule for rule in rules if f"`{rule.rule}`" not in pages] == []


def test_the_javascript_of_the_guide_is_javascript(tmp_path: Path) -> None:
    from tests.conftest import require_tool

    require_tool("node")
    from prodforensics.tools import run

    blocks = re.findall(r"```js\n(.*?)```", _page("heap/collecting.md"), re.DOTALL)
    assert len(blocks) == 2
    for number, block in enumerate(blocks):
        file = tmp_path / f"{number}.mjs"
        file.write_text(block)
        run("node", ["--check", file], seconds=30)


@pytest.mark.parametrize("page", ["README.md", "CHANGELOG.md", "sample_artifacts/README.md"])
def test_what_a_page_links_to_is_there(page: str) -> None:
    file = DOCS.parent / page
    links = re.findall(r"\]\(([^)#]+)", file.read_text(encoding="utf-8"))
    local = [link for link in links if "://" not in link]
    assert [link for link in local if not (file.parent / link).exists()] == []


def test_pictures_are_small() -> None:
    pictures = list((DOCS / "pages" / "pictures").glob("*.png"))
    assert len(pictures) >= 3
    assert [picture.name for picture in pictures if picture.stat().st_size > 300_000] == []


def test_conda_installs_the_same_project() -> None:
    text = (DOCS.parent / "environment.yml").read_text(encoding="utf-8")
    assert "- -e .[lab]" in text
    assert "- conda-forge" in text
