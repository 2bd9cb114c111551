"""Small profiles written by hand, for tests that want to see every number."""

from __future__ import annotations

import numpy as np

from prodforensics.profile.building import CallTable, ThreadTable, stacks_from_lists
from prodforensics.profile.data import ProfileData, Recording, Samples, ValueType
from prodforensics.profile.model import Profile

SAMPLES = (ValueType("samples", "count"),)


def profile(*stacks, value_types=SAMPLES, time=None, threads=None, recording=None):
    """Make a profile of folded stacks, each with its value, or a tuple of values.

    Parameters
    ----------
    *stacks : (str, number or tuple)
        Such as ``("main;parse", 3)``.
    time : sequence of int, optional
    threads : sequence of str, optional
        Name of each sample's thread.
    """
    calls, first, items = CallTable(), [0], []
    for text, _ in stacks:
        items += [calls.call(name) for name in text.split(";") if name]
        first.append(len(items))
    tree, node = stacks_from_lists(np.array(first), np.array(items, np.int32), leaf_first=False)
    rows = [value if isinstance(value, tuple) else (value,) for _, value in stacks]
    values = tuple(np.array(column, np.int64) for column in zip(*rows, strict=True))
    table, thread = ThreadTable(), None
    if threads is not None:
        numbers = [table.thread(1, 1 + sorted(set(threads)).index(t), "app", t) for t in threads]
        thread = np.array(numbers, np.int32)
    clock = None if time is None else np.array(time, np.int64)
    samples = Samples(node, values or (np.empty(0, np.int64),), clock, thread)
    data = ProfileData(
        tuple(value_types),
        calls.functions(),
        calls.calls(),
        tree,
        samples,
        table.threads(),
        recording=recording or Recording(),
    )
    return Profile(None, data)
