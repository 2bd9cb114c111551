"""The explorers as they stand in a report: their scripts, and answers to what they will ask."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prodforensics.display.recorded import Program, Record
from prodforensics.display.widget import flame_scripts
from prodforensics.profile.comparison_pages import ComparisonPages
from prodforensics.profile.pages import ProfilePages

if TYPE_CHECKING:
    from prodforensics.profile.compare import ProfileComparison
    from prodforensics.profile.model import Profile

__all__ = ["comparison_program", "profile_program", "scripts"]

_COMMON = ("profile_view.js", "function_pane.js", "sandwich.js", "heat_map.js")
# All that can be told apart on any screen, zoomed in a hundred times; about 1 MB a picture.
_BARS = 100_000
_TABS = ["flame", "sandwich"]
# Findings have a section of their own.
_FINDINGS: dict[str, Any] = {"rows": [], "total": 0}


def profile_program(profile: Profile) -> Program:
    """Return the explorer of a profile for a report: flame graphs and sandwich.

    Parameters
    ----------
    profile : Profile
        Shown for its default value type and all threads.
    """
    pages = ProfilePages(profile, most_bars=_BARS)
    about = pages.about()
    about |= {
        "values": [about["values"][about["value"]]],
        "value": 0,
        "threads": [],
        "tabs": _TABS,
    }
    records = [
        Record("about", about, {}),
        Record("names", pages.names(), {}),
        Record("findings", _FINDINGS, {}),
        *(Record("bars", pages.bars(order), {"order": order}) for order in about["orders"]),
    ]
    return Program(scripts("explorer.js"), records)


def comparison_program(compared: ProfileComparison) -> Program:
    """Return the explorer of a comparison for a report.

    Parameters
    ----------
    compared : ProfileComparison
    """
    pages = ComparisonPages(compared, most_nodes=_BARS)
    records = [
        Record("about", pages.about() | {"tabs": _TABS}, {}),
        Record("names", pages.names(), {}),
        Record("findings", _FINDINGS, {}),
        Record("tree", pages.tree(), {}),
    ]
    return Program(scripts("comparison.js"), records)


def scripts(name: str) -> list[Path]:
    """Return the scripts of an explorer."""
    folder = files(__package__).joinpath("static")
    return [
        *flame_scripts(),
        *(Path(str(folder.joinpath(script))) for script in (*_COMMON, name)),
    ]
