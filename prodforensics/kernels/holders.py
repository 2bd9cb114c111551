"""Which object holds each node, looking through backing stores and chains."""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._jit import kernel

__all__ = ["MOST_LINKS", "count_below", "holders"]

MOST_LINKS = 2
"""A link of a chain leads to so many others of its kind: 1 in a list, 2 in a binary tree."""


@kernel
def holders(dominator, root, solid, group):
    """Climb the dominator tree from each node to the object that holds it.

    Nodes that are not solid (the backing array of a list, the table of a map) are passed
    through, and so are nodes of the same group in a chain: the links of a list, the nodes of a
    tree. Every link of a chain is held by what holds the chain.

    Parameters
    ----------
    dominator : uint32[n]
    root : int
        Its own dominator; holds itself.
    solid : bool[n]
    group : unsigned[n]

    Returns
    -------
    nearest : uint32[n]
        The nearest solid dominator.
    holder : uint32[n]
        Likewise, but above a chain: while the nearest is of the node's own group, and has at
        most `MOST_LINKS` of that group below it, its own holder.
    """
    n = dominator.size
    nearest = np.empty(n, np.uint32)
    holder = np.empty(n, np.uint32)
    links = np.zeros(n, np.int32)
    # 0 to do, 1 nearest is known, 2 holder is known
    done = np.zeros(n, np.uint8)
    path = np.empty(1024, np.uint32)
    for step in range(1, 3):
        if n:
            nearest[root] = root
            holder[root] = root
            done[root] = step
        for v in range(n):
            depth = 0
            x = np.uint32(v)
            while done[x] < step:
                if depth == path.size:
                    path = np.append(path, np.empty(depth, np.uint32))
                path[depth] = x
                depth += 1
                # Set at once: a cycle, which no dominator tree has, then ends here.
                done[x] = step
                x = dominator[x]
            while depth:
                depth -= 1
                y = path[depth]
                above = dominator[y]
                if step == 1:
                    near = above if solid[above] or above == root else nearest[above]
                    nearest[y] = near
                    links[near] += group[near] == group[y]
                else:
                    near = nearest[y]
                    link = group[near] == group[y] and links[near] <= MOST_LINKS and near != root
                    holder[y] = holder[near] if link else near
    return nearest, holder


@kernel
def count_below(first, node, tops):
    """Count the nodes of the subtrees at ``tops``, each node once.

    Parameters
    ----------
    first : uint32[n + 1]
        Children of ``v`` are ``node[first[v]:first[v + 1]]``.
    node : uint32[n - 1]
    tops : unsigned[k]

    Returns
    -------
    int
    """
    seen = np.zeros(first.size, np.bool_)
    stack = np.empty(max(tops.size, 64), np.uint32)
    size = 0
    for v in tops:
        if not seen[v]:
            seen[v] = True
            stack[size] = v
            size += 1
    count = 0
    while size:
        size -= 1
        v = stack[size]
        count += 1
        for k in range(first[v], first[v + 1]):
            child = node[k]
            if not seen[child]:
                seen[child] = True
                if size == stack.size:
                    stack = np.append(stack, np.empty(size, np.uint32))
                stack[size] = child
                size += 1
    return count
