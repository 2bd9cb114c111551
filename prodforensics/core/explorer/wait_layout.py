"""Where the boxes of a wait-for graph stand: a cycle as a ring, everything else from left to right.

What waits for a ring stands above or below the box that it waits for.
"""

from __future__ import annotations

from collections import defaultdict

from prodforensics.core.explorer.wait_graph import WaitGraph

__all__ = ["ACROSS", "BOX", "DOWN", "TALL", "Place", "components", "placed"]

BOX, TALL = 216, 42
ACROSS, DOWN = 92, 58
"""Pixels between boxes."""

Place = tuple[float, float]


def components(graph: WaitGraph) -> list[list[str]]:
    """Return the keys of the boxes that hang together, in the order of the graph."""
    near: dict[str, list[str]] = defaultdict(list)
    for edge in graph.edges:
        near[edge.source].append(edge.target)
        near[edge.target].append(edge.source)
    seen: set[str] = set()
    found = []
    for key in graph.nodes:
        waiting, group = [key], []
        while waiting:
            here = waiting.pop()
            if here in seen:
                continue
            seen.add(here)
            group.append(here)
            waiting += near[here]
        if group:
            found.append([key for key in graph.nodes if key in set(group)])
    return found


def placed(graph: WaitGraph, group: list[str]) -> dict[str, Place]:
    """Place the boxes of one component.

    Parameters
    ----------
    graph : WaitGraph
    group : list of str
        The keys of the component.

    Returns
    -------
    dict of str to (float, float)
        Left and top in pixels, from (0, 0).
    """
    leads: dict[str, list[str]] = defaultdict(list)
    for edge in graph.edges:
        if edge.source in set(group):
            leads[edge.source].append(edge.target)
    ring = _cycle(leads, group)
    found = _around(leads, group, ring) if ring else _layers(leads, group)
    left = min((x for x, _ in found.values()), default=0)
    top = min((y for _, y in found.values()), default=0)
    return {key: (x - left, y - top) for key, (x, y) in found.items()}


def _cycle(leads: dict[str, list[str]], group: list[str]) -> list[str]:
    """Return the boxes of the first cycle, in its order; empty for none."""
    done: set[str] = set()
    for start in group:
        trail: list[str] = []
        place: dict[str, int] = {}
        # Lines of a box that were not followed yet; a loop, for chains can be long.
        waiting: list[list[str]] = []
        if start in done:
            continue
        trail.append(start)
        place[start] = 0
        waiting.append(list(leads[start]))
        while trail:
            if not waiting[-1]:
                waiting.pop()
                gone = trail.pop()
                del place[gone]
                done.add(gone)
                continue
            target = waiting[-1].pop(0)
            if target in place:
                return trail[place[target] :]
            if target not in done:
                place[target] = len(trail)
                trail.append(target)
                waiting.append(list(leads[target]))
    return []


def _around(leads: dict[str, list[str]], group: list[str], ring: list[str]) -> dict[str, Place]:
    """Place a ring in two rows, and what waits for it above and below."""
    half = (len(ring) + 1) // 2
    found: dict[str, Place] = {}
    side: dict[str, int] = {}
    for number, key in enumerate(ring):
        upper = number < half
        column = number if upper else len(ring) - 1 - number
        found[key] = (column * (BOX + ACROSS), 0 if upper else TALL + DOWN)
        side[key] = -1 if upper else 1
    rank = dict.fromkeys(ring, 0)
    fresh = list(ring)
    right: dict[tuple[int, int], float] = {}
    while fresh:
        goals, fresh = set(fresh), []
        for key in group:
            target = next((one for one in leads[key] if one in goals), None)
            if target is None or key in rank:
                continue
            rank[key], side[key] = rank[target] + 1, side[target]
            row = (side[key], rank[key])
            x = max(found[target][0], right.get(row, float("-inf")))
            right[row] = x + BOX + 20
            away = rank[key] * (TALL + DOWN)
            found[key] = (x, -away if side[key] < 0 else TALL + DOWN + away)
            fresh.append(key)
    # What only the ring leads to stands right of it.
    wide = max(x for x, _ in found.values()) + BOX + ACROSS
    for number, key in enumerate(key for key in group if key not in found):
        found[key] = (wide, number * (TALL + 20))
    return found


def _layers(leads: dict[str, list[str]], group: list[str]) -> dict[str, Place]:
    """Place boxes in columns, each right of all that wait for it, close to what it waits for."""
    layer = dict.fromkeys(group, 0)
    for _ in group:
        moved = False
        for source, targets in leads.items():
            for target in targets:
                if layer[target] <= layer[source]:
                    layer[target], moved = layer[source] + 1, True
        if not moved:
            break
    first = {key: layer[key] for key in group}
    waited = {target for targets in leads.values() for target in targets}
    for key in group:
        if key not in waited and leads[key]:
            first[key] = min(first[target] for target in leads[key]) - 1
    columns: dict[int, list[str]] = defaultdict(list)
    for key in group:
        columns[first[key]].append(key)
    found: dict[str, Place] = {}
    for column in sorted(columns, reverse=True):
        keys = columns[column]

        def middle(key: str) -> float:
            known = [found[one][1] for one in leads[key] if one in found]
            return sum(known) / len(known) if known else 0.0

        keys.sort(key=middle)
        y = 0.0
        for key in keys:
            found[key] = (column * (BOX + ACROSS), max(y, middle(key) if len(keys) == 1 else y))
            y = found[key][1] + TALL + 20
    return found
