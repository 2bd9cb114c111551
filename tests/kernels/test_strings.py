import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from prodforensics.kernels import strings as kernel

TEXTS = st.lists(st.text(max_size=20), max_size=12)


def index(text: bytes, step: int, room: int) -> tuple[list[int], int, int]:
    data = np.frombuffer(text, np.uint8)
    starts = np.zeros(room, np.int64)
    found: list[int] = []
    p, end, state = 0, 0, kernel.BETWEEN
    while state not in (kernel.CLOSED, kernel.WRONG) and p < len(data):
        if p == end:
            end = min(p + step, len(data))
        count, p, state = kernel.index_strings(data, p, end, starts, state)
        found += starts[:count].tolist()
    return found, p, state


@given(TEXTS, st.booleans(), st.integers(1, 40), st.integers(1, 3))
def test_finds_every_string_whatever_the_blocks(
    texts: list[str], ascii_only: bool, step: int, room: int
) -> None:
    raw = json.dumps(texts, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")[1:]
    starts, p, state = index(raw, step, room)
    ends = [start + len(json.dumps(t, ensure_ascii=ascii_only).encode()) - 2
            for start, t in zip(starts, texts, strict=True)]  # fmt: skip
    assert [json.loads(raw[a - 1 : b + 1]) for a, b in zip(starts, ends, strict=True)] == texts
    assert (state, raw[p : p + 1]) == (kernel.CLOSED, b"]")


def test_stops_at_what_may_not_stand_between_strings() -> None:
    assert index(b'"a",x"b"]', 100, 9) == ([1], 4, kernel.WRONG)


def test_tells_when_the_end_cuts_a_string() -> None:
    assert index(b'"a","b\\', 100, 9)[2] == kernel.ESCAPED
    assert index(b'"a","b', 100, 9)[2] == kernel.INSIDE
