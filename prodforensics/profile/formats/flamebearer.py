"""Pyroscope's flame graphs, JSON: ``{"flamebearer": {...}, "metadata": {...}}``, single or diff.

``names`` are the functions; ``levels`` the bars, a level a depth, from the root ``total`` down. A
bar is four numbers: its distance to the end of the bar before it, total, self and the place of its
name; of a diff seven, with distance, total and self of both sides. A bar belongs to the bar above
it in the level before. ``other`` stands for the small bars that the server left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from prodforensics.errors import Corrupt
from prodforensics.formats import Match, Probe
from prodforensics.gaps import Gap
from prodforensics.profile.formats.json_document import keys, read_document
from prodforensics.profile.formats.json_fields import Fields
from prodforensics.source import Source

if TYPE_CHECKING:
    from prodforensics.profile.data import ProfileData, Recording, ValueType
    from prodforensics.profile.model import Profile

__all__ = ["read", "sniff"]

# How a profile was taken whose name ends in a word: `orders.cpu{...}`, `inuse_space`.
_MODES = {
    "cpu": {"cpu", "itimer"},
    "wall": {"wall"},
    "heap": {"alloc_objects", "alloc_space", "inuse_objects", "inuse_space"},
    "lock": {
        "block_count", "block_duration", "contentions", "delay", "lock_count", "lock_duration",
        "mutex_count", "mutex_duration",
    },
    "": {"exceptions", "goroutine", "goroutines", "samples"},
}  # fmt: skip
_WORDS = set().union(*_MODES.values())
# What a unit counts, where the name of the profile does not tell; and its unit here.
_UNITS = {
    "objects": ("objects", "count"),
    "goroutines": ("goroutine", "count"),
    "exceptions": ("exceptions", "count"),
    "bytes": ("space", "bytes"),
    "lock_nanoseconds": ("delay", "ns"),
    "lock_samples": ("contentions", "count"),
    "nanoseconds": ("cpu", "ns"),
}
# No profiler samples as often: at such a rate ticks are no samples but parts of a second.
_OFTEN = 10**6
_LARGEST = 2**53


def sniff(probe: Probe) -> Match | None:
    """Recognise the keys of the document."""
    if keys(probe.head) >= {"flamebearer", "flamebearer.names"}:
        return Match(0.95, "a flame graph of Pyroscope")
    return None


def read(source: Source, *, progress: bool | None = None) -> Profile:
    """Read a flame graph of Pyroscope, as its API and its web pages export it.

    Parameters
    ----------
    source : Source
    progress : bool, optional
        Show a progress bar: always, never, or (None) for large files.

    Returns
    -------
    Profile
        Ticks, and where they are samples in time (``units: samples``) the time too, which is the
        default: ticks / sampleRate. Of a diff each value type twice: ``samples_base`` (the left
        side) and ``samples``.

    Raises
    ------
    Corrupt
        It is no such document, or holds no bars.
    """
    from prodforensics.profile.model import Profile
    from prodforensics.progress import compiling

    document, gaps = read_document(source)
    fields = Fields()
    if not isinstance(document, dict) or not isinstance(document.get("flamebearer"), dict):
        raise Corrupt(source.path, 0, "an object 'flamebearer'", repr(source.head(40)))
    bearer = document["flamebearer"]
    # Before version 1 the metadata stood among the bars.
    metadata = bearer | fields.record(document.get("metadata"), "metadata")
    levels = fields.lists(bearer.get("levels"), "levels")
    double = metadata.get("format") == "double" or "leftTicks" in document
    with compiling(progress):
        bars = _Bars(*levels, 7 if double else 4, fields)
        if not len(bars.name):
            raise Corrupt(source.path, 0, "bars in 'levels'", repr(source.head(40)))
        stated = fields.integer(bearer.get("numTicks"), "numTicks", -1)
        if stated >= 0 and stated != (found := int(bars.own.sum())):
            what = f"numTicks says {stated:,}, the bars hold {found:,}"
            gaps.append(Gap(what, lost_records=max(stated - found, 0)))
        names = fields.texts(bearer.get("names"), "names", optional=False)
        meta = _Meta.of(metadata, fields)
        recording = _recording(document, meta, fields)
        data = _data(bars, names, _value_types(meta), recording, fields)
    return Profile(source, data, [*gaps, *fields.gaps])


class _Bars:
    """The bars of all levels, callers first.

    Attributes
    ----------
    parent : int32[b]
        The bar above; -1 for the root.
    name : int64[b]
    own : int64[b, 1 or 2]
        What each has itself, of one side or both.
    """

    def __init__(self, first: np.ndarray, item: np.ndarray, width: int, fields: Fields) -> None:
        sides = (width - 1) // 3
        parents, names, owns = [], [], []
        left = right = np.empty(0, np.int64)
        above = 0
        for start, end in zip(first[:-1].tolist(), first[1:].tolist(), strict=True):
            bars = item[start : end - (end - start) % width].reshape(-1, width)
            fields.lose("levels: part of a bar", (end - start) % width > 0)
            numbers = bars[:, :-1].reshape(len(bars), sides, 3)
            total = numbers[:, :, 1]
            ends = np.cumsum(numbers[:, :, 0] + total, axis=0).sum(axis=1)
            starts = ends - total.sum(axis=1)
            good = ((numbers >= 0) & (numbers < _LARGEST)).all(axis=(1, 2))
            if parents:
                parent = np.searchsorted(left, starts, "right") - 1
                good &= (parent >= 0) & (ends <= np.append(right, -1)[parent])
            else:
                parent = np.full(len(bars), -1, np.int64)
            fields.lose("levels: a bar that is below none", np.count_nonzero(~good))
            parents.append((parent + above if parents else parent)[good])
            names.append(bars[good, -1])
            owns.append(numbers[good, :, 2])
            above += len(left)
            left, right = starts[good], ends[good]
            if not len(left):
                break
        self.parent = np.concatenate([*parents, np.empty(0, np.int64)]).astype(np.int32)
        self.name = np.concatenate([*names, np.empty(0, np.int64)])
        self.own = np.concatenate([*owns, np.empty((0, sides), np.int64)])


def _data(
    bars: _Bars,
    names: list[str],
    types: list[tuple[ValueType, float]],
    recording: Recording,
    fields: Fields,
) -> ProfileData:
    """Put the arrays together."""
    from prodforensics.kernels.prefix_tree import merge
    from prodforensics.profile.building import CallTable
    from prodforensics.profile.data import ProfileData, Samples, Stacks, ValueType
    from prodforensics.profile.frame_texts import add_call

    known = (bars.name >= 0) & (bars.name < len(names))
    fields.lose("levels: the place of no name", np.count_nonzero(~known))
    place = np.where(known, bars.name, len(names)).astype(np.int64)
    calls, call = CallTable(), np.zeros(len(names) + 1, np.int32)
    keep = np.ones(len(bars.name), np.bool_)
    # The root is no function but the whole.
    keep[0] = not known[0] or names[place[0]] != "total"
    for one in np.unique(place[keep]).tolist():
        call[one] = add_call(calls, names[one] if one < len(names) else "")
    parent, item, node = merge(bars.parent, call[place], keep)
    rows = np.flatnonzero(bars.own.any(axis=1))
    value_types, columns = [], []
    for one, factor in types:
        for side in range(bars.own.shape[1]):
            base = bars.own.shape[1] == 2 and side == 0
            value_types.append(ValueType(f"{one.name}_base" if base else one.name, one.unit))
            ticks = np.minimum(np.rint(bars.own[rows, side] * factor), 2.0**62)
            columns.append(fields.summable(ticks.astype(np.int64), "levels"))
    return ProfileData(
        tuple(value_types),
        calls.functions(),
        calls.calls(),
        Stacks(parent, item),
        Samples(node[rows], tuple(columns)),
        recording=recording,
        default=len(value_types) - 1,
    )


class _Meta(NamedTuple):
    """What is known of the ticks: their unit, the rate of samples, pprof's word, the profiler."""

    units: str
    rate: int
    word: str
    spy: str

    @classmethod
    def of(cls, metadata: dict[str, Any], fields: Fields) -> _Meta:
        """Read the metadata; the word is the last one of the profile's name."""
        name = fields.text(metadata.get("name"), "name").partition("{")[0]
        word = name.rpartition(".")[2].rpartition(":")[2]
        return cls(
            fields.text(metadata.get("units"), "units"),
            fields.integer(metadata.get("sampleRate"), "sampleRate"),
            word if word in _WORDS else "",
            fields.text(metadata.get("spyName"), "spyName"),
        )


def _value_types(meta: _Meta) -> list[tuple[ValueType, float]]:
    """Return what ticks count, and what one tick is of each."""
    from prodforensics.profile.data import ValueType

    if meta.units in _UNITS:
        name, unit = _UNITS[meta.units]
        return [(ValueType(meta.word or name, unit), 1)]
    if meta.units not in ("samples", "trace_samples", "") or meta.rate <= 0:
        return [(ValueType(meta.word or "samples", "count"), 1)]
    time = meta.word if meta.word not in ("", "samples") else "cpu"
    if meta.units == "trace_samples":
        time = "wall"
    types = [(ValueType(time, "ns"), 1e9 / meta.rate)]
    if meta.rate < _OFTEN:
        types.insert(0, (ValueType("samples", "count"), 1))
    return types


def _recording(document: dict[str, Any], meta: _Meta, fields: Fields) -> Recording:
    """Return how the profile was taken: from metadata and timeline."""
    from prodforensics.profile.data import Recording

    timeline = fields.record(document.get("timeline"), "timeline")
    points = len(fields.items(timeline.get("samples"), "timeline.samples"))
    step = fields.time(timeline.get("durationDelta"), 10**9, "timeline.durationDelta", 0)
    return Recording(
        producer="Pyroscope",
        mode=next((mode for mode, words in _MODES.items() if meta.word in words), ""),
        start_ns=fields.time(timeline.get("startTime"), 10**9, "timeline.startTime"),
        duration_ns=min(points * (step or 0), 2**62) or None,
        interval_ns=10**9 // meta.rate if 0 < meta.rate < _OFTEN else None,
        comments=(meta.spy,) if meta.spy else (),
    )
