import json
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodforensics.kernels.numbers import cut_block, parse_numbers

NUMBERS = st.lists(st.integers(0, 10**19 - 1) | st.integers(0, 10**9), max_size=30)
SPACES = st.text(" \n\r\t", max_size=2)


def parse(text: bytes, room: int = 64) -> tuple[list[int], int]:
    out = np.zeros(room, np.uint64)
    count, stop = parse_numbers(np.frombuffer(text, np.uint8), 0, len(text), out)
    return out[:count].tolist(), stop


@given(NUMBERS, st.data())
def test_reads_what_json_reads(numbers: list[int], data: st.DataObject) -> None:
    gap = data.draw(SPACES)
    text = gap + f"{gap},{gap}".join(map(str, numbers)) + gap
    assert json.loads(f"[{text}]") == numbers
    assert parse(text.encode()) == (numbers, len(text))


@pytest.mark.parametrize(
    "text", [b"1,2,x,4", b"12x4,5", b"1,,2", b"1 2", b"-1,2", b"1.5", b"\0\0\0\0", b"123456789a"]
)
def test_stops_where_no_number_stands(text: bytes) -> None:
    good = re.match(rb"(\d+,(?=\d))*", text)[0].count(b",")
    numbers, stop = parse(text)
    assert stop < len(text)
    assert numbers == [int(x) for x in text.split(b",")[: len(numbers)]]
    assert len(numbers) <= good + 1


def test_never_reads_beyond_the_end() -> None:
    whole = np.frombuffer(b"12,3456789", np.uint8)
    out = np.zeros(4, np.uint64)
    assert parse_numbers(whole, 0, 4, out)[0] <= 2
    assert out[0] == 12


def test_stops_when_the_room_is_full() -> None:
    assert parse(b"1,2,3,4", room=2) == ([1, 2], 4)


@given(st.lists(st.integers(0, 999), min_size=1, max_size=60), st.integers(1, 5), st.data())
def test_blocks_hold_whole_records_and_lose_nothing(
    numbers: list[int], fields: int, data: st.DataObject
) -> None:
    numbers = numbers[: len(numbers) // fields * fields] or [7] * fields
    text = np.frombuffer((",".join(map(str, numbers)) + "]").encode(), np.uint8)
    step = data.draw(st.integers(4 * fields + 1, 80))
    found: list[int] = []
    p, closed, counted = 0, False, 0
    while not closed:
        end, records, closed = cut_block(text, p, min(p + step, len(text)), fields)
        out = np.zeros(len(numbers) + 1, np.uint64)
        count, stop = parse_numbers(text, p, end, out)
        assert count % fields == 0
        assert count // fields == records + closed
        assert stop == end
        found += out[:count].tolist()
        counted += records + closed
        p = end
    assert found == numbers
    assert counted == len(numbers) // fields
