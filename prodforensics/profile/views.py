"""What a person sees of a profile: the explorers, and their static twins for cards and reports."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from prodforensics.display.cards import card, findings_card, picture
from prodforensics.display.widget import ExplorerWidget, flame_scripts
from prodforensics.profile.comparison_pages import ComparisonPages
from prodforensics.profile.pages import ProfilePages
from prodforensics.profile.pictures import comparison_sections, profile_sections

if TYPE_CHECKING:
    from prodforensics.evidence import Evidence, Section
    from prodforensics.profile.compare import ProfileComparison
    from prodforensics.profile.model import Profile

__all__ = ["comparison", "explorer", "scripts"]

_COMMON = ("profile_view.js", "function_pane.js", "sandwich.js", "heat_map.js")


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


def scripts(name: str) -> list[Path]:
    """Return the scripts of an explorer."""
    folder = files(__package__).joinpath("static")
    return [
        *flame_scripts(),
        *(Path(str(folder.joinpath(script))) for script in (*_COMMON, name)),
    ]


def _twin(evidence: Evidence, top_html: str, sections: Iterable[Section]) -> str:
    body = top_html + "".join(picture(section.html, section.title) for section in sections)
    return card(evidence.title, evidence.kind, evidence.facts(), body_html=body)
