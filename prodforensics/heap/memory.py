"""Large arrays whose memory goes back to the system as soon as they are dropped."""

from __future__ import annotations

import mmap

import numpy as np
from numpy.typing import DTypeLike

__all__ = ["room"]

_SMALL = 2**20
_LARGE = 2**22


def room(count: int, dtype: DTypeLike) -> np.ndarray:
    """Return zeros in pages of their own.

    The allocator keeps freed blocks of some megabytes for later use; in the steps of an analysis,
    each with other needs, that adds up. Pages that are never written to cost nothing.

    Examples
    --------
    >>> room(3, "uint32")
    array([0, 0, 0], dtype=uint32)
    """
    dtype = np.dtype(dtype)
    size = count * dtype.itemsize
    if size < _SMALL:
        return np.zeros(count, dtype)
    pages = mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if size >= _LARGE and hasattr(mmap, "MADV_HUGEPAGE"):
        # As numpy does: graphs are walked at random, and large pages halve what that costs.
        pages.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(pages, dtype, count)
