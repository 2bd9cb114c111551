"""Pages of long columns."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodforensics.display.paging import MAX_ROWS, alphabetical, matching, page_order, window
from prodforensics.errors import BadOption

columns = st.lists(st.integers(0, 20), max_size=200)


@given(columns, st.integers(1, 50), st.booleans())
def test_pages_put_together_are_the_whole_column_sorted(values, limit, descending):
    keys = np.array(values, np.uint64)
    pages = [
        page_order(keys, offset, limit, descending=descending)
        for offset in range(0, len(values) + limit, limit)
    ]
    whole = sorted(
        range(len(values)), key=lambda place: -values[place] if descending else values[place]
    )
    assert np.concatenate(pages).tolist() == whole


def test_a_page_of_a_long_column_does_not_need_it_sorted(monkeypatch):
    keys = np.arange(100_000)[::-1].copy()
    sorted_sizes = []
    argsort = np.argsort
    monkeypatch.setattr(
        np, "argsort", lambda a, **kw: (sorted_sizes.append(len(a)), argsort(a, **kw))[1]
    )
    assert page_order(keys, 100, 3).tolist() == [100, 101, 102]
    assert max(sorted_sizes) < 200


def test_a_page_beyond_the_end_is_empty():
    assert page_order(np.arange(5), 5, 10).size == 0


def test_the_filter_ignores_case_and_takes_expressions():
    names = ["Map", "WeakMap", "map (array)", "Set"]
    assert matching(names, "MAP").tolist() == [0, 1, 2]
    assert matching(names, "/^map$/").tolist() == [0]
    assert matching(names, "(").tolist() == [2]
    with pytest.raises(BadOption, match="no regular expression"):
        matching(names, "/[/")


def test_a_page_is_never_larger_than_the_limit_however_much_is_asked():
    assert window(-5, 10**9) == (0, MAX_ROWS)
    for wrong in ("7", 1.5, None, True):
        with pytest.raises(BadOption):
            window(0, wrong)


def test_names_rank_as_the_alphabet_goes():
    assert alphabetical(["b", "A", "c"]).tolist() == [1, 0, 2]
