"""What the reports of all network tools share: their lines, their measures, their comparison."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from prodforensics.evidence import Evidence
from prodforensics.gaps import Gap
from prodforensics.schema import Column
from prodforensics.source import Source

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LINE", "Measure", "ToolReport", "count_of", "ns_of"]

LINE = Column("line", "int64", "ordinal", "Line of the file where it stands.")
_MOST = 2**62


class Measure(NamedTuple):
    """One number, or one word, that two reports of a tool can be compared by.

    Attributes
    ----------
    name : str
        What is measured; the same in both reports.
    unit : str
        ``"ns"``, ``"bytes"``, ``"count"``, ``"percent"``, or empty for a word.
    value : float or None
        None for a word, and for a number that is not known.
    text : str
        The word.
    """

    name: str
    unit: str
    value: float | None
    text: str = ""


class ToolReport(Evidence):
    """What a network tool printed.

    Parameters
    ----------
    source : Source or None
    builders : mapping of str to callable
        What builds each frame.
    gaps : iterable of Gap
    """

    _view: ClassVar[str] = "prodforensics.network.tools.tool_views:show"
    _sections: ClassVar[str] = "prodforensics.network.tools.tool_views:sections"
    _compare: ClassVar[str] = "prodforensics.network.tools.tool_comparison:ToolComparison"

    def __init__(
        self,
        source: Source | None,
        builders: Mapping[str, Callable[[], pd.DataFrame]],
        gaps: Iterable[Gap] = (),
    ) -> None:
        known = source.gaps if source else ()
        super().__init__(builders, source=source, gaps=[gap for gap in gaps if gap not in known])

    def measures(self) -> list[Measure]:
        """Return what two reports are compared by."""
        return []


def count_of(text: str) -> int:
    """Read a whole number; what is beyond 62 bits is clamped.

    Examples
    --------
    >>> count_of("42"), count_of("9" * 30) == 2**62
    (42, True)
    """
    return min(int(text[:25]), _MOST)


_DURATION = re.compile(r"([0-9]{0,18}[.,]?[0-9]{1,18})\s?(ns|us|µs|ms|s)?")
_UNITS = {"ns": 1, "us": 1e3, "µs": 1e3, "ms": 1e6, "s": 1e9}


def ns_of(text: str, unit: str) -> int | None:
    """Read a duration as nanoseconds; None where the text is none.

    Parameters
    ----------
    text : str
        A number, with the name of its unit or without.
    unit : str
        The unit of a number without one: ``"ns"``, ``"us"``, ``"ms"`` or ``"s"``.

    Examples
    --------
    >>> ns_of("0.015s", "s"), ns_of("12.5", "ms"), ns_of("0,5", "s"), ns_of("soon", "s")
    (15000000, 12500000, 500000000, None)
    """
    found = _DURATION.fullmatch(text.strip())
    if not found:
        return None
    value = float(found[1].replace(",", ".")) * _UNITS[found[2] or unit]
    return round(min(value, _MOST))
