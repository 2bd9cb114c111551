"""Which objects of two snapshots are the same ones."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from prodforensics.heap.graph import HeapGraph

__all__ = ["Match", "match_ids", "recorded_in_order"]

_ASKED = 2000
_SAME_PROCESS = 0.95
"""Share of equal names among objects of equal id from which two heaps are of one process.

An object keeps its kind and its name for life, so within one process all agree. Two processes of
one program share the ids of what Node.js sets up at its start, and little else.
"""


def match_ids(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Find each id of one array in another.

    Parameters
    ----------
    before, after : unsigned integers, shapes (b,) and (a,)

    Returns
    -------
    int32[a]
        Place in ``before``, or -1.

    Examples
    --------
    >>> match_ids(np.array([1, 7, 3], np.uint32), np.array([3, 5, 1], np.uint32)).tolist()
    [2, -1, 0]
    """
    if not len(before):
        return np.full(len(after), -1, np.int32)
    order = np.argsort(before, kind="stable").astype(np.int32)
    place = np.searchsorted(before, after, sorter=order, side="right") - 1
    found = order[np.maximum(place, 0)]
    return np.where((place >= 0) & (before[found] == after), found, np.int32(-1))


@dataclass(eq=False)
class Match:
    """Two heaps, and for each object of the later one its place in the earlier one.

    Parameters
    ----------
    before, after : HeapGraph
    place : int32[n]
        For each node of ``after`` its ordinal in ``before``, or -1 for a new one.
    """

    before: HeapGraph
    after: HeapGraph
    place: np.ndarray

    @classmethod
    def of(cls, before: HeapGraph, after: HeapGraph) -> Match:
        """Match by id, unless the heaps are of two processes: then nothing matches."""
        found = cls(before, after, match_ids(before.id, after.id))
        return found if found.related else cls(before, after, np.full_like(found.place, -1))

    @cached_property
    def share(self) -> float:
        """How many of the objects with equal ids have equal types and names, 0 to 1."""
        before, after = self.before, self.after
        kinds = [after.node_type_code(name) for name in ("object", "closure")]
        same = np.flatnonzero((self.place >= 0) & np.isin(after.type, kinds))
        if not len(same):
            return 0.0
        asked = same[np.linspace(0, len(same) - 1, min(_ASKED, len(same))).astype(np.int64)]
        there = self.place[asked]
        equal = before.type[there] == after.type[asked]
        names = zip(
            before.strings.take(before.name[there]),
            after.strings.take(after.name[asked]),
            strict=True,
        )
        return float(np.mean(equal & np.array([a == b for a, b in names])))

    @property
    def related(self) -> bool:
        """Whether both heaps are of one process."""
        empty = not (self.before.node_count and self.after.node_count)
        return empty or self.share >= _SAME_PROCESS


def recorded_in_order(before: HeapGraph, after: HeapGraph) -> bool:
    """Tell whether one heap of a process can be earlier than another.

    Each new object gets an id above all ids so far. So the later heap has no object below the
    newest of the earlier one that was not there. (Native objects have even ids, hash values in
    no order.)
    """
    earlier, later = (graph.id[graph.id % 2 == 1] for graph in (before, after))
    newest = earlier.max(initial=0)
    if later.max(initial=0) >= newest:
        return True
    return not (match_ids(earlier, later) < 0).any()
