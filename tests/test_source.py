"""Bytes come out of every place and packing, up to the damage, within bounds."""

import bz2
import gzip
import hashlib
import io
import lzma
import os
import pickle
import random
import resource
import signal
import subprocess
import sys
import textwrap
import tracemalloc

import fsspec
import lz4.frame
import numpy as np
import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from prodforensics.errors import (
    BadOption,
    Bomb,
    Corrupt,
    ForensicsError,
    MissingDependency,
    SourceError,
)
from prodforensics.source import Source

PACK = {
    "gz": gzip.compress,
    "zst": zstd.compress,
    "xz": lzma.compress,
    "bz2": bz2.compress,
    "lz4": lz4.frame.compress,
}
PACKINGS = sorted(PACK)


def text(size, seed=1):
    """Give bytes that pack about as well as a log does."""
    words = [random.Random(n).randbytes(5).hex().encode() for n in range(500)]
    pick = random.Random(seed)
    return b" ".join(pick.choices(words, k=size // 11 + 1))[:size]


TEXT = text(300_000)


@pytest.fixture
def store(tmp_path):
    def write(data, name="artifact"):
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write


def read(source):
    with source.buffer() as buffer:
        return buffer.tobytes()


# -- whole files ------------------------------------------------------------------------------


def test_a_plain_file_is_read_as_it_is(store):
    source = Source(store(TEXT, "a.log"))
    assert (source.name, source.size, source.packing) == ("a.log", len(TEXT), "")
    assert source.sha256 == hashlib.sha256(TEXT).hexdigest()
    assert source.head(100) == TEXT[:100]
    assert source.tail(100) == TEXT[-100:]
    assert read(source) == TEXT
    with source.open() as file:
        assert file.seek(5) == 5
        assert file.read(10) == TEXT[5:15]


@pytest.mark.parametrize("packing", PACKINGS)
def test_a_packed_file_is_unpacked_on_the_way(store, packing):
    packed = PACK[packing](TEXT)
    source = Source(store(packed, f"a.log.{packing}"))
    assert (source.name, source.size, source.packing) == ("a.log", len(packed), packing)
    assert source.sha256 == hashlib.sha256(packed).hexdigest()
    assert source.head(100) == TEXT[:100]
    assert source.tail() == b""
    assert read(source) == b"".join(source.chunks()) == TEXT
    with source.open() as file:
        assert file.readline() == io.BytesIO(TEXT).readline()
        assert file.seek(-5, io.SEEK_END) == len(TEXT) - 5
        assert file.read() == TEXT[-5:]
    assert source.gaps == []


@pytest.mark.parametrize("outer", PACKINGS)
@pytest.mark.parametrize("inner", PACKINGS)
def test_packings_nest(store, outer, inner):
    source = Source(store(PACK[outer](PACK[inner](TEXT)), f"a.{inner}.{outer}"))
    assert (source.name, source.packing) == ("a", f"{outer}+{inner}")
    assert read(source) == TEXT


@pytest.mark.parametrize("packing", PACKINGS)
def test_several_members_in_one_file_are_all_read(store, packing):
    packed = PACK[packing](TEXT[:1000]) + PACK[packing](b"") + PACK[packing](TEXT[1000:])
    source = Source(store(packed))
    assert read(source) == TEXT
    assert source.gaps == []


def test_padding_behind_the_last_member_is_no_gap(store):
    source = Source(store(gzip.compress(TEXT) + bytes(512)))
    assert read(source) == TEXT
    assert source.gaps == []


def test_a_stream_of_pzstd_begins_with_a_skippable_frame(store):
    skippable = b"\x50\x2a\x4d\x18\x04\x00\x00\x00\x01\x02\x03\x04"
    assert read(Source(store(skippable + zstd.compress(TEXT)))) == TEXT


def test_a_window_as_wide_as_zstd_long_31_is_read(store):
    wide = {zstd.CompressionParameter.window_log: 31, zstd.CompressionParameter.checksum_flag: 1}
    assert read(Source(store(zstd.compress(TEXT, options=wide)))) == TEXT


def test_words_that_look_like_the_start_of_a_packing_are_not_unpacked(store):
    assert Source(store(b"BZh is how a text may begin")).packing == ""
    assert Source(store(b"\x1f\x8b")).packing == ""


@pytest.mark.parametrize("packing", PACKINGS)
def test_nothing_packed_is_an_empty_file(store, packing):
    source = Source(store(PACK[packing](b"")))
    assert source.packing == packing
    assert source.head() == read(source) == b""


def test_an_empty_file_is_empty(store):
    source = Source(store(b""))
    assert (source.size, source.head(), source.tail(), read(source)) == (0, b"", b"", b"")


def test_the_buffer_is_an_array_that_cannot_be_written(store):
    for data in (TEXT, gzip.compress(TEXT)):
        with Source(store(data)).buffer() as buffer:
            assert buffer.dtype == np.uint8
            assert not buffer.flags.writeable


# -- damage -----------------------------------------------------------------------------------


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("share", [0.5, 0.7, 0.99])
def test_a_stream_cut_short_gives_what_is_whole_and_a_gap(store, packing, share):
    packed = PACK[packing](text(2_000_000))
    source = Source(store(packed[: int(len(packed) * share)]))
    got = read(source)
    assert text(2_000_000).startswith(got)
    # bz2 unpacks blocks of 900 kB, the others smaller ones.
    assert len(got) >= 2_000_000 * share - 1_000_000
    (gap,) = source.gaps
    assert gap.offset == len(got)
    assert packing in gap.what
    assert "ends early" in gap.what


def test_a_zstd_stream_of_unknown_length_that_ends_early_is_a_gap(store):
    packer = zstd.ZstdCompressor()
    packed = packer.compress(TEXT) + packer.flush(zstd.ZstdCompressor.FLUSH_BLOCK)
    source = Source(store(packed))
    assert read(source) == TEXT
    assert source.gaps[0].offset == len(TEXT)


@pytest.mark.parametrize("packing", PACKINGS)
def test_a_damaged_stream_gives_what_stands_before_the_damage(store, packing):
    data = text(4_000_000)
    packed = bytearray(PACK[packing](data))
    middle = len(packed) // 2
    packed[middle : middle + 64] = random.Random(1).randbytes(64)
    source = Source(store(bytes(packed)))
    got = read(source)
    if packing == "lz4":
        # Without block checksums lz4 sees damage at the end alone, in the length or the checksum.
        assert data.startswith(got[: len(data) // 4])
    else:
        assert len(got) >= len(data) // 2 - 1_000_000
        assert data.startswith(got[: len(data) // 2 - 100_000][:-200_000])
    assert source.gaps


@pytest.mark.parametrize("packing", ["gz", "zst", "xz", "bz2"])
def test_bytes_behind_the_end_of_the_stream_are_told(store, packing):
    source = Source(store(PACK[packing](TEXT) + b"and what is this?"))
    assert read(source) == TEXT
    (gap,) = source.gaps
    assert gap.offset == len(TEXT)


def test_damage_in_an_outer_layer_keeps_what_the_inner_one_unpacked(store):
    data = text(2_000_000)
    packed = gzip.compress(zstd.compress(data))
    source = Source(store(packed[: len(packed) // 2]))
    got = read(source)
    assert data.startswith(got)
    assert len(got) > 500_000
    assert source.gaps


@pytest.mark.parametrize("packing", PACKINGS)
def test_garbage_behind_the_magic_number_is_corrupt(store, packing):
    magic = PACK[packing](TEXT)[: 10 if packing == "bz2" else 6]
    source = Source(store(magic + b"\xff\xfe\xfd" * 100))
    with pytest.raises(Corrupt, match=packing):
        source.head()
    with pytest.raises(Corrupt):
        read(source)


def test_the_same_gap_is_told_once(store):
    source = Source(store(gzip.compress(TEXT)[:-2000]))
    for _ in range(3):
        source.head()
        read(source)
    assert len(source.gaps) == 1


@given(st.sampled_from(PACKINGS), st.data())
def test_any_damage_gives_bytes_or_an_error_of_ours(tmp_path_factory, packing, data):
    packed = bytearray(PACK[packing](TEXT[:20_000]))
    for _ in range(data.draw(st.integers(0, 3))):
        packed[data.draw(st.integers(0, len(packed) - 1))] = data.draw(st.integers(0, 255))
    packed = packed[: data.draw(st.integers(0, len(packed)))]
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(packed)
    try:
        source = Source(path, max_unpacked_bytes=2**20)
        source.head()
        read(source)
    except ForensicsError:
        pass


# -- bombs ------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def bomb(tmp_path_factory):
    """Ten gigabytes of zeros in a few hundred kilobytes."""
    path = tmp_path_factory.mktemp("bomb") / "zeros.zst"
    packer, zeros = zstd.ZstdCompressor(), bytes(2**24)
    with path.open("wb") as file:
        for _ in range(10 * 2**30 // len(zeros)):
            file.write(packer.compress(zeros))
        file.write(packer.flush())
    return path


def test_a_bomb_is_refused_before_it_fills_memory_or_disk(bomb, tmp_path):
    assert bomb.stat().st_size < 2_000_000
    program = f"""
        import re, resource, tempfile
        from pathlib import Path
        from prodforensics.errors import Bomb
        from prodforensics.source import Source
        tempfile.tempdir = {str(tmp_path)!r}
        resource.setrlimit(resource.RLIMIT_FSIZE, (2**29, 2**29))  # half a gigabyte of disk
        source = Source({str(bomb)!r})
        assert source.head(10) == bytes(10)
        try:
            with source.buffer():
                print("unpacked")
        except Bomb as error:
            print(error.hint)
        peak = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())
        print(int(peak[1]) // 1024)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    hint, megabytes = done.stdout.splitlines()
    assert "max_unpacked_bytes" in hint
    assert int(megabytes) < 200
    assert not list(tmp_path.iterdir())


def test_a_bomb_inside_another_packing_is_refused(store):
    # Endless empty members: they unpack to nothing at all, but not within a lifetime.
    inside = gzip.compress(b"") * 1_000_000
    packed = zstd.compress(inside)
    assert len(packed) < 10_000
    with pytest.raises(Bomb):
        read(Source(store(packed), max_unpacked_bytes=2**20))


def test_the_limit_can_be_set_both_ways(store):
    path = store(gzip.compress(TEXT))
    assert read(Source(path, max_unpacked_bytes=len(TEXT))) == TEXT
    with pytest.raises(Bomb, match="unpack to more than 299,999 bytes"):
        read(Source(path, max_unpacked_bytes=len(TEXT) - 1))
    with pytest.raises(BadOption):
        Source(path, max_unpacked_bytes=0)


def test_a_plain_file_has_no_limit(store):
    assert read(Source(store(TEXT), max_unpacked_bytes=10)) == TEXT


def test_the_head_of_a_large_packed_file_does_not_unpack_it(bomb):
    tracemalloc.start()
    source = Source(bomb)
    assert source.head() == bytes(65536)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * 2**20


# -- places -----------------------------------------------------------------------------------


def test_an_address_of_fsspec_is_fetched():
    with fsspec.open("memory://folder/a.log.gz", "wb") as file:
        file.write(gzip.compress(TEXT))
    source = Source("memory://folder/a.log.gz")
    assert (source.name, source.packing) == ("a.log", "gz")
    assert read(source) == TEXT


def test_an_address_tells_no_password_and_no_signature(monkeypatch):
    address = "https://user:secret@example.com/a.heapsnapshot?X-Signature=secret"

    def refuse(url, mode):
        assert url == address
        raise OSError(f"403, {url}")

    monkeypatch.setattr(fsspec, "open", refuse)
    with pytest.raises(SourceError) as caught:
        Source(address)
    assert "secret" not in str(caught.value)
    assert "https://example.com/a.heapsnapshot" in str(caught.value)


@pytest.mark.parametrize(("scheme", "extra"), [("s3", "s3"), ("https", "http")])
def test_an_address_without_its_package_names_the_package(monkeypatch, scheme, extra):
    def absent(url, mode):
        raise ImportError("Install another package")

    monkeypatch.setattr(fsspec, "open", absent)
    with pytest.raises(MissingDependency, match=rf"pip install 'fsspec\[{extra}\]'"):
        Source(f"{scheme}://bucket/key")


@pytest.mark.parametrize("address", ["memory://nowhere", "nonsense://a", "file:///nowhere/a"])
def test_an_address_that_leads_nowhere_is_a_source_error(address):
    with pytest.raises(SourceError):
        Source(address)


@pytest.mark.parametrize(
    "path", ["/nowhere/at/all", "a\0b", "~nobody-of-this-name/a", "x" * 5000, "", "."]
)
def test_a_path_that_leads_nowhere_is_a_source_error(path):
    with pytest.raises(SourceError):
        Source(path)


def test_what_is_no_regular_file_is_refused_without_waiting(tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    for path in (fifo, tmp_path, "/dev/zero"):
        with pytest.raises(SourceError, match="not a regular file"):
            Source(path)


def test_a_file_without_permission_is_a_source_error(store):
    path = store(TEXT)
    path.chmod(0)
    was = os.geteuid()
    if was == 0:  # root may read everything: be nobody meanwhile
        os.seteuid(65534)
    try:
        with pytest.raises(SourceError, match="Permission denied"):
            Source(path)
    finally:
        os.seteuid(was)


@pytest.mark.parametrize("name", ["ein Ümläut 名.log", "a\nb", "-o", "%s{0}[red]", "\udcff.log"])
def test_odd_names_are_names(store, name):
    source = Source(store(gzip.compress(TEXT), f"{name}.gz"))
    assert source.name == name
    assert read(source) == TEXT


def test_a_full_disk_is_said_with_the_way_out(store, tmp_path):
    source = Source(store(zstd.compress(bytes(2**24))))
    was = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, was[1]))
    try:
        with pytest.raises(SourceError, match="TMPDIR"):
            read(source)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, was)
        signal.signal(signal.SIGXFSZ, ignored)


# -- the rest ---------------------------------------------------------------------------------


def test_a_source_travels_and_reads_again_where_it_arrives(store):
    path = store(gzip.compress(TEXT), "a.gz")
    back = pickle.loads(pickle.dumps(Source(path)))
    assert (back.path, back.name, back.size) == (str(path), "a", path.stat().st_size)
    assert read(back) == TEXT


def test_a_source_whose_file_is_elsewhere_still_tells_what_it_was(store):
    path = store(TEXT)
    sent = pickle.dumps(Source(path))
    path.unlink()
    back = pickle.loads(sent)
    assert back.sha256 == hashlib.sha256(TEXT).hexdigest()
    with pytest.raises(SourceError):
        back.head()


def test_progress_is_shown_when_asked_for_and_for_large_files(store, capsys):
    path = store(gzip.compress(TEXT))
    read(Source(path))
    assert capsys.readouterr().err == ""
    read(Source(path, progress=True))
    assert "unpacking" in capsys.readouterr().err
