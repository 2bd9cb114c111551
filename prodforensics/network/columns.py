"""Columns of all packets of a capture: in memory, or, where they would not fit, in files.

A kernel goes through the packets from the first to the last, so that columns in files cost little
more: the system reads and writes the pages that are at hand.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import numpy as np

from prodforensics.errors import SourceError

__all__ = ["allocate"]

_CONTAINER_LIMITS = (
    (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")),
    (
        Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
        Path("/sys/fs/cgroup/memory/memory.usage_in_bytes"),
    ),
)
_STATUS = Path("/proc/self/status")
Column = tuple[str, type, int]
"""Name, dtype, and what stands for "none"."""


def allocate(count: int, columns: Iterable[Column]) -> dict[str, np.ndarray]:
    """Return columns filled with what stands for "none".

    Parameters
    ----------
    count : int
        Packets.
    columns : iterable of (str, dtype, int)

    Returns
    -------
    dict of str to array[count]
        Where all of them together take more than half of the memory that is free, they are mapped
        to unnamed files in the folder for temporary ones (``TMPDIR``), which vanish with them.

    Raises
    ------
    SourceError
        There is no room for the files.
    """
    columns = list(columns)
    size = count * sum(np.dtype(dtype).itemsize for _, dtype, _ in columns)
    make = _in_file if size > _free_memory() // 2 else _in_memory_or_file
    return {name: make(count, np.dtype(dtype), none) for name, dtype, none in columns}


def _free_memory() -> int:
    """Return how many bytes the process may still take, by the machine, container and shell."""
    limits = [2**63]
    with suppress(ValueError, OSError):
        limits.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES"))
    with suppress(ImportError):
        import resource

        soft, _ = resource.getrlimit(resource.RLIMIT_DATA)
        if soft != resource.RLIM_INFINITY:
            limits.append(soft - _private_memory())
    for limit, used in _CONTAINER_LIMITS:
        with suppress(ValueError, OSError):  # "max" where there is none
            limits.append(int(limit.read_text()) - int(used.read_text()))
    return max(min(limits), 0)


def _private_memory() -> int:
    """Return the bytes that the process has taken for itself; 0 where the system does not tell."""
    with suppress(OSError):
        found = re.search(r"^VmData:\s+(\d+) kB", _STATUS.read_text(), re.MULTILINE)
        if found:
            return int(found[1]) * 1024
    return 0


def _in_memory_or_file(count: int, dtype: np.dtype, none: int) -> np.ndarray:
    try:
        return _in_memory(count, dtype, none)
    except MemoryError:  # what was free is gone
        return _in_file(count, dtype, none)


def _in_memory(count: int, dtype: np.dtype, none: int) -> np.ndarray:
    # What is zero for most packets takes no memory before it is written.
    return np.full(count, none, dtype) if none else np.zeros(count, dtype)


def _in_file(count: int, dtype: np.dtype, none: int) -> np.ndarray:
    folder = tempfile.gettempdir()
    size = count * dtype.itemsize
    try:
        with tempfile.TemporaryFile(prefix="prodforensics-") as file:
            # Room is taken at once: to write into a map on a full disk would kill the process.
            os.posix_fallocate(file.fileno(), 0, max(size, 1))
            column = np.memmap(file, dtype, "r+", shape=count)
    except OSError as error:
        raise SourceError(
            f"{size} bytes for a column of {count} packets do not fit into {folder}",
            hint="name a folder with more room in the environment variable TMPDIR",
        ) from error
    if none:
        column[:] = none
    return column
