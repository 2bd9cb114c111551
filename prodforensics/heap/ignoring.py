"""The heap as it would be without some references."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from prodforensics.heap.classes import sum_classes
from prodforensics.heap.v8 import WeakMapPairs, compute_distances, compute_dominators

if TYPE_CHECKING:
    from prodforensics.heap.graph import HeapGraph

__all__ = ["without"]


def without(graph: HeapGraph, ignored: np.ndarray) -> HeapGraph:
    """Compute distances, dominators, retained sizes and classes without some edges.

    Parameters
    ----------
    graph : HeapGraph
        Not changed; the copy shares what the edges have no part in.
    ignored : bool[m]

    Returns
    -------
    HeapGraph
    """
    found = copy.copy(graph)
    # The copy has its own tree; the reversed edges are the same.
    vars(found).pop("dominated", None)
    found.essential_bits = graph.essential_bits & ~np.packbits(ignored, bitorder="little")
    found.distance = compute_distances(graph, WeakMapPairs.of(graph), ignored)
    compute_dominators(found)
    found.classes = replace(graph.classes)
    sum_classes(found, found.class_index, found.classes)
    return found
