"""What a person sees of a profile: the explorers, and their static twins for cards and reports."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from prodforensics.display.cards import card, picture
from prodforensics.display.widget import ExplorerWidget, flame_scripts
from prodforensics.profile.pages import ProfilePages
from prodforensics.profile.pictures import profile_sections

if TYPE_CHECKING:
    from prodforensics.evidence import Evidence, Section
    from prodforensics.profile.model import Profile

__all__ = ["explorer", "scripts"]

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
    return ExplorerWidget(
        pages.questions, scripts("explorer.js"), _twin(profile, "", profile_sections(profile))
    )


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
