from hypothesis import given

from prodforensics.kernels.adjacency import reverse
from tests.kernels.graphs import Graph, graphs


@given(graphs())
def test_lists_the_edges_into_each_node_in_file_order(graph: Graph) -> None:
    first, node, edge = reverse(graph.first, graph.to)
    for v in range(graph.n):
        into = [(e, a) for e, a, b in graph.edges() if b == v]
        span = slice(first[v], first[v + 1])
        assert list(zip(edge[span].tolist(), node[span].tolist(), strict=True)) == into
