"""Random graphs for the tests of kernels, and the obvious way to walk them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

__all__ = ["Graph", "graphs", "reached"]


@dataclass(frozen=True)
class Graph:
    """A graph in compressed rows, with a type for each node and edge."""

    first: np.ndarray
    to: np.ndarray
    edge_type: np.ndarray
    node_type: np.ndarray

    @property
    def n(self) -> int:
        return len(self.node_type)

    def edges(self) -> list[tuple[int, int, int]]:
        """Return ``(edge, source, target)``."""
        sources = np.repeat(np.arange(self.n), np.diff(self.first.astype(np.int64)))
        return list(zip(range(len(self.to)), sources.tolist(), self.to.tolist(), strict=True))


@st.composite
def graphs(draw: st.DrawFn, *, nodes: int = 12, node_types: int = 3, edge_types: int = 3) -> Graph:
    """Graphs with a root, loops, double edges, cycles and unreachable parts."""
    n = draw(st.integers(1, nodes))
    rows = draw(
        st.lists(
            st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, edge_types - 1)), max_size=4),
            min_size=n,
            max_size=n,
        )
    )
    types = draw(st.lists(st.integers(0, node_types - 1), min_size=n, max_size=n))
    flat = [edge for row in rows for edge in row]
    return Graph(
        np.cumsum([0, *map(len, rows)]).astype(np.uint32),
        np.array([to for to, _ in flat], np.uint32),
        np.array([kind for _, kind in flat], np.uint8),
        np.array(types, np.uint8),
    )


def reached(
    edges: Sequence[tuple[int, int]], starts: Sequence[int], without: int | None = None
) -> set[int]:
    """Return what the edges lead to from the starts, never through ``without``."""
    seen = {v for v in starts if v != without}
    while True:
        more = {b for a, b in edges if a in seen and b != without} - seen
        if not more:
            return seen
        seen |= more
