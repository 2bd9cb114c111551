"""pprof: the ``profile.proto`` of Go's runtime, Parca, Pyroscope, Datadog, Google Cloud Profiler.

One message of protocol buffers, mostly packed with gzip: types of values, samples, locations with
their lines, functions, mappings, and a table of strings. Fields may come in any order: Go's runtime
writes the strings last, ``go tool pprof`` in the order of their numbers.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from prodforensics.errors import Corrupt
from prodforensics.formats import Match, Probe
from prodforensics.gaps import Gap
from prodforensics.kernels.pprof_samples import cut_at, decode, expanded
from prodforensics.kernels.prefix_tree import merge
from prodforensics.kernels.stack_sums import inclusive, sum_by
from prodforensics.profile.data import ProfileData, Recording, Samples, Stacks, ValueType
from prodforensics.profile.formats import pprof_wire as wires
from prodforensics.profile.formats.pprof_drops import BadPattern, Drops, find_drops
from prodforensics.profile.formats.pprof_labels import read_labels, told
from prodforensics.profile.formats.pprof_places import Places, read_places
from prodforensics.profile.formats.pprof_wire import Strings, Wire, is_profile
from prodforensics.progress import compiling
from prodforensics.source import Source

if TYPE_CHECKING:
    from prodforensics.profile.model import Profile

__all__ = ["read", "sniff"]

_TIME_UNITS = {
    **dict.fromkeys(("ns", "nanosecond", "nanoseconds"), 1),
    **dict.fromkeys(("us", "microsecond", "microseconds"), 10**3),
    **dict.fromkeys(("ms", "millisecond", "milliseconds"), 10**6),
    **dict.fromkeys(("s", "sec", "second", "seconds"), 10**9),
}
_SIZE_UNITS = {
    **dict.fromkeys(("b", "byte", "bytes"), 1),
    **dict.fromkeys(("kb", "kilobyte", "kilobytes", "kib"), 2**10),
    **dict.fromkeys(("mb", "megabyte", "megabytes", "mib"), 2**20),
    **dict.fromkeys(("gb", "gigabyte", "gigabytes", "gib"), 2**30),
}
_LARGEST = 2**63 - 1
# What Go's runtime puts in the place of the stacks it had no room for.
_LOST = "runtime/pprof.lostProfileEvent"
_MODES = {
    **dict.fromkeys(("cpu", "cpu-time", "cpu_time"), "cpu"),
    **dict.fromkeys(("wall", "wall-time"), "wall"),
    **dict.fromkeys(("space", "inuse_space", "alloc_space", "alloc_objects", "objects"), "heap"),
    **dict.fromkeys(("contentions", "delay"), "lock"),
}


def sniff(probe: Probe) -> Match | None:
    """Recognise a Profile by its first fields and by what is in them."""
    if is_profile(probe.head):
        return Match(0.9, "a protocol buffer with the fields of pprof's Profile and no other")
    return None


def read(source: Source, *, progress: bool | None = None, drop_frames: bool = True) -> Profile:
    """Read a profile.

    Parameters
    ----------
    source : Source
    progress : bool, optional
        Show progress bars: always, never, or (None) for large files.
    drop_frames : bool
        Take out the frames that the file asks to drop, and all below them, as ``go tool pprof``
        does.

    Returns
    -------
    Profile

    Raises
    ------
    Corrupt
        The file has no type of value.
    """
    from prodforensics.profile.model import Profile

    with compiling(progress), source.buffer() as buf:
        reader = _Reader(source.path, buf, drop_frames)
        # Nothing may hold the buffer beyond this block.
        data, gaps = reader.data(), [*source.gaps, *reader.wire.gaps]
        del buf, reader
    return Profile(source, data, gaps)


class _Reader:
    def __init__(self, path: str, buf: np.ndarray, drop_frames: bool) -> None:
        self.wire, self.drop_frames = Wire(buf), drop_frames
        self.strings = Strings(self.wire)
        types = self.wire.rows(wires.SAMPLE_TYPE, 2)
        if not len(types):
            found = bytes(buf[:16]).hex(" ") or "nothing"
            raise Corrupt(path, 0, "the types of a profile's values", found)
        self.types, self.factors = [], []
        for name, unit in types.tolist():
            word, factor = _unit(self.strings[unit])
            self.types.append(ValueType(self.strings[name], word))
            self.factors.append(factor)

    def data(self) -> ProfileData:
        """Put the profile together."""
        wire, strings = self.wire, self.strings
        places = read_places(wire, strings)
        first, last = wire.messages(wires.SAMPLE)
        parent, item, node, value, labelled, *columns, kept, absent, nameless = decode(
            wire.buf, first, last, len(self.types),
            places.ids.table, places.ids.sorted, places.ids.places, len(strings),
        )  # fmt: skip
        lost = np.ones(len(first), np.bool_)
        lost[kept] = False
        wire.lose("samples that cannot be read", lost, first)
        wire.lose("locations that are not in the file", np.ones(absent, np.bool_))
        wire.lose("labels whose names are not in the file", np.ones(nameless, np.bool_))
        stacks, node = self._stacks(places, parent, item, node)
        labels = read_labels(strings, labelled, *columns)
        known = told(labels, len(node))
        samples = Samples(node, self._values(value), known.time, known.thread)
        data = ProfileData(
            tuple(self.types), places.functions, places.calls, stacks, samples, known.threads,
            labels, self._recording(known.time is not None, places), self._default(),
        )  # fmt: skip
        wire.gaps += strings.gaps(wire)
        return _with_lost(data)

    def _stacks(
        self, places: Places, parent: np.ndarray, item: np.ndarray, node: np.ndarray
    ) -> tuple[Stacks, np.ndarray]:
        """Turn a tree of locations into one of calls."""
        first, call = places.first, places.call
        drops = self._drops(places)
        if drops is not None:
            node = _at(cut_at(parent, item, drops.what), node)
            first, call = drops.first, drops.call
        if len(call) > len(first) - 1:
            parent, item, ends = expanded(parent, item, first, call)
            node = _at(ends, node)
        else:
            item = call[item]
        keep = np.ones(len(parent), np.bool_)
        if drops is not None:
            ended = sum_by(node, np.ones(len(node), np.int64), len(parent))
            keep = inclusive(parent, ended) > 0
        # Calls of one location differ from those of another, unless addresses are not told.
        outermost = call[first[1:] - 1]
        if not keep.all() or len(np.unique(outermost)) < len(outermost):
            parent, item, place = merge(parent, item, keep)
            node = _at(place, node)
        return Stacks(parent, item), node

    def _drops(self, places: Places) -> Drops | None:
        drop, keep = (self.strings[self.wire.integer(k)] for k in (wires.DROP, wires.KEEP))
        if not self.drop_frames or not drop:
            return None
        try:
            return find_drops(places, drop, keep)
        except BadPattern as error:
            what = f"the frames to drop: {error}"
            self.wire.gaps.append(Gap(what, excerpt=f"{drop} {keep}"[:100]))
            return None

    def _values(self, value: np.ndarray) -> tuple[np.ndarray, ...]:
        columns = []
        for column, factor, one in zip(value, self.factors, self.types, strict=True):
            if factor > 1:
                room = _LARGEST // factor
                self.wire.lose(f"values of {one.name} that are too large", abs(column) > room)
                column = np.clip(column, -room, room) * factor
            columns.append(np.ascontiguousarray(column))
        return tuple(columns)

    def _default(self) -> int:
        wanted = self.strings[self.wire.integer(wires.DEFAULT)]
        names = [one.name for one in self.types]
        return names.index(wanted) if wanted and wanted in names else len(names) - 1

    def _recording(self, timed: bool, places: Places) -> Recording:
        wire, strings = self.wire, self.strings
        period_type, interval, period = None, None, wire.integer(wires.PERIOD)
        for name, unit in wire.rows(wires.PERIOD_TYPE, 2)[-1:].tolist():
            word, factor = _unit(strings[unit])
            period_type, period = ValueType(strings[name], word), period * factor
        names = [one.name for one in self.types]
        mode = _mode([period_type.name if period_type else "", *reversed(names)])
        if mode in ("cpu", "wall") and period_type and period_type.unit == "ns":
            interval = period or None
        comments = [strings[k] for k in wire.integers(wires.COMMENT)]
        if documentation := strings[wire.integer(wires.DOC)]:
            comments.append(documentation)
        return Recording(
            producer="Go" if _by_go(places) else "",
            mode=mode,
            clock="unix" if timed else "",
            start_ns=wire.integer(wires.TIME) or None,
            duration_ns=wire.integer(wires.DURATION) or None,
            interval_ns=interval,
            period=period or None,
            period_type=period_type,
            comments=tuple(comments),
        )


def _at(table: np.ndarray, node: np.ndarray) -> np.ndarray:
    """Look nodes up; -1 stays."""
    return np.append(table, np.array([-1], table.dtype))[node]


def _unit(unit: str) -> tuple[str, int]:
    """Return our word for a unit, and what to multiply with."""
    word = unit.lower()
    if word in _TIME_UNITS:
        return "ns", _TIME_UNITS[word]
    if word in _SIZE_UNITS:
        return "bytes", _SIZE_UNITS[word]
    return unit or "count", 1


def _mode(names: list[str]) -> str:
    return next((_MODES[name] for name in names if name in _MODES), "")


def _by_go(places: Places) -> bool:
    names = places.functions.name
    return any(name.startswith(("runtime.", "runtime/")) for name in names) and any(
        file.endswith(".go") for file in places.functions.file
    )


def _with_lost(data: ProfileData) -> ProfileData:
    """Count the samples that the profiler had no room for."""
    lost = np.flatnonzero(data.functions.name == _LOST)
    if not len(lost) or not len(data.stacks):
        return data
    inside = data.stack_function == lost[0]
    of = _at(inside, data.samples.stack)
    count = int(data.samples.values[0][of].sum())
    return replace(data, recording=replace(data.recording, lost_samples=count))
