"""What a person sees of a heap: the explorers, and their static twins for reports and cards."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from prodforensics.display import cards, svg, tables
from prodforensics.display.paging import page_order
from prodforensics.display.widget import ExplorerWidget
from prodforensics.heap import pictures
from prodforensics.heap.comparison_pages import ComparisonPages
from prodforensics.heap.pages import SnapshotPages

if TYPE_CHECKING:
    import pandas as pd

    from prodforensics.heap.compare import HeapComparison
    from prodforensics.heap.graph import HeapGraph
    from prodforensics.heap.model import HeapSnapshot


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
    pages = SnapshotPages(snapshot)
    twin = cards.card(
        snapshot.title,
        "heap snapshot",
        [("objects", tables.human_count(pages.about()["nodes"]))],
        body_html=snapshot_html(snapshot),
    )
    return ExplorerWidget(pages.questions, _scripts("explorer.js"), twin)


def comparison(compared: HeapComparison) -> ExplorerWidget:
    """Explore a comparison: findings, what grew, growth points, the trend.

    Parameters
    ----------
    compared : HeapComparison

    Returns
    -------
    ExplorerWidget
        Works as `explorer` does; objects are those of the last snapshot.
    """
    pages = ComparisonPages(compared)
    twin = cards.card(compared.title, compared.kind, compared.facts())
    return ExplorerWidget(pages.questions, _scripts("comparison.js"), twin)


def snapshot_html(snapshot: HeapSnapshot) -> str:
    """Draw the static twin of the explorer: categories, dominators, classes."""
    graph = snapshot.graph
    top = _classes(graph, 15)
    return (
        cards.picture(svg.parts(pictures.categories(graph), "Heap by category"), "By category")
        + cards.picture(
            pictures.dominator_icicle(graph, "Dominator tree"),
            "What keeps what alive (dominator tree; a bar is as wide as what it retains)",
        )
        + tables.table(top, caption="Classes that retain most")
    )


def _classes(graph: HeapGraph, most: int) -> pd.DataFrame:
    """Take the classes that retain most, out of the graph: a card must not build whole frames."""
    import pandas as pd

    classes = graph.classes
    rows = page_order(classes.retained_size, 0, most)
    return pd.DataFrame(
        {
            "class_name": [classes.name[row] for row in rows],
            "count": classes.count[rows],
            "distance": classes.distance[rows],
            "shallow_size_bytes": classes.self_size[rows],
            "retained_size_bytes": classes.retained_size[rows],
        }
    )


def _scripts(name: str) -> list[Path]:
    folder = files(__package__).joinpath("static")
    return [Path(str(folder.joinpath(script))) for script in ("object_pane.js", name)]
