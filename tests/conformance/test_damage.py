"""A damaged file gives what is whole of it, or an error of ours; in bounded time and memory."""

import re

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from prodforensics import errors, samples
from tests.conformance.conftest import DAMAGED, RECORD_END, RECORDS, unpacked

# All in one worker: the other process takes long to start.
pytestmark = pytest.mark.xdist_group("damaged files")
MOST_CUTS = 50
OURS = {"partial", *errors.__all__} - {"PartialEvidenceWarning", "SchemaError"}
# No shrinking: a hang costs its whole time limit again and again.
EXAMPLES = settings(
    max_examples=30,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
GARBAGE = (
    b"",
    b"\0",
    b"\xff",
    b'"',
    b"\\",
    b"-1",
    b"1e9",
    b"18446744073709551616",
    b"4294967295",
    b"99999999999999999999999999999999",
    b"[" * 2000,
    b"{" * 2000,
    b"<" * 2000,
    b"]",
    b"}",
    b"\n",
    b"\xed\xa0\x80",
    b"&lol;",
)


@st.composite
def places(draw, size):
    """Offsets in a file: anywhere, but as often near its start and its end."""
    near = draw(st.sampled_from(["anywhere", "anywhere", "start", "end"]))
    if near == "start":
        return draw(st.integers(0, min(size, 2000)))
    if near == "end":
        return size - draw(st.integers(0, min(size, 2000)))
    return draw(st.integers(0, size))


@st.composite
def damaged(draw, data):
    """Bytes replaced, taken out, put in, doubled, and perhaps all cut short."""
    data = bytearray(data)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(places(len(data)))
        length = draw(st.sampled_from([0, 1, 1, 2, 8, 100, 10_000]))
        new = draw(st.sampled_from(GARBAGE) | st.binary(max_size=8))
        if draw(st.booleans()):
            data[at : at + len(new)] = new
        elif draw(st.booleans()):
            data[at : at + length] = new
        else:
            data[at:at] = data[max(0, at - length) : at]
    if draw(st.booleans()):
        del data[draw(places(len(data))) :]
    return bytes(data)


@pytest.mark.parametrize("name", DAMAGED)
@EXAMPLES
@given(st.data())
def test_any_damage(victim, name, data):
    outcome = victim.load(name, data.draw(damaged(unpacked(name))))
    assert outcome in OURS | {"whole"}


@pytest.mark.parametrize("name", DAMAGED)
@EXAMPLES
@given(st.data())
def test_a_cut_anywhere_is_never_silent(victim, name, data):
    whole = unpacked(name)
    cut = whole[: data.draw(places(_needed(whole)))]
    assert victim.load(name, cut) in OURS or is_whole(name, cut)


def is_whole(name, data):
    """Whether a cut sample is a whole file of the same format: nothing tells of what is missing."""
    (entry,) = [entry for entry in samples.entries() if entry["path"] == name]
    if entry["format"] in RECORDS:
        return RECORDS[entry["format"]](data)
    end = RECORD_END.get(entry["format"])
    return end is not None and data.endswith(end)


@pytest.mark.parametrize("name", DAMAGED)
def test_a_cut_at_any_line_or_section_is_never_silent(victim, name):
    whole = unpacked(name)
    lines = [found.end() for found in re.finditer(rb"\n", whole)]
    sections = [found.end() for found in re.finditer(rb'\],(?=\n?")', whole)]
    places = lines if len(lines) < 200 else sections
    for at in places[:: len(places) // MOST_CUTS + 1]:
        if at <= _needed(whole) and not is_whole(name, whole[:at]):
            assert victim.load(name, whole[:at]) in OURS, whole[at - 60 : at]


def _needed(whole: bytes) -> int:
    """Return the most bytes that are surely not all: less than the last line of a text."""
    return len(whole.rstrip().rpartition(b"\n")[0]) if whole.count(b"\n") < 200 else len(whole) - 3


@pytest.mark.parametrize("name", DAMAGED)
@pytest.mark.parametrize("data", [b"", b"\0" * 70_000, b"{}", b"[]", b"\n" * 1000, b"\xff\xfe"])
def test_what_is_not_the_format_at_all_is_an_error_even_if_forced(victim, name, data):
    assert victim.load(name, data) in OURS


def test_a_whole_file_is_whole(victim):
    for name in DAMAGED:
        assert victim.load(name, unpacked(name)) == "whole"
