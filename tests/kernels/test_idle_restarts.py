"""Bursts after a pause, of connections whose clock cannot be right."""

import numpy as np
import pytest

from prodforensics.kernels.idle_restarts import idle_restarts


@pytest.mark.parametrize("rtt", [2**61, 2**62, 2**63 - 1])
def test_a_round_trip_of_a_century_reads_nothing_behind_the_last_packet(rtt):
    count, rounds = np.zeros((2, 1, 2), np.int32)
    first, small, large = np.full((1, 2), -1), *np.zeros((2, 1, 2), np.int64)
    # Without numba every index is checked.
    idle_restarts.py_func(
        np.full(2, 6, np.int16), np.zeros(2, np.int32), np.zeros(2, np.uint8),
        np.array([0, 2**62]), np.full(2, 100, np.int32), np.zeros(2, np.uint16),
        np.zeros(1, np.bool_), np.array([rtt]), count, rounds, first, small, large,
    )  # fmt: skip
    assert count.sum() == 0
