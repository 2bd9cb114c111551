"""Times to answer, beside a slow walk through each connection."""

import numpy as np
import pytest

from prodforensics.kernels.answer_times import answer_times


def slow(time, protocol, stream, direction, payload, again, flipped):
    answer = np.full(len(time), -1)
    for one in range(len(flipped)):
        asked = None
        for i in np.flatnonzero((stream == one) & (protocol == 6) & (payload > 0)):
            from_server = direction[i] != flipped[one]
            if not from_server:
                asked = asked if again[i] and asked is not None else time[i]
            elif asked is not None:
                answer[i], asked = time[i] - asked, None
    return answer


@pytest.mark.parametrize("seed", range(10))
def test_an_answer_counts_from_the_last_new_part_of_its_question(seed):
    rng = np.random.default_rng(seed)
    size = 300
    columns = (
        np.sort(rng.integers(0, 10**9, size)),
        rng.choice([6, 17], size).astype(np.int16),
        rng.integers(-1, 4, size).astype(np.int32),
        rng.integers(0, 2, size).astype(np.uint8),
        rng.choice([0, 10], size).astype(np.int32),
        rng.random(size) < 0.2,
        rng.random(4) < 0.5,
    )
    answer = np.full(size, -1, np.int64)
    answer_times(6, *columns, answer)
    np.testing.assert_array_equal(answer, slow(*columns))
    assert (answer >= 0).sum() > 10
