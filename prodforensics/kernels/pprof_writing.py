"""The samples of a profile, written as pprof's messages."""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._jit import kernel

__all__ = ["callers", "encode"]

# Tags: the number of the field and its wire type, 0 a number, 2 bytes.
SAMPLE, LOCATIONS, VALUES, LABEL = np.uint8(2 << 3 | 2), np.uint8(10), np.uint8(18), np.uint8(26)


@kernel
def size_of(value):
    """Return how many bytes a number takes."""
    size = 1
    while value >= np.uint64(128):
        value >>= np.uint64(7)
        size += 1
    return size


@kernel
def put(out, at, value):
    """Write a number, and return the place behind it."""
    while value >= np.uint64(128):
        out[at] = np.uint8(value & np.uint64(127)) | np.uint8(128)
        value >>= np.uint64(7)
        at += 1
    out[at] = np.uint8(value)
    return at + 1


@kernel
def callers(parent, inlined):
    """Return the node above the location of each: past the calls that are inlined into it.

    Parameters
    ----------
    parent : int32[n]
    inlined : bool[n]
        Whether a node is inlined into its parent.

    Returns
    -------
    int32[n]
    """
    above = np.empty(parent.size, np.int32)
    for v in range(parent.size):
        p = parent[v]
        above[v] = above[p] if inlined[v] and p >= 0 else p
    return above


@kernel
def label_sizes(label):
    """Return how many bytes each label takes without its tag and length, int64[k]."""
    size = np.zeros(label.shape[0], np.int64)
    for i in range(label.shape[0]):
        for field in range(label.shape[1]):
            if label[i, field] != 0:
                size[i] += 1 + size_of(np.uint64(label[i, field]))
    return size


@kernel
def encode(node, value, above, location, first, label):
    """Write samples.

    Parameters
    ----------
    node : int32[n]
        The innermost node of each; -1 for a sample without a stack.
    value : int64[t, n]
    above : int32[s]
        See `callers`.
    location : int64[s]
        Id of the location that a node is the innermost call of; above 0.
    first : int64[n + 1]
        Bounds of each sample in the labels.
    label : int64[l, 4]
        The fields of a label; 0 for what it lacks.

    Returns
    -------
    uint8[m]
    """
    s, n = above.size, node.size
    stack_size = np.zeros(s, np.int64)
    for v in range(s):
        stack_size[v] = size_of(np.uint64(location[v]))
        if above[v] >= 0:
            stack_size[v] += stack_size[above[v]]
    labels = label_sizes(label)
    body = np.zeros(n, np.int64)
    values = np.zeros(n, np.int64)
    total = 0
    for i in range(n):
        for t in range(value.shape[0]):
            values[i] += size_of(np.uint64(value[t, i]))
        size = 1 + size_of(np.uint64(values[i])) + values[i]
        if node[i] >= 0:
            inner = stack_size[node[i]]
            size += 1 + size_of(np.uint64(inner)) + inner
        for k in range(first[i], first[i + 1]):
            size += 1 + size_of(np.uint64(labels[k])) + labels[k]
        body[i] = size
        total += 1 + size_of(np.uint64(size)) + size
    out = np.empty(total, np.uint8)
    at = 0
    for i in range(n):
        out[at] = SAMPLE
        at = put(out, at + 1, np.uint64(body[i]))
        v = node[i]
        if v >= 0:
            out[at] = LOCATIONS
            at = put(out, at + 1, np.uint64(stack_size[v]))
            while v >= 0:
                at = put(out, at, np.uint64(location[v]))
                v = above[v]
        out[at] = VALUES
        at = put(out, at + 1, np.uint64(values[i]))
        for t in range(value.shape[0]):
            at = put(out, at, np.uint64(value[t, i]))
        for k in range(first[i], first[i + 1]):
            out[at] = LABEL
            at = put(out, at + 1, np.uint64(labels[k]))
            for field in range(label.shape[1]):
                if label[k, field] != 0:
                    out[at] = np.uint8((field + 1) << 3)
                    at = put(out, at + 1, np.uint64(label[k, field]))
    return out
