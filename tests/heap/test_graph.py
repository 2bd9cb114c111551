import numpy as np
import pytest

from prodforensics import samples
from prodforensics.heap.formats.v8 import read_graph
from prodforensics.heap.graph import HeapGraph
from prodforensics.source import Source


@pytest.fixture(scope="module")
def graph() -> HeapGraph:
    return read_graph(samples.path("heap/cache.3.heapsnapshot.zst"))[0]


def test_retainers_are_the_edges_reversed(graph: HeapGraph) -> None:
    into = graph.retainers
    assert np.array_equal(np.sort(into.edge), np.arange(graph.edge_count))
    owners = np.repeat(np.arange(graph.node_count), np.diff(graph.first_edge.astype(np.int64)))
    assert np.array_equal(owners[into.edge], into.node)
    targets = np.repeat(np.arange(graph.node_count), np.diff(into.first.astype(np.int64)))
    assert np.array_equal(graph.edge_to[into.edge], targets)


def test_the_dominator_tree_reaches_every_node_once(graph: HeapGraph) -> None:
    first, node = graph.dominated
    assert np.array_equal(np.sort(node), np.delete(np.arange(graph.node_count), graph.root))
    parents = np.repeat(np.arange(graph.node_count), np.diff(first.astype(np.int64)))
    assert np.array_equal(graph.dominator[node], parents)


def test_a_node_retains_itself_and_what_its_children_retain(graph: HeapGraph) -> None:
    total = graph.self_size.astype(np.uint64)
    _, node = graph.dominated
    children = np.zeros(graph.node_count, np.uint64)
    np.add.at(children, graph.dominator[node], graph.retained_size[node])
    assert np.array_equal(graph.retained_size, total + children)
    assert graph.total_size == int(total.sum()) + graph.extra_bytes


def test_edges_are_labelled_by_name_or_number(graph: HeapGraph) -> None:
    element = graph.edge_type_code("element")
    numbered = int(np.flatnonzero(graph.edge_type == element)[0])
    assert graph.edge_label(numbered) == str(graph.edge_name[numbered])
    named = int(np.flatnonzero(graph.edge_type == graph.edge_type_code("property"))[0])
    assert graph.edge_label(named) == graph.strings[graph.edge_name[named]]


def test_unknown_types_have_no_code(graph: HeapGraph) -> None:
    assert graph.node_type_code("no such type") == graph.edge_type_code("") == -1


def test_the_arrays_cost_about_what_the_file_does(graph: HeapGraph) -> None:
    unpacked = sum(map(len, Source(samples.path("heap/cache.3.heapsnapshot.zst")).chunks()))
    assert graph.nbytes < 1.3 * unpacked
