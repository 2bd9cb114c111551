"""speedscope's own JSON: written by py-spy, rbspy, pyinstrument, samply and many others.

``shared.frames`` lists all frames; each of the ``profiles`` is ``sampled`` (``samples`` are lists
of places in it, outermost first, each with one of the ``weights``) or ``evented`` (``events`` open
and close frames, at a value that does not decrease). The unit is one of time, bytes, or none.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from prodforensics.errors import Corrupt
from prodforensics.formats import Match, Probe
from prodforensics.profile.building import CallTable, ThreadTable, stacks_from_lists
from prodforensics.profile.data import ProfileData, Recording, Samples, ValueType
from prodforensics.profile.formats.json_document import keys, read_document
from prodforensics.profile.formats.json_fields import Fields, column
from prodforensics.profile.formats.parts import Part, evented, join
from prodforensics.profile.formats.v8_frames import file_of, module_of
from prodforensics.source import Source

if TYPE_CHECKING:
    from prodforensics.profile.model import Profile

__all__ = ["read", "sniff"]

_SCHEMA = re.compile(rb'"\$schema"\s*:\s*"https?://www\.speedscope\.app/file-format-schema\.json"')
_SAMPLES = ValueType("samples", "count")
_SPAN = {"nanoseconds": 1, "microseconds": 10**3, "milliseconds": 10**6, "seconds": 10**9}
_FRACTION = 10**5
# What these leave out is a thread that waits: their times are of the processor, and have gaps.
_RUNNING = ("py-spy", "rbspy")
_THREAD = re.compile(r'(?:Process (\d{1,18}) )?Thread (\d{1,18})(?: "(.*)")?', re.DOTALL)


def sniff(probe: Probe) -> Match | None:
    """Recognise the schema, or the keys that it asks for."""
    found = keys(probe.head)
    told = _SCHEMA.search(probe.head) or _SCHEMA.search(probe.tail)
    if told and found & {"$schema", "profiles", "shared"}:
        return Match(1.0, "a JSON object that names speedscope's schema")
    shared = "shared.frames[].name" in found
    profiles = {"profiles[].type", "profiles[].unit"} <= found
    if shared or (profiles and found & {"profiles[].samples", "profiles[].events"}):
        return Match(0.9, "a JSON object with speedscope's shared frames or profiles")
    return None


def read(source: Source, *, progress: bool | None = None) -> Profile:  # noqa: ARG001 (one call)
    """Read all profiles of the file into one: each is a thread.

    Parameters
    ----------
    source : Source
    progress : bool, optional
        Taken, as by all readers: the file is parsed in one go.

    Returns
    -------
    Profile
        A sample of an evented profile is a stretch of time between two events. Each unit is a
        value type; samples of profiles of another unit are 0 there. Time is known where every
        profile tells it: py-spy and rbspy leave out when a thread waits.

    Raises
    ------
    Corrupt
        There are no profiles in the file.
    """
    from prodforensics.profile.model import Profile

    document, gaps = read_document(source)
    fields = Fields()
    whole = fields.record(document, "the document")
    profiles = fields.records(whole.get("profiles"), "profiles")
    if not profiles:
        raise Corrupt(source.path, 0, "speedscope's profiles", "a JSON object without any")
    exporter = fields.text(whole.get("exporter"), "exporter")
    calls, threads = CallTable(), ThreadTable()
    shared = fields.record(whole.get("shared"), "shared")
    frames = fields.records(shared.get("frames"), "shared.frames")
    call = _calls(frames, exporter, calls, fields)
    units = [fields.text(one.get("unit"), "unit") for one in profiles]
    value_types = _value_types(profiles, units, exporter)
    reader = _Reader(call, exporter, fields, len(profiles), value_types)
    parts = [
        reader.part(one, unit, _thread(one, threads, fields))
        for one, unit in zip(profiles, units, strict=True)
    ]
    stacks, samples = join(parts, len(value_types))
    values = [
        one if one.dtype == np.float64 else fields.summable(one, "weights")
        for one in samples.values
    ]
    samples = replace(samples, values=tuple(values))
    active = fields.integer(whole.get("activeProfileIndex"), "activeProfileIndex")
    data = ProfileData(
        value_types,
        calls.functions(),
        calls.calls(),
        stacks,
        samples,
        threads.threads(),
        recording=_recording(exporter, value_types, samples),
        default=reader.place(units[active if 0 <= active < len(units) else 0]),
    )
    return Profile(source, data, [*gaps, *fields.gaps])


def _value_types(
    profiles: list[dict[str, Any]], units: list[str], exporter: str
) -> tuple[ValueType, ...]:
    """Return the value types of all profiles: samples, if any is sampled, and the units."""
    found = [_SAMPLES] if any(one.get("type") != "evented" for one in profiles) else []
    found += [_value_type(unit, exporter) for unit in units]
    return tuple(dict.fromkeys(found))


def _value_type(unit: str, exporter: str) -> ValueType:
    if unit in _SPAN:
        return ValueType("cpu" if exporter.startswith(_RUNNING) else "wall", "ns")
    return ValueType("space", "bytes") if unit == "bytes" else ValueType("weight", "")


def _recording(exporter: str, value_types: tuple[ValueType, ...], samples: Samples) -> Recording:
    mode, interval = "", None
    spans = samples.values[-1][samples.values[-1] > 0]
    if exporter.startswith("pyinstrument"):
        mode = "wall"
    elif _SAMPLES in value_types and any(one.unit == "ns" for one in value_types):
        mode = "cpu" if exporter.startswith(_RUNNING) else "wall"
        interval = int(np.median(spans)) if len(spans) else None
    duration = None
    if samples.time is not None and len(samples) and value_types[-1].unit == "ns":
        end = samples.time + samples.values[-1]
        duration = int(end.max() - samples.time.min())
    return Recording(
        producer=exporter.partition("@")[0],
        mode=mode,
        clock="relative" if samples.time is not None else "",
        duration_ns=duration,
        interval_ns=interval,
    )


class _Reader:
    """Reads the profiles of one file."""

    def __init__(
        self,
        call: np.ndarray,
        exporter: str,
        fields: Fields,
        profiles: int,
        value_types: tuple[ValueType, ...],
    ) -> None:
        self.call = call
        self.exporter = exporter
        self.fields = fields
        self.profiles = profiles
        self.value_types = value_types

    def place(self, unit: str) -> int:
        """Return the place of a unit's value type."""
        return self.value_types.index(_value_type(unit, self.exporter))

    def part(self, profile: dict[str, Any], unit: str, thread: int) -> Part:
        """Read one profile."""
        kind = profile.get("type")
        if kind not in ("sampled", "evented"):
            self.fields.lose("profiles: neither sampled nor evented", 1, kind)
        return (self._evented if kind == "evented" else self._sampled)(profile, unit, thread)

    def _sampled(self, profile: dict[str, Any], unit: str, thread: int) -> Part:
        fields, running = self.fields, self.exporter.startswith(_RUNNING)
        first, frame = fields.lists(profile.get("samples"), "samples")
        known = (frame >= 0) & (frame < len(self.call))
        fields.lose("samples: no such frame", np.count_nonzero(~known))
        first = np.append(0, np.cumsum(known))[first]
        stacks, node = stacks_from_lists(first, self.call[frame[known]], leaf_first=False)
        weights = self._weights(profile.get("weights"), unit, "weights")
        if len(weights) != len(node):
            # rbspy writes the weights of all processes into the profile of each.
            if len(weights) < len(node) or not running or self.profiles == 1:
                what = "weights: not as many as samples"
                fields.lose(what, abs(len(weights) - len(node)))
            weights = np.zeros(len(node), weights.dtype)
        time = None
        if unit in _SPAN and not running:
            start = fields.time(profile.get("startValue"), _SPAN[unit], "startValue", 0)
            time = start + np.cumsum(fields.summable(weights, "weights")) - weights
        values = self._values(len(node), unit, weights, _SAMPLES)
        return Part(stacks.parent, stacks.call, node, values, np.full(len(node), thread), time)

    def _evented(self, profile: dict[str, Any], unit: str, thread: int) -> Part:
        fields = self.fields
        events = fields.records(profile.get("events"), "events")
        frame = fields.integers(column(events, "frame"), "events.frame", fill=-1)
        # A number of no unit may have a fraction; the events are counted in integers.
        scale = _SPAN.get(unit, 1 if unit == "bytes" else _FRACTION)
        at = fields.times(column(events, "at"), scale, "events.at")
        kind = fields.texts(column(events, "type"), "events.type")
        opens = np.fromiter((one == "O" for one in kind), np.bool_, len(kind))
        closes = np.fromiter((one == "C" for one in kind), np.bool_, len(kind))
        known = (frame >= 0) & (frame < len(self.call)) & (opens | closes)
        fields.lose("events: no such frame or type", np.count_nonzero(~known))
        frame, at, opens = frame[known], at[known], opens[known]
        ordered = np.maximum.accumulate(at) if len(at) else at
        fields.lose("events: before the one that precedes them", np.count_nonzero(at < ordered))
        part, unopened, unclosed = evented(
            np.full(len(at), thread), ordered, opens, frame, self.call[frame]
        )
        fields.lose("events: close what is not open", unopened)
        fields.lose("events: opened and never closed", unclosed)
        (length,) = part.values
        if scale == _FRACTION:
            length = length / _FRACTION
        if unit not in _SPAN:
            part.time = None
        part.values = self._values(len(part.node), unit, length, None)
        return part

    def _weights(self, value: object, unit: str, what: str) -> np.ndarray:
        if self.value_types[self.place(unit)].unit == "":
            return self.fields.numbers(value, what)
        return self.fields.times(value, _SPAN.get(unit, 1), what)

    def _values(
        self, count: int, unit: str, weights: np.ndarray, one: ValueType | None
    ) -> tuple[np.ndarray, ...]:
        place = self.place(unit)
        return tuple(
            weights if k == place else np.full(count, int(kind == one), _dtype(kind))
            for k, kind in enumerate(self.value_types)
        )


def _dtype(kind: ValueType) -> type:
    return np.float64 if kind.unit == "" else np.int64


def _thread(profile: dict[str, Any], threads: ThreadTable, fields: Fields) -> int:
    """Return the thread of a profile: py-spy's names tell its ids, others are names."""
    name = fields.text(profile.get("name"), "profile.name")
    if found := _THREAD.fullmatch(name):
        process, thread, name = int(found[1] or -1), int(found[2]), found[3] or ""
        return threads.thread(process, thread, "", name)
    return threads.thread(name=name)


def _calls(
    frames: list[dict[str, Any]], exporter: str, calls: CallTable, fields: Fields
) -> np.ndarray:
    """Return the call of each frame, int64[f]."""
    names = fields.texts(column(frames, "name"), "frame.name")
    files = fields.texts(column(frames, "file"), "frame.file")
    lines = fields.integers(column(frames, "line"), "frame.line", optional=True)
    columns = fields.integers(column(frames, "col"), "frame.col", optional=True)
    rows = zip(names, files, lines.tolist(), columns.tolist(), strict=True)
    numbers = [
        calls.call(name, file_of(file), module=module_of(file), line=line, column=col)
        for name, file, line, col in rows
    ]
    call = np.array(numbers, np.int64)
    if exporter.startswith("pyinstrument"):
        # What a function does itself: no function.
        call[np.array([name == "[self]" for name in names], bool)] = -1
    return call
