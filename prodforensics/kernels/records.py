"""Node and edge records of a heap snapshot, from JSON numbers into one array a field."""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._jit import kernel
from prodforensics.kernels.numbers import parse_numbers

__all__ = ["parse_edges", "parse_nodes"]

NOWHERE = np.uint32(0xFFFFFFFF)
# Indices beyond this cannot be real (the file would have to hold as many strings); the range above
# stays free for strings that the analysis adds.
LARGEST_NAME = np.uint64(0xF0000000)


@kernel
def parse_nodes(
    buf, start, end, scratch, layout, fields, row,
    type_, name, id_, self_size, edge_count, detachedness, trace_node_id,
):  # fmt: skip
    """Parse whole node records into columns, from ``row`` on.

    Parameters
    ----------
    buf : uint8[:]
        The file.
    start, end : int
        Bytes of the block; see `cut_block`.
    scratch : uint64[:]
        Working space; its size is a multiple of ``fields``.
    layout : int64[7]
        Position in a record of type, name, id, self size, edge count, detachedness and
        trace node id; -1 where the format has none (its column is then not touched).
    fields : int
        Numbers in a record.
    row : int
        Row of the first record.
    type_, name, id_, self_size, edge_count, detachedness, trace_node_id : unsigned arrays
        The columns.

    Returns
    -------
    rows : int
        Records stored.
    stop : int
        ``end``, or where parsing failed.
    too_narrow : bool
        Whether an id or a size does not fit into its column.
    """
    first = row
    too_narrow = False
    largest_id = np.uint64(0xFFFFFFFFFFFFFFFF) >> np.uint64(64 - 8 * id_.itemsize)
    largest_size = np.uint64(0xFFFFFFFFFFFFFFFF) >> np.uint64(64 - 8 * self_size.itemsize)
    p = start
    while p < end:
        count, stop = parse_numbers(buf, p, end, scratch)
        records = min(count // fields, type_.size - row)
        for i in range(records):
            at = i * fields
            if layout[0] >= 0:
                type_[row] = min(scratch[at + layout[0]], np.uint64(255))
            if layout[1] >= 0:
                name[row] = min(scratch[at + layout[1]], LARGEST_NAME)
            if layout[2] >= 0:
                value = scratch[at + layout[2]]
                too_narrow |= value > largest_id
                id_[row] = value
            if layout[3] >= 0:
                value = scratch[at + layout[3]]
                too_narrow |= value > largest_size
                self_size[row] = value
            if layout[4] >= 0:
                edge_count[row] = min(scratch[at + layout[4]], np.uint64(NOWHERE))
            if layout[5] >= 0:
                detachedness[row] = min(scratch[at + layout[5]], np.uint64(255))
            if layout[6] >= 0:
                trace_node_id[row] = min(scratch[at + layout[6]], np.uint64(NOWHERE))
            row += 1
        p = stop
        if records * fields < scratch.size:
            break
    return row - first, p, too_narrow


@kernel
def parse_edges(buf, start, end, scratch, layout, fields, node_fields, row, type_, name, to):
    """Parse whole edge records into columns, from ``row`` on.

    ``to_node`` is stored in the file as node ordinal x node fields. What is not a multiple, or
    does not fit, becomes `NOWHERE`.

    Parameters
    ----------
    buf, start, end, scratch, fields, row
        As in `parse_nodes`.
    layout : int64[3]
        Position in a record of type, name or index, and target.
    node_fields : int
        Numbers in a node record.
    type_ : uint8[:]
    name, to : uint32[:]
        The columns.

    Returns
    -------
    rows, stop
        As in `parse_nodes`.
    """
    first = row
    width = np.uint64(node_fields)
    inverse = 1.0 / node_fields
    p = start
    while p < end:
        count, stop = parse_numbers(buf, p, end, scratch)
        records = min(count // fields, type_.size - row)
        for i in range(records):
            at = i * fields
            type_[row] = min(scratch[at + layout[0]], np.uint64(255))
            name[row] = min(scratch[at + layout[1]], np.uint64(NOWHERE))
            index = scratch[at + layout[2]]
            # A multiplication in place of a division: exact for what passes the check below.
            ordinal = np.uint64(np.float64(index) * inverse + 0.5)
            to[row] = (
                np.uint32(ordinal)
                if ordinal * width == index and ordinal < np.uint64(NOWHERE)
                else NOWHERE
            )
            row += 1
        p = stop
        if records * fields < scratch.size:
            break
    return row - first, p
