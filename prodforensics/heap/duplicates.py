"""Texts that stand in memory more than once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from prodforensics.heap.categories import number_from_zero, texts
from prodforensics.heap.values import (
    concatenated_in_chunks,
    fingerprints,
    internal_children,
    values,
)
from prodforensics.kernels.grouping import group_rows

if TYPE_CHECKING:
    from prodforensics.heap.graph import HeapGraph

__all__ = ["duplicate_strings", "repeated"]


def duplicate_strings(graph: HeapGraph) -> pd.DataFrame:
    """Group strings of equal text, by the rule of DevTools' filter "Duplicated strings".

    Strings and concatenated strings of a size above 0 count; sliced ones share their parent's
    memory, and a concatenated string with an empty half is a mere pointer to its text. Where the
    snapshot tells length and hash of a text that V8 cut short, they must be equal too.

    Returns
    -------
    pandas.DataFrame
        Columns of `schemas.DUPLICATE_STRINGS`.
    """
    return _frame(graph, *_grouped(graph))


def repeated(graph: HeapGraph) -> np.ndarray:
    """Return the strings whose text stands in memory more than once, as ordinals."""
    nodes, group = _grouped(graph)
    return nodes[(np.bincount(group) > 1)[group]]


def _grouped(graph: HeapGraph) -> tuple[np.ndarray, np.ndarray]:
    """Give strings of one text one number: ``(ordinal, number)``, each int64[k]."""
    sized = graph.self_size > 0
    plain = np.flatnonzero(sized & (graph.type == graph.node_type_code("string")))
    cons = np.flatnonzero(sized & (graph.type == graph.node_type_code("concatenated string")))
    place, used = number_from_zero(graph.name[plain])
    keys = [fingerprints(texts(graph.strings, used))[place]]
    kept = []
    for chunk in concatenated_in_chunks(graph, cons):
        kept.append(~chunk.flat & chunk.whole)
        keys.append(fingerprints(chunk.text)[kept[-1]])
    nodes = np.concatenate([plain, cons[np.concatenate(kept)] if kept else cons])
    word, _ = group_rows(np.concatenate(keys))
    return nodes, _split_truncated(graph, nodes, word.astype(np.int64))


def _split_truncated(graph: HeapGraph, nodes: np.ndarray, word: np.ndarray) -> np.ndarray:
    """Give nodes of one text one number; where V8 cut it, of one length and hash too."""
    mark = internal_children(graph, nodes, "truncated")
    cut = np.flatnonzero(mark >= 0)
    # A boolean is a node whose child is named "true" or "false".
    (true,) = graph.strings.find(["true"])
    told = internal_children(graph, mark[cut], "value")
    cut = cut[(told >= 0) & (graph.name[told] == true)]
    if not len(cut):
        return word
    keys = np.zeros((len(nodes), 3), np.int64)
    keys[:, 0] = word
    for column, name in ((1, "length"), (2, "hash")):
        child = internal_children(graph, nodes[cut], name)
        value = internal_children(graph, np.maximum(child, 0), "value")
        keys[cut, column] = np.where((child >= 0) & (value >= 0), graph.name[value] + 1, 0)
    keys[cut, 2] += 1
    return group_rows(keys)[0].astype(np.int64)


def _frame(graph: HeapGraph, nodes: np.ndarray, group: np.ndarray) -> pd.DataFrame:
    size = graph.self_size[nodes].astype(np.int64)
    count = np.bincount(group)
    # Grouped by sorting: sums stay exact integers.
    order = np.lexsort((nodes, group))
    starts = np.cumsum(count) - count
    sums = [
        np.add.reduceat(column[order], starts) if len(nodes) else column
        for column in (size, graph.retained_size[nodes].astype(np.int64))
    ]
    largest = np.maximum.reduceat(size[order], starts) if len(nodes) else size
    wasted = sums[0] - largest
    shown = np.flatnonzero(count > 1)
    shown = shown[np.lexsort((-count[shown], -wasted[shown]))]
    example = nodes[order][starts[shown]] if len(nodes) else nodes
    text = pd.StringDtype(na_value=np.nan).__from_arrow__(values(graph, example))
    return pd.DataFrame(
        {
            "value": text,
            "count": count[shown],
            "wasted_bytes": wasted[shown],
            "self_size_bytes": sums[0][shown],
            "retained_size_bytes": sums[1][shown],
            "node": example,
        }
    )
