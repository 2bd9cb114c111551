"""The manifest tells the truth about the files beside it."""

import gzip
import hashlib
import re

import pytest
from backports import zstd

from prodforensics import samples
from prodforensics.resources import folder

ENTRIES = samples.entries()
SNAPSHOTS = [entry["path"] for entry in ENTRIES if entry["format"] == "v8-heap-snapshot"]
MACHINE_PATHS = re.compile(rb"/(root|work|tmp|Users|home/(?!app\b)\w+)/\w")


def unpacked(name: str) -> bytes:
    data = samples.path(name).read_bytes()
    if name.endswith(".gz"):
        return gzip.decompress(data)
    return zstd.decompress(data)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["path"])
def test_a_sample_is_the_file_that_was_recorded(entry):
    data = samples.path(entry["path"]).read_bytes()
    assert len(data) == entry["size"] < 2_000_000
    assert hashlib.sha256(data).hexdigest() == entry["sha256"]
    assert entry["recorded_with"]["command"]
    assert entry["recorded_with"]["versions"]


def test_every_artifact_is_listed():
    home = folder("sample_artifacts")
    endings = ("*.zst", "*.gz", "*/native/*.xml", "*/native/*.txt")
    found = {p.relative_to(home).as_posix() for ending in endings for p in home.rglob(ending)}
    assert found <= {entry["path"] for entry in ENTRIES}


def test_every_program_belongs_to_a_sample():
    home = folder("sample_artifacts")
    found = {p.relative_to(home).as_posix() for p in home.glob("*/programs/*")}
    assert found == {
        one["path"]
        for entry in ENTRIES
        for one in entry.get("files", ())
        if one["role"] != "source"
    }


def test_the_samples_stay_under_40_megabytes():
    assert sum(entry["size"] for entry in ENTRIES) < 40_000_000


@pytest.mark.parametrize("name", SNAPSHOTS)
def test_a_snapshot_tells_nothing_of_the_machine_it_was_recorded_on(name):
    text = unpacked(name)
    found = {match.group() for match in MACHINE_PATHS.finditer(text)}
    assert not found
