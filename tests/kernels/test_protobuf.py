"""The fields of protocol buffers are found as a plain reader finds them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from prodforensics.kernels.protobuf import fields, nested, scalars, varint
from tests.profile.plain_pprof import bounds, message, number, numbers, read_fields, read_varint
from tests.profile.plain_pprof import varint as written

INTEGERS = st.integers(0, 2**64 - 1) | st.integers(0, 300)
FIELDS = st.builds(number, st.integers(1, 40), INTEGERS) | st.builds(
    message, st.integers(1, 40), st.binary(max_size=40)
)
ODD = st.binary(max_size=12) | st.sampled_from([b"\x09" + b"8" * 8, b"\x0d" + b"4" * 4, b"\x0b"])
MESSAGES = st.lists(FIELDS | ODD, max_size=20).map(b"".join)


def buffer(data):
    return np.frombuffer(data, np.uint8)


@given(INTEGERS, st.binary(max_size=3))
def test_a_number_is_read_and_what_follows_is_left(value, more):
    data = written(value) + more
    assert varint(buffer(data), 0, len(data)) == (value, len(written(value)))


@given(st.binary(max_size=14))
def test_any_bytes_are_a_number_or_none(data):
    try:
        expected = read_varint(data, 0)
    except ValueError:
        expected = (0, -1)
    assert varint(buffer(data), 0, len(data)) == expected


@given(MESSAGES)
def test_fields(data):
    expected, stop = read_fields(data)
    number_, wire, first, last, stopped = fields(buffer(data), 0, len(data))
    assert stopped == stop
    values = [
        int(np.uint64(start)) if kind == 0 else data[start:end]
        for kind, start, end in zip(wire.tolist(), first, last, strict=True)
    ]
    assert list(zip(number_.tolist(), wire.tolist(), values, strict=True)) == expected


@given(st.lists(MESSAGES, max_size=5))
def test_numbers_and_messages_inside_messages(messages):
    data = b"".join(messages)
    first, last = bounds(messages)
    value, whole = scalars(buffer(data), first, last, 3)
    row, start, end = nested(buffer(data), first, last, 2)
    inside = []
    for place, one in enumerate(messages):
        found, stop = read_fields(one)
        told = dict.fromkeys((1, 2, 3), 0)
        told.update({n: v for n, kind, v in found if kind == 0 and n in told})
        if whole[place]:  # a field of no known number does no harm here
            assert value[place].view(np.uint64).tolist() == list(told.values())
        assert whole[place] or stop < len(one)
        inside += [(place, v) for n, kind, v in found if n == 2 and kind == 2]
    assert [(r, data[s:e]) for r, s, e in zip(row, start, end, strict=True)] == inside


def test_an_empty_buffer_has_no_fields():
    assert [len(one) for one in fields(buffer(b""), 0, 0)[:4]] == [0, 0, 0, 0]
    assert numbers(None, 1) == number(2, 1)
