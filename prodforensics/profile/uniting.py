"""Several profiles in one numbering: functions, calls, stacks, threads, labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from prodforensics.errors import NotComparable
from prodforensics.kernels.prefix_tree import merge as join
from prodforensics.profile.data import (
    Calls,
    Functions,
    Labels,
    ProfileData,
    Recording,
    Samples,
    Stacks,
    Threads,
    ValueType,
)
from prodforensics.profile.numbering import number_rows, number_words

__all__ = ["Joined", "join_functions", "join_trees", "merged", "same_value_types"]


@dataclass(frozen=True)
class Joined:
    """Trees of several profiles as one.

    Attributes
    ----------
    parent, item : int32[k]
    place : tuple of int32[s]
        Where each node of each profile went.
    """

    parent: np.ndarray
    item: np.ndarray
    place: tuple[np.ndarray, ...]


def join_functions(datas: Sequence[ProfileData]) -> tuple[Functions, list[np.ndarray]]:
    """Join the functions of several profiles by name, file and module.

    Returns
    -------
    functions : Functions
    number : list of int32[f]
        Where each function of each profile stands in them.
    """
    every = [data.functions for data in datas]
    parts = {}
    for column in ("name", "file", "module"):
        parts[column] = number_words(np.concatenate([getattr(one, column) for one in every]))
    first, number = number_rows(*(numbers for _, numbers in parts.values()))
    columns = [words[numbers[first]] for words, numbers in parts.values()]
    start = np.zeros(len(first), np.int32)
    np.maximum.at(start, number, np.concatenate([one.start_line for one in every]))
    return Functions(*columns, start), _split(number, every)


def join_trees(trees: Sequence[tuple[np.ndarray, np.ndarray]]) -> Joined:
    """Join trees; nodes are equal where all the items down to them are.

    Parameters
    ----------
    trees : sequence of (int32[s], int32[s])
        Parent and item of each.
    """
    sizes = np.cumsum([0, *(len(parent) for parent, _ in trees)])
    parents = [np.where(p < 0, -1, p + at) for (p, _), at in zip(trees, sizes, strict=False)]
    parent = np.concatenate(parents).astype(np.int32)
    item = np.concatenate([item for _, item in trees]).astype(np.int32)
    parent, item, place = join(parent, item, np.ones(len(parent), np.bool_))
    return Joined(parent, item, tuple(np.split(place, sizes[1:-1])))


def same_value_types(datas: Sequence[ProfileData]) -> list[list[int]]:
    """Find each value type of the first profile in all of them.

    Returns
    -------
    list of list of int
        Places of the value types, for each profile.

    Raises
    ------
    NotComparable
        They do not have the same ones.
    """
    wanted = datas[0].value_types
    for data in datas[1:]:
        if sorted(map(_said, data.value_types)) != sorted(map(_said, wanted)):
            said = [", ".join(map(_said, one.value_types)) for one in (datas[0], data)]
            raise NotComparable(
                f"profiles of different values: {said[0]}; {said[1]}",
                hint="take profiles of one kind, recorded with the same options",
            )
    return [[data.value_types.index(one) for one in wanted] for data in datas]


def merged(datas: Sequence[ProfileData]) -> ProfileData:
    """Put the samples of several profiles into one.

    Raises
    ------
    NotComparable
        Their value types differ.
    """
    places = same_value_types(datas)
    functions, numbers = join_functions(datas)
    calls, called = _join_calls(datas, numbers)
    tree = join_trees(
        [
            (one.stacks.parent, call[one.stacks.call])
            for one, call in zip(datas, called, strict=True)
        ]
    )
    threads, threaded = _join_threads(datas)
    recording, events = _join_recordings(datas)
    count = range(len(datas[0].value_types))
    samples = [one.samples for one in datas]
    stack = [_followed(place, one.stack) for place, one in zip(tree.place, samples, strict=True)]
    values = [
        np.concatenate([one.values[at[k]] for one, at in zip(samples, places, strict=True)])
        for k in count
    ]
    clocks = {one.recording.clock for one in datas}
    timed = len(clocks) == 1 and all(one.time is not None for one in samples)
    return ProfileData(
        datas[0].value_types,
        functions,
        calls,
        Stacks(tree.parent, tree.item),
        Samples(
            np.concatenate(stack),
            tuple(values),
            np.concatenate([one.time for one in samples]) if timed else None,
            _concatenated([one.thread for one in samples], threaded, samples),
            _concatenated([one.event for one in samples], events, samples),
        ),
        threads,
        _join_labels(datas),
        recording,
        datas[0].default,
    )


def _said(one: ValueType) -> str:
    return f"{one.name}/{one.unit}" if one.unit else one.name


def _split(number: np.ndarray, every: Sequence[object]) -> list[np.ndarray]:
    return np.split(number, np.cumsum([len(one) for one in every])[:-1])  # type: ignore[arg-type]


def _followed(place: np.ndarray, node: np.ndarray) -> np.ndarray:
    return np.append(place, np.int32(-1))[node]


def _concatenated(
    columns: Sequence[np.ndarray | None],
    places: Sequence[np.ndarray],
    samples: Sequence[Samples],
) -> np.ndarray | None:
    """Renumber a column that some profiles may lack; None where all do."""
    if all(column is None for column in columns):
        return None
    parts = [
        np.full(len(one), -1, np.int32) if column is None else _followed(place, column)
        for column, place, one in zip(columns, places, samples, strict=True)
    ]
    return np.concatenate(parts).astype(np.int32)


def _join_calls(
    datas: Sequence[ProfileData], numbers: Sequence[np.ndarray]
) -> tuple[Calls, list[np.ndarray]]:
    every = [data.calls for data in datas]
    columns = [np.concatenate([n[one.function] for n, one in zip(numbers, every, strict=True)])]
    rest = [one.name for one in fields(Calls)][1:]
    columns += [np.concatenate([getattr(one, name) for one in every]) for name in rest]
    first, number = number_rows(*columns)
    return Calls(*(column[first] for column in columns)), _split(number, every)


def _join_threads(datas: Sequence[ProfileData]) -> tuple[Threads, list[np.ndarray]]:
    every = [data.threads for data in datas]
    columns = [np.concatenate([getattr(one, f.name) for one in every]) for f in fields(Threads)]
    words = [number_words(column)[1] for column in columns[2:]]
    first, number = number_rows(*columns[:2], *words)
    return Threads(*(column[first] for column in columns)), _split(number, every)


def _join_recordings(datas: Sequence[ProfileData]) -> tuple[Recording, list[np.ndarray]]:
    """Join what is known of the recordings: what differs is unknown, what counts is summed."""
    every = [data.recording for data in datas]

    def same(name: str, unknown: object) -> object:
        values = {getattr(one, name) for one in every}
        return values.pop() if len(values) == 1 else unknown

    names, number = number_words([event for one in every for event in one.events])
    starts = [one.start_ns for one in every if one.start_ns is not None]
    durations = [one.duration_ns for one in every if one.duration_ns is not None]
    recording = replace(
        every[0],
        **{name: same(name, "") for name in ("producer", "mode", "clock")},
        **{name: same(name, None) for name in ("interval_ns", "period", "period_type")},
        max_depth=same("max_depth", None),
        start_ns=min(starts, default=None),
        duration_ns=sum(durations) if durations else None,
        events=tuple(names),
        lost_samples=sum(one.lost_samples for one in every),
        truncated_stacks=sum(one.truncated_stacks for one in every),
        comments=tuple(dict.fromkeys(text for one in every for text in one.comments)),
    )
    sizes = [len(one.events) for one in every]
    return recording, np.split(number.astype(np.int32), np.cumsum(sizes)[:-1])


def _join_labels(datas: Sequence[ProfileData]) -> Labels | None:
    if all(data.labels is None for data in datas):
        return None
    none = np.empty(0, np.int32)
    every = [
        data.labels
        or Labels(
            np.zeros(len(data.samples) + 1, np.int64),
            none, none, none.astype(np.int64), none, np.empty(0, object),
        )
        for data in datas
    ]  # fmt: skip
    texts, number = number_words(np.concatenate([one.texts for one in every]))
    places = np.split(number.astype(np.int32), np.cumsum([len(one.texts) for one in every])[:-1])

    def column(name: str) -> np.ndarray:
        pairs = zip(places, every, strict=True)
        return np.concatenate([_followed(place, getattr(one, name)) for place, one in pairs])

    count = np.concatenate([np.diff(one.first) for one in every])
    first = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    numbers = np.concatenate([one.number for one in every])
    return Labels(first, column("key"), column("text"), numbers, column("unit"), texts)
