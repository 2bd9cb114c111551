import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from prodforensics.heap.strings import StringTable


@given(st.lists(st.text(max_size=8)))
def test_gives_back_the_texts(texts: list[str]) -> None:
    table = StringTable.of(texts)
    assert len(table) == len(texts)
    assert table.take(range(len(texts))) == texts


@given(st.text(st.characters(codec="utf-8"), max_size=20))
def test_reads_escaped_and_unescaped_json(text: str) -> None:
    for ascii_only in (True, False):
        raw = json.dumps(text, ensure_ascii=ascii_only).encode()
        table = StringTable(np.frombuffer(raw, np.uint8), np.array([1, len(raw) + 1], np.uint32))
        assert table[0] == text


def test_what_no_encoding_can_write_is_replaced() -> None:
    raw = rb'"half \ud83d pair","\xff\xfe bytes","bad \q escape"'
    raw = raw.replace(rb"\xff\xfe", b"\xff\xfe")
    starts = [1, raw.index(b'","') + 3, raw.rindex(b'","') + 3, len(raw) + 1]
    table = StringTable(np.frombuffer(raw, np.uint8), np.array(starts, np.uint32))
    assert table[0] == "half \N{REPLACEMENT CHARACTER} pair"
    assert table[1] == "\N{REPLACEMENT CHARACTER}" * 2 + " bytes"
    assert table[2] == r"bad \q escape"
    for text in table.take(range(3)):
        text.encode()


def test_added_and_missing_strings_do_not_collide() -> None:
    table = StringTable.of(["a"])
    table = StringTable(table.data, table.starts, size=5)
    added = table.add("new")
    assert (added, table[added]) == (5, "new")
    assert table.take([0, 3, 99]) == ["a", "(missing string 3)", "(missing string 99)"]
