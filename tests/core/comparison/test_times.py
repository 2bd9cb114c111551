"""A core does not tell when it was written: its file does."""

import os

import pandas as pd
import pytest

from prodforensics.core.comparison.times import time_of

BOOT = "7e5e4f0a3c5d4b6e8f9a0b1c2d3e4f5a"


@pytest.mark.parametrize(
    ("name", "time"),
    [
        (f"core.till.1000.{BOOT}.4711.1790000000123456.zst", "2026-09-21 14:13:20.123456"),
        (f"core.a.name.with.dots.0.{BOOT}.1.1790000000000000", "2026-09-21 14:13:20"),
        ("core.till.4711.1790000000", "2026-09-21 14:13:20"),
        ("1790000000-till.core.zst", "2026-09-21 14:13:20"),
    ],
)
def test_the_name_tells_where_it_has_the_time(name, time):
    assert time_of(f"/var/crash/{name}") == (pd.Timestamp(time, tz="UTC"), "name")


@pytest.mark.parametrize("name", ["core", "core.4711", "core.17900000000.1", "till-2.core"])
def test_else_the_file_does(name, tmp_path):
    file = tmp_path / name
    file.write_bytes(b"")
    os.utime(file, ns=(0, 1_790_000_000_123_456_789))
    assert time_of(str(file)) == (pd.Timestamp(1_790_000_000_123_456_789, tz="UTC"), "file")


@pytest.mark.parametrize("path", ["s3://crashes/core", "/nowhere/core"])
def test_what_tells_nothing_has_no_time(path):
    time, told = time_of(path)
    assert pd.isna(time)
    assert told == "none"
