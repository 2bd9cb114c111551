"""Flame graphs as SVG text: what stands in cards, saved notebooks and files.

Bars that would be too narrow to see are drawn as grey runs, so that a picture of a million bars
stays small. Every bar has its name and numbers as a title; every text is escaped here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

import numpy as np

from prodforensics.display.tables import plain
from prodforensics.display.theme import FLAME_RULES

__all__ = ["change_steps", "flame_svg"]

WIDTH = 1200
_ROW = 18
_CHARACTER = 6.7  # width of one character of the 11 px monospace face
_BOUNDS = (0.05, 0.15, 0.35, 0.6)


def flame_svg(
    x0: np.ndarray,
    x1: np.ndarray,
    function: np.ndarray,
    rows: np.ndarray,
    total: float,
    names: Sequence[str],
    *,
    describe: Callable[[int], str],
    label: str,
    tints: np.ndarray | None = None,
    steps: np.ndarray | None = None,
    width: int = WIDTH,
    narrowest: float = 2.0,
    most_rows: int = 100,
    most_bars: int = 1000,
    standalone: bool = False,
) -> str:
    """Draw the bars of a flame graph, the outermost on top.

    Parameters
    ----------
    x0, x1 : number[b]
        Left and right side of each bar, row by row and from left to right.
    function : integer[b]
        Place in ``names``.
    rows : integer[r + 1]
        Bars ``rows[d]:rows[d + 1]`` are those of row ``d``.
    total : float
        Width of the whole.
    names : sequence of str
    describe : callable
        What the title of a bar says of its numbers, given the place of the bar.
    label : str
        What there is to see.
    tints : integer[f], optional
        Number of the colour of each function, 0 to 7.
    steps : integer[b], optional
        Step of change of each bar, 0 to 8, instead (see `change_steps`).
    width : int
        Pixels.
    narrowest : float
        Bars below so many pixels are drawn as grey runs.
    most_rows : int
        Rows below them are left out, and the picture says so.
    most_bars : int
        Where there are more, the narrowest become grey runs too.
    standalone : bool
        Whether the picture brings its colours along, as a file of its own must.

    Returns
    -------
    str

    Examples
    --------
    >>> svg = flame_svg(
    ...     np.array([0, 0]), np.array([4, 3]), np.array([0, 1]), np.array([0, 1, 2]), 4,
    ...     ["main", "<parse>"], describe=lambda bar: "3 samples", label="Flame graph",
    ... )
    >>> svg.count("<rect"), "&lt;parse&gt;: 3 samples" in svg
    (2, True)
    """
    scale = width / total if total else 0.0
    drawn = min(len(rows) - 1, most_rows)
    shown = int(rows[drawn])
    if shown > most_bars:
        widths = np.sort((x1[:shown] - x0[:shown]) * scale)
        narrowest = max(narrowest, float(widths[shown - most_bars]))
    parts = []
    for row in range(drawn):
        first, end = int(rows[row]), int(rows[row + 1])
        left, right = x0[first:end] * scale, x1[first:end] * scale
        y = row * _ROW
        wide = right - left >= narrowest
        for bar in np.flatnonzero(wide).tolist():
            place = first + bar
            name = names[int(function[place])]
            kind = _colour(place, int(function[place]), tints, steps)
            parts.append(_bar(name, describe(place), float(left[bar]), float(right[bar]), y, kind))
        if runs := _runs(left[~wide], right[~wide]):
            shape = "".join(f"M{a} {y}h{b - a}v{_ROW - 1}H{a}z" for a, b in runs)
            parts.append(f'<path class="pf-fr" d="{shape}"/>')
    height = max(drawn, 1) * _ROW
    if drawn < len(rows) - 1:
        words = f"{len(rows) - 1 - drawn} more rows below"
        parts.append(f'<text x="4" y="{height + 13}" class="pf-soft">{words}</text>')
        height += _ROW
    words = escape(plain(label))
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" class="pf-flame-svg" '
        f'viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="{words}"><title>{words}</title>'
        + (f"<style>{FLAME_RULES}</style>" if standalone else "")
        + f"{''.join(parts)}</svg>"
    )


def change_steps(base: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return how each bar of a comparison is coloured: 0 (less) to 8 (more), 4 for no change.

    Steps are of the relative change, so that a small function that doubled is seen.

    Parameters
    ----------
    base, other : number[n]

    Examples
    --------
    >>> change_steps(np.array([10, 10, 10, 0]), np.array([10, 12, 0, 5])).tolist()
    [4, 6, 0, 8]
    """
    whole = np.maximum(base, other).astype(np.float64)
    change = np.subtract(other, base, dtype=np.float64) / np.where(whole > 0, whole, 1.0)
    size = np.searchsorted(_BOUNDS, np.abs(change), side="right")
    return (4 + np.sign(change) * size).astype(np.uint8)


def _bar(name: str, words: str, left: float, right: float, y: int, kind: str) -> str:
    room = int((right - left - 6) / _CHARACTER)
    name = plain(name)
    text = ""
    if room >= 3:
        short = name if len(name) <= room else name[: room - 1] + "…"
        text = f'<text x="{left + 3:.0f}" y="{y + 13}">{escape(short)}</text>'
    # Wide bars leave a line between neighbours.
    across = max(right - left - 0.5, 0.5)
    return (
        f'<g class="{kind}"><title>{escape(f"{name}: {words}")}</title>'
        f'<rect x="{left:.1f}" y="{y}" width="{across:.1f}" height="{_ROW - 1}"/>{text}</g>'
    )


def _runs(left: np.ndarray, right: np.ndarray) -> list[tuple[int, int]]:
    """Join narrow bars to runs of whole pixels; near runs become one."""
    if not left.size:
        return []
    a, b = np.floor(left).astype(int), np.ceil(right).astype(int)
    cut = np.flatnonzero(a[1:] > np.maximum.accumulate(b)[:-1] + 2) + 1
    starts = a[np.concatenate([[0], cut])]
    ends = np.maximum.accumulate(b)[np.concatenate([cut - 1, [a.size - 1]])]
    return list(zip(starts.tolist(), ends.tolist(), strict=True))


def _colour(bar: int, function: int, tints: np.ndarray | None, steps: np.ndarray | None) -> str:
    if steps is not None:
        return f"pf-fd{int(steps[bar])}"
    return f"pf-ft{int(tints[function]) if tints is not None else 0}"
