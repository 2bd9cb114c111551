"""Static tables of compared cores: what cards and reports show of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prodforensics.core.comparison.bucket_drawing import draw_buckets
from prodforensics.display.cards import findings_card, picture
from prodforensics.display.tables import table
from prodforensics.evidence import Section

if TYPE_CHECKING:
    from prodforensics.core.compare import CoreComparison

__all__ = ["comparison_card", "comparison_sections"]

_ROWS = 20
_ROWS_OF_CARD = 8
_FINDINGS = 5
_WIDTH = 1000
_OF_A_BUCKET = ["count", "signal", "top", "summary", "first", "last"]
_OF_A_CORE = ["title", "time", "program", "signal", "top", "bucket", "build_id"]


def comparison_card(compared: CoreComparison) -> str:
    """Draw what the card of a comparison shows: the findings, and the crashes."""
    return findings_card(compared.findings()[:_FINDINGS]) + _buckets(compared, _ROWS_OF_CARD)


def comparison_sections(compared: CoreComparison) -> list[Section]:
    """Draw the static twin of a comparison: crashes, cores, stacks side by side."""
    sections = [
        Section("Crashes", _drawn(compared) + _buckets(compared, _ROWS)),
        Section("Cores", table(compared.frames["cores"][_OF_A_CORE], limit=_ROWS)),
    ]
    stacks = compared.frames["frames"]
    for number in _different(compared):
        rows = stacks[stacks["core"] == number].drop(columns=["core", "position"])
        title = f"{compared.cores[0].title} beside {compared.cores[number].title}"
        sections.append(Section(title, table(rows, limit=_ROWS)))
    return sections


def _drawn(compared: CoreComparison) -> str:
    drawn = draw_buckets(compared.frames["buckets"], _WIDTH)
    return picture(drawn.svg(), "How often each crash was seen, first and last")


def _buckets(compared: CoreComparison, limit: int) -> str:
    return table(compared.frames["buckets"][_OF_A_BUCKET], caption="Crashes", limit=limit)


def _different(compared: CoreComparison) -> list[int]:
    """Return a core of each crash that the base is not; with two cores the other."""
    if len(compared.cores) == 2:
        return [1]
    firsts = compared.frames["buckets"]["first_core"].tolist()
    return [one for one in firsts if one][:_ROWS_OF_CARD]
