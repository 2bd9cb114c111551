"""Stacks as folded text, ``main;parse;read 12``: what FlameGraph, inferno and others take."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from prodforensics.kernels.prefix_tree import merge
from prodforensics.kernels.stack_sums import sum_by
from prodforensics.profile.data import ProfileData
from prodforensics.profile.measures import Measures
from prodforensics.profile.names import function_names, thread_labels
from prodforensics.profile.numbering import number_words
from prodforensics.profile.stack_texts import stack_texts

__all__ = ["NO_STACK", "fold", "fold_lines"]

NO_STACK = "[no stack]"
"""What stands in the place of a stack that was not recorded."""


def fold(data: ProfileData, measures: Measures, *, threads: bool = False) -> str:
    r"""Write the stacks as text, one line each, sorted.

    A semicolon in a name becomes a colon and a line break a space. Stacks worth nothing are left
    out.

    Parameters
    ----------
    data : ProfileData
    measures : Measures
    threads : bool
        Whether the stacks of each thread stand below its name.
    """
    weight, leaf = measures.weight, data.samples.stack
    words, number = number_words(_cleaned(function_names(data)))
    item = number.astype(np.int32)[data.stack_function]
    keep = np.ones(len(data.stacks), np.bool_)
    parent, item, place = merge(data.stacks.parent, item, keep)
    node = np.append(place, np.int32(-1))[leaf]
    if not threads or data.samples.thread is None:
        return _text(fold_lines(parent, item, node, weight, words))
    heads, head = number_words(_cleaned(np.array([*thread_labels(data.threads), ""], object)))
    of = head[data.samples.thread]
    lines = []
    for place, name in enumerate(heads):
        mine = of == place
        if mine.any():
            part = fold_lines(parent, item, node[mine], weight[mine], words)
            lines.append(_beside(_large(name or "[unknown]"), part, ";"))
    return _text(pa.concat_arrays(lines) if lines else pa.array([], pa.large_string()))


def fold_lines(
    parent: np.ndarray, item: np.ndarray, node: np.ndarray, weight: np.ndarray, words: np.ndarray
) -> pa.Array:
    """Return the folded line of every stack that is worth something.

    Parameters
    ----------
    parent, item : int32[k]
        A tree in which the children of a node are different.
    node : int32[n]
        Innermost node of each sample.
    weight : number[n]
    words : object[w]
        What stands for an item; without semicolons and line breaks.

    Returns
    -------
    pyarrow.LargeStringArray
    """
    own = sum_by(node, weight, len(parent))
    leaves = np.flatnonzero(own).astype(np.int32)
    stacks = stack_texts(parent, item, leaves, pa.array(words, pa.large_string()), ";")
    values = pc.cast(pa.array(own[leaves]), pa.large_string())
    lines = _beside(stacks, values, " ").combine_chunks()
    if lost := weight[node < 0].sum().item():
        lines = pa.concat_arrays([lines, pa.array([f"{NO_STACK} {lost}"], pa.large_string())])
    return lines


def _beside(left: pa.Scalar | pa.Array, right: pa.Array, separator: str) -> pa.Array:
    return pc.binary_join_element_wise(left, right, _large(separator))


def _large(text: str) -> pa.Scalar:
    return pa.scalar(text, pa.large_string())


def _cleaned(names: np.ndarray) -> np.ndarray:
    cleaned = [
        " ".join(name.replace(";", ":").split("\n")).replace("\r", " ") for name in names.tolist()
    ]
    array = np.empty(len(cleaned), object)
    array[:] = [name.encode("utf-8", "replace").decode() for name in cleaned]
    return array


def _text(lines: pa.Array) -> str:
    ordered = lines.take(pc.array_sort_indices(lines))
    return "".join(f"{line}\n" for line in ordered.to_pylist())
