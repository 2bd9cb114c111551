"""What Java Flight Recorder tells beside samples: events by type, collections, load of the cpu."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prodforensics.profile.formats.jfr_events import Events
from prodforensics.profile.formats.jfr_pools import Pools
from prodforensics.schema import Column, Schema

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CPU_LOAD", "EVENTS", "GC", "Gathered"]

_TIME = Column("time", "int64", "ns", "Since 1970 (UTC).")
EVENTS = Schema(
    "jfr_events",
    (
        Column("events", "int64", "count", "How many are in the file."),
        Column("size_bytes", "int64", "bytes", "What they take."),
    ),
    Column("type", "str", "", "Name of the type of event, as in `jfr summary`."),
    "How many events of each type are in the file, the most first.",
)
GC = Schema(
    "gc",
    (
        _TIME,
        Column("name", "category", "", "Collector, as in G1New, ParallelOld."),
        Column("cause", "category", "", "Why it ran."),
        Column("duration_ns", "int64", "ns", "From its start to its end."),
        Column("sum_of_pauses_ns", "int64", "ns", "How long it stopped all threads."),
        Column("longest_pause_ns", "int64", "ns", "The longest time without a break."),
        Column("heap_before_bytes", "Int64", "bytes", "Heap used before it."),
        Column("heap_after_bytes", "Int64", "bytes", "Heap used after it."),
    ),
    Column("gc_id", "int64", "", "Number that the JVM gave it."),
    "Every garbage collection (jdk.GarbageCollection, jdk.GCHeapSummary).",
)
CPU_LOAD = Schema(
    "cpu_load",
    (
        _TIME,
        Column("jvm_user", "float64", "", "Share of all processors, 0 to 1, in the program."),
        Column("jvm_system", "float64", "", "The same in the kernel for it."),
        Column("machine_total", "float64", "", "The same of all processes."),
    ),
    meaning="How busy the machine was (jdk.CPULoad).",
)
_COLLECTION = ("startTime", "gcId", "name", "cause", "duration", "sumOfPauses", "longestPause")
_HEAP = ("gcId", "when", "heapUsed")
_LOAD = ("startTime", "jvmUser", "jvmSystem", "machineTotal")


class Gathered:
    """Collects these frames over the chunks of a file."""

    wanted = ("jdk.GarbageCollection", "jdk.GCHeapSummary", "jdk.CPULoad")

    def __init__(self) -> None:
        self.counts: dict[str, list[int]] = {}
        self._collections: list[dict[str, np.ndarray | list[str]]] = []
        self._heap: dict[tuple[int, str], int] = {}
        self._load: list[dict[str, np.ndarray]] = []

    def add(self, events: Events, pools: Pools) -> None:
        """Take in a chunk."""
        for name, pair in events.counts.items():
            have = self.counts.setdefault(name, [0, 0])
            have[0], have[1] = have[0] + pair[0], have[1] + pair[1]
        if one := events.columns("jdk.GarbageCollection", *_COLLECTION):
            names, causes = (
                pools.names("jdk.types.GCName", "name"),
                pools.names("jdk.types.GCCause", "cause"),
            )
            words = {
                "name": [names.get(key, "") for key in _column(one, "name").tolist()],
                "cause": [causes.get(key, "") for key in _column(one, "cause").tolist()],
            }
            self._collections.append({f: _column(one, f) for f in _COLLECTION} | words)
        if one := events.columns("jdk.GCHeapSummary", *_HEAP):
            when = pools.names("jdk.types.GCWhen", "when")
            rows = zip(*(_column(one, name).tolist() for name in _HEAP), strict=True)
            for number, key, used in rows:
                self._heap[number, when.get(key, "")] = used
        if one := events.columns("jdk.CPULoad", *_LOAD):
            self._load.append({name: _column(one, name) for name in _LOAD})

    def events(self) -> pd.DataFrame:
        """Return the frame `EVENTS`."""
        import pandas as pd

        order = sorted(self.counts, key=lambda name: -self.counts[name][0])
        columns = [[self.counts[name][k] for name in order] for k in range(2)]
        return pd.DataFrame(
            {
                "events": np.array(columns[0], np.int64),
                "size_bytes": np.array(columns[1], np.int64),
            },
            index=pd.Index(order, name="type", dtype="str"),
        )

    @property
    def has_collections(self) -> bool:
        """Whether the file tells of collections."""
        return bool(self._collections)

    @property
    def has_load(self) -> bool:
        """Whether the file tells the load."""
        return bool(self._load)

    def collections(self) -> pd.DataFrame:
        """Return the frame `GC`."""
        import pandas as pd

        def words(name: str) -> pd.Categorical:
            texts = pd.Series([t for part in self._collections for t in part[name]], dtype="str")
            return pd.Categorical(texts)

        number = _joined(self._collections, "gcId")
        heap = {
            when: pd.array([self._heap.get((n, when), pd.NA) for n in number.tolist()], "Int64")
            for when in ("Before GC", "After GC")
        }
        return pd.DataFrame(
            {
                "time": _joined(self._collections, "startTime"),
                "name": words("name"),
                "cause": words("cause"),
                "duration_ns": _joined(self._collections, "duration"),
                "sum_of_pauses_ns": _joined(self._collections, "sumOfPauses"),
                "longest_pause_ns": _joined(self._collections, "longestPause"),
                "heap_before_bytes": heap["Before GC"],
                "heap_after_bytes": heap["After GC"],
            },
            index=pd.Index(number, name="gc_id"),
        ).sort_values("time", kind="stable")

    def load(self) -> pd.DataFrame:
        """Return the frame `CPU_LOAD`."""
        import pandas as pd

        names = ("time", "jvm_user", "jvm_system", "machine_total")
        pairs = zip(names, _LOAD, strict=True)
        return pd.DataFrame(
            {
                name: _joined(self._load, field).astype("float64" if "_" in name else "int64")
                for name, field in pairs
            }
        )


def _column(columns: dict[str, np.ndarray], name: str) -> np.ndarray:
    """Return a field; zeros where the JVM does not have it."""
    found = columns.get(name)
    return np.zeros(len(columns["count"]), np.int64) if found is None else found


def _joined(parts: list[dict], name: str) -> np.ndarray:
    return np.concatenate([part[name] for part in parts])
