"""Bytes by kind of memory."""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._jit import kernel
from prodforensics.kernels.essential import ENTERED_AGAIN

__all__ = ["category_sizes"]


@kernel
def category_sizes(
    first_edge, edge_type, edge_name, edge_to, type_, name, self_size, flags,
    category_of_type, internal, array_name, buffer_name, elements_name,
):  # fmt: skip
    """Sum sizes by DevTools' categories (``calculateStatistics``).

    Parameters
    ----------
    first_edge, edge_type, edge_name, edge_to, type_, name, self_size : unsigned arrays
        The graph.
    flags : uint8[n]
        In-degree bits of `prodforensics.kernels.essential.essential_edges`.
    category_of_type : int64[256]
        0 native, 1 code, 2 strings, 3 system, 4 all else.
    internal : int
        Code of internal edges.
    array_name, buffer_name, elements_name : int
        String indices of "Array", "system / JSArrayBufferData" and "elements", or -1.

    Returns
    -------
    uint64[6]
        Native, code, strings, system, JavaScript arrays with the elements that only they hold,
        and typed arrays (a part of native).
    """
    sizes = np.zeros(6, np.uint64)
    for v in range(type_.size):
        category = category_of_type[type_[v]]
        if category < 4:
            sizes[category] += self_size[v]
            if category == 0 and name[v] == buffer_name:
                sizes[5] += self_size[v]
        elif name[v] == array_name:
            sizes[4] += self_size[v]
            for e in range(first_edge[v], first_edge[v + 1]):
                if edge_type[e] == internal and edge_name[e] == elements_name:
                    c = edge_to[e]
                    if not flags[c] & ENTERED_AGAIN:
                        sizes[4] += self_size[c]
                    break
    return sizes
