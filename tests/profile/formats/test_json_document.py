"""A JSON artifact is read whole, in part, or refused: never anything else."""

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodforensics.errors import Corrupt
from prodforensics.profile.formats.json_document import keys, parse, read_document
from prodforensics.source import Source

TEXT = json.dumps({"nodes": [{"id": 1, "name": "é\ud800"}], "samples": [1, 2.5, -3]}).encode()


def whats(gaps):
    return [gap.what for gap in gaps]


def test_a_whole_file_has_no_gaps(tmp_path):
    path = tmp_path / "a.json.gz"
    path.write_bytes(gzip.compress(b'\xef\xbb\xbf{"a": [1, 2]}'))
    assert read_document(Source(path)) == ({"a": [1, 2]}, [])


def test_a_packed_file_that_is_cut_says_both(tmp_path):
    path = tmp_path / "a.json.gz"
    path.write_bytes(gzip.compress(json.dumps({"a": list(range(9999))}).encode())[:-3000])
    value, gaps = read_document(Source(path))
    assert value["a"] == list(range(len(value["a"])))
    assert "gz stream" in gaps[0].what
    assert gaps[1].what == "the file ends in the middle"


def test_half_a_character_is_legal():
    assert parse(b'["\\ud800x"]', "a") == (["\ufffdx"], [])


def test_bytes_that_are_no_text_are_told():
    value, gaps = parse(b'["a\xffb", "\xed\xa0\x80"]', "a", offset=100)
    assert value == ["a?b", "???"]
    assert (whats(gaps), gaps[0].offset) == (["bytes that are no UTF-8 are replaced by '?'"], 103)


def test_numbers_beyond_all_bounds_are_told():
    value, gaps = parse(b"[1e999, 123456789012345678901234567890, NaN]", "a")
    assert value == [None, 123456789012345678901234567890.0, ""]
    assert (gaps[0].offset, gaps[0].lost_records) == (1, 2)


def test_of_equal_keys_the_last_one_stays():
    assert parse(b'{"a": 1, "a": 2}', "a") == ({"a": 2}, [])


def test_damage_ends_what_is_read_and_is_shown():
    value, gaps = parse(b'{"a": [1, 2], "b": [3, \x00x\x1b], "c": 4}', "a")
    assert value == {"a": [1, 2], "b": [3]}
    assert (gaps[0].what, gaps[0].offset) == ("the rest of the file is not JSON", 23)
    assert gaps[0].excerpt.startswith("\\x00x\\x1b]")


def test_nesting_without_end_is_cut():
    value, gaps = parse(b'{"a": 1, "b": ' + b"[" * 100_000, "a")
    assert value["a"] == 1
    assert whats(gaps) == ["the rest of the file is not JSON"]


@pytest.mark.parametrize("data", [b"", b"\0" * 99, b"12", b'"text"', b"<html>", b"\xff\xfe{}"])
def test_what_is_no_document_is_corrupt(data):
    with pytest.raises(Corrupt):
        parse(data, "a")


@given(st.data())
def test_any_damage_gives_values_or_corrupt(data):
    text = bytearray(TEXT)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text)))
        text[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    try:
        value, _ = parse(bytes(text), "a")
    except Corrupt:
        return
    json.dumps(value).encode()


@given(st.integers(1, len(TEXT) - 1))
def test_a_cut_is_never_silent(at):
    assert whats(parse(TEXT[:at], "a")[1]) == ["the file ends in the middle"]


def test_keys_are_told_by_path():
    head = b' {"a:": {"b": [[{"c": ["d", "e:"]}], {"f": 1}]}, "g": "h\\":", "i'
    assert keys(head) == {"a:", "a:.b", "a:.b[][].c", "a:.b[].f", "g"}


@pytest.mark.parametrize("head", [b"", b"a:", b'"a": 1', b"]}", b"\0{"])
def test_what_is_no_document_has_no_keys(head):
    assert keys(head) == frozenset()


@given(st.binary(max_size=80))
def test_keys_of_anything(data):
    keys(b"{" + data)
