"""Sizes of internal parts, given to the object that owns them."""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._growth import doubled
from prodforensics.kernels._jit import kernel

__all__ = ["transfer_sizes"]

UNVISITED, SHARED = np.uint32(0xFFFFFFFF), np.uint32(0xFFFFFFFE)


@kernel
def transfer_sizes(
    first_edge, edge_type, edge_to, type_, name, self_size, root, weak,
    hidden, array, native, synthetic, external_string_data, owner,
):  # fmt: skip
    """Move the sizes of internal nodes to their only owner (DevTools ``calculateShallowSizes``).

    Internal are hidden nodes, arrays, and native nodes named "system / ExternalStringData". The
    owner is the only other node from which they are reached over non-weak edges; the root and
    synthetic nodes receive nothing.

    Parameters
    ----------
    first_edge, edge_type, edge_to, type_, name : unsigned arrays
        The graph.
    self_size : unsigned[n]
        Changed in place; wide enough for the sum of all sizes.
    root : int
    weak, hidden, array, native, synthetic : int
        Type codes; -1 where there is none.
    external_string_data : int
        String index of "system / ExternalStringData", or -1.
    owner : uint32[n]
        Working space.
    """
    n = type_.size
    # A node is pushed when it gets an owner and once more when it turns out to be shared.
    stack = np.empty(1024, np.uint32)
    for start in range(n):
        t = type_[start]
        if t == hidden or t == array or (t == native and name[start] == external_string_data):  # noqa: SIM109
            owner[start] = UNVISITED
        else:
            owner[start] = start
    for start in range(n - 1, -1, -1):
        if owner[start] != start:
            continue
        stack[0] = start
        size = 1
        while size:
            size -= 1
            v = stack[size]
            mine = owner[v]
            for e in range(first_edge[v], first_edge[v + 1]):
                if edge_type[e] == weak:
                    continue
                c = edge_to[e]
                its = owner[c]
                if its == c or its == mine or its == SHARED:  # noqa: SIM109
                    continue
                owner[c] = mine if its == UNVISITED else SHARED
                if size == stack.size:
                    stack = doubled(stack)
                stack[size] = c
                size += 1
    for v in range(n):
        o = owner[v]
        if o == UNVISITED or o == SHARED or o == v or o == root or type_[o] == synthetic:  # noqa: SIM109
            continue
        moved = self_size[v]
        self_size[v] = 0
        self_size[o] += moved
