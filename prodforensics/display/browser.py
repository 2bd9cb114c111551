"""The plain interactive view: one tab a frame, sorted, searched and paged from the kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodforensics.display.cards import static_twin
from prodforensics.display.theme import styled

if TYPE_CHECKING:
    import ipywidgets

__all__ = ["browse", "overview"]

_ROWS = 50_000


def browse(evidence: Any) -> ipywidgets.Tab:
    """Return a widget with a tab for each frame of the evidence.

    Parameters
    ----------
    evidence : Evidence
        Anything with a mapping ``frames``.

    Notes
    -----
    A tab holds the first 50,000 rows; kinds of evidence with larger frames have views of their
    own, which page through the kernel.
    """
    import ipywidgets
    from itables.widget import ITable

    tabs = [
        ITable(frame.head(_ROWS), allow_html=False, showIndex=True)
        for frame in evidence.frames.values()
    ]
    tab = ipywidgets.Tab(children=tabs)
    for place, name in enumerate(evidence.frames):
        tab.set_title(place, name)
    return tab


def overview(evidence: Any) -> ipywidgets.VBox:
    """Show the findings and pictures of a piece of evidence above a tab for each of its frames.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    VBox
        A Jupyter widget.
    """
    import ipywidgets

    drawn = static_twin(evidence, evidence.sections())
    above: ipywidgets.HTML = ipywidgets.HTML(styled(drawn))
    return ipywidgets.VBox([above, browse(evidence)])
