"""Texts that stand in memory more than once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from prodforensics.heap.categories import number_from_zero, texts
from prodforensics.heap.values import concatenated, internal_children

if TYPE_CHECKING:
    from prodforensics.heap.graph import HeapGraph

__all__ = ["duplicate_strings"]


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
    sized = graph.self_size > 0
    plain = np.flatnonzero(sized & (graph.type == graph.node_type_code("string")))
    cons = np.flatnonzero(sized & (graph.type == graph.node_type_code("concatenated string")))
    joined = concatenated(graph, cons)
    kept = ~joined.flat & joined.whole
    cons = cons[kept]
    place, used = number_from_zero(graph.name[plain])
    words = pa.concat_arrays([texts(graph.strings, used), joined.text.filter(pa.array(kept))])
    encoded = words.dictionary_encode()
    of_word = encoded.indices.to_numpy().astype(np.int64)
    nodes = np.concatenate([plain, cons])
    word = np.concatenate([of_word[: len(used)][place], of_word[len(used) :]])
    group, example_word = _split_truncated(graph, nodes, word)
    return _frame(graph, nodes, group, encoded.dictionary.take(pa.array(example_word)))


def _split_truncated(
    graph: HeapGraph, nodes: np.ndarray, word: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Tell cut texts apart by length and hash: ``(group of each node, word of each group)``."""
    mark = internal_children(graph, nodes, "truncated")
    cut = np.flatnonzero(mark >= 0)
    # A boolean is a node whose child is named "true" or "false".
    (true,) = graph.strings.find(["true"])
    told = internal_children(graph, mark[cut], "value")
    cut = cut[(told >= 0) & (graph.name[told] == true)]
    keys = np.zeros((len(nodes), 3), np.int64)
    keys[:, 0] = word
    for column, name in ((1, "length"), (2, "hash")):
        child = internal_children(graph, nodes[cut], name)
        value = internal_children(graph, np.maximum(child, 0), "value")
        keys[cut, column] = np.where((child >= 0) & (value >= 0), graph.name[value] + 1, 0)
    if not len(cut):
        groups, group = np.unique(word, return_inverse=True)
        return group, groups
    keys[cut, 2] += 1
    groups, group = np.unique(keys, axis=0, return_inverse=True)
    return group.ravel(), groups[:, 0]


def _frame(graph: HeapGraph, nodes: np.ndarray, group: np.ndarray, words: pa.Array) -> pd.DataFrame:
    size = graph.self_size[nodes].astype(np.int64)
    count = np.bincount(group, minlength=len(words))
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
    text = pd.StringDtype(na_value=np.nan).__from_arrow__(words.take(pa.array(shown)))
    return pd.DataFrame(
        {
            "value": text,
            "count": count[shown],
            "wasted_bytes": wasted[shown],
            "self_size_bytes": sums[0][shown],
            "retained_size_bytes": sums[1][shown],
            "node": nodes[order][starts[shown]] if len(nodes) else nodes,
        }
    )
