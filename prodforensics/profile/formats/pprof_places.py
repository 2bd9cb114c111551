"""Functions, mappings and locations of a pprof profile, made into calls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from prodforensics.kernels.protobuf import scalars
from prodforensics.profile.data import Calls, Functions
from prodforensics.profile.formats.pprof_wire import FUNCTION, LOCATION, MAPPING, Strings, Wire

__all__ = ["Ids", "Places", "read_places"]


class Ids:
    """Where in its table each id stands.

    Parameters
    ----------
    ids : int64[k]
        Read as unsigned.
    """

    # Most ids count from one: a table answers them. Others are searched.
    _DENSE = 4

    def __init__(self, ids: np.ndarray) -> None:
        unsigned = ids.view(np.uint64)
        self.sorted, first = np.unique(unsigned, return_index=True)
        self.places = first.astype(np.int32)
        self.twice = len(ids) - len(self.sorted)
        size = self._DENSE * len(ids) + 1024
        small = self.sorted < size
        self.table = np.full(size, -1, np.int32)
        self.table[self.sorted[small].astype(np.int64)] = self.places[small]

    def find(self, wanted: np.ndarray) -> np.ndarray:
        """Return the place of each id, int32[n]; -1 where there is none."""
        if not len(self.sorted):
            return np.full(len(wanted), -1, np.int32)
        wanted = np.ascontiguousarray(wanted).view(np.uint64)
        at = np.minimum(np.searchsorted(self.sorted, wanted), len(self.sorted) - 1)
        return np.where(self.sorted[at] == wanted, self.places[at], -1).astype(np.int32)


@dataclass(frozen=True)
class Places:
    """What stacks are made of.

    Attributes
    ----------
    functions : Functions
    calls : Calls
    ids : Ids
        Of the locations.
    first : int64[k + 1]
        Bounds: location ``i`` is ``call[first[i]:first[i + 1]]``, innermost first.
    call : int32[m]
    """

    functions: Functions
    calls: Calls
    ids: Ids
    first: np.ndarray
    call: np.ndarray


def read_places(wire: Wire, strings: Strings) -> Places:
    """Read the locations, each with its lines: the calls that were inlined, then their caller."""
    first, last = wire.messages(LOCATION)
    head, whole = scalars(wire.buf, first, last, 5)
    wire.lose("locations that cannot be read", ~whole, first)
    ids = Ids(np.ascontiguousarray(head[:, 0]))
    if ids.twice:
        wire.lose("locations of an id that another has", np.ones(ids.twice, np.bool_))
    row, start, end = wire.inside(LOCATION, 4)
    line, whole = scalars(wire.buf, start, end, 3)
    wire.lose("lines of locations that cannot be read", ~whole, start)
    # A location without a line is a call of which the address alone is known.
    count = np.bincount(row, minlength=len(first))
    bare = np.flatnonzero(count == 0)
    row = np.concatenate([row, bare])
    line = np.concatenate([line, np.zeros((len(bare), 3), np.int64)])
    order = np.argsort(row, kind="stable")
    row, line = row[order], line[order]
    bounds = np.zeros(len(first) + 1, np.int64)
    np.cumsum(np.maximum(count, 1), out=bounds[1:])

    functions, function = _functions(wire, strings, line[:, 0], _modules(wire, strings, head, row))
    outermost = np.zeros(len(row), np.bool_)
    outermost[bounds[1:] - 1] = True
    columns = np.column_stack(
        [function, _fit(line[:, 1]), _fit(line[:, 2]), head[row, 2], ~outermost]
    )
    calls, call = _unique(columns)
    return Places(
        functions,
        Calls(
            calls[:, 0].astype(np.int32),
            calls[:, 1].astype(np.int32),
            calls[:, 2].astype(np.int32),
            np.ascontiguousarray(calls[:, 3]).view(np.uint64),
            calls[:, 4].astype(np.bool_),
            np.zeros(len(calls), np.uint8),
        ),
        ids,
        bounds,
        call,
    )


def _modules(
    wire: Wire, strings: Strings, head: np.ndarray, row: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the different files that are mapped, and that of each line."""
    mapping = wire.rows(MAPPING, 6)
    # Of a binary whose file is not told, the build id says at least which one it is.
    name = np.where(mapping[:, 4] != 0, mapping[:, 4], mapping[:, 5])
    text, place = strings.take(np.append(name, 0))
    at = Ids(np.ascontiguousarray(mapping[:, 0])).find(head[:, 1])
    wire.lose("mappings that are not in the file", (at < 0) & (head[:, 1] != 0))
    return text, place[at][row]  # -1 is the last one, the empty string


def _functions(
    wire: Wire, strings: Strings, wanted: np.ndarray, modules: tuple[np.ndarray, np.ndarray]
) -> tuple[Functions, np.ndarray]:
    """Return the functions, one for each name, file and module, and that of each line."""
    rows = np.append(wire.rows(FUNCTION, 5), np.zeros((1, 5), np.int64), axis=0)
    at = Ids(np.ascontiguousarray(rows[:-1, 0])).find(wanted)
    wire.lose("functions that are not in the file", (at < 0) & (wanted != 0))
    # Where the name of the source is not told, the linker's is.
    names, name = strings.take(np.where(rows[:, 1] != 0, rows[:, 1], rows[:, 2]))
    files, file = strings.take(rows[:, 3])
    module_names, module = modules
    columns = np.column_stack([name[at], file[at], module])
    unique, function = _unique(columns.astype(np.int64))
    start = np.zeros(len(unique), np.int32)
    start[function] = _fit(rows[:, 4])[at]
    text = (names[unique[:, 0]], files[unique[:, 1]], module_names[unique[:, 2]])
    return Functions(*text, start), function


def _unique(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the different rows in the order of their first, and the place of each row there."""
    if not len(rows):
        return rows, np.empty(0, np.int32)
    order = np.lexsort(rows.T)
    ordered = rows[order]
    new = np.ones(len(rows), np.bool_)
    new[1:] = np.any(ordered[1:] != ordered[:-1], axis=1)
    group = np.cumsum(new) - 1
    # Sorting is stable: the first of a group is its first row.
    heads = order[new]
    rank = np.empty(len(heads), np.int32)
    by_place = np.argsort(heads)
    rank[by_place] = np.arange(len(heads), dtype=np.int32)
    place = np.empty(len(rows), np.int32)
    place[order] = rank[group]
    return rows[heads[by_place]], place


def _fit(numbers: np.ndarray) -> np.ndarray:
    """Return numbers of lines and columns; 0 for what cannot be one."""
    return np.where((numbers >= 0) & (numbers < 2**31), numbers, 0)
