"""Files that are written as a whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from prodforensics.errors import SourceError

__all__ = ["write_file"]


def write_file(path: str | Path, content: str | bytes) -> Path:
    """Write a file; one that was there is replaced as a whole, or stays as it was.

    Parameters
    ----------
    path : str or Path
    content : str or bytes
        A text is written as UTF-8; what UTF-8 has no form for becomes a question mark.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    SourceError
        It cannot be written.
    """
    path = Path(path).expanduser()
    data = content.encode("utf-8", "replace") if isinstance(content, str) else content
    try:
        if path.exists() and not path.is_file():  # a pipe such as /dev/stdout
            path.write_bytes(data)
            return path
        part = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            part.write_bytes(data)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except (OSError, ValueError) as error:
        raise SourceError(
            f"{path}: {getattr(error, 'strerror', None) or error}",
            hint="name a file in a folder that you may write to",
        ) from error
    return path
