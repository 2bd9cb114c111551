"""What strings and numbers of the heap say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from prodforensics.heap.categories import texts
from prodforensics.kernels.cons_strings import flatten
from prodforensics.kernels.decoding import fingerprints as hash_texts

if TYPE_CHECKING:
    from prodforensics.heap.graph import HeapGraph

__all__ = [
    "Concatenated",
    "concatenated",
    "concatenated_in_chunks",
    "fingerprints",
    "internal_children",
    "values",
]

# DevTools puts concatenated strings together until they are this long.
_UNITS = 1024
# Joined strings of a chunk; all of them at once could take more memory than the heap.
_CHUNK = 2**15
_NAMED_BY_VALUE = ("string", "sliced string", "regexp")


@dataclass(frozen=True)
class Concatenated:
    """Concatenated strings put together.

    Attributes
    ----------
    text : pyarrow.LargeStringArray
        About the first 1,024 characters.
    flat : bool[k]
        V8 has already copied the text elsewhere; the string only points there.
    whole : bool[k]
        False where the parts nest too deep to be followed.
    """

    text: pa.Array
    flat: np.ndarray
    whole: np.ndarray


def concatenated(graph: HeapGraph, nodes: np.ndarray) -> Concatenated:
    """Put concatenated strings together, as DevTools shows them."""
    strings = graph.strings
    first, part, flat, whole = flatten(
        np.asarray(nodes, np.int64), graph.first_edge, graph.edge_type, graph.edge_name,
        graph.edge_to, graph.type, graph.name, strings.data, strings.starts,
        graph.node_type_code("concatenated string"), graph.edge_type_code("internal"),
        *strings.find(["first", "second", ""]), _UNITS,
    )  # fmt: skip
    lists = pa.LargeListArray.from_arrays(first, texts(strings, part))
    joined = pc.binary_join(lists, pa.scalar("", pa.large_string()))
    return Concatenated(joined.cast(pa.large_string()), flat, whole)


def concatenated_in_chunks(graph: HeapGraph, nodes: np.ndarray) -> Iterator[Concatenated]:
    """Put many concatenated strings together, some at a time."""
    for start in range(0, len(nodes), _CHUNK):
        yield concatenated(graph, nodes[start : start + _CHUNK])


def fingerprints(words: pa.Array) -> np.ndarray:
    """Hash the texts of a ``LargeStringArray`` without nulls: int64[k, 2]."""
    if not len(words):
        return np.empty((0, 2), np.int64)
    _, offsets, data = words.buffers()
    offsets = np.frombuffer(offsets, np.int64)[words.offset : words.offset + len(words) + 1]
    text = np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)
    return hash_texts(text, offsets)


def internal_children(graph: HeapGraph, nodes: np.ndarray, name: str) -> np.ndarray:
    """Return the target of each node's first internal edge of a name, or -1 (int64[k])."""
    (index,) = graph.strings.find([name])
    return _children(graph, nodes, "internal", index)


def _children(graph: HeapGraph, nodes: np.ndarray, edge_type: str, name: int) -> np.ndarray:
    nodes = np.asarray(nodes, np.int64)
    found = np.full(len(nodes), -1, np.int64)
    if name < 0 or not len(nodes):
        return found
    first = graph.first_edge[nodes].astype(np.int64)
    count = graph.first_edge[nodes + 1].astype(np.int64) - first
    owner = np.repeat(np.arange(len(nodes)), count)
    edge = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count) + first[owner]
    code = graph.edge_type_code(edge_type)
    right = (graph.edge_name[edge] == name) & (graph.edge_type[edge] == code)
    # The first of several is written last.
    found[owner[right][::-1]] = graph.edge_to[edge[right][::-1]]
    return found


def values(graph: HeapGraph, nodes: np.ndarray) -> pa.Array:
    """Return the texts of strings, symbols and oddballs, and numbers where they are recorded.

    Parameters
    ----------
    graph : HeapGraph
    nodes : unsigned[k]

    Returns
    -------
    pyarrow.LargeStringArray
        Null for everything else.
    """
    nodes = np.asarray(nodes, np.int64)
    type_ = graph.type[nodes]
    (oddball,) = graph.strings.find(["system / Oddball"])
    plain = np.flatnonzero(np.isin(type_, [graph.node_type_code(name) for name in _NAMED_BY_VALUE]))
    cons = np.flatnonzero(type_ == graph.node_type_code("concatenated string"))
    # Others refer to a string: number -> value, symbol -> name, true and null -> hidden edge 0.
    of_number = np.flatnonzero(type_ == graph.node_type_code("number"))
    of_symbol = np.flatnonzero(type_ == graph.node_type_code("symbol"))
    of_oddball = np.flatnonzero(graph.name[nodes] == oddball)
    told = np.concatenate([of_number, of_symbol, of_oddball])
    text = np.concatenate(
        [
            internal_children(graph, nodes[of_number], "value"),
            internal_children(graph, nodes[of_symbol], "name"),
            _children(graph, nodes[of_oddball], "hidden", 0),
        ]
    )
    told, text = told[text >= 0], text[text >= 0]
    parts = [
        texts(graph.strings, graph.name[nodes[plain]]),
        concatenated(graph, nodes[cons]).text,
        texts(graph.strings, graph.name[text]),
    ]
    place = np.full(len(nodes), -1, np.int64)
    place[np.concatenate([plain, cons, told])] = np.arange(sum(map(len, parts)))
    return pa.concat_arrays(parts).take(pa.array(place, mask=place < 0))
