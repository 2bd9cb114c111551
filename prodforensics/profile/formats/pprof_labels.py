"""The labels of a pprof profile; those that name threads and times make columns of samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from prodforensics.profile.building import ThreadTable
from prodforensics.profile.data import Labels, Threads
from prodforensics.profile.formats.pprof_wire import Strings

__all__ = ["THREAD_KEYS", "Told", "read_labels", "told"]

# What profilers call it, the best first: Datadog, Parca, async-profiler's and pyroscope's agents.
_THREAD_ID = ("thread native id", "os thread id", "tid", "thread_id", "thread id")
_THREAD_NAME = ("thread name", "thread_name", "thread")
_PROCESS_ID = ("pid", "process_id", "process id")
_PROCESS_NAME = ("comm", "process_name", "process name")
THREAD_KEYS = {*_THREAD_ID, *_THREAD_NAME}
"""Keys of labels that name a thread."""
_TIME = ("end_timestamp_ns",)


@dataclass(frozen=True)
class Told:
    """What labels tell of samples.

    Attributes
    ----------
    threads : Threads
    thread : int32[n] or None
    time : int64[n] or None
        Nanoseconds since 1970 (UTC).
    """

    threads: Threads
    thread: np.ndarray | None
    time: np.ndarray | None


def read_labels(
    strings: Strings,
    first: np.ndarray,
    key: np.ndarray,
    text: np.ndarray,
    number: np.ndarray,
    unit: np.ndarray,
) -> Labels | None:
    """Make labels of places in the table of strings; None where no sample has one."""
    if not len(key):
        return None
    size = len(strings)
    used = np.zeros(size + 1, np.bool_)  # the last one answers -1
    for column in (key, text, unit):
        used[column] = True
    index = np.flatnonzero(used[:-1])
    texts, place = strings.take(index)
    at = np.full(size + 1, -1, np.int32)
    at[index] = place
    return Labels(first, at[key], at[text], number, at[unit], texts)


def told(labels: Labels | None, count: int) -> Told:
    """Find threads and times among the labels of ``count`` samples."""
    if labels is None:
        return Told(Threads.none(), None, None)
    sample = np.repeat(np.arange(count, dtype=np.int32), np.diff(labels.first))
    keys = {text: place for place, text in enumerate(labels.texts)}

    def rows(names: tuple[str, ...]) -> np.ndarray | None:
        """Return the row of the first label of these names that any sample has; -1 without it."""
        for name in names:
            of = np.flatnonzero(labels.key == keys[name]) if name in keys else ()
            if len(of):
                row = np.full(count, -1, np.int64)
                row[sample[of]] = of
                return row
        return None

    time = rows(_TIME)
    if time is not None:
        # Where any sample lacks its time, none has an order.
        time = labels.number[time] if (time >= 0).all() else None
    columns = [rows(names) for names in (_PROCESS_ID, _THREAD_ID, _PROCESS_NAME, _THREAD_NAME)]
    if columns[1] is None and columns[3] is None:
        return Told(Threads.none(), None, time)
    return Told(*_threads(labels, columns, count), time)


def _threads(
    labels: Labels, columns: list[np.ndarray | None], count: int
) -> tuple[Threads, np.ndarray]:
    """Give each thread that these labels name a number."""
    codes, values = [], []
    for row in columns:
        found = np.full(count, -1, np.int64) if row is None else row
        # A number and a text differ in the second column.
        pair = np.column_stack([labels.number[found], labels.text[found]])
        pair[found < 0] = (-1, -1)
        unique, code = np.unique(pair, axis=0, return_inverse=True)
        told_ = [labels.texts[text] if text >= 0 else number for number, text in unique.tolist()]
        codes.append(code.reshape(-1))
        values.append(told_)
    unique, code = np.unique(np.column_stack(codes), axis=0, return_inverse=True)
    table = ThreadTable()
    numbers = []
    for one in unique.tolist():
        pid, tid, process, thread = (values[k][place] for k, place in enumerate(one))
        known = any(value != -1 for value in (tid, thread))
        names = ["" if name == -1 else str(name) for name in (process, thread)]
        numbers.append(table.thread(_id(pid), _id(tid), *names) if known else -1)
    return table.threads(), np.array(numbers, np.int32)[code.reshape(-1)]


def _id(value: int | str) -> int:
    """Return an id that is written as a number or a text; -1 for what is none."""
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else -1
