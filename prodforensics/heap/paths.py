"""Retaining paths over plain arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from prodforensics.heap.graph import HeapGraph

_CHAIN = 3
"""Equal links in a row from which a chain is written as one."""


@dataclass(frozen=True)
class Link:
    """One node of a path and the edge that leads to it.

    Attributes
    ----------
    node : int
        Ordinal.
    edge : int
        Edge from the node before; -1 for the first.
    chain : int
        Links of the same kind that this one stands for; 0 for itself alone.
    """

    node: int
    edge: int = -1
    chain: int = 0


def shortest_path(
    graph: HeapGraph,
    node: int,
    distance: np.ndarray,
    ignored: AbstractSet[int] = frozenset(),
    *,
    most: int | None = None,
) -> list[Link]:
    """Follow the retainers of a node up to the root along falling distances."""
    weak = graph.edge_type_code("weak")
    retainers = graph.retainers
    links: list[Link] = []
    here, seen = node, {node}
    while here != graph.root and distance[here] >= 0 and (most is None or len(links) < most):
        span = slice(int(retainers.first[here]), int(retainers.first[here + 1]))
        sources, edges = retainers.node[span], retainers.edge[span]
        good = (graph.edge_type[edges] != weak) & (distance[sources] >= 0)
        if ignored:
            good &= ~np.isin(edges, list(ignored))
        sources, edges = sources[good], edges[good]
        far = distance[sources].astype(np.int64)
        if distance[here] == 1 and (sources == graph.root).any():
            far[sources == graph.root] = 0
        far[far >= distance[here]] += 1 << 40
        if not far.size:
            return []
        best = int(np.argmin(far))
        links.append(Link(here, int(edges[best])))
        here = int(sources[best])
        if here in seen:
            return []
        seen.add(here)
    if distance[node] < 0:
        return []
    return _collapsed(graph, [Link(here), *reversed(links)])


def _collapsed(graph: HeapGraph, links: list[Link]) -> list[Link]:
    def same(a: Link, b: Link) -> bool:
        return (
            graph.class_index[a.node] == graph.class_index[b.node]
            and graph.edge_type[a.edge] == graph.edge_type[b.edge]
            and graph.edge_name[a.edge] == graph.edge_name[b.edge]
        )

    kept: list[Link] = []
    place = 0
    while place < len(links):
        end = place + 1
        while place and end < len(links) and same(links[place], links[end]):
            end += 1
        chain = end - place
        if chain > _CHAIN:
            kept.append(Link(links[end - 1].node, links[end - 1].edge, chain))
        else:
            kept += links[place:end]
        place = end
    return kept
