"""V8's CPU profile: ``.cpuprofile`` of ``node --cpu-prof``, Chrome DevTools, Deno, Bun, VS Code.

One JSON object: ``nodes`` (a tree of functions), ``samples`` (a node's id each), ``timeDeltas``
(microseconds since the sample before, negative where V8 wrote them out of order), ``startTime`` and
``endTime``. Old ones nest the nodes below ``head``, with seconds and ``timestamps``; some have no
samples at all but count hits of nodes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from prodforensics.errors import Corrupt
from prodforensics.formats import Match, Probe
from prodforensics.profile.building import ThreadTable
from prodforensics.profile.data import ProfileData, Recording, Samples, Stacks
from prodforensics.profile.formats.json_document import keys, read_document
from prodforensics.profile.formats.json_fields import Fields, column
from prodforensics.profile.formats.v8_frames import FrameNames
from prodforensics.profile.formats.v8_samples import VALUE_TYPES, Nodes, Ticks, assemble
from prodforensics.source import Source

if TYPE_CHECKING:
    from prodforensics.profile.model import Profile

__all__ = ["lines_of", "read", "sniff"]

_MICROSECOND, _SECOND = 1000, 10**9


def sniff(probe: Probe) -> Match | None:
    """Recognise the nodes of a profile."""
    found = keys(probe.head)
    nodes = {"nodes[].callFrame", "nodes[].id"} <= found
    samples = {"samples", "timeDeltas"} <= found or {"samples", "startTime", "endTime"} <= found
    if nodes or (samples and not any("[]" in key for key in found)):
        return Match(0.95, "a JSON object with nodes of call frames, or samples and timeDeltas")
    if {"head.functionName", "head.hitCount"} <= found:
        return Match(0.95, "a JSON object whose head is a function with a hitCount")
    return None


def read(source: Source, *, progress: bool | None = None) -> Profile:  # noqa: ARG001 (one call)
    """Read a CPU profile; self times are those of Chrome DevTools.

    Parameters
    ----------
    source : Source
    progress : bool, optional
        Taken, as by all readers: the file is parsed in one go.

    Returns
    -------
    Profile
        Times are on V8's monotonic clock. What V8 names ``(idle)``, ``(program)`` (native code) and
        ``(garbage collector)`` are functions; the collector stands on top of the stack that it
        interrupted. Which of the samples of a node was on which line the file does not tell: its
        ``positionTicks`` are dealt out in order.

    Raises
    ------
    Corrupt
        There are no nodes in the file.
    """
    from prodforensics.profile.model import Profile

    document, gaps = read_document(source)
    fields = Fields()
    profile = fields.record(document, "the document")
    legacy = "head" in profile
    if legacy:
        records = _flattened(profile["head"], fields)
    else:
        records = fields.records(profile.get("nodes"), "nodes")
    if not records:
        raise Corrupt(source.path, 0, "a CPU profile", "a JSON object without nodes")
    nodes = Nodes(records, fields)
    unit = _SECOND if legacy else _MICROSECOND
    start = fields.time(profile.get("startTime"), unit, "startTime")
    end = fields.time(profile.get("endTime"), unit, "endTime")
    duration = end - start if start is not None and end is not None and end >= start else None
    hits = fields.integers(column(records, "hitCount"), "hitCount", optional=True)
    hits = np.clip(hits, 0, 2**31)
    ids = fields.integers(profile.get("samples"), "samples", fill=-1)
    whole = max(len(ids), int(hits.sum()))
    interval = duration // whole if duration and whole else 0
    if len(ids):
        time = _times(profile, len(ids), start or 0, interval, fields)
        node = nodes.find(ids[: len(time)])
        fields.lose("samples: no such node", np.count_nonzero(node < 0))
        line = lines_of(records, node, fields)
        ticks = Ticks(nodes, node, time, line, np.zeros_like(line))
        interval = int(np.median(ticks.wall))
        names, stacks, samples = assemble([ticks], fields)
    else:
        names, stacks, samples = _counted(nodes, hits, interval, fields)
    threads = ThreadTable()
    threads.thread(process_name="node" if _is_node(records, fields) else "")
    recording = Recording(
        producer="V8",
        mode="wall",
        clock="monotonic" if samples.time is not None else "",
        duration_ns=duration,
        interval_ns=interval or None,
    )
    data = ProfileData(
        VALUE_TYPES,
        names.table.functions(),
        names.table.calls(),
        stacks,
        samples,
        threads.threads(),
        recording=recording,
        default=int(bool(samples.values[1].any())),
    )
    return Profile(source, data, [*gaps, *fields.gaps])


def _flattened(head: object, fields: Fields) -> list[dict[str, Any]]:
    """List the nodes of an old profile, in which they are nested."""
    found, waiting = [], [fields.record(head, "head")]
    while waiting:
        node = waiting.pop()
        children = fields.records(node.get("children"), "children")
        found.append(node | {"children": [child.get("id") for child in children]})
        waiting += reversed(children)
    return [node for node in found if node != {"children": []}]


def _times(
    profile: dict[str, Any], count: int, start: int, interval: int, fields: Fields
) -> np.ndarray:
    """Return when the samples were taken; fewer than there are where their times are missing."""
    if "timestamps" in profile:
        times = fields.times(profile["timestamps"], _MICROSECOND, "timestamps")
    else:
        deltas = fields.times(profile.get("timeDeltas"), _MICROSECOND, "timeDeltas")
        times = start + np.cumsum(fields.summable(deltas, "timeDeltas"))
    if not len(times):
        return start + np.arange(count, dtype=np.int64) * interval
    fields.lose("samples: no time", max(0, count - len(times)))
    # Some producers write when the last one ended, too.
    fields.lose("times: no sample", max(0, len(times) - count - 1))
    return times[:count]


def lines_of(records: list[dict[str, Any]], node: np.ndarray, fields: Fields) -> np.ndarray:
    """Deal the lines of ``positionTicks`` out to the samples of each node.

    Parameters
    ----------
    records : list of dict
        The nodes.
    node : int64[m]
        Place among them of each sample; -1 for none.
    fields : Fields

    Returns
    -------
    int64[m]
        From 1; 0 where unknown.
    """
    owner, rows = [], []
    for place, record in enumerate(records):
        if record.get("positionTicks"):
            found = fields.records(record["positionTicks"], "positionTicks")
            owner += [place] * len(found)
            rows += found
    if not rows or not len(node):
        return np.zeros(len(node), np.int64)
    owner = np.array(owner)
    line = fields.integers(column(rows, "line"), "positionTicks.line")
    count = fields.integers(column(rows, "ticks"), "positionTicks.ticks")
    end = np.cumsum(np.clip(count, 0, len(node)))
    # Ticks that lie before those of each node, then the rank of each sample among its node's.
    starts = np.append(0, end)[np.searchsorted(owner, np.arange(len(records)))]
    order = np.argsort(node, kind="stable")
    first = np.searchsorted(node[order], node[order])
    rank = np.empty(len(node), np.int64)
    rank[order] = np.arange(len(node)) - first
    at = np.searchsorted(end, starts[node] + rank, side="right")
    dealt = (node >= 0) & (at < len(end))
    at = np.where(dealt, at, 0)
    return np.where(dealt & (owner[at] == node), np.maximum(line[at], 0), 0)


def _counted(
    nodes: Nodes, hits: np.ndarray, interval: int, fields: Fields
) -> tuple[FrameNames, Stacks, Samples]:
    """Make a sample of each node that was hit, of a profile that only counts."""
    hit = np.flatnonzero(hits)
    none = np.zeros(len(hit), np.int64)
    ticks = Ticks(nodes, hit, none, none, none, in_order=False)
    names, stacks, samples = assemble([ticks], fields)
    wall = fields.summable(hits[hit] * interval, "hitCount")
    return names, stacks, Samples(samples.stack, (hits[hit], wall), None, samples.thread)


def _is_node(records: list[dict[str, Any]], fields: Fields) -> bool:
    frames = (fields.record(record.get("callFrame"), "callFrame") for record in records)
    return any(str(frame.get("url")).startswith("node:") for frame in frames)
