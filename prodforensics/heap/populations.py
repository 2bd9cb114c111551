"""Growth that many holders of one kind share: a thousand sessions with five more messages each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from prodforensics.heap.holding import Holding, runs

__all__ = ["LEAST_ITEMS", "Population", "populations"]

LEAST_ITEMS = 16
"""A gain of fewer objects of one kind is passed over: noise of any running program."""
_CLIMB = 4
"""Steps from the holders up to what holds all of them."""


@dataclass(frozen=True, eq=False)
class Population:
    """Holders of one kind that gained objects of one kind.

    Parameters
    ----------
    top : int
        What holds all of them, in the last snapshot.
    level : int
        How many steps above them.
    nodes : uint32[k]
        What they gained.
    """

    top: int
    level: int
    nodes: np.ndarray

    def held(self, last: Holding, holding: Holding, top: int) -> np.ndarray:
        """Return what such holders hold of this kind in a snapshot.

        Parameters
        ----------
        last, holding : Holding
            The last snapshot, and the one asked about.
        top : int
            Ordinal of `top` in that snapshot, or -1.

        Returns
        -------
        int64[j]
        """
        kind = last.kind[self.nodes[0]]
        base_kind = last.kind[last.holder[self.nodes[0]]]
        # The class is cheap to compare; the names of functions are compared for what is left.
        high = np.uint64(32)
        nodes = np.flatnonzero(holding.counted & (holding.kind >> high == kind >> high))
        nodes = nodes[holding.kind[holding.holder[nodes]] >> high == base_kind >> high]
        above = holding.holder[nodes]
        for _ in range(self.level):
            above = holding.holder[above]
        nodes = nodes[above == top] if top >= 0 else nodes[:0]
        nodes = nodes[holding.kinds_as(last, nodes) == kind]
        return nodes[holding.kinds_as(last, holding.holder[nodes]) == base_kind]


def populations(last: Holding, nodes: np.ndarray) -> Iterator[Population]:
    """Climb from the holders of new objects until one object is above enough of them.

    Parameters
    ----------
    last : Holding
        The last snapshot.
    nodes : uint32[k]
        New objects of old holders.

    Yields
    ------
    Population
        Each node is in one at the most.
    """
    base = top = last.holder[nodes]
    for level in range(1, _CLIMB + 1):
        top = last.holder[top]
        order = np.lexsort((last.kind[nodes], last.kind[base], top))
        nodes, base, top = nodes[order], base[order], top[order]
        starts = runs(top, last.kind[base], last.kind[nodes])
        sizes = np.diff(np.append(starts, len(nodes)))
        left = np.ones(len(nodes), np.bool_)
        for k in np.flatnonzero((sizes >= LEAST_ITEMS) & (top[starts] != last.graph.root)):
            members = slice(starts[k], starts[k] + sizes[k])
            if (base[members] != base[starts[k]]).any():
                yield Population(int(top[starts[k]]), level, nodes[members])
                left[members] = False
        nodes, base, top = nodes[left], base[left], top[left]
