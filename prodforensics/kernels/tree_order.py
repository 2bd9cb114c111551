"""Trees that a file describes in any order, or wrongly."""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._jit import kernel

__all__ = ["levels"]

UNKNOWN, OPEN, LOST = -3, -2, -1


@kernel
def levels(parent):
    """Tell how deep each node is, whatever their order.

    Parameters
    ----------
    parent : integer[n]
        Below ``n``; negative for a root.

    Returns
    -------
    int32[n]
        0 for a root; -1 for a node that no root is above, as its ancestors go in a circle.
    """
    n = parent.size
    level = np.full(n, UNKNOWN, np.int32)
    for start in range(n):
        v = np.int64(start)
        while v >= 0 and level[v] == UNKNOWN:
            level[v] = OPEN
            v = np.int64(parent[v])
        # Where the walk met what is open it has gone in a circle.
        above = np.int32(-1) if v < 0 else level[v]
        lost = v >= 0 and above < 0
        # Down again: from the start, as far as it is open, the depth is what is left of the way.
        length = 0
        w = np.int64(start)
        while w >= 0 and level[w] == OPEN and length <= n:
            length += 1
            w = np.int64(parent[w])
            if w == start:
                break
        w = np.int64(start)
        for step in range(length):
            level[w] = LOST if lost else above + length - step
            w = np.int64(parent[w])
    return level
