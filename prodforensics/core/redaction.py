"""A copy of a core in which what looks like a secret is overwritten."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np

from prodforensics._text import is_secret_name
from prodforensics.core.core_file import write_sparse
from prodforensics.core.masking import mask_value
from prodforensics.core.private_memory import private_segments
from prodforensics.core.secret_scan import find_secrets
from prodforensics.errors import SourceError
from prodforensics.progress import bar

if TYPE_CHECKING:
    from prodforensics.core.model import CoreDump

__all__ = ["redact"]

_PIECE = 4 * 2**20
_FILL = b"x"
_LEAST = 4


def redact(core: CoreDump, path: str | Path) -> Path:
    """Write a copy of the core with secrets overwritten (see `Operations.redact`).

    What is overwritten: every row of ``secrets``, and the values of environment variables that
    are masked, wherever they stand in private memory. Lengths stay, so that nothing moves.
    """
    path = Path(path).expanduser()
    data = core.image.memory.core.array
    try:
        with path.open("xb") as copy:
            try:
                _copy(data, copy)
                for offset, size, stride in _places(core):
                    copy.seek(offset)
                    copy.write(_filled(data[offset : offset + size], stride))
            except BaseException:
                # Half a copy would be taken for one that is safe to share.
                with suppress(OSError):
                    path.unlink()
                raise
    except FileExistsError as error:
        raise SourceError(f"{path}: is there already", hint="name a new file") from error
    except OSError as error:
        raise SourceError(
            f"{path}: {error.strerror or error}", hint="name a file in a folder with enough room"
        ) from error
    return path


def _copy(data: np.ndarray, copy: IO[bytes]) -> None:
    """Copy with holes where there are only zeros."""
    with bar(len(data), "copying", show=None) as done:
        for at in range(0, len(data), _PIECE):
            piece = data[at : at + _PIECE]
            write_sparse(copy, piece)
            done.update(len(piece))
        copy.truncate()


def _places(core: CoreDump) -> Iterator[tuple[int, int, int]]:
    """Yield offset, bytes and bytes a character of what is overwritten."""
    for one in find_secrets(core.image):
        stride = max(1, one.size // max(1, len(one.text)))
        yield one.segment.offset + one.at, one.size, stride
    for value in _secret_values(core):
        for text, stride in ((value, 1), (value.decode("latin-1").encode("utf-16-le"), 2)):
            for segment in private_segments(core.image):
                for at in _occurrences(core, segment.offset, segment.file_size, text):
                    yield at, len(text), stride


def _secret_values(core: CoreDump) -> list[bytes]:
    """Return the values of the environment that are secrets as a whole, the longest first."""
    values = {
        value.encode("utf-8", "surrogateescape")
        for name, value in core.image.environment
        if len(value) >= _LEAST and is_secret_name(name) and mask_value(name, "", value)[1]
    }
    return sorted(values, key=len, reverse=True)


def _occurrences(core: CoreDump, offset: int, size: int, text: bytes) -> Iterator[int]:
    whole = core.image.memory.core.data
    at = whole.find(text, offset, offset + size)
    while at >= 0:
        yield at
        at = whole.find(text, at + len(text), offset + size)


def _filled(raw: np.ndarray, stride: int) -> bytes:
    """Return as many bytes of ``x``; text of two bytes a character keeps its zeros."""
    if stride == 1:
        return _FILL * len(raw)
    return (_FILL + b"\0") * (len(raw) // 2)
