"""What a person sees of a heap: the explorers, and their static twins for reports and cards."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prodforensics.display import cards, svg, tables
from prodforensics.display.widget import ExplorerWidget
from prodforensics.heap import pictures
from prodforensics.heap.pages import SnapshotPages

if TYPE_CHECKING:
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


def snapshot_html(snapshot: HeapSnapshot) -> str:
    """Draw the static twin of the explorer: categories, dominators, classes."""
    graph = snapshot.graph
    top = snapshot.frames["constructors"].nlargest(15, "retained_size_bytes")
    return (
        cards.picture(svg.parts(graph.statistics.items(), "Heap by category"), "By category")
        + cards.picture(
            pictures.dominator_icicle(graph, "Dominator tree"),
            "What keeps what alive (dominator tree; a bar is as wide as what it retains)",
        )
        + tables.table(top, caption="Classes that retain most")
    )


def _scripts(name: str) -> list[Path]:
    folder = files(__package__).joinpath("static")
    return [Path(str(folder.joinpath(script))) for script in ("object_pane.js", name)]
