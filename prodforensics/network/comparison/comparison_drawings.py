"""Drawings of two captures: times and rates before and after; delay and loss of a path."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from prodforensics.display.drawing import Drawing, line, path, rect, text
from prodforensics.display.svg import round_step
from prodforensics.display.tables import human_count, human_ns
from prodforensics.network.comparison.changes import CHANCE
from prodforensics.network.explorer.timeline import seconds, time_ticks
from prodforensics.statistics import quantiles

if TYPE_CHECKING:
    import pandas as pd

    from prodforensics.network.compare import CaptureComparison
    from prodforensics.network.comparison.both_ends import BothEnds

__all__ = ["draw_delays", "draw_rates", "draw_times"]

_ROWS = 10
_ROW = 34
_NAMES, _WORDS = 250, 260
_METRICS = {
    "handshake": "handshake",
    "resp_rtt": "acknowledged by it",
    "orig_rtt": "acknowledged to it",
    "answer": "answer",
    "retransmission": "segments sent again",
    "failed": "attempts that fail",
    "reset": "connections reset",
    "error": "errors",
    "refusal": "refusals",
}
_SPANS = 200
_LEFT, _RIGHT = 84, 14


def draw_times(compared: CaptureComparison, width: float = 900) -> Drawing | None:
    """Draw the times that changed most: from the median to the 95 % quantile, before and after.

    Returns
    -------
    Drawing or None
        None where nothing was measured often enough.
    """
    changes = compared.frames["changes"]
    rows = _chosen(changes[changes["test"] != "share"])
    if not len(rows):
        return None
    lines = []
    for row in rows.itertuples():
        found = compared.frames[row.frame].loc[row.row]
        ends = [
            [float(found[f"{row.metric}_{which}_ns_{end}"]) for which in ("median", "p95")]
            for end in ("base", "other")
        ]
        worse = row.p_value < CHANCE and row.effect > 0
        lines.append((row.what, _METRICS[row.metric], ends, worse))
    every = np.maximum([value for *_, ends, _ in lines for end in ends for value in end], 1e3)
    low = math.floor(math.log10(every.min()))
    high = max(low + 1, math.ceil(math.log10(every.max())))
    drawing = Drawing(width, 40 + _ROW * len(lines), "Times before and after")
    across = width - _NAMES - _WORDS

    def x(value: float) -> float:
        return _NAMES + across * (math.log10(max(value, 1e3)) - low) / (high - low)

    floor = drawing.height - 16
    for power in range(low, high + 1):
        at = x(10.0**power)
        drawing.add(
            line(at, 18, at, floor, "line"),
            text(at, floor + 13, human_ns(10.0**power), 70, "pf-soft", "middle"),
        )
    _legend(drawing, _NAMES)
    for place, (what, metric, ends, worse) in enumerate(lines):
        top = 24 + _ROW * place
        said = [f"{human_ns(half)}, 95 % {human_ns(most)}" for half, most in ends]
        parts = [
            text(0, top + 11, what, _NAMES - 10, "pf-strong"),
            text(0, top + 24, metric, _NAMES - 10, "pf-soft"),
            text(width - _WORDS + 12, top + 11, said[0], _WORDS - 12, "pf-soft"),
            text(width - _WORDS + 12, top + 24, said[1], _WORDS - 12, "pf-bad" if worse else ""),
        ]
        for side, (half, most) in enumerate(ends):
            colour = "soft" if not side else "bad" if worse else "accent"
            y = top + 7 + 13 * side
            parts += [
                line(x(half), y, max(x(most), x(half) + 1), y, colour, stroke_width=3),
                path(f"M{x(half):.1f} {y - 5}v10", colour, stroke_width=3),
                path(f"M{x(most):.1f} {y - 3}v6", colour, stroke_width=2),
            ]
        words = f"{what}, {metric}: half within {said[0]} before; {said[1]} after"
        drawing.add(*parts, title=words)
    return drawing


def draw_rates(compared: CaptureComparison, width: float = 900) -> Drawing | None:
    """Draw the rates that changed most as bars, before and after; None where there is none."""
    changes = compared.frames["changes"]
    rows = changes[changes["test"] == "share"]
    rows = _chosen(rows[rows[["value_base", "value_other"]].max(axis=1) > 0])
    if not len(rows):
        return None
    most = float(rows[["value_base", "value_other"]].to_numpy().max())
    step = round_step(most)
    top_value = step * math.ceil(most / step - 1e-9)
    drawing = Drawing(width, 40 + _ROW * len(rows), "Rates before and after")
    across = width - _NAMES - _WORDS
    floor = drawing.height - 16
    for tick in range(round(top_value / step) + 1):
        at = _NAMES + across * tick * step / top_value
        drawing.add(
            line(at, 18, at, floor, "line"),
            text(at, floor + 13, f"{tick * step:g} %", 60, "pf-soft", "middle"),
        )
    _legend(drawing, _NAMES)
    for place, row in enumerate(rows.itertuples()):
        top = 24 + _ROW * place
        worse = row.p_value < CHANCE and row.effect > 0
        said = [
            f"{value:.1f} % of {human_count(int(count))}"
            for value, count in (
                (row.value_base, row.count_base), (row.value_other, row.count_other),
            )
        ]  # fmt: skip
        metric = _METRICS[row.metric]
        parts = [
            text(0, top + 11, row.what, _NAMES - 10, "pf-strong"),
            text(0, top + 24, metric, _NAMES - 10, "pf-soft"),
            text(width - _WORDS + 12, top + 11, said[0], _WORDS - 12, "pf-soft"),
            text(width - _WORDS + 12, top + 24, said[1], _WORDS - 12, "pf-bad" if worse else ""),
        ]
        for side, value in enumerate((row.value_base, row.value_other)):
            colour = "soft" if not side else "bad" if worse else "accent"
            wide = max(across * value / top_value, 1.5)
            parts.append(rect(_NAMES, top + 2 + 13 * side, wide, 10, colour))
        drawing.add(*parts, title=f"{row.what}, {metric}: {said[0]} before; {said[1]} after")
    return drawing


def draw_delays(both: BothEnds, width: float = 900) -> Drawing | None:
    """Draw one-way delay and loss of both directions over time; None without packets of both."""
    if not len(both.same.base):
        return None
    frames = {name: both.frames[name] for name in ("matched", "lost")}
    ways = [way for way in ("to_other", "to_base") if (frames["matched"]["direction"] == way).any()]
    times = {name: frame["ts"].astype("int64").to_numpy() for name, frame in frames.items()}
    begin = min(int(one.min()) for one in times.values() if len(one))
    end = max(int(one.max()) for one in times.values() if len(one)) + 1
    span = max((end - begin) // _SPANS, 1)
    count = (end - begin) // span + 1
    drawing = Drawing(width, 0, "One-way delay and loss over time")
    chart, across, top = 96, width - _LEFT - _RIGHT, 0.0
    wide = across / count
    delay = frames["matched"]["delay_ns"].to_numpy()
    most = max(float(delay.max()), 1.0)
    step = round_step(most)
    most = step * math.ceil(most / step)
    for way in ways:
        mine = (frames["matched"]["direction"] == way).to_numpy()
        place = (times["matched"][mine] - begin) // span
        found = quantiles(delay[mine], place, count, (0.0, 0.5, 0.95, 1.0))
        gone = (frames["lost"]["direction"] == way).to_numpy()
        lost = np.bincount((times["lost"][gone] - begin) // span, minlength=count)
        title = f"From the base to the other end: {int(lost.sum()):,} lost"
        if way == "to_base":
            title = f"From the other end to the base: {int(lost.sum()):,} lost"
        drawing.add(text(_LEFT, top + 15, title, across - 280, "pf-strong"))
        _key(drawing, width - _RIGHT, top + 15)
        top += 22
        for tick in range(round(most / step) + 1):
            y = top + chart * (1 - tick * step / most)
            words = human_ns(tick * step) if tick else "0"
            drawing.add(
                line(_LEFT, y, _LEFT + across, y, "line"),
                text(_LEFT - 8, y + 4, words, _LEFT - 10, "pf-soft", "end"),
            )
        for at in np.flatnonzero(np.isfinite(found[0]) | (lost > 0)).tolist():
            _span(drawing, found[:, at], int(lost[at]), _LEFT + wide * at, wide, top, chart, most)
        top += chart + 22
    for tick in time_ticks(0, end - begin):
        at = _LEFT + across * tick / (end - begin)
        near = at > _LEFT + across - 30
        drawing.add(
            line(at, top - 6, at, top - 2, "soft"),
            text(at, top + 10, seconds(tick), 90, "pf-soft", "end" if near else "middle"),
        )
    drawing.height = top + 16
    return drawing


def _span(
    drawing: Drawing, delay: np.ndarray, lost: int, x: float, wide: float, top: float, chart: float,
    most: float,
) -> None:  # fmt: skip
    """Draw what happened in one span of time: delays as a bar with its median, losses below."""

    def y(value: float) -> float:
        return top + chart * (1 - value / most)

    parts, words = [], []
    shown = max(wide - (1 if wide > 4 else 0), 1.2)
    if np.isfinite(delay[0]):
        least, half, high, slowest = delay.tolist()
        tall = max(y(least) - y(high), 1.6)
        parts = [
            line(x + shown / 2, y(slowest), x + shown / 2, y(high), "bar"),
            rect(x, y(least) - tall, shown, tall, "bar"),
            rect(x, y(half) - 1, shown, 2, "accent"),
        ]
        words.append(f"median {human_ns(half)}, {human_ns(least)} to {human_ns(slowest)}")
    if lost:
        parts.append(rect(x, top + chart + 2, shown, 7, "bad"))
        words.append(f"{lost:,} lost")
    drawing.add(*parts, title=", ".join(words))


def _chosen(rows: pd.DataFrame) -> pd.DataFrame:
    """Take the rows that say most: surely grown first, each place and metric once."""
    # A path that holds one service alone would say the same again.
    rows = rows[rows["frame"] != "paths"] if (rows["frame"] != "paths").any() else rows
    return rows.drop_duplicates(["what", "metric"]).head(_ROWS)


def _legend(drawing: Drawing, left: float) -> None:
    for words, colour in (("before", "soft"), ("after", "accent"), ("after, and worse", "bad")):
        drawing.add(rect(left, 2, 10, 10, colour), text(left + 15, 11, words, 130, "pf-soft"))
        left += 30 + 6.7 * len(words)


def _key(drawing: Drawing, right: float, y: float) -> None:
    for words, colour in (("lost", "bad"), ("95 % of packets", "bar"), ("median", "accent")):
        right -= 6.7 * len(words)
        drawing.add(rect(right - 14, y - 9, 10, 10, colour), text(right, y, words, 130, "pf-soft"))
        right -= 26
