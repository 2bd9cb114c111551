"""Many paths of a graph, merged into one tree."""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._jit import kernel
from prodforensics.kernels.walks import nearest_retainer

__all__ = ["merge_labels", "shortest_path_tree"]


@kernel
def shortest_path_tree(
    first, source, edge, edge_type, rank_of_type, distance, root, nodes, ignored_edges
):
    """Follow the nearest retainers of many nodes to the root, each stretch once.

    Parameters
    ----------
    first, source, edge, edge_type, rank_of_type, distance, root, ignored_edges
        As for `prodforensics.kernels.walks.walk_up`.
    nodes : int64[k]

    Returns
    -------
    node : int64[t]
        The root, and every node on the way, each after the one above it.
    above : int64[t]
        Position of the node above; -1 for the root.
    into : int64[t]
        The edge into the node; -1 for the root.
    position : int64[n]
        Where each node stands in ``node``; -1 for those not on the way.
    """
    n = distance.size
    # -1 unseen, -2 on the way up just now, -3 leads nowhere
    position = np.full(n, -1, np.int64)
    node = np.empty(64, np.int64)
    above = np.empty(64, np.int64)
    into = np.empty(64, np.int64)
    node[0], above[0], into[0] = root, -1, -1
    position[root] = 0
    count = 1
    way = np.empty(64, np.int64)
    edges = np.empty(64, np.int64)
    for start in nodes:
        v = np.int64(start)
        length = 0
        while position[v] == -1:
            position[v] = -2
            if length == way.size:
                way = np.append(way, np.empty(length, np.int64))
                edges = np.append(edges, np.empty(length, np.int64))
            way[length] = v
            k = np.int64(-1)
            if distance[v] >= 0:
                k = nearest_retainer(
                    first, source, edge, edge_type, rank_of_type, distance, root, v, ignored_edges
                )
            edges[length] = edge[k] if k >= 0 else -1
            length += 1
            if k < 0:
                break
            v = np.int64(source[k])
        reached = position[v] >= 0
        while length:
            length -= 1
            w = way[length]
            if not reached:
                position[w] = -3
                continue
            if count == node.size:
                node = np.append(node, np.empty(count, np.int64))
                above = np.append(above, np.empty(count, np.int64))
                into = np.append(into, np.empty(count, np.int64))
            node[count] = w
            above[count] = position[v]
            into[count] = edges[length]
            position[w] = count
            count += 1
            v = w
    return node[:count].copy(), above[:count].copy(), into[:count].copy(), position


@kernel
def ancestor(row, parent, levels):
    """Return the row so many levels up; the first row, 0, at the highest."""
    for _ in range(levels):
        row = max(parent[row], 0)
    return row


@kernel
def third_round(row, label, label_of_row, parent, longest_period):
    """Return the row to go back to if ``label`` below ``row`` begins a third round, or -1.

    That is, where the labels up to ``row`` end with the same sequence twice, and ``label`` is its
    first.
    """
    for period in range(1, longest_period + 1):
        target = ancestor(row, parent, period - 1)
        if target == 0 or label_of_row[target] != label:
            continue
        same = True
        v = row
        for _ in range(period):
            same &= label_of_row[v] == label_of_row[ancestor(v, parent, period)]
            v = parent[v]
        if same:
            return target
    return np.int64(-1)


@kernel
def merge_labels(above, label, longest_period):
    """Merge the nodes of a tree whose labels, and those of all nodes above them, are equal.

    Chains are folded: from the third round on of a sequence of labels that repeats, nodes go to
    the rows of the round before.

    Parameters
    ----------
    above : int64[t]
        Position of the node above each; -1 for the first, the root.
    label : uint32[t]
    longest_period : int
        Labels of the longest sequence that counts as a chain.

    Returns
    -------
    row_of : int64[t]
    parent : int64[r]
        Row above each row; -1 for the first. Parents come before children.
    """
    t = above.size
    row_of = np.zeros(t, np.int64)
    parent = np.empty(t, np.int64)
    label_of_row = np.empty(t, np.int64)
    parent[0] = -1
    label_of_row[0] = label[0]
    rows = 1
    size = 16
    while size < 2 * t:
        size *= 2
    slot_parent = np.full(size, -1, np.int64)
    slot_label = np.empty(size, np.int64)
    slot_row = np.empty(size, np.int64)
    for i in range(1, t):
        up = row_of[above[i]]
        mark = np.int64(label[i])
        hashed = (np.uint64(up) * np.uint64(0x9E3779B97F4A7C15)) ^ (
            np.uint64(mark) * np.uint64(0xC2B2AE3D27D4EB4F)
        )
        hashed ^= hashed >> np.uint64(31)
        slot = np.int64(hashed & np.uint64(size - 1))
        while slot_parent[slot] >= 0 and (slot_parent[slot] != up or slot_label[slot] != mark):
            slot = (slot + 1) & (size - 1)
        if slot_parent[slot] < 0:
            slot_parent[slot] = up
            slot_label[slot] = mark
            back = third_round(up, mark, label_of_row, parent, longest_period)
            if back < 0:
                parent[rows] = up
                label_of_row[rows] = mark
                back = rows
                rows += 1
            slot_row[slot] = back
        row_of[i] = slot_row[slot]
    return row_of, parent[:rows].copy()
