"""Immediate dominators and retained sizes."""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._jit import kernel

__all__ = ["depth_first", "immediate_dominators", "predecessors", "retained_sizes"]


@kernel
def is_set(bits, e):
    return (bits[e >> 3] >> np.uint8(e & 7)) & np.uint8(1)


@kernel
def depth_first(first_edge, edge_to, bits, root, number, node, parent, next_edge, entered):
    """Assign numbers to the nodes in depth-first preorder over the edges whose bit is set.

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
    number : uint32[n]
        Zeros; receives 1 + the preorder number of each numbered node.
    node, parent : uint32[n]
        Receive by preorder number the node, and the number of its parent in the search tree; the
        root's is 0.
    next_edge : like ``first_edge``, shape (n,)
        Working space.
    entered : bool[n]
        Zeros; working space.

    Returns
    -------
    count : int
        How many nodes are numbered.
    trees : int
        How many searches it took: 1 + the number of orphans.
    """
    n = first_edge.size - 1
    trees = 0
    for e in range(edge_to.size):
        if is_set(bits, e):
            entered[edge_to[e]] = True
    count = 0
    for turn in range(n + 1):
        start = root if turn == 0 else turn - 1
        if number[start] or (turn and entered[start]):
            continue
        top = count
        trees += 1
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
    return count, trees


@kernel
def predecessors(first_edge, edge_to, bits, number, node, parent, first, of):
    """List each node's predecessors but its parent in the search tree, all in preorder numbers.

    Parameters
    ----------
    first_edge, edge_to, bits
        The graph.
    number : uint32[n]
    node, parent : uint32[count]
        From `depth_first`.
    first : like ``first_edge``, shape (count + 2,)
        Zeros; receives the lists' bounds: the predecessors of number ``w`` are
        ``of[first[w]:first[w + 1]]``.
    of : uint32[:]
        Room for one entry a bit set, less one a tree edge; receives the lists.
    """
    count = node.size
    for i in range(count):
        v = node[i]
        for e in range(first_edge[v], first_edge[v + 1]):
            if is_set(bits, e):
                w = number[edge_to[e]]
                if parent[w - 1] != i:
                    first[w + 1] += 1
    for i in range(count + 1):
        first[i + 1] += first[i]
    # `first[w + 1]` is where w's list begins until it is filled, and where it ends afterwards.
    for i in range(count):
        v = node[i]
        for e in range(first_edge[v], first_edge[v + 1]):
            if is_set(bits, e):
                w = number[edge_to[e]]
                if parent[w - 1] != i:
                    of[first[w]] = i
                    first[w] += 1


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
def immediate_dominators(parent, first, of, label, dominator, path):
    """Find dominators by the algorithm of Lengauer and Tarjan (1979), in its simple form.

    Semi-NCA is as fast on most heaps, but walks up the tree for every node: quadratic on the deep
    dominator trees of linked lists. Orphans hang from the root, as if it were their predecessor.

    Parameters
    ----------
    parent : uint32[count]
        From `depth_first`; used up as the forest of linked numbers.
    first, of
        From `predecessors`; ``first`` is used up for the semidominators.
    label, path : uint32[count]
        Working space.
    dominator : uint32[count]
        Receives the immediate dominator of each preorder number, as a preorder number.
    """
    count = parent.size
    none = np.uint32(0xFFFFFFFF)
    # Each array serves twice, as each is needed either before or after w is processed.
    # `parent[w]`, then w's ancestor. `first[w]`, then w's semidominator. `label[w]` heads the list
    # of the numbers whose semidominator is w, then labels w; `dominator` links those lists.
    ancestor = parent
    semi = first
    label[:] = none
    end = np.int64(first[count])
    for w in range(count - 1, 0, -1):
        start = np.int64(first[w])
        above = parent[w]
        best = above
        for k in range(start, end):
            u = of[k]
            if u > w:
                u = semi[least_label(u, w, ancestor, label, semi, path)]
            if u < best:
                best = np.uint32(u)
        end = start
        semi[w] = best
        label[w] = w
        dominator[w] = label[best]
        label[best] = w
        v = label[above]
        label[above] = none
        while v != none:
            following = dominator[v]
            # Everything from w on is linked.
            u = least_label(v, w - 1, ancestor, label, semi, path)
            dominator[v] = u if semi[u] < semi[v] else above
            v = following
    if count:
        dominator[0] = 0
    for w in range(1, count):
        if dominator[w] != semi[w]:
            dominator[w] = dominator[dominator[w]]


@kernel
def retained_sizes(self_size, root, node, dominator, of_node, retained):
    """Sum sizes up the dominator tree.

    Unnumbered nodes (unreachable cycles) are dominated by the root, each by itself.

    Parameters
    ----------
    self_size : unsigned[n]
    root : int
    node : uint32[count]
        From `depth_first`.
    dominator : uint32[count]
        From `immediate_dominators`.
    of_node : uint32[n]
        Receives the immediate dominators as ordinals; the root's is itself.
    retained : uint64[n]
        Receives the bytes that each node retains.
    """
    n = self_size.size
    alone = np.uint32(0xFFFFFFFF)
    for v in range(n):
        of_node[v] = alone
        retained[v] = self_size[v]
    for i in range(node.size - 1, 0, -1):
        v = node[i]
        d = node[dominator[i]]
        of_node[v] = d
        retained[d] += retained[v]
    of_node[root] = root
    for v in range(n):
        if of_node[v] == alone:
            of_node[v] = root
            retained[root] += retained[v]
