"""Single objects: the instances of a class, what an object refers to, where a name stands."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from prodforensics.errors import BadOption, UnknownName
from prodforensics.heap.categories import number_from_zero, texts
from prodforensics.heap.dominance import largest_first
from prodforensics.heap.tables import edge_columns, node_columns, objects
from prodforensics.heap.values import concatenated_in_chunks, values

if TYPE_CHECKING:
    from prodforensics.heap.graph import HeapGraph

__all__ = ["detached", "detached_nodes", "find", "instances", "properties"]

_DETACHED = 2


def instances(graph: HeapGraph, class_name: str) -> pd.DataFrame:
    """Return the objects of a class, with the columns of `schemas.OBJECTS`."""
    classes = graph.classes
    wanted = np.array([class_name in pair for pair in zip(classes.key, classes.name, strict=True)])
    if not wanted.any():
        raise UnknownName("class", class_name, {n for n in classes.name if n[:1] not in "({"})
    nodes = np.flatnonzero(wanted[graph.class_index] & (graph.self_size > 0))
    return objects(graph, largest_first(graph, nodes))


def detached_nodes(graph: HeapGraph) -> np.ndarray:
    """Return the DOM nodes that have left the page."""
    if graph.detachedness is None:
        return np.empty(0, np.int64)
    return np.flatnonzero(graph.detachedness == _DETACHED)


def detached(graph: HeapGraph) -> pd.DataFrame:
    """Return the frame ``detached``."""
    frame = objects(graph, largest_first(graph, detached_nodes(graph)))
    return frame.drop(columns="type")


def properties(graph: HeapGraph, node: int) -> pd.DataFrame:
    """Return what an object refers to, with the columns of `schemas.PROPERTIES`.

    Examples
    --------
    >>> import prodforensics as pf
    >>> snapshot = pf.load(pf.samples.path("heap/cache.3.heapsnapshot.zst"))
    >>> session = snapshot.instances("Session").index[0]
    >>> snapshot.properties(session).set_index("edge_name").loc["user", "value"]
    'user-...'
    """
    edges = np.arange(int(graph.first_edge[node]), int(graph.first_edge[node + 1]))
    targets = graph.edge_to[edges].astype(np.int64)
    value = pd.StringDtype(na_value=np.nan).__from_arrow__(values(graph, targets))
    return pd.DataFrame(
        {
            **edge_columns(graph, edges),
            "value": value,
            "node": targets,
            **node_columns(graph, targets),
        },
        index=pd.Index(edges, name="edge"),
    )


def find(graph: HeapGraph, id_: int | str | None, name: str | None) -> pd.DataFrame:
    """Return the objects of an id or a name, with the columns of `schemas.OBJECTS`."""
    if (id_ is None) == (name is None):
        raise BadOption("give an id or a name", hint='find(id=12345) or find(name="Session")')
    nodes = _of_id(graph, id_) if name is None else _named(graph, name)
    return objects(graph, largest_first(graph, nodes))


def _of_id(graph: HeapGraph, id_: int | str | None) -> np.ndarray:
    text = str(id_).strip().removeprefix("@")
    if not (text.isascii() and text.isdigit()):
        raise BadOption(f"{id_!r:.80} is no object id", hint="ids are numbers such as 12345")
    return np.flatnonzero(graph.id == np.uint64(min(int(text), 2**64 - 1)))


def _named(graph: HeapGraph, name: str) -> np.ndarray:
    place, used = number_from_zero(graph.name)
    nodes = np.flatnonzero(_holds(texts(graph.strings, used), name)[place])
    # The name of a concatenated string says nothing; its text does.
    cons = np.flatnonzero(graph.type == graph.node_type_code("concatenated string"))
    found = [_holds(chunk.text, name) for chunk in concatenated_in_chunks(graph, cons)]
    return np.union1d(nodes, cons[np.concatenate(found)] if found else cons)


def _holds(words: pa.Array, name: str) -> np.ndarray:
    """Tell which words hold a text, or match an expression written ``/like this/``."""
    if not (len(name) > 2 and name[0] == name[-1] == "/"):
        found = pc.match_substring(words, name, ignore_case=True)
        return found.to_numpy(zero_copy_only=False)
    try:
        # RE2 takes time linear in the text, whatever the expression.
        found = pc.match_substring_regex(words, name[1:-1], ignore_case=True)
    except pa.ArrowInvalid as error:
        raise BadOption(
            f"{name} is no regular expression: {error}", hint=re.escape(name)
        ) from error
    return found.to_numpy(zero_copy_only=False)
