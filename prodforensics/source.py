"""The bytes behind a path or URL, unpacked and read-only.

A `Source` hides where the bytes are (a local file, any fsspec URL) and how they are packed
(see `prodforensics.packing`; nested too). What cannot be unpacked because the file was cut short
is kept in `Source.gaps`; what unpacks without end raises `Bomb`.
"""

from __future__ import annotations

import hashlib
import io
import mmap
import re
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO

from prodforensics.errors import BadOption, Bomb, Corrupt, MissingDependency, SourceError
from prodforensics.gaps import Gap
from prodforensics.packing import Damage, Packing, recognise, unpack
from prodforensics.progress import bar

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Source"]

_CHUNK = 4 * 2**20
# A decompressor that meets damage drops what it made of the packed bytes at hand: give it few.
_SIP = 8192
_LAYERS = 3
# Text such as logs and snapshots packs 10:1 to 60:1. Beyond this ratio a large file is a bomb.
_RATIO = 250
_SMALL = 256 * 2**20
_LARGE = 64 * 2**30
_IN_MEMORY = 32 * 2**20
# User and password, and the query with its signature: reports and logs must not carry them.
_SECRETS = re.compile(r"(?<=://)[^/@]*@|\?.*")


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
        self._address = str(path)
        self.path = self._address
        if "://" in self._address:
            self.path = _SECRETS.sub("", self._address)
        self.show_progress = progress
        self.gaps: list[Gap] = []
        if max_unpacked_bytes is not None and max_unpacked_bytes <= 0:
            raise BadOption(f"max_unpacked_bytes={max_unpacked_bytes}: a limit is above zero")
        self._limit = max_unpacked_bytes
        self.size = self._stored.seek(0, io.SEEK_END)
        self._packings = self._find_packings()

    @property
    def packing(self) -> str:
        """How the file is packed, outermost first: ``""``, ``"gz"``, ``"zst+gz"`` ..."""
        return "+".join(one.name for one in self._packings)

    @property
    def name(self) -> str:
        """Last part of the path, without the endings of the packing."""
        name = self.path.rstrip("/").rpartition("/")[2]
        for packing in self._packings:
            name = name.removesuffix(f".{packing.name}")
        return name

    def __repr__(self) -> str:
        packed = f", packed as {self.packing}" if self.packing else ""
        return f"<Source {self.path} {self.size:,} bytes{packed}>"

    # -- where the bytes are ------------------------------------------------------------------

    @cached_property
    def _stored(self) -> IO[bytes]:
        """The file as stored. A source that travelled to another process opens it again there."""
        return self._fetch() if "://" in self._address else self._open_local()

    def _open_local(self) -> IO[bytes]:
        try:
            path = Path(self.path).expanduser()
            # Asked before opening: to open a FIFO would wait for a writer.
            if not stat.S_ISREG(path.stat().st_mode):
                raise SourceError(
                    f"{path}: not a regular file",
                    hint="name a file, or a folder that save() wrote; copy a pipe to a file first",
                )
            return path.open("rb")
        except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: no such ~user
            raise SourceError(
                f"{self.path}: {getattr(error, 'strerror', None) or error}",
                hint="check the path and its permissions",
            ) from error

    def _fetch(self) -> IO[bytes]:
        """Copy the remote file into an unnamed temporary file: readers want to seek and map."""
        import fsspec

        try:
            local = tempfile.TemporaryFile(prefix="prodforensics-")  # noqa: SIM115 (kept open)
            with fsspec.open(self._address, "rb") as remote:
                size = getattr(remote, "size", None)
                with bar(size, "fetching", show=self.show_progress) as done:
                    while chunk := remote.read(_CHUNK):
                        local.write(chunk)
                        done.update(len(chunk))
        except ImportError as error:
            scheme = self._address.partition("://")[0]
            extra = f"fsspec[{'http' if scheme == 'https' else scheme}]"
            raise MissingDependency(
                extra, needed_for=f"{scheme}:// addresses", install=f"pip install '{extra}'"
            ) from error
        except Exception as error:  # fsspec back ends raise errors of their client libraries
            raise SourceError(
                f"{self.path}: {_SECRETS.sub('', str(error))}",
                hint="check the address and your credentials",
            ) from error
        return local

    # -- how they are packed ------------------------------------------------------------------

    def _find_packings(self) -> tuple[Packing, ...]:
        found: tuple[Packing, ...] = ()
        while len(found) < _LAYERS and (packing := recognise(self._peek(found))):
            found = (*found, packing)
        return found

    def _peek(self, packings: tuple[Packing, ...]) -> bytes:
        head = b""
        with suppress(Damage):
            for piece in self._unpacked(packings):
                head += piece
                if len(head) >= 16:
                    break
        return head

    @property
    def limit(self) -> int:
        """Most bytes that a packed file may unpack to."""
        return self._limit or min(max(self.size * _RATIO, _SMALL), _LARGE)

    def _unpacked(self, packings: Iterable[Packing]) -> Iterator[bytes]:
        """Yield the bytes below these layers of packing."""
        pieces = self._read_stored(_SIP)
        for packing in packings:
            # Bounded on every layer: a bomb may stand inside and come to nothing outside.
            pieces = self._bounded(unpack(pieces, packing))
        return pieces

    def _read_stored(self, size: int) -> Iterator[bytes]:
        at = 0
        while True:
            self._stored.seek(at)
            piece = self._stored.read(size)
            if not piece:
                return
            at += len(piece)
            yield piece

    def _bounded(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        total = 0
        for piece in pieces:
            total += len(piece)
            if total > self.limit:
                raise Bomb(self.path, packed=self.size, limit=self.limit)
            yield piece

    def chunks(self) -> Iterator[bytes]:
        """Yield the unpacked bytes from the start, in chunks of up to 4 MiB.

        A packed stream that is cut short or damaged ends early and leaves a row in `gaps`.

        Raises
        ------
        Bomb
            More bytes came out than `limit`.
        Corrupt
            The packed stream cannot be read at all.
        """
        if not self._packings:
            yield from self._read_stored(_CHUNK)
            return
        total = 0
        with bar(self.size, "unpacking", show=self.show_progress) as done:
            try:
                for piece in self._unpacked(self._packings):
                    total += len(piece)
                    done.update(self._stored.tell() - done.n)
                    yield piece
            except Damage as damage:
                self._note_damage(total, damage)

    def _note_damage(self, total: int, damage: Damage) -> None:
        if not total:
            raise Corrupt(
                self.path, 0, f"a whole {self.packing} stream", f"one that {damage}"
            ) from damage
        gap = Gap(f"the {self.packing} stream {damage}", offset=total)
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
        if not self._packings:
            self._stored.seek(0)
            return self._stored.read(n)
        got = b""
        for chunk in self.chunks():
            got += chunk
            if len(got) >= n:
                break
        return got[:n]

    def tail(self, n: int = 65536) -> bytes:
        """Return the last bytes; empty for packed files, whose end is not known in advance."""
        if self._packings:
            return b""
        self._stored.seek(max(0, self.size - n))
        return self._stored.read(n)

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Open the unpacked bytes as a seekable binary file."""
        if self._packings:
            with tempfile.SpooledTemporaryFile(_IN_MEMORY, prefix="prodforensics-") as unpacked:
                self._spill(unpacked)
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

        if self._packings:
            with tempfile.TemporaryFile(prefix="prodforensics-") as unpacked:
                self._spill(unpacked)
                with _mapped(unpacked) as view:
                    yield np.frombuffer(view, np.uint8)
        else:
            with _mapped(self._stored) as view:
                yield np.frombuffer(view, np.uint8)

    def _spill(self, file: IO[bytes]) -> None:
        """Unpack into a temporary file."""
        try:
            for chunk in self.chunks():
                file.write(chunk)
            file.flush()
            file.seek(0)
        except OSError as error:
            raise SourceError(
                f"{self.path}: cannot be unpacked into {tempfile.gettempdir()}: {error.strerror}",
                hint="name a folder with more room in the environment variable TMPDIR",
            ) from error

    def close(self) -> None:
        """Close the file."""
        self._stored.close()

    def __getstate__(self) -> dict[str, object]:
        # Evidence travels between the processes of `load_many`; an open file cannot.
        _ = self.sha256
        return {k: v for k, v in self.__dict__.items() if k != "_stored"}


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
