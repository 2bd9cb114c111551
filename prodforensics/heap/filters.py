"""Parts of a heap by what keeps them alive: the filters of DevTools' Summary view."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc

from prodforensics.errors import UnknownName
from prodforensics.heap.categories import number_from_zero, texts
from prodforensics.heap.duplicates import repeated
from prodforensics.heap.objects import detached_nodes
from prodforensics.heap.suspects import detached_dom
from prodforensics.kernels.aggregates import class_sums
from prodforensics.kernels.avoiding import event_handlers, reached_without
from prodforensics.kernels.distances import UNREACHED
from prodforensics.kernels.texts import prefixed

if TYPE_CHECKING:
    from prodforensics.heap.classes import Classes
    from prodforensics.heap.graph import HeapGraph

__all__ = ["FILTERS", "Filter", "applicable", "sum_filtered", "within"]

_CONSOLE = " / DevTools console"
_CONTEXT = "system / Context"
_NONE = np.empty(0, np.int64)


@dataclass(frozen=True)
class Filter:
    """One filter.

    Attributes
    ----------
    title : str
        As DevTools words it.
    holding_nodes, holding_edges : function of HeapGraph
        Ordinals of what holds the objects of the filter; each may be None.
    """

    title: str
    holding_nodes: Callable[[HeapGraph], np.ndarray] | None = None
    holding_edges: Callable[[HeapGraph], np.ndarray] | None = None


def applicable(graph: HeapGraph) -> list[str]:
    """Name the filters that can find something in this heap.

    Node.js marks natives of its own as detached; where there is no DOM, there is no such filter.
    """

    def there(name: str) -> bool:
        if name == "duplicate_strings":
            return bool((graph.type == graph.node_type_code("string")).any())
        if name == "detached_nodes":
            return len(detached_dom(graph)[0]) > 0
        return any(len(ordinals) for ordinals in _holding(graph, FILTERS[name]))

    return [name for name in FILTERS if there(name)]


def within(graph: HeapGraph, name: str, ignored: np.ndarray | None = None) -> np.ndarray:
    """Tell which objects a filter shows, by DevTools' rules.

    Equal strings; or what nothing else would hold: all that the root reaches, though not on ways
    that avoid the filter's objects (or, for the console, references).

    Parameters
    ----------
    graph : HeapGraph
    name : str
        Key of `FILTERS`.
    ignored : bool[m], optional
        Edges that are not followed at all.

    Returns
    -------
    bool[n]

    Raises
    ------
    UnknownName
        There is no such filter.

    Examples
    --------
    >>> import prodforensics as pf
    >>> graph = pf.load(pf.samples.path("heap/closures.2.heapsnapshot.zst")).graph
    >>> kept = within(graph, "contexts")
    >>> bool(kept.any()), bool(kept[graph.root])
    (True, False)
    """
    if name not in FILTERS:
        raise UnknownName("filter", name, FILTERS)
    if name == "duplicate_strings":
        found = np.zeros(graph.node_count, np.bool_)
        found[repeated(graph)] = True
        return found
    nodes, edges = _holding(graph, FILTERS[name])
    avoided_nodes = _marked(nodes, graph.node_count)
    avoided_edges = _marked(edges, graph.edge_count)
    if ignored is not None:
        avoided_edges = avoided_edges | ignored if avoided_edges.size else ignored
    reached = np.zeros(graph.node_count, np.bool_)
    reached_without(
        graph.first_edge, graph.edge_type, graph.edge_to, graph.root, graph.edge_type_code("weak"),
        avoided_nodes, avoided_edges, reached,
    )  # fmt: skip
    return ~reached & (graph.distance != UNREACHED)


def sum_filtered(graph: HeapGraph, shown: np.ndarray) -> Classes:
    """Sum the classes over some of their objects.

    Parameters
    ----------
    graph : HeapGraph
    shown : bool[n]
        From `within`.

    Returns
    -------
    Classes
        Rows as in ``graph.classes``; those without such objects have a count of 0.
    """
    # Nodes of size 0 are passed over.
    count, size, retained, distance = class_sums(
        graph.class_index, len(graph.classes), np.where(shown, graph.self_size, 0),
        graph.retained_size, graph.distance, graph.root, *graph.dominated,
    )  # fmt: skip
    return replace(
        graph.classes, count=count, self_size=size, retained_size=retained, distance=distance
    )


def _holding(graph: HeapGraph, one: Filter) -> tuple[np.ndarray, np.ndarray]:
    nodes = one.holding_nodes(graph) if one.holding_nodes else _NONE
    edges = one.holding_edges(graph) if one.holding_edges else _NONE
    return nodes, edges


def _marked(ordinals: np.ndarray, size: int) -> np.ndarray:
    """Mark ordinals; none need no array."""
    marks = np.zeros(size if len(ordinals) else 0, np.bool_)
    marks[ordinals] = True
    return marks


def _contexts(graph: HeapGraph) -> np.ndarray:
    strings = graph.strings
    named = np.zeros(len(strings), np.bool_)
    for text in (f'{_CONTEXT}"', f"{_CONTEXT} / "):
        prefixed(strings.data, strings.starts, np.frombuffer(text.encode(), np.uint8), named)
    return np.flatnonzero(named[graph.name])


def _event_handlers(graph: HeapGraph) -> np.ndarray:
    numbered = np.zeros(256, np.bool_)
    numbered[[place for place, t in enumerate(graph.edge_types) if t in graph.numbered_edges]] = 1
    names = graph.strings.find(["V8EventListener", "1", "code"])
    if names[0] < 0:
        return _NONE
    found = event_handlers(
        graph.first_edge, graph.edge_type, graph.edge_name, graph.edge_to, numbered, graph.name,
        *names,
    )  # fmt: skip
    return np.flatnonzero(found)


def _console_edges(graph: HeapGraph) -> np.ndarray:
    """Find the global handles of DevTools' console, which are edges of groups of roots."""
    groups = np.flatnonzero(graph.type == graph.node_type_code("synthetic"))
    spans = [np.arange(*map(int, graph.first_edge[[v, v + 1]])) for v in groups]
    edges = np.concatenate([_NONE, *spans])
    # A shortcut's name that begins with a number is that number alone.
    others = [graph.edge_type_code(name) for name in (*graph.numbered_edges, "shortcut")]
    edges = edges[~np.isin(graph.edge_type[edges], others)]
    place, used = number_from_zero(graph.edge_name[edges])
    ends = pc.ends_with(texts(graph.strings, used), _CONSOLE).to_numpy(zero_copy_only=False)
    return edges[ends[place]] if len(edges) else edges


FILTERS = {
    "duplicate_strings": Filter("Duplicated strings"),
    "detached_nodes": Filter("Objects retained by detached DOM nodes", detached_nodes),
    "contexts": Filter("Objects retained by contexts", _contexts),
    "console": Filter("Objects retained by DevTools Console", holding_edges=_console_edges),
    "event_handlers": Filter("Objects retained by event handlers", _event_handlers),
}
"""The filters by name, in DevTools' order."""
