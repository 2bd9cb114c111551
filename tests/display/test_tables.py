"""Frames as HTML tables, numbers for people."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodforensics.display.tables import (
    human_bytes,
    human_count,
    human_ns,
    plain,
    table,
)


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.00 kB"),
        (999_400, "999 kB"),
        (999_600, "1.00 MB"),
        (23_456_789, "23.5 MB"),
        (4_200_000_000, "4.20 GB"),
    ],
)
def test_bytes_have_three_digits_and_a_decimal_unit(size, words):
    assert human_bytes(size) == words


@given(st.integers(min_value=1, max_value=2**60))
def test_a_difference_and_its_opposite_differ_in_the_sign_alone(size):
    assert human_bytes(size, signed=True) == "+" + human_bytes(size)
    assert human_bytes(-size) == "\N{MINUS SIGN}" + human_bytes(size)


@pytest.mark.parametrize(
    ("duration", "words"),
    [
        (12, "12 ns"),
        (12_300, "12.3 µs"),
        (45_600_000, "45.6 ms"),
        (61_000_000_000, "1 min 1 s"),
        (7_200_000_000_000, "2 h 0 min"),
    ],
)
def test_durations_have_the_unit_that_a_person_would_use(duration, words):
    assert human_ns(duration) == words


def test_counts_have_thousands_separators():
    assert human_count(np.uint64(1_234_567)) == "1,234,567"


@given(st.text())
def test_plain_text_has_no_character_that_hides_or_reorders(text):
    shown = plain(text)
    assert not set(shown) & set("\u202e\u200b\x00\x1b\u2066\ufeff")


def test_a_long_string_is_cut_and_says_how_long_it_was():
    assert plain("y" * 1_000_000).endswith("… (1,000,000 characters)")
    assert len(plain("y" * 1_000_000)) < 340


@given(st.text(alphabet="<>&\"'x "))
def test_every_string_of_a_frame_is_escaped(text):
    html = table(pd.DataFrame({text: [text]}), caption=text)
    body = html.replace("&lt;", "").replace("&gt;", "").replace("&amp;", "")
    assert "<x" not in body
    assert body.count("<td") == 1


def test_numbers_stand_right_and_keep_their_exact_value():
    html = table(pd.DataFrame({"retained_size_bytes": np.array([1_234_567], np.uint64)}))
    assert '<th scope="col" class="pf-number">retained size</th>' in html
    assert '<td class="pf-number" title="1,234,567 bytes">1.23 MB</td>' in html


def test_differences_have_a_sign():
    html = table(pd.DataFrame({"size_delta_bytes": [2048], "count_delta": [-3]}))
    assert ">+2.05 kB<" in html
    assert ">\N{MINUS SIGN}3<" in html


def test_a_number_that_stands_for_none_is_a_dash():
    html = table(pd.DataFrame({"rtt_ns": [-1, 5000], "port": [443, -1]}), none=-1)
    assert html.count("&ndash;") == 2
    assert "1 ns" not in html
    assert "\N{MINUS SIGN}1 ns" in table(pd.DataFrame({"rtt_ns": [-1]}))


def test_units_given_win_over_the_name_of_the_column():
    html = table(pd.DataFrame({"leaked": [5000]}), units={"leaked": "bytes"})
    assert ">5.00 kB<" in html


def test_missing_values_are_a_dash():
    html = table(pd.DataFrame({"a": [None, "x"], "b": [np.nan, 1.5], "c": [pd.NA, 1]}))
    assert html.count("&ndash;") == 3


def test_rows_beyond_the_limit_are_counted():
    html = table(pd.DataFrame({"n": range(25)}), limit=20)
    assert html.count("<tr>") == 22
    assert "… 5 more rows" in html


def test_an_empty_frame_says_so():
    assert "no rows" in table(pd.DataFrame({"n": []}))
    assert "no rows" in table(pd.DataFrame())


def test_columns_of_equal_name_are_both_shown():
    frame = pd.DataFrame([[1, 2]], columns=["n", "n"])
    assert table(frame).count("<td") == 2
