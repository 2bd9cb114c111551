"""V8's CPU profile as a tree of nodes and a sample at each moment, made what DevTools makes of it.

Chrome DevTools is the reference: samples are put in the order of their times, each lasts until the
next one (the last as long as they do on average), a single sample of ``(program)`` between two
stacks of one task is V8's failure to read the stack and counts as the stack before it, and the
garbage collector stands on top of the stack that it interrupted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from prodforensics.kernels.tree_order import levels
from prodforensics.profile.building import stacks_from_tree
from prodforensics.profile.data import Samples, Stacks, ValueType
from prodforensics.profile.formats.json_fields import Fields, column
from prodforensics.profile.formats.v8_frames import META, FrameNames

__all__ = ["VALUE_TYPES", "Nodes", "Ticks", "assemble"]

_ROOT, _PROGRAM, _IDLE, _COLLECTOR = META
VALUE_TYPES = (ValueType("samples", "count"), ValueType("wall", "ns"))
"""V8 samples a thread while it waits, too."""


class Nodes:
    """The nodes of one profile.

    Parameters
    ----------
    nodes : list of dict
        As in the file: ``id``, ``callFrame``, and ``children`` or ``parent``.
    fields : Fields

    Attributes
    ----------
    records : list of dict
    parent : int64[n]
        -1 for a root.
    """

    def __init__(self, nodes: list[dict[str, Any]], fields: Fields) -> None:
        self.records = nodes
        ids = fields.integers(column(nodes, "id"), "id", fill=-1)
        self._order = np.argsort(ids, kind="stable")
        self._ids = ids[self._order]
        self.parent = self._parents(fields)

    def __len__(self) -> int:
        return len(self.records)

    def find(self, ids: np.ndarray) -> np.ndarray:
        """Return the place of nodes by their ids; -1 where there is none."""
        if not len(self):
            return np.full(len(ids), -1, np.int64)
        at = np.minimum(np.searchsorted(self._ids, ids), len(self) - 1)
        return np.where(self._ids[at] == ids, self._order[at], -1)

    def call_frames(self, fields: Fields) -> list[dict[str, Any]]:
        """Return what each stands for; old profiles have it in the node itself."""
        return [
            fields.record(node["callFrame"], "callFrame") if "callFrame" in node else _legacy(node)
            for node in self.records
        ]

    def _parents(self, fields: Fields) -> np.ndarray:
        ids = fields.integers(column(self.records, "parent"), "parent", fill=-1, optional=True)
        parent = self.find(ids)
        children = column(self.records, "children")
        if any(children):
            first, child = fields.lists([one or [] for one in children], "children")
            place = self.find(child)
            known = place >= 0
            fields.lose("children: no such node", np.count_nonzero(~known))
            above = np.repeat(np.arange(len(self)), np.diff(first))
            parent[place[known]] = above[known]
        return parent


def _legacy(node: dict[str, Any]) -> dict[str, Any]:
    frame = {key: node.get(key) for key in ("functionName", "url", "lineNumber", "columnNumber")}
    for key in ("lineNumber", "columnNumber"):
        if type(frame[key]) is int:
            frame[key] -= 1  # they counted from 1
    return frame


@dataclass
class Ticks:
    """The samples of one profile.

    Attributes
    ----------
    nodes : Nodes
    node : int64[m]
        Place among the nodes; -1 for a sample without a stack.
    time : int64[m]
        Nanoseconds.
    line, column : int64[m]
        Where it was in the innermost function, from 1; 0 where unknown.
    thread : int
        Number of the thread.
    in_order : bool
        Whether one followed the other; otherwise each is the sum of a node, and has no duration.
    """

    nodes: Nodes
    node: np.ndarray
    time: np.ndarray
    line: np.ndarray
    column: np.ndarray
    thread: int = 0
    in_order: bool = True

    def __post_init__(self) -> None:
        order = np.argsort(self.time, kind="stable")
        self.node, self.time = self.node[order], self.time[order]
        self.line, self.column = self.line[order], self.column[order]

    @property
    def wall(self) -> np.ndarray:
        """Nanoseconds until the next one, int64[m]."""
        if len(self.time) < 2:
            return np.zeros(len(self.time), np.int64)
        mean = round(int(self.time[-1] - self.time[0]) / (len(self.time) - 1))
        return np.append(np.diff(self.time), mean)


def assemble(profiles: list[Ticks], fields: Fields) -> tuple[FrameNames, Stacks, Samples]:
    """Make one profile of one or more: stacks that begin with what is below the root.

    Returns
    -------
    names : FrameNames
        Whose table has the calls.
    stacks : Stacks
    samples : Samples
        Of `VALUE_TYPES`.
    """
    names = FrameNames(
        [frame for one in profiles for frame in one.nodes.call_frames(fields)], fields
    )
    parents, calls, stack, start, first = [], [], [], 0, 0
    for one in profiles:
        frames = names.frames[first : first + len(one.nodes)]
        first += len(one.nodes)
        parent, call, node = _tree(one, frames, names)
        parents.append(np.where(parent < 0, -1, parent + start))
        calls.append(call)
        stack.append(np.where(node < 0, -1, node + start))
        start += len(parent)
    stacks, place = stacks_from_tree(_join(parents), _join(calls))
    place = np.append(place, np.int32(-1))  # answers -1
    joined = place[_join(stack)]
    wall = fields.summable(_join([one.wall for one in profiles]), "timeDeltas")
    time = _join([one.time for one in profiles])
    thread = np.repeat([one.thread for one in profiles], [len(one.time) for one in profiles])
    values = (np.ones(len(joined), np.int64), wall)
    return names, stacks, Samples(joined, values, time, thread.astype(np.int32))


def _join(arrays: list[np.ndarray]) -> np.ndarray:
    return np.concatenate([np.empty(0, np.int64), *arrays])


def _tree(
    ticks: Ticks, frames: list[tuple[str, str, int, int]], names: FrameNames
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return parent and call of the nodes, with more of them for collectors and lines.

    Also the node of each sample.
    """
    meta = {name: np.array([frame == (name, "", 0, 0) for frame in frames], bool) for name in META}
    call = np.array(
        [-1 if frame[0] == _ROOT and not frame[1] else names.call(frame) for frame in frames],
        np.int64,
    )
    parent, node = ticks.nodes.parent, ticks.node
    if not ticks.in_order:
        return parent, call, node
    node = _mended(node, parent, meta)
    # A sample that was mended has no line: its own is that of native code.
    line = np.where(node == ticks.node, ticks.line, 0)
    collecting = np.append(meta[_COLLECTOR], False)[node]
    below = _interrupted(node, collecting)
    below = np.where(np.append(meta[_IDLE] | meta[_ROOT], True)[below], -1, below)

    # The collector on top of a stack is a node of its own; so is each line of a function.
    bases, which = np.unique(below[collecting], return_inverse=True)
    if collecting.any():
        collector = call[node[collecting][0]]
        node = node.copy()
        node[collecting] = len(parent) + which
        parent = np.append(parent, bases)
        call = np.append(call, np.full(len(bases), collector))
    lined = np.flatnonzero((line > 0) & (node >= 0) & ~collecting)
    if len(lined):
        keys = np.stack([node[lined], line[lined], ticks.column[lined]])
        unique, which = np.unique(keys, axis=1, return_inverse=True)
        more = [names.call(frames[at], *place) for at, *place in unique.T.tolist()]
        node = node.copy()
        node[lined] = len(parent) + which.reshape(-1)
        parent = np.append(parent, parent[unique[0]])
        call = np.append(call, more)
    return parent, call, node


def _interrupted(node: np.ndarray, collecting: np.ndarray) -> np.ndarray:
    """Return the node of the last sample before each that is not of the collector; or -1."""
    last = np.where(collecting, -1, np.arange(len(node)))
    last = np.maximum.accumulate(last) if len(last) else last
    return np.where(last < 0, -1, node[last])


def _mended(node: np.ndarray, parent: np.ndarray, meta: dict[str, np.ndarray]) -> np.ndarray:
    """Replace single samples of ``(program)`` between two stacks of one task."""
    if len(node) < 3 or not meta[_PROGRAM].any():
        return node
    system = meta[_PROGRAM] | meta[_COLLECTOR] | meta[_IDLE]
    # The last one answers a sample without a stack.
    system, task = np.append(system, True), np.append(_tasks(parent), -1)
    before, here, after = node[:-2], node[1:-1], node[2:]
    failed = np.append(meta[_PROGRAM], False)[here] & ~system[before] & ~system[after]
    failed &= task[before] == task[after]
    # Never two in a row: the one before is no sample of (program).
    places = np.flatnonzero(failed) + 1
    node = node.copy()
    node[places] = node[places - 1]
    return node


def _tasks(parent: np.ndarray) -> np.ndarray:
    """Return the outermost function of each node: its ancestor just below the root."""
    level = levels(parent)
    task = np.where(level <= 1, np.arange(len(parent)), parent)
    while True:  # each round doubles how far it looks up
        above = task[task]
        if (above == task).all():
            return task
        task = above
