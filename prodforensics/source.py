"""The bytes behind a path or URL, unpacked and read-only.

A `Source` hides where the bytes are (a local file, any fsspec URL) and how they are packed
(gz, zst, xz, bz2, lz4, nested). What cannot be unpacked because the file was cut short is kept
in `Source.gaps`; what unpacks without end raises `Bomb`.
"""

from __future__ import annotations

import hashlib
import io
import mmap
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO

from prodforensics.errors import Bomb, Corrupt, MissingDependency, SourceError
from prodforensics.gaps import Gap
from prodforensics.progress import bar

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Source"]

_CHUNK = 4 * 2**20
_LAYERS = 3
# Text such as logs and snapshots packs 10:1 to 60:1. Beyond this ratio a large file is a bomb.
_RATIO = 250
_SMALL = 256 * 2**20
_LARGE = 64 * 2**30


def _zstd(stream: BinaryIO) -> IO[bytes]:
    from backports import zstd

    # Snapshots are often packed with --long: allow the widest window.
    return zstd.ZstdFile(stream, options={zstd.DecompressionParameter.window_log_max: 31})


def _lz4(stream: BinaryIO) -> IO[bytes]:
    import lz4.frame

    return lz4.frame.LZ4FrameFile(stream)


def _gzip(stream: BinaryIO) -> IO[bytes]:
    import gzip

    return gzip.GzipFile(fileobj=stream)


def _bz2(stream: BinaryIO) -> IO[bytes]:
    import bz2

    return bz2.BZ2File(stream)


def _xz(stream: BinaryIO) -> IO[bytes]:
    import lzma

    return lzma.LZMAFile(stream)


# Magic bytes of each packing -> its name and unpacker.
_PACKINGS: dict[bytes, tuple[str, Callable[[BinaryIO], IO[bytes]]]] = {
    b"\x1f\x8b\x08": ("gz", _gzip),
    b"\x28\xb5\x2f\xfd": ("zst", _zstd),
    b"\xfd7zXZ\x00": ("xz", _xz),
    b"BZh": ("bz2", _bz2),
    b"\x04\x22\x4d\x18": ("lz4", _lz4),
}


def _packing(head: bytes) -> tuple[str, Callable[[BinaryIO], IO[bytes]]] | None:
    for magic, packing in _PACKINGS.items():
        if head.startswith(magic):
            return packing
    return None


def _broken_stream_errors() -> tuple[type[Exception], ...]:
    """Return what the five unpackers raise on damaged input."""
    import lzma
    import zlib

    from backports import zstd

    # lz4.frame raises RuntimeError; the others EOFError, OSError, ValueError or their own.
    own = (zlib.error, lzma.LZMAError, zstd.ZstdError)
    return (EOFError, OSError, RuntimeError, ValueError, *own)


class Source:
    """The bytes behind a path or URL.

    Parameters
    ----------
    path : str or Path
        A local file or an fsspec URL (``s3://``, ``https://``, ``memory://`` ...).
    max_unpacked_bytes : int, optional
        Limit for compressed files. By default 250 times the packed size (256 MiB at least,
        64 GiB at most).
    progress : bool, optional
        Show progress bars: always, never, or (None) for large files.

    Examples
    --------
    >>> import gzip, pathlib, tempfile
    >>> packed = pathlib.Path(tempfile.mkdtemp()) / "log.gz"
    >>> _ = packed.write_bytes(gzip.compress(b"hello"))
    >>> source = Source(packed)
    >>> source.packing, source.head(5), source.size
    ('gz', b'hello', 25)
    """

    def __init__(
        self,
        path: str | Path,
        *,
        max_unpacked_bytes: int | None = None,
        progress: bool | None = None,
    ) -> None:
        self.path = str(path)
        self.show_progress = progress
        self.gaps: list[Gap] = []
        self._limit = max_unpacked_bytes
        if "://" in self.path:
            self._stored: IO[bytes] = self._fetch()
        else:
            self._stored = self._open_local(Path(path))
        self.size = self._stored.seek(0, io.SEEK_END)
        self.packing = self._find_packing()

    @property
    def name(self) -> str:
        """Last part of the path, without the endings of the packing."""
        name = self.path.rstrip("/").rpartition("/")[2]
        for ending in self.packing.split("+") if self.packing else ():
            name = name.removesuffix(f".{ending}")
        return name

    def __repr__(self) -> str:
        packed = f", packed as {self.packing}" if self.packing else ""
        return f"<Source {self.path} {self.size:,} bytes{packed}>"

    # -- where the bytes are ------------------------------------------------------------------

    def _open_local(self, path: Path) -> IO[bytes]:
        path = path.expanduser()
        try:
            if path.exists() and not path.is_file():
                raise SourceError(
                    f"{path}: not a regular file", hint="name a file, or a folder that save() wrote"
                )
            return path.open("rb")
        except (OSError, ValueError) as error:
            raise SourceError(
                f"{path}: {getattr(error, 'strerror', None) or error}",
                hint="check the path and its permissions",
            ) from error

    def _fetch(self) -> IO[bytes]:
        """Copy the remote file into an unnamed temporary file: readers want to seek and map."""
        import fsspec

        local = tempfile.TemporaryFile(prefix="prodforensics-")  # noqa: SIM115 (kept open)
        try:
            with fsspec.open(self.path, "rb") as remote:
                size = getattr(remote, "size", None)
                with bar(size, "fetching", show=self.show_progress) as done:
                    while chunk := remote.read(_CHUNK):
                        local.write(chunk)
                        done.update(len(chunk))
        except ImportError as error:
            scheme = self.path.partition("://")[0]
            raise MissingDependency(
                error.name or str(error),
                needed_for=f"{scheme}:// addresses",
                install=f"pip install 'fsspec[{scheme}]'",
            ) from error
        except Exception as error:  # fsspec back ends raise errors of their client libraries
            raise SourceError(
                f"{self.path}: {error}", hint="check the address and your credentials"
            ) from error
        return local

    # -- how they are packed ------------------------------------------------------------------

    def _find_packing(self) -> str:
        names: list[str] = []
        stream: IO[bytes] = self._stored
        stream.seek(0)
        for _ in range(_LAYERS):
            head = self._read_safely(stream, 8)
            packing = _packing(head)
            if packing is None:
                break
            names.append(packing[0])
            stream = self._unpacked(names)
        return "+".join(names)

    def _read_safely(self, stream: IO[bytes], n: int) -> bytes:
        try:
            return stream.read(n)
        except _broken_stream_errors():
            return b""

    def _unpacked(self, names: list[str]) -> IO[bytes]:
        unpackers = dict(_PACKINGS.values())
        self._stored.seek(0)
        stream: IO[bytes] = self._stored
        for name in names:
            stream = unpackers[name](stream)
        return stream

    @property
    def limit(self) -> int:
        """Most bytes that a packed file may unpack to."""
        return self._limit or min(max(self.size * _RATIO, _SMALL), _LARGE)

    def chunks(self, size: int = _CHUNK) -> Iterator[bytes]:
        """Yield the unpacked bytes from the start, in chunks.

        A packed stream that is cut short or damaged ends early and leaves a row in `gaps`.

        Raises
        ------
        Bomb
            More bytes came out than `limit`.
        Corrupt
            The packed stream cannot be read at all.
        """
        if not self.packing:
            self._stored.seek(0)
            while chunk := self._stored.read(size):
                yield chunk
            return
        stream = self._unpacked(self.packing.split("+"))
        total = 0
        broken = _broken_stream_errors()
        with bar(self.size, "unpacking", show=self.show_progress) as done:
            while True:
                try:
                    # read() would lose what it had unpacked before it met the damage.
                    chunk = stream.read1(size)  # type: ignore[attr-defined]
                except broken as error:
                    self._note_damage(total, error)
                    return
                if not chunk:
                    break
                total += len(chunk)
                if total > self.limit:
                    raise Bomb(self.path, packed=self.size, limit=self.limit)
                done.update(self._stored.tell() - done.n)
                yield chunk

    def _note_damage(self, total: int, error: Exception) -> None:
        if not total:
            raise Corrupt(
                self.path, 0, f"a whole {self.packing} stream", f"damage ({error})"
            ) from error
        gap = Gap(f"the {self.packing} stream ends early or is damaged ({error})", offset=total)
        if gap not in self.gaps:
            self.gaps.append(gap)

    # -- reading ------------------------------------------------------------------------------

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the file as stored, in hexadecimal."""
        digest = hashlib.sha256()
        self._stored.seek(0)
        while chunk := self._stored.read(_CHUNK):
            digest.update(chunk)
        return digest.hexdigest()

    def head(self, n: int = 65536) -> bytes:
        """Return the first unpacked bytes."""
        got = b""
        for chunk in self.chunks(min(n, _CHUNK)):
            got += chunk
            if len(got) >= n:
                break
        return got[:n]

    def tail(self, n: int = 65536) -> bytes:
        """Return the last bytes; empty for packed files, whose end is not known in advance."""
        if self.packing:
            return b""
        self._stored.seek(max(0, self.size - n))
        return self._stored.read(n)

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Open the unpacked bytes as a seekable binary file."""
        if self.packing:
            with tempfile.SpooledTemporaryFile(_SMALL, prefix="prodforensics-") as unpacked:
                for chunk in self.chunks():
                    unpacked.write(chunk)
                unpacked.seek(0)
                yield unpacked  # type: ignore[misc]
        else:
            self._stored.seek(0)
            yield self._stored  # type: ignore[misc]

    @contextmanager
    def buffer(self) -> Iterator[np.ndarray]:
        """Give the unpacked bytes as one read-only uint8 array.

        A plain file is memory-mapped; a packed one is unpacked into an unnamed temporary file
        first, so that neither has to fit into memory. The array is valid inside the block only.
        """
        import numpy as np

        if self.packing:
            with tempfile.TemporaryFile(prefix="prodforensics-") as unpacked:
                for chunk in self.chunks():
                    unpacked.write(chunk)
                unpacked.flush()
                with _mapped(unpacked) as view:
                    yield np.frombuffer(view, np.uint8)
        else:
            with _mapped(self._stored) as view:
                yield np.frombuffer(view, np.uint8)

    def close(self) -> None:
        """Close the file."""
        self._stored.close()

    def __getstate__(self) -> dict[str, object]:
        # Evidence travels between the processes of `load_many`; an open file cannot.
        _ = self.sha256
        return {k: v for k, v in self.__dict__.items() if k != "_stored"}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)
        self._stored = io.BytesIO()


@contextmanager
def _mapped(file: IO[bytes]) -> Iterator[mmap.mmap | bytes]:
    if not file.seek(0, io.SEEK_END):
        yield b""
        return
    view = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    view.madvise(mmap.MADV_SEQUENTIAL)
    try:
        yield view
    finally:
        # An array over the map may live on in a traceback; the map then goes with it.
        with suppress(BufferError):
            view.close()
