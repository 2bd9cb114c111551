"""Strings decoded in bulk are those that Python's JSON gives."""

from __future__ import annotations

import json

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from prodforensics.heap.categories import texts
from prodforensics.heap.strings import StringTable

# Any text that a JSON writer may produce, escaped in either way.
TEXTS = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), max_size=8)


def table_of(raw: list[bytes], count: int | None = None) -> StringTable:
    """Make a table of JSON strings as they stand in a file."""
    starts = np.cumsum([1] + [len(one) + 1 for one in raw], dtype=np.uint32)
    return StringTable(np.frombuffer(b",".join([*raw, b""]), np.uint8), starts, count)


@given(TEXTS, st.booleans())
def test_texts_survive_json(words: list[str], ascii_only: bool) -> None:
    table = table_of([json.dumps(word, ensure_ascii=ascii_only).encode() for word in words])
    assert texts(table, np.arange(len(words))).to_pylist() == words


@given(st.lists(st.binary(max_size=12), min_size=1, max_size=4))
@example([rb"\ud83d\ude00 \ud83d alone \ude00"])
@example([rb"\u12", rb"\x41", rb"ab\n\/\b\f\t\r\"", "\u00ff".encode("latin-1")])
def test_damaged_strings_are_read_as_one_by_one(bodies: list[bytes]) -> None:
    raw = [b'"' + body.replace(b'"', b"").rstrip(b"\\") + b'"' for body in bodies]
    table = table_of(raw)
    indices = np.arange(len(raw))
    assert texts(table, indices).to_pylist() == table.take(indices)


def test_added_and_missing_strings_keep_their_place() -> None:
    table = table_of([b'"a"', b'"b"'], count=4)
    added = table.add("Detached <div>")
    indices = np.array([added, 1, 3, 0])
    assert texts(table, indices).to_pylist() == ["Detached <div>", "b", "(missing string 3)", "a"]
