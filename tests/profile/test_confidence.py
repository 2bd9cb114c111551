"""Shares of a profile, as sure as their samples allow."""

import numpy as np
import pytest

from prodforensics.profile.confidence import counted_samples, growth_p_value, share
from prodforensics.profile.data import Recording, ValueType
from tests.profile.tiny import profile


@pytest.mark.parametrize(
    ("value", "samples", "low", "high"),
    # Figures of Wilson's interval as published for proportions.
    [(0.0, 10, 0.0, 0.2775), (0.5, 10, 0.2366, 0.7634), (0.1, 1000, 0.0829, 0.1202)],
)
def test_the_interval_is_wilson_s(value, samples, low, high):
    found = share(value, samples)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


def test_of_no_samples_nothing_is_known():
    assert (share(0.3, 0).low, share(0.3, 0).high) == (0.0, 1.0)


def test_rows_of_an_aggregated_file_stand_for_many_samples():
    two = (ValueType("samples", "count"), ValueType("cpu", "ns"))
    one = profile(("a", (3, 30)), ("b", (7, 70)), value_types=two)
    assert counted_samples(one.data, 1) == 10
    assert counted_samples(profile(("a", 5), ("b", 6)).data, 0) == 11
    space = (ValueType("alloc_space", "bytes"),)
    heap = profile(("a", 5_000), ("b", 0), value_types=space, recording=Recording(mode="heap"))
    assert counted_samples(heap.data, 0) == 1


def test_chance_alone_is_not_taken_for_growth():
    rng = np.random.default_rng(3)
    alarms = 0
    for _ in range(200):
        before, after = (rng.multinomial(2000, [0.1] * 10) / 2000 for _ in range(2))
        alarms += bool((growth_p_value(before, 2000, after, 2000) < 0.01).any())
    assert alarms <= 8
