"""The bytes of a core: mapped, unpacked where they must be, with a path for debuggers."""

from __future__ import annotations

import mmap
import os
import tempfile
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import IO

import numpy as np

from prodforensics.errors import SourceError
from prodforensics.source import Source

__all__ = ["CoreFile", "write_sparse"]

_PAGE = 4096


class CoreFile:
    """An unpacked core that stays mapped as long as it is used.

    A packed core is unpacked into an unnamed temporary file, with holes where it has pages of
    zeros: nothing of it is left on the disk when the process ends, however it ends.

    Parameters
    ----------
    source : Source
    """

    def __init__(self, source: Source) -> None:
        self.source = source

    @cached_property
    def _file(self) -> IO[bytes]:
        if not self.source.packing:
            # `open` gives the stored file itself, which stays open with the source.
            with self.source.open() as stored:
                return os.fdopen(os.dup(stored.fileno()), "rb")
        try:
            file = tempfile.TemporaryFile(prefix="prodforensics-core-")  # noqa: SIM115 (kept open)
            for chunk in self.source.chunks():
                write_sparse(file, chunk)
            file.truncate()
            file.flush()
        except OSError as error:
            raise SourceError(
                f"{self.source.path}: cannot be unpacked into {tempfile.gettempdir()}: "
                f"{error.strerror}",
                hint="name a folder with more room in the environment variable TMPDIR",
            ) from error
        return file

    @cached_property
    def data(self) -> mmap.mmap | bytes:
        """The bytes, mapped read-only."""
        file = self._file
        if not os.fstat(file.fileno()).st_size:
            return b""
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    @cached_property
    def array(self) -> np.ndarray:
        """The same bytes, uint8[size], without a copy."""
        return np.frombuffer(self.data, np.uint8)

    @property
    def size(self) -> int:
        """Bytes of the unpacked core."""
        return len(self.data)

    @property
    def path(self) -> Path:
        """A path by which another program on this machine can open the unpacked core.

        For a packed or remote core it is one below ``/proc``, good for as long as this object.
        """
        if not self.source.packing and "://" not in self.source.path:
            return Path(self.source.path).expanduser().absolute()
        return Path(f"/proc/{os.getpid()}/fd/{self._file.fileno()}")

    def __getstate__(self) -> dict[str, object]:
        # A map cannot travel between processes; it is made again there.
        return {"source": self.source}


def write_sparse(file: IO[bytes], chunk: bytes) -> None:
    """Write bytes at the end of a file, but leave holes for whole pages of zeros.

    Parameters
    ----------
    file : binary file
        To be truncated where it stands when all is written: a hole at its end has no size yet.
    chunk : bytes
        Anything with the buffer protocol.
    """
    data = np.frombuffer(chunk, np.uint8)
    whole = data.size // _PAGE * _PAGE
    used = data[:whole].reshape(-1, _PAGE).any(axis=1)
    # Where runs of used and of empty pages begin.
    borders = np.flatnonzero(np.diff(used)) + 1
    bounds = [0, *(borders * _PAGE).tolist(), whole]
    for first, last in pairwise(bounds):
        if first < last and used[first // _PAGE]:
            file.write(data[first:last])
        else:
            file.seek(last - first, os.SEEK_CUR)
    file.write(data[whole:])
