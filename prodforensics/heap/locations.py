"""Where code stands: the script, line and column of functions and of objects' constructors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from prodforensics.categories import vocabulary

if TYPE_CHECKING:
    from prodforensics.heap.graph import HeapGraph

__all__ = ["describe_location", "locations", "script_names"]

# Edge from a function's code to its script, in V8's versions.
_TO_SCRIPT = ("script", "script_or_debug_info")
_EXPOSED = "system / Script / "


def locations(graph: HeapGraph) -> pd.DataFrame:
    """Return the frame ``locations``."""
    node, script, line, column = graph.locations.T
    ids, place = np.unique(script, return_inverse=True)
    known = script_names(graph)
    names = [known.get(one, "") for one in ids.tolist()]
    return pd.DataFrame(
        {
            "node": node,
            "script_id": script,
            "line": line,
            "column": column,
            "script": vocabulary(names, place),
        }
    )


def script_names(graph: HeapGraph) -> dict[int, str]:
    """Find the paths of the scripts by the functions that come from them.

    A location tells a script by number. Of each script, one function with a location leads to
    the script's node, whose name is the path or URL.

    Returns
    -------
    dict of int to str
        Script id to path. Scripts without a name are left out.
    """
    located = graph.locations[graph.type[graph.locations[:, 0]] == graph.node_type_code("closure")]
    names: dict[int, str] = {}
    ids, place = np.unique(located[:, 1], return_inverse=True)
    order = np.argsort(place, kind="stable")
    starts = np.searchsorted(place[order], np.arange(len(ids) + 1))
    for number, script in enumerate(ids.tolist()):
        for row in order[starts[number] : starts[number + 1]][:_TRIES]:
            if name := _script_of(graph, int(located[row, 0])):
                names[script] = name
                break
    return names


_TRIES = 8
"""Functions of one script that are asked for its name."""


def _script_of(graph: HeapGraph, closure: int) -> str:
    shared = _internal_target(graph, closure, ("shared",))
    script = _internal_target(graph, shared, _TO_SCRIPT) if shared >= 0 else -1
    if script < 0:
        return ""
    # With V8's internals exposed the name is longer; under a debugger it is another object.
    name = graph.strings[graph.name[script]].removeprefix(_EXPOSED)
    return "" if name.startswith("system / ") else name


def _internal_target(graph: HeapGraph, node: int, names: tuple[str, ...]) -> int:
    internal = graph.edge_type_code("internal")
    for edge in graph.edges_of(node):
        if graph.edge_type[edge] == internal and graph.strings[graph.edge_name[edge]] in names:
            return int(graph.edge_to[edge])
    return -1


def describe_location(graph: HeapGraph, node: int) -> str:
    """Write where a function, or the constructor of an object, stands.

    Returns
    -------
    str
        ``/srv/app/cache.js:12:3``, counted from 1 as editors do; empty where the snapshot has none.

    Examples
    --------
    >>> import prodforensics as pf
    >>> snapshot = pf.load(pf.samples.path("heap/closures.2.heapsnapshot.zst"))
    >>> undo = snapshot.find(name="undoReservation").query("type == 'closure'").index[0]
    >>> describe_location(snapshot.graph, undo)
    '/srv/app/scenarios/closures.js:11:40'
    """
    at = np.flatnonzero(graph.locations[:, 0] == node)
    if not len(at):
        return ""
    _, script, line, column = graph.locations[at[0]].tolist()
    place = f"{line + 1}:{column + 1}"
    if graph.type[node] == graph.node_type_code("closure") and (name := _script_of(graph, node)):
        return f"{name}:{place}"
    return f"{script_names(graph).get(script) or f'script {script}'}:{place}"
