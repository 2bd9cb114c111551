"""Growth points: the objects that hold more and more.

A class that grows says what leaks; the object that holds the new instances says why. For each
object that was there before, we count what it holds by kind, in every snapshot, and report where
a count rises. What an object holds are the nodes that it dominates through nothing but backing
stores (the array of a list, the table of a map) and links of their own kind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from prodforensics.heap.holding import PLAIN_VALUES, Holding, runs
from prodforensics.heap.populations import LEAST_ITEMS, Population, populations
from prodforensics.heap.wording import describe_item
from prodforensics.kernels.holders import count_below

if TYPE_CHECKING:
    from prodforensics.heap.matching import Match

__all__ = ["LEAST_ITEMS", "PLAIN_BYTES", "GrowthPoint", "growth_points"]

LEAST_BYTES = 1024
LEAST_SHARE = 0.01
"""A gain of fewer bytes, or of a smaller share of all that was added, is passed over."""
FEW_LARGE = (2, 2**16, 0.1)
"""Fewer objects than `LEAST_ITEMS` count if 2 and more are 64 KiB and a tenth of all added."""
MOST_POINTS = 100
"""Points reported, the largest."""
PLAIN_BYTES = "bytes of plain values"
"""What an object holds that grew itself, by numbers and the like that are no objects."""
_SAMPLE = 512
"""Items that are asked for who holds them."""
_MOST_GROUPS = 20
"""Populations, and arrays of numbers, that are looked at."""
_POPULATION = 10
"""So many holders that grow alike are one leak, fewer are several."""


@dataclass(frozen=True, eq=False)
class GrowthPoint:
    """An object that holds more of one kind than it did.

    Parameters
    ----------
    holder : int
        Ordinal in the last snapshot.
    item : str
        Kind of what it gained: a class, or a function as ``name()``.
    items : uint32[k]
        The new ones, ordinals in the last snapshot, those that retain most first; the holder
        itself where it has grown by `PLAIN_BYTES`.
    counts : tuple of int
        Objects of that kind that it held, in each snapshot.
    retained : tuple of int
        Bytes that the holder retained, in each snapshot; 0 where it was not there yet.
    kept : int
        Objects of that kind of the first snapshot that are still in the last.
    new_objects : int
        The new items, and all that they hold.
    also : tuple of int
        Other old objects that hold the same items.
    spread : int
        How many holders of one kind share the gain; ``holder`` is the one that gained most.
    """

    holder: int
    item: str
    items: np.ndarray
    counts: tuple[int, ...]
    retained: tuple[int, ...]
    kept: int
    new_objects: int
    also: tuple[int, ...] = ()
    spread: int = 1

    @property
    def gain(self) -> int:
        """How many more it holds in the last snapshot than in the first."""
        return self.counts[-1] - self.counts[0]

    @property
    def growth(self) -> int:
        """Bytes that the holder retains more."""
        return self.retained[-1] - self.retained[0]


def growth_points(holdings: Sequence[Holding], matches: Sequence[Match]) -> list[GrowthPoint]:
    """Find the objects that hold more in the last snapshot than in the first.

    Parameters
    ----------
    holdings : sequence of Holding
        One a snapshot.
    matches : sequence of Match
        Of each snapshot but the last, with the last.

    Returns
    -------
    list of GrowthPoint
        Largest first: by what the new items retain. None holds the items of another.
    """
    return _Search(holdings, matches).points()


@dataclass(eq=False)
class _Search:
    """The pairs (holder, kind) that gained objects, as columns."""

    holdings: Sequence[Holding]
    matches: Sequence[Match]

    def __post_init__(self) -> None:
        last = self.last = self.holdings[-1]
        graph = self.graph = last.graph
        self.old = self.matches[0].place >= 0
        # Native objects get new even ids in every snapshot: they are counted, never new.
        new = last.counted & ~self.old & (graph.id % 2 == 1)
        self.new = np.flatnonzero(new).astype(np.uint32)
        self.added = int(graph.self_size[self.new].sum())

    def points(self) -> list[GrowthPoint]:
        found: dict[int, list[GrowthPoint]] = {}
        candidates = self._candidates()
        alone = self._without_populations(candidates)
        groups = list(self._populations(alone))
        spread = {int(v) for group in groups for v in np.unique(self.last.holder[group.nodes])}
        candidates = {
            pair: nodes
            for pair, nodes in candidates.items()
            if pair in alone or pair[0] not in spread
        }
        counts = self._counts(list(candidates))
        for pair, count in counts.items():
            point = self._point(pair[0], candidates[pair], *count)
            if point is not None:
                found.setdefault(point.holder, []).append(point)
        points = [max(same, key=self._weight) for same in found.values()]
        # The keys of a map tell nothing where its values are known from another map.
        others = {other for point in points for other in point.also}
        points = [p for p in points if p.holder not in others or self._weight(p)[0]]
        weighed = [(self._bytes(group.nodes), group) for group in groups]
        weighed = [pair for pair in weighed if self._enough(len(pair[1].nodes), pair[0])]
        weighed.sort(key=lambda pair: -pair[0])
        shared = [self._shared(group) for _, group in weighed[:_MOST_GROUPS]]
        points += [point for point in shared if point is not None]
        points += self._swollen({point.holder for point in points})
        points.sort(key=self._weight, reverse=True)
        return points[:MOST_POINTS]

    def _weight(self, point: GrowthPoint) -> tuple[bool, int]:
        """Order points by the bytes of their items; keys and other plain values come last."""
        graph = self.graph
        plain = graph.node_types[graph.type[point.items[0]]] in PLAIN_VALUES
        return not plain, self._bytes(point.items)

    def _bytes(self, items: np.ndarray) -> int:
        return int(self.graph.retained_size[items].sum())

    def _candidates(self) -> dict[tuple[int, int], np.ndarray]:
        """Return the new objects of each pair (holder, kind) that has enough of them."""
        last, graph = self.last, self.graph
        kinds = last.kind[self.new]
        order = np.lexsort((kinds, last.holder[self.new]))
        nodes, kinds = self.new[order], kinds[order]
        holder = last.holder[nodes]
        starts = runs(holder, kinds)
        sizes = np.diff(np.append(starts, len(nodes)))
        self._siblings = holder[starts[sizes > 1]], kinds[starts[sizes > 1]]
        few, large, share = FEW_LARGE
        retained = graph.retained_size[nodes].astype(np.int64)
        bytes_ = np.add.reduceat(retained, starts) if len(nodes) else sizes
        enough = bytes_ >= max(large, share * self.added)
        kept = (sizes >= LEAST_ITEMS) | ((sizes >= few) & enough)
        return {
            (int(holder[start]), int(kinds[start])): nodes[start : start + size]
            for start, size in zip(starts[kept], sizes[kept], strict=True)
            if not self._in_crowd(int(holder[start]))
        }

    def _without_populations(
        self, candidates: Mapping[tuple[int, int], np.ndarray]
    ) -> dict[tuple[int, int], np.ndarray]:
        """Leave out what many holders of one kind gained alike: that is one leak, not many."""
        alike = Counter((int(self.last.kind[holder]), kind) for holder, kind in candidates)
        return {
            (holder, kind): nodes
            for (holder, kind), nodes in candidates.items()
            if alike[int(self.last.kind[holder]), kind] < _POPULATION
        }

    def _in_crowd(self, holder: int) -> bool:
        """Whether a new holder is itself one of many new ones: then those leak, and not it."""
        last = self.last
        while not self.old[holder] and holder != self.graph.root:
            above = int(last.holder[holder])
            crowded, kinds = self._siblings
            span = slice(*np.searchsorted(crowded, [above, above + 1]))
            if (kinds[span] == last.kind[holder]).any():
                return True
            holder = above
        return False

    def _counts(
        self, pairs: Sequence[tuple[int, int]]
    ) -> dict[tuple[int, int], tuple[tuple[int, ...], int]]:
        """Count what each pair held in every snapshot, and what it has kept from the first.

        Left out are pairs whose holder lost as many objects of another kind: V8 only tells apart
        now what it did not before, or the program has changed one thing for another.
        """
        holders_ = np.unique(np.array([holder for holder, _ in pairs], np.int64))
        tables = [self._held(k, holders_) for k in range(len(self.holdings))]
        gains: dict[int, int] = {}
        for sign, table in ((-1, tables[0]), (1, tables[-1])):
            for (holder, _), nodes in table.items():
                gains[holder] = gains.get(holder, 0) + sign * len(nodes)
        counts = {pair: tuple(len(table.get(pair, ())) for table in tables) for pair in pairs}
        return {
            pair: (held, int(np.count_nonzero(self.old[tables[-1][pair]])))
            for pair, held in counts.items()
            if 2 * gains[pair[0]] >= held[-1] - held[0]
        }

    def _held(self, k: int, holders_: np.ndarray) -> dict[tuple[int, int], np.ndarray]:
        """Group what the holders (ordinals in the last snapshot) hold in snapshot ``k``."""
        holding, graph = self.holdings[k], self.holdings[k].graph
        is_last = k == len(self.holdings) - 1
        there = holders_ if is_last else self.matches[k].place[holders_]
        back = np.full(graph.node_count, -1, np.int64)
        back[there[there >= 0]] = holders_[there >= 0]
        nodes = np.flatnonzero(holding.counted & (back[holding.holder] >= 0)).astype(np.uint32)
        kinds = holding.kinds_as(self.last, nodes)
        order = np.lexsort((kinds, holding.holder[nodes]))
        nodes, kinds = nodes[order], kinds[order]
        holder = back[holding.holder[nodes]]
        starts = runs(holder, kinds)
        return {
            (int(holder[start]), int(kinds[start])): group
            for start, group in zip(starts, np.split(nodes, starts[1:]), strict=False)
        }

    def _point(
        self, holder: int, items: np.ndarray, counts: tuple[int, ...], kept: int
    ) -> GrowthPoint | None:
        graph = self.graph
        gain = counts[-1] - counts[0]
        retained = graph.retained_size[items].astype(np.int64)
        bytes_ = int(retained.sum()) * min(gain, len(items)) // len(items)
        if not self._enough(gain, bytes_):
            return None
        items = items[np.argsort(retained, kind="stable")[::-1]]
        owners = self._owners(holder, items)
        if not owners:
            return None
        shared, holder = owners[0] != holder, owners[0]
        sizes = self._sizes(holder, "retained_size")
        if shared:
            # It holds the items together with others, so that it does not retain them alone.
            sizes = [sizes[0] + bytes_ * (count - counts[0]) // gain for count in counts]
        return GrowthPoint(
            holder=holder,
            item=describe_item(graph, int(items[0])),
            items=items,
            counts=counts,
            retained=tuple(sizes),
            kept=min(kept, counts[0]),
            new_objects=int(count_below(*graph.dominated, items)),
            also=tuple(owners[1:]),
        )

    def _sizes(self, node: int, column: str) -> list[int]:
        """Return a size of one object in every snapshot; 0 where it was not there yet."""
        places = [self._place(k, node) for k in range(len(self.holdings))]
        return [
            int(getattr(holding.graph, column)[place]) if place >= 0 else 0
            for holding, place in zip(self.holdings, places, strict=True)
        ]

    def _place(self, k: int, node: int) -> int:
        """Return the ordinal in snapshot ``k`` of a node of the last, or -1."""
        return node if k == len(self.matches) else int(self.matches[k].place[node])

    def _enough(self, gain: int, bytes_: int) -> bool:
        few, large, share = FEW_LARGE
        many = gain >= LEAST_ITEMS and bytes_ >= max(LEAST_BYTES, LEAST_SHARE * self.added)
        return many or (gain >= few and bytes_ >= max(large, share * self.added))

    def _owners(self, holder: int, items: np.ndarray) -> list[int]:
        """Return who has edges to most of the items: the holder, or several below it.

        Items that two lists share are dominated by what both lists hang on. The lists are what
        an engineer wants to see. No owner at all means that new objects hold the items, which
        are accounted for where those objects are held.
        """
        last, graph = self.last, self.graph
        sample = items[np.linspace(0, len(items) - 1, min(_SAMPLE, len(items))).astype(np.int64)]
        item, owner = last.owners(sample)
        # The root has edges to all that the engine knows, and holds nothing of the program.
        item, owner = item[owner != graph.root], owner[owner != graph.root]
        near = (graph.dominator[sample] != holder) & (holder != graph.root)
        near[item[owner == holder]] = True
        near[item[last.kind[owner] == last.kind[sample][item]]] = True
        if 2 * np.count_nonzero(near) >= len(sample):
            return [holder]
        owners, count = np.unique(owner, return_counts=True)
        order = np.lexsort((graph.distance[owners], -count))
        return [
            int(owners[k])
            for k in order
            if 2 * count[k] >= len(sample) and not self._in_crowd(int(owners[k]))
        ]

    def _swollen(self, known: set[int]) -> Iterator[GrowthPoint]:
        """Yield old objects whose own size has grown: arrays of numbers have no objects in them."""
        graph, match = self.graph, self.matches[0]
        nodes = np.flatnonzero(self.old & self.last.solid & (graph.id % 2 == 1))
        before = match.before.self_size[match.place[nodes]].astype(np.int64)
        gain = graph.self_size[nodes].astype(np.int64) - before
        _, large, share = FEW_LARGE
        grown = np.flatnonzero(gain >= max(large, share * self.added))
        for k in grown[np.argsort(-gain[grown], kind="stable")][:_MOST_GROUPS]:
            node = int(nodes[k])
            if node in known or self._is_weak(node):
                continue
            counts = tuple(self._sizes(node, "self_size"))
            items = np.array([node], np.uint32)
            yield GrowthPoint(node, PLAIN_BYTES, items, counts, counts, counts[0], 0)

    def _is_weak(self, node: int) -> bool:
        """Whether an object is a WeakMap or WeakSet: its table grows with what others hold."""
        graph, weak = self.graph, self.graph.edge_type_code("weak")
        tables = (e for e in graph.edges_of(node) if graph.edge_label(e) == "table")
        return any(
            (graph.edge_type[list(graph.edges_of(int(graph.edge_to[e])))] == weak).any()
            for e in tables
        )

    def _populations(self, taken: Iterable[tuple[int, int]]) -> Iterator[Population]:
        """Look for growth that many old holders share, but for holders that were dealt with."""
        nodes = self.new[self.last.solid[self.new]]
        known = np.array([self.graph.root, *(holder for holder, _ in taken)])
        holder = self.last.holder[nodes]
        return populations(self.last, nodes[self.old[holder] & ~np.isin(holder, known)])

    def _shared(self, group: Population) -> GrowthPoint | None:
        last, graph = self.last, self.graph
        held = [
            group.held(last, holding, self._place(k, group.top))
            for k, holding in enumerate(self.holdings)
        ]
        sizes = [
            int(holding.graph.retained_size[nodes].sum())
            for holding, nodes in zip(self.holdings, held, strict=True)
        ]
        counts = tuple(map(len, held))
        if not self._enough(counts[-1] - counts[0], sizes[-1] - sizes[0]):
            return None
        retained = graph.retained_size[group.nodes].astype(np.int64)
        items = group.nodes[np.argsort(retained, kind="stable")[::-1]]
        bases, gains = np.unique(last.holder[items], return_counts=True)
        return GrowthPoint(
            holder=int(bases[np.argmax(gains)]),
            item=describe_item(graph, int(items[0])),
            items=items,
            counts=counts,
            retained=tuple(sizes),
            kept=min(int(np.count_nonzero(self.old[held[-1]])), counts[0]),
            new_objects=int(count_below(*graph.dominated, items)),
            spread=len(bases),
        )
