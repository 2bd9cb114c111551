"""Who holds a ``threading.RLock``, from memory alone.

Up to Python 3.13 a lock of Python is a semaphore of libc, and nobody notes who took it; but an
``RLock`` keeps its owner beside the pointer to that semaphore (``rlockobject`` of
``Modules/_threadmodule.c``)::

    ob_refcnt, ob_type, rlock_lock, rlock_owner, rlock_count

`rlock_owner` is what ``pthread_self`` returned: the thread pointer, which registers hold. So each
place in memory that holds the address of the semaphore is looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from prodforensics.core.image import Image

__all__ = ["owners"]

_MOST_LOCKS = 16
_MOST_BYTES = 2 << 30
_MOST_COUNT = 1 << 20
"""A lock that one thread took more often than this is none."""


def owners(image: Image, semaphores: Iterable[int], pointers: Mapping[int, int]) -> dict[int, int]:
    """Return which threads hold the locks of Python that are these semaphores.

    Parameters
    ----------
    image : Image
        Of a process of 64 bits.
    semaphores : iterable of int
        Addresses that threads wait at; the first 16 are looked for, in 2 GiB of memory.
    pointers : mapping of int to int
        os_tid by thread pointer.

    Returns
    -------
    dict of int to int
        os_tid of the holder by address; plain locks and free ones are left out.
    """
    wanted = np.unique(np.fromiter(semaphores, np.uint64))[:_MOST_LOCKS]
    found: dict[int, int] = {}
    left = _MOST_BYTES
    if not len(wanted) or image.machine.pointer_bytes != 8:
        return found
    for segment in image.memory.segments:
        if "w" not in segment.permissions or left <= 0:
            continue
        raw = image.memory.view(segment)
        left -= len(raw)
        words = raw[: len(raw) // 8 * 8].view(image.machine.order + "u8")
        # All of them are close to each other, in the heap: two comparisons leave few words.
        near = np.flatnonzero((words >= wanted[0]) & (words <= wanted[-1]))
        for place in near[np.isin(words[near], wanted)].tolist():
            beside = words[place + 1 : place + 3].tolist()
            owner, count = beside if len(beside) == 2 else (0, 0)
            if owner in pointers and 0 < count < _MOST_COUNT:
                found[int(words[place])] = pointers[owner]
    return found
