"""Columns that do not fit into memory stand in files, and nobody sees a difference."""

import os

import numpy as np
import pytest

import prodforensics as pf
from prodforensics import samples
from prodforensics.errors import SourceError
from prodforensics.network import columns

WANTED = (("port", np.int32, -1), ("flags", np.uint16, 0), ("known", np.bool_, False))


@pytest.mark.parametrize("free", [2**40, 0], ids=["in memory", "in files"])
def test_columns_are_filled_with_none_and_can_be_written(monkeypatch, free):
    monkeypatch.setattr(columns, "_free_memory", lambda: free)
    made = columns.allocate(1000, WANTED)
    assert {name: (column.dtype, column.shape) for name, column in made.items()} == {
        name: (np.dtype(dtype), (1000,)) for name, dtype, _ in WANTED
    }
    assert all((made[name] == none).all() for name, _, none in WANTED)
    assert all(isinstance(column, np.memmap) == (free == 0) for column in made.values())
    made["port"][7] = 80
    assert made["port"].sum() == 80 - 999


def test_no_packets_need_no_room(monkeypatch):
    monkeypatch.setattr(columns, "_free_memory", lambda: -1)
    assert all(len(column) == 0 for column in columns.allocate(0, WANTED).values())


def test_what_is_free_may_be_gone_when_it_is_asked_for(monkeypatch):
    def gone(*_):
        raise MemoryError

    monkeypatch.setattr(columns, "_in_memory", gone)
    assert isinstance(columns.allocate(1000, WANTED)["port"], np.memmap)


def test_a_full_disk_is_an_error_that_says_where_to_go(monkeypatch):
    def full(*_):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(columns, "_free_memory", lambda: 0)
    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(SourceError, match="do not fit") as caught:
        columns.allocate(1000, WANTED)
    assert "TMPDIR" in caught.value.hint


def test_a_capture_in_files_is_the_same(monkeypatch):
    path = samples.path("network/lossy_path.client.pcap.zst")
    plain = pf.load(path)
    frames = {name: plain.frames[name] for name in ("packets", "connections", "quality")}
    monkeypatch.setattr(columns, "_free_memory", lambda: 0)
    spilled = pf.load(path)
    assert isinstance(spilled.packets.source, np.memmap)
    for name, frame in frames.items():
        assert spilled.frames[name].equals(frame)
