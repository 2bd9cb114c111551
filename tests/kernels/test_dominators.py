import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from prodforensics.kernels import dominators
from tests.kernels.graphs import Graph, graphs, reached


def compute(graph: Graph, bits: np.ndarray, sizes: np.ndarray, root: int):
    n = graph.n
    number, node, parent = (np.zeros(n, np.uint32) for _ in range(3))
    count, trees = dominators.depth_first(
        graph.first, graph.to, bits, root, number, node, parent,
        np.zeros(n, np.uint32), np.zeros(n, np.bool_),
    )  # fmt: skip
    node, parent = node[:count], parent[:count]
    first = np.zeros(count + 2, np.uint32)
    room = int(np.bitwise_count(bits).sum()) - (count - trees)
    of = np.zeros(max(room, 0), np.uint32)
    dominators.predecessors(graph.first, graph.to, bits, number, node, parent, first, of)
    assert first[count] <= len(of)
    tree = np.zeros(count, np.uint32)
    work = (np.zeros(count, np.uint32) for _ in range(2))
    dominators.immediate_dominators(parent, first, of, next(work), tree, next(work))
    of_node, retained = np.zeros(n, np.uint32), np.zeros(n, np.uint64)
    dominators.retained_sizes(sizes, root, node, tree, of_node, retained)
    return of_node, retained


def by_removal(graph: Graph, kept: np.ndarray, root: int) -> list[int]:
    """Find dominators by their definition: what cannot be reached without a node."""
    edges = [(a, b) for e, a, b in graph.edges() if kept[e] and a != b]
    entered = {b for _, b in edges}
    starts = [root]
    # Orphans hang from the root; so does what nothing at all leads to.
    starts += [v for v in range(graph.n) if v not in entered and v != root]
    everything = reached(edges, starts)
    dominated_by = {
        v: everything - reached(edges, starts, without=v) for v in everything if v != root
    }
    result = []
    for w in range(graph.n):
        above = [v for v, below in dominated_by.items() if w in below and v != w]
        # The nearest is the one that all the others dominate as well.
        nearest = [v for v in above if all(v == u or v in dominated_by[u] for u in above)]
        result.append(nearest[0] if nearest else root)
    return result


@given(graphs(), st.data())
def test_dominators_are_those_of_the_definition(graph: Graph, data: st.DataObject) -> None:
    root = data.draw(st.sampled_from([0, graph.n - 1]))
    kept = np.array(data.draw(st.lists(st.booleans(), min_size=len(graph.to),
                                       max_size=len(graph.to))), np.bool_)  # fmt: skip
    kept &= np.array([a != b for _, a, b in graph.edges()], np.bool_)
    # DevTools never counts edges into the root: a root is held by nothing.
    sizes = np.arange(1, graph.n + 1, dtype=np.uint32)
    found, retained = compute(graph, np.packbits(kept, bitorder="little"), sizes, root)
    assert found.tolist() == by_removal(graph, kept, root)
    for v in range(graph.n):
        below = [w for w in range(graph.n) if v in chain(found, w)]
        assert retained[v] == sizes[below].sum()


def chain(parent: np.ndarray, v: int) -> list[int]:
    """Return a node and all its dominators."""
    above = [v]
    while parent[above[-1]] != above[-1]:
        above.append(int(parent[above[-1]]))
    return above


def test_a_long_linked_list_with_jumps_from_its_head_is_not_quadratic() -> None:
    n = 300_000
    half = n // 2
    # Each node leads to the next; the head leads to the whole second half as well.
    to = np.concatenate([[1], np.arange(half, n), np.arange(2, n)]).astype(np.uint32)
    first = np.concatenate([[0], 1 + half + np.arange(n - 1), [len(to)]]).astype(np.uint32)
    graph = Graph(first, to, np.zeros(len(to), np.uint8), np.zeros(n, np.uint8))
    bits = np.packbits(np.ones(len(to), np.bool_), bitorder="little")
    found, retained = compute(graph, bits, np.ones(n, np.uint32), 0)
    assert found[half - 1] == half - 2
    assert (found[half:] == 0).all()
    assert retained[0] == n
