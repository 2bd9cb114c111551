"""The samples are listed with what is known about them."""

import os

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


def test_a_core_is_unpacked_with_its_program_its_debug_file_and_its_source(tmp_path):
    found = samples.files("core/null.core.zst", tmp_path / "null")
    assert {role: path.relative_to(tmp_path).as_posix() for role, path in found.items()} == {
        "artifact": "null/null.core",
        "source": "null/till.c",
        "executable": "null/till",
        "rebuilt": "null/rebuilt/till",
        "debug": "null/debug",
    }
    assert found["artifact"].read_bytes().startswith(b"\x7fELF")
    assert os.access(found["executable"], os.X_OK)
    assert not found["artifact"].stat().st_mode & 0o111
    assert [path.suffix for path in found["debug"].rglob("*.debug")] == [".debug"] * 2
    assert found["executable"].read_bytes() != found["rebuilt"].read_bytes()


@pytest.mark.parametrize("name", ["core/null.refund.core.lz4", "core/bus.core.xz"])
def test_a_sample_is_unpacked_however_it_is_packed(name, tmp_path):
    artifact = samples.files(name, tmp_path)["artifact"]
    assert artifact.name == samples.path(name).stem
    assert artifact.read_bytes()[16:18] == b"\x04\x00"  # ET_CORE


def test_a_sample_without_a_program_is_unpacked_alone(tmp_path):
    found = samples.files("heap/healthy.1.heapsnapshot.zst", tmp_path)
    assert list(found) == ["artifact"]
    assert found["artifact"].read_bytes().startswith(b'{"snapshot"')
