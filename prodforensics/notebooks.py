"""Notebooks from templates: one template an investigation, its files filled in, then run.

A template is a notebook with a cell tagged ``parameters``, as papermill expects it.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prodforensics.errors import BadOption, ForensicsError, SourceError, UnknownName
from prodforensics.resources import folder

if TYPE_CHECKING:
    from nbformat import NotebookNode

__all__ = ["execute", "new", "parameters", "templates"]


def templates() -> dict[str, Path]:
    """Return the templates by the name of the investigation.

    Examples
    --------
    >>> "memory_leak" in templates()
    True
    """
    return {path.stem: path for path in sorted(folder("notebooks").glob("*.ipynb"))}


def new(investigation: str, files: Sequence[str | Path], out: str | Path) -> Path:
    """Write a notebook for an investigation, with the files filled in.

    Parameters
    ----------
    investigation : str
        Name of a template.
    files : sequence of str or Path
        The artifacts, in the order they were recorded; the template's own samples where empty.
    out : str or Path
        The notebook to write; an existing file is never replaced.

    Returns
    -------
    Path
        The notebook.
    """
    import nbformat

    out = Path(out)
    notebook = _read(investigation)
    if files:
        _fill(notebook, investigation, {"FILES": [_as_given(file) for file in files]})
    if out.exists():
        raise BadOption(f"{out} exists", hint="choose another name: -o other.ipynb")
    try:
        nbformat.write(notebook, out)
    except OSError as error:
        raise SourceError(
            f"{out}: {error.strerror}", hint="name a file in a folder that you may write to"
        ) from error
    return out


def parameters(investigation: str) -> dict[str, Any]:
    """Return the parameters of a template with their defaults."""
    cell = _parameter_cell(_read(investigation), investigation)
    found = {}
    for node in ast.parse(cell.source).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = ast.literal_eval(node.value)
    return found


def execute(notebook: str | Path, out: str | Path, values: dict[str, Any] | None = None) -> Path:
    """Run a notebook from top to bottom with papermill and write it with its outputs.

    Parameters
    ----------
    notebook : str or Path
        A notebook or the name of a template.
    out : str or Path
        The notebook with outputs.
    values : dict, optional
        Parameters to fill in.

    Raises
    ------
    ForensicsError
        A cell failed; the notebook with the error is written.
    """
    import papermill
    from nbclient.exceptions import DeadKernelError

    source = templates().get(str(notebook), Path(notebook))
    try:
        papermill.execute_notebook(
            str(source),
            str(out),
            values or {},
            progress_bar=False,
            kernel_name="python3",
            language="python",
        )
    except FileNotFoundError as error:
        raise SourceError(f"{source}: {error.strerror}", hint="name a notebook") from error
    except DeadKernelError as error:
        raise ForensicsError(
            f"{source.name}: the kernel ended while it ran",
            hint="it may have run out of memory: try smaller files",
        ) from error
    except papermill.PapermillExecutionError as error:
        raise ForensicsError(
            f"{source.name}: cell {error.exec_count} failed: {error.ename}: {error.evalue}",
            hint=f"open {out}: the cell and its error are marked there",
        ) from error
    return Path(out)


def _as_given(file: str | Path) -> str:
    """Make a local path absolute: the notebook may be opened from anywhere."""
    return str(file) if "://" in str(file) else str(Path(file).expanduser().resolve())


def _read(investigation: str) -> NotebookNode:
    import nbformat

    known = templates()
    if investigation not in known:
        raise UnknownName("investigation", investigation, known)
    return nbformat.read(known[investigation], as_version=4)


def _parameter_cell(notebook: NotebookNode, investigation: str) -> NotebookNode:
    for cell in notebook.cells:
        if "parameters" in cell.metadata.get("tags", ()):
            return cell
    raise BadOption(f"the template {investigation} has no cell tagged 'parameters'")


def _fill(notebook: NotebookNode, investigation: str, values: dict[str, Any]) -> None:
    """Replace the values in the parameters cell; its comments and other lines stay."""
    cell = _parameter_cell(notebook, investigation)
    tree = ast.parse(cell.source)
    lines = cell.source.splitlines()
    left = copy.copy(values)
    # From the end, so that earlier line numbers stay true.
    for node in reversed(tree.body):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            if name in left:
                lines[node.lineno - 1 : node.end_lineno] = [f"{name} = {_source(left.pop(name))}"]
    if left:
        raise BadOption(f"the template {investigation} takes no {', '.join(left)}")
    cell.source = "\n".join(lines)


def _source(value: Any) -> str:
    """Write a value as Python; `repr` quotes whatever a path may hold."""
    if isinstance(value, list):
        inner = "".join(f"    {item!r},\n" for item in value)
        return f"[\n{inner}]"
    return repr(value)
