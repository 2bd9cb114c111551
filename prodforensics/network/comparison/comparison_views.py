"""What a person sees of two captures side by side: pictures, findings, and a tab a frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prodforensics.display.browser import browse
from prodforensics.display.cards import card, findings_card, picture
from prodforensics.display.theme import styled

if TYPE_CHECKING:
    import ipywidgets

    from prodforensics.network.compare import CaptureComparison
    from prodforensics.network.comparison.both_ends import BothEnds

__all__ = ["explorer"]


def explorer(compared: CaptureComparison | BothEnds) -> ipywidgets.VBox:
    """Show the findings and pictures of a comparison above a tab for each of its frames.

    Parameters
    ----------
    compared : CaptureComparison or BothEnds

    Returns
    -------
    VBox
        A Jupyter widget.
    """
    import ipywidgets

    body = findings_card(compared.findings())
    body += "".join(picture(one.html, one.title) for one in compared.sections())
    drawn = card(compared.title, compared.kind, compared.facts(), body_html=body)
    above: ipywidgets.HTML = ipywidgets.HTML(styled(drawn))
    return ipywidgets.VBox([above, browse(compared)])
