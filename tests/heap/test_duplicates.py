"""Equal strings (the comparison with DevTools stands with its oracle)."""

from __future__ import annotations

from collections import Counter

import prodforensics as pf
from tests.heap.tiny import TinyHeap, TinyNode


def test_equal_texts_are_grouped_as_by_hand() -> None:
    snapshot = pf.load(pf.samples.path("heap/healthy.1.heapsnapshot.zst"))
    nodes = snapshot.frames["nodes"]
    plain = nodes[(nodes["type"] == "string") & (nodes["self_size_bytes"] > 0)]
    counted = Counter(plain["name"].astype(str))
    frame = snapshot.frames["duplicate_strings"].set_index("value")
    # Joined strings may add to these.
    for text, count in counted.items():
        if count > 1:
            assert frame.loc[text, "count"] >= count, text
    assert frame["count"].sum() < len(plain)


def test_one_copy_is_not_wasted() -> None:
    heap = TinyHeap()
    for k, size in enumerate([40, 24, 24]):
        heap.add(5 + 2 * k, 3, "hello", as_=k, type="string", size=size)
    heap.add(21, 3, "hello", as_="no_size", type="string", size=0)
    heap.add(23, 3, "hello", as_="slice", type="sliced string", size=16)
    frame = heap.load().frames["duplicate_strings"]
    assert frame.to_dict("records") == [
        {
            "value": "hello", "count": 3, "wasted_bytes": 48, "self_size_bytes": 88,
            "retained_size_bytes": 88, "node": 2,
        }
    ]  # fmt: skip


def test_a_joined_string_that_v8_has_flattened_is_no_copy() -> None:
    heap = TinyHeap()
    heap.add(5, 3, "hello", as_="text", type="string", size=24)
    for id_ in (7, 9):
        heap.add(id_, 3, "(concatenated string)", as_=id_, type="concatenated string", size=32)
        heap.link(id_, 5, "internal", "first")
    heap.nodes[11] = TinyNode(11, "string", "", 0)
    heap.nodes[13] = TinyNode(13, "string", "!", 24)
    heap.link(7, 11, "internal", "second")
    heap.link(9, 13, "internal", "second")
    assert heap.load().frames["duplicate_strings"].empty


def test_texts_cut_short_are_told_apart_by_their_length() -> None:
    heap = TinyHeap()
    for k, length in enumerate(["2000", "3000", "3000"]):
        text = heap.add(5 + 2 * k, 3, "start…", as_=k, type="string", size=2000)
        for name, kind, value in (("truncated", "bool", "true"), ("length", "int", length)):
            at = 101 + 20 * k + 4 * len(name) % 16
            heap.nodes[at] = TinyNode(at, "number", kind, 0)
            heap.nodes[at + 2] = TinyNode(at + 2, "string", value, 0)
            heap.link(text, at, "internal", name)
            heap.link(at, at + 2, "internal", "value")
    assert heap.load().frames["duplicate_strings"]["count"].tolist() == [2]
