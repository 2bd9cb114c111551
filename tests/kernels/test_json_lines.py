"""Lines with a list and numbers behind it are read as a JSON parser reads them."""

import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from prodforensics.kernels.json_lines import read_list_lines

KEYS = ("pid", "thread_id", "secs", "on_cpu")
NAMES = np.frombuffer("".join(KEYS).encode(), np.uint8)
BOUNDS = np.cumsum([0, *map(len, KEYS)])
LISTS = st.lists(st.dictionaries(st.sampled_from(["name", "pid"]), st.text(max_size=5)), max_size=3)
VALUES = st.none() | st.integers(0, 10**15) | st.booleans()


@given(st.lists(st.tuples(LISTS, st.tuples(VALUES, VALUES, VALUES, VALUES)), max_size=20))
def test_reads_what_a_json_parser_reads(rows):
    lines = [
        json.dumps(
            {
                "trace": trace,
                "pid": values[0],
                "thread_id": values[1],
                "time": {"secs": values[2]},
                "on_cpu": values[3],
            },
            separators=(",", ":"),
        )
        for trace, values in rows
    ]
    text = "\n".join(lines).encode()
    first, size, which, numbers, start, end = read_list_lines(
        np.frombuffer(text, np.uint8), 0, NAMES, BOUNDS
    )
    lists = [json.loads(text[a : a + n]) for a, n in zip(first, size, strict=True)]
    assert [lists[w] for w in which] == [trace for trace, _ in rows]
    assert len({json.dumps(one) for one in lists}) == len(lists)
    expected = [[int(v) if v not in (None, False) else -1 for v in values] for _, values in rows]
    # `false` and `null` are no numbers; zero is one.
    for row, (_, values) in zip(expected, rows, strict=True):
        for k, value in enumerate(values):
            if value is False:
                row[k] = -1
            elif value is not None:
                row[k] = int(value)
    assert numbers.tolist() == expected
    assert [text[a:b].decode() for a, b in zip(start, end, strict=True)] == lines


def test_a_line_without_a_list_has_none():
    _, _, which, _, start, _ = read_list_lines(
        np.frombuffer(b'{"a":1}\n\n[1]\n]x[\n', np.uint8), 0, NAMES, BOUNDS
    )
    assert which.tolist() == [-1, 0, -1]
    assert start.tolist() == [0, 9, 13]
