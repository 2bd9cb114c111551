"""Distances from the user's roots."""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._jit import kernel
from prodforensics.kernels.texts import integer_prefix

__all__ = ["SYSTEM_DISTANCE", "UNREACHED", "distances"]

UNREACHED = np.int32(-5)
SYSTEM_DISTANCE = np.int32(100_000_000)


@kernel
def distances(
    first_edge, edge_type, edge_name, edge_to, type_, name, root, data, starts,
    element, internal, hidden, weak, hidden_node, array, synthetic,
    dom_trees, native_context, sloppy_function_map, map_descriptors,
    pair_of_name, pair_count, ignored_edges, distance, queue,
):  # fmt: skip
    """Breadth-first distances as DevTools' ``calculateDistances`` finds them.

    First from the targets of the root's edges that are not synthetic, or are "(Document DOM
    trees)", at 1; then what is left, from the root at `SYSTEM_DISTANCE`. Not followed are weak
    edges; ``sloppy_function_map`` of a native context; descriptors of "(map descriptors)"; and the
    first-met edge of the two to a WeakMap's value, so that the farther one counts.

    Parameters
    ----------
    first_edge, edge_type, edge_name, edge_to, type_, name : unsigned arrays
        The graph.
    root : int
    data, starts
        The strings, to read the numbers that some edge names are.
    element, internal, hidden, weak : int
        Edge type codes; -1 where there is none.
    hidden_node, array, synthetic : int
        Node type codes.
    dom_trees, native_context, sloppy_function_map, map_descriptors : int
        String indices of "(Document DOM trees)", "system / NativeContext",
        "sloppy_function_map" and "(map descriptors)", or -1.
    pair_of_name : uint32[:]
        By string index: 1 + the WeakMap pair that it names, or 0. May be empty.
    pair_count : int
    ignored_edges : bool[m] or bool[0]
        Edges to leave out.
    distance : int32[n]
        Receives the distances.
    queue : uint32[n + edges of the root]
        Working space.
    """
    distance[:] = UNREACHED
    if type_.size == 0:
        return
    pending = np.zeros(pair_count, np.bool_)
    size = 0
    for e in range(first_edge[root], first_edge[root + 1]):
        c = edge_to[e]
        if ignored_edges.size and ignored_edges[e]:
            continue
        if type_[c] != synthetic or name[c] == dom_trees:
            distance[c] = 1
            # A target of two root edges is visited twice, as in DevTools.
            queue[size] = c
            size += 1
    for phase in range(2):
        if phase == 1:
            distance[root] = SYSTEM_DISTANCE if size else 0
            queue[0] = root
            size = 1
        done = 0
        while done < size:
            v = queue[done]
            done += 1
            far = distance[v] + 1
            descriptors = type_[v] == array and name[v] == map_descriptors
            context = type_[v] == hidden_node and name[v] == native_context
            for e in range(first_edge[v], first_edge[v + 1]):
                c = edge_to[e]
                t = edge_type[e]
                if t == weak or distance[c] != UNREACHED:
                    continue
                if ignored_edges.size and ignored_edges[e]:
                    continue
                label = edge_name[e]
                numbered = (t == element) | (t == hidden)
                if context and not numbered and label == sloppy_function_map:
                    continue
                if descriptors:
                    if numbered:
                        index = np.float64(label)
                    elif label < starts.size - 1:
                        index = integer_prefix(data, np.int64(starts[label]))
                    else:
                        index = np.nan
                    if index >= 2 and index % 3 == 1:
                        continue
                elif t == internal and label < pair_of_name.size and pair_of_name[label]:
                    pair = pair_of_name[label] - 1
                    pending[pair] = not pending[pair]
                    if pending[pair]:
                        continue
                distance[c] = far
                queue[size] = c
                size += 1
