"""`top` sums by name and orders as ``go tool pprof -top``."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodforensics.errors import BadOption
from prodforensics.profile import schemas
from tests.profile.random_profiles import profiles, rows
from tests.profile.tiny import profile


def shown(frame):
    return frame.name or f"[{frame.module.rpartition('/')[2] or 'unknown'}]"


@given(profiles(), st.sampled_from(["self", "total"]))
def test_sums_and_order_are_those_of_plain_lists(one, by):
    own, total = Counter(), Counter()
    for row in rows(one):
        if row.stack:
            own[shown(row.stack[-1])] += row.values[0]
        for name in {shown(f) for f in row.stack}:
            total[name] += row.values[0]
    first, second = (own, total) if by == "self" else (total, own)
    names = sorted((n for n in total if total[n]), key=lambda n: (-first[n], n, -second[n]))
    frame = one.top(None, by=by)
    schemas.TOP.validate(frame)
    assert frame["function"].tolist() == names
    assert frame["self"].tolist() == [own[name] for name in names]
    assert frame["total"].tolist() == [total[name] for name in names]


def test_percentages_are_of_the_whole_profile():
    frame = profile(("main;a", 6), ("main;b", 3), ("", 1)).top(2)
    assert frame["function"].tolist() == ["a", "b"]
    assert frame["self_percent"].tolist() == [60, 30]
    assert frame["sum_percent"].tolist() == [60, 90]


def test_functions_of_one_name_are_one_row_however_they_recurse():
    frame = profile(("a;b;a", 1), ("b;a", 2)).top()
    assert frame[["function", "self", "total"]].values.tolist() == [["a", 3, 3], ["b", 0, 3]]


@given(profiles())
def test_every_granularity_sums_to_the_same_whole(one):
    sums = {
        one.top(None, granularity=kind)["self"].sum()
        for kind in ("function", "line", "file", "module")
    }
    assert len(sums) == 1


def test_there_are_no_other_orders():
    with pytest.raises(BadOption, match="self, total"):
        profile(("a", 1)).top(by="flat")
    with pytest.raises(BadOption, match="function, line"):
        profile(("a", 1)).top(granularity="package")
