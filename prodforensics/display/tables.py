"""Frames as HTML tables, and numbers written for people."""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any

from prodforensics._text import plain

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["human_bytes", "human_count", "human_ns", "plain", "table"]

_LONG = 40
"""Characters from which a text may be broken anywhere, so that it leaves room for others."""


def human_bytes(size: float, *, signed: bool = False) -> str:
    """Write a number of bytes with a decimal unit, as Chrome DevTools does.

    Parameters
    ----------
    size : float
        Bytes; may be negative.
    signed : bool
        Also write the plus sign, for differences.

    Examples
    --------
    >>> human_bytes(1_234_567), human_bytes(532, signed=True), human_bytes(0, signed=True)
    ('1.23 MB', '+532 B', '0 B')
    """
    value, unit = abs(float(size)), "B"
    for larger in ("kB", "MB", "GB", "TB", "PB"):
        if value < 999.5:
            break
        value, unit = value / 1000, larger
    digits = 0 if unit == "B" or value >= 100 else 1 if value >= 10 else 2
    return f"{_sign(size, signed)}{value:,.{digits}f} {unit}"


def human_ns(duration: float) -> str:
    """Write a duration given in nanoseconds.

    Examples
    --------
    >>> human_ns(1_500), human_ns(2_340_000_000), human_ns(5_400_000_000_000)
    ('1.5 µs', '2.34 s', '1 h 30 min')
    """
    value, sign = abs(float(duration)), _sign(duration, False)
    if value >= 3600e9:
        minutes = round(value / 60e9)
        return f"{sign}{minutes // 60:,} h {minutes % 60} min"
    if value >= 60e9:
        seconds = round(value / 1e9)
        return f"{sign}{seconds // 60} min {seconds % 60} s"
    for unit, scale in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if value >= scale:
            return f"{sign}{value / scale:.3g} {unit}"
    return f"{sign}{value:.0f} ns"


def human_count(count: float, *, signed: bool = False) -> str:
    """Write a number with thousands separators.

    Examples
    --------
    >>> human_count(1234567), human_count(1.5), human_count(12, signed=True)
    ('1,234,567', '1.5', '+12')
    """
    sign, value = _sign(count, signed), abs(count)
    if isinstance(value, float) and not value.is_integer():
        return f"{sign}{value:,.4g}" if value < 1000 else f"{sign}{value:,.0f}"
    return f"{sign}{int(value):,}"


def table(
    frame: pd.DataFrame,
    *,
    caption: str = "",
    limit: int = 20,
    units: Mapping[str, str] | None = None,
    none: int | None = None,
) -> str:
    """Draw the first rows of a frame as an HTML table.

    Parameters
    ----------
    frame : pandas.DataFrame
        Any frame; its index is not shown.
    caption : str
        Heading of the table.
    limit : int
        Rows at the most; the foot says how many more there are.
    units : mapping of column to unit, optional
        ``"bytes"`` and ``"ns"`` are humanised, with the exact number in the cell's title. Without
        it the unit follows from the column's name (``..._bytes``, ``..._ns``).
    none : int, optional
        The number that stands for "not known" in the numbers of the frame; drawn as a dash.

    Returns
    -------
    str
        HTML in which every string of the frame is escaped.

    Examples
    --------
    >>> import pandas as pd
    >>> html = table(pd.DataFrame({"name": ["<b>"], "size_bytes": [2048]}))
    >>> "&lt;b&gt;" in html, 'title="2,048 bytes">2.05 kB' in html
    (True, True)
    """
    columns = [
        _Column(str(name), frame.iloc[:, place], units, none) for place, name in enumerate(frame)
    ]
    parts = ['<div class="pf-scroll"><table class="pf-table">']
    if caption:
        parts.append(f"<caption>{escape(plain(caption))}</caption>")
    parts.append("<thead><tr>" + "".join(column.head() for column in columns) + "</tr></thead>")
    parts.append("<tbody>")
    shown = min(limit, len(frame))
    parts += ["<tr>" + "".join(c.cell(row) for c in columns) + "</tr>" for row in range(shown)]
    parts.append("</tbody>")
    rest = len(frame) - shown
    if rest or not len(frame):
        words = f"… {rest:,} more row{'s' * (rest != 1)}" if rest else "no rows"
        parts.append(f'<tfoot><tr><td colspan="{max(len(columns), 1)}">{words}</td></tr></tfoot>')
    parts.append("</table></div>")
    return "".join(parts)


class _Column:
    """How one column is written: its heading, its side, its unit."""

    def __init__(
        self, name: str, values: pd.Series, units: Mapping[str, str] | None, none: int | None
    ) -> None:
        self.name, self.values, self.none = name, values, none
        suffix = next((u for u in ("bytes", "ns") if name.endswith(f"_{u}") or name == u), "")
        self.unit = (units or {}).get(name, suffix) or ""
        import pandas as pd

        self.numeric = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(
            values
        )
        self.signed = "delta" in name or "growth" in name

    def head(self) -> str:
        words = self.name
        if self.unit in ("bytes", "ns"):
            words = words.removesuffix(f"_{self.unit}")
        words = escape(plain(words.replace("_", " ")))
        side = ' class="pf-number"' if self.numeric else ""
        return f'<th scope="col"{side}>{words}</th>'

    def cell(self, row: int) -> str:
        value: Any = self.values.iloc[row]
        if _missing(value) or (self.numeric and value == self.none):
            return f'<td class="{"pf-number " * self.numeric}pf-none">&ndash;</td>'
        if not self.numeric:
            words = plain(value)
            kind = "pf-text pf-long" if len(words) > _LONG else "pf-text"
            return f'<td class="{kind}">{escape(words)}</td>'
        value = value.item() if hasattr(value, "item") else value
        exact = human_count(value)
        if self.unit == "bytes":
            shown, title = human_bytes(value, signed=self.signed), f"{exact} bytes"
        elif self.unit == "ns":
            shown, title = human_ns(value), f"{exact} ns"
        else:
            return f'<td class="pf-number">{human_count(value, signed=self.signed)}</td>'
        return f'<td class="pf-number" title="{title}">{shown}</td>'


def _missing(value: object) -> bool:
    import pandas as pd

    if value is None or value is pd.NA or value is pd.NaT:
        return True
    return isinstance(value, float) and not math.isfinite(value)


def _sign(value: float, signed: bool) -> str:
    return "\N{MINUS SIGN}" if value < 0 else "+" if signed and value > 0 else ""
