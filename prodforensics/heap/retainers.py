"""What keeps an object alive: its retainers, and the shortest path from the root to it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from prodforensics.kernels.walks import walk_up

if TYPE_CHECKING:
    from prodforensics.heap.graph import HeapGraph

__all__ = ["Step", "describe_path", "edges_to_root", "path_to_root", "retaining_edges"]

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
    graph: HeapGraph, node: int, distance: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the retainers of a node, nearest to the root first.

    As in DevTools' Retainers view, without weak edges and the root itself.

    Parameters
    ----------
    graph : HeapGraph
    node : int
    distance : int32[n], optional
        In place of the graph's own.

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
    edges, sources = edges[shown], sources[shown]
    far = distance[sources].astype(np.int64)
    far[far < 0] = np.iinfo(np.int64).max
    order = np.lexsort((_ranks(graph)[graph.edge_type[edges]], far))
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
        _ranks(graph),
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


def _ranks(graph: HeapGraph) -> np.ndarray:
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


# -- in words ---------------------------------------------------------------------------------

_TEXT = 60
# What V8 stores the contents of an object in; the element below says enough.
_STORES = (
    "table", "elements", "properties", "reactions_or_result", "parameters_and_registers",
    "script_context_table",
)  # fmt: skip
# The way from a function to the variable that it sees; the variable's name says enough.
_SCOPES = ("context", "previous", "native_context")
_UNNAMED = ("Object", "Array", "Module", "system / Context", "")
_WEAK_PAIR = " pair in WeakMap "


def describe_path(graph: HeapGraph, path: Sequence[Step]) -> str:
    """Write a path in one line, as one would write it in the program.

    Properties and elements follow as ``.name`` and ``[0]``; an arrow stands for a step that the
    program cannot write: a variable of a closure, a link inside V8. Backing stores and scopes are
    passed over, chains are counted, and class names stand where they tell something.

    Parameters
    ----------
    graph : HeapGraph
    path : sequence of Step
        From `path_to_root`.

    Returns
    -------
    str
        ``global.process.mainModule.exports.handle() → sessions (Map)[1203] → Session @8531``;
        without a path, that nothing reaches the node.

    Examples
    --------
    >>> import prodforensics as pf
    >>> snapshot = pf.load(pf.samples.path("heap/globals.2.heapsnapshot.zst"))
    >>> record = snapshot.instances("SearchRecord").index[0]
    >>> describe_path(snapshot.graph, path_to_root(snapshot.graph, record))
    'global.recentSearches[0] → SearchRecord @40567'
    """
    if not path:
        return "(unreachable)"
    if len(path) == 1:
        return "(root)" if path[0].node == graph.root else _node_words(graph, path[0].node)
    words = ""
    place = 1
    while place < len(path):
        step = path[place]
        if step.times > 1:
            chain = [step]
            while place + len(chain) < len(path) and path[place + len(chain)].times == step.times:
                chain.append(path[place + len(chain)])
            names = " → ".join(_link_words(graph, one) for one in chain)
            words += f" → … {step.times:,} × {names}"
            place += len(chain)
            continue
        last = place == len(path) - 1
        words += _step_words(graph, step, first=not words, last=last)
        place += 1
    target = path[-1].node
    if path[-1].times > 1:
        words += f" → {_node_words(graph, target)}"
    return f"{words} @{int(graph.id[target])}"


def _step_words(graph: HeapGraph, step: Step, *, first: bool, last: bool) -> str:
    # V8 numbers some internal links: "21 / DevTools console".
    name = _shortened(re.sub(r"^\d+ / ", "", step.edge_name))
    node = _node_words(graph, step.node)
    if first or _kind(graph, step.node) == "synthetic":
        # The global objects and the groups of roots: their own name tells.
        return node if first else f" → {node}"
    if step.edge_type == "internal" and step.edge_name in _STORES + _SCOPES and not last:
        return ""
    if _WEAK_PAIR in step.edge_name:
        name = "(value in WeakMap)"
        link = f" → {name}"
    elif step.edge_type == "property":
        link = f".{name}" if name.isidentifier() or name.startswith("<") else f"[{name!r}]"
    elif step.edge_type == "element" or name.isdigit():
        link = f"[{name}]"
    else:
        link = f" → {name}"
    if last:
        return link if node.removesuffix("()") == name else f"{link} → {node}"
    if _kind(graph, step.node) == "closure":
        return f"{link}()"
    telling = node not in _UNNAMED and node != name and _kind(graph, step.node) == "object"
    return f"{link} ({node})" if telling else link


def _link_words(graph: HeapGraph, step: Step) -> str:
    """Name a link of a chain by its property, or where it has none by what it leads to."""
    if step.edge_type in ("property", "context"):
        return _shortened(step.edge_name)
    return _node_words(graph, step.node).removeprefix("system / ")


def _node_words(graph: HeapGraph, node: int) -> str:
    kind = _kind(graph, node)
    name = _shortened(graph.strings[graph.name[node]])
    if kind.endswith("string"):
        return f'"{name}"'
    if kind == "closure":
        return f"{name or '(anonymous)'}()"
    return name or f"({kind})"


def _kind(graph: HeapGraph, node: int) -> str:
    return graph.node_types[graph.type[node]]


def _shortened(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _TEXT else text[: _TEXT - 1] + "…"
