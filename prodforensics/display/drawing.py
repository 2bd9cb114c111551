"""Pictures whose parts say what they are: laid out once, shown with and without scripts.

A room lays a picture out in Python. `Drawing.svg` is its static twin for cards and reports;
`Drawing.answer` gives a widget the same shapes, which ``drawing.js`` draws and lets people walk
through with keys, press, and read aloud. Colours are names of the palette; every text is escaped
(in the page: a text node).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from prodforensics._text import plain
from prodforensics.display.theme import LIGHT, LIGHT_SERIES

__all__ = ["CHARACTER", "Drawing", "Shape", "fits", "line", "path", "rect", "text", "tone"]

CHARACTER = 6.7
"""Width of one character of the 11 px monospace face."""

_LONGEST = 1000


def tone(name: str) -> str:
    """Return a colour of the palette as CSS, with a fallback where the style sheet is missing.

    Examples
    --------
    >>> tone("bad"), tone("c2"), tone("none")
    ('var(--pf-bad,#b3261e)', 'var(--pf-c2,#c2570c)', 'none')
    """
    if name in LIGHT:
        return f"var(--pf-{name},{LIGHT[name]})"
    if name[:1] == "c" and name[1:].isdecimal():
        return f"var(--pf-{name},{LIGHT_SERIES[int(name[1:]) - 1]})"
    return name


@dataclass(frozen=True)
class Shape:
    """One element of SVG: its tag, its attributes, its text."""

    tag: str
    attributes: Mapping[str, str | float]
    text: str = ""

    def svg(self) -> str:
        """Write it."""
        pairs = "".join(f' {name}="{_value(v)}"' for name, v in self.attributes.items())
        if not self.text:
            return f"<{self.tag}{pairs}/>"
        return f"<{self.tag}{pairs}>{escape(self.text)}</{self.tag}>"


@dataclass(frozen=True)
class Part:
    """Shapes that belong together, the words that say what they are, and what they lead to."""

    shapes: Sequence[Shape]
    title: str = ""
    key: Any = None


@dataclass
class Drawing:
    """A picture.

    Parameters
    ----------
    width, height : float
        Pixels.
    label : str
        What there is to see.
    """

    width: float
    height: float
    label: str
    parts: list[Part] = field(default_factory=list)

    def add(self, *shapes: Shape | None, title: str = "", key: Any = None) -> None:
        """Put shapes on top of what is there.

        Parameters
        ----------
        *shapes : Shape or None
        title : str
            What they say, in words: shown by the pointer, read aloud.
        key : JSON value, optional
            What a widget hands back when the part is pressed; without it none can be pressed.
        """
        kept = [shape for shape in shapes if shape is not None]
        if kept:
            self.parts.append(Part(kept, plain(title, _LONGEST), key))

    def svg(self) -> str:
        """Write the picture as SVG that needs no scripts.

        Examples
        --------
        >>> drawing = Drawing(100, 20, "One <box>")
        >>> drawing.add(rect(0, 0, 50, 20, "c1"), title="half")
        >>> "<title>half</title>" in drawing.svg(), "One &lt;box&gt;" in drawing.svg()
        (True, True)
        """
        words = escape(plain(self.label))
        parts = []
        for part in self.parts:
            inner = "".join(shape.svg() for shape in part.shapes)
            if part.title:
                inner = f"<g><title>{escape(part.title)}</title>{inner}</g>"
            parts.append(inner)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width:g} {self.height:g}" '
            f'width="{self.width:g}" height="{self.height:g}" role="img" aria-label="{words}">'
            f"<title>{words}</title>{''.join(parts)}</svg>"
        )

    def answer(self) -> dict[str, Any]:
        """Return the picture as JSON values, for ``drawing.js``."""
        return {
            "width": self.width,
            "height": self.height,
            "label": plain(self.label),
            "parts": [
                {
                    "title": part.title,
                    "key": part.key,
                    "shapes": [
                        [shape.tag, {n: _value(v) for n, v in shape.attributes.items()}, shape.text]
                        for shape in part.shapes
                    ],
                }
                for part in self.parts
            ],
        }


def rect(x: float, y: float, width: float, height: float, fill: str, **more: str | float) -> Shape:
    """Return a box; ``fill`` and ``stroke`` are names of the palette."""
    size = {"x": x, "y": y, "width": max(width, 0), "height": max(height, 0)}
    return Shape("rect", size | {"fill": tone(fill)} | _styles(more))


def line(x1: float, y1: float, x2: float, y2: float, stroke: str, **more: str | float) -> Shape:
    """Return a line."""
    ends = {"x1": x1, "y1": y1, "x2": x2, "y2": y2}
    return Shape("line", ends | {"stroke": tone(stroke)} | _styles(more))


def path(d: str, stroke: str = "none", fill: str = "none", **more: str | float) -> Shape:
    """Return a path."""
    return Shape("path", {"d": d, "stroke": tone(stroke), "fill": tone(fill)} | _styles(more))


def text(
    x: float, y: float, words: str, width: float, kind: str = "", anchor: str = "start"
) -> Shape | None:
    """Return a text, cut to a width in pixels; None where there is no room for any.

    Parameters
    ----------
    kind : str
        Class of the style sheet: ``pf-soft``, ``pf-bad``, ``pf-warn``, ``pf-good``, ``pf-on``
        (on a colour), ``pf-strong`` or several.
    anchor : {"start", "middle", "end"}
    """
    words = fits(words, width)
    if not words:
        return None
    place: dict[str, str | float] = {"x": x, "y": y, "text-anchor": anchor}
    return Shape("text", place | ({"class": kind} if kind else {}), words)


def fits(words: object, width: float) -> str:
    """Cut a text to a width in pixels.

    Examples
    --------
    >>> fits("abcdefgh", 40), fits("abc", 40), fits("abc", 10)
    ('abcd…', 'abc', '')
    """
    room = int(width / CHARACTER)
    words = plain(words, _LONGEST)
    if room < 2:
        return ""
    return words if len(words) <= room else words[: room - 1] + "…"


def _styles(more: Mapping[str, str | float]) -> dict[str, str | float]:
    """Return attributes under their names in SVG; colours are names of the palette."""
    named = {name.rstrip("_").replace("_", "-"): value for name, value in more.items()}
    return {n: tone(str(v)) if n == "stroke" else v for n, v in named.items()}


def _value(value: str | float) -> str:
    if isinstance(value, str):
        return escape(value)
    if not math.isfinite(value):
        return "0"
    return f"{value:.1f}".removesuffix(".0")
