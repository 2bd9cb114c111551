"""Columns of names."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from prodforensics.categories import vocabulary
from prodforensics.heap.categories import named
from prodforensics.heap.strings import StringTable

WORDS = ["Array", "7", "Array", "naïve", ""]


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans())))
def test_names_and_numbers_are_written_as_text(pairs: list[tuple[int, bool]]) -> None:
    name = np.array([name for name, _ in pairs], np.uint32)
    numbered = np.array([number for _, number in pairs], np.bool_)
    column = named(StringTable.of(WORDS), name, numbered)
    assert column.tolist() == [str(n) if number else WORDS[n] for n, number in pairs]
    assert column.categories.is_unique


def test_equal_texts_are_one_category() -> None:
    column = named(StringTable.of(WORDS), np.array([0, 2, 0], np.uint32))
    assert column.categories.tolist() == ["Array"]


def test_huge_numbers_cost_no_memory() -> None:
    name = np.array([2**32 - 1, 0], np.uint32)
    column = named(StringTable.of(WORDS), name, np.array([True, True]))
    assert column.tolist() == ["4294967295", "0"]


def test_codes_are_as_small_as_the_vocabulary() -> None:
    assert vocabulary(["a", "b", "a"], np.array([2, 1, 0])).codes.dtype == np.int8
