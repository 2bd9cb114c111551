"""What a person sees of a heap: the explorers, and their static twins for cards and reports."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from prodforensics.display.cards import static_twin
from prodforensics.display.widget import ExplorerWidget
from prodforensics.heap.comparison_pages import ComparisonPages
from prodforensics.heap.dominator_picture import dominator_treemap
from prodforensics.heap.pages import SnapshotPages
from prodforensics.heap.pictures import comparison_sections, snapshot_sections

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from prodforensics.heap.compare import HeapComparison
    from prodforensics.heap.graph import HeapGraph
    from prodforensics.heap.model import HeapSnapshot

__all__ = ["comparison", "explorer", "treemap"]

_COMMON = ("object_pane.js", "heap_view.js")


def explorer(snapshot: HeapSnapshot) -> ExplorerWidget:
    """Explore one snapshot: Summary, Containment, Dominators, Retainers, Statistics.

    Parameters
    ----------
    snapshot : HeapSnapshot

    Returns
    -------
    ExplorerWidget
        A Jupyter widget that asks this kernel for a page at a time; its static twin stands in a
        saved notebook.
    """
    _get_ready(snapshot.graph)
    pages = SnapshotPages(snapshot)
    twin = static_twin(snapshot, snapshot_sections(snapshot), findings=False)
    return ExplorerWidget(pages.questions, _scripts("explorer.js"), twin)


def comparison(compared: HeapComparison) -> ExplorerWidget:
    """Explore a comparison: findings, what grew, growth points, the trend.

    Parameters
    ----------
    compared : HeapComparison

    Returns
    -------
    ExplorerWidget
        Works as `explorer` does; its objects are those of the last snapshot.
    """
    _get_ready(compared.graph)
    pages = ComparisonPages(compared)
    twin = static_twin(compared, comparison_sections(compared))
    return ExplorerWidget(pages.questions, _scripts("comparison.js"), twin)


def treemap(snapshot: HeapSnapshot) -> go.Figure:
    """Draw the dominator tree as a treemap: a tile is as large as what its object retains.

    Parameters
    ----------
    snapshot : HeapSnapshot

    Returns
    -------
    plotly.graph_objects.Figure
    """
    return dominator_treemap(snapshot.graph)


def _get_ready(graph: HeapGraph) -> None:
    """Build what the first click needs while the page is being drawn."""
    Thread(target=lambda: (graph.retainers, graph.dominated), daemon=True).start()


def _scripts(name: str) -> list[Path]:
    folder = files(__package__).joinpath("static")
    return [Path(str(folder.joinpath(script))) for script in (*_COMMON, name)]
