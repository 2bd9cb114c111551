"""Crashes of many cores as bars: how often each was seen, and from when to when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from prodforensics._text import plain
from prodforensics.display.drawing import Drawing, rect, text

if TYPE_CHECKING:
    from collections.abc import Hashable

__all__ = ["draw_buckets"]

_ROW = 44
_COUNT, _SIGNAL, _TIMES = 150, 84, 300
_MOST = 20
_NAME = 300


def draw_buckets(buckets: pd.DataFrame, width: float) -> Drawing:
    """Draw the crashes, the most common first.

    Parameters
    ----------
    buckets : DataFrame
        The frame ``buckets`` of a comparison.
    width : float
        Pixels.

    Returns
    -------
    Drawing
        A crash is a part; its key is its place in the frame.
    """
    drawing = Drawing(width, 0, f"{len(buckets)} different crashes")
    shown = buckets.head(_MOST)
    largest = max(shown["count"].max() if len(shown) else 1, 1)
    first, last = buckets["first"].min(), buckets["last"].max()
    y = 0.0
    for place, (_, row) in enumerate(shown.iterrows()):
        _bar(drawing, place, row, y, width, int(largest), first, last)
        y += _ROW
    if len(buckets) > _MOST:
        words = f"… {len(buckets) - _MOST:,} more"
        drawing.add(text(4, y + 15, words, width, "pf-soft"))
        y += 22
    drawing.height = y + 2
    return drawing


def _bar(
    drawing: Drawing,
    place: int,
    row: pd.Series[object],
    y: float,
    width: float,
    largest: int,
    first: pd.Timestamp,
    last: pd.Timestamp,
) -> None:
    count = int(row["count"])
    cores = f"{count:,} core{'s' * (count != 1)}"
    long = max((_COUNT - 12) * count / largest, 3)
    room = width - _COUNT - _SIGNAL - _TIMES - 20
    top, summary = plain(row["top"], _NAME) or "??", plain(row["summary"], _NAME)
    times = _told(row["first"], row["last"])
    left = width - _TIMES
    span = max((last - first).total_seconds(), 1e-9) if pd.notna(first) else 1.0
    shapes = [
        rect(0, y, width, _ROW - 3, "none", class_="pf-hit", rx=3),
        text(4, y + 14, cores, _COUNT - 8, "pf-strong"),
        rect(4, y + 21, _COUNT - 12, 8, "raised", rx=2),
        rect(4, y + 21, long, 8, "bad", rx=2),
        text(_COUNT, y + 14, plain(row["signal"], 40) or "no signal", _SIGNAL - 6, "pf-soft"),
        text(_COUNT + _SIGNAL, y + 14, top, room, "pf-strong"),
        text(_COUNT + _SIGNAL, y + 29, summary, room, "pf-soft"),
        text(left, y + 14, times, _TIMES - 4, "pf-soft"),
        rect(left, y + 21, _TIMES - 8, 8, "raised", rx=2),
    ]
    if pd.notna(row["first"]):
        begin = (row["first"] - first).total_seconds() / span
        end = (row["last"] - first).total_seconds() / span
        wide = max((end - begin) * (_TIMES - 8), 3)
        at = min(left + begin * (_TIMES - 8), width - 8 - wide)
        shapes.append(rect(at, y + 21, wide, 8, "c1", rx=2))
    key: Hashable = place
    drawing.add(*shapes, title=f"{cores}, {times}: {summary}", key=key)


def _told(first: pd.Timestamp, last: pd.Timestamp) -> str:
    if pd.isna(first):
        return "no time"
    begin = f"{first:%Y-%m-%d %H:%M:%S}"
    return begin if first == last else f"{begin} to {last:%Y-%m-%d %H:%M:%S}"
