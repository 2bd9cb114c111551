"""Static pictures as SVG text: parts of a whole, icicle, lines, a chain of boxes.

Light enough for a notebook that is saved and for a report without a network; colours come from the
custom properties of `prodforensics.display.theme`, every number is also written in words, and every
text is escaped here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape

from prodforensics.display.tables import human_bytes, human_count, plain
from prodforensics.display.theme import LIGHT_SERIES

WIDTH = 900
_CHARACTER = 6.7  # width of one character of the 11 px monospace face
_ROW = 20


@dataclass(frozen=True)
class Bar:
    """One bar of an icicle.

    Attributes
    ----------
    name : str
        What the bar is.
    size : int
        What its width stands for, bytes.
    depth : int
        Row, from 0 at the top.
    start, end : float
        Left and right side as shares of the whole, 0 to 1.
    place : int
        Number of its colour; negative for what is summed up.
    """

    name: str
    size: int
    depth: int
    start: float
    end: float
    place: int = 0


@dataclass(frozen=True)
class Line:
    """One line of a chart: a name, and a value (or None) for each mark."""

    name: str
    values: Sequence[float | None]


@dataclass(frozen=True)
class Step:
    """One box of a chain, and the edge that leads to it.

    Attributes
    ----------
    name, detail : str
        What stands left and right in the box.
    edge : str
        Name of the edge from the box before; unused for the first.
    chain : int
        How many equal steps this one stands for; 0 for itself alone.
    """

    name: str
    detail: str = ""
    edge: str = ""
    chain: int = 0


def colour(place: int) -> str:
    """Return the CSS colour of a series, with a fallback where the style sheet is missing."""
    number = place % len(LIGHT_SERIES)
    return f"var(--pf-c{number + 1},{LIGHT_SERIES[number]})"


def parts(pieces: Iterable[tuple[str, int]], label: str) -> str:
    """Draw the parts of a whole as one stacked bar with a legend.

    Parameters
    ----------
    pieces : iterable of (str, int)
        Name and size in bytes.
    label : str
        What the whole is.

    Examples
    --------
    >>> "strings" in parts([("strings", 400), ("code", 600)], "Heap by category")
    True
    """
    pieces = [(name, size) for name, size in pieces if size > 0]
    whole = sum(size for _, size in pieces) or 1
    shapes, legend, left = [], [], 0.0
    for place, (name, size) in enumerate(pieces):
        width = WIDTH * size / whole
        words = f"{plain(name)}: {human_bytes(size)} ({100 * size / whole:.1f}%)"
        shapes.append(
            f'<g><title>{escape(words)}</title><rect x="{left:.1f}" y="0" '
            f'width="{max(width - 1, 0.5):.1f}" height="26" fill="{colour(place)}"/>'
            + _text(left + 6, 17, name, width - 10, "pf-on")
            + "</g>"
        )
        legend.append(
            f'<li title="{human_count(size)} bytes"><i style="background:{colour(place)}"></i>'
            f"{escape(plain(name))}<b>{human_bytes(size)}</b> {100 * size / whole:.1f}%</li>"
        )
        left += width
    bar = _svg(WIDTH, 26, label, shapes, stretch=True)
    return f'{bar}<ul class="pf-legend">{"".join(legend)}</ul>'


def icicle(bars: Sequence[Bar], label: str) -> str:
    """Draw nested bars, each as wide as its size, below the one that holds it.

    Examples
    --------
    >>> icicle([Bar("root", 10, 0, 0, 1), Bar("<a>", 4, 1, 0, 0.4)], "Heap").count("<rect")
    2
    """
    shapes = []
    for bar in bars:
        left, width = WIDTH * bar.start, max(WIDTH * (bar.end - bar.start) - 1, 0.5)
        size = human_bytes(bar.size)
        fill = colour(bar.place) if bar.place >= 0 else "var(--pf-line,#d9dde3)"
        kind = "pf-on" if bar.place >= 0 else "pf-soft"
        shapes.append(
            f"<g><title>{escape(f'{plain(bar.name)}: {size}')}</title>"
            f'<rect x="{left:.1f}" y="{bar.depth * _ROW}" width="{width:.1f}" '
            f'height="{_ROW - 1}" fill="{fill}"/>'
            + _text(left + 4, bar.depth * _ROW + 14, f"{bar.name} {size}", width - 6, kind)
            + "</g>"
        )
    height = _ROW * (1 + max((bar.depth for bar in bars), default=0))
    return _svg(WIDTH, height, label, shapes)


def lines(
    series: Sequence[Line],
    marks: Sequence[str],
    label: str,
    *,
    write: Callable[[float], str] = human_bytes,
) -> str:
    """Draw lines over a few marks; names stand at the lines' ends and dashes differ.

    Parameters
    ----------
    series : sequence of Line
        At most about fifteen stay readable.
    marks : sequence of str
        Names along the axis.
    label : str
        What there is to see.
    write : callable
        How a value is written.

    Examples
    --------
    >>> "Session" in lines([Line("Session", [1, 2, 4])], ["a", "b", "c"], "Growth")
    True
    """
    height, left, right, top, bottom = 300, 76, 310, 10, 24
    known = [value for line in series for value in line.values if value is not None]
    step = round_step(max([1.0, *known]) - min([0.0, *known]))
    most = step * math.ceil(max([1.0, *known]) / step)
    least = step * math.floor(min([0.0, *known]) / step)
    across, floor = WIDTH - left - right, height - bottom

    def x(place: int) -> float:
        return left + across * place / max(1, len(marks) - 1)

    def y(value: float) -> float:
        return top + (floor - top) * (1 - (value - least) / (most - least))

    shapes = []
    for tick in range(round((most - least) / step) + 1):
        value = least + step * tick
        shapes.append(
            f'<line x1="{left}" x2="{WIDTH - right}" y1="{y(value):.1f}" y2="{y(value):.1f}" '
            'stroke="var(--pf-line,#d9dde3)"/>'
            + _text(left - 8, y(value) + 4, write(value), left, "pf-soft", "end")
        )
    for place, mark in enumerate(marks):
        anchor = "start" if not place else "end" if place == len(marks) - 1 else "middle"
        shapes.append(_text(x(place), height - 6, mark, across / len(marks), "pf-soft", anchor))
    names = _apart([y(line.values[-1] or 0) for line in series], top, floor)
    for place, line in enumerate(series):
        points = [(x(at), y(v), v) for at, v in enumerate(line.values) if v is not None]
        words = ", ".join(write(v) for *_, v in points)
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b, _ in points)
        dash = ("", "7 3", "2 3", "9 3 2 3")[place // 2 % 4]
        end = y(line.values[-1] or 0)
        shapes.append(
            f"<g><title>{escape(f'{plain(line.name)}: {words}')}</title>"
            f'<polyline points="{path}" fill="none" stroke="{colour(place)}" stroke-width="2" '
            f'stroke-dasharray="{dash}"/>'
            + "".join(
                f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{colour(place)}"/>'
                for a, b, _ in points
            )
            + f'<path d="M{WIDTH - right + 4} {end:.1f}L{WIDTH - right + 14} {names[place]:.1f}" '
            f'stroke="{colour(place)}" fill="none"/>'
            + _text(WIDTH - right + 18, names[place] + 4, line.name, right - 20)
            + "</g>"
        )
    return _svg(WIDTH, height, label, shapes)


def chain(steps: Sequence[Step], label: str) -> str:
    """Draw a retaining path: boxes from the root down, and the names of the edges between them.

    Examples
    --------
    >>> drawn = chain([Step("(root)"), Step("cache", "2 MB", edge="global.cache")], "Path")
    >>> "global.cache" in drawn, drawn.count("<rect")
    (True, 2)
    """
    edge_end, left, wide, box, pitch = 220, 244, 470, 24, 33
    shapes = []
    for place, step in enumerate(steps):
        top = 2 + place * pitch
        if place:
            middle, above = top + box // 2, top - pitch + box - 6
            words = (
                f"\N{MULTIPLICATION SIGN}{step.chain:,} {step.edge}" if step.chain else step.edge
            )
            shapes.append(
                f'<path d="M{left} {above}H{left - 14}V{middle}H{left - 6}" fill="none" '
                f'stroke="var(--pf-soft,#57606a)"/><path d="M{left - 7} {middle - 3.5}v7l6-3.5z" '
                'fill="var(--pf-soft,#57606a)"/>'
                + _text(edge_end, middle + 4, words, edge_end, "pf-edge", "end")
            )
        last = place == len(steps) - 1
        fill = "var(--pf-chosen,#dbe9fb)" if last else "var(--pf-raised,#f6f7f9)"
        shapes.append(
            f'<g><title>{escape(plain(step.name))}</title><rect x="{left}" y="{top}" '
            f'width="{wide}" height="{box}" rx="4" fill="{fill}" '
            'stroke="var(--pf-line,#d9dde3)"/>'
            + _text(left + 10, top + 16, step.name, wide - 120)
            + _text(left + wide - 8, top + 16, step.detail, 100, "pf-soft", "end")
            + "</g>"
        )
    return _svg(left + wide + 2, max(len(steps), 1) * pitch - pitch + box + 4, label, shapes)


def round_step(span: float) -> float:
    """Choose the distance of ticks: 1, 2 or 5 times a power of ten, four or so to the span."""
    power = 10 ** math.floor(math.log10(span / 4))
    return next(power * times for times in (1, 2, 5, 10) if power * times * 5 >= span)


def _apart(heights: Sequence[float], top: float, floor: float) -> list[float]:
    """Move labels at least 14 px apart, in the order of their lines."""
    order = sorted(range(len(heights)), key=heights.__getitem__)
    placed = list(heights)
    below = top - 14
    for place in order:
        below = placed[place] = max(placed[place], below + 14)
    above = floor + 14
    for place in reversed(order):
        above = placed[place] = min(placed[place], above - 14)
    return placed


def _svg(
    width: float, height: float, label: str, shapes: Iterable[str], *, stretch: bool = False
) -> str:
    words = escape(plain(label))
    # What is stretched keeps its height on a narrow page; its legend says what it shows.
    kind = 'class="pf-stretch" preserveAspectRatio="none" ' if stretch else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" {kind}'
        f'width="{width:g}" height="{height:g}" role="img" aria-label="{words}">'
        f"<title>{words}</title>{''.join(shapes)}</svg>"
    )


def _text(
    x: float, y: float, text: str, width: float, kind: str = "", anchor: str = "start"
) -> str:
    room = int(width / _CHARACTER)
    if room < 3:
        return ""
    words = plain(text, 1000)
    if len(words) > room:
        words = words[: room - 1] + "…"
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}">'
        f"{escape(words)}</text>"
    )
