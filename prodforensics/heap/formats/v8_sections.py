"""The sections of a V8 heap snapshot: one array after the other, in whatever order they come."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

from prodforensics.gaps import Gap
from prodforensics.heap.formats.json_arrays import parse_blocks, parse_flat, parse_strings
from prodforensics.heap.formats.v8_header import EDGE_FIELDS, Header, excerpt
from prodforensics.heap.memory import room
from prodforensics.heap.strings import StringTable
from prodforensics.kernels import records
from prodforensics.kernels.trace_tree import parse_trace_tree

__all__ = ["NODE_FIELDS", "Reader", "TooNarrow"]

NODE_FIELDS = ("type", "name", "id", "self_size", "edge_count", "detachedness", "trace_node_id")
_SCRATCH_RECORDS = 4096
# A file with more damage than this is not read to its end.
_MOST_GAPS = 1000
_NEEDED = {"nodes", "edges", "strings"}
# Key of a smaller array -> where meta names its fields.
_TABLES = {
    "locations": "location_fields",
    "samples": "sample_fields",
    "trace_function_infos": "trace_function_info_fields",
    "trace_tree": "trace_node_fields",
}
_KEY = re.compile(rb'[\s,]*"([^"\\]{1,100})"\s*:\s*')
_NUMBERS = re.compile(rb"\[[\d\s,]*\]")


class TooNarrow(Exception):
    """An id or a size needs 64 bits."""


class Reader:
    """The state of reading one file: where we are, the columns so far, what was missing.

    Parameters
    ----------
    path : str
    buf : uint8[:]
        The file.
    tick : callable
        Called with the number of bytes done.
    wide : bool
        Keep ids and sizes in 64 bits.

    Attributes
    ----------
    columns : dict of str to array
        One a field of nodes; and ``edge_type``, ``edge_name``, ``edge_to``.
    tables : dict of str to array
        The smaller arrays, a row a record.
    strings : StringTable or None
    whole : dict of str to bool
        The arrays that were met, and whether to their end.
    gaps : list of Gap
    """

    def __init__(
        self, path: str, buf: np.ndarray, tick: Callable[[int], object], wide: bool = False
    ) -> None:
        self.path, self.buf, self.tick, self.wide = path, buf, tick, wide
        self.gaps: list[Gap] = []
        self.header = Header.read(path, buf)
        self.at = self.header.end
        self.columns: dict[str, np.ndarray] = {}
        self.tables: dict[str, np.ndarray] = {}
        self.strings: StringTable | None = None
        self.whole: dict[str, bool] = {}

    # -- the sections -------------------------------------------------------------------------

    def sections(self) -> None:
        """Read one key of the object after the other, in whatever order they come."""
        while len(self.gaps) < _MOST_GAPS:
            text = self.buf[self.at : self.at + 4096].tobytes()
            key = _KEY.match(text)
            if key is None:
                if re.match(rb"\s*\}", text):
                    break
                if not text.strip():
                    if not self.gaps and self.whole.keys() >= _NEEDED:
                        self.lost("the file ends before its closing brace")
                    break
                self.lost("not a JSON key")
                if not self._skip_to_key():
                    break
                continue
            name = key[1].decode("latin-1")
            self.at += key.end()
            opens = self.buf[self.at : self.at + 1].tobytes() == b"["
            ours = opens and name not in self.whole and self._section(name)
            if not ours and not self._skip_value():
                break
        for name in sorted(_NEEDED - self.whole.keys()):
            self.lost(f"no array {name!r}")

    def _section(self, name: str) -> bool:
        """Read one array, if it is one of ours."""
        start = self.at + 1
        promised = None
        if name == "nodes":
            rows, stop, whole = self._nodes(start)
            promised = self.header.count("node_count")
        elif name == "edges":
            rows, stop, whole = self._edges(start)
            promised = self.header.count("edge_count")
        elif name == "strings":
            self.strings, stop, whole = parse_strings(self.buf, start, self.tick)
            rows = self.strings.count
        elif fields := self.header.fields(_TABLES.get(name, "")):
            if name != "trace_tree":
                table, stop, whole = parse_flat(self.buf, start, len(fields))
            elif "children" in fields:
                flat, stop, whole = parse_trace_tree(
                    self.buf, start, len(fields), fields.index("children")
                )
                table = flat.reshape(-1, len(fields))
            else:
                return False
            self.tables[name] = table
            rows = len(table)
        else:
            return False
        self.whole[name] = whole
        self._check(name, rows, promised, stop, whole)
        self.at = stop
        if whole:
            self.at += 1
        else:
            self._skip_to_key()
        return True

    def _nodes(self, start: int) -> tuple[int, int, bool]:
        names = self.header.node_fields
        fields = len(names)
        layout = np.array([names.index(x) if x in names else -1 for x in NODE_FIELDS])
        if self.header.count("trace_function_count") == 0:
            # Recorded without allocation stacks: a column of zeros.
            layout[NODE_FIELDS.index("trace_node_id")] = -1
        number = np.uint64 if self.wide else np.uint32
        kinds = (np.uint8, np.uint32, number, number, np.uint32, np.uint8, np.uint32)
        columns = [np.empty(0, kind) for kind in kinds]

        def reserve(rows: int) -> int:
            rows = max(rows, self._plausible("node_count", start, fields))
            for i, column in enumerate(columns):
                if layout[i] >= 0 or i == 0:
                    columns[i] = _grown(column, rows)
            return len(columns[0])

        def block(first: int, last: int, row: int) -> tuple[int, int]:
            scratch = np.empty(fields * _SCRATCH_RECORDS, np.uint64)
            rows, stop, too_narrow = records.parse_nodes(
                self.buf, first, last, scratch, layout, fields, row, *columns
            )
            if too_narrow and not self.wide:
                raise TooNarrow
            return rows, stop

        rows, stop, whole = parse_blocks(self.buf, start, fields, block, reserve, self.tick)
        for name, column, position in zip(NODE_FIELDS, columns, layout, strict=True):
            if position >= 0:
                self.columns[name] = column[:rows]
            elif name in NODE_FIELDS[:5]:
                self.columns[name] = np.zeros(rows, column.dtype)
        return rows, stop, whole

    def _edges(self, start: int) -> tuple[int, int, bool]:
        fields = len(self.header.edge_fields)
        layout = np.array([self.header.edge_fields.index(name) for name in EDGE_FIELDS])
        columns = [np.empty(0, np.uint8), np.empty(0, np.uint32), np.empty(0, np.uint32)]

        def reserve(rows: int) -> int:
            rows = max(rows, self._plausible("edge_count", start, fields))
            columns[:] = [_grown(column, rows) for column in columns]
            return len(columns[0])

        def block(first: int, last: int, row: int) -> tuple[int, int]:
            scratch = np.empty(fields * _SCRATCH_RECORDS, np.uint64)
            return records.parse_edges(
                self.buf,
                first,
                last,
                scratch,
                layout,
                fields,
                len(self.header.node_fields),
                row,
                *columns,
            )

        rows, stop, whole = parse_blocks(self.buf, start, fields, block, reserve, self.tick)
        for name, column in zip(("edge_type", "edge_name", "edge_to"), columns, strict=True):
            self.columns[name] = column[:rows]
        return rows, stop, whole

    def _plausible(self, count: str, start: int, fields: int) -> int:
        """Return the header's count, unless the file is too short to hold so many records."""
        promised = self.header.count(count) or 0
        most = (self.buf.size - start) // (2 * fields) + 1
        return promised if 0 <= promised <= most else 0

    # -- damage -------------------------------------------------------------------------------

    def _check(self, name: str, rows: int, promised: int | None, stop: int, whole: bool) -> None:
        if whole and (promised is None or rows == promised):
            return
        self.at = stop
        missing = None if promised is None else promised - rows
        if whole:
            what = f"{name}: {rows:,} records where the header promises {promised:,}"
        elif self._ends_at(stop):
            what = f"{name}: the file ends inside this array, after {rows:,} whole records"
        else:
            what = f"{name}: damaged after {rows:,} whole records"
        self.lost(what, missing)

    def _ends_at(self, stop: int) -> bool:
        """Whether nothing but the beginning of a record follows."""
        rest = self.buf[stop : stop + 4096].tobytes()
        return len(rest) < 4096 and not rest.strip(b"0123456789, \r\n\t")

    def lost(self, what: str, records: int | None = None) -> None:
        """Note that something is missing here."""
        self.gaps.append(
            Gap(
                what,
                offset=int(self.at),
                lost_records=records,
                excerpt=excerpt(self.buf[self.at : self.at + 80].tobytes()),
            )
        )

    def _skip_to_key(self) -> bool:
        """Go on at the next array of the file; note how much was passed over."""
        rest = memoryview(self.buf)[self.at :]
        found = re.search(rb'"(nodes|edges|strings|locations|samples|trace_\w+)"\s*:\s*\[', rest)
        skipped = found.start() if found else len(rest)
        if self.gaps:
            last = self.gaps.pop()
            lost = (last.lost_bytes or 0) + skipped
            self.gaps.append(Gap(**{**last.__dict__, "lost_bytes": lost}))
        self.at += skipped
        return found is not None

    def _skip_value(self) -> bool:
        """Pass over the value of a key that is not ours."""
        numbers = _NUMBERS.match(memoryview(self.buf)[self.at :])
        if numbers:
            self.at += numbers.end()
            return True
        depth = 0
        for token in re.finditer(rb'"(?:[^"\\]|\\.)*"|[\[\]{},]', memoryview(self.buf)[self.at :]):
            mark = token[0]
            if mark in (b"[", b"{"):
                depth += 1
            elif mark in (b"]", b"}"):
                depth -= 1
                if depth < 0:
                    self.at += token.start()
                    return True
            elif mark == b"," and depth == 0:
                self.at += token.end()
                return True
            if depth == 0 and mark in (b"]", b"}"):
                self.at += token.end()
                return True
        self.at = self.buf.size
        return False


def _grown(column: np.ndarray, rows: int) -> np.ndarray:
    if len(column) >= rows:
        return column
    grown = room(max(rows, 2 * len(column)), column.dtype)
    grown[: len(column)] = column
    return grown
