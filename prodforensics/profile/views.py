"""What a person sees of a profile: the explorers, and their static twins for cards and reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prodforensics.display.cards import static_twin
from prodforensics.display.widget import ExplorerWidget
from prodforensics.profile.comparison_pages import ComparisonPages
from prodforensics.profile.pages import ProfilePages
from prodforensics.profile.pictures import comparison_sections, profile_sections
from prodforensics.profile.report_views import scripts

if TYPE_CHECKING:
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
    twin = static_twin(profile, profile_sections(profile))
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
    twin = static_twin(compared, comparison_sections(compared))
    return ExplorerWidget(pages.questions, scripts("comparison.js"), twin)
