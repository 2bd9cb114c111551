"""The text of ``perf script``, with whatever fields, and ``perf.data`` through it.

A sample is ``command pid/tid [cpu] time: period event:``, where all but one may be missing, then a
line ``address symbol+offset (binary)`` for each frame, innermost first, and an empty line. With
``-G`` the only frame stands on the line of the header. `prodforensics.kernels.perf_lines` takes the
lines apart; here it is told what they mean.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from prodforensics.errors import Corrupt
from prodforensics.formats import Match, Probe
from prodforensics.gaps import Gap
from prodforensics.profile.data import (
    Labels,
    ProfileData,
    Recording,
    Samples,
    Stacks,
    Threads,
    ValueType,
)
from prodforensics.profile.formats.perf_data import MAGIC, as_text, cut
from prodforensics.progress import compiling
from prodforensics.source import Source

if TYPE_CHECKING:
    from prodforensics.profile.formats.perf_scan import Scanned
    from prodforensics.profile.model import Profile

__all__ = ["read", "sniff"]

_FRAME = rb"[ \t]*[0-9a-f]{4,16} [^\n]*"
_SIGNATURES = (
    (
        0.9,
        "samples of perf script",
        re.compile(
            rb"(?m)^[^\n#]{0,80}?[ \t]\d{1,9}\.(?:\d{6}|\d{9}):[ \t]+"
            rb"(?:PERF_RECORD_\w|(?:\d+[ \t]+)?[^\s:]\S*:(?:[ \t]|\r?$))"
        ),
    ),
    (
        0.8,
        "samples of perf script, without times",
        re.compile(
            rb"(?m)^[ \t]*\S[^\n#]{0,80}?[ \t]+(?:\d+/)?\d+[ \t][^\n]{0,80}\S:[ \t]*\r?\n" + _FRAME
        ),
    ),
    (
        0.6,
        "stacks of perf script",
        re.compile(rb"\A(?:#[^\n]*\n)*\s*?(?:\n|\A)(?:\t[ ]*[0-9a-f]{4,16}(?: [^\n]*)?\n){2,}"),
    ),
)
_THREAD = re.compile(r"(?:(.*?)\s+)?(?:(-?\d{1,18})/\s*)?(-?\d{1,18})(?:\s+\[\d+\])?", re.DOTALL)
_TERMS = re.compile(r"/.*/?$|(?<=[a-z\d]):[ukhGHpPSDWeb]+$")
_CLOCKS = ("cpu-clock", "task-clock")
_ON_CPU = re.compile(
    r"cpu-clock|task-clock|(ref-|cpu-)?cycles|cpu_(core|atom)|instructions|branch|cache|LLC|L1-|dTLB"
)
_FREQUENCY = re.compile(r"\{ sample_period, sample_freq \} = (\d{1,18})")
_MAX_STACK = 127
"""Most frames of a stack, unless perf and the kernel were told otherwise."""


def sniff(probe: Probe) -> Match | None:
    """Recognise a sample: its header with a time, its header and a frame, or frames alone."""
    if probe.head.startswith(MAGIC):
        return Match(1.0, "a perf.data file")
    for confidence, reason, pattern in _SIGNATURES:
        if pattern.search(probe.head):
            return Match(confidence, reason)
    return None


def read(source: Source, *, progress: bool | None = None) -> Profile:
    """Read what ``perf script`` printed.

    Every event has a value type of its own: the sum of its periods, or the number of its samples
    where no period was printed; the first event's is the default. ``samples`` counts all of them.

    Parameters
    ----------
    source : Source
    progress : bool, optional
        Show a progress bar: always, never, or (None) for large files.

    Returns
    -------
    Profile

    Raises
    ------
    Corrupt
        No sample is in the file.
    MissingTool
        It is a ``perf.data``, which perf itself has to read (see `perf_data`).
    """
    from prodforensics.profile.model import Profile

    if source.head(len(MAGIC)) == MAGIC:
        with as_text(source) as text:
            data, gaps = _read(text, progress)
        return Profile(source, data, [*cut(source), *gaps])
    return Profile(source, *_read(source, progress))


def _read(source: Source, progress: bool | None) -> tuple[ProfileData, list[Gap]]:
    from prodforensics.profile.formats import perf_scan

    with compiling(progress):
        scanned = perf_scan.scan(source, progress)
        data, gaps = None, []
        if len(scanned.rows.who):
            data, gaps = _profile(scanned, source.head())
    if data is None or not len(data.samples):
        raise Corrupt(source.path, 0, "a sample of perf script", repr(source.head(40)))
    return data, gaps


def _profile(scanned: Scanned, head: bytes) -> tuple[ProfileData, list[Gap]]:
    from prodforensics.profile.formats.perf_frames import frames

    functions, calls, stacks, node = frames(scanned)
    rows, gaps = scanned.rows, list(scanned.gaps)
    thread, threads, known = _threads(scanned)
    kept = known | (rows.event >= 0) | (rows.time >= 0) | (rows.who < 0)
    if not kept.all():
        first = scanned.text(int(rows.who[~kept][0]))[:120]
        lost = int(len(kept) - kept.sum())
        gaps.append(Gap("lines that are none of perf", lost_records=lost, excerpt=first))
    event, events = _events(scanned)
    stack = np.append(node, np.int32(-1))[rows.stack]
    period, time = rows.period, rows.time
    if not kept.all():
        thread, event, stack, period, time = (
            column[kept] for column in (thread, event, stack, period, time)
        )
    value_types, values = _values(event, events, period)
    samples = Samples(
        stack,
        values,
        time if (time >= 0).any() else None,
        thread if len(threads) else None,
        event if events else None,
    )
    recording = _recording(scanned, samples, events, value_types[0], period, head, stacks)
    data = ProfileData(
        value_types,
        functions,
        calls,
        stacks,
        samples,
        threads,
        _labels(scanned, rows.text[kept]),
        recording,
    )
    return data, gaps


def _threads(scanned: Scanned) -> tuple[np.ndarray, Threads, np.ndarray]:
    """Read what stands before cpu and time: command, process, thread.

    Returns
    -------
    thread : int32[n]
        Of each sample; -1 where none is named.
    threads : Threads
    known : bool[n]
        Whether an id is there.
    """
    from prodforensics.profile.building import ThreadTable

    who = scanned.rows.who
    different = np.unique(who[who >= 0])
    found = [_thread(scanned.text(number)) for number in different.tolist()]
    leaders = {pid: name for name, pid, tid in found if pid >= 0 and pid == tid}
    table = ThreadTable()
    number = np.full(len(scanned.texts.first) + 1, -1, np.int32)
    has_id = np.zeros(len(number), np.bool_)
    for text, (name, pid, tid) in zip(different.tolist(), found, strict=True):
        has_id[text] = tid >= 0
        if name or tid >= 0:
            number[text] = table.thread(pid, tid, leaders.get(pid, ""), name)
    return number[who], table.threads(), has_id[who]


def _thread(text: str) -> tuple[str, int, int]:
    text = text.strip()
    found = _THREAD.fullmatch(text)
    if not found:
        return text, -1, -1
    name, pid, tid = found.groups()
    return name or "", int(pid) if pid else -1, max(int(tid), -1)


def _events(scanned: Scanned) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the number of each sample's event, and the events in the order of the file."""
    event = scanned.rows.event
    different, at = np.unique(event[event >= 0], return_index=True)
    order = np.argsort(at)
    number = np.full(len(scanned.texts.first) + 1, -1, np.int32)
    number[different[order]] = np.arange(len(order))
    names = tuple(scanned.text(text) for text in different[order].tolist())
    return number[event], names


def _values(
    event: np.ndarray, events: tuple[str, ...], period: np.ndarray
) -> tuple[tuple[ValueType, ...], tuple[np.ndarray, ...]]:
    """Make a value type of each event, and one that counts the samples."""
    types: list[ValueType] = []
    values: list[np.ndarray] = []
    plain = [_TERMS.sub("", name) for name in events]
    for number, name in enumerate(events):
        mine = event == number
        weight = np.where(mine, np.maximum(period, 1), 0)
        is_time = plain[number] in _CLOCKS and bool((period[mine] >= 0).all())
        title = plain[number] if plain.count(plain[number]) == 1 else name
        types.append(ValueType(title, "ns" if is_time else "count"))
        values.append(weight)
    taken = [one.name for one in types]
    types.append(ValueType("samples" if "samples" not in taken else "all samples", "count"))
    values.append(np.ones(len(event), np.int64))
    return tuple(types), tuple(values)


def _recording(
    scanned: Scanned,
    samples: Samples,
    events: tuple[str, ...],
    default: ValueType,
    period: np.ndarray,
    head: bytes,
    stacks: Stacks,
) -> Recording:
    from prodforensics.kernels.perf_lines import LOST

    time = samples.time if samples.time is not None else np.empty(0, np.int64)
    time = time[time >= 0]
    mine = period[samples.event == 0] if samples.event is not None else period[:0]
    every = int(mine[0]) if len(mine) and mine[0] > 0 and (mine == mine[0]).all() else None
    comments = [
        line[1:].strip().decode("utf-8", "replace")
        for line in re.findall(rb"(?m)^#[^\n]*", head)
        if line.strip(b"=# ")
    ]
    asked = next(
        (f for f in map(_FREQUENCY.search, comments) if f and "freq = 1" in f.string), None
    )
    interval = every if default.unit == "ns" else None
    if interval is None and asked and 0 < int(asked[1]) <= 10**9:
        interval = 10**9 // int(asked[1])
    deepest, truncated = _depth(scanned, samples, stacks)
    return Recording(
        producer="perf",
        mode="cpu" if not events or _ON_CPU.match(events[0]) else "",
        clock="" if not len(time) else "relative" if time.min() == 0 else "monotonic",
        duration_ns=int(time.max() - time.min()) if len(time) else None,
        interval_ns=interval,
        period=every,
        period_type=default if every else None,
        events=events,
        lost_samples=int(scanned.used[LOST]),
        truncated_stacks=truncated,
        max_depth=deepest,
        comments=tuple(comments),
    )


def _depth(scanned: Scanned, samples: Samples, stacks: Stacks) -> tuple[int | None, int]:
    """Count the stacks that end at perf's limit: if one is exactly as deep, and none deeper."""
    size = np.diff(scanned.lists.first)
    if not len(stacks) or not len(size) or size.max() != _MAX_STACK:
        return None, 0
    full = np.append(size, 0)[scanned.rows.stack] == _MAX_STACK
    return _MAX_STACK, min(int(full.sum()), len(samples))


def _labels(scanned: Scanned, text: np.ndarray) -> Labels | None:
    """Keep what tracepoints say, as the label ``trace`` of their samples."""
    has = text >= 0
    if not has.any():
        return None
    different, value = np.unique(text[has], return_inverse=True)
    texts = np.empty(len(different) + 1, object)
    texts[:] = ["trace", *(scanned.text(number).strip() for number in different.tolist())]
    count = len(value)
    first = np.concatenate([[0], np.cumsum(has)]).astype(np.int64)
    none = np.full(count, -1, np.int32)
    key = np.zeros(count, np.int32)
    return Labels(first, key, value.astype(np.int32) + 1, np.zeros(count, np.int64), none, texts)
