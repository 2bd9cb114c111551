"""Which object holds each node, looking through backing stores and chains."""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._jit import kernel

__all__ = ["count_below", "holders"]


@kernel
def holders(dominator, root, solid, group):
    """Climb the dominator tree from each node to the object that holds it.

    Nodes that are not solid (the backing array of a list, the table of a map) are passed
    through, and so are nodes of the same group: the links of a linked list, the reactions of a
    promise. Every link of such a chain is held by what holds the chain.

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
        The nearest solid dominator that is not of the node's own group, nor linked to it by
        nodes of that group alone.
    """
    n = dominator.size
    nearest = np.empty(n, np.uint32)
    holder = np.empty(n, np.uint32)
    done = np.zeros(n, np.bool_)
    if n:
        nearest[root] = root
        holder[root] = root
        done[root] = True
    path = np.empty(1024, np.uint32)
    for v in range(n):
        depth = 0
        x = np.uint32(v)
        while not done[x]:
            if depth == path.size:
                path = np.append(path, np.empty(depth, np.uint32))
            path[depth] = x
            depth += 1
            # Set at once: a cycle, which no dominator tree has, then ends here.
            done[x] = True
            nearest[x] = root
            holder[x] = root
            x = dominator[x]
        while depth:
            depth -= 1
            y = path[depth]
            above = dominator[y]
            near = above if solid[above] else nearest[above]
            nearest[y] = near
            holder[y] = holder[near] if group[near] == group[y] and near != root else near
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
    seen = np.zeros(first.size - 1, np.bool_)
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
