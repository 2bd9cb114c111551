"""What a reader could not use: counted, located and kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from prodforensics.schema import Column, Schema

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["GAPS", "Gap", "gaps_frame"]

GAPS = Schema(
    "gaps",
    (
        Column("offset", "Int64", "bytes", "Offset in the unpacked file where reading failed."),
        Column("line", "Int64", "ordinal", "Line number, for formats made of lines."),
        Column("what", "str", "", "What is missing or was skipped."),
        Column("lost_bytes", "Int64", "bytes", "Bytes skipped, where known."),
        Column("lost_records", "Int64", "count", "Records missing, where known."),
        Column("excerpt", "str", "", "The raw bytes at that place, made printable."),
    ),
    meaning="One row for each part of the file that could not be used.",
)


@dataclass(frozen=True)
class Gap:
    """One part of a file that could not be used."""

    what: str
    offset: int | None = None
    line: int | None = None
    lost_bytes: int | None = None
    lost_records: int | None = None
    excerpt: str = ""


def gaps_frame(gaps: Iterable[Gap]) -> pd.DataFrame:
    """Return the gaps as a frame with the columns of `GAPS`.

    Examples
    --------
    >>> gaps_frame([Gap("the last record is cut short", offset=120)])["offset"].tolist()
    [120]
    """
    rows = [asdict(gap) for gap in gaps]
    if not rows:
        return GAPS.empty()
    import pandas as pd

    frame = pd.DataFrame(rows)[[c.name for c in GAPS.columns]]
    return frame.astype({c.name: c.dtype for c in GAPS.columns})
