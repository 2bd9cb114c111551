"""What the explorer of a profile asks, and what it is answered."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from prodforensics.errors import BadOption, UnknownName
from prodforensics.profile.data import ValueType
from prodforensics.profile.pages import ORDERS, ProfilePages
from tests.profile.big import big_profile
from tests.profile.tiny import profile

TYPES = (ValueType("samples", "count"), ValueType("cpu", "ns"))


@pytest.fixture
def pages():
    return ProfilePages(
        profile(
            ("main;parse;read", (1, 30)),
            ("main;parse", (1, 20)),
            ("main;write", (2, 50)),
            ("main;parse;read", (1, 10)),
            value_types=TYPES,
            time=[0, 1_000_000_000, 1_500_000_000, 3_000_000_000],
            threads=["a", "b", "a", "b"],
        )
    )


def stacks(pages, answer):
    """Give every bar of an answer as its path and its value."""
    x0, x1, func, rows = answer["buffers"]
    first, text, *_ = pages.names()["buffers"]
    names = [text[a:b].tobytes().decode() for a, b in pairwise(first)]
    found, above = [], {}
    for row in range(len(rows) - 1):
        here = {}
        for bar in range(rows[row], rows[row + 1]):
            left, right = int(x0[bar]), int(x1[bar])
            holder = next((p for (a, b), p in above.items() if a <= left and right <= b), ())
            here[left, right] = (*holder, names[func[bar]])
            found.append((";".join(here[left, right]), (right - left) * answer["scale"]))
        above = here
    return found


def test_bars_stand_below_one_for_the_whole(pages):
    assert stacks(pages, pages.bars()) == [
        ("all", 5),
        ("all;main", 5),
        ("all;main;parse", 3),
        ("all;main;write", 2),
        ("all;main;parse;read", 2),
    ]


def test_bars_are_of_the_value_type_the_thread_and_the_stretch_of_time_asked_for(pages):
    assert dict(stacks(pages, pages.bars(value=1)))["all;main;parse"] == 60
    assert stacks(pages, pages.bars(thread=1))[-1] == ("all;main;parse;read", 1)
    late = pages.bars(start=1_500_000_000, end=3_000_000_000)
    assert [path for path, _ in stacks(pages, late)] == ["all", "all;main", "all;main;write"]


def test_an_order_of_time_keeps_stacks_apart_and_an_inverted_one_begins_within(pages):
    timed = [path for path, _ in stacks(pages, pages.bars("time", thread=0))]
    assert timed == ["all", "all;main", "all;main;parse", "all;main;write", "all;main;parse;read"]
    inverted = dict(stacks(pages, pages.bars("inverted")))
    assert inverted["all;read;parse;main"] == 2
    assert inverted["all;write"] == 2


def test_bars_of_nothing_are_one_bar_of_no_width():
    pages = ProfilePages(profile(("main", 0)))
    for order in ("left-heavy", "inverted"):
        x0, x1, _, rows = pages.bars(order)["buffers"]
        assert (x0.tolist(), x1.tolist(), rows.tolist()) == ([0], [0], [0, 1])


def test_the_narrowest_bars_are_left_out_where_there_are_too_many():
    one = big_profile(5000)
    whole, cut = ProfilePages(one).bars(), ProfilePages(one, most_bars=400).bars()
    assert len(cut["buffers"][0]) <= 401 < len(whole["buffers"][0])
    assert 0 < cut["left_out"] < 0.1
    widths = cut["buffers"][1] - cut["buffers"][0]
    assert widths.min() > cut["left_out"] * widths[0]
    assert len(cut["buffers"][3]) >= 2


def test_functions_come_in_pages_with_self_and_total(pages):
    answer = pages.functions(sort="total", limit=2)
    assert answer["total"] == 4
    rows = [(row["name"], row["self"], row["total"]) for row in answer["rows"]]
    assert rows == [("main", 0, 5), ("parse", 1, 3)]
    named = pages.functions(text="r", sort="name", descending=False)["rows"]
    assert [row["name"] for row in named] == ["parse", "read", "write"]
    assert pages.functions(thread=0, start=1_000_000_000)["rows"][0]["name"] == "write"


def test_lines_of_a_function_add_up_to_it():
    one = big_profile(3000, functions=50)
    pages = ProfilePages(one)
    for row in pages.functions(limit=5)["rows"]:
        lines = pages.lines(row["function"])["rows"]
        assert sum(line["self"] for line in lines) == row["self"]
        assert max(line["total"] for line in lines) <= row["total"]


def test_heat_puts_each_sample_into_its_part_of_its_second(pages):
    answer = pages.heat(column_ns=1_000_000_000)
    cells = answer["buffers"][0].reshape(answer["columns"], answer["lines"])
    assert cells.shape == (4, 50)
    places = [tuple(place) for place in np.argwhere(cells)]
    assert places == [(0, 0), (1, 0), (1, 25), (3, 0)]
    assert cells[1, 25] == 2
    assert pages.heat(thread=0, column_ns=1_000_000_000)["buffers"][0].sum() == 3


def test_threads_are_told_with_their_place(pages):
    assert [(row["thread"], row["total"]) for row in pages.threads()["rows"]] == [(0, 3), (1, 2)]
    assert [thread["thread"] for thread in pages.about()["threads"]] == [0, 1]


def test_without_times_there_is_neither_their_order_nor_a_heat_map():
    pages = ProfilePages(profile(("main", 1)))
    assert "time" not in pages.about()["orders"]
    assert set(pages.about()["orders"]) < set(ORDERS)
    with pytest.raises(BadOption, match="no times"):
        pages.heat()


@pytest.mark.parametrize(
    "asked",
    [
        {"value": 7},
        {"value": "cpu"},
        {"thread": 9},
        {"start": "now"},
        {"start": float("nan")},
        {"end": True},
    ],
)
def test_what_makes_no_sense_is_refused(pages, asked):
    with pytest.raises(BadOption):
        pages.bars(**asked)


def test_an_unknown_order_is_refused(pages):
    with pytest.raises(UnknownName):
        pages.bars("sideways")


def test_names_are_made_plain_and_files_and_lines_belong_to_them():
    pages = ProfilePages(profile(("a\x1b[31m;token=abcdef123", 1)))
    first, text, _, _, file_of, lines, tints = pages.names()["buffers"]
    assert b"\x1b" not in text.tobytes()
    assert b"abcdef123" not in text.tobytes()
    assert len(first) - 1 == len(file_of) + 1 == len(lines) + 1 == len(tints)
