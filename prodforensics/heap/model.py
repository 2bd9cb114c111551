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
from prodforensics.heap.ordinals import one_ordinal, ordinals
from prodforensics.schema import Schema
from prodforensics.source import Source

if TYPE_CHECKING:
    import pandas as pd

    from prodforensics.heap.graph import HeapGraph

__all__ = ["HeapSnapshot"]

# Loading needs no frames, so it does not wait for pandas: what makes them is imported on use.
allocations = Later("prodforensics.heap.allocations")
dominance = Later("prodforensics.heap.dominance")
filters = Later("prodforensics.heap.filters")
merged_paths = Later("prodforensics.heap.merged_paths")
objects = Later("prodforensics.heap.objects")
retainers = Later("prodforensics.heap.retainers")
suspects = Later("prodforensics.heap.suspects")
tables = Later("prodforensics.heap.tables")
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


class HeapSnapshot(Evidence):
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

    # -- questions ----------------------------------------------------------------------------

    def retainers(self, node: int) -> pd.DataFrame:
        """List what refers to an object, nearest to the root first.

        Parameters
        ----------
        node : int
            Ordinal.

        Returns
        -------
        pandas.DataFrame
            Columns of `schemas.RETAINERS`; as in DevTools without weak references.

        Raises
        ------
        BadOption
            There is no such node.

        Examples
        --------
        >>> import prodforensics as pf
        >>> snapshot = pf.load(pf.samples.path("heap/cache.3.heapsnapshot.zst"))
        >>> session = snapshot.instances("Session").index[0]
        >>> snapshot.retainers(session)[["edge_type", "class_name"]].values.tolist()
        [['internal', '(array)']]
        """
        return retainers.retainers_frame(self.graph, self._node(node), self.ignored_edges)

    def path_to_root(self, node: int) -> pd.DataFrame:
        """Follow the shortest path from the root to an object.

        Chains of equal links, such as a thousand times ``_idleNext``, are one row with the number
        of links in ``times``.

        Parameters
        ----------
        node : int
            Ordinal.

        Returns
        -------
        pandas.DataFrame
            Columns of `schemas.PATH`, the root first; empty where nothing reaches the object.
            Its ``attrs["text"]`` is the path in one line.

        Raises
        ------
        BadOption
            There is no such node.

        Examples
        --------
        >>> import prodforensics as pf
        >>> snapshot = pf.load(pf.samples.path("heap/cache.3.heapsnapshot.zst"))
        >>> session = snapshot.instances("Session").index[0]
        >>> print(snapshot.path_to_root(session).attrs["text"])
        global... → store (SessionStore).sessionsByToken (Map)[...] → Session @...
        """
        return retainers.path_frame(self.graph, self._node(node), self.ignored_edges)

    def merged_paths(self, nodes: int | Sequence[int] | np.ndarray | pd.Index) -> pd.DataFrame:
        """Merge the shortest paths to many objects into a tree.

        Paths share a row as long as they take equal steps: the same property (or any element of
        a collection) to an object of the same class. Links of a chain share one row.

        Parameters
        ----------
        nodes : int or sequence of int
            Ordinals, such as ``snapshot.instances("Session").index``.

        Returns
        -------
        pandas.DataFrame
            Columns of `schemas.MERGED_PATHS`; rows of a subtree follow its top.

        Examples
        --------
        >>> import prodforensics as pf
        >>> snapshot = pf.load(pf.samples.path("heap/cache.3.heapsnapshot.zst"))
        >>> tree = snapshot.merged_paths(snapshot.instances("Session").index)
        >>> tree.tail(2)[["step", "objects", "count"]].values.tolist()
        [['table → (array)', 1, 1500], ['[…] → Session', 1500, 1500]]
        """
        chosen = ordinals(nodes, self.graph.node_count, "node")
        return merged_paths.merged_paths(self.graph, chosen, self.ignored_edges)

    def dominated_by(self, node: int) -> pd.DataFrame:
        """List the objects immediately dominated by one: free without it, if nothing else were.

        Parameters
        ----------
        node : int
            Ordinal.

        Returns
        -------
        pandas.DataFrame
            Columns of `schemas.OBJECTS`; largest retained size first.

        Examples
        --------
        >>> import prodforensics as pf
        >>> snapshot = pf.load(pf.samples.path("heap/cache.3.heapsnapshot.zst"))
        >>> session = snapshot.instances("Session").index[0]
        >>> sorted(snapshot.dominated_by(session)["class_name"].astype(str))
        ['(number)', 'Array', '{items, currency}']
        """
        return dominance.dominated_by(self.graph, self._node(node))

    def dominator_tree(
        self, depth: int = 5, min_bytes: int | None = None, *, top: int | None = None
    ) -> pd.DataFrame:
        """Show what keeps what alive: every object above those that it alone keeps.

        Parameters
        ----------
        depth : int
            Levels below the top.
        min_bytes : int, optional
            Least retained size; 1 % of the top's by default.
        top : int, optional
            Ordinal of the node to begin with; the root by default.

        Returns
        -------
        pandas.DataFrame
            Columns of `schemas.DOMINATOR_TREE`; rows of a subtree follow its top, largest first.
        """
        top = self.graph.root if top is None else self._node(top)
        return dominance.dominator_tree(self.graph, top, depth, min_bytes)

    def instances(self, class_name: str) -> pd.DataFrame:
        """List the objects of a class.

        Parameters
        ----------
        class_name : str
            Class name, or key of ``frames["constructors"]`` where several classes share a name.

        Returns
        -------
        pandas.DataFrame
            Columns of `schemas.OBJECTS`; largest retained size first.

        Raises
        ------
        UnknownName
            There is no such class; the hint names the closest.

        Examples
        --------
        >>> import prodforensics as pf
        >>> snapshot = pf.load(pf.samples.path("heap/cache.3.heapsnapshot.zst"))
        >>> snapshot.instances("Sesion")
        Traceback (most recent call last):
        ...
        prodforensics.errors.UnknownName: there is no class 'Sesion'
        Try: did you mean 'Session'? ...
        """
        return objects.instances(self.graph, class_name)

    # `filter` is DevTools' word for it.
    def constructors(self, filter: str) -> pd.DataFrame:  # noqa: A002
        """Sum the classes over a part of the heap, as the filters of DevTools' Summary do.

        Parameters
        ----------
        filter : str
            ``"duplicate_strings"``; or what alone keeps the objects alive: ``"detached_nodes"``,
            ``"contexts"``, ``"console"``, ``"event_handlers"``.

        Returns
        -------
        pandas.DataFrame
            Columns of ``frames["constructors"]``, which has the sums over all objects.

        Raises
        ------
        UnknownName
            There is no such filter.

        Examples
        --------
        >>> import prodforensics as pf
        >>> snapshot = pf.load(pf.samples.path("heap/closures.2.heapsnapshot.zst"))
        >>> sums = snapshot.constructors("contexts")
        >>> (sums["count"] <= snapshot.frames["constructors"]["count"][sums.index]).all()
        np.True_
        """
        shown = filters.within(self.graph, filter, self.ignored_edges)
        return tables.constructors(self.graph, filters.sum_filtered(self.graph, shown))

    def properties(self, node: int) -> pd.DataFrame:
        """Show what an object refers to, with the values of strings and numbers.

        Parameters
        ----------
        node : int
            Ordinal.

        Returns
        -------
        pandas.DataFrame
            Columns of `schemas.PROPERTIES`, in file order. Small numbers and the contents of
            other numbers are in snapshots taken with ``exposeNumericValues`` only.
        """
        return objects.properties(self.graph, self._node(node))

    # `id` is the field's word for it.
    def find(self, *, id: int | str | None = None, name: str | None = None) -> pd.DataFrame:  # noqa: A002
        """Find objects by id, or by part of their name.

        Parameters
        ----------
        id : int or str, optional
            V8's id, ``12345`` or ``"@12345"``.
        name : str, optional
            Part of the name or text, in any case; a regular expression as ``"/^on[A-Z]/"``.

        Returns
        -------
        pandas.DataFrame
            Columns of `schemas.OBJECTS`; largest retained size first; may be empty.

        Raises
        ------
        BadOption
            Neither or both are given, or the expression is none.

        Examples
        --------
        >>> import prodforensics as pf
        >>> snapshot = pf.load(pf.samples.path("heap/cache.3.heapsnapshot.zst"))
        >>> len(snapshot.find(name="/^Session$/").query("type == 'object'"))
        1500
        """
        return objects.find(self.graph, id, name)

    def allocation_stack(self, node: int) -> pd.DataFrame:
        """Show the calls that allocated an object, in snapshots with allocation stacks.

        Parameters
        ----------
        node : int
            Ordinal.

        Returns
        -------
        pandas.DataFrame
            Columns of `schemas.STACK`, the innermost call first; empty for objects that were
            made before the recording, or by optimised code, which V8 does not trace.

        Examples
        --------
        >>> import prodforensics as pf
        >>> snapshot = pf.load(pf.samples.path("heap/cache.tracked.heaptimeline.zst"))
        >>> traced = snapshot.frames["nodes"].query("name == 'Session' and trace_node_id > 0")
        >>> snapshot.allocation_stack(traced.index[-1])["script"].iloc[0]
        '/srv/app/scenarios/cache.js'
        """
        return allocations.stack(self.graph, self._node(node))  # noqa: PD013 (not a frame)

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

    def _node(self, node: int) -> int:
        return one_ordinal(node, self.graph.node_count, "node")


def _frame(reference: str, graph: HeapGraph) -> pd.DataFrame:
    return resolve(f"prodforensics.heap.{reference}")(graph)
