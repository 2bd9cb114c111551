"""One model for every profiler: functions, calls, stacks, threads, labels, samples, as arrays.

Readers make a `ProfileData`; everything else takes one and, where it changes something, makes
another that shares what stayed the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace

import numpy as np

__all__ = [
    "KINDS",
    "Calls",
    "Functions",
    "Labels",
    "ProfileData",
    "Recording",
    "Samples",
    "Stacks",
    "Threads",
    "ValueType",
]

KINDS = ("", "native", "kernel", "interpreted", "jit", "builtin")
"""What runs in a call, as far as the profiler tells; ``""`` where it does not."""


@dataclass(frozen=True)
class ValueType:
    """What a column of values counts.

    Parameters
    ----------
    name : str
        pprof's word where it has one: ``"samples"``, ``"cpu"``, ``"alloc_space"``, ``"delay"``.
    unit : str
        ``"count"``, ``"ns"`` or ``"bytes"``; whatever the file says where it is none of these.
        Readers turn every unit of time into nanoseconds and every unit of size into bytes.
    """

    name: str
    unit: str


@dataclass(frozen=True)
class Functions:
    """Functions: one for each different name, file and module.

    Attributes
    ----------
    name, file, module : object[f]
        Strings; empty where the profiler does not tell. A function that could not be symbolised
        has the name ``""``: `calls` has its address, and `module` its binary.
    start_line : int32[f]
        Line of the definition; 0 where unknown.
    """

    name: np.ndarray
    file: np.ndarray
    module: np.ndarray
    start_line: np.ndarray

    def __len__(self) -> int:
        return len(self.name)


@dataclass(frozen=True)
class Calls:
    """Places in functions that were seen in a stack.

    Attributes
    ----------
    function : int32[c]
    line, column : int32[c]
        0 where unknown.
    address : uint64[c]
        0 where unknown.
    inlined : bool[c]
        Whether it was inlined into the call above it.
    kind : uint8[c]
        Place in `KINDS`.
    """

    function: np.ndarray
    line: np.ndarray
    column: np.ndarray
    address: np.ndarray
    inlined: np.ndarray
    kind: np.ndarray

    def __len__(self) -> int:
        return len(self.function)


@dataclass(frozen=True)
class Stacks:
    """All stacks as a prefix tree.

    Attributes
    ----------
    parent : int32[s]
        The node of the caller, always before its callees; -1 for the outermost.
    call : int32[s]
    """

    parent: np.ndarray
    call: np.ndarray

    def __len__(self) -> int:
        return len(self.parent)


@dataclass(frozen=True)
class Threads:
    """Threads that were sampled.

    Attributes
    ----------
    process_id, thread_id : int64[t]
        -1 where unknown.
    process_name, thread_name : object[t]
        Strings; empty where unknown.
    """

    process_id: np.ndarray
    thread_id: np.ndarray
    process_name: np.ndarray
    thread_name: np.ndarray

    def __len__(self) -> int:
        return len(self.thread_id)

    @classmethod
    def none(cls) -> Threads:
        """Return no threads."""
        ids, names = np.empty(0, np.int64), np.empty(0, object)
        return cls(ids, ids, names, names)


@dataclass(frozen=True)
class Labels:
    """What samples are labelled with: a list of key and value for each sample.

    Attributes
    ----------
    first : int64[n + 1]
        The labels of sample ``i`` are rows ``first[i]:first[i + 1]`` of the arrays below.
    key : int32[l]
        Place in `texts`.
    text : int32[l]
        The value, as a place in `texts`; -1 where it is a number.
    number : int64[l]
    unit : int32[l]
        Unit of the number, as a place in `texts`; -1 for none.
    texts : object[k]
    """

    first: np.ndarray
    key: np.ndarray
    text: np.ndarray
    number: np.ndarray
    unit: np.ndarray
    texts: np.ndarray

    def take(self, chosen: np.ndarray) -> Labels:
        """Return the labels of the chosen samples.

        Parameters
        ----------
        chosen : bool[n]
        """
        count = np.diff(self.first)
        rows = np.repeat(chosen, count)
        first = np.concatenate([[0], np.cumsum(count[chosen])]).astype(np.int64)
        columns = (self.key[rows], self.text[rows], self.number[rows], self.unit[rows])
        return Labels(first, *columns, self.texts)


@dataclass(frozen=True)
class Samples:
    """What was recorded, in the order of the file.

    Attributes
    ----------
    stack : int32[n]
        The innermost node of its stack; -1 for a sample without one.
    values : tuple of int64[n] or float64[n]
        One for each value type.
    time : int64[n] or None
        Nanoseconds on the clock of the recording (see `Recording.clock`).
    thread : int32[n] or None
        Place in `Threads`; -1 where unknown.
    event : int32[n] or None
        Place in `Recording.events`, where a file holds several.
    """

    stack: np.ndarray
    values: tuple[np.ndarray, ...]
    time: np.ndarray | None = None
    thread: np.ndarray | None = None
    event: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.stack)

    def take(self, chosen: np.ndarray) -> Samples:
        """Return the chosen samples.

        Parameters
        ----------
        chosen : bool[n]
        """

        def taken(column: np.ndarray | None) -> np.ndarray | None:
            return None if column is None else column[chosen]

        return Samples(
            self.stack[chosen],
            tuple(value[chosen] for value in self.values),
            taken(self.time),
            taken(self.thread),
            taken(self.event),
        )


@dataclass(frozen=True)
class Recording:
    """How the profile was taken, as far as the file tells.

    Parameters
    ----------
    producer : str
        What wrote it: ``"perf"``, ``"Go"``, ``"V8"``, ``"async-profiler"``, ``"py-spy"`` ...
    mode : str
        ``"cpu"`` (a thread is sampled while it runs), ``"wall"`` (also while it waits), ``"heap"``,
        ``"lock"``, ``"instrumented"`` (every call is counted), or ``""``.
    clock : str
        ``"unix"`` where `Samples.time` counts from 1970 (UTC), ``"monotonic"`` (from boot),
        ``"relative"`` (from the start of the recording), or ``""``.
    start_ns : int or None
        Start of the recording, nanoseconds since 1970 (UTC).
    duration_ns : int or None
    interval_ns : int or None
        Nanoseconds from one sample to the next of a thread that runs, as asked for or as seen.
    period : int or None
        Events between two samples, in the unit of `period_type` (pprof's words).
    period_type : ValueType or None
    events : tuple of str
        Names that `Samples.event` counts.
    lost_samples : int
        Samples that the profiler says it lost.
    truncated_stacks : int
        Stacks that the profiler says it cut at its depth limit.
    max_depth : int or None
        That limit.
    comments : tuple of str
    """

    producer: str = ""
    mode: str = ""
    clock: str = ""
    start_ns: int | None = None
    duration_ns: int | None = None
    interval_ns: int | None = None
    period: int | None = None
    period_type: ValueType | None = None
    events: tuple[str, ...] = ()
    lost_samples: int = 0
    truncated_stacks: int = 0
    max_depth: int | None = None
    comments: tuple[str, ...] = ()


@dataclass(frozen=True)
class ProfileData:
    """A profile as arrays.

    Attributes
    ----------
    value_types : tuple of ValueType
        Of `Samples.values`.
    default : int
        Place of the value type that is meant where none is named.
    functions, calls, stacks, samples, threads, labels, recording
        See the classes.
    """

    value_types: tuple[ValueType, ...]
    functions: Functions
    calls: Calls
    stacks: Stacks
    samples: Samples
    threads: Threads = field(default_factory=Threads.none)
    labels: Labels | None = None
    recording: Recording = field(default_factory=Recording)
    default: int = 0

    @property
    def stack_function(self) -> np.ndarray:
        """Function of each node of the stacks, int32[s]."""
        return self.calls.function[self.stacks.call]

    def with_samples(self, chosen: np.ndarray) -> ProfileData:
        """Return the profile of the chosen samples; stacks that lose all of them stay.

        Parameters
        ----------
        chosen : bool[n]
        """
        labels = self.labels.take(chosen) if self.labels else None
        return replace(self, samples=self.samples.take(chosen), labels=labels)

    def arrays(self) -> Iterator[tuple[str, np.ndarray]]:
        """Give every array under a dotted name."""
        for part in (self.functions, self.calls, self.stacks, self.samples, self.threads):
            yield from _arrays_of(part)
        if self.labels:
            yield from _arrays_of(self.labels)


def _arrays_of(part: object) -> Iterator[tuple[str, np.ndarray]]:
    room = type(part).__name__.lower()
    for one in fields(part):  # type: ignore[arg-type]
        value = getattr(part, one.name)
        if isinstance(value, tuple):
            yield from ((f"{room}.{one.name}[{k}]", each) for k, each in enumerate(value))
        elif value is not None:
            yield f"{room}.{one.name}", value
