"""What a person sees of core dumps: the explorers, and their static twins for saved notebooks."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from prodforensics.core.comparison.comparison_pages import ComparisonPages
from prodforensics.core.comparison.comparison_pictures import comparison_sections
from prodforensics.core.explorer.pages import CorePages
from prodforensics.core.explorer.pictures import core_sections
from prodforensics.display.cards import static_twin
from prodforensics.display.widget import ExplorerWidget, drawing_scripts

if TYPE_CHECKING:
    from prodforensics.core.compare import CoreComparison
    from prodforensics.core.model import CoreDump

__all__ = ["comparison", "explorer"]

_SCRIPTS = (
    "tabbed_explorer.js",
    "paged_table.js",
    "crash_page.js",
    "frame_pane.js",
    "threads_page.js",
    "locks_page.js",
    "memory_page.js",
    "secrets_page.js",
    "explorer.js",
)
_OF_COMPARISON = ("tabbed_explorer.js", "paged_table.js", "crashes_page.js", "comparison.js")


def explorer(core: CoreDump) -> ExplorerWidget:
    """Explore a core dump: the crash, its threads frame by frame, locks, memory.

    Parameters
    ----------
    core : CoreDump

    Returns
    -------
    ExplorerWidget
        A Jupyter widget that asks this kernel for its rows and pictures; its static twin stands in
        a saved notebook.
    """
    twin = static_twin(core, core_sections(core))
    return ExplorerWidget(CorePages(core).questions, _scripts(_SCRIPTS), twin)


def comparison(compared: CoreComparison) -> ExplorerWidget:
    """Explore many cores: the crashes that they are, and their stacks side by side.

    Parameters
    ----------
    compared : CoreComparison

    Returns
    -------
    ExplorerWidget
        As of `explorer`.
    """
    twin = static_twin(compared, comparison_sections(compared))
    return ExplorerWidget(ComparisonPages(compared).questions, _scripts(_OF_COMPARISON), twin)


def _scripts(names: Iterable[str]) -> list[Path]:
    folder = files(__package__).joinpath("static")
    return drawing_scripts() + [Path(str(folder.joinpath(name))) for name in names]
