"""Collapsed stacks as bars: how many threads stand where."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from prodforensics._text import plain
from prodforensics.core.explorer.names import short_name
from prodforensics.display.drawing import CHARACTER, Drawing, rect, text

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["draw_groups", "group_rows"]

_ROW = 40
_COUNT, _STATE = 150, 84
_THREADS = 500


def group_rows(stacks: pd.DataFrame) -> list[dict[str, Any]]:
    """Return what a view shows of the groups of equal stacks, as JSON values.

    Parameters
    ----------
    stacks : DataFrame
        The frame ``stacks`` of a core.
    """
    rows = []
    for place, record in enumerate(stacks.to_dict("records")):
        rows.append(
            {
                "group": place,
                "count": int(record["count"]),
                "threads": [int(one) for one in list(record["threads"])[:_THREADS]],
                "state": plain(record["state"], 40),
                "crashed": bool(record["is_crashed"]),
                "depth": int(record["depth"]),
                "top": plain(record["top"], 1000) or "??",
                "summary": plain(record["summary"], 1000),
            }
        )
    return rows


def draw_groups(
    rows: Sequence[dict[str, Any]], width: float, label: str, *, most: int = 12
) -> Drawing:
    """Draw how many threads stand where.

    Parameters
    ----------
    rows : sequence of dict
        See `group_rows`; in the order of the picture.
    width : float
        Pixels.
    label : str
        What there is to see.
    most : int
        Groups to draw at the most.

    Returns
    -------
    Drawing
        A group is a part; its key is its number.
    """
    drawing = Drawing(width, 0, label)
    shown = rows[:most]
    largest = max((row["count"] for row in shown), default=1)
    y = 0.0
    for row in shown:
        _bar(drawing, row, y, width, largest)
        y += _ROW
    rest = rows[most:]
    if rest:
        threads = sum(row["count"] for row in rest)
        words = f"… {len(rest):,} more stacks of {threads:,} threads"
        drawing.add(text(4, y + 15, words, width, "pf-soft"))
        y += 22
    if not rows:
        drawing.add(text(4, 15, "No other threads.", width, "pf-soft"))
        y = 22
    drawing.height = y + 2
    return drawing


def _bar(drawing: Drawing, row: dict[str, Any], y: float, width: float, largest: int) -> None:
    count, crashed = row["count"], row["crashed"]
    threads = f"{count:,} thread{'s' * (count != 1)}"
    long = max((_COUNT - 12) * count / largest, 3)
    room = width - _COUNT - _STATE - 10
    said = _numbers(row)
    drawing.add(
        rect(0, y, width, _ROW - 3, "none", class_="pf-hit", rx=3),
        text(4, y + 14, threads, _COUNT - 8, "pf-strong"),
        rect(4, y + 21, _COUNT - 12, 8, "raised", rx=2),
        rect(4, y + 21, long, 8, "bad" if crashed else "c1", rx=2),
        text(
            _COUNT, y + 14, "✖ crashed" if crashed else row["state"], _STATE - 6,
            "pf-bad pf-strong" if crashed else "pf-soft",
        ),
        text(
            _COUNT + _STATE, y + 14, short_name(row["top"], int(room / CHARACTER)), room,
            "pf-strong",
        ),
        text(_COUNT + _STATE, y + 29, row["summary"], room, "pf-soft"),
        title=f"{threads} ({said}), {row['state']}, {row['depth']} frames: {row['summary']}",
        key=row["group"],
    )  # fmt: skip


def _numbers(row: dict[str, Any]) -> str:
    shown = ", ".join(map(str, row["threads"][:8]))
    return shown + (", …" if row["count"] > 8 else "")
