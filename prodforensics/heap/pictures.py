"""Static pictures and tables of heaps: what a report and a saved notebook show of the explorers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prodforensics.display import svg
from prodforensics.display.cards import findings_card, picture
from prodforensics.display.paging import page_order
from prodforensics.display.tables import human_bytes, human_count, table
from prodforensics.evidence import Section
from prodforensics.heap.comparison_pages import marks, trend_groups
from prodforensics.heap.dominator_picture import dominator_icicle
from prodforensics.heap.pages import categories
from prodforensics.heap.retainers import path_to_root
from prodforensics.heap.wording import describe_node

if TYPE_CHECKING:
    import pandas as pd

    from prodforensics.heap.compare import HeapComparison
    from prodforensics.heap.graph import HeapGraph
    from prodforensics.heap.model import HeapSnapshot

__all__ = [
    "comparison_card",
    "comparison_sections",
    "retaining_path",
    "snapshot_card",
    "snapshot_sections",
]

_ROWS = 20
_ROWS_OF_CARD = 8
_PATHS = 3


def snapshot_card(snapshot: HeapSnapshot) -> str:
    """Draw what the card of a snapshot shows: categories, and the classes that retain most."""
    bar = svg.parts(categories(snapshot.graph), "Heap by category")
    return bar + table(_classes(snapshot.graph, _ROWS_OF_CARD))


def comparison_card(compared: HeapComparison) -> str:
    """Draw what the card of a comparison shows: the first findings, and the classes that grew."""
    return findings_card(compared.findings()[:_PATHS]) + table(
        _grown(compared).head(_ROWS_OF_CARD), caption="What grew"
    )


def snapshot_sections(snapshot: HeapSnapshot) -> list[Section]:
    """Draw the static twin of the explorer: categories, dominators, classes."""
    graph = snapshot.graph
    return [
        Section("Where the memory is", svg.parts(categories(graph), "Heap by category")),
        Section(
            "What keeps what alive",
            picture(
                dominator_icicle(graph),
                "A bar is as wide as what the object retains; below it what it alone keeps alive",
            ),
        ),
        Section("Classes that retain most", table(_classes(graph, _ROWS))),
    ]


def comparison_sections(compared: HeapComparison) -> list[Section]:
    """Draw the static twin of the explorer: growth points, their paths, classes, the trend."""
    graph, points = compared.graph, compared.points
    held = compared.frames["growth_points"]
    columns = ["variable", "item", "count_before", "count_after", "retained_growth_bytes"]
    columns += ["pattern", "location"]
    held_html = table(held[columns], limit=_ROWS)
    for one in points[:_PATHS]:
        title = f"What keeps {one.variable or one.holder_name} alive"
        held_html += picture(retaining_path(graph, one.point.holder), title)
    sections = [
        Section("Who holds the growth", held_html),
        Section("What grew", table(_grown(compared), limit=_ROWS)),
    ]
    if len(compared.snapshots) > 2:
        sections.append(Section("Trend", _trend(compared)))
    return sections


def retaining_path(graph: HeapGraph, node: int) -> str:
    """Draw the shortest path from the root to a node as static SVG."""
    steps = [
        svg.Step(
            f"{describe_node(graph, step.node)} @{int(graph.id[step.node])}",
            human_bytes(int(graph.retained_size[step.node])),
            edge=f"[{step.edge_name}]" if step.edge_type == "element" else step.edge_name,
            chain=step.times if step.times > 1 else 0,
        )
        for step in path_to_root(graph, node)
    ]
    return svg.chain(steps, f"Path from the root to {describe_node(graph, node)}")


def _trend(compared: HeapComparison) -> str:
    drawn = ""
    for group in trend_groups(compared):
        if group["lines"]:
            lines = [svg.Line(line["name"], line["values"]) for line in group["lines"]]
            write = human_bytes if group["unit"] == "bytes" else human_count
            drawn += picture(
                svg.lines(lines, marks(compared), group["title"], write=write), group["title"]
            )
    return drawn or '<p class="pf-none">Nothing grows from each snapshot to the next.</p>'


def _grown(compared: HeapComparison) -> pd.DataFrame:
    """Take the classes that grew or shrank; what comes and goes at the same rate did neither."""
    frame = compared.frames["constructors"]
    frame = frame[(frame[["size_delta_bytes", "retained_delta_bytes"]] != 0).any(axis=1)]
    return frame.drop(columns=["count_delta", "added_size_bytes", "removed_size_bytes"])


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
