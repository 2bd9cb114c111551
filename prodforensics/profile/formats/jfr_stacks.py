"""Stacks and threads of Java Flight Recorder, gathered over the chunks of a file."""

from __future__ import annotations

import numpy as np

from prodforensics.profile.building import CallTable, ThreadTable, stacks_from_lists
from prodforensics.profile.data import Stacks
from prodforensics.profile.formats.java_names import java_class, package_of
from prodforensics.profile.formats.jfr_metadata import Metadata
from prodforensics.profile.formats.jfr_pools import Pools, Table, places_of

__all__ = ["StackLists", "class_names", "threads_of"]

# The types of frames of the JDK and of async-profiler: kind, and whether it is inlined.
_FRAMES = {
    "Interpreted": ("interpreted", False),
    "JIT compiled": ("jit", False),
    "Inlined": ("jit", True),
    "C1 compiled": ("jit", False),
    "Native": ("native", False),
    "C++": ("native", False),
    "Kernel": ("kernel", False),
}
_WORDS = {word: number for number, word in enumerate(_FRAMES)}
_KINDS = tuple(_FRAMES.values())
# A line takes 16 bits in class files, a type of frame is one of a handful.
_LINES, _TYPES = 2**16, 2**4
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
        self._methods: dict[tuple[str, ...], int] = {}
        self._names: list[tuple[str, str]] = []
        self._numbers: dict[int, int] = {}
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
        row = places_of(methods, frames["method"])
        method = np.full(len(methods.key) + 1, -1, np.int64)  # the last one answers -1
        used = np.unique(row[row >= 0])
        method[used] = self._method_numbers(pools, methods, used)
        kinds = pools.names("jdk.types.FrameType", "description")
        keys, place = np.unique(frames["type"], return_inverse=True)
        words = [_WORDS.get(kinds.get(key, ""), len(_WORDS)) for key in keys.tolist()]
        kind = np.array(words, np.int64)[place.reshape(-1)]
        line = frames["lineNumber"]
        line = np.where((line > 0) & (line < _LINES), line, 0)
        packed = ((method[row] + 1) * _LINES + line) * _TYPES + kind
        unique, inverse = np.unique(packed, return_inverse=True)
        numbers = np.array([self._call_number(one) for one in unique.tolist()], np.int32)
        return numbers[inverse.reshape(-1)]

    def _call_number(self, packed: int) -> int:
        """Return the number of a call of this method, line and kind."""
        number = self._numbers.get(packed)
        if number is None:
            rest, kind = divmod(packed, _TYPES)
            method, line = divmod(rest, _LINES)
            name, package = self._names[method - 1] if method else (_UNKNOWN, "")
            word, inlined = _KINDS[kind] if kind < len(_KINDS) else ("", False)
            number = self.calls.call(name, module=package, line=line, inlined=inlined, kind=word)
            self._numbers[packed] = number
        return number

    def _method_numbers(self, pools: Pools, methods: Table, rows: np.ndarray) -> list[int]:
        """Return the number, over all chunks, of methods in rows of the pool of methods."""
        classes = pools.table("java.lang.Class", "name")
        owner = places_of(classes, methods.column("type")[rows])
        name = np.append(classes.column("name"), 0)  # the last one answers -1
        columns = (name[owner], methods.column("name")[rows], methods.column("descriptor")[rows])
        texts = _symbols(pools, np.concatenate(columns))
        n, numbers = len(rows), []
        for parts in zip(texts[:n], texts[n : 2 * n], texts[2 * n :], strict=True):
            number = self._methods.setdefault(parts, len(self._methods))
            if number == len(self._names):
                self._names.append(_named(*parts))
            numbers.append(number)
        return numbers


def _named(owner: str, name: str, descriptor: str) -> tuple[str, str]:
    """Return the name of a method and its package, or of a native function and its library."""
    if descriptor == _NATIVE:
        return name, owner
    owner = java_class(owner)
    return f"{owner}.{name}" if owner else name, package_of(owner)


def _symbols(pools: Pools, keys: np.ndarray) -> list[str]:
    """Return the texts of these keys of the pool of symbols."""
    symbols = pools.table("jdk.types.Symbol", "string")
    keys, place = np.unique(keys, return_inverse=True)
    start = np.append(symbols.column("string"), 0)  # the last one answers -1
    texts = pools.texts(start[places_of(symbols, keys)])
    return [texts[one] for one in place.reshape(-1).tolist()]


def class_names(pools: Pools, keys: np.ndarray) -> dict[int, str]:
    """Name the classes of these keys of the pool of classes."""
    keys = np.unique(keys)
    classes = pools.table("java.lang.Class", "name")
    place = places_of(classes, keys)
    known = place >= 0
    texts = _symbols(pools, classes.column("name")[place[known]])
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
