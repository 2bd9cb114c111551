"""The wait-for graph as a picture: threads are boxes, locks have round ends, a deadlock is red."""

from __future__ import annotations

from collections.abc import Iterator

from prodforensics.core.explorer.wait_graph import Edge, Node, WaitGraph
from prodforensics.core.explorer.wait_layout import BOX, TALL, Place, components, placed
from prodforensics.display.drawing import CHARACTER, Drawing, path, rect, text

__all__ = ["draw_waits"]

_HEAD = 26
_BETWEEN = 34
_EDGE = 10


def draw_waits(graph: WaitGraph, width: float, label: str = "Who waits for whom") -> Drawing:
    """Draw who waits for which lock, and who holds it.

    Parameters
    ----------
    graph : WaitGraph
    width : float
        Pixels; a long chain takes more.
    label : str
        What there is to see.

    Returns
    -------
    Drawing
        A box is a part; its key is the ``thread_id`` of its first thread, and for a lock its name
        in the table of waits.
    """
    drawing = Drawing(width, 0, label)
    places: dict[str, Place] = {}
    y, wide = float(_HEAD + 8 if graph.edges else 14), 0.0
    for group in components(graph):
        if not any(edge.source in group for edge in graph.edges):
            continue
        found = placed(graph, group)
        for key, (left, top) in found.items():
            places[key] = (_EDGE + left, y + top)
        y = max(places[key][1] for key in found) + TALL + _BETWEEN
        wide = max(wide, *(places[key][0] + BOX for key in found))
    drawing.width = max(width, wide + _EDGE)
    _legend(drawing, graph)
    # What is part of the cycle comes last, and so lies on top.
    for edge in sorted(graph.edges, key=lambda one: one.in_cycle):
        _line(drawing, graph, edge, places)
    for key, place in places.items():
        _box(drawing, graph.nodes[key], place, graph)
    for words in _notes(graph):
        drawing.add(text(_EDGE, y + 4, words, drawing.width - _EDGE, "pf-soft"))
        y += 18
    drawing.height = y + 4
    return drawing


def _legend(drawing: Drawing, graph: WaitGraph) -> None:
    x = float(_EDGE)
    shapes = (("a thread, or a crowd of them", 4), ("a lock", 8))
    if not graph.edges:
        return
    for words, round_ in shapes:
        drawing.add(
            rect(x, 3, 26, 16, "raised", stroke="soft", rx=round_),
            text(x + 32, 15, words, 260, "pf-soft"),
        )
        x += 54 + CHARACTER * len(words)
    if graph.cycles:
        drawing.add(
            path(f"M{x} 11h30", "bad", stroke_width=3),
            text(x + 36, 15, "✖ the deadlock: each waits for the next", 320, "pf-bad"),
        )


def _box(drawing: Drawing, node: Node, place: Place, graph: WaitGraph) -> None:
    x, y = place
    lock = not node.threads
    stroke, wide = ("bad", 2.2) if node.in_cycle else ("soft", 1.2)
    title = f"✖ {node.title}" if node.in_cycle else node.title
    kind = "pf-bad pf-strong" if node.in_cycle else "pf-strong"
    drawing.add(
        rect(
            x, y, BOX, TALL, "ground" if lock else "raised", stroke=stroke,
            stroke_width=wide, rx=TALL / 2 if lock else 4, class_="pf-face",
        ),
        # A crowd is a pile of boxes.
        path(f"M{x + 6} {y - 4}h{BOX - 2}v{TALL - 2}", "soft") if len(node.threads) > 1 else None,
        text(x + BOX / 2, y + (17 if node.detail else 25), title, BOX - 24, kind, "middle"),
        text(x + BOX / 2, y + 32, node.detail, BOX - 24, "pf-soft", "middle"),
        title=_words(node, graph),
        key=node.threads[0] if node.threads else node.key[1:],
    )  # fmt: skip


def _words(node: Node, graph: WaitGraph) -> str:
    parts = [f"{node.title} {node.detail}".strip()]
    for edge in graph.edges:
        if edge.source == node.key:
            parts.append(f"{edge.words} {graph.nodes[edge.target].title}")
        elif edge.target == node.key and edge.words in ("waits for", "wait for"):
            parts.append(f"{graph.nodes[edge.source].title} {edge.words} it")
    if len(parts) > 9:
        parts[9:] = [f"and {len(parts) - 9:,} more"]
    return ", ".join(parts) + (", in the deadlock" if node.in_cycle else "")


def _line(drawing: Drawing, graph: WaitGraph, edge: Edge, places: dict[str, Place]) -> None:
    if edge.source not in places or edge.target not in places:
        return
    (x1, y1), (x2, y2) = places[edge.source], places[edge.target]
    colour, wide = ("bad", 2.6) if edge.in_cycle else ("soft", 1.4)
    if abs(x1 - x2) < BOX / 2 and y1 != y2:
        # One above the other.
        down = 1 if y2 > y1 else -1
        # Both ways between two boxes: side by side.
        shift = 14.0 * down if _both(graph, edge) else 0.0
        begin, end = y1 + (TALL if down > 0 else 0), y2 + (0 if down > 0 else TALL)
        a, b = x1 + BOX / 2 + shift, x2 + BOX / 2 + shift
        d = f"M{a} {begin}C{a} {(begin + end) / 2} {b} {(begin + end) / 2} {b} {end - 7 * down}"
        tip = f"M{b - 5} {end - 8 * down}h10L{b} {end}z"
        middle, anchor = ((a + b) / 2 + 7, (begin + end) / 2 + 4), "start"
    else:
        right = 1 if x2 > x1 else -1
        shift = 8.0 * right if _both(graph, edge) else 0.0
        a, b = x1 + (BOX if right > 0 else 0), x2 + (0 if right > 0 else BOX)
        begin, end = y1 + TALL / 2 + shift, y2 + TALL / 2 + shift
        bend = (a + b) / 2
        d = f"M{a} {begin}C{bend} {begin} {bend} {end} {b - 7 * right} {end}"
        tip = f"M{b - 8 * right} {end - 5}v10L{b} {end}z"
        middle, anchor = (bend, (begin + end) / 2 - 6), "middle"
    straight = begin == end or anchor == "start"
    words = f"{graph.nodes[edge.source].title} {edge.words} {graph.nodes[edge.target].title}"
    drawing.add(
        path(d, colour, stroke_width=wide),
        path(tip, "none", colour),
        text(*middle, edge.words, 90, "pf-bad" if edge.in_cycle else "pf-soft", anchor)
        if straight
        else None,
        title=words,
    )


def _both(graph: WaitGraph, edge: Edge) -> bool:
    return any(e.source == edge.target and e.target == edge.source for e in graph.edges)


def _notes(graph: WaitGraph) -> Iterator[str]:
    if not graph.edges:
        yield "No thread waits for a lock that another one holds."
    if graph.left_out:
        yield f"… {graph.left_out:,} more locks: see the table of waits."
    if graph.elsewhere:
        each = ", ".join(f"{count:,} {kind}" for kind, count in sorted(graph.elsewhere.items()))
        count = sum(graph.elsewhere.values())
        who = "1 thread waits" if count == 1 else f"{count:,} threads wait"
        yield f"{who} for what no thread is known to hold: {each}."
