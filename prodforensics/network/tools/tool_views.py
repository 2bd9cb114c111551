"""What a person sees of a tool's report: its picture, then its tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from prodforensics.display.browser import browse
from prodforensics.display.cards import picture
from prodforensics.display.tables import plain, table
from prodforensics.display.theme import styled
from prodforensics.evidence import Evidence, Section
from prodforensics.network.tools.path_reports import MtrReport
from prodforensics.network.tools.timing_reports import CurlTimings
from prodforensics.network.tools.tool_comparison import ToolComparison
from prodforensics.network.tools.tool_pictures import hops, waterfall

if TYPE_CHECKING:
    import ipywidgets

__all__ = ["sections", "show"]

_ROWS = 60
_RUNS = 5


def sections(evidence: Evidence) -> list[Section]:
    """Return the pictures of a report or comparison, then its frames that hold something."""
    found = list(_pictures(evidence))
    for name, frame in evidence.frames.items():
        if len(frame):
            units = evidence.schemas[name].units
            title = name.replace("_", " ").capitalize()
            found.append(Section(title, table(frame, limit=_ROWS, units=units, none=-1)))
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


def _pictures(evidence: Evidence, span_ns: int = 0) -> Iterator[Section]:
    """Draw what there is a picture of; of a comparison one of each report."""
    if isinstance(evidence, ToolComparison):
        parts = (evidence.reports[0], evidence.reports[-1])
        totals = [one.total_ns or 0 for part in parts for one in getattr(part, "requests", ())]
        for part in parts:
            for section in _pictures(part, max(totals, default=0)):
                yield Section(f"{section.title}: {plain(part.title, 80)}", section.html)
    elif isinstance(evidence, MtrReport):
        runs = evidence.runs[-_RUNS:]
        for number, run in enumerate(runs, len(evidence.runs) - len(runs)):
            name = f" (run {number})" if len(evidence.runs) > 1 else ""
            words = "Probes lost, and round trips: shortest to longest, with their mean"
            yield Section(f"The path{name}", picture(hops(run), words))
    elif isinstance(evidence, CurlTimings):
        words = "Each phase in its time since the request began"
        yield Section("Phases", picture(waterfall(evidence.requests, span_ns), words))
