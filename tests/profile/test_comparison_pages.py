"""What the explorer of a comparison asks, and what it is answered."""

from __future__ import annotations

import numpy as np
import pytest

import prodforensics as pf
from prodforensics.profile.comparison_pages import ComparisonPages
from prodforensics.profile.pictures import change_picture, comparison_sections
from tests.profile.big import big_profile
from tests.profile.tiny import profile


@pytest.fixture
def compared():
    before = profile(("main;parse", 40), ("main;log", 40))
    return pf.compare(before, profile(("main;parse", 30), ("main;search", 90)))


def test_the_tree_has_both_values_below_a_node_for_the_whole(compared):
    parent, func, base, other = ComparisonPages(compared).tree()["buffers"]
    names = compared.united.functions.name
    rows = {
        ("all", *names)[f + 1 if f < len(names) else 0]: (int(p), int(b), int(o))
        for p, f, b, o in zip(parent, func, base, other, strict=True)
    }
    main = next(at for at, f in enumerate(func) if f < len(names) and names[f] == "main")
    assert rows == {
        "all": (-1, 80, 120),
        "main": (0, 80, 120),
        "parse": (main, 40, 30),
        "log": (main, 40, 0),
        "search": (main, 0, 90),
    }


def test_the_lightest_calls_are_left_out_where_there_are_too_many():
    pages = ComparisonPages(
        pf.compare(big_profile(4000), big_profile(4000, seed=2)), most_nodes=300
    )
    answer = pages.tree()
    parent, func, base, other = answer["buffers"]
    assert len(parent) <= 301
    assert len({len(parent), len(func), len(base), len(other)}) == 1
    assert (parent[1:] < np.arange(1, len(parent))).all()
    assert 0 < answer["left_out"] < 0.2


def test_functions_are_those_of_the_frame(compared):
    frame = compared.frames["functions"]
    rows = ComparisonPages(compared).functions()["rows"]
    assert rows[0]["function"] == frame.index[0]
    for row in rows:
        expected = frame.loc[row["function"]]
        assert row["name"] == expected["function"]
        for column in ("self_base", "self_other", "self_delta", "total_base", "total_delta"):
            assert row[column] == expected[column]


def test_the_static_twin_says_what_changed_in_words_too(compared):
    drawn = change_picture(compared)
    assert "search: 0 → 90 (+90)" in drawn
    assert "parse: 40 → 30 (−10, -25 %)" in drawn
    assert "pf-fd8" in drawn
    titles = [section.title for section in comparison_sections(compared)]
    assert titles == ["What changed", "Functions that changed"]
    assert "What changed" in compared._repr_mimebundle_()["text/html"]
