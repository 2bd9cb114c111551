"""Immediate dominators and retained sizes."""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._jit import kernel

__all__ = ["depth_first", "immediate_dominators", "predecessors", "retained_sizes"]


@kernel
def is_set(bits, e):
    return (bits[e >> 3] >> np.uint8(e & 7)) & np.uint8(1)


@kernel
def depth_first(first_edge, edge_to, bits, root):
    """Number the nodes in depth-first preorder over the edges whose bit is set.

    From the root first, then from each node that is still unnumbered and has no incoming edge:
    such orphans hang from the root (DevTools: "only weak retainers"). Nodes of unreachable
    cycles stay unnumbered.

    Parameters
    ----------
    first_edge, edge_to : unsigned arrays
        The graph.
    bits : uint8[:]
        One bit an edge.
    root : int

    Returns
    -------
    number : uint32[n]
        1 + preorder number; 0 for unnumbered nodes.
    node : uint32[count]
        The node of each preorder number.
    parent : uint32[count]
        Preorder number of the parent in the search tree; the root's is 0.
    orphan : bool[n]
        Whether a node has no incoming edge.
    """
    n = first_edge.size - 1
    number = np.zeros(n, np.uint32)
    node = np.empty(n, np.uint32)
    parent = np.empty(n, np.uint32)
    next_edge = np.empty(n, first_edge.dtype)
    orphan = np.ones(n, np.bool_)
    for e in range(edge_to.size):
        if is_set(bits, e):
            orphan[edge_to[e]] = False
    count = 0
    for turn in range(n + 1):
        start = root if turn == 0 else turn - 1
        if number[start] or (turn and not orphan[start]):
            continue
        top = count
        node[top] = start
        parent[top] = 0
        next_edge[top] = first_edge[start]
        count += 1
        number[start] = count
        current = top
        while True:
            v = node[current]
            e = np.int64(next_edge[current])
            end = np.int64(first_edge[v + 1])
            c = v
            while e < end:
                if is_set(bits, e):
                    c = edge_to[e]
                    if number[c] == 0:
                        break
                e += 1
            if e < end:
                next_edge[current] = e + 1
                node[count] = c
                parent[count] = current
                next_edge[count] = first_edge[c]
                current = count
                count += 1
                number[c] = count
            elif current == top:
                break
            else:
                current = np.int64(parent[current])
    return number, node[:count], parent[:count], orphan


@kernel
def predecessors(first_edge, edge_to, bits, number, node):
    """List each node's predecessors, all in preorder numbers.

    Returns
    -------
    first : like ``first_edge``, shape (count + 1,)
        Predecessors of number ``w`` are ``of[first[w]:first[w + 1]]``.
    of : uint32[:]
    """
    count = node.size
    first = np.zeros(count + 2, first_edge.dtype)
    for i in range(count):
        v = node[i]
        for e in range(first_edge[v], first_edge[v + 1]):
            if is_set(bits, e):
                first[number[edge_to[e]] + 1] += 1
    for i in range(count + 1):
        first[i + 1] += first[i]
    of = np.empty(first[count + 1], np.uint32)
    # `first[w + 1]` is where w's list begins until it is filled, and where it ends afterwards.
    for i in range(count):
        v = node[i]
        for e in range(first_edge[v], first_edge[v + 1]):
            if is_set(bits, e):
                w = number[edge_to[e]]
                of[first[w]] = i
                first[w] += 1
    return first, of


@kernel
def least_label(v, w, ancestor, label, semi, path):
    """Compress the path above ``v`` in the forest of numbers beyond ``w``; return its label.

    The label is the number with the least semidominator on the way to the forest's root.
    """
    depth = 0
    x = v
    while ancestor[x] > w:
        path[depth] = x
        depth += 1
        x = ancestor[x]
    least = label[x]
    top = ancestor[x]
    while depth:
        depth -= 1
        y = path[depth]
        if semi[least] < semi[label[y]]:
            label[y] = least
        else:
            least = label[y]
        ancestor[y] = top
    return label[v]


@kernel
def immediate_dominators(node, parent, orphan, first, of):
    """Find dominators by the algorithm of Lengauer and Tarjan (1979), in its simple form.

    Semi-NCA is as fast on most heaps, but walks up the tree for every node: quadratic on the deep
    dominator trees of linked lists.

    Parameters
    ----------
    node, parent, orphan
        From `depth_first`. An orphan has one predecessor, the root.
    first, of
        From `predecessors`.

    Returns
    -------
    uint32[count]
        Immediate dominator of each preorder number, as a preorder number.
    """
    count = node.size
    none = np.uint32(0xFFFFFFFF)
    semi = np.empty(count, np.uint32)
    ancestor = parent.copy()
    # Two arrays serve twice. Until w is processed, `label[w]` heads the list of the numbers whose
    # semidominator is w; `dominator` links such lists until the dominator is known.
    label = np.full(count, none, np.uint32)
    dominator = np.zeros(count, np.uint32)
    # Pages of it that no path reaches are never touched.
    path = np.empty(count, np.uint32)
    for w in range(count - 1, 0, -1):
        best = parent[w]
        if orphan[node[w]]:
            best = np.uint32(0)
        for k in range(first[w], first[w + 1]):
            u = of[k]
            if u > w:
                u = semi[least_label(u, w, ancestor, label, semi, path)]
            if u < best:
                best = u
        semi[w] = best
        label[w] = w
        dominator[w] = label[best]
        label[best] = w
        above = parent[w]
        v = label[above]
        label[above] = none
        while v != none:
            following = dominator[v]
            # Everything from w on is linked.
            u = least_label(v, w - 1, ancestor, label, semi, path)
            dominator[v] = u if semi[u] < semi[v] else above
            v = following
    for w in range(1, count):
        if dominator[w] != semi[w]:
            dominator[w] = dominator[dominator[w]]
    return dominator


@kernel
def retained_sizes(self_size, root, number, node, dominator):
    """Sum sizes up the dominator tree.

    Unnumbered nodes (unreachable cycles) are dominated by the root, each by itself.

    Parameters
    ----------
    self_size : unsigned[n]
    root : int
    number, node
        From `depth_first`.
    dominator : uint32[count]
        From `immediate_dominators`.

    Returns
    -------
    of_node : uint32[n]
        Immediate dominators as ordinals; the root's is itself.
    retained : uint64[n]
    """
    n = self_size.size
    of_node = np.full(n, root, np.uint32)
    retained = np.empty(n, np.uint64)
    for v in range(n):
        retained[v] = self_size[v]
    for i in range(node.size - 1, 0, -1):
        v = node[i]
        d = node[dominator[i]]
        of_node[v] = d
        retained[d] += retained[v]
    if node.size < n:
        for v in range(n):
            if number[v] == 0:
                retained[root] += retained[v]
    return of_node, retained
