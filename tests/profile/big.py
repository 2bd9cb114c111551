"""Profiles of any size that are made up but shaped like real ones."""

from __future__ import annotations

import numpy as np

from prodforensics.profile.building import CallTable, ThreadTable
from prodforensics.profile.data import ProfileData, Recording, Samples, Stacks, ValueType
from prodforensics.profile.model import Profile

TYPES = (ValueType("samples", "count"), ValueType("cpu", "ns"))
FILES = ("orders.py", "json/encoder.py", "http/server.py", "db/pool.py", "app.py")


def big_profile(nodes, functions=2000, deepest=60, seed=1, samples=None):
    """Make a profile whose tree of stacks has so many nodes.

    Nodes hang from earlier ones, deep ones more often, up to a depth; samples are at the leaves.
    """
    chance = np.random.default_rng(seed)
    parent = np.full(nodes, -1, np.int32)
    depth = np.zeros(nodes, np.int32)
    # A walk that goes a few calls down and comes back: its places are the parents.
    step = np.where(chance.random(nodes) < 0.72, 1, -chance.geometric(0.35, nodes))
    path = np.zeros(deepest, np.int32)
    at = 0
    for node in range(1, nodes):
        at = int(min(max(at + step[node], 1), deepest - 1))
        parent[node], depth[node], path[at] = path[at - 1], at, node
    calls = CallTable()
    for number in range(functions):
        calls.call(
            f"work_{number}", f"/srv/app/{FILES[number % len(FILES)]}", line=number % 900 + 1
        )
    function = (chance.zipf(1.3, nodes) * 7919 + depth * 31) % functions
    count = samples or nodes
    stack = np.sort(chance.integers(0, nodes, count)).astype(np.int32)
    threads = ThreadTable()
    for number in range(4):
        threads.thread(1, 100 + number, "app", f"worker-{number}")
    value = np.minimum(chance.zipf(1.7, count), 10_000)
    data = ProfileData(
        TYPES,
        calls.functions(),
        calls.calls(),
        Stacks(parent, function.astype(np.int32)),
        Samples(
            stack,
            (value, value * 1_000_000),
            np.arange(count, dtype=np.int64) * (30_000_000_000 // count),
            (np.arange(count) % 4).astype(np.int32),
        ),
        threads.threads(),
        recording=Recording("a test", "cpu"),
    )
    return Profile(None, data)
