"""A stack as a picture: the innermost frame on top, with the lines of source where it stood."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prodforensics.core.explorer.names import short_name
from prodforensics.core.explorer.stack_frames import Stack
from prodforensics.display.drawing import CHARACTER, Drawing, path, rect, text

__all__ = ["draw_stack"]

_ROW, _SOURCE = 21, 18
_NUMBER, _KIND = 44, 62
_MOST = 40
_COLOURS = {
    "native": "soft",
    "inline": "soft",
    "js": "c5",
    "python": "c1",
    "go": "c3",
    "java": "c2",
    "signal": "bad",
}
_UNTRUSTED = {"✖ mismatched": "✖ symbols of another build", "? unverified": "?"}


def draw_stack(
    stack: Stack,
    width: float,
    label: str,
    *,
    lines: Mapping[int, str] | None = None,
    most: int = _MOST,
) -> Drawing:
    """Draw the frames of a thread.

    Parameters
    ----------
    stack : Stack
    width : float
        Pixels.
    label : str
        Whose stack it is.
    lines : mapping of int to str, optional
        The line of source of a frame by its number.
    most : int
        Frames to draw at the most; a recursion counts once.

    Returns
    -------
    Drawing
        A frame is a part; its key is its number.
    """
    lines = lines or {}
    picture = _Picture(width, Drawing(width, 0, label))
    drawn = 0
    for fold in stack.folds():
        stop = min(fold.stop, fold.start + most - drawn)
        begin = picture.y
        for row in stack.rows(fold.start, stop):
            picture.frame(row, lines.get(row["index"], ""), inner=fold.times > 1)
        drawn += stop - fold.start
        if fold.times > 1 and stop == fold.stop:
            picture.repeated(begin, fold.times, fold.stop - fold.start)
        if stop < fold.stop or (drawn >= most and fold.end < len(stack)):
            picture.rest(len(stack) - (stop if fold.times == 1 else fold.end))
            break
    return picture.done()


class _Picture:
    """A picture that grows downwards."""

    def __init__(self, width: float, drawing: Drawing) -> None:
        self.width, self.drawing, self.y = width, drawing, 0.0

    def frame(self, row: Mapping[str, Any], source: str, *, inner: bool) -> None:
        """Draw one frame, and its line of source."""
        left = _NUMBER + _KIND + (16 if inner else 0)
        height = _ROW + (_SOURCE if source else 0)
        place = row["place"] or (row["module"] if row["known"] else "")
        doubt = _UNTRUSTED.get(row["trust"], "")
        where = f"{place}  {doubt}".strip()
        side = min(self.width * 0.45, CHARACTER * (len(where) + 1))
        name = short_name(row["function"], int((self.width - left - side - 20) / CHARACTER))
        room = CHARACTER * (len(name) + 1)
        colour = _COLOURS.get(row["kind"], "soft")
        kind = "pf-strong" if row["index"] == 0 else "" if row["known"] else "pf-soft"
        base = self.y + 15
        self.drawing.add(
            rect(0, self.y, self.width, height - 1, "none", class_="pf-hit", rx=3),
            text(_NUMBER - 10, base, f"#{row['index']}", _NUMBER, "pf-soft", "end"),
            rect(_NUMBER, self.y + 4, 3, 13, colour) if row["kind"] != "native" else None,
            text(_NUMBER + 7, base, row["kind"], _KIND - 8, "pf-soft"),
            text(left, base, name, room, kind),
            text(left + room + 8, base, where, side, "pf-bad" if doubt[:1] == "✖" else "pf-soft"),
            rect(left, self.y + _ROW - 2, self.width - left - 6, _SOURCE - 2, "raised", rx=2)
            if source
            else None,
            text(
                left + 8, self.y + _ROW + 11, f"{row['line']}  {source.strip()}",
                self.width - left - 20, "pf-edge",
            )
            if source
            else None,
            title=self.words(row, source),
            key=row["index"],
        )  # fmt: skip
        self.y += height

    @staticmethod
    def words(row: Mapping[str, Any], source: str) -> str:
        """Say all that is known of a frame."""
        parts = [f"#{row['index']} {row['function']}"]
        if row["path"]:
            parts.append(f"{row['path']}" + (f":{row['line']}" if row["line"] >= 0 else ""))
        parts += [row["module"], row["kind"], f"symbols: {row['trust']}"]
        if source:
            parts.append(source.strip())
        if row["waits_on"]:
            holder = "" if row["held_by"] is None else f", held by thread {row['held_by']}"
            parts.append(f"waits on {row['waits_on']}{holder}")
        if row["status"] not in ("", "complete"):
            parts.append(f"the stack ends here: {row['status']}")
        return ", ".join(part for part in parts if part)

    def repeated(self, begin: float, times: int, frames: int) -> None:
        """Say that the frames above stand there many times."""
        left = _NUMBER + _KIND + 4
        what = "this frame" if frames == 1 else f"these {frames} frames"
        words = f"↻ {what} {times:,} times in a row: {frames * times:,} frames"
        self.drawing.add(
            path(f"M{left + 6} {begin + 4}h-6V{self.y - 4}h6", "warn", stroke_width=1.6),
            text(left, self.y + 15, words, self.width - left, "pf-warn pf-strong"),
        )
        self.y += _ROW

    def rest(self, count: int) -> None:
        """Say how many frames are not drawn."""
        words = f"… {count:,} more frame{'s' * (count != 1)}"
        self.drawing.add(text(_NUMBER, self.y + 15, words, 300, "pf-soft"))
        self.y += _ROW

    def done(self) -> Drawing:
        """Return the picture at its height."""
        if not self.y:
            self.drawing.add(text(4, 15, "No frames.", self.width, "pf-soft"))
            self.y = _ROW
        self.drawing.height = self.y + 2
        return self.drawing
