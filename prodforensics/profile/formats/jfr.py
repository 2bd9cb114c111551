"""Java Flight Recorder: recordings of the JDK and of async-profiler, ``.jfr``.

A file holds samples of several kinds, and each has value types of its own:

================================================ ====================================
events                                           value types
================================================ ====================================
ExecutionSample, CPUTimeSample                   ``samples``, ``cpu`` (ns)
WallClockSample                                  ``wall_samples``, ``wall`` (ns)
NativeMethodSample                               ``native_samples``
ObjectAllocationSample, InNewTLAB, OutsideTLAB   ``alloc_samples``, ``alloc_space``
LiveObject                                       ``inuse_samples``, ``inuse_space``
Malloc                                           ``malloc_samples``, ``malloc_space``
JavaMonitorEnter, NativeLock, ThreadPark (locks) ``contentions``, ``delay`` (ns)
ThreadPark (others)                              ``parks``, ``park`` (ns)
JavaMonitorWait, ThreadSleep                     ``waits``, ``wait``; ``sleeps``, ``sleep``
SocketRead, SocketWrite, FileRead, FileWrite     ``io_operations``, ``io`` (ns)
JavaExceptionThrow, JavaErrorThrow               ``exceptions``
================================================ ====================================

``samples`` is the default where there are any, as in ``jfr view hot-methods``. The class that is
allocated or locked is the label ``class`` of a sample. Other events are counted in the frame
``jfr_events``; collections are in ``gc`` and the load in ``cpu_load``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from prodforensics.errors import BadOption, Corrupt
from prodforensics.formats import Match, Probe
from prodforensics.gaps import Gap
from prodforensics.profile.building import ThreadTable
from prodforensics.profile.data import ProfileData, Recording
from prodforensics.profile.formats.jfr_chunks import MAGIC, Chunk, Notes, chunks
from prodforensics.profile.formats.jfr_events import Events, find_metadata
from prodforensics.profile.formats.jfr_frames import CPU_LOAD, EVENTS, GC, Gathered
from prodforensics.profile.formats.jfr_leaves import with_class_leaves
from prodforensics.profile.formats.jfr_metadata import Metadata
from prodforensics.profile.formats.jfr_pools import Pools, Table, places_of
from prodforensics.profile.formats.jfr_samples import KINDS, Kind, SampleRows
from prodforensics.profile.formats.jfr_settings import Settings
from prodforensics.profile.formats.jfr_stacks import StackLists, class_names, threads_of
from prodforensics.progress import bar, compiling
from prodforensics.source import Source

if TYPE_CHECKING:
    from prodforensics.profile.model import Profile

__all__ = ["read", "sniff"]

# async-profiler before 4.0 writes samples of wall time as ExecutionSample, with these states.
_WALL_STATES = ("STATE_RUNNABLE", "STATE_SLEEPING")
_MODES = {
    "samples": "cpu",
    "wall_samples": "wall",
    "alloc_samples": "heap",
    "inuse_samples": "heap",
    "malloc_samples": "heap",
    "contentions": "lock",
    "parks": "lock",
}


def sniff(probe: Probe) -> Match | None:
    """Recognise the magic number and a version that is known."""
    if probe.head.startswith((MAGIC + b"\0\1", MAGIC + b"\0\2")):
        return Match(1.0, "the magic number of Java Flight Recorder")
    return None


def read(source: Source, *, progress: bool | None = None, classes: str = "label") -> Profile:
    """Read a recording.

    Parameters
    ----------
    source : Source
    progress : bool, optional
        Show progress bars: always, never, or (None) for large files.
    classes : str
        Where the class goes that is allocated or locked: ``"label"`` of the sample, or
        ``"leaf"``, a call below the one that allocates, as in async-profiler's flame graphs.

    Returns
    -------
    Profile
        With the frames ``jfr_events``, and ``gc`` and ``cpu_load`` where the file tells of them.

    Raises
    ------
    Corrupt
        No chunk of the file can be read.
    BadOption
        ``classes`` is neither of the two.

    Examples
    --------
    >>> import prodforensics as pf
    >>> profile = pf.load(pf.samples.path("profile/java/gc.jfr.zst"))
    >>> [one.name for one in profile.value_types][:4]
    ['samples', 'cpu', 'native_samples', 'alloc_samples']
    >>> profile.using("alloc_space").frames["functions"]["function"].size > 10
    True
    """
    if classes not in ("label", "leaf"):
        raise BadOption(f"classes={classes!r}: 'label' or 'leaf'")
    with compiling(progress), source.buffer() as data:
        reader = _Reader()
        with bar(data.size, "reading", show=progress) as done:
            reader.read(data, done.update)
        if not reader.chunks:
            gap = next(iter(reader.notes.all()), None)
            found = gap.what if gap else f"{data.size} bytes"
            raise Corrupt(source.path, 0, "a chunk of Java Flight Recorder", found)
        del data  # nothing may hold the buffer beyond this block
        return reader.profile(source, leaves=classes == "leaf")


class _Reader:
    def __init__(self) -> None:
        self.notes = Notes()
        self.chunks: list[Chunk] = []
        self.stacks = StackLists()
        self.threads = ThreadTable()
        self.rows = SampleRows()
        self.gathered = Gathered()
        self.settings = Settings()

    def read(self, data: np.ndarray, done: Callable[[int], object]) -> None:
        """Read chunk after chunk."""
        known: dict[bytes, Metadata] = {}
        wanted = {*self.gathered.wanted, *self.settings.wanted, *(kind.event for kind in KINDS)}
        for chunk in chunks(data, self.notes):
            metadata = find_metadata(data, chunk, known)
            if metadata is None:
                what = "a chunk without its metadata"
                lost = chunk.end - chunk.start
                self.notes.add(Gap(what, offset=chunk.start, lost_bytes=lost))
                continue
            events = Events(data, chunk, metadata, self.notes)
            pools = Pools(data, chunk.end, metadata, events.checkpoints, self.notes)
            events.locate(wanted)
            self.settings.add(events, pools, metadata)
            self.gathered.add(events, pools)
            self._take(events, pools, metadata, chunk)
            self.chunks.append(chunk)
            done(chunk.end - chunk.start)
        if self.settings.dropped_bytes:
            lost = self.settings.dropped_bytes
            self.notes.add(Gap("the JVM could not write all events", lost_bytes=lost))

    def _take(self, events: Events, pools: Pools, metadata: Metadata, chunk: Chunk) -> None:
        """Take in the samples of a chunk."""
        self.stacks.add(pools, metadata)
        threads = threads_of(pools, self.threads, self.settings.process)
        missing = 0
        for kind in KINDS:
            state = ("state",) if kind.event == "jdk.ExecutionSample" else ()
            columns = events.columns(kind.event, *kind.fields, *state)
            if not columns:
                continue
            columns = {"startTime": np.full(len(columns["count"]), chunk.start_ns)} | columns
            keys = columns.get("stackTrace", np.zeros(len(columns["count"]), np.int64))
            columns["stack"] = self.stacks.places(keys)
            missing += int(np.count_nonzero((keys > 0) & (columns["stack"] < 0)))
            nobody = np.zeros(len(keys), np.int64)
            columns["thread"] = _threads(threads, columns.get(kind.thread, nobody))
            self._add(kind, columns, pools)
        if missing:
            what = "stacks that no checkpoint of the chunk holds"
            self.notes.add(Gap(what, offset=chunk.start, lost_records=missing))

    def _add(self, kind: Kind, columns: dict[str, np.ndarray], pools: Pools) -> None:
        """Take in the samples of one type of event; some count as if they were of another."""
        names = class_names(pools, columns[kind.label]) if kind.label in columns else {}
        if kind.event == "jdk.ExecutionSample" and self.settings.async_profiler:
            states = pools.names("jdk.types.ThreadState", "name")
            keys = [key for key, name in states.items() if name in _WALL_STATES]
            field, other = "state", "profiler.WallClockSample"
        elif kind.event == "jdk.ThreadPark":
            keys = [key for key, name in names.items() if _is_lock(name)]
            field, other = kind.label, "jdk.JavaMonitorEnter"
        else:
            keys, field, other = [], "", kind.event
        chosen = np.isin(columns.get(field, columns["count"] * 0), keys)
        for rows, counted_as in ((~chosen, kind.event), (chosen, other)):
            if rows.any():
                some = {name: column[rows] for name, column in columns.items()}
                self._add_rows(kind, counted_as, some, names)

    def _add_rows(
        self, kind: Kind, counted_as: str, columns: dict[str, np.ndarray], names: dict[int, str]
    ) -> None:
        count = np.clip(columns.get(kind.counts, columns["count"]), 0, 2**31)
        weight = columns.get(kind.field)
        interval = self.settings.interval(counted_as)
        if not kind.field and interval:
            weight = count * interval
        self.rows.add(
            kind.event,
            counted_as,
            stack=columns["stack"],
            thread=columns["thread"],
            time=columns["startTime"],
            count=count,
            weight=None if weight is None else np.clip(weight, 0, 2**53),
            label=(columns[kind.label], names) if kind.label in columns else None,
        )

    def profile(self, source: Source, *, leaves: bool) -> Profile:
        """Make the profile of what was gathered."""
        from prodforensics.profile.model import Profile

        stacks, node, count, cut = self.stacks.tree()
        types = self.rows.types()
        lists = self.rows.lists()
        cut_lists = lists[lists >= 0][cut[lists[lists >= 0]]]
        samples = self.rows.samples(node)
        calls = self.stacks.calls
        if leaves:
            classes, labelled = self.rows.classes, self.rows.labelled()
            stacks, samples = with_class_leaves(stacks, samples, calls, classes, labelled)
        data = ProfileData(
            tuple(types),
            calls.functions(),
            calls.calls(),
            stacks,
            samples,
            self.threads.threads(),
            None if leaves else self.rows.labels(),
            self._recording(types[0].name, len(cut_lists), count[cut_lists]),
        )
        extra = {"jfr_events": (EVENTS, self.gathered.events)}
        if self.gathered.has_collections:
            extra["gc"] = (GC, self.gathered.collections)
        if self.gathered.has_load:
            extra["cpu_load"] = (CPU_LOAD, self.gathered.load)
        return Profile(source, data, [*source.gaps, *self.notes.all()], extra=extra)

    def _recording(self, default: str, truncated: int, depths: np.ndarray) -> Recording:
        start = min(chunk.start_ns for chunk in self.chunks)
        end = max(chunk.start_ns + chunk.duration_ns for chunk in self.chunks)
        events = self.rows.events
        return Recording(
            producer="async-profiler" if self.settings.async_profiler else "JFR",
            mode=_MODES.get(default, ""),
            clock="unix",
            start_ns=start,
            duration_ns=end - start or None,
            interval_ns=self.settings.interval(events[0]) if events else None,
            events=tuple(events),
            lost_samples=self.settings.lost_samples,
            truncated_stacks=truncated,
            max_depth=int(depths.max()) if truncated else None,
            comments=self.settings.comments,
        )


def _threads(threads: Table, keys: np.ndarray) -> np.ndarray:
    """Return the number of each key's thread; -1 for none, int64[n]."""
    number = np.append(threads.column("number"), -1)  # the last one answers -1
    return number[places_of(threads, keys)]


def _is_lock(name: str) -> bool:
    """Tell parking for a lock from parking for work.

    Examples
    --------
    >>> _is_lock("java.util.concurrent.locks.ReentrantLock$NonfairSync")
    True
    >>> _is_lock("java.util.concurrent.locks.AbstractQueuedSynchronizer$ConditionObject")
    False
    """
    return name.startswith("java.util.concurrent.") and name.endswith("Sync")
