"""Tables of a core for pages: numbers to sort by, words to search, rows as JSON values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from prodforensics._text import plain
from prodforensics.core.explorer.names import hex_address
from prodforensics.display.paging import alphabetical, table_page

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Listing",
    "environment_row",
    "local_row",
    "mapping_row",
    "secret_row",
    "string_row",
    "wait_row",
]

Row = dict[str, Any]


class Listing:
    """A frame as a table that is sorted, searched and paged.

    Parameters
    ----------
    frame : DataFrame
    searched : sequence of str
        Columns whose words a search looks at.
    row : callable
        Makes of a record what the page shows.
    """

    def __init__(
        self, frame: pd.DataFrame, searched: Sequence[str], row: Callable[[Row], Row]
    ) -> None:
        self.frame, self.row = frame, row
        self._searched = searched
        self._columns: dict[str, Any] = {}

    def __len__(self) -> int:
        return len(self.frame)

    def page(
        self,
        sort: str = "",
        descending: object = False,
        text: object = "",
        offset: object = 0,
        limit: object = 100,
    ) -> dict[str, Any]:
        """Return one page.

        Parameters
        ----------
        sort : str
            A column; empty for the order of the frame.
        descending : bool
        text : str
            What one of the searched columns must hold.
        offset, limit : int

        Raises
        ------
        UnknownName
            There is no such column.
        """
        if "names" not in self._columns:
            parts = [_words(self.frame[name]) for name in self._searched]
            self._columns["names"] = [" ".join(words) for words in zip(*parts, strict=True)]
        if sort in self.frame.columns and sort not in self._columns:
            self._columns[sort] = _keys(self.frame[sort])
        if not sort:
            self._columns[""] = np.arange(len(self.frame))
        total, places = table_page(self._columns, sort, bool(descending), str(text), offset, limit)
        records = self.frame.iloc[places].to_dict("records")
        rows = [
            self.row(record) | {"row": place}
            for place, record in zip(places.tolist(), records, strict=True)
        ]
        return {"total": total, "rows": rows}


def _words(values: pd.Series) -> list[str]:
    """Return what a search looks at; addresses as they are shown."""
    if str(values.dtype).lower() == "uint64":
        return [hex_address(one) for one in values]
    return [str(one) for one in values]


def _keys(values: pd.Series) -> np.ndarray:
    """Return numbers in the order of the values."""
    import pandas as pd

    if pd.api.types.is_bool_dtype(values):
        return values.to_numpy().astype(np.int8)
    if pd.api.types.is_numeric_dtype(values):
        if values.isna().any():
            return values.astype("float64").to_numpy(na_value=-1.0)
        return values.to_numpy()
    return alphabetical([str(one) for one in values])


def mapping_row(record: Row) -> Row:
    """Return a row of ``mappings``."""
    return {
        "start": hex_address(record["start"]),
        "end": hex_address(record["end"]),
        "size": int(record["size_bytes"]),
        "resident": int(record["resident_bytes"]),
        "missing": int(record["missing_bytes"]),
        "permissions": str(record["permissions"]),
        "segment": str(record["segment"]),
        "path": plain(record["path"], 1000),
    }


def secret_row(record: Row) -> Row:
    """Return a row of ``secrets``; its value is masked already."""
    return {
        "pattern": plain(record["pattern"], 100),
        "segment": plain(record["segment"], 100),
        "address": hex_address(record["address"]),
        "offset": int(record["offset"]),
        "length": int(record["length"]),
        "value": plain(record["value"]),
    }


def string_row(record: Row) -> Row:
    """Return a row of ``strings``."""
    return {
        "text": plain(record["text"], 500),
        "encoding": str(record["encoding"]),
        "segment": plain(record["segment"], 100),
        "address": hex_address(record["address"]),
        "length": int(record["length"]),
    }


def environment_row(record: Row) -> Row:
    """Return a row of ``environment``."""
    return {
        "name": plain(record["name"]),
        "value": plain(record["value"], 1000),
        "masked": plain(record["masked"]),
    }


def wait_row(record: Row) -> Row:
    """Return a row of ``waits``."""
    lock, held_by = record["lock"], record["held_by"]
    return {
        "thread": int(record["thread_id"]),
        "tid": int(record["os_tid"]),
        "frame": int(record["frame_index"]),
        "kind": plain(record["kind"], 60),
        "lock": hex_address(lock),
        "name": plain(record["lock_name"]),
        "held_by": f"thread {held_by}" if hex_address(held_by) else "",
        "cycle": bool(record["in_cycle"]),
    }


def local_row(record: Row) -> Row:
    """Return a row of ``locals``; its value is masked already where it must be."""
    return {
        "name": plain(record["name"]),
        "kind": str(record["kind"]),
        "type": plain(record["type"], 500),
        "value": plain(record["value"], 2000),
        "masked": plain(record["masked"]),
    }


_MATCHED = {
    "matched": "✓ matched",
    "unverified": "? unverified",
    "mismatched": "✖ mismatched",
    "missing": "– missing",
}


def module_row(record: Row) -> Row:
    """Return a row of ``modules``."""
    return {
        "path": plain(record["path"], 1000),
        "start": hex_address(record["start"]),
        "build_id": plain(record["build_id"], 100),
        "matched": _MATCHED.get(str(record["matched"]), str(record["matched"])),
        "debug_info": str(record["debug_info"]),
        "found": plain(record["found"], 1000),
        "executable": bool(record["is_executable"]),
    }
