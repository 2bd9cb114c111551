"""The dominator tree as a picture: what keeps what alive, pruned to what can be seen.

Colours follow the kind of an object, the same in the explorer and on paper.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from prodforensics.display import svg
from prodforensics.display.tables import human_bytes
from prodforensics.display.theme import LIGHT_SERIES
from prodforensics.heap.wording import describe_node

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from prodforensics.heap.graph import HeapGraph

_PLACES = {
    "object": 0,
    "closure": 1,
    "string": 2,
    "concatenated string": 2,
    "sliced string": 2,
    "array": 3,
    "native": 4,
    "code": 5,
    "hidden": 5,
    "object shape": 5,
    "synthetic": 5,
}
_DEEPEST = 24
_ROWS_OF_PICTURE = 12
_NARROWEST = 1 / 900
"""Share of the width below which a bar cannot be seen."""


@dataclass(frozen=True)
class DominatorBar:
    """One bar of the dominator tree.

    Attributes
    ----------
    node : int
        Ordinal; -1 for a bar that sums up the smaller children.
    size : int
        Retained bytes.
    depth : int
        Levels below the zoomed node.
    start, end : float
        Sides, 0 to 1.
    place : int
        Colour; negative for a sum.
    count : int
        Objects that a sum stands for.
    """

    node: int
    size: int
    depth: int
    start: float
    end: float
    place: int
    count: int = 1


def dominator_bars(graph: HeapGraph, top: int, *, max_bars: int = 600) -> list[DominatorBar]:
    """Lay out the dominator tree below a node as an icicle, pruned to what can be seen.

    Parameters
    ----------
    graph : HeapGraph
    top : int
        The node that fills the width.
    max_bars : int
        Bars at the most; the largest objects win.

    Returns
    -------
    list of DominatorBar
        Row by row, from left to right; the smaller children of a node are summed up in one bar.
    """
    if not graph.node_count:
        return []
    whole = float(graph.retained_size[top]) or 1.0
    first, below = graph.dominated
    bars = [DominatorBar(top, int(whole), 0, 0.0, 1.0, _place(graph, top))]
    level = list(bars)
    for depth in range(1, _DEEPEST):
        deeper: list[DominatorBar] = []
        for parent in level:
            children = below[int(first[parent.node]) : int(first[parent.node + 1])]
            sizes = graph.retained_size[children]
            seen = np.flatnonzero(sizes >= whole * _NARROWEST)
            seen = seen[np.argsort(sizes[seen])[::-1]]
            left = parent.start
            for place in seen:
                node, size = int(children[place]), int(sizes[place])
                right = left + size / whole
                deeper.append(DominatorBar(node, size, depth, left, right, _place(graph, node)))
                left = right
            rest = int(sizes.sum()) - int(sizes[seen].sum())
            if len(seen) and rest >= whole * _NARROWEST * 3:
                count = len(children) - len(seen)
                end = min(left + rest / whole, 1.0)
                bars.append(DominatorBar(-1, rest, depth, left, end, -1, count))
        deeper.sort(key=lambda bar: -bar.size)
        level = deeper[: max(0, max_bars - len(bars))]
        bars += level
        if not level:
            break
    return sorted(bars, key=lambda bar: (bar.depth, bar.start))


def dominator_icicle(graph: HeapGraph, *, max_bars: int = 250) -> str:
    """Draw the dominator tree of a whole heap as static SVG."""
    bars = [
        svg.Bar(_bar_name(graph, bar), bar.size, bar.depth, bar.start, bar.end, bar.place)
        for bar in dominator_bars(graph, int(graph.root), max_bars=max_bars)
        if bar.depth < _ROWS_OF_PICTURE
    ]
    return svg.icicle(bars, "Dominator tree of the heap")


def dominator_treemap(graph: HeapGraph, *, max_bars: int = 600) -> go.Figure:
    """Draw the dominator tree of a whole heap as an interactive treemap.

    Parameters
    ----------
    graph : HeapGraph
    max_bars : int
        Tiles at the most; the largest objects win.

    Returns
    -------
    plotly.graph_objects.Figure
    """
    import plotly.graph_objects as go

    bars = dominator_bars(graph, int(graph.root), max_bars=max_bars)
    ids, parents = [], []
    above: list[list[int]] = []
    for place, bar in enumerate(bars):
        row = above[bar.depth - 1] if bar.depth else []
        holder = next((k for k in row if _inside(bar, bars[k])), None)
        ids.append(str(place))
        parents.append("" if holder is None else str(holder))
        if bar.depth == len(above):
            above.append([])
        above[bar.depth].append(place)
    # Names of the heap are hostile: plotly reads some HTML in labels.
    names = [escape(_bar_name(graph, bar)) for bar in bars]
    colours = [LIGHT_SERIES[bar.place] if bar.place >= 0 else "#c9ced6" for bar in bars]
    figure = go.Figure(
        go.Treemap(
            ids=ids,
            parents=parents,
            labels=names,
            values=[bar.size for bar in bars],
            branchvalues="total",
            maxdepth=4,
            marker={"colors": colours},
            text=[human_bytes(bar.size) for bar in bars],
            texttemplate="%{label}<br>%{text}",
            hovertemplate="%{label}<br>retains %{text}<extra></extra>",
        )
    )
    figure.update_layout(title="What keeps what alive", margin={"t": 40, "l": 0, "r": 0, "b": 0})
    return figure


def _inside(bar: DominatorBar, holder: DominatorBar) -> bool:
    middle = (bar.start + bar.end) / 2
    return holder.node >= 0 and holder.start <= middle <= holder.end


def _bar_name(graph: HeapGraph, bar: DominatorBar) -> str:
    return f"{bar.count:,} smaller" if bar.node < 0 else describe_node(graph, bar.node)


def _place(graph: HeapGraph, node: int) -> int:
    return _PLACES.get(graph.node_types[graph.type[node]], 6)
