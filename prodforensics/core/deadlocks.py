"""Cycles in the graph of who waits for whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Cycle", "cycles", "find_cycles"]


@dataclass(frozen=True)
class Cycle:
    """Threads of which each waits for what the next one holds, the last for the first.

    Parameters
    ----------
    threads : tuple of int
        thread_id, beginning with the lowest.
    rows : tuple of int
        Their rows of `waits`, in the same order.
    behind : int
        Further threads that wait for one of these, directly or through others.
    """

    threads: tuple[int, ...]
    rows: tuple[int, ...]
    behind: int = 0


def cycles(waits: pd.DataFrame) -> tuple[Cycle, ...]:
    """Return the deadlocks, in the order of their lowest thread.

    Parameters
    ----------
    waits : DataFrame
        As in `schemas.WAITS`.

    Returns
    -------
    tuple of Cycle

    Examples
    --------
    >>> import pandas as pd
    >>> waits = pd.DataFrame({"thread_id": [1, 2, 3], "held_by": [2, 1, 1]}, dtype="Int64")
    >>> cycles(waits)
    (Cycle(threads=(1, 2), rows=(0, 1), behind=1),)
    """
    known = waits[waits["held_by"].notna()].drop_duplicates("thread_id")
    threads = known["thread_id"].to_numpy(np.int64)
    holders = known["held_by"].to_numpy(np.int64)
    rows = known.index.tolist()
    return tuple(
        Cycle(
            tuple(threads[list(ring)].tolist()),
            tuple(rows[place] for place in ring),
            behind,
        )
        for ring, behind in find_cycles(threads, holders)
    )


def find_cycles(threads: np.ndarray, holders: np.ndarray) -> list[tuple[tuple[int, ...], int]]:
    """Return the cycles of a graph in which each thread waits for one other at most.

    Parameters
    ----------
    threads : ndarray of int64
        Distinct threads that wait.
    holders : ndarray of int64
        For whom each waits; one that waits for nobody does not stand in `threads`.

    Returns
    -------
    list of (tuple of int, int)
        Places in `threads` around each cycle, from the lowest thread on; how many more threads
        lead into it.
    """
    if not len(threads):
        return []
    order = np.argsort(threads, kind="stable")
    place = np.searchsorted(threads[order], holders)
    place = np.minimum(place, len(threads) - 1)
    waits_too = threads[order][place] == holders
    end = len(threads)
    # Place `end` stands for a thread that waits for nobody; it follows itself.
    follow = np.append(np.where(waits_too, order[place], end), end)
    # 2^k steps along the graph end in a cycle, or at a thread that waits for nobody.
    far = follow.copy()
    for _ in range(int(end).bit_length() + 1):
        far = far[far]
    leads = far[:-1]
    rings = []
    seen: set[int] = set()
    for start in np.unique(leads[leads != end]).tolist():
        if start in seen:
            continue
        ring = [start]
        while (after := int(follow[ring[-1]])) != start:
            ring.append(after)
        seen |= set(ring)
        lowest = int(np.argmin(threads[ring]))
        ring = ring[lowest:] + ring[:lowest]
        behind = int(np.isin(leads, ring).sum()) - len(ring)
        rings.append((tuple(ring), behind))
    return sorted(rings, key=lambda one: threads[one[0][0]])
