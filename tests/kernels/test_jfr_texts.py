"""Strings of all forms come out as UTF-8."""

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from prodforensics.kernels.jfr_texts import gather_texts
from tests.kernels.test_jfr_values import array
from tests.profile.formats.jfr_files import text, varint


def gathered(data, start):
    raw, first, key = gather_texts(array(data), np.array(start, np.int64), len(data))
    raw = raw.tobytes()
    return [raw[a:b] for a, b in pairwise(first)], key.tolist()


@settings(deadline=None)
@given(st.lists(st.tuples(st.text(max_size=20), st.sampled_from([3, 4]))))
def test_every_text_comes_back(texts):
    data, start = b"\xff", []
    for one, form in texts:
        start.append(len(data))
        data += text(one, form)
    assert gathered(data, start) == ([one.encode() for one, _ in texts], [-1] * len(texts))


def test_latin_letters_take_two_bytes():
    assert gathered(b"?" + text("größer", 5), [1])[0] == ["größer".encode()]


def test_null_empty_and_pooled_strings():
    data = b"?\0\1\2" + varint(300)
    assert gathered(data, [0, 1, 2, 3]) == ([b""] * 4, [-1, -1, -1, 300])


def test_half_a_pair_is_replaced():
    units = [0xD83D, 0x41, 0xDE00, 0xD83D]
    data = b"?\4" + varint(4) + b"".join(map(varint, units))
    assert gathered(data, [1])[0] == ["\ufffdA\ufffd\ufffd".encode()]


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=50))
def test_any_bytes_give_some_text(data):
    texts, _ = gathered(data, range(len(data) + 3))
    assert all(len(one) <= 3 * len(data) for one in texts)
