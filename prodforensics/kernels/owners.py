"""Who in a stack is to be named: the innermost call of the program's own."""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._jit import kernel

__all__ = ["owners"]


@kernel
def owners(parent, own):
    """Find the innermost own node of each stack, and what it calls there.

    Parameters
    ----------
    parent : int32[n]
        A prefix tree (see `prodforensics.kernels.prefix_tree`).
    own : bool[n]
        The nodes that may be owners.

    Returns
    -------
    owner : int32[n]
        The node itself if it is own, or the nearest own one above; -1 where none is.
    entry : int32[n]
        The node just below the owner on the way down to the node; the node itself where it is the
        owner, or where there is none.
    """
    n = parent.size
    owner = np.empty(n, np.int32)
    entry = np.empty(n, np.int32)
    for v in range(n):
        p = parent[v]
        if own[v]:
            owner[v] = v
            entry[v] = v
        elif p < 0 or owner[p] < 0:
            owner[v] = -1
            entry[v] = v
        else:
            owner[v] = owner[p]
            entry[v] = v if owner[p] == p else entry[p]
    return owner, entry
