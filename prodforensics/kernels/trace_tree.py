"""The tree of allocation stacks of a heap snapshot."""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._growth import doubled
from prodforensics.kernels._jit import kernel

__all__ = ["parse_trace_tree"]


@kernel
def parse_trace_tree(buf, start, fields, children):
    """Parse V8's ``trace_tree``.

    Each node is a run of ``fields`` numbers, one of which is instead an array of the node's
    children, written one after the other: ``[1,0,0,0,[2,1,3,48,[],3,2,1,16,[]]]``.

    Parameters
    ----------
    buf : uint8[:]
        The file.
    start : int
        One past the opening bracket.
    fields : int
        Fields of a node.
    children : int
        Which of them is the array.

    Returns
    -------
    rows : int64[k * fields]
        The whole nodes one after the other, parents before children; in place of the array the
        parent's row, -1 for the root.
    stop : int
        The closing bracket, or where something else stands.
    whole : bool
        Whether the closing bracket was met with no node begun.
    """
    rows = np.empty(64 * fields, np.int64)
    used = 0
    # The open arrays: the row they belong to; and the field that comes next at that level.
    open_row = np.empty(64, np.int64)
    row = np.empty(64, np.int64)
    field = np.zeros(64, np.int64)
    depth = 0
    open_row[0] = -1
    row[0] = -1
    p = start
    whole = False
    while p < buf.size:
        c = buf[p]
        if c == 44 or c == 32 or c == 10 or c == 13 or c == 9:
            p += 1
            continue
        if c == 93:
            if field[depth]:
                break
            if depth == 0:
                whole = True
                break
            depth -= 1
            p += 1
        else:
            if field[depth] == 0:
                if (used + 1) * fields > rows.size:
                    rows = doubled(rows)
                rows[used * fields : (used + 1) * fields] = 0
                rows[used * fields + children] = open_row[depth]
                row[depth] = used
                used += 1
            if field[depth] == children:
                if c != 91:
                    break
                p += 1
                field[depth] = (field[depth] + 1) % fields
                depth += 1
                if depth == row.size:
                    open_row = doubled(open_row)
                    row = doubled(row)
                    field = doubled(field)
                open_row[depth] = row[depth - 1]
                field[depth] = 0
                continue
            if c < 48 or c > 57:
                break
            value = np.int64(0)
            while p < buf.size and buf[p] >= 48 and buf[p] <= 57:
                value = value * 10 + (buf[p] - 48)
                p += 1
            rows[row[depth] * fields + field[depth]] = value
            field[depth] = (field[depth] + 1) % fields
            continue
    return rows[: used * fields].copy(), p, whole
