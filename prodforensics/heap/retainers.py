"""What keeps an object alive: its retainers, and the shortest path from the root to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from prodforensics.heap.tables import edge_columns, node_columns
from prodforensics.heap.wording import describe_path
from prodforensics.kernels.walks import walk_up

if TYPE_CHECKING:
    from prodforensics.heap.graph import HeapGraph

__all__ = [
    "Step",
    "describe_path",
    "edges_to_root",
    "path_frame",
    "path_to_root",
    "ranks",
    "retainers_frame",
    "retaining_edges",
]

# Of several shortest paths, the one that a programmer recognises: their own names first.
_PREFERRED = ("property", "element", "context", "internal", "hidden", "shortcut")
_WEAK = "weak"
_LONGEST_PERIOD = 4
_LEAST_REPEATS = 3
_NEVER = np.uint8(255)
_NO_EDGES = np.empty(0, np.bool_)


@dataclass(frozen=True)
class Step:
    """One step of a path: a node, and the edge that leads to it from the node before.

    Attributes
    ----------
    node : int
        Ordinal.
    edge : int
        Ordinal of the edge; -1 for the first step.
    edge_type, edge_name : str
        Empty for the first step.
    times : int
        How often this step is repeated in a row: the links of a chain are written once, with
        the last of its nodes.
    """

    node: int
    edge: int = -1
    edge_type: str = ""
    edge_name: str = ""
    times: int = 1


def retaining_edges(
    graph: HeapGraph,
    node: int,
    distance: np.ndarray | None = None,
    ignored: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the retainers of a node, nearest to the root first.

    As in DevTools' Retainers view, without weak edges and the root itself.

    Parameters
    ----------
    graph : HeapGraph
    node : int
    distance : int32[n], optional
        In place of the graph's own.
    ignored : bool[m], optional
        Edges to leave out.

    Returns
    -------
    edge : int64[k]
    source : uint32[k]
        Ordinals. What nothing reaches comes last.
    """
    distance = graph.distance if distance is None else distance
    into = graph.retainers
    span = slice(int(into.first[node]), int(into.first[node + 1]))
    edges, sources = into.edge[span].astype(np.int64), into.node[span]
    shown = (graph.edge_type[edges] != graph.edge_type_code(_WEAK)) & (sources != graph.root)
    if ignored is not None:
        shown &= ~ignored[edges]
    edges, sources = edges[shown], sources[shown]
    far = distance[sources].astype(np.int64)
    far[far < 0] = np.iinfo(np.int64).max
    order = np.lexsort((ranks(graph)[graph.edge_type[edges]], far))
    return edges[order], sources[order]


def edges_to_root(
    graph: HeapGraph,
    node: int,
    *,
    distance: np.ndarray | None = None,
    ignored: np.ndarray | None = None,
) -> np.ndarray:
    """Return the edges of the shortest path from the root to a node, the one into it last.

    Parameters
    ----------
    graph : HeapGraph
    node : int
    distance : int32[n], optional
        In place of the graph's own; computed without the ignored edges.
    ignored : bool[m], optional
        Edges that the path may not take.

    Returns
    -------
    int64[k]
        Empty where nothing reaches the node, and for the root.
    """
    into = graph.retainers
    edges = walk_up(
        into.first,
        into.node,
        into.edge,
        graph.edge_type,
        ranks(graph),
        graph.distance if distance is None else distance,
        graph.root,
        int(node),
        _NO_EDGES if ignored is None else ignored,
        graph.node_count,
    )[::-1]
    whole = len(edges) and int(_source(graph, edges[0])) == graph.root
    return edges if whole else edges[:0]


def path_to_root(
    graph: HeapGraph,
    node: int,
    *,
    distance: np.ndarray | None = None,
    ignored: np.ndarray | None = None,
    collapse: bool = True,
) -> list[Step]:
    """Return the shortest path from the root to a node.

    Parameters
    ----------
    graph : HeapGraph
    node : int
    distance, ignored
        As for `edges_to_root`.
    collapse : bool
        Write chains of equal links, such as a thousand times ``_idleNext``, as one.

    Returns
    -------
    list of Step
        The root first, the node last; empty where nothing reaches the node.
    """
    edges = edges_to_root(graph, node, distance=distance, ignored=ignored)
    if not len(edges):
        return [Step(graph.root)] if node == graph.root else []
    kept, times = _collapsed(graph, edges) if collapse else (edges, np.ones(len(edges), np.int64))
    return [
        Step(graph.root),
        *(
            Step(
                int(graph.edge_to[edge]),
                edge,
                graph.edge_types[graph.edge_type[edge]],
                graph.edge_label(edge),
                count,
            )
            for edge, count in zip(kept.tolist(), times.tolist(), strict=True)
        ),
    ]


def ranks(graph: HeapGraph) -> np.ndarray:
    """Rank the edge types, the preferred least; weak edges are never followed."""
    ranks = np.full(256, len(_PREFERRED), np.uint8)
    for code, name in enumerate(graph.edge_types):
        if name == _WEAK:
            ranks[code] = _NEVER
        elif name in _PREFERRED:
            ranks[code] = _PREFERRED.index(name)
    return ranks


def _source(graph: HeapGraph, edge: int) -> int:
    return int(np.searchsorted(graph.first_edge, edge, side="right")) - 1


def _collapsed(graph: HeapGraph, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Write repeated stretches of a path once: ``(edges, times)``.

    A stretch is up to four links long, such as promise -> reaction -> promise -> reaction. Links
    are equal where type and name of the edge, and the class that it leads to, are.
    """
    links = np.stack(
        [
            graph.edge_type[edges].astype(np.int64),
            graph.edge_name[edges].astype(np.int64),
            graph.class_index[graph.edge_to[edges]].astype(np.int64),
        ],
        axis=1,
    )
    runs = {period: _run_lengths(links, period) for period in range(1, _LONGEST_PERIOD + 1)}
    kept: list[np.ndarray] = []
    times: list[int] = []
    place = 0
    while place < len(edges):
        period, repeats = _repetition(runs, place)
        end = place + period * repeats
        kept.append(edges[end - period : end])
        times += [repeats] * period
        place = end
    return np.concatenate(kept), np.array(times)


def _repetition(runs: dict[int, np.ndarray], place: int) -> tuple[int, int]:
    for period, length in runs.items():
        repeats = int(length[place]) // period + 1
        if repeats > _LEAST_REPEATS:
            return period, repeats
    return 1, 1


def _run_lengths(links: np.ndarray, period: int) -> np.ndarray:
    """Tell for each place how many links on from it equal the one a period later."""
    n = len(links)
    equal = np.zeros(n, np.bool_)
    if n > period:
        equal[: n - period] = (links[period:] == links[:-period]).all(axis=1)
    # The next place where they differ.
    breaks = np.where(equal, n, np.arange(n))
    return np.minimum.accumulate(breaks[::-1])[::-1] - np.arange(n)


# -- as frames --------------------------------------------------------------------------------


def retainers_frame(graph: HeapGraph, node: int, ignored: np.ndarray | None = None) -> pd.DataFrame:
    """Return the retainers of a node with the columns of `schemas.RETAINERS`."""
    edges, sources = retaining_edges(graph, node, ignored=ignored)
    of_edge, of_node = edge_columns(graph, edges), node_columns(graph, sources)
    return pd.DataFrame(
        {
            "node": sources.astype(np.int64),
            "id": of_node["id"],
            **of_edge,
            **{c: of_node[c] for c in ("name", "class_name", "distance")},
            "self_size_bytes": of_node["self_size_bytes"],
            "retained_size_bytes": of_node["retained_size_bytes"],
        },
        index=pd.Index(edges, name="edge"),
    )


def path_frame(graph: HeapGraph, node: int, ignored: np.ndarray | None = None) -> pd.DataFrame:
    """Return the path to a node with the columns of `schemas.PATH`."""
    path = path_to_root(graph, node, ignored=ignored)
    nodes = np.array([step.node for step in path], np.int64)
    of_node = node_columns(graph, nodes)
    frame = pd.DataFrame(
        {
            "node": nodes,
            "id": of_node["id"],
            "edge_type": pd.Categorical(pd.array([s.edge_type for s in path], dtype="str")),
            "edge_name": pd.Categorical(pd.array([s.edge_name for s in path], dtype="str")),
            **{c: of_node[c] for c in ("name", "class_name", "distance", "retained_size_bytes")},
            "times": np.array([step.times for step in path], np.int64),
            "edge": np.array([step.edge for step in path], np.int64),
        },
        index=pd.RangeIndex(len(path), name="step"),
    )
    frame.attrs["text"] = describe_path(graph, path)
    return frame
