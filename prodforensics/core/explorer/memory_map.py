"""The address space as a picture: what the process had mapped, and what of it the core holds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prodforensics._text import plain
from prodforensics.core.explorer.names import file_name
from prodforensics.display.drawing import CHARACTER, Drawing, Shape, line, path, rect, text
from prodforensics.display.tables import human_bytes, human_count

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Range", "draw_memory", "ranges"]

_CELL, _BETWEEN = 34, 18
_MOST = 900
_LEAST = 5.0
_COLOURS = ("c1", "c3", "c4", "c5", "c2", "c6", "c7", "c8")
_FIRST = ("heap", "stack", "anonymous", "file")
_LINE = 20
_NAMED = 4 * CHARACTER + 8
"""Pixels from which a range has its name in it."""


@dataclass(frozen=True)
class Range:
    """Mappings side by side that belong to one file, or are of one kind.

    Attributes
    ----------
    start, end : int
        Addresses.
    kind : str
        heap, stack, file, anonymous ...
    name : str
        The file, or the kind.
    path : str
        The whole path; empty for none.
    mappings : int
        How many.
    size, resident, missing : int
        Bytes: of the range, in the core, and cut off it.
    row : int
        Place of the first one in the frame ``mappings``.
    """

    start: int
    end: int
    kind: str
    name: str
    path: str
    mappings: int
    size: int
    resident: int
    missing: int
    row: int


def ranges(mappings: pd.DataFrame, most: int = _MOST) -> list[Range]:
    """Put mappings together that stand side by side and belong together.

    Parameters
    ----------
    mappings : DataFrame
        The frame of a core.
    most : int
        Ranges at the most; the last one then stands for the rest.
    """
    columns = ["start", "end", "segment", "path", "size_bytes", "resident_bytes", "missing_bytes"]
    found: list[Range] = []
    for row, (start, end, kind, path_, size, resident, missing) in enumerate(
        mappings[columns].itertuples(index=False, name=None)
    ):
        words = plain(path_, 1000)
        name = file_name(words) or str(kind)
        one = Range(
            int(start), int(end), str(kind), name, words, 1, int(size), int(resident),
            int(missing), row,
        )  # fmt: skip
        last = found[-1] if found else None
        alike = last and (last.path, last.kind) == (one.path, one.kind)
        if last and ((alike and (one.path or last.end == one.start)) or len(found) >= most):
            found[-1] = _joined(last, one, "others" if not alike else last.name)
        else:
            found.append(one)
    return found


def _joined(one: Range, other: Range, name: str) -> Range:
    return Range(
        one.start,
        other.end,
        one.kind,
        name,
        one.path,
        one.mappings + 1,
        one.size + other.size,
        one.resident + other.resident,
        one.missing + other.missing,
        one.row,
    )


def draw_memory(given: Sequence[Range], width: float, label: str = "Memory map") -> Drawing:
    """Draw ranges in the order of their addresses, with what of them is in the file.

    Parameters
    ----------
    given : sequence of Range
    width : float
        Pixels.
    label : str
        What there is to see.

    Returns
    -------
    Drawing
        A range is a part; its key is its first row in the frame ``mappings``.

    Notes
    -----
    Widths grow with the logarithm of the size: a page and a heap of gigabytes are both seen.
    """
    drawing = Drawing(width, 0, label)
    colours = _kinds(given)
    y = _legend(drawing, given, colours, width)
    x, last_end = 0.0, None
    widths = [math.log2(max(one.size, 4096) / 4096) + 0.6 for one in given]
    # Few ranges take the whole width, many several rows of it.
    unit = min(max((width - 8 * len(given)) / sum(widths), 9.0), 26.0) if given else 9.0
    for one, share in zip(given, widths, strict=True):
        wide = max(_LEAST, unit * share)
        gap = last_end is not None and one.start > last_end
        step = 7.0 if gap else 2.0
        if x and x + step + wide > width:
            x, y = 0.0, y + _CELL + _BETWEEN + 14
        elif x:
            if gap:
                drawing.add(
                    line(x + 3.5, y + 10, x + 3.5, y + _CELL - 10, "soft", stroke_dasharray="2 2")
                )
            x += step
        if not x:
            drawing.add(text(0, y - 4, f"{one.start:#x}", 200, "pf-soft"))
        _cell(drawing, one, x, y, min(wide, width), colours[one.kind])
        x, last_end = x + wide, one.end
    drawing.height = y + _CELL + 4 if given else y + 20
    if not given:
        drawing.add(text(4, y + 12, "The core tells of no mappings.", width, "pf-soft"))
    return drawing


def _cell(drawing: Drawing, one: Range, x: float, y: float, wide: float, colour: str) -> None:
    """Draw a range: full where its bytes are in the file, empty where they are not."""
    inner = max(wide - 1, 1)
    here = inner * one.resident / one.size if one.size else 0.0
    gone = inner * one.missing / one.size if one.size else 0.0
    here = max(here, 1.5) if one.resident else 0.0
    gone = max(gone, 1.5) if one.missing else 0.0
    cut = x + inner - gone
    drawing.add(
        rect(
            x, y, inner, _CELL, "ground", stroke=colour, stroke_dasharray="3 2", rx=2,
            class_="pf-face",
        ),
        rect(x, y, min(here, inner), _CELL, colour, rx=2) if here else None,
        rect(cut, y, gone, _CELL, "bad-ground", stroke="bad") if gone else None,
        path(f"M{cut} {y}L{cut + gone} {y + _CELL}M{cut + gone} {y}L{cut} {y + _CELL}", "bad")
        if gone > 3
        else None,
        _name(one, x, y, min(here, inner), cut),
        title=_words(one),
        key=one.row,
    )  # fmt: skip


def _name(one: Range, x: float, y: float, here: float, cut: float) -> Shape | None:
    """Write the name where there is most room: on what is in the file, or beside it."""
    if here >= cut - x - here:
        return text(x + 4, y + 14, one.name, here - 8, "pf-on") if here > _NAMED else None
    room = cut - x - here
    return text(x + here + 4, y + 14, one.name, room - 8) if room > _NAMED else None


def _words(one: Range) -> str:
    parts = [
        f"{one.path or one.name}, {one.kind}: {one.start:#x} to {one.end:#x}",
        human_bytes(one.size),
        f"{human_bytes(one.resident)} in the core",
    ]
    if one.missing:
        parts.append(f"{human_bytes(one.missing)} cut off")
    rest = one.size - one.resident - one.missing
    if rest > 0:
        parts.append(f"{human_bytes(rest)} not written")
    if one.mappings > 1:
        parts.append(f"{human_count(one.mappings)} mappings")
    return ", ".join(parts)


def _kinds(given: Sequence[Range]) -> dict[str, str]:
    known = [kind for kind in _FIRST if any(one.kind == kind for one in given)]
    others = sorted({one.kind for one in given} - set(known))
    return {kind: _COLOURS[place % len(_COLOURS)] for place, kind in enumerate([*known, *others])}


def _legend(
    drawing: Drawing, given: Sequence[Range], colours: dict[str, str], width: float
) -> float:
    x, y = 0.0, 0.0
    entries = []
    for kind, colour in colours.items():
        mine = [one for one in given if one.kind == kind]
        size, here = sum(one.size for one in mine), sum(one.resident for one in mine)
        entries.append((f"{kind} {human_bytes(here)} of {human_bytes(size)}", colour, colour, ""))
    if any(one.size > one.resident + one.missing for one in given):
        entries.append(("not written to the core", "ground", "soft", "3 2"))
    if any(one.missing for one in given):
        missing = sum(one.missing for one in given)
        entries.append((f"✖ cut off {human_bytes(missing)}", "bad-ground", "bad", ""))
    for words, fill, stroke, dash in entries:
        wide = 24 + CHARACTER * len(words) + 16
        if x and x + wide > width:
            x, y = 0.0, y + _LINE
        drawing.add(
            rect(x + 1, y + 4, 14, 12, fill, stroke=stroke, stroke_dasharray=dash or "none", rx=2),
            text(x + 21, y + 14, words, wide, "pf-soft"),
        )
        x += wide
    return y + _LINE + 20
