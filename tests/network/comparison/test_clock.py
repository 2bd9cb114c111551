"""The offset of two clocks by the quickest packets of both directions."""

import numpy as np
import pytest

from prodforensics.network.comparison.clock import estimated

SECOND = 1_000_000_000


def path(seconds, offset, drift=0.0, there=5_000_000, back=5_000_000, wait=3_000_000, seed=1):
    """Send packets both ways for a time; return what `estimated` takes."""
    rng = np.random.default_rng(seed)
    sent = np.sort(rng.integers(0, seconds * SECOND, (2, 3000)), axis=1)
    waits = rng.exponential(wait, (2, 3000)).astype(np.int64)
    ahead = offset + np.rint(sent * drift).astype(np.int64)
    # The base sees what it sends at once, and what comes back when it arrives.
    return (
        sent[0],
        there + waits[0] + ahead[0],
        sent[1] + back + waits[1],
        ahead[1] - back - waits[1],
    )


@pytest.mark.parametrize("offset", [0, 137_500_000, -86_400 * SECOND])
def test_the_offset_is_found_within_its_uncertainty(offset):
    clock = estimated(*path(5, offset))
    assert abs(clock.offset_ns - offset) <= 100_000
    assert clock.uncertainty_ns == pytest.approx(5_000_000, rel=0.02)
    assert clock.drift_ppm == 0


def test_a_lopsided_path_is_off_by_no_more_than_the_uncertainty():
    clock = estimated(*path(5, 0, there=9_000_000, back=1_000_000))
    assert clock.offset_ns == pytest.approx(4_000_000, abs=50_000)
    assert abs(clock.offset_ns) <= clock.uncertainty_ns


@pytest.mark.parametrize("drift", [50e-6, -3e-6])
def test_drift_is_found_and_taken_away(drift):
    clock = estimated(*path(600, 1_000_000, drift))
    assert clock.drift_ppm == pytest.approx(drift * 1e6, rel=0.2)
    middle = np.array([300 * SECOND])
    assert clock.ahead(middle)[0] == pytest.approx(1_000_000 + 300 * SECOND * drift, abs=300_000)


def test_no_drift_is_made_of_noise():
    assert [estimated(*path(60, 7, seed=seed)).drift_ppm for seed in range(20)].count(0) >= 18


def test_a_clock_that_is_set_meanwhile_makes_the_offset_uncertain():
    sent, later, came, earlier = path(60, 0)
    later[sent > 30 * SECOND] += 80_000_000
    earlier[came > 30 * SECOND] += 80_000_000
    clock = estimated(sent, later, came, earlier)
    for offset in (0, 80_000_000):
        assert abs(clock.offset_ns - offset) <= clock.uncertainty_ns
    assert clock.uncertainty_ns < 100_000_000


def test_of_nothing_nothing_is_said():
    none = np.zeros(0, np.int64)
    clock = estimated(none, none, none, none)
    assert (clock.uncertainty_ns, len(clock.windows.time)) == (-1, 0)
