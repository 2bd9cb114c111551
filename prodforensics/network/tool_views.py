"""What a person sees of a tool's report: its picture, then its tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodforensics.display.browser import browse
from prodforensics.display.tables import table
from prodforensics.display.theme import styled
from prodforensics.evidence import Evidence, Section

if TYPE_CHECKING:
    import ipywidgets

__all__ = ["sections", "show"]

_ROWS = 60


def sections(evidence: Evidence) -> list[Section]:
    """Return the pictures of a report or comparison, then its frames that hold something."""
    found = list(_pictures(evidence))
    for name, frame in evidence.frames.items():
        if len(frame):
            units = evidence.schemas[name].units
            title = name.replace("_", " ").capitalize()
            found.append(Section(title, table(frame, limit=_ROWS, units=units)))
    return found


def show(evidence: Evidence) -> Any:
    """Return a widget: the pictures above a tab for each frame."""
    import ipywidgets

    pictures = [section.html for section in _pictures(evidence)]
    tabs = browse(evidence)
    if not pictures:
        return tabs
    above: ipywidgets.HTML = ipywidgets.HTML(styled("".join(pictures)))
    return ipywidgets.VBox([above, tabs])


def _pictures(evidence: Evidence) -> list[Section]:  # noqa: ARG001
    return []
