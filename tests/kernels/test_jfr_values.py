"""Records are read as their program says, and never beyond their end."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prodforensics.kernels.jfr_values import (
    ARRAY,
    DOUBLE,
    FLOAT,
    INTEGER,
    SIGNED_BYTE,
    STRING,
    decode_elements,
    decode_rows,
    loops,
    read_integer,
    read_record,
    skip_fields,
)
from tests.profile.formats.jfr_files import text, varint

VALUES = st.recursive(
    st.sampled_from([INTEGER, SIGNED_BYTE, FLOAT, DOUBLE, STRING]),
    lambda inner: st.lists(inner, max_size=3).map(tuple),
    max_leaves=6,
)
"""A program as a tree: a tuple is an array of records of what is in it."""


class Short(Exception):
    """The bytes end too early."""


def plain_integer(data, p):
    value = 0
    for place in range(9):
        if p >= len(data):
            raise Short
        byte = data[p]
        p += 1
        value |= (byte if place == 8 else byte & 127) << 7 * place
        if byte < 128 and place < 8:
            break
    return (value - 2**64 if value >= 2**63 else value), p


def plain_skip(data, p, what):
    """Return where a value ends: the slow and obvious way."""
    if isinstance(what, tuple):
        count, p = plain_integer(data, p)
        if not 0 <= count <= len(data) - p:
            raise Short
        for _ in range(count if what else 0):
            for one in what:
                p = plain_skip(data, p, one)
        return p
    if what == INTEGER:
        return plain_integer(data, p)[1]
    if what == STRING:
        if p >= len(data) or data[p] > 5:
            raise Short
        form, p = data[p], p + 1
        if form <= 1:
            return p
        length, p = plain_integer(data, p)
        if form == 2:
            return p
        if not 0 <= length <= len(data) - p:
            raise Short
        for _ in range(length if form == 4 else 0):
            p = plain_integer(data, p)[1]
        return p if form == 4 else p + length
    p += {SIGNED_BYTE: 1, FLOAT: 4, DOUBLE: 8}[what]
    if p > len(data):
        raise Short
    return p


def flat(tree):
    """Write a tree of values as the operations of a program."""
    rows = []
    for one in tree:
        if isinstance(one, tuple):
            inner = flat(one)
            rows += [(ARRAY, len(inner)), *inner]
        else:
            rows.append((one, 0))
    return rows


def program(*tree):
    return np.array(flat(tree), np.int64).reshape(-1, 2)


def array(data):
    return np.frombuffer(data, np.uint8)


@given(st.integers(-(2**63), 2**63 - 1), st.integers(0, 8))
def test_an_integer_comes_back(value, width):
    data = varint(value, width)
    assert read_integer(array(data), 0, len(data)) == (value, len(data))
    assert read_integer(array(data), 0, len(data) - 1)[1] == -1


@settings(deadline=None)
@given(st.lists(VALUES, max_size=4), st.binary(max_size=60))
def test_fields_end_where_the_slow_way_ends(tree, data):
    p = 0
    try:
        for one in tree:
            p = plain_skip(data, p, one)
    except Short:
        p = -1
    code = program(*tree)
    assert skip_fields(array(data), 0, len(data), code, 0, len(code), loops()) == p
    column = np.arange(len(tree), dtype=np.int64)
    out = np.zeros((len(tree), 1), np.int64)
    assert read_record(array(data), 0, len(data), code, column, out, 0, loops()) == p


def test_values_of_a_record():
    data = varint(300) + b"\xff" + b"\x3f\x80\0\0" + text("ab") + varint(2) + b"\5\6" + b"\7"
    code = program(INTEGER, SIGNED_BYTE, FLOAT, STRING, (INTEGER,), INTEGER)
    out = np.zeros((6, 1), np.int64)
    read_record(array(data), 0, len(data), code, np.arange(6), out, 0, loops())
    assert out[:, 0].tolist() == [300, -1, 0x3F800000, 7, 11, 7]


def test_a_record_that_stands_deeper_than_any_type_is_refused():
    tree = INTEGER
    for _ in range(12):
        tree = (tree,)
    data = b"\1" * 40
    code = program(tree)
    assert skip_fields(array(data), 0, len(data), code, 0, len(code), loops()) == -1


def test_runs_of_records_with_their_keys():
    data = (
        b"\x09" + varint(7) + varint(70) + varint(8) + varint(80) + b"\x09" + varint(9) + varint(90)
    )
    key, out = decode_rows(
        array(data), np.array([1, 6]), np.array([2, 1]), len(data), program(INTEGER),
        np.array([0]), 1, 3,
    )  # fmt: skip
    assert (key.tolist(), out.tolist()) == ([7, 8, 9], [[70, 80, 90]])


def test_a_run_that_breaks_off_gives_what_is_whole():
    data = varint(7) + varint(70) + varint(8)
    key, out = decode_rows(
        array(data), np.array([0]), np.array([5]), len(data), program(INTEGER),
        np.array([0]), 1, 5,
    )  # fmt: skip
    assert (key.tolist(), out.tolist()) == ([7], [[70]])


def test_arrays_of_records():
    data = varint(2) + b"\1\2\3\4" + varint(0) + varint(1) + b"\5\6"
    first, out = decode_elements(
        array(data), np.array([0, 5, 6]), len(data), program(INTEGER, INTEGER),
        np.array([-1, 0]), 1,
    )  # fmt: skip
    assert (first.tolist(), out.tolist()) == ([0, 2, 2, 3], [[2, 4, 6]])


@pytest.mark.parametrize("count", [varint(2**40), varint(-1), b"\xff"])
def test_an_array_of_an_impossible_length_is_empty(count):
    data = count + b"\1\1"
    first, out = decode_elements(
        array(data), np.array([0]), len(data), program(INTEGER), np.array([0]), 1
    )
    assert (first.tolist(), out.shape) == ([0, 0], (1, 0))
