"""Which events of Java Flight Recorder are samples, and what they count.

A file holds several kinds of samples; each kind has value types of its own, and the samples of the
other kinds hold 0 there. Rows of one kind stand together, chunk by chunk.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from prodforensics.profile.building import objects
from prodforensics.profile.data import Labels, Samples, ValueType

__all__ = ["KINDS", "Kind", "SampleRows", "present"]


@dataclass(frozen=True)
class Kind:
    """What samples of one type of event are.

    Parameters
    ----------
    event : str
        Name of the type.
    count, weight : str
        Value types: how many, and how much (empty: nothing else than how many).
    unit : str
        Of the weight.
    field : str
        Where the event says how much; empty: the interval of the sampler.
    thread : str
        Field of the thread.
    counts : str
        Field that says for how many samples the event stands.
    label : str
        Field of the class that is allocated, locked or parked on.
    """

    event: str
    count: str
    weight: str = ""
    unit: str = ""
    field: str = ""
    thread: str = "eventThread"
    counts: str = ""
    label: str = ""

    @property
    def fields(self) -> tuple[str, ...]:
        """Return the fields that are read."""
        more = (self.field, self.counts, self.label)
        return ("startTime", "stackTrace", self.thread, *(one for one in more if one))


_DURATION = {"unit": "ns", "field": "duration"}
_IO = ("SocketRead", "SocketWrite", "FileRead", "FileWrite", "FileForce")
KINDS = (
    Kind("jdk.CPUTimeSample", "samples", "cpu", "ns", "samplingPeriod"),
    Kind("jdk.ExecutionSample", "samples", "cpu", "ns", thread="sampledThread"),
    Kind("profiler.WallClockSample", "wall_samples", "wall", "ns", thread="sampledThread",
         counts="samples"),
    Kind("jdk.NativeMethodSample", "native_samples", thread="sampledThread"),
    Kind("jdk.ObjectAllocationSample", "alloc_samples", "alloc_space", "bytes", "weight",
         label="objectClass"),
    Kind("jdk.ObjectAllocationInNewTLAB", "alloc_samples", "alloc_space", "bytes", "tlabSize",
         label="objectClass"),
    Kind("jdk.ObjectAllocationOutsideTLAB", "alloc_samples", "alloc_space", "bytes",
         "allocationSize", label="objectClass"),
    Kind("profiler.LiveObject", "inuse_samples", "inuse_space", "bytes", "allocationSize",
         label="objectClass"),
    Kind("profiler.Malloc", "malloc_samples", "malloc_space", "bytes", "size"),
    Kind("jdk.JavaMonitorEnter", "contentions", "delay", label="monitorClass", **_DURATION),
    Kind("profiler.NativeLock", "contentions", "delay", **_DURATION),
    Kind("jdk.ThreadPark", "parks", "park", label="parkedClass", **_DURATION),
    Kind("jdk.JavaMonitorWait", "waits", "wait", label="monitorClass", **_DURATION),
    Kind("jdk.ThreadSleep", "sleeps", "sleep", **_DURATION),
    *(Kind(f"jdk.{name}", "io_operations", "io", **_DURATION) for name in _IO),
    Kind("jdk.JavaExceptionThrow", "exceptions", label="thrownClass"),
    Kind("jdk.JavaErrorThrow", "exceptions", label="thrownClass"),
)  # fmt: skip
"""In the order in which one becomes the default: cpu time before all."""

# Both samplers of cpu time in one file, or both of allocation: one cannot be added to the other.
_BESIDE = {
    "jdk.CPUTimeSample": {"jdk.ExecutionSample": ("execution_samples", "execution")},
    "jdk.ObjectAllocationSample": {
        "jdk.ObjectAllocationInNewTLAB": ("tlab_samples", "tlab_space"),
        "jdk.ObjectAllocationOutsideTLAB": ("tlab_samples", "tlab_space"),
    },
}
_UNITS = {one.weight: one.unit for one in KINDS} | {"execution": "ns", "tlab_space": "bytes"}


def present(names: set[str]) -> dict[str, tuple[str, str]]:
    """Return the value types (count, weight) of the kinds of samples that a file has.

    Examples
    --------
    >>> present({"jdk.ExecutionSample", "jdk.CPUTimeSample"})["jdk.ExecutionSample"]
    ('execution_samples', 'execution')
    """
    types = {kind.event: (kind.count, kind.weight) for kind in KINDS if kind.event in names}
    for better, others in _BESIDE.items():
        if better in types:
            types |= {name: pair for name, pair in others.items() if name in types}
    return types


@dataclass(frozen=True)
class _Part:
    """Samples of one kind of one chunk."""

    event: str
    kind: str
    stack: np.ndarray
    thread: np.ndarray
    time: np.ndarray
    count: np.ndarray
    weight: np.ndarray | None
    label: np.ndarray | None


class SampleRows:
    """Gathers the samples of all chunks, and makes columns of them."""

    def __init__(self) -> None:
        self._parts: list[_Part] = []
        self._classes: dict[str, int] = {}

    @property
    def events(self) -> list[str]:
        """Name the types of events, as numbered in the samples."""
        return list(dict.fromkeys(part.event for part in self._parts))

    @property
    def _kinds(self) -> set[str]:
        return {part.kind for part in self._parts}

    @property
    def classes(self) -> list[str]:
        """Name the classes, as numbered in the labels."""
        return list(self._classes)

    def __len__(self) -> int:
        return sum(len(part.stack) for part in self._parts)

    def add(
        self,
        event: str,
        kind: str,
        *,
        stack: np.ndarray,
        thread: np.ndarray,
        time: np.ndarray,
        count: np.ndarray,
        weight: np.ndarray | None,
        label: tuple[np.ndarray, dict[int, str]] | None,
    ) -> None:
        """Take in samples of one kind of one chunk.

        Parameters
        ----------
        event : str
            Name of the type of event.
        kind : str
            The one of `KINDS` whose value types they have.
        stack, thread : int64[n]
            Places in the lists of stacks and in the table of threads; -1 for none.
        time : int64[n]
        count : int64[n]
        weight : int64[n] or None
        label : (int64[n], dict of int to str) or None
            Key of each sample's class, and the names of keys.
        """
        numbers = None
        if label is not None:
            keys, names = label
            unique, inverse = np.unique(keys, return_inverse=True)
            places = [self._class(names.get(key, "")) for key in unique.tolist()]
            numbers = np.array(places, np.int32)[inverse.reshape(-1)]
        if len(stack):
            thread = thread.astype(np.int32)
            self._parts.append(_Part(event, kind, stack, thread, time, count, weight, numbers))

    def _class(self, name: str) -> int:
        return self._classes.setdefault(name, len(self._classes)) if name else -1

    def types(self) -> list[ValueType]:
        """Return the value types of the samples that are there, in the order of `KINDS`."""
        weighted = {part.kind for part in self._parts if part.weight is not None}
        found: dict[str, ValueType] = {}
        order = [kind.event for kind in KINDS]
        for event, (count, weight) in sorted(
            present(self._kinds).items(), key=lambda item: order.index(item[0])
        ):
            found.setdefault(count, ValueType(count, "count"))
            if event in weighted and weight:
                found.setdefault(weight, ValueType(weight, _UNITS[weight]))
        return list(found.values()) or [ValueType("samples", "count")]

    def samples(self, node: np.ndarray) -> Samples:
        """Return all samples.

        Parameters
        ----------
        node : int32[k]
            Innermost node of each list of calls.
        """
        events, types = self.events, [one.name for one in self.types()]
        pairs = present(self._kinds)
        # Zeros that nobody writes to take no memory: each kind fills its own rows.
        values = tuple(np.zeros(len(self), np.int64) for _ in types)
        event = np.empty(len(self), np.int32)
        at = 0
        for part in self._parts:
            rows = slice(at, at := at + len(part.stack))
            count, weight = pairs[part.kind]
            values[types.index(count)][rows] = part.count
            if part.weight is not None and weight:
                values[types.index(weight)][rows] = part.weight
            event[rows] = events.index(part.event)
        nodes = np.append(node, np.int32(-1))  # the last one answers -1
        return Samples(
            nodes[self._joined("stack", np.int64)],
            values,
            self._joined("time", np.int64),
            self._joined("thread", np.int32),
            event,
        )

    def _joined(self, name: str, dtype: type) -> np.ndarray:
        return np.concatenate([np.empty(0, dtype), *(getattr(p, name) for p in self._parts)])

    def lists(self) -> np.ndarray:
        """Return the list of calls of each sample, int64[n]; -1 for none."""
        return self._joined("stack", np.int64)

    def labelled(self) -> np.ndarray:
        """Return the class of each sample, a place in `classes`; -1 for none, int32[n]."""
        parts = [
            np.full(len(p.stack), -1, np.int32) if p.label is None else p.label for p in self._parts
        ]
        return np.concatenate([np.empty(0, np.int32), *parts])

    def labels(self) -> Labels | None:
        """Return the class of each sample as its label ``class``; None where none has one."""
        label = self.labelled()
        rows = label[label >= 0]
        if not len(rows):
            return None
        first = np.concatenate([[0], np.cumsum(label >= 0)]).astype(np.int64)
        none, texts = np.full(len(rows), -1, np.int32), self.classes
        return Labels(
            first,
            np.full(len(rows), len(texts), np.int32),
            rows,
            np.zeros(len(rows), np.int64),
            none,
            objects([*texts, "class"]),
        )
