"""A heap snapshot as evidence: its frames, and the questions one asks of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from prodforensics._reference import Later, resolve
from prodforensics.display.tables import human_bytes, human_count
from prodforensics.evidence import Evidence
from prodforensics.gaps import Gap
from prodforensics.heap import ignoring, recorder, schemas, wording
from prodforensics.heap.operations import Operations
from prodforensics.heap.ordinals import ordinals
from prodforensics.schema import Schema
from prodforensics.source import Source

if TYPE_CHECKING:
    import pandas as pd

    from prodforensics.heap.graph import HeapGraph

__all__ = ["HeapSnapshot"]

# Loading needs no frames, so it does not wait for pandas: what makes them is imported on use.
suspects = Later("prodforensics.heap.suspects")
_BUILDERS = {
    "nodes": "tables:all_nodes",
    "edges": "tables:all_edges",
    "constructors": "tables:constructors",
    "statistics": "tables:statistics",
    "duplicate_strings": "duplicates:duplicate_strings",
    "detached": "objects:detached",
    "locations": "locations:locations",
}

_EVERYWHERE = ("(", "system / ", "Function", "Object", "Array", "Module", "global", "Node / ")


class HeapSnapshot(Operations, Evidence):
    """A V8 heap snapshot, with all that Chrome DevTools computes on it.

    Objects are named by their ordinal: the index of ``frames["nodes"]``, of the answers, and of
    the arrays of `graph`.

    Parameters
    ----------
    source : Source or None
    graph : HeapGraph
    gaps : iterable of Gap
        What the file lacks.
    ignored_edges : bool[m], optional
        Edges that paths and retainers leave out; see `ignore`.

    Examples
    --------
    >>> import prodforensics as pf
    >>> snapshot = pf.load(pf.samples.path("heap/cache.3.heapsnapshot.zst"))
    >>> sessions = snapshot.instances("Session")
    >>> len(sessions)
    1500
    """

    kind: ClassVar[str] = "heap snapshot"
    schemas: ClassVar[Mapping[str, Schema]] = schemas.FRAMES

    _rules = "prodforensics.heap.snapshot_rules:RULES"
    _view = "prodforensics.heap.views:explorer"
    _sections = "prodforensics.heap.pictures:snapshot_sections"
    _compare = "prodforensics.heap.compare:compare"

    def __init__(
        self,
        source: Source | None,
        graph: HeapGraph,
        gaps: Iterable[Gap] = (),
        *,
        ignored_edges: np.ndarray | None = None,
    ) -> None:
        self.graph = graph
        self.ignored_edges = ignored_edges
        builders = dict(_BUILDERS)
        if len(graph.allocations.nodes):
            builders["traces"] = "allocations:traces"
        if len(graph.allocations.samples):
            builders["samples"] = "allocations:samples"
        # The reader hands over the gaps of the file's bytes too, which the source has already.
        own = [gap for gap in gaps if source is None or gap not in source.gaps]
        super().__init__(
            {name: partial(_frame, reference, graph) for name, reference in builders.items()},
            source=source,
            gaps=own,
        )

    # -- in short -----------------------------------------------------------------------------

    @property
    def total_size_bytes(self) -> int:
        """Bytes of the whole heap, as DevTools states them."""
        return self.graph.total_size

    @cached_property
    def recorded_by(self) -> str:
        """What made the snapshot: ``"Node.js v20.19.2"``, ``"Chrome"``, ``"Julia"``, ``"V8"``."""
        return recorder.recorded_by(self.graph)

    def headline(self) -> str:
        """Say the most important thing in one sentence."""
        graph = self.graph
        text = f"{human_bytes(self.total_size_bytes)} in {human_count(graph.node_count)} nodes"
        if found := suspects.big_dominators(graph):
            bytes_ = int(graph.retained_size[found[0]])
            what = f"{wording.describe_kind(graph, found[0])} @{int(graph.id[found[0]])}"
            share = bytes_ / max(self.total_size_bytes, 1)
            text += f"; {what} retains {human_bytes(bytes_)} ({share:.0%})"
        return text

    def facts(self) -> list[tuple[str, str]]:
        """Return the few numbers for the card."""
        graph = self.graph
        facts = [
            ("total size", human_bytes(self.total_size_bytes)),
            ("nodes", f"{graph.node_count:,}"),
            ("edges", f"{graph.edge_count:,}"),
            ("recorded by", self.recorded_by),
        ]
        if top := self._top_class():
            facts.append(("retains most", f"{top[0]}: {human_bytes(top[1])}"))
        if detached := len(suspects.detached_dom(graph)[0]):
            facts.append(("detached DOM nodes", f"{detached:,}"))
        if len(graph.allocations.nodes):
            facts.append(("allocation stacks", f"{len(graph.allocations.nodes):,}"))
        return facts

    def _card_body(self) -> str:
        return resolve("prodforensics.heap.pictures:snapshot_card")(self)

    def _top_class(self) -> tuple[str, int] | None:
        """Return the class that retains most, and its bytes; what all heaps are full of aside."""
        classes = self.graph.classes
        size = classes.retained_size.astype(np.int64)
        size[[name.startswith(_EVERYWHERE) for name in classes.name]] = 0
        if not len(size) or not size.max():
            return None
        top = int(size.argmax())
        return classes.name[top], int(size[top])

    def _held(self) -> Iterable[tuple[str, int]]:
        graph = self.graph
        yield "graph", graph.nbytes
        # Built on first use, and kept.
        if "retainers" in vars(graph):
            into = graph.retainers
            yield "graph.retainers", into.first.nbytes + into.node.nbytes + into.edge.nbytes
        if "dominated" in vars(graph):
            yield "graph.dominated", sum(array.nbytes for array in graph.dominated)

    def ignore(self, edges: int | Sequence[int] | np.ndarray | pd.Index) -> HeapSnapshot:
        """Answer every question as if some references were not there.

        Parameters
        ----------
        edges : int or sequence of int
            Ordinals: the index of ``frames["edges"]`` and `retainers`.

        Returns
        -------
        HeapSnapshot
            With distances, dominators, retained sizes and classes computed anew. What nothing
            else holds has distance -5. The snapshot itself stays as it is.

        Examples
        --------
        >>> import prodforensics as pf
        >>> snapshot = pf.load(pf.samples.path("heap/cache.3.heapsnapshot.zst"))
        >>> session = snapshot.instances("Session").index[0]
        >>> without = snapshot.ignore(snapshot.retainers(session).index)
        >>> int(without.frames["nodes"].loc[session, "distance"])
        -5
        """
        mask = np.zeros(self.graph.edge_count, np.bool_)
        mask[ordinals(edges, self.graph.edge_count, "edge")] = True
        if self.ignored_edges is not None:
            mask |= self.ignored_edges
        graph = ignoring.without(self.graph, mask)
        found = HeapSnapshot(self._source, graph, self._gaps, ignored_edges=mask)
        found.format, found.reader = self.format, self.reader
        return found


def _frame(reference: str, graph: HeapGraph) -> pd.DataFrame:
    return resolve(f"prodforensics.heap.{reference}")(graph)
