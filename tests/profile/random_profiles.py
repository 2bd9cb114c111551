"""Random profiles for property tests, and a profile as plain lists for slow, obvious oracles."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from hypothesis import strategies as st

from prodforensics.profile.building import CallTable, ThreadTable, objects, stacks_from_lists
from prodforensics.profile.data import Labels, ProfileData, Recording, Samples, ValueType
from prodforensics.profile.model import Profile

__all__ = ["VALUE_TYPES", "Frame", "Row", "make", "profiles", "rows", "stack_lists"]

VALUE_TYPES = (ValueType("samples", "count"), ValueType("cpu", "ns"))
START = int(datetime(2025, 3, 4, tzinfo=UTC).timestamp()) * 1_000_000_000
NAMES = ("main", "parse", "read", "a.b", "(x)", "")
FILES = ("", "app.go", "lib/json.go")
MODULES = ("", "/usr/bin/app")


@dataclass(frozen=True)
class Frame:
    """One call of a stack, as plain values."""

    name: str
    file: str = ""
    module: str = ""
    line: int = 0
    inlined: bool = False

    @property
    def function(self) -> tuple[str, str, str]:
        """What makes a function: name, file, module."""
        return (self.name, self.file, self.module)


@dataclass(frozen=True)
class Row:
    """One sample, as plain values; the stack is outermost first."""

    stack: tuple[Frame, ...]
    values: tuple[int, ...] = (1, 1)
    time: int = 0
    thread: tuple[int, int, str, str] = (1, 1, "app", "main")
    labels: tuple[tuple[str, str], ...] = ()


def make(given: list[Row], *, times: bool = True, value_types=VALUE_TYPES) -> Profile:
    """Make a profile of plain samples."""
    calls, threads, first, items = CallTable(), ThreadTable(), [0], []
    for row in given:
        items += [
            calls.call(one.name, one.file, one.module, line=one.line, inlined=one.inlined)
            for one in row.stack
        ]
        first.append(len(items))
    stacks, node = stacks_from_lists(np.array(first), np.array(items, np.int32), leaf_first=False)
    columns = list(zip(*(row.values for row in given), strict=True)) or [()] * len(value_types)
    samples = Samples(
        node,
        tuple(np.array(column, np.int64) for column in columns),
        np.array([row.time for row in given], np.int64) if times else None,
        np.array([threads.thread(*row.thread) for row in given], np.int32),
    )
    data = ProfileData(
        tuple(value_types),
        calls.functions(),
        calls.calls(),
        stacks,
        samples,
        threads.threads(),
        _labels(given),
        Recording("tests", clock="unix", start_ns=START),
    )
    return Profile(None, data)


def _labels(given: list[Row]) -> Labels | None:
    pairs = [pair for row in given for pair in row.labels]
    if not pairs:
        return None
    texts = sorted({text for pair in pairs for text in pair})
    key, text = (np.array([texts.index(p[k]) for p in pairs], np.int32) for k in (0, 1))
    first = np.cumsum([0, *(len(row.labels) for row in given)]).astype(np.int64)
    none = np.zeros(len(pairs), np.int64)
    return Labels(first, key, text, none, np.full(len(pairs), -1, np.int32), objects(texts))


def rows(profile: Profile) -> list[Row]:
    """Return the samples of a profile as plain values; times are 0 where there are none."""
    data = profile.data
    stacks, given, threads = stack_lists(data), data.samples, data.threads
    found = []
    for i in range(len(given)):
        labels = ()
        if data.labels is not None:
            each = range(data.labels.first[i], data.labels.first[i + 1])
            texts = data.labels.texts
            labels = tuple((texts[data.labels.key[k]], texts[data.labels.text[k]]) for k in each)
        t = -1 if given.thread is None else int(given.thread[i])
        ids = [int(each[t]) if t >= 0 else -1 for each in (threads.process_id, threads.thread_id)]
        names = [each[t] if t >= 0 else "" for each in (threads.process_name, threads.thread_name)]
        found.append(
            Row(
                stacks[given.stack[i]] if given.stack[i] >= 0 else (),
                tuple(value[i].item() for value in given.values),
                0 if given.time is None else int(given.time[i]),
                (ids[0], ids[1], names[0], names[1]),
                labels,
            )
        )
    return found


def stack_lists(data: ProfileData) -> list[tuple[Frame, ...]]:
    """Return the stack of each node, outermost first."""
    functions, calls = data.functions, data.calls
    each = [
        Frame(
            functions.name[calls.function[c]],
            functions.file[calls.function[c]],
            functions.module[calls.function[c]],
            int(calls.line[c]),
            bool(calls.inlined[c]),
        )
        for c in range(len(calls))
    ]
    found: list[tuple[Frame, ...]] = []
    for parent, call in zip(data.stacks.parent, data.stacks.call, strict=True):
        found.append(((*found[parent],) if parent >= 0 else ()) + (each[call],))
    return found


FRAMES = st.builds(
    Frame,
    st.sampled_from(NAMES),
    st.sampled_from(FILES),
    st.sampled_from(MODULES),
    st.integers(0, 2),
    st.booleans(),
)
PLAIN_FRAMES = st.builds(Frame, st.sampled_from(["a", "b", "c", "d"]))
ROWS = st.builds(
    Row,
    st.lists(st.one_of(FRAMES, PLAIN_FRAMES), max_size=6).map(tuple),
    st.tuples(st.integers(0, 5), st.integers(0, 1000)),
    st.integers(START, START + 3_000_000_000),
    st.sampled_from([(1, 1, "app", "main"), (1, 2, "app", "worker-1"), (2, 3, "db", "")]),
    st.lists(
        st.tuples(st.sampled_from(["route", "tenant"]), st.sampled_from(["/a", "/b", "x"])),
        max_size=2,
        unique_by=lambda pair: pair[0],
    ).map(tuple),
)


def profiles(*, max_size: int = 8) -> st.SearchStrategy[Profile]:
    """Profiles with recursion, equal names in different files, empty names and empty stacks."""
    return st.lists(ROWS, max_size=max_size).map(make)
