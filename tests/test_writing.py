"""A file is written as a whole or not at all."""

import pytest

from prodforensics.errors import SourceError
from prodforensics.writing import write_file


def test_texts_and_bytes_are_written_and_replace_what_was_there(tmp_path):
    path = tmp_path / "a.txt"
    assert write_file(path, "naïve\n") == path
    assert path.read_bytes() == "naïve\n".encode()
    write_file(path, b"\xff")
    assert path.read_bytes() == b"\xff"
    assert list(tmp_path.iterdir()) == [path]


def test_half_a_character_is_written_as_a_question_mark(tmp_path):
    assert write_file(tmp_path / "a", "a\ud800b").read_text() == "a?b"


@pytest.mark.parametrize("name", ["", "no/such/folder", "nul\0"])
def test_a_path_that_cannot_be_written_is_said(tmp_path, name):
    with pytest.raises(SourceError, match="write to"):
        write_file(tmp_path / name, "a")
    assert not list(tmp_path.iterdir())
