"""Texts and lists are numbered once each, whatever their hashes."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from prodforensics.kernels import text_tables
from prodforensics.kernels.text_tables import LISTS, TEXTS, intern, place, place_list


def words_of(text):
    return np.frombuffer(text + b"\0" * (24 - len(text) % 8), np.uint64)


def slowly(values):
    numbers = {}
    return [numbers.setdefault(value, len(numbers)) for value in values]


def text_at(texts, number):
    start = int(texts.first[number]) * 8
    return texts.words.view(np.uint8)[start : start + int(texts.size[number])].tobytes()


@given(st.lists(st.binary(max_size=20) | st.sampled_from([b"", b"\0", b"\0\0", b"12345678"])))
def test_equal_texts_get_one_number(given_texts):
    texts, used = text_tables.new_texts(1, 4), np.zeros(4, np.int64)
    found = []
    for text in given_texts:
        texts = text_tables.grown_texts(texts, used, 1, len(text) // 8 + 1)
        found.append(intern(tuple(texts), used, words_of(text), 0, len(text)))
    assert found == slowly(given_texts)
    assert used[TEXTS] == len(set(given_texts))
    assert all(
        text_at(texts, number) == text for number, text in zip(found, given_texts, strict=True)
    )


@given(st.binary(max_size=20), st.integers(0, 15))
def test_a_text_may_begin_at_any_byte(text, before):
    texts, used = text_tables.new_texts(4, 16), np.zeros(4, np.int64)
    intern(tuple(texts), used, words_of(b"x" * before + text), before, len(text))
    assert text_at(texts, 0) == text


def test_texts_of_equal_hash_are_compared():
    texts, used = text_tables.new_texts(8, 64), np.zeros(4, np.int64)
    given_texts = [b"one", b"two", b"a longer text", b"a longer tent", b"one", b"a longer tent"]
    found = [
        place(tuple(texts), used, np.uint64(7), words_of(text), 0, len(text))
        for text in given_texts
    ]
    assert found == slowly(given_texts)


@given(st.lists(st.lists(st.integers(0, 3), max_size=4)))
def test_equal_lists_get_one_number(given_lists):
    lists, used = text_tables.new_lists(1, 1), np.zeros(4, np.int64)
    found = []
    for one in given_lists:
        lists = text_tables.grown_lists(lists, used, 1, len(one))
        found.append(place_list(tuple(lists), used, np.array(one, np.int32), len(one)))
    assert found == slowly(map(tuple, given_lists))
    assert used[LISTS] == len({tuple(one) for one in given_lists})
