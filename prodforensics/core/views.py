"""What a person sees of a core dump: the explorer, and its static twin for saved notebooks."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from prodforensics.core.explorer.pages import CorePages
from prodforensics.core.explorer.pictures import core_sections
from prodforensics.display.cards import card, findings_card, picture
from prodforensics.display.widget import ExplorerWidget, drawing_scripts

if TYPE_CHECKING:
    from prodforensics.core.model import CoreDump

__all__ = ["explorer"]

_SCRIPTS = (
    "crash_page.js",
    "frame_pane.js",
    "threads_page.js",
    "locks_page.js",
    "memory_page.js",
    "secrets_page.js",
    "explorer.js",
)


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
    body = findings_card(core.findings())
    body += "".join(picture(one.html, one.title) for one in core_sections(core))
    twin = card(core.title, core.kind, core.facts(), body_html=body)
    return ExplorerWidget(CorePages(core).questions, _scripts(), twin)


def _scripts() -> list[Path]:
    folder = files(__package__).joinpath("static")
    return drawing_scripts() + [Path(str(folder.joinpath(name))) for name in _SCRIPTS]
