"""JSON documents of tools, one after the other in a file."""

from __future__ import annotations

import json
from typing import Any

from prodforensics._text import plain
from prodforensics.gaps import Gap
from prodforensics.source import Source

__all__ = ["documents", "number", "text"]

_BLANK = " \t\r\n,"


def documents(source: Source) -> tuple[list[tuple[int, Any]], list[Gap]]:
    """Read every JSON object of a file: one, several in a row, or those of an array.

    Returns
    -------
    objects : list of (int, dict)
        The line that each begins at, and the object.
    gaps : list of Gap
        What stands between them or is cut short; what comes after a cut object is not read.
    """
    text = b"".join(source.chunks()).decode("utf-8", "replace").removeprefix("\ufeff")
    decoder = json.JSONDecoder()
    found, gaps = [], []
    at, line, counted = 0, 1, 0
    inside = False
    while True:
        while at < len(text) and text[at] in _BLANK:
            at += 1
        line, counted = line + text.count("\n", counted, at), at
        if at >= len(text):
            break
        if not found and not inside and text[at] == "[":
            inside, at = True, at + 1
            continue
        if inside and text[at] == "]":
            inside, at = False, at + 1
            continue
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            value, end = None, at
        if not isinstance(value, dict):
            what = "the file ends in the middle, or goes on with what is no JSON object"
            lost = len(text[at:].encode("utf-8", "replace"))
            gaps.append(Gap(what, line=line, lost_bytes=lost, excerpt=plain(text[at:], 80)))
            return found, gaps
        found.append((line, value))
        at = end
    if inside:
        gaps.append(Gap("the array has no end: the file is cut short", line=line))
    return found, gaps


def number(value: Any) -> float | None:
    """Return a number of a document, also one that is written as text; None for anything else.

    Examples
    --------
    >>> number("64"), number(0.5), number(True), number("0x00")
    (64.0, 0.5, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if abs(found) < 2**62 else None


def text(value: Any) -> str:
    """Return the text of a document's value; empty for what is none.

    Examples
    --------
    >>> text("a"), text(None), text(7)
    ('a', '', '7')
    """
    return str(value) if isinstance(value, str | int | float) else ""
