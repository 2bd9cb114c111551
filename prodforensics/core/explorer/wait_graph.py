"""Who waits for whom: threads and locks, crowds of waiters made one, cycles found."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Edge", "Node", "WaitGraph", "wait_graph"]

MOST_NODES = 60
_FEW = 3
"""Waiters of one lock that are still drawn one by one."""


@dataclass
class Node:
    """A box: some threads that wait for the same, or a lock.

    Attributes
    ----------
    key : str
        ``"t3"`` for a thread, ``"l0x..."`` for a lock, ``"w..."`` for a crowd of waiters.
    title, detail : str
        What stands in it.
    threads : tuple of int
        Their ``thread_id``; empty for a lock.
    in_cycle : bool
        It is part of a deadlock.
    """

    key: str
    title: str
    detail: str = ""
    threads: tuple[int, ...] = ()
    in_cycle: bool = False


@dataclass(frozen=True)
class Edge:
    """A line: who waits for a lock, or which thread holds it."""

    source: str
    target: str
    words: str
    in_cycle: bool = False


@dataclass
class WaitGraph:
    """The boxes and lines, the cycles first.

    Attributes
    ----------
    nodes : dict of str to Node
    edges : list of Edge
    elsewhere : dict of str to int
        Threads by what they wait for where nobody holds it, or that is unknown.
    left_out : int
        Boxes that there was no room for.
    """

    nodes: dict[str, Node] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    elsewhere: dict[str, int] = field(default_factory=dict)
    left_out: int = 0

    @property
    def cycles(self) -> bool:
        """Whether there is a deadlock."""
        return any(edge.in_cycle for edge in self.edges)


@dataclass
class _Wait:
    """One row of ``waits`` that leads to a lock or to a thread."""

    thread: int
    lock: int | None
    held_by: int | None
    kind: str
    name: str
    in_cycle: bool


def wait_graph(waits: pd.DataFrame, names: dict[int, str], most: int = MOST_NODES) -> WaitGraph:
    """Make the graph of the frame ``waits``.

    Parameters
    ----------
    waits : DataFrame
        The frame of a core.
    names : dict of int to str
        Thread names by ``thread_id``.
    most : int
        Boxes at the most; locks with the most waiters are kept.
    """
    graph = WaitGraph()
    rows = _rows(waits)
    leading = [row for row in rows if row.held_by is not None]
    holders = {row.held_by for row in leading}
    held = {row.lock for row in leading if row.lock is not None}
    alone: dict[str, int] = defaultdict(int)
    by_target: dict[str, list[_Wait]] = defaultdict(list)
    for row in rows:
        if row.held_by is None and (row.lock is None or row.lock not in held):
            alone[row.kind] += 1
        elif row.lock is not None:
            by_target[f"l{row.lock:#x}"].append(row)
        else:
            by_target[f"t{row.held_by}"].append(row)
    graph.elsewhere = dict(alone)
    order = sorted(by_target, key=lambda key: _rank(by_target[key]))
    for key in order:
        group = by_target[key]
        if len(graph.nodes) >= most and not any(row.in_cycle for row in group):
            graph.left_out += 1
            continue
        _lead(graph, key, group, names, holders)
    return graph


def _rank(group: list[_Wait]) -> tuple[bool, int]:
    return not any(row.in_cycle for row in group), -len(group)


def _rows(waits: pd.DataFrame) -> list[_Wait]:
    columns = ["thread_id", "lock", "held_by", "kind", "lock_name", "in_cycle"]
    return [
        _Wait(int(thread), _number(lock), _number(held_by), str(kind), str(name), bool(cycle))
        for thread, lock, held_by, kind, name, cycle in waits[columns].itertuples(
            index=False, name=None
        )
    ]


def _number(value: object) -> int | None:
    import pandas as pd

    return None if value is None or value is pd.NA or value != value else int(value)  # type: ignore[call-overload]


def _lead(
    graph: WaitGraph, key: str, group: list[_Wait], names: dict[int, str], holders: set[int | None]
) -> None:
    """Draw the lines of all that wait for one lock (or for one thread), and to who holds it."""
    first = next((row for row in group if row.held_by is not None), group[0])
    cycle = any(row.in_cycle for row in group)
    if key.startswith("l"):
        words = first.name or f"{first.lock:#x}"
        detail = f"{first.kind} {first.lock:#x}" if first.name else first.kind
        graph.nodes[key] = Node(key, words, detail, (), cycle)
    crowd = [row for row in group if row.thread not in holders and not row.in_cycle]
    if len(crowd) <= _FEW:
        crowd = []
    crowded = {row.thread for row in crowd}
    for row in group:
        if row.thread in crowded:
            continue
        source = _thread(graph, row.thread, names, row.in_cycle)
        words = "waits for" if key.startswith("l") else row.kind
        graph.edges.append(Edge(source, key, words, row.in_cycle))
    if crowd:
        threads = tuple(row.thread for row in crowd)
        shown = ", ".join(map(str, threads[:4])) + (", …" if len(threads) > 4 else "")
        node = Node(f"w{key}", f"{len(threads):,} threads", shown, threads)
        graph.nodes[node.key] = node
        graph.edges.append(Edge(node.key, key, "wait for"))
    if first.held_by is not None:
        target = _thread(graph, first.held_by, names, cycle)
        if key.startswith("l"):
            graph.edges.append(Edge(key, target, "held by", cycle))


def _thread(graph: WaitGraph, thread: int, names: dict[int, str], in_cycle: bool) -> str:
    key = f"t{thread}"
    if key not in graph.nodes:
        graph.nodes[key] = Node(key, f"thread {thread}", names.get(thread, ""), (thread,))
    graph.nodes[key].in_cycle |= in_cycle
    return key
