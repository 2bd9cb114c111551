"""What is whole of a JSON text, checked with Python's own parser."""

import json

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from prodforensics.kernels.json_scan import scan

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(-1e307, 1e307) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def closed(text: bytes, deepest: int = 1000):
    """Return what of it is whole, its open brackets closed, and where the scan stopped."""
    buf = np.frombuffer(text, np.uint8).copy()
    stop, safe, closers, mended, first = scan(buf, deepest)
    assert (mended > 0) == (first >= 0)
    return buf[:safe].tobytes() + closers.tobytes(), stop, mended


@given(VALUES, st.booleans())
def test_a_whole_text_is_left_as_it_is(value, ascii_only):
    text = json.dumps([value], ensure_ascii=ascii_only, indent=1).encode("utf-8", "surrogatepass")
    assert closed(text) == (text, len(text), 0)


@given(VALUES, st.data())
def test_what_stands_before_a_cut_is_kept(value, data):
    text = json.dumps({"first": [1, 2], "then": value}).encode()
    cut = data.draw(st.integers(1, len(text) - 1))
    kept, stop, mended = closed(text[:cut])
    assert (stop <= cut, mended) == (True, 0)
    assert is_part(json.loads(kept), json.loads(text))


def is_part(part, whole):
    """Tell whether a value is another one that ends early."""
    if isinstance(part, dict):
        return list(part) == list(whole)[: len(part)] and all(
            is_part(part[key], whole[key]) for key in part
        )
    if isinstance(part, list):
        return all(map(is_part, part, whole)) and len(part) <= len(whole)
    return part == whole


@given(st.binary(max_size=60))
@example(b"[" * 50)
@example(b'{"a":{"b":[{')
@example(b'["\\')
@example(b'["\\u12')
def test_anything_gives_json_or_nothing(data):
    text = data.decode("ascii", "ignore").encode()
    kept, stop, _ = closed(b'[1, {"k": ' + text)
    json.loads(kept)
    assert stop <= len(text) + 10


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("[1, 23", "[1]"),  # the number may have gone on
        ("[1, 23 ", "[1, 23]"),
        ("[1.5e3, 2.", "[1.5e3]"),
        ('{"a": 1, "b": "x', '{"a": 1}'),
        ('{"a": 1, "b"', '{"a": 1}'),
        ('{"a": [{"b": tr', '{"a": [{}]}'),
        ("[1, 2] x", "[1, 2]"),
        ("[1, 01]", "[1]"),
        ("[1 2]", "[1]"),
        ("[1, ]", "[1]"),
        ("[1}", "[1]"),
        ('{"a": 1]', '{"a": 1}'),
        ("{1: 2}", "{}"),
        ("x", ""),
    ],
)
def test_it_stops_where_json_stops(text, kept):
    assert closed(text.encode())[0].decode() == kept


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('["a\nb"]', ["a b"]),
        ('["\\x"]', ["?x"]),
        ('["\\u12g4"]', ["?u12g4"]),
        ("[NaN, 1]", ["", 1]),
        ("[Infinity, -Infinity]", [None, None]),
        ("[1e999, -1e999, 1e-999]", [None, None, 0]),
        ("[" + "9" * 400 + "]", [None]),
    ],
)
def test_what_is_no_json_is_mended_in_place(text, value):
    kept, stop, mended = closed(text.encode())
    assert (json.loads(kept), stop) == (value, len(text))
    assert mended


@pytest.mark.parametrize(
    ("escaped", "text"),
    [
        ("\\ud800", "\ufffd"),
        ("\\udc00\\ud800", "\ufffd\ufffd"),
        ("\\ud83d\\ude00", "\U0001f600"),
        ("\\ud83dx", "\ufffdx"),
        ("\\ud83d\\n", "\ufffd\n"),
    ],
)
def test_half_a_character_becomes_the_replacement_character(escaped, text):
    kept, _, mended = closed(f'["{escaped}"]'.encode())
    assert (json.loads(kept), mended) == ([text], 0)


def test_brackets_are_followed_to_a_limit():
    assert closed(b"[" * 20, deepest=5) == (b"[" * 5 + b"]" * 5, 5, 0)
