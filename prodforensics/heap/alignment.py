"""The classes of several snapshots in one numbering."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from prodforensics.heap.classes import Classes, classify, sum_classes

if TYPE_CHECKING:
    from prodforensics.heap.graph import HeapGraph

__all__ = ["AlignedClasses", "align_classes"]


@dataclass(eq=False)
class AlignedClasses:
    """Class rows of N snapshots; the classes of the last come first, in its order.

    Parameters
    ----------
    key, name : list of str, length k
    class_index : list of uint32 arrays
        For each snapshot the class of each node.
    count, self_size, retained_size : int64[N, k]
        As in the Summary view of each snapshot; 0 where a class is absent.
    """

    key: list[str]
    name: list[str]
    class_index: list[np.ndarray]
    count: np.ndarray
    self_size: np.ndarray
    retained_size: np.ndarray


def align_classes(graphs: Sequence[HeapGraph]) -> AlignedClasses:
    """Classify every snapshot with the interfaces of the last, as DevTools compares them.

    Parameters
    ----------
    graphs : sequence of HeapGraph
        In the order they were recorded.
    """
    last = graphs[-1]
    sorted_: list[tuple[np.ndarray, Classes]] = []
    for graph in graphs[:-1]:
        if graph is last or graph.classes.interfaces == last.classes.interfaces:
            sorted_.append((graph.class_index, graph.classes))
            continue
        class_index, classes = classify(graph, last.classes.interfaces)
        sum_classes(graph, class_index, classes)
        sorted_.append((class_index, classes))
    sorted_.append((last.class_index, last.classes))

    number = {key: place for place, key in enumerate(last.classes.key)}
    name = dict(zip(last.classes.key, last.classes.name, strict=True))
    for _, classes in sorted_:
        for key, text in zip(classes.key, classes.name, strict=True):
            number.setdefault(key, len(number))
            name.setdefault(key, text)
    sums = np.zeros((3, len(graphs), len(number)), np.int64)
    indices = []
    for k, (class_index, classes) in enumerate(sorted_):
        remap = np.array([number[key] for key in classes.key] or [0], np.uint32)
        indices.append(class_index if class_index is last.class_index else remap[class_index])
        if len(classes):
            for row, values in zip(
                sums, (classes.count, classes.self_size, classes.retained_size), strict=True
            ):
                row[k, remap] = values
    return AlignedClasses(list(number), list(name.values()), indices, *sums)
