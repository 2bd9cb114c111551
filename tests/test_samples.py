"""The samples are listed with what is known about them."""

import pytest

from prodforensics import formats, samples
from prodforensics.errors import UnknownName


def test_every_sample_is_a_file_of_a_known_format():
    for entry in samples.entries():
        assert samples.path(entry["path"]).is_file()
        assert entry["format"] in formats.formats()
        assert samples.truth(entry["path"]) == entry["ground_truth"]


def test_there_is_a_sample_of_every_built_in_format():
    assert {one.name for one in formats.BUILT_IN} == {e["format"] for e in samples.entries()}


def test_the_frame_has_a_row_a_sample():
    frame = samples.frame()
    assert frame.index.tolist() == [entry["path"] for entry in samples.entries()]
    assert frame.columns.tolist() == [
        "investigation",
        "format",
        "scenario",
        "role",
        "title",
        "size",
    ]
    assert frame.notna().all(axis=None)


def test_an_unknown_sample_tells_the_close_one():
    with pytest.raises(UnknownName, match=r"did you mean 'heap/healthy\.1\.heapsnapshot\.zst'"):
        samples.path("heap/healthy.1.heapsnapshot")
