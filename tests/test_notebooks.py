"""A notebook comes from a template, with the files filled in, and runs."""

import ast

import nbformat
import pytest

from prodforensics import notebooks
from prodforensics.errors import BadOption, ForensicsError, SourceError, UnknownName

PARAMETERS = '# The artifacts.\nFILES = [\n    "a",\n]\nLIMIT = 3  # rows'


@pytest.fixture
def template(tmp_path, monkeypatch):
    """Make a template of these cells the only one."""
    home = tmp_path / "templates"
    home.mkdir()
    monkeypatch.setattr(notebooks, "folder", lambda name: home)

    def write(*cells, parameters=PARAMETERS, name="toys"):
        first = nbformat.v4.new_code_cell(parameters)
        first.metadata.tags = ["parameters"]
        made = [first, *map(nbformat.v4.new_code_cell, cells)]
        nbformat.write(nbformat.v4.new_notebook(cells=made), home / f"{name}.ipynb")
        return name

    return write


def test_every_template_is_valid_and_has_files_to_fill_in():
    for name, path in notebooks.templates().items():
        nbformat.validate(nbformat.read(path, as_version=4))
        assert "FILES" in notebooks.parameters(name)


def test_the_files_are_filled_in_and_the_rest_stays(template, tmp_path):
    odd = tmp_path / 'it\'s "odd"\n{}.snapshot'
    out = notebooks.new(template("print(FILES)"), [odd, "s3://bucket/b"], tmp_path / "x.ipynb")
    notebook = nbformat.read(out, as_version=4)
    cell = notebook.cells[0].source
    assert cell.startswith("# The artifacts.\nFILES = [\n")
    assert cell.endswith("]\nLIMIT = 3  # rows")
    assert ast.literal_eval(cell.partition("= ")[2].partition("\nLIMIT")[0]) == [
        str(odd),
        "s3://bucket/b",
    ]


def test_without_files_the_template_keeps_its_own(template, tmp_path):
    out = notebooks.new(template(), [], tmp_path / "x.ipynb")
    assert nbformat.read(out, as_version=4).cells[0].source == PARAMETERS


def test_parameters_and_their_defaults_are_told(template):
    assert notebooks.parameters(template()) == {"FILES": ["a"], "LIMIT": 3}


def test_an_existing_file_is_never_replaced(template, tmp_path):
    out = tmp_path / "x.ipynb"
    out.write_text("my work")
    with pytest.raises(BadOption, match="exists"):
        notebooks.new(template(), [], out)
    assert out.read_text() == "my work"


def test_what_cannot_be_written_or_found_is_an_error_of_ours(template, tmp_path):
    with pytest.raises(SourceError):
        notebooks.new(template(), [], tmp_path / "nowhere" / "x.ipynb")
    with pytest.raises(UnknownName, match="did you mean 'toys'"):
        notebooks.new("toy", [], tmp_path / "x.ipynb")
    with pytest.raises(BadOption, match="takes no FILES"):
        notebooks.new(template(parameters="OTHER = 1"), ["a"], tmp_path / "x.ipynb")
    with pytest.raises(SourceError):
        notebooks.execute(tmp_path / "nowhere.ipynb", tmp_path / "x.ipynb")


def test_a_notebook_runs_with_its_parameters(template, tmp_path):
    template("print(LIMIT + 1)")
    out = notebooks.execute("toys", tmp_path / "x.ipynb", {"LIMIT": 41})
    assert "42" in str(nbformat.read(out, as_version=4).cells[-1].outputs)


def test_a_cell_that_fails_is_named_and_the_notebook_is_kept(template, tmp_path):
    template("1 / 0")
    with pytest.raises(ForensicsError, match="ZeroDivisionError"):
        notebooks.execute("toys", tmp_path / "x.ipynb")
    assert (tmp_path / "x.ipynb").is_file()


def test_a_kernel_that_ends_is_told(template, tmp_path):
    template("import os; os._exit(9)")
    with pytest.raises(ForensicsError, match="the kernel ended"):
        notebooks.execute("toys", tmp_path / "x.ipynb")
