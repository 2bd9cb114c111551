"""Waterfalls: what was asked, when, and what each answer's time went into."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from prodforensics.display.drawing import CHARACTER, Drawing, line, rect, text
from prodforensics.display.tables import human_ns
from prodforensics.network.explorer.timeline import seconds, time_ticks

__all__ = ["Bar", "Phase", "draw_waterfall"]

WAIT = "line"
"""Colour of the phase before something is asked."""

_ROW = 22
_TOP = 44
_HEAD = 16


@dataclass(frozen=True)
class Phase:
    """A part of a bar: its name, its colour, when it began and ended (ns)."""

    name: str
    colour: str
    start: int
    end: int


@dataclass(frozen=True)
class Bar:
    """A row of a waterfall.

    Attributes
    ----------
    label, detail : str
        What was asked; by whom, of whom.
    phases : tuple of Phase
        One behind the other; a row without any is a heading.
    remark : str
        How it ended.
    colour : str
        Of the remark: bad, warn, good, or empty.
    key
        What a widget hands back when the row is pressed.
    """

    label: str
    detail: str = ""
    phases: tuple[Phase, ...] = ()
    remark: str = ""
    colour: str = ""
    key: Any = None

    @property
    def start(self) -> int:
        """When the first phase began, ns."""
        return self.phases[0].start

    @property
    def begun(self) -> int:
        """When it was asked, ns: a wait before that is drawn as a thin line."""
        return next((one.start for one in self.phases if one.colour != WAIT), self.end)

    @property
    def end(self) -> int:
        """When the last phase ended, ns."""
        return self.phases[-1].end


_SIGNS = {
    "bad": "\N{HEAVY MULTIPLICATION X} ",
    "warn": "\N{BLACK UP-POINTING TRIANGLE} ",
}


def draw_waterfall(
    bars: Sequence[Bar], label: str, width: float = 900, *, aligned: bool = False
) -> Drawing:
    """Draw rows over one axis of time.

    Parameters
    ----------
    bars : sequence of Bar
    label : str
        What there is to see.
    width : float
        Pixels.
    aligned : bool
        Let every row begin at 0, to compare how long they took; else they stand where they were.

    Returns
    -------
    Drawing
        Every row with a key is a part.
    """
    timed = [bar for bar in bars if bar.phases]
    begin = 0 if aligned else min((bar.start for bar in timed), default=0)
    end = max((bar.end - (bar.begun if aligned else 0) for bar in timed), default=1)
    end = max(end, begin + 1)
    left = round(min(430, 0.35 * width))
    right = width - round(min(360, 0.27 * width))
    drawing = Drawing(width, _TOP + _ROW * len(bars) + 6, label)
    names = dict.fromkeys((phase.name, phase.colour) for bar in timed for phase in bar.phases)
    at = float(left)
    for name, colour in names:
        drawing.add(rect(at, 4, 10, 10, colour), text(at + 15, 13, name, 300, "pf-soft"))
        at += 34 + CHARACTER * len(name)
    for tick in time_ticks(begin, end):
        x = left + (right - left) * (tick - begin) / (end - begin)
        drawing.add(
            line(x, _TOP - 10, x, drawing.height - 6, "line"),
            text(x, _TOP - 14, seconds(tick), 90, "pf-soft", "middle"),
        )
    for row, bar in enumerate(bars):
        _row(drawing, bar, _TOP + _ROW * row, left, right, (begin, end), aligned=aligned)
    return drawing


def _row(
    drawing: Drawing,
    bar: Bar,
    top: float,
    left: float,
    right: float,
    axis: tuple[int, int],
    *,
    aligned: bool,
) -> None:
    begin, end = axis
    y = top + 15
    hit = rect(0, top, drawing.width, _ROW, "none", class_="pf-hit", pointer_events="all")
    if not bar.phases:
        words = f"{bar.label}  {bar.detail}"
        shapes = [text(4, y, bar.label, drawing.width - 8, "pf-strong")]
        shapes.append(
            text(12 + CHARACTER * len(bar.label), y, bar.detail, drawing.width / 2, "pf-soft")
        )
        drawing.add(hit, *shapes, title=words, key=bar.key)
        return
    shift = bar.begun if aligned else begin
    scale = (right - left) / (end - (0 if aligned else begin))
    # The label gives way to the detail, which tells rows of one name apart.
    detail = min(CHARACTER * (len(bar.detail) + 1), 0.45 * left) if bar.detail else 0
    shapes = [
        hit,
        text(16, y, bar.label, left - 28 - detail),
        text(left - 8, y, bar.detail, detail, "pf-soft", "end"),
    ]
    for phase in bar.phases:
        thin = phase.colour == WAIT
        if thin and aligned:
            continue
        x = left + (phase.start - shift) * scale
        wide = max((phase.end - phase.start) * scale, 1.5)
        high = 3 if thin else 12
        shapes.append(rect(x, top + 5 + (12 - high) / 2, wide, high, phase.colour))
    took = human_ns(bar.end - bar.begun)
    room = drawing.width - right - 14
    shapes.append(text(right + 12, y, took, 70, "pf-soft"))
    kind = f"pf-{bar.colour}" if bar.colour else ""
    said = f"{_SIGNS.get(bar.colour, '')}{bar.remark}"
    shapes.append(text(right + 80, y, said, room - 70, kind))
    parts = [f"{p.name} {human_ns(p.end - p.start)}" for p in bar.phases]
    title = ", ".join(filter(None, [bar.label, bar.detail, f"{took} {said}", *parts]))
    drawing.add(*shapes, title=title, key=bar.key)
