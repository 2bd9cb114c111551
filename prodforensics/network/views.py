"""What a person sees of a capture: the explorer, and its static twin for saved notebooks."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from prodforensics.display.cards import static_twin
from prodforensics.display.widget import ExplorerWidget, drawing_scripts
from prodforensics.network.explorer.pages import CapturePages
from prodforensics.network.explorer.pictures import capture_sections

if TYPE_CHECKING:
    from prodforensics.network.model import Capture

__all__ = ["explorer"]

_SCRIPTS = (
    "brushed.js",
    "overview.js",
    "connection_pane.js",
    "waterfall_page.js",
    "explorer.js",
)


def explorer(capture: Capture) -> ExplorerWidget:
    """Explore a capture: over time, by connection, packet by packet.

    Parameters
    ----------
    capture : Capture

    Returns
    -------
    ExplorerWidget
        A Jupyter widget that asks this kernel for its rows and pictures; its static twin stands in
        a saved notebook.
    """
    twin = static_twin(capture, capture_sections(capture))
    return ExplorerWidget(CapturePages(capture).questions, _scripts(), twin)


def _scripts() -> list[Path]:
    folder = files(__package__).joinpath("static")
    return drawing_scripts() + [Path(str(folder.joinpath(name))) for name in _SCRIPTS]
