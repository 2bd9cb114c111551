"""What a person sees of a profile: the explorers, and their static twins for cards and reports."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from prodforensics.display.cards import card, findings_card, picture
from prodforensics.display.widget import ExplorerWidget
from prodforensics.profile.comparison_pages import ComparisonPages
from prodforensics.profile.pages import ProfilePages
from prodforensics.profile.pictures import comparison_sections, profile_sections
from prodforensics.profile.report_views import scripts

if TYPE_CHECKING:
    from prodforensics.evidence import Evidence, Section
    from prodforensics.profile.compare import ProfileComparison
    from prodforensics.profile.model import Profile

__all__ = ["comparison", "explorer"]


def explorer(profile: Profile) -> ExplorerWidget:
    """Explore a profile: flame graph, sandwich, functions, heat map, threads.

    Parameters
    ----------
    profile : Profile

    Returns
    -------
    ExplorerWidget
        A Jupyter widget that asks this kernel for its bars; its static twin stands in a saved
        notebook.
    """
    pages = ProfilePages(profile)
    twin = _twin(profile, findings_card(profile.findings()), profile_sections(profile))
    return ExplorerWidget(pages.questions, scripts("explorer.js"), twin)


def comparison(compared: ProfileComparison) -> ExplorerWidget:
    """Explore a comparison: a flame graph of what changed, functions, findings, the trend.

    Parameters
    ----------
    compared : ProfileComparison

    Returns
    -------
    ExplorerWidget
        Works as `explorer` does.
    """
    pages = ComparisonPages(compared)
    twin = _twin(compared, findings_card(compared.findings()), comparison_sections(compared))
    return ExplorerWidget(pages.questions, scripts("comparison.js"), twin)


def _twin(evidence: Evidence, top_html: str, sections: Iterable[Section]) -> str:
    body = top_html + "".join(picture(section.html, section.title) for section in sections)
    return card(evidence.title, evidence.kind, evidence.facts(), body_html=body)
