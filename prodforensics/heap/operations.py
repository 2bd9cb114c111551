"""What one can ask of a heap snapshot beside its frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from prodforensics._reference import Later
from prodforensics.heap.ordinals import one_ordinal, ordinals

if TYPE_CHECKING:
    import pandas as pd

    from prodforensics.heap.graph import HeapGraph

__all__ = ["Operations"]

# Imported on use: who loads and looks needs little of it.
allocations = Later("prodforensics.heap.allocations")
dominance = Later("prodforensics.heap.dominance")
filters = Later("prodforensics.heap.filters")
merged_paths = Later("prodforensics.heap.merged_paths")
objects = Later("prodforensics.heap.objects")
retainers = Later("prodforensics.heap.retainers")
tables = Later("prodforensics.heap.tables")


class Operations:
    """The methods of `HeapSnapshot` that answer with a frame.

    Each is a function of another module. Objects are named by their ordinal.
    """

    graph: HeapGraph
    ignored_edges: np.ndarray | None

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

    def _node(self, node: int) -> int:
        return one_ordinal(node, self.graph.node_count, "node")
