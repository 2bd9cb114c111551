"""Static pictures and tables of profiles: what cards, reports and saved notebooks show."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from prodforensics._reference import Later
from prodforensics.display.cards import findings_card, picture
from prodforensics.display.flame_file import flame_file
from prodforensics.display.flame_svg import change_steps, flame_svg
from prodforensics.display.tables import table
from prodforensics.evidence import Section
from prodforensics.profile.layout import Layout, layout, layout_tree
from prodforensics.profile.model import human_value
from prodforensics.profile.names import named

if TYPE_CHECKING:
    import pandas as pd

    from prodforensics.profile.compare import ProfileComparison
    from prodforensics.profile.model import Profile

__all__ = [
    "change_document",
    "change_picture",
    "comparison_card",
    "comparison_sections",
    "flame_document",
    "flame_picture",
    "profile_card",
    "profile_sections",
]

# Cards and twins need no answers for a report.
programs = Later("prodforensics.profile.report_views")

_ROWS = 20
_ROWS_OF_CARD = 8
_FINDINGS = 3
_BARS = 1000
_BARS_OF_CARD = 120
_CARD_WIDTH = 900
_CARD_DEPTH = 16
_FILE = {"most_rows": 500, "most_bars": 10_000, "narrowest": 0.5}
_CHANGE = "A bar is as wide as it is now; orange takes more than before, blue less"


def profile_card(profile: Profile) -> str:
    """Draw what the card of a profile shows: a small flame graph, and the busiest functions."""
    if not profile.measures.total:
        return ""
    drawn = flame_picture(
        profile, width=_CARD_WIDTH, most_rows=_CARD_DEPTH, most_bars=_BARS_OF_CARD
    )
    return picture(drawn, _caption(profile)) + table(
        _functions(profile, _ROWS_OF_CARD), units=_units(profile)
    )


def profile_sections(profile: Profile) -> list[Section]:
    """Draw the static twin of the explorer: flame graph, functions, threads."""
    if not profile.measures.total:
        return []
    sections = [
        Section(
            "Flame graph",
            picture(flame_picture(profile), _caption(profile)),
            partial(programs.profile_program, profile),
        ),
        Section("Functions", table(_functions(profile, _ROWS), units=_units(profile))),
    ]
    threads = profile.frames["threads"]
    if len(threads) > 1:
        columns = ["thread_name", "thread_id", "samples", "total", "total_percent"]
        drawn = table(threads[columns], limit=_ROWS, units=_units(profile))
        sections.append(Section("Threads", drawn))
    return sections


def comparison_card(compared: ProfileComparison) -> str:
    """Draw what the card of a comparison shows: the first findings, and what changed most."""
    return findings_card(compared.findings()[:_FINDINGS]) + table(
        _changed(compared, _ROWS_OF_CARD), caption="What changed", units=_units_of(compared)
    )


def comparison_sections(compared: ProfileComparison) -> list[Section]:
    """Draw the static twin of the explorer: differential flame graph, functions."""
    return [
        Section(
            "What changed",
            picture(change_picture(compared), _CHANGE),
            partial(programs.comparison_program, compared),
        ),
        Section(
            "Functions that changed", table(_changed(compared, _ROWS), units=_units_of(compared))
        ),
    ]


def change_picture(
    compared: ProfileComparison,
    width: int = 1200,
    most_rows: int = 100,
    most_bars: int = _BARS,
    narrowest: float = 2.0,
) -> str:
    """Draw a comparison as a flame graph in SVG: as wide as now, coloured by what changed.

    Parameters
    ----------
    compared : ProfileComparison
    width : int
        Pixels.
    most_rows, most_bars : int
        What is beyond them is left out, or drawn as grey runs.
    narrowest : float
        Bars of fewer pixels are drawn as grey runs, too.
    """
    united = compared.united
    bars = layout_tree(united.parent, united.function, united.own[-1], named(united.functions))
    base, other = united.total[0][bars.node], united.total[-1][bars.node]
    unit = compared.value_type.unit

    def describe(bar: int) -> str:
        before, after = base[bar].item(), other[bar].item()
        sign = "+" if after > before else ""
        change = f"{sign}{human_value(after - before, unit)}"
        if before:
            change += f", {100 * (after - before) / before:+.0f} %"
        return f"{human_value(before, unit)} → {human_value(after, unit)} ({change})"

    return flame_svg(
        bars.x0,
        bars.x1,
        bars.function,
        bars.rows,
        bars.total,
        bars.names,
        describe=describe,
        label=f"What changed: {compared.title}",
        steps=change_steps(base, other),
        width=width,
        most_rows=most_rows,
        most_bars=most_bars,
        narrowest=narrowest,
    )


def change_document(compared: ProfileComparison, title: str = "") -> str:
    """Draw a comparison as an SVG file of its own, with a search and zoom."""
    drawn = change_picture(compared, **_FILE)
    return flame_file(drawn, title or compared.title, _CHANGE)


def _changed(compared: ProfileComparison, rows: int) -> pd.DataFrame:
    frame = compared.frames["functions"]
    columns = ["function", "self_base", "self_other", "self_delta", "total_delta"]
    largest = frame["self_delta"].abs().sort_values(ascending=False, kind="stable").index
    return frame.loc[largest[:rows], columns]


def _units_of(compared: ProfileComparison) -> dict[str, str]:
    unit = compared.value_type.unit
    return dict.fromkeys(("self_base", "self_other", "self_delta", "total_delta"), unit)


def flame_picture(
    profile: Profile,
    width: int = 1200,
    most_rows: int = 100,
    most_bars: int = _BARS,
    narrowest: float = 2.0,
    order: str = "left-heavy",
    inverted: bool = False,
) -> str:
    """Draw a profile as a flame graph in SVG.

    Parameters
    ----------
    profile : Profile
    width : int
        Pixels.
    most_rows, most_bars : int
        What is beyond them is left out, or drawn as grey runs.
    narrowest : float
        Bars of fewer pixels are drawn as grey runs, too.
    order, inverted
        See `prodforensics.profile.layout.layout`.

    Returns
    -------
    str
        Needs the style sheet of `prodforensics.display.theme`.
    """
    if order == "left-heavy" and not inverted:
        bars = profile.left_heavy
    else:
        bars = layout(profile.data, profile.measures, order, inverted=inverted)
    unit = profile.default_value_type.unit
    own = _own(bars)

    def describe(bar: int) -> str:
        width = int(bars.x1[bar]) - int(bars.x0[bar])
        return (
            f"{human_value(width * bars.scale, unit)} ({100 * width / bars.total:.1f} %), "
            f"self {human_value(own[bar] * bars.scale, unit)}"
        )

    return flame_svg(
        bars.x0,
        bars.x1,
        bars.function,
        bars.rows,
        bars.total,
        bars.names,
        describe=describe,
        label=f"Flame graph of {profile.title}",
        tints=profile.groups.of,
        width=width,
        most_rows=most_rows,
        most_bars=most_bars,
        narrowest=narrowest,
    )


def flame_document(
    profile: Profile, order: str = "left-heavy", inverted: bool = False, title: str = ""
) -> str:
    """Draw a profile as an SVG file of its own, with a search and zoom.

    Parameters
    ----------
    profile : Profile
    order, inverted
        See `prodforensics.profile.layout.layout`.
    title : str
        What stands above it; the name of the profile's file, where it is empty.
    """
    drawn = flame_picture(profile, order=order, inverted=inverted, **_FILE)
    note = _caption(profile)
    if inverted:
        note = f"{note.partition(';')[0]}; below it what called it"
    if order == "time":
        note += "; from left to right in the order of time"
    return flame_file(drawn, title or profile.title, note)


def _own(bars: Layout) -> np.ndarray:
    """Return the width of each bar that nothing stands on."""
    own = bars.x1.astype(np.int64) - bars.x0
    for row in range(1, len(bars.rows) - 1):
        above = slice(int(bars.rows[row - 1]), int(bars.rows[row]))
        here = slice(int(bars.rows[row]), int(bars.rows[row + 1]))
        holder = np.searchsorted(bars.x0[above], bars.x0[here], side="right") - 1
        np.subtract.at(own[above], holder, (bars.x1[here] - bars.x0[here]).astype(np.int64))
    return own


def _caption(profile: Profile) -> str:
    one = profile.default_value_type
    return f"A bar is as wide as its share of {one.name}; below it what it called"


def _functions(profile: Profile, rows: int) -> pd.DataFrame:
    columns = ["function", "self", "self_percent", "total", "total_percent", "file"]
    frame = profile.frames["functions"][columns].head(rows)
    # Not every profiler tells files.
    return frame if (frame["file"].astype(str) != "").any() else frame.drop(columns="file")


def _units(profile: Profile) -> dict[str, str]:
    unit = profile.default_value_type.unit
    return {"self": unit, "total": unit, "self_percent": "", "total_percent": ""}
