"""The heat map sums values by second and by offset within the second."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodforensics.errors import BadOption
from prodforensics.profile import schemas
from tests.profile.random_profiles import profiles, rows
from tests.profile.tiny import profile


@given(profiles(), st.integers(1, 60))
def test_every_sample_is_in_its_cell(one, bins):
    frame = one.heatmap(bins)
    cells = Counter()
    start = min((row.time // 10**9 for row in rows(one)), default=0)
    for row in rows(one):
        second, offset = divmod(row.time, 10**9)
        cells[offset * bins // 10**9, second - start] += row.values[0]
    assert frame.shape[0] == bins
    assert all(frame.iloc[cell] == value for cell, value in cells.items())
    assert frame.to_numpy().sum() == sum(cells.values())


def test_a_column_is_a_second_and_a_row_a_part_of_it():
    second = 10**9
    one = profile(("a", 1), ("a", 2), ("a", 4), time=[second // 2, 0, 2 * second + 999_999_999])
    frame = one.heatmap(2)
    assert frame.values.tolist() == [[2, 0, 0], [1, 0, 4]]
    assert frame.index.tolist() == [0, second // 2]
    assert frame.index.name == schemas.HEATMAP.index.name


def test_it_says_why_there_is_none():
    with pytest.raises(BadOption, match="no times"):
        profile(("a", 1)).heatmap()
    with pytest.raises(BadOption, match="bins"):
        profile(("a", 1), time=[0]).heatmap(0)
    with pytest.raises(BadOption, match="between"):
        profile(("a", 1), ("a", 1), time=[0, 2**62]).heatmap()
