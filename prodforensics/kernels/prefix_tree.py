"""Stacks as a prefix tree: equal stacks share one node, and what they begin with is shared too.

A tree is two arrays: ``parent`` (int32, -1 for the outermost) and ``item`` (int32, what stands at
the node). Every parent comes before its children.
"""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._growth import doubled
from prodforensics.kernels._jit import kernel

__all__ = ["below", "build", "erase_loops", "merge", "paths", "reverse", "still_inlined", "used"]


@kernel
def slot_of(slots, parent, item, above, wanted):
    """Return the slot that holds the child ``wanted`` of ``above``, or the free one for it."""
    mask = np.uint64(slots.size - 1)
    hashed = np.uint64(above + 1) * np.uint64(0x9E3779B97F4A7C15)
    hashed ^= np.uint64(wanted) * np.uint64(0xC2B2AE3D27D4EB4F)
    hashed ^= hashed >> np.uint64(29)
    hashed *= np.uint64(0xBF58476D1CE4E5B9)
    slot = (hashed ^ (hashed >> np.uint64(32))) & mask
    while True:
        node = slots[np.int64(slot)]
        if node < 0 or (parent[node] == above and item[node] == wanted):
            return np.int64(slot)
        slot = (slot + np.uint64(1)) & mask


@kernel
def rehashed(slots, parent, item, count):
    """Return a table of twice the size with the first ``count`` nodes in it."""
    grown = np.full(2 * slots.size, -1, np.int32)
    for node in range(count):
        grown[slot_of(grown, parent, item, parent[node], item[node])] = node
    return grown


@kernel
def build(first, item, leaf_first):
    """Build the tree of many stacks.

    Parameters
    ----------
    first : int64[k + 1]
        Bounds: stack ``s`` is ``item[first[s]:first[s + 1]]``.
    item : integer[m]
        What stands in the stacks; not negative.
    leaf_first : bool
        Whether a stack begins with its innermost item.

    Returns
    -------
    parent, item : int32[n]
        The tree.
    node : int32[k]
        The innermost node of each stack; -1 for an empty one.
    """
    k = first.size - 1
    node = np.empty(k, np.int32)
    parents = np.empty(1024, np.int32)
    items = np.empty(1024, np.int32)
    slots = np.full(4096, -1, np.int32)
    count = 0
    for s in range(k):
        above = np.int32(-1)
        length = first[s + 1] - first[s]
        for step in range(length):
            at = first[s + 1] - 1 - step if leaf_first else first[s] + step
            wanted = np.int32(item[at])
            slot = slot_of(slots, parents, items, above, wanted)
            found = slots[slot]
            if found < 0:
                if count == parents.size:
                    parents, items = doubled(parents), doubled(items)
                found = np.int32(count)
                parents[count], items[count] = above, wanted
                slots[slot] = found
                count += 1
                if 2 * count > slots.size:
                    slots = rehashed(slots, parents, items, count)
            above = found
        node[s] = above
    return parents[:count].copy(), items[:count].copy(), node


@kernel
def merge(parent, item, keep):
    """Take nodes out of a tree, and join the children of one parent that become equal.

    The children of a node that is taken out hang from its parent instead. A tree in which nothing
    is taken out is joined all the same: after ``item`` was renamed, say.

    Parameters
    ----------
    parent, item : int32[n]
    keep : bool[n]

    Returns
    -------
    parent, item : int32[k]
        The new tree.
    place : int32[n]
        Where each node went: its own new node, or that of the nearest kept one above; -1 where
        none is above.
    """
    n = parent.size
    place = np.empty(n, np.int32)
    parents = np.empty(n, np.int32)
    items = np.empty(n, np.int32)
    slots = np.full(4096, -1, np.int32)
    count = 0
    for v in range(n):
        above = place[parent[v]] if parent[v] >= 0 else np.int32(-1)
        if not keep[v]:
            place[v] = above
            continue
        slot = slot_of(slots, parents, items, above, item[v])
        found = slots[slot]
        if found < 0:
            found = np.int32(count)
            parents[count], items[count] = above, item[v]
            slots[slot] = found
            count += 1
            if 2 * count > slots.size:
                slots = rehashed(slots, parents, items, count)
        place[v] = found
    return parents[:count].copy(), items[:count].copy(), place


@kernel
def below(parent, mark):
    """Tell which nodes are marked or have a marked one above them.

    Parameters
    ----------
    parent : int32[n]
    mark : bool[n]

    Returns
    -------
    bool[n]
    """
    found = np.empty(parent.size, np.bool_)
    for v in range(parent.size):
        found[v] = mark[v] or (parent[v] >= 0 and found[parent[v]])
    return found


@kernel
def used(parent, leaf):
    """Tell which nodes are on the path to one of the leaves; a negative leaf is none.

    Returns
    -------
    bool[n]
    """
    found = np.zeros(parent.size, np.bool_)
    for i in range(leaf.size):
        if leaf[i] >= 0:
            found[leaf[i]] = True
    for v in range(parent.size - 1, -1, -1):
        if found[v] and parent[v] >= 0:
            found[parent[v]] = True
    return found


@kernel
def erase_loops(parent, item, key):
    """Cut every stack back to where a key stood in it first, whenever the key comes again.

    ``a b c a d`` becomes ``a d``. Nodes are joined as in `merge`.

    Parameters
    ----------
    parent, item, key : int32[n]

    Returns
    -------
    parent, item : int32[k]
        The new tree.
    place : int32[n]
        Where each node went.
    """
    n = parent.size
    place = np.empty(n, np.int32)
    parents = np.empty(n, np.int32)
    items = np.empty(n, np.int32)
    keys = np.empty(n, np.int32)
    slots = np.full(4096, -1, np.int32)
    count = 0
    for v in range(n):
        above = place[parent[v]] if parent[v] >= 0 else np.int32(-1)
        first = above
        while first >= 0 and keys[first] != key[v]:
            first = parents[first]
        if first >= 0:
            place[v] = first
            continue
        slot = slot_of(slots, parents, items, above, item[v])
        found = slots[slot]
        if found < 0:
            found = np.int32(count)
            parents[count], items[count], keys[count] = above, item[v], key[v]
            slots[slot] = found
            count += 1
            if 2 * count > slots.size:
                slots = rehashed(slots, parents, items, count)
        place[v] = found
    return parents[:count].copy(), items[:count].copy(), place


@kernel
def reverse(parent, item, leaf):
    """Build the tree of the same stacks from their innermost items up.

    Parameters
    ----------
    parent, item : int32[n]
    leaf : integer[k]
        Where stacks end; negative for none.

    Returns
    -------
    parent, item : int32[m]
        The new tree.
    node : int32[k]
        Where each stack, read from its innermost item to its outermost, ends in it.
    """
    k = leaf.size
    node = np.empty(k, np.int32)
    parents = np.empty(1024, np.int32)
    items = np.empty(1024, np.int32)
    slots = np.full(4096, -1, np.int32)
    count = 0
    for s in range(k):
        above = np.int32(-1)
        v = np.int64(leaf[s])
        while v >= 0:
            slot = slot_of(slots, parents, items, above, item[v])
            found = slots[slot]
            if found < 0:
                if count == parents.size:
                    parents, items = doubled(parents), doubled(items)
                found = np.int32(count)
                parents[count], items[count] = above, item[v]
                slots[slot] = found
                count += 1
                if 2 * count > slots.size:
                    slots = rehashed(slots, parents, items, count)
            above = found
            v = parent[v]
        node[s] = above
    return parents[:count].copy(), items[:count].copy(), node


@kernel
def still_inlined(parent, inlined, keep):
    """Tell which nodes have a kept one left that they were inlined into.

    Parameters
    ----------
    parent : int32[n]
    inlined : bool[n]
        Whether a node was inlined into its parent.
    keep : bool[n]

    Returns
    -------
    bool[n]
    """
    found = np.zeros(parent.size, np.bool_)
    for v in range(parent.size):
        p = parent[v]
        found[v] = inlined[v] and p >= 0 and (keep[p] or found[p])
    return found


@kernel
def paths(parent, leaf):
    """List the nodes from each leaf up to the outermost.

    Parameters
    ----------
    parent : int32[n]
    leaf : integer[k]
        -1 for an empty path.

    Returns
    -------
    first : int64[k + 1]
        Bounds of each path in ``node``.
    node : int32[m]
        Innermost first.
    """
    k = leaf.size
    first = np.zeros(k + 1, np.int64)
    for s in range(k):
        length = 0
        v = np.int64(leaf[s])
        while v >= 0:
            length += 1
            v = parent[v]
        first[s + 1] = first[s] + length
    node = np.empty(first[k], np.int32)
    for s in range(k):
        at = first[s]
        v = np.int64(leaf[s])
        while v >= 0:
            node[at] = v
            at += 1
            v = parent[v]
    return first, node
