"""What keeps what alive: questions of the dominator tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from prodforensics.errors import BadOption
from prodforensics.heap.tables import node_columns, objects
from prodforensics.kernels.pruned import pruned_tree

if TYPE_CHECKING:
    from prodforensics.heap.graph import HeapGraph

__all__ = ["dominated_by", "dominator_tree", "largest_first"]

_DEFAULT_SHARE = 0.01


def largest_first(graph: HeapGraph, nodes: np.ndarray) -> np.ndarray:
    """Order nodes by what they retain; equal ones stay in file order."""
    return nodes[np.argsort(-graph.retained_size[nodes].astype(np.int64), kind="stable")]


def dominated_by(graph: HeapGraph, node: int) -> pd.DataFrame:
    """Return the nodes immediately dominated by one, with the columns of `schemas.OBJECTS`."""
    first, child = graph.dominated
    return objects(graph, largest_first(graph, child[int(first[node]) : int(first[node + 1])]))


def dominator_tree(
    graph: HeapGraph, top: int, depth: int, min_bytes: int | None = None
) -> pd.DataFrame:
    """Return the large branches of the dominator tree below a node.

    Parameters
    ----------
    graph : HeapGraph
    top : int
    depth : int
        Levels below the top.
    min_bytes : int, optional
        Least retained size; 1 % of the top's by default.

    Returns
    -------
    pandas.DataFrame
        Columns of `schemas.DOMINATOR_TREE`.

    Raises
    ------
    BadOption
        Depth or bytes are negative.

    Examples
    --------
    >>> import prodforensics as pf
    >>> snapshot = pf.load(pf.samples.path("heap/cache.3.heapsnapshot.zst"))
    >>> tree = snapshot.dominator_tree(depth=12, min_bytes=100_000)
    >>> tree.loc[tree["name"] == "SessionStore", ["depth", "dominator"]].shape
    (1, 2)
    """
    if depth < 0 or (min_bytes or 0) < 0:
        raise BadOption(
            "depth and min_bytes are 0 or more", hint="dominator_tree(depth=5, min_bytes=100_000)"
        )
    whole = int(graph.retained_size[top]) if graph.node_count else 0
    if min_bytes is None:
        min_bytes = int(whole * _DEFAULT_SHARE)
    if not graph.node_count:
        nodes, depths = np.empty(0, np.int64), np.empty(0, np.int64)
        first = np.zeros(1, np.uint32)
    else:
        first, child = graph.dominated
        nodes, depths = pruned_tree(
            first, child, graph.retained_size, top, int(depth), np.uint64(min_bytes)
        )
    columns = node_columns(graph, nodes)
    return pd.DataFrame(
        {
            "depth": depths,
            "dominator": graph.dominator[nodes].astype(np.int64),
            **columns,
            "share": columns["retained_size_bytes"] / max(whole, 1),
            "children": (first[nodes + 1] if len(nodes) else first[:0]).astype(np.int64)
            - first[nodes].astype(np.int64),
        },
        index=pd.Index(nodes, name="node"),
    )
