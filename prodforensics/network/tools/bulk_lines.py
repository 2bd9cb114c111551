"""Tables of tools with a million lines: matched in pieces, and kept as columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from prodforensics._text import plain
from prodforensics.gaps import Gap
from prodforensics.progress import bar
from prodforensics.schema import Schema
from prodforensics.source import Source

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

__all__ = ["frame_of", "gaps_at", "lines_of", "matched"]

_LISTED = 100
_PIECE = 65_536


def lines_of(source: Source) -> tuple[list[str], list[Gap]]:
    """Read a whole text file as its lines.

    Returns
    -------
    lines : list of str
        Without their ends; bytes that are no UTF-8 are replaced.
    gaps : list of Gap
        A last line without an end: it may be cut short.
    """
    text = b"".join(source.chunks()).decode("utf-8", "replace")
    lines = text.replace("\r\n", "\n").split("\n")
    if not lines[-1]:
        lines.pop()
        return lines, []
    what = "the last line has no end: it may be cut short"
    return lines, [Gap(what, line=len(lines), excerpt=plain(lines[-1], 80))]


def matched(
    lines: Sequence[str],
    pattern: str,
    types: Mapping[str, str],
    *,
    progress: bool | None = None,
) -> tuple[dict[str, Any], np.ndarray]:
    """Match every line with a pattern.

    Parameters
    ----------
    lines : sequence of str
    pattern : str
        With named groups, none of which can hold a tab; it must match a whole line, in time that
        grows with its length.
    types : mapping of str to str
        ``"int64"`` or ``"float64"`` of the groups that are numbers, of at most 18 digits.
    progress : bool, optional
        Show a progress bar: always, never, or (None) for large files.

    Returns
    -------
    groups : dict
        The groups of the lines that match: pyarrow arrays of texts, empty for one that takes no
        part; numpy arrays of numbers, -1 for it.
    places : int64[:]
        Which lines match, from 0.

    Examples
    --------
    >>> groups, places = matched(["a=1", "b", "a="], "a=(?P<a>[0-9]*)", {"a": "int64"})
    >>> groups["a"].tolist(), places.tolist()
    ([1, -1], [0, 2])
    """
    import numpy as np
    import pyarrow as pa

    match = re.compile(pattern)
    names = sorted(match.groupindex, key=match.groupindex.__getitem__)
    tables, places = [], [np.empty(0, np.int64)]
    size = sum(map(len, lines))
    with bar(size, "reading lines", show=progress) as done:
        # In pieces, so that what is made of a million lines on the way is never all there.
        for start in range(0, len(lines), _PIECE):
            piece = lines[start : start + _PIECE]
            found = [match.fullmatch(line) for line in piece]
            rows = ["\t".join(one.groups("")) for one in found if one]
            places.append(start + np.flatnonzero([one is not None for one in found]))
            if rows:
                tables.append(_table(rows, names, types))
            done.update(sum(map(len, piece)))
    if not tables:
        return {}, places[0]
    table = pa.concat_tables(tables)
    columns = {name: table[name].combine_chunks() for name in names}
    return {
        name: values.fill_null(-1).to_numpy(zero_copy_only=False) if name in types else values
        for name, values in columns.items()
    }, np.concatenate(places)


def _table(rows: list[str], names: list[str], types: Mapping[str, str]) -> pa.Table:
    """Read rows with tabs: quicker than an array of each column's texts."""
    import pyarrow as pa
    from pyarrow import csv

    kinds = {name: getattr(pa, types.get(name, "string"))() for name in names}
    return csv.read_csv(
        pa.py_buffer("\n".join([*rows, ""]).encode("utf-8", "replace")),
        read_options=csv.ReadOptions(column_names=names, block_size=2**28),
        parse_options=csv.ParseOptions(
            delimiter="\t", quote_char=False, escape_char=False, ignore_empty_lines=False
        ),
        convert_options=csv.ConvertOptions(
            column_types=kinds, null_values=[""], strings_can_be_null=False
        ),
    )


def gaps_at(lines: Sequence[str], places: Iterable[int], known: str) -> list[Gap]:
    """Make gaps of lines that are not understood; beyond a hundred they are counted.

    Parameters
    ----------
    lines : sequence of str
    places : iterable of int
        Which, from 0.
    known : str
        Pattern of those that are none.
    """
    pattern = re.compile(known)
    strange = [place for place in places if not pattern.fullmatch(lines[place])]
    what = "a line that is not understood"
    gaps = [
        Gap(what, line=place + 1, lost_records=1, excerpt=plain(lines[place], 80))
        for place in strange[:_LISTED]
    ]
    if (more := len(strange) - _LISTED) > 0:
        what = "more lines that are not understood; this is the last of them"
        gaps.append(Gap(what, line=strange[-1] + 1, lost_records=more))
    return gaps


def frame_of(schema: Schema, columns: Mapping[str, Any]) -> pd.DataFrame:
    """Return columns as a frame with the documented columns, dtypes and index.

    Parameters
    ----------
    schema : Schema
    columns : mapping of str to array
        pyarrow arrays of texts, numpy arrays of numbers, all of one length.
    """
    import pandas as pd
    import pyarrow as pa

    made = {}
    for column in schema.columns:
        values = columns[column.name]
        if not isinstance(values, pa.Array | pa.ChunkedArray):
            made[column.name] = pd.Series(values, dtype=column.dtype)
        elif column.dtype == "category":
            coded = values.dictionary_encode()
            coded = coded.combine_chunks() if isinstance(coded, pa.ChunkedArray) else coded
            names = pd.Index(coded.dictionary.to_pylist(), dtype="str")
            codes = coded.indices.to_numpy(zero_copy_only=False)
            made[column.name] = pd.Series(pd.Categorical.from_codes(codes, names))
        else:
            made[column.name] = pd.Series(pd.array(values, dtype="str"))
    frame = pd.DataFrame(made)
    if schema.index:
        frame.index = pd.RangeIndex(len(frame), name=schema.index.name)
    return frame
