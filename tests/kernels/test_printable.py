"""Runs of printable text, beside a slow search with regular expressions."""

import re

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from prodforensics.kernels.printable import ASCII, UTF_8, UTF_16, find_texts

LEAST = 4
PIECES = st.sampled_from(
    [b"\0", b"\0\0\0\0\0\0\0\0\0", b"abc", b"token=1", b"\t", b"\xff", b"\x7f", b" ", b"\x80\x81"]
)


def found(data, least=LEAST, most=1000):
    where, size, characters, kind, reached = find_texts(
        np.frombuffer(data, np.uint8), 0, least, most
    )
    rows = zip(where.tolist(), size.tolist(), characters.tolist(), kind.tolist(), strict=True)
    return list(rows), reached


@given(st.lists(PIECES, max_size=30).map(b"".join))
def test_ascii_is_what_a_regular_expression_finds(data):
    # A byte before a zero may be the first of a wide text: only bytes that are not are compared.
    data = data.replace(b"\0", b"\xff")
    expected = [
        (one.start(), len(one[0]), len(one[0]), ASCII)
        for one in re.finditer(rb"[\t\x20-\x7e]{4,}", data)
    ]
    assert found(data)[0] == expected


@given(st.binary(max_size=200))
def test_any_bytes_give_runs_inside_of_them(data):
    rows, reached = found(data)
    assert reached == len(data)
    end = 0
    for where, size, characters, kind in rows:
        assert end <= where
        end = where + size
        assert end <= len(data)
        assert characters >= LEAST
        text = data[where:end]
        decoded = text.decode(("ascii", "utf-8", "utf-16-le")[kind])
        assert len(decoded) == characters
        assert all(one.isprintable() or one == "\t" or ord(one) > 127 for one in decoded)


def test_text_of_two_bytes_a_character_is_found():
    data = b"\xff\xff" + "password".encode("utf-16-le") + b"\0\0\xff"
    assert found(data)[0] == [(2, 16, 8, UTF_16)]


def test_utf_8_is_text_where_half_of_it_is_ascii():
    assert found("grüße an alle".encode())[0] == [(0, 15, 13, UTF_8)]
    assert found("äöüß".encode())[0] == []


def test_a_run_too_many_is_where_it_stops():
    rows, reached = found(b"abcd\xffefgh\xffijkl", most=2)
    assert [row[0] for row in rows] == [0, 5]
    assert reached == 10
