"""The large branches of a tree."""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._jit import kernel

__all__ = ["pruned_tree"]


@kernel
def pruned_tree(first, child, size, top, deepest, least):
    """List a tree from a node down, without what is small or deep.

    Parameters
    ----------
    first, child
        Children of ``v`` are ``child[first[v]:first[v + 1]]``.
    size : uint64[n]
        Children are visited largest first.
    top : int
    deepest : int
        Levels below the top.
    least : int
        Least size of a node.

    Returns
    -------
    node : int64[k]
        The top first, each node before those below it.
    depth : int64[k]
    """
    node = np.empty(64, np.int64)
    depth = np.empty(64, np.int64)
    count = 0
    stack = np.empty(64, np.int64)
    level = np.empty(64, np.int64)
    stack[0] = top
    level[0] = 0
    height = 1
    while height:
        height -= 1
        v = stack[height]
        d = level[height]
        if count == node.size:
            node = np.append(node, np.empty(count, np.int64))
            depth = np.append(depth, np.empty(count, np.int64))
        node[count] = v
        depth[count] = d
        count += 1
        if d >= deepest:
            continue
        children = child[first[v] : first[v + 1]]
        large = children[size[children] >= least]
        order = np.argsort(size[large], kind="mergesort")
        while height + large.size > stack.size:
            stack = np.append(stack, np.empty(stack.size, np.int64))
            level = np.append(level, np.empty(level.size, np.int64))
        # The largest on top of the stack.
        for k in order:
            stack[height] = large[k]
            level[height] = d + 1
            height += 1
    return node[:count].copy(), depth[:count].copy()
