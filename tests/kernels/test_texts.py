import json
import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodforensics.heap.strings import StringTable
from prodforensics.kernels import texts

PAIR = re.compile(
    r"^\d+( / part of key \(.*? @\d+\) -> value \(.*? @\d+\) pair in WeakMap \(table @(\d+)\))$"
)
PARTS = (b" / part of key (", b") -> value (", b") pair in WeakMap (table @")


def bytes_of(text: bytes) -> np.ndarray:
    return np.frombuffer(text, np.uint8)


@given(st.lists(st.sampled_from(["Array", "Arra", "Array ", "", "Object", '"', "(x)"])))
def test_finds_the_first_string_of_a_text(table: list[str]) -> None:
    wanted = ["Array", "(x)", "none"]
    expected = [table.index(text) if text in table else -1 for text in wanted]
    assert StringTable.of(table).find(wanted) == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [("12", 12), ("12abc", 12), (" 7", 7), ("-3", -3), ("+4", 4), ("x1", None), ("", None)],
)
def test_reads_a_leading_number_as_javascript_does(text: str, value: int | None) -> None:
    raw = json.dumps(text).encode()
    found = texts.integer_prefix(bytes_of(raw), 1)
    assert math.isnan(found) if value is None else found == value


NAMES = st.builds(
    "{}{} / part of key ({}{}) -> value ({}{}) pair in WeakMap (table @{}{}".format,
    st.sampled_from(["", "1", "23", "x"]),
    st.sampled_from(["", "4"]),
    st.sampled_from(["Object", "a) -> value (b @1", "", "two\nlines", 'say "x"', "@5) ("]),
    st.sampled_from([" @12", " @", "@3", " @4) -> value (c @5"]),
    st.sampled_from(["Map", "a @1) pair in WeakMap (table @2", "", "\\"]),
    st.sampled_from([" @8", "@8", " @x"]),
    st.sampled_from(["9", "", "10"]),
    st.sampled_from([")", "", "))"]),
)


@given(st.lists(NAMES | st.text(max_size=5), max_size=20))
def test_recognises_weak_map_edges_as_the_pattern_does(names: list[str]) -> None:
    table = StringTable.of(names)
    string, pair, number = texts.weak_map_pairs(
        table.data, table.starts, *(bytes_of(part) for part in PARTS)
    )
    matches = {i: m for i, name in enumerate(names) if (m := PAIR.match(name))}
    assert string.tolist() == list(matches)
    assert number.tolist() == [int(m[2]) for m in matches.values()]
    groups = [m[1] for m in matches.values()]
    same = [[a == b for a in groups] for b in groups]
    assert (pair[:, None] == pair[None, :]).tolist() == same
