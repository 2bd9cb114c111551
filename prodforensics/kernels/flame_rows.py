"""The rows of async-profiler's flame graphs: frames in the order of a walk from the outermost."""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._jit import kernel

__all__ = ["BESIDE", "DEEPER", "PLACED", "SHIFTED", "lay_out"]

PLACED, SHIFTED, DEEPER, BESIDE = range(4)
"""``f`` of version 2 (level, left, width), ``f`` of version 3 (left counts from the row before),
``u`` (one level deeper, same left), ``n`` (same level, right of the row before)."""


@kernel
def lay_out(form, level, left, width):
    """Find the parent of each frame, and what it has itself: its width without its children's.

    Parameters
    ----------
    form : uint8[n]
    level, left, width : int64[n]
        As written; a width of 0 repeats the one of the row before (not where the form is PLACED).

    Returns
    -------
    parent : int32[k]
        -1 for the outermost.
    own : int64[k]

    Notes
    -----
    Only the first ``k`` rows make sense: a row stands one level below an earlier one at most, and
    within its width.
    """
    n = form.size
    parent = np.empty(n, np.int32)
    own = np.empty(n, np.int64)
    start = np.empty(n, np.int64)
    size = np.empty(n, np.int64)
    path = np.full(n + 1, -1, np.int32)  # the last row of each level
    level_now, left_now, width_now = np.int64(0), np.int64(0), np.int64(0)
    count = 0
    for i in range(n):
        deepest = level_now if i > 0 else np.int64(-1)
        if form[i] == PLACED:
            level_now, left_now = level[i], left[i]
        elif form[i] == SHIFTED:
            level_now, left_now = level[i], left_now + left[i]
        elif form[i] == DEEPER:
            level_now += 1
        else:
            left_now += width_now
        if width[i] > 0 or form[i] == PLACED:
            width_now = width[i]
        if level_now < 0 or level_now > deepest + 1 or width_now < 0:
            break
        above = path[level_now - 1] if level_now > 0 else np.int32(-1)
        if level_now > 0:
            if left_now < start[above] or left_now + width_now > start[above] + size[above]:
                break
            own[above] -= width_now
            if own[above] < 0:
                own[above] += width_now
                break
        parent[i] = above
        start[i], size[i], own[i] = left_now, width_now, width_now
        path[level_now] = i
        count += 1
    return parent[:count], own[:count]
