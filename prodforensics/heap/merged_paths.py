"""The paths to many objects, merged into a tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from prodforensics.categories import vocabulary
from prodforensics.heap.categories import texts
from prodforensics.heap.retainers import ranks
from prodforensics.heap.wording import describe_kind, shortened
from prodforensics.kernels.grouping import group_rows
from prodforensics.kernels.merging import merge_labels, shortest_path_tree
from prodforensics.kernels.trees import mark_ancestors

if TYPE_CHECKING:
    from prodforensics.heap.graph import HeapGraph

__all__ = ["merged_paths"]

_LONGEST_PERIOD = 4
_ANY_ELEMENT = "[…]"
_ANY_PAIR = "(value in WeakMap)"
# Names of edges that stand for others of their kind.
_ELEMENT, _PAIR = -1, -2


def merged_paths(
    graph: HeapGraph, nodes: np.ndarray, ignored: np.ndarray | None = None
) -> pd.DataFrame:
    """Merge the shortest paths to many nodes, with the columns of `schemas.MERGED_PATHS`.

    Nodes that nothing reaches have no path and are left out.

    Examples
    --------
    >>> import prodforensics as pf
    >>> snapshot = pf.load(pf.samples.path("heap/listeners.3.heapsnapshot.zst"))
    >>> tree = snapshot.merged_paths(snapshot.instances("Watch").index)
    >>> tree[tree["ends"] > 0][["step", "ends"]].to_dict("records")
    [{'step': 'watch → Watch', 'ends': 1200}]
    """
    into = graph.retainers
    nodes = np.unique(nodes)
    node, above, edge, position = shortest_path_tree(
        into.first, into.node, into.edge, graph.edge_type, ranks(graph), graph.distance,
        graph.root, nodes, np.empty(0, np.bool_) if ignored is None else ignored,
    )  # fmt: skip
    ends = nodes[position[nodes] >= 0]
    labels = _labels(graph, node, edge)
    label, first = group_rows(labels)
    row_of, parent = merge_labels(above, label, _LONGEST_PERIOD)
    return _frame(graph, ends, node, labels[first[label]], row_of, parent, row_of[position[ends]])


def _labels(graph: HeapGraph, node: np.ndarray, edge: np.ndarray) -> np.ndarray:
    """Describe each step by numbers: edge type, edge name, class, name of a function."""
    labels = np.full((len(node), 4), -3, np.int64)
    type_, name = graph.edge_type[edge[1:]], graph.edge_name[edge[1:]].astype(np.int64)
    numbered = [c for c, text in enumerate(graph.edge_types) if text in graph.numbered_edges]
    is_element = np.isin(type_, numbered)
    used, place = np.unique(name[~is_element], return_inverse=True)
    words = texts(graph.strings, used)
    digits = pc.utf8_is_digit(words).to_numpy(zero_copy_only=False)
    pairs = pc.match_substring(words, " pair in WeakMap (table @").to_numpy(zero_copy_only=False)
    spelled = np.where(digits, _ELEMENT, np.where(pairs, _PAIR, used.astype(np.int64)))
    labels[1:, 0] = type_
    labels[1:, 1][is_element] = _ELEMENT
    labels[1:, 1][~is_element] = spelled[place]
    labels[:, 2] = graph.class_index[node]
    closure = graph.type[node] == graph.node_type_code("closure")
    labels[closure, 3] = graph.name[node[closure]]
    return labels


def _frame(
    graph: HeapGraph,
    ends: np.ndarray,
    node: np.ndarray,
    labels: np.ndarray,
    row_of: np.ndarray,
    parent: np.ndarray,
    row_of_end: np.ndarray,
) -> pd.DataFrame:
    rows = len(parent)
    chosen = np.zeros(graph.node_count, np.bool_)
    chosen[ends] = True
    # What one of them retains of another counts once.
    inside = mark_ancestors(graph.dominator, graph.root, chosen)[ends]
    retained = np.where(inside, 0, graph.retained_size[ends].astype(np.int64))
    sums = np.zeros((rows, 3), np.int64)
    for column, values in enumerate((1, graph.self_size[ends].astype(np.int64), retained)):
        np.add.at(sums[:, column], row_of_end, values)
    own = sums[:, 0].copy()
    # Parents come before children: add up from the last row.
    for row in range(rows - 1, 0, -1):
        sums[parent[row]] += sums[row]
    example = np.zeros(rows, np.int64)
    example[row_of[::-1]] = np.arange(len(node))[::-1]
    order, depth = _preorder(parent, sums[:, 0])
    rank = np.empty(rows, np.int64)
    rank[order] = np.arange(rows)
    label, parent = labels[example[order]], parent[order]
    edge_type, edge_name = _edge_words(graph, label)
    step = [
        _step(graph, kind, name, int(node[example[row]]))
        for kind, name, row in zip(edge_type, edge_name, order.tolist(), strict=True)
    ]
    return pd.DataFrame(
        {
            "depth": depth[order],
            "parent": np.where(parent >= 0, rank[np.maximum(parent, 0)], -1),
            "step": pd.array(step, dtype="str"),
            "edge_type": pd.Categorical(pd.array(edge_type, dtype="str")),
            "edge_name": pd.Categorical(pd.array(edge_name, dtype="str")),
            "class_name": vocabulary(graph.classes.name, label[:, 2]),
            "objects": np.bincount(row_of, minlength=rows)[order],
            "count": sums[order, 0],
            "ends": own[order],
            "shallow_size_bytes": sums[order, 1],
            "retained_size_bytes": sums[order, 2],
            "node": node[example[order]],
        },
        index=pd.RangeIndex(rows, name="row"),
    )


def _preorder(parent: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Order rows so that subtrees stay together, heaviest first: ``(order, depth of each row)``."""
    children: list[list[int]] = [[] for _ in parent]
    depth = np.zeros(len(parent), np.int64)
    for row, above in enumerate(parent.tolist()):
        if above >= 0:
            children[above].append(row)
            depth[row] = depth[above] + 1
    order: list[int] = []
    stack = [0]
    while stack:
        row = stack.pop()
        order.append(row)
        stack += sorted(children[row], key=weight.__getitem__)
    return np.array(order), depth


def _edge_words(graph: HeapGraph, labels: np.ndarray) -> tuple[list[str], list[str]]:
    types = [graph.edge_types[code] if code >= 0 else "" for code in labels[:, 0].tolist()]
    names = []
    for type_, name in labels[:, :2].tolist():
        if type_ < 0:
            names.append("")
        elif name < 0:
            names.append(_ANY_ELEMENT if name == _ELEMENT else _ANY_PAIR)
        else:
            names.append(graph.strings[name])
    return types, names


def _step(graph: HeapGraph, edge_type: str, edge_name: str, node: int) -> str:
    if not edge_type:
        return "(root)"
    words = describe_kind(graph, node)
    if edge_type == "shortcut" or words == edge_name:
        return words
    return f"{shortened(edge_name)} → {words}"
