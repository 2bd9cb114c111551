"""Shares, rates and times of two recordings: what grew, told from chance."""

import numpy as np
import pytest

from prodforensics.statistics import (
    corrected,
    growth_of_ranks,
    growth_of_shares,
    growth_p_value,
    quantiles,
    share,
    share_effect,
)


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


def test_chance_alone_is_not_taken_for_growth():
    rng = np.random.default_rng(3)
    alarms = 0
    for _ in range(200):
        before, after = (rng.multinomial(2000, [0.1] * 10) / 2000 for _ in range(2))
        alarms += bool((growth_p_value(before, 2000, after, 2000) < 0.01).any())
    assert alarms <= 8


def test_a_share_of_nothing_did_not_grow():
    p = growth_of_shares(np.array([0.0, 0.0]), np.array([0, 9]), np.array([1.0, 1.0]), 9)
    assert p[0] == 1
    assert p[1] < 1e-4


def test_the_effect_of_two_shares_is_cohen_s():
    # 2 * asin(sqrt(share)), differences as in Cohen's table of phi.
    found = share_effect(np.array([0.01, 0.5, 0.2]), np.array([0.5, 0.5, 0.05]))
    assert found.round(3).tolist() == [1.370, 0.0, -0.476]


def slow_ranks(before, after):
    """Count the pairs of Mann and Whitney one by one."""
    pairs = [int(a > b) - int(a < b) for a in after for b in before]
    return sum(pairs) / len(pairs)


@pytest.mark.parametrize("seed", range(5))
def test_cliff_s_delta_counts_pairs_and_ties(seed):
    rng = np.random.default_rng(seed)
    before, after = rng.integers(0, 12, 40), rng.integers(2, 15, 30)
    mine, yours = rng.integers(0, 4, 40), rng.integers(0, 4, 30)
    delta, _ = growth_of_ranks(before, mine, after, yours, 4)
    slow = [slow_ranks(before[mine == g], after[yours == g]) for g in range(4)]
    np.testing.assert_allclose(delta, slow)


def test_the_p_value_of_ranks_is_that_of_all_ways_to_deal_them():
    rng = np.random.default_rng(4)
    values = rng.integers(0, 30, 20)
    zeros = np.zeros(10, np.int64)
    delta, p = growth_of_ranks(values[:10], zeros, values[10:], zeros, 1)
    dealt = [rng.permutation(values) for _ in range(4000)]
    as_far = np.mean([slow_ranks(one[:10], one[10:]) >= delta[0] - 1e-9 for one in dealt])
    assert abs(p[0] - as_far) < 0.03


def test_ranks_need_values_on_both_sides():
    one = np.array([5])
    delta, p = growth_of_ranks(one, np.array([0]), one, np.array([1]), 3)
    assert delta.tolist() == [0, 0, 0]
    assert p.tolist() == [1, 1, 1]
    delta, p = growth_of_ranks(np.full(9, 5), np.zeros(9, int), np.full(9, 5), np.zeros(9, int), 1)
    assert (delta[0], p[0]) == (0, 1)


@pytest.mark.parametrize("dtype", [np.int64, np.float64])
@pytest.mark.parametrize("low", [0, -500, 2**61])
def test_quantiles_are_those_of_each_group(dtype, low):
    rng = np.random.default_rng(6)
    value = (low + rng.integers(0, 1000, 200)).astype(dtype)
    group = rng.integers(0, 5, 200)
    found = quantiles(value, group, 6, (0.5, 0.95))
    slow = [[np.quantile(value[group == g], q) for g in range(5)] for q in (0.5, 0.95)]
    np.testing.assert_allclose(found[:, :5], slow)
    assert np.isnan(found[:, 5]).all()
    assert np.isnan(quantiles(value[:0], group[:0], 2, (0.5,))).all()


def test_chances_are_corrected_for_their_number():
    assert corrected(np.array([0.01, 0.5])).tolist() == [0.02, 1.0]
    assert len(corrected(np.zeros(0))) == 0
