"""Columns of names as pandas categories, made from the string table in bulk."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

from prodforensics.categories import categorical
from prodforensics.heap.strings import StringTable
from prodforensics.kernels.decoding import decode_strings

__all__ = ["named", "number_from_zero", "texts"]


def texts(strings: StringTable, indices: np.ndarray) -> pa.Array:
    """Return the strings at the indices, decoded all at once.

    Parameters
    ----------
    strings : StringTable
    indices : unsigned[k]

    Returns
    -------
    pyarrow.LargeStringArray
        Equal to ``strings.take(indices)``.

    Examples
    --------
    >>> texts(StringTable.of(["Array", "naïve"]), np.array([1, 0, 1])).to_pylist()
    ['naïve', 'Array', 'naïve']
    """
    indices = np.asarray(indices, np.int64)
    in_file = indices < strings.count
    if not in_file.all():
        # Few are not in the file: added ones, and missing ones of a damaged file.
        others = pa.array(strings.take(indices[~in_file]), pa.large_string())
        order = np.argsort(np.concatenate([np.flatnonzero(in_file), np.flatnonzero(~in_file)]))
        return pa.concat_arrays([texts(strings, indices[in_file]), others]).take(pa.array(order))
    data, offsets, strange = decode_strings(strings.data, strings.starts, indices)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(data)]
    found = pa.Array.from_buffers(pa.large_string(), len(indices), buffers)
    if strange or not _is_utf8(found):
        # A damaged file: one by one.
        return pa.array(strings.take(indices), pa.large_string())
    return found


def _is_utf8(array: pa.Array) -> bool:
    try:
        array.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def named(
    strings: StringTable, name: np.ndarray, numbered: np.ndarray | None = None
) -> pd.Categorical:
    """Make a categorical column of string indices.

    Parameters
    ----------
    strings : StringTable
    name : uint32[k]
        Index into ``strings``.
    numbered : bool[k], optional
        Where the name is the number itself, which is then written in decimal.

    Returns
    -------
    pandas.Categorical
        Its categories are the texts that occur, each once.

    Examples
    --------
    >>> table = StringTable.of(["size", "7"])
    >>> named(table, np.array([0, 1, 7]), np.array([False, False, True])).tolist()
    ['size', '7', '7']
    """
    if numbered is None or not numbered.any():
        codes, used = number_from_zero(name)
        return categorical(codes, texts(strings, used))
    codes = np.empty(len(name), np.int32)
    by_text, used = number_from_zero(name[~numbered])
    codes[~numbered] = by_text
    by_number, numbers = pd.factorize(name[numbered])
    codes[numbered] = by_number + len(used)
    written = pa.array(numbers).cast(pa.large_string())
    return categorical(codes, pa.concat_arrays([texts(strings, used), written]))


def number_from_zero(name: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the names that occur numbers from 0.

    Returns
    -------
    codes : int32[k]
        Number of each name.
    used : unsigned[c]
        The name of each number.
    """
    if not len(name):
        return np.empty(0, np.int32), name
    top = int(name.max()) + 1
    # Names are indices into the strings, which are no more than nodes and edges; unless damaged.
    if top > 4 * len(name) + 2**20:
        codes, used = pd.factorize(name)
        return codes.astype(np.int32), used
    seen = np.zeros(top, np.bool_)
    seen[name] = True
    used = np.flatnonzero(seen)
    rank = np.zeros(top, np.int32)
    rank[used] = np.arange(len(used), dtype=np.int32)
    return rank[name], used
