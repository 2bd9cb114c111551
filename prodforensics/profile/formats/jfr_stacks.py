"""Stacks and threads of Java Flight Recorder, gathered over the chunks of a file."""

from __future__ import annotations

import numpy as np

from prodforensics.profile.building import CallTable, ThreadTable, stacks_from_lists
from prodforensics.profile.data import Stacks
from prodforensics.profile.formats.java_names import java_class, package_of
from prodforensics.profile.formats.jfr_metadata import Metadata
from prodforensics.profile.formats.jfr_pools import Pools, Table, places_of

__all__ = ["StackLists", "class_names", "threads_of"]

_KINDS = {
    "Interpreted": "interpreted",
    "JIT compiled": "jit",
    "Inlined": "jit",
    "C1 compiled": "jit",
    "Native": "native",
    "C++": "native",
    "Kernel": "kernel",
}
# A line takes 16 bits in class files, a type of frame one of a handful.
_LINE, _TYPE = 2**16, 2**8
_METHOD = 2**38
_UNKNOWN = "Unknown Java method"
# What async-profiler gives functions that are not Java's: their class is a library.
_NATIVE = "()L;"


class StackLists:
    """The stacks of all chunks as lists of calls, to be made one tree of at the end.

    Attributes
    ----------
    calls : CallTable
    """

    def __init__(self) -> None:
        self.calls = CallTable()
        self._counts: list[np.ndarray] = []
        self._items: list[np.ndarray] = []
        self._cut: list[np.ndarray] = []
        self._stacks = 0
        # Keys of earlier chunks of the same recording: an event may span a rotation.
        self._earlier: list[tuple[Metadata, np.ndarray, int]] = []

    def add(self, pools: Pools, metadata: Metadata) -> None:
        """Take in the stacks of a chunk."""
        traces = pools.table("jdk.types.StackTrace", "truncated", "frames")
        first, frames = pools.elements(
            "jdk.types.StackTrace", "frames", traces.column("frames"),
            "method", "lineNumber", "type",
        )  # fmt: skip
        self._items.append(self._call_numbers(pools, frames))
        self._counts.append(np.diff(first))
        self._cut.append(traces.column("truncated") != 0)
        self._earlier.append((metadata, traces.key, self._stacks))
        self._stacks += len(traces.key)

    def places(self, keys: np.ndarray) -> np.ndarray:
        """Return the list of each stack key of the last chunk; -1 for none, int64[n]."""
        metadata, key, base = self._earlier[-1]
        found = places_of(Table(key, {}), keys)
        place = np.where(found < 0, -1, found + base)
        for other, key, base in reversed(self._earlier[:-1]):
            missing = np.flatnonzero((place < 0) & (keys > 0))
            if not len(missing):
                break
            if other is metadata:
                found = places_of(Table(key, {}), keys[missing])
                place[missing] = np.where(found < 0, -1, found + base)
        return place

    def tree(self) -> tuple[Stacks, np.ndarray, np.ndarray, np.ndarray]:
        """Build the tree.

        Returns
        -------
        stacks : Stacks
        node : int32[k]
            The innermost node of each list.
        count : int64[k]
            Calls of each list.
        cut : bool[k]
            Whether the profiler cut it.
        """
        count = np.concatenate([np.empty(0, np.int64), *self._counts])
        first = np.concatenate([[0], np.cumsum(count)])
        items = np.concatenate([np.empty(0, np.int32), *self._items])
        stacks, node = stacks_from_lists(first, items, leaf_first=True)
        return stacks, node, count, np.concatenate([np.empty(0, np.bool_), *self._cut])

    def _call_numbers(self, pools: Pools, frames: dict[str, np.ndarray]) -> np.ndarray:
        """Return the number of each frame's call, int32[n]."""
        methods = pools.table("jdk.types.Method", "type", "name", "descriptor")
        method = places_of(methods, frames["method"])
        line = np.where((frames["lineNumber"] > 0) & (frames["lineNumber"] < _LINE),
                        frames["lineNumber"], 0)  # fmt: skip
        kind = np.clip(frames["type"], 0, _TYPE - 1)
        packed = (np.minimum(method, _METHOD) + 1) * (_LINE * _TYPE) + line * _TYPE + kind
        unique, inverse = np.unique(packed, return_inverse=True)
        method = unique // (_LINE * _TYPE) - 1
        names = _method_names(pools, methods, np.unique(method[method >= 0]))
        kinds = pools.names("jdk.types.FrameType", "description")
        numbers = np.empty(len(unique), np.int32)
        for k, (m, rest) in enumerate(
            zip(method.tolist(), (unique % (_LINE * _TYPE)).tolist(), strict=True)
        ):
            name, package = names.get(m, (_UNKNOWN, ""))
            word = kinds.get(rest % _TYPE, "")
            numbers[k] = self.calls.call(
                name,
                module=package,
                line=rest // _TYPE,
                inlined=word == "Inlined",
                kind=_KINDS.get(word, ""),
            )
        return numbers[inverse.reshape(-1)]


def _method_names(pools: Pools, methods: Table, rows: np.ndarray) -> dict[int, tuple[str, str]]:
    """Name methods and their packages, by row of the pool of methods."""
    classes = pools.table("java.lang.Class", "name")
    symbols = pools.table("jdk.types.Symbol", "string")
    owner = places_of(classes, methods.column("type")[rows])
    keys = np.where(owner < 0, 0, classes.column("name")[owner] if len(classes.key) else 0)
    columns = [
        rows.tolist(),
        _symbols(pools, symbols, keys),
        _symbols(pools, symbols, methods.column("name")[rows]),
        _symbols(pools, symbols, methods.column("descriptor")[rows]),
    ]
    return {row: _named(*parts) for row, *parts in zip(*columns, strict=True)}


def _named(owner: str, name: str, descriptor: str) -> tuple[str, str]:
    """Return the name of a method and its package, or of a native function and its library."""
    if descriptor == _NATIVE:
        return name, owner
    owner = java_class(owner)
    return f"{owner}.{name}" if owner else name, package_of(owner)


def _symbols(pools: Pools, symbols: Table, keys: np.ndarray) -> list[str]:
    place = places_of(symbols, keys)
    start = symbols.column("string")[place] if len(symbols.key) else np.zeros(len(keys), np.int64)
    return pools.texts(np.where(place < 0, 0, start))


def class_names(pools: Pools, keys: np.ndarray) -> dict[int, str]:
    """Name the classes of these keys of the pool of classes."""
    keys = np.unique(keys)
    classes = pools.table("java.lang.Class", "name")
    symbols = pools.table("jdk.types.Symbol", "string")
    place = places_of(classes, keys)
    known = place >= 0
    texts = _symbols(pools, symbols, classes.column("name")[place[known]])
    return dict(zip(keys[known].tolist(), map(java_class, texts), strict=True))


def threads_of(pools: Pools, table: ThreadTable, process: int) -> Table:
    """Take the threads of a chunk into a table of all; return their keys and numbers."""
    fields = ("osName", "osThreadId", "javaName", "javaThreadId")
    threads = pools.table("java.lang.Thread", *fields)
    os_names, names = (pools.texts(threads.column(one)) for one in ("osName", "javaName"))
    system, java = (threads.column(one).tolist() for one in ("osThreadId", "javaThreadId"))
    numbers = [
        table.thread(process, max(os_id or java_id, -1), "", name or os_name)
        for os_name, name, os_id, java_id in zip(os_names, names, system, java, strict=True)
    ]
    return Table(threads.key, {"number": np.array(numbers, np.int64)})
