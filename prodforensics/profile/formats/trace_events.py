"""The profiles that trace events tell: V8's samples, and stacks of events that last."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from prodforensics.profile.building import CallTable, ThreadTable
from prodforensics.profile.data import ProfileData, Recording, ValueType
from prodforensics.profile.formats.json_fields import Fields, column
from prodforensics.profile.formats.parts import evented, join
from prodforensics.profile.formats.v8_samples import VALUE_TYPES, Nodes, Ticks, assemble

__all__ = ["TraceThreads", "lasting", "sampled"]

_MICROSECOND = 1000
_Records = list[dict[str, Any]]
# Where an event stands among those of one time: what ends at it comes before what begins.
_ENDS, _IN_ORDER, _BEGINS = 0, 1, 2


class TraceThreads:
    """Threads by the ids in the events, named by the events that tell their names.

    Parameters
    ----------
    records : list of dict
        All events.
    fields : Fields
    """

    def __init__(self, records: _Records, fields: Fields) -> None:
        self.table = ThreadTable()
        self._processes: dict[object, str] = {}
        self._threads: dict[tuple[object, object], str] = {}
        for one in records:
            if one.get("ph") != "M":
                continue
            what = one.get("name")
            name = fields.record(one.get("args"), "args").get("name")
            pid, tid = _id(one.get("pid")), _id(one.get("tid"))
            if what == "process_name":
                self._processes[pid] = fields.text(name, "process_name")
            elif what == "thread_name":
                self._threads[pid, tid] = fields.text(name, "thread_name")

    def process_names(self) -> list[str]:
        """Return the names of processes and of their threads."""
        return [*self._processes.values(), *self._threads.values()]

    def thread(self, pid: object, tid: object) -> int:
        """Return the number of a thread; ids that are texts are part of its name."""
        process, name = self._processes.get(pid, ""), self._threads.get((pid, tid), "")
        process = process or (pid if isinstance(pid, str) else "")
        name = name or (tid if isinstance(tid, str) else "")
        return self.table.thread(_number(pid), _number(tid), process, name)


def _id(value: object) -> object:
    return value if type(value) in (int, str) else None


def _number(value: object) -> int:
    return value if isinstance(value, int) and 0 <= value < 2**63 else -1


def _numbered(values: Iterable[Any]) -> tuple[np.ndarray, list[Any]]:
    """Give equal values one number, in the order they come; return numbers and values."""
    values = list(values)
    table = {value: place for place, value in enumerate(dict.fromkeys(values))}
    return np.fromiter(map(table.__getitem__, values), np.int64, len(values)), list(table)


# -- V8's samples ---------------------------------------------------------------------------------


def sampled(records: _Records, threads: TraceThreads, fields: Fields) -> ProfileData | None:
    """Put together the chunks of V8's CPU profiles, one profile a thread that was sampled.

    Returns
    -------
    ProfileData or None
        None where there are none.
    """
    chunks: dict[tuple[object, object], _Records] = {}
    for one in records:
        if one.get("name") in ("Profile", "ProfileChunk", "CpuProfile"):
            chunks.setdefault((_id(one.get("pid")), _id(one.get("id"))), []).append(one)
    ticks = [
        one for (pid, _), events in chunks.items() if (one := _ticks(events, pid, threads, fields))
    ]
    if not ticks:
        return None
    names, stacks, samples = assemble(ticks, fields)
    spans = [int(one.time[-1] - one.time[0]) for one in ticks if len(one.time)]
    recording = Recording(
        producer="",
        mode="wall",
        clock="monotonic",
        duration_ns=max(spans, default=None),
        interval_ns=int(np.median(samples.values[1])) if len(samples) else None,
    )
    return ProfileData(
        VALUE_TYPES,
        names.table.functions(),
        names.table.calls(),
        stacks,
        samples,
        threads.table.threads(),
        recording=recording,
        default=1,
    )


def _ticks(events: _Records, pid: object, threads: TraceThreads, fields: Fields) -> Ticks | None:
    """Join the chunks of one profile; None where no sample is in them."""
    nodes, columns = [], {"node": [], "delta": [], "line": [], "column": []}
    tid, start = _id(events[0].get("tid")), None
    for event in events:
        data = fields.record(fields.record(event.get("args"), "args").get("data"), "args.data")
        profile = fields.record(data.get("cpuProfile"), "cpuProfile")
        if event.get("name") != "ProfileChunk":
            # A chunk may be written by the thread that samples.
            tid = _id(event.get("tid"))
        if start is None:
            given = data.get("startTime", profile.get("startTime"))
            start = fields.time(given, _MICROSECOND, "startTime")
        nodes += fields.records(profile.get("nodes"), "nodes")
        ids = fields.integers(profile.get("samples"), "samples", fill=-1)
        deltas = data.get("timeDeltas", profile.get("timeDeltas"))
        delta = fields.times(deltas, _MICROSECOND, "timeDeltas")
        count = min(len(ids), len(delta))
        fields.lose("samples: no time", len(ids) - count)
        columns["node"].append(ids[:count])
        columns["delta"].append(delta[:count])
        for key, name in (("line", "lines"), ("column", "columns")):
            value = fields.integers(data.get(name, profile.get(name)), name)
            columns[key].append(np.resize(np.append(value, 0), count) * (len(value) >= count))
    row = {key: np.concatenate(pieces) for key, pieces in columns.items()}
    if not len(row["node"]):
        return None
    table = Nodes(nodes, fields)
    node = table.find(row["node"])
    fields.lose("samples: no such node", np.count_nonzero(node < 0))
    time = (start or 0) + np.cumsum(fields.summable(row["delta"], "timeDeltas"))
    return Ticks(table, node, time, row["line"], row["column"], threads.thread(pid, tid))


# -- events that last -----------------------------------------------------------------------------


def lasting(records: _Records, threads: TraceThreads, fields: Fields) -> ProfileData | None:
    """Make stacks of the events ``B``, ``E`` and ``X`` of each thread.

    Returns
    -------
    ProfileData or None
        None where there are none.
    """
    phase, phases = _numbered(map(_id, column(records, "ph")))
    wanted = np.array([one in ("B", "E", "X") for one in phases])[phase]
    chosen = [records[k] for k in np.flatnonzero(wanted).tolist()]
    if not chosen:
        return None
    phase = np.array([str(one) for one in phases])[phase[wanted]]
    begin = fields.times(column(chosen, "ts"), _MICROSECOND, "ts")
    span = fields.times(column(chosen, "dur"), _MICROSECOND, "dur", optional=True)
    complete = phase == "X"
    # An event that takes no time is part of no stack that does.
    used = ~complete | (span > 0)
    thread = _threads_of(chosen, threads)
    name, names = _numbered(map(_id, column(chosen, "name")))
    calls = CallTable()
    call = np.zeros(len(chosen), np.int64)
    begins = np.flatnonzero(phase != "E")
    call[begins] = _calls([chosen[k] for k in begins.tolist()], calls, fields)

    one = np.flatnonzero(used)
    other = np.flatnonzero(used & complete)
    place = np.append(one, other)
    is_end = np.append(np.zeros(len(one), bool), np.ones(len(other), bool))
    time = np.where(is_end, begin[place] + span[place], begin[place])
    opens = ~is_end & (phase[place] != "E")
    # X events end themselves alone; B and E are matched by name, E without one ends the last.
    nameless = np.array([not one for one in names])[name]
    ended = np.where(nameless & (phase == "E"), -1, name)
    match = np.where(complete[place], len(names) + place, ended[place])
    rank = np.where(complete[place], np.where(is_end, _ENDS, _BEGINS), _IN_ORDER)
    # Of two that begin together the longer one is outside; of two that end, the one that began
    # first.
    inside = np.where(is_end, -begin[place], np.where(complete[place], -span[place], 0))
    order = np.lexsort((place, inside, rank, time, thread[place]))
    given = (thread[place], time, opens, match, call[place])
    part, unopened, _ = evented(*(array[order] for array in given))
    fields.lose("events: end what did not begin", unopened)
    stacks, samples = join([part], 1)
    duration = int(time.max() - time.min())
    return ProfileData(
        (ValueType("wall", "ns"),),
        calls.functions(),
        calls.calls(),
        stacks,
        samples,
        threads.table.threads(),
        recording=Recording(mode="instrumented", clock="monotonic", duration_ns=duration),
    )


def _threads_of(records: _Records, threads: TraceThreads) -> np.ndarray:
    """Return the number of the thread of each event."""
    pid, pids = _numbered(map(_id, column(records, "pid")))
    tid, tids = _numbered(map(_id, column(records, "tid")))
    pair, which = np.unique(np.stack([pid, tid]), axis=1, return_inverse=True)
    number = [threads.thread(pids[p], tids[t]) for p, t in pair.T.tolist()]
    return np.array(number)[which.reshape(-1)]


def _calls(records: _Records, calls: CallTable, fields: Fields) -> np.ndarray:
    """Return the call of each event: its name; py-spy tells file and line, too."""
    names = fields.texts(column(records, "name"), "name")
    places: Sequence[tuple[Any, Any]] = [
        (args.get("filename"), args.get("line")) if type(args) is dict else (None, None)
        for args in column(records, "args")
    ]
    rows = [
        (name, file if type(file) is str else "", line if type(line) is int else 0)
        for name, (file, line) in zip(names, places, strict=True)
    ]
    which, unique = _numbered(rows)
    number = [calls.call(name, file, line=line) for name, file, line in unique]
    return np.array(number, np.int64)[which]
