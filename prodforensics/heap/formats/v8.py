"""V8 heap snapshots: ``.heapsnapshot`` of Node.js, Chrome, Electron, Deno, and Julia's.

The file is one JSON object: ``snapshot`` (the vocabulary and the counts), then arrays of numbers
(``nodes``, ``edges``, ``locations`` ...) and of ``strings``. Every position and code is taken from
``snapshot.meta``; the order of the arrays does not matter.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from prodforensics.errors import Corrupt
from prodforensics.formats import Match, Probe
from prodforensics.gaps import Gap
from prodforensics.heap.formats.json_arrays import parse_blocks, parse_flat, parse_strings
from prodforensics.heap.graph import Allocations, HeapGraph, StringTable
from prodforensics.heap.memory import room
from prodforensics.kernels import records
from prodforensics.kernels._jit import loaded_kernels, watch_compiling
from prodforensics.kernels.trace_tree import parse_trace_tree
from prodforensics.progress import bar
from prodforensics.source import Source

if TYPE_CHECKING:
    from tqdm import tqdm

    from prodforensics.heap.model import HeapSnapshot

__all__ = ["read", "read_graph", "sniff"]

_HEADER_BYTES = 16 * 2**20
_SCRATCH_RECORDS = 4096
# A file with more damage than this is not read to its end.
_MOST_GAPS = 1000
_START = re.compile(rb'\s*\{\s*"snapshot"\s*:\s*')
_KEY = re.compile(rb'[\s,]*"([^"\\]{1,100})"\s*:\s*')
_NODE_FIELDS = ("type", "name", "id", "self_size", "edge_count", "detachedness", "trace_node_id")
_EDGE_FIELDS = ("type", "name_or_index", "to_node")
_LOCATION_FIELDS = ("object_index", "script_id", "line", "column")
# V8's own rule: these edges are named by a number, all others by a string.
_NUMBERED_EDGES = frozenset({"element", "hidden"})


def sniff(probe: Probe) -> Match | None:
    """Recognise a heap snapshot by its first key and its vocabulary."""
    if _START.match(probe.head) and b'"node_fields"' in probe.head:
        return Match(1.0, "a JSON object whose first key is 'snapshot', with node_fields")
    return None


def read(source: Source, *, strict: bool = False, progress: bool | None = None) -> HeapSnapshot:
    """Read a heap snapshot and compute all that Chrome DevTools shows of it.

    Parameters
    ----------
    source : Source
    strict : bool
        Raise `Corrupt` where the file is damaged, instead of loading what is whole.
    progress : bool, optional
        Show progress bars: always, never, or (None) for large files.
    """
    from prodforensics.heap.model import HeapSnapshot

    graph, gaps = read_graph(source, strict=strict, progress=progress)
    return HeapSnapshot(source, graph, gaps)


def read_graph(
    source: Source | str | Path, progress: bool | None = None, strict: bool = False
) -> tuple[HeapGraph, list[Gap]]:
    """Read a heap snapshot into a graph with all that Chrome DevTools computes on it.

    Returns
    -------
    graph : HeapGraph
    gaps : list of Gap
        What the file lacks.

    Raises
    ------
    Corrupt
        The file has no readable header; or, with ``strict``, any part is missing.
    """
    from prodforensics.heap.v8 import analyse

    with _compiling(progress):
        graph, gaps = parse(source, progress=progress, strict=strict)
        analyse(graph)
    return graph, gaps


@contextmanager
def _compiling(progress: bool | None) -> Iterator[None]:
    """Show a bar for the kernels that have to be compiled: seconds, on their first use ever."""
    bars: list[tqdm] = []

    def compiled(_name: str) -> None:
        if not bars:
            show = progress is not False
            bars.append(
                bar(loaded_kernels(), "compiling kernels (once)", unit=" kernels", show=show)
            )
        # Some are compiled for several types of array.
        bars[0].total = max(bars[0].total, bars[0].n + 1)
        bars[0].update(1)

    with watch_compiling(compiled):
        yield
    for shown in bars:
        shown.close()


def parse(
    source: Source | str | Path, *, progress: bool | None = None, strict: bool = False
) -> tuple[HeapGraph, list[Gap]]:
    """Read the arrays of the file as they are, without computing anything on them."""
    if not isinstance(source, Source):
        source = Source(source, progress=progress)
    with source.buffer() as buf, bar(buf.size, "parsing", show=progress) as done:
        reader = _Reader(source.path, buf, done.update)
        try:
            reader.sections()
        except _TooNarrow:
            done.reset()
            reader = _Reader(source.path, buf, done.update, wide=True)
            reader.sections()
        graph = reader.graph()
        gaps = [*source.gaps, *reader.gaps]
        # Nothing may hold the buffer beyond this block.
        del buf
        reader.buf = None
    if strict and gaps:
        raise Corrupt(source.path, gaps[0].offset, "a whole snapshot", gaps[0].what)
    return graph, gaps


class _TooNarrow(Exception):
    """An id or a size needs 64 bits."""


class _Reader:
    """The state of reading one file: where we are, the columns so far, what was missing."""

    def __init__(
        self, path: str, buf: np.ndarray, tick: Callable[[int], object], wide: bool = False
    ) -> None:
        self.path, self.buf, self.tick, self.wide = path, buf, tick, wide
        self.gaps: list[Gap] = []
        self.header, self.at = self._header()
        meta = self.header["meta"]
        self.node_fields: list[str] = meta["node_fields"]
        self.edge_fields: list[str] = meta["edge_fields"]
        self.columns: dict[str, np.ndarray] = {}
        self.flat: dict[str, np.ndarray] = {}
        self.strings: StringTable | None = None
        self.edges_whole = False

    # -- the header ---------------------------------------------------------------------------

    def _header(self) -> tuple[dict[str, Any], int]:
        # Chunks of growing size: a header is 2 KB, and damage should not cost more than a look.
        decoder = json.JSONDecoder()
        size = 2**16
        while True:
            head = self.buf[:size].tobytes()
            start = _START.match(head)
            if start is None:
                raise Corrupt(self.path, 0, '{"snapshot": ...', _excerpt(head) or "nothing")
            try:
                # Latin-1 keeps one character a byte, so that offsets stay byte offsets.
                header, length = decoder.raw_decode(head[start.end() :].decode("latin-1"))
                break
            except (ValueError, RecursionError) as error:
                if size < min(self.buf.size, _HEADER_BYTES):
                    size *= 16
                    continue
                raise Corrupt(
                    self.path, start.end(), "the snapshot's header", f"damage or its end ({error})"
                ) from error
        problem = _header_problem(header)
        if problem:
            raise Corrupt(self.path, start.end(), "meta.node_fields and edge_fields", problem)
        return header, start.end() + length

    # -- the sections -------------------------------------------------------------------------

    def sections(self) -> None:
        """Read one key of the object after the other, in whatever order they come."""
        seen: set[str] = {"snapshot"}
        while len(self.gaps) < _MOST_GAPS:
            text = self.buf[self.at : self.at + 4096].tobytes()
            key = _KEY.match(text)
            if key is None:
                if re.match(rb"\s*\}", text):
                    break
                if not text.strip():
                    if not self.gaps and {"nodes", "edges", "strings"} <= seen:
                        self._lost("the file ends before its closing brace")
                    break
                self._lost("not a JSON key")
                if not self._skip_to_key():
                    break
                continue
            name = key[1].decode("latin-1")
            self.at += key.end()
            opens = self.buf[self.at : self.at + 1].tobytes() == b"["
            if opens and name not in seen and self._read_section(name):
                seen.add(name)
            elif not self._skip_value():
                break
        for name in ("nodes", "edges", "strings"):
            if name not in seen:
                self._lost(f"no array {name!r}")

    def _read_section(self, name: str) -> bool:
        meta = self.header["meta"]
        start = self.at + 1
        if name == "nodes":
            rows, stop, whole = self._nodes(start)
            self._check(name, rows, self.header.get("node_count"), stop, whole)
        elif name == "edges":
            rows, stop, whole = self._edges(start)
            self.edges_whole = whole
            self._check(name, rows, self.header.get("edge_count"), stop, whole)
        elif name == "strings":
            self.strings, stop, whole = parse_strings(self.buf, start, self.tick)
            self._check(name, self.strings.count, None, stop, whole)
        elif name in ("locations", "samples", "trace_function_infos"):
            fields = {
                "locations": meta.get("location_fields"),
                "samples": meta.get("sample_fields"),
                "trace_function_infos": meta.get("trace_function_info_fields"),
            }[name]
            if not _is_names(fields):
                return False
            self.flat[name], stop, whole = parse_flat(self.buf, start, len(fields))
            self._check(name, len(self.flat[name]), None, stop, whole)
        elif name == "trace_tree":
            fields = meta.get("trace_node_fields")
            if not _is_names(fields) or "children" not in fields:
                return False
            rows, stop, whole = parse_trace_tree(
                self.buf, start, len(fields), fields.index("children")
            )
            self.flat[name] = rows.reshape(-1, len(fields))
            self._check(name, len(self.flat[name]), None, stop, whole)
        else:
            return False
        self.at = stop
        if whole:
            self.at += 1
        else:
            self._skip_to_key()
        return True

    def _nodes(self, start: int) -> tuple[int, int, bool]:
        fields = len(self.node_fields)
        layout = np.array([_position(self.node_fields, name) for name in _NODE_FIELDS])
        if self.header.get("trace_function_count") == 0:
            # Recorded without allocation stacks: a column of zeros.
            layout[_NODE_FIELDS.index("trace_node_id")] = -1
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
                raise _TooNarrow
            return rows, stop

        rows, stop, whole = parse_blocks(self.buf, start, fields, block, reserve, self.tick)
        for name, column, position in zip(_NODE_FIELDS, columns, layout, strict=True):
            if position >= 0:
                self.columns[name] = column[:rows]
            elif name in _NODE_FIELDS[:5]:
                self.columns[name] = np.zeros(rows, column.dtype)
        return rows, stop, whole

    def _edges(self, start: int) -> tuple[int, int, bool]:
        fields = len(self.edge_fields)
        layout = np.array([self.edge_fields.index(name) for name in _EDGE_FIELDS])
        columns = [np.empty(0, np.uint8), np.empty(0, np.uint32), np.empty(0, np.uint32)]

        def reserve(rows: int) -> int:
            rows = max(rows, self._plausible("edge_count", start, fields))
            columns[:] = [_grown(column, rows) for column in columns]
            return len(columns[0])

        def block(first: int, last: int, row: int) -> tuple[int, int]:
            scratch = np.empty(fields * _SCRATCH_RECORDS, np.uint64)
            return records.parse_edges(
                self.buf, first, last, scratch, layout, fields, len(self.node_fields), row, *columns
            )

        rows, stop, whole = parse_blocks(self.buf, start, fields, block, reserve, self.tick)
        for name, column in zip(("edge_type", "edge_name", "edge_to"), columns, strict=True):
            self.columns[name] = column[:rows]
        return rows, stop, whole

    def _plausible(self, count: str, start: int, fields: int) -> int:
        """Return the header's count, unless the file is too short to hold so many records."""
        promised = self.header.get(count)
        most = (self.buf.size - start) // (2 * fields) + 1
        return promised if isinstance(promised, int) and 0 <= promised <= most else 0

    # -- damage -------------------------------------------------------------------------------

    def _check(self, name: str, rows: int, promised: object, stop: int, whole: bool) -> None:
        promised = promised if isinstance(promised, int) else None
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
        self._lost(what, missing)

    def _ends_at(self, stop: int) -> bool:
        """Whether nothing but the beginning of a record follows."""
        rest = self.buf[stop : stop + 4096].tobytes()
        return len(rest) < 4096 and not rest.strip(b"0123456789, \r\n\t")

    def _lost(self, what: str, records: int | None = None) -> None:
        self.gaps.append(
            Gap(
                what,
                offset=int(self.at),
                lost_records=records,
                excerpt=_excerpt(self.buf[self.at : self.at + 80].tobytes()),
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

    # -- the graph ----------------------------------------------------------------------------

    def graph(self) -> HeapGraph:
        """Put the columns together, as far as they agree."""
        meta = self.header["meta"]
        columns = self.columns
        for name in ("type", "name", "id", "self_size", "edge_count"):
            columns.setdefault(name, np.empty(0, np.uint8 if name == "type" else np.uint32))
        for name in ("edge_type", "edge_name", "edge_to"):
            columns.setdefault(name, np.empty(0, np.uint8 if name == "edge_type" else np.uint32))
        n, m = len(columns["type"]), len(columns["edge_type"])
        first_edge = room(n + 1, np.uint64)
        np.cumsum(columns.pop("edge_count"), out=first_edge[1:])
        owned = int(first_edge[-1])
        if owned != m and self.edges_whole:
            self._lost(
                f"edges: the nodes own {owned:,}, the file has {m:,}",
                owned - m if owned > m else None,
            )
        if owned != m:
            m = min(owned, m)
            np.minimum(first_edge, np.uint64(m), out=first_edge)
            for name in ("edge_type", "edge_name", "edge_to"):
                columns[name] = columns[name][:m]
        if m < 2**32:
            narrow = room(n + 1, np.uint32)
            narrow[:] = first_edge
            first_edge = narrow
        strings = self.strings or StringTable.of(())
        graph = HeapGraph(
            node_types=_vocabulary(meta, "node", columns["type"]),
            edge_types=_vocabulary(meta, "edge", columns["edge_type"]),
            strings=strings,
            first_edge=first_edge,
            root=self._root(n),
            locations=self._locations(n),
            allocations=self._allocations(),
            numbered_edges=_NUMBERED_EDGES,
            extra_bytes=_count(self.header.get("extra_native_bytes")),
            header=self.header,
            **columns,
        )
        self._drop_dangling(graph)
        return graph

    def _root(self, n: int) -> int:
        root = _count(self.header.get("root_index")) // len(self.node_fields)
        return root if root < n else 0

    def _drop_dangling(self, graph: HeapGraph) -> None:
        """Take out edges to nodes that are not there."""
        good = graph.edge_to < graph.node_count
        dangling = len(good) - int(np.count_nonzero(good))
        if not dangling:
            return
        self._lost(f"edges: {dangling:,} lead to nodes that are not there", dangling)
        kept = np.concatenate([[0], np.cumsum(good)]).astype(graph.first_edge.dtype)
        graph.first_edge = kept[graph.first_edge]
        graph.edge_type = graph.edge_type[good]
        graph.edge_name = graph.edge_name[good]
        graph.edge_to = graph.edge_to[good]

    def _locations(self, n: int) -> np.ndarray:
        raw = self.flat.get("locations")
        fields = self.header["meta"].get("location_fields")
        if raw is None or not set(_LOCATION_FIELDS) <= set(fields):
            return np.empty((0, 4), np.int64)
        picked = raw[:, [fields.index(name) for name in _LOCATION_FIELDS]].astype(np.int64)
        picked[:, 0] //= len(self.node_fields)
        return picked[(picked[:, 0] >= 0) & (picked[:, 0] < n)]

    def _allocations(self) -> Allocations:
        meta = self.header["meta"]
        found = Allocations()
        if "trace_function_infos" in self.flat:
            found.function_fields = tuple(meta["trace_function_info_fields"])
            found.functions = self.flat["trace_function_infos"].astype(np.int64)
        if "trace_tree" in self.flat:
            names = meta["trace_node_fields"]
            found.node_fields = tuple("parent" if name == "children" else name for name in names)
            found.nodes = self.flat["trace_tree"]
        if "samples" in self.flat:
            found.sample_fields = tuple(meta["sample_fields"])
            found.samples = self.flat["samples"].astype(np.int64)
        return found


def _header_problem(header: object) -> str:
    """Say what is wrong with the header, or nothing."""
    meta = header.get("meta") if isinstance(header, dict) else None
    if not isinstance(meta, dict):
        return "no 'meta'"
    for key, needed in (("node_fields", {"type", "name"}), ("edge_fields", set(_EDGE_FIELDS))):
        if not _is_names(meta.get(key)) or len(meta[key]) > 64:
            return f"no list of names {key!r}"
        if needed - set(meta[key]):
            return f"{key} without {sorted(needed - set(meta[key]))}"
    return ""


def _is_names(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(x, str) for x in value)


def _position(fields: list[str], name: str) -> int:
    return fields.index(name) if name in fields else -1


def _count(value: object) -> int:
    return value if isinstance(value, int) and 0 <= value < 2**63 else 0


def _vocabulary(meta: dict[str, Any], kind: str, codes: np.ndarray) -> tuple[str, ...]:
    """Return the names of the type codes; codes beyond the vocabulary get a name of their own."""
    lists = meta.get(f"{kind}_types")
    position = meta[f"{kind}_fields"].index("type")
    names = lists[position] if isinstance(lists, list) and len(lists) > position else []
    names = [str(name) for name in names][:256] if isinstance(names, list) else []
    used = int(codes.max()) + 1 if len(codes) else 0
    return (*names, *(f"unknown type {code}" for code in range(len(names), used)))


def _grown(column: np.ndarray, rows: int) -> np.ndarray:
    if len(column) >= rows:
        return column
    grown = room(max(rows, 2 * len(column)), column.dtype)
    grown[: len(column)] = column
    return grown


def _excerpt(raw: bytes) -> str:
    return raw[:80].decode("latin-1").encode("unicode_escape").decode("ascii")
