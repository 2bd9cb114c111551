"""A call graph as stacks: own costs exact, each caller with the part that its calls cost.

A call graph tells what a function cost itself, and what its calls of each other function cost in
all. Stacks are followed from the functions that nothing calls: where a function was called from
several places, each gets the share of its cost that these calls are of all of it. That is exact as
far as a function costs the same whoever calls it. Then the exact own cost of each function is dealt
out over its places in these stacks.

A function stands once in a stack, so recursion is cut; paths that come to nothing, and more than
`MOST_NODES`, are left out, and what they cost goes to the other places of the same function. So
totals are those of the call graph but for recursive functions and such rare paths.
"""

from __future__ import annotations

import heapq
from collections import defaultdict

import numpy as np

from prodforensics.profile.building import CallTable
from prodforensics.profile.data import Calls, Functions, Samples, Stacks

__all__ = ["MOST_NODES", "CallGraph"]

MOST_NODES = 20_000
_MOST_SAMPLES = 200_000  # of one function
_MOST_COST = 2**62


class CallGraph:
    """Functions with their costs by line, and calls with theirs.

    Attributes
    ----------
    events : list of str
    lines : dict
        Own cost of each (function, file, line), a list with a number for each event.
    edges : dict
        Inclusive cost of each (caller, callee).
    """

    def __init__(self) -> None:
        self.events: list[str] = []
        self.lines: dict[tuple[int, str, int], list[int]] = {}
        self.edges: dict[tuple[int, int], list[int]] = {}
        self.names: dict[tuple[str, str, str], int] = {}
        self._spent: list[int] = []

    def function(self, name: str, file: str, module: str) -> int:
        """Return the number of a function."""
        known = ("" if one == "???" else one for one in (name, file, module))
        return self.names.setdefault(tuple(known), len(self.names))

    def spend(self, function: int, file: str, line: int, cost: list[int]) -> None:
        """Add to the own cost of a function; ``file`` is another one for what is inlined."""
        _add(self.lines, (function, "" if file == "???" else file, line), cost)
        self._spent = [a + b for a, b in zip(self._spent or [0] * len(cost), cost, strict=True)]

    def call(self, caller: int, callee: int, cost: list[int]) -> None:
        """Add to what the calls of a function by another cost in all."""
        _add(self.edges, (caller, callee), cost)

    def end_part(self) -> list[int]:
        """Return the sum of all own costs since the last call of this."""
        spent, self._spent = self._spent or [0] * len(self.events), []
        return spent

    def as_stacks(self) -> tuple[Functions, Calls, Stacks, Samples]:
        """Make stacks; see the module."""
        own = np.zeros(len(self.names))
        for (function, _, _), cost in self.lines.items():
            own[function] += cost[0]
        parent, function, weight = self._tree(own)
        return self._dealt(parent, np.array(function, np.int64), np.array(weight))

    def _tree(self, own: np.ndarray) -> tuple[list[int], list[int], list[float]]:
        """Follow the calls, the dearest first.

        Returns
        -------
        parent, function, weight
            Of each node: its caller's node or -1, and what it costs in all.
        """
        callees: dict[int, list[tuple[int, float]]] = defaultdict(list)
        incoming, outgoing = np.zeros(len(own)), np.zeros(len(own))
        for (caller, callee), cost in self.edges.items():
            if caller != callee:
                callees[caller].append((callee, float(cost[0])))
                incoming[callee] += cost[0]
                outgoing[caller] += cost[0]
        whole = own + outgoing
        parent: list[int] = []
        function: list[int] = []
        weight: list[float] = []
        queue = [(-(w - i), -1, f) for f, (w, i) in enumerate(zip(whole, incoming, strict=True))]
        queue = [entry for entry in queue if entry[0] <= -0.5]
        heapq.heapify(queue)
        while queue and len(parent) < MOST_NODES:
            negative, above, one = heapq.heappop(queue)
            node = len(parent)
            parent.append(above)
            function.append(one)
            weight.append(-negative)
            path = {one}
            while above >= 0:
                path.add(function[above])
                above = parent[above]
            for callee, cost in callees[one]:
                share = -negative * cost / whole[one]
                if share >= 0.5 and callee not in path:
                    heapq.heappush(queue, (-share, node, callee))
        # What was reached by no path stands alone.
        reached = set(function)
        for one in sorted({f for f, _, _ in self.lines} - reached):
            parent.append(-1)
            function.append(one)
            weight.append(max(float(own[one]), 1.0))
        return parent, function, weight

    def _dealt(
        self, parent: list[int], function: np.ndarray, weight: np.ndarray
    ) -> tuple[Functions, Calls, Stacks, Samples]:
        """Deal the own cost of each line out over the nodes of its function."""
        table = CallTable()
        names = list(self.names)
        homes = [table.call(name, file, module, kind="native") for name, file, module in names]
        parents, calls = list(parent), [homes[one] for one in function.tolist()]
        order = np.argsort(function, kind="stable")
        bounds = np.searchsorted(function[order], np.arange(len(names) + 1))
        leaf: dict[tuple[int, int], int] = {}
        lines = np.bincount([one for one, _, _ in self.lines], minlength=len(names))
        most = np.maximum(_MOST_SAMPLES // np.maximum(lines, 1), 1).tolist()
        stack: list[np.ndarray] = []
        dealt: list[np.ndarray] = []
        for (one, file, line), cost in self.lines.items():
            name, home, module = names[one]
            inlined = file != home
            call = table.call(name, file, module, line=line, inlined=inlined, kind="native")
            nodes = order[bounds[one] : bounds[one + 1]]
            nodes = nodes[np.argsort(-weight[nodes], kind="stable")][: most[one]]
            share = np.cumsum(weight[nodes])
            parts = _parts(cost, share / share[-1])
            some = parts.any(axis=0)
            places = []
            for node in nodes[some].tolist():
                # A line stands in the place of its function; what is inlined, below it.
                if call == calls[node]:
                    places.append(node)
                    continue
                key = (node if inlined else -node - 1, call)
                if key not in leaf:
                    leaf[key] = len(parents)
                    parents.append(node if inlined else parent[node])
                    calls.append(call)
                places.append(leaf[key])
            stack.append(np.array(places, np.int32))
            dealt.append(parts[:, some])
        values = (
            np.concatenate(dealt, axis=1) if dealt else np.zeros((len(self.events), 0), np.int64)
        )
        stacks = Stacks(np.array(parents, np.int32), np.array(calls, np.int32))
        node = np.concatenate(stack) if stack else np.empty(0, np.int32)
        return table.functions(), table.calls(), stacks, Samples(node, tuple(values))


def _parts(cost: list[int], until: np.ndarray) -> np.ndarray:
    """Deal whole numbers out by cumulative shares; each row's sum stays exact.

    Examples
    --------
    >>> _parts([10, 3], np.array([0.5, 0.75, 1.0])).tolist()
    [[5, 2, 3], [1, 1, 1]]
    """
    edges = np.floor(np.array(cost, np.float64)[:, None] * until[None, :]).astype(np.int64)
    edges[:, -1] = cost
    return np.diff(edges, axis=1, prepend=0)


def _add(sums: dict, key: tuple, cost: list[int]) -> None:
    known = sums.get(key)
    if known is not None:
        cost = [min(a + b, _MOST_COST) for a, b in zip(known, cost, strict=True)]
    sums[key] = cost
