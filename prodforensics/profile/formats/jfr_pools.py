"""The pools of constants of a chunk: classes, methods, stacks, threads, and the strings of them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from prodforensics.gaps import Gap
from prodforensics.kernels.jfr_events import walk_pools
from prodforensics.kernels.jfr_texts import gather_texts
from prodforensics.kernels.jfr_values import decode_elements, decode_rows
from prodforensics.profile.formats.jfr_chunks import Notes
from prodforensics.profile.formats.jfr_metadata import Metadata

__all__ = ["Pools", "Table", "places_of"]


@dataclass(frozen=True)
class Table:
    """One pool.

    Attributes
    ----------
    key : int64[n]
        Sorted, each once.
    columns : dict of str to int64[n]
        The wanted fields that its records have; of strings and arrays where they stand.
    """

    key: np.ndarray
    columns: dict[str, np.ndarray]

    def column(self, name: str) -> np.ndarray:
        """Return a field; zeros where records have none of the name."""
        found = self.columns.get(name)
        return np.zeros(len(self.key), np.int64) if found is None else found


class Pools:
    """All pools of a chunk.

    Parameters
    ----------
    data : uint8[:]
        The file.
    end : int
        Where the chunk ends.
    metadata : Metadata
    checkpoints : int64[k]
        Where the checkpoint events start.
    notes : Notes
    """

    def __init__(
        self,
        data: np.ndarray,
        end: int,
        metadata: Metadata,
        checkpoints: np.ndarray,
        notes: Notes,
    ) -> None:
        self._data = data
        self._end = end
        self._metadata = metadata
        first, program = metadata.programs()
        self._found, broken = walk_pools(data, checkpoints, end, metadata.ids, first, program)
        for offset in broken[broken >= 0].tolist():
            notes.add(Gap("constants that cannot be read", offset=offset))
        self._strings: dict[int, str] | None = None
        self._tables: dict[tuple[str, tuple[str, ...]], Table] = {}

    def table(self, type_name: str, *fields: str) -> Table:
        """Return a pool with some fields of its records; an empty one where there is none."""
        if (type_name, fields) not in self._tables:
            self._tables[type_name, fields] = self._table(type_name, fields)
        return self._tables[type_name, fields]

    def _table(self, type_name: str, fields: tuple[str, ...]) -> Table:
        number = self._metadata.id_of.get(type_name)
        layout = None if number is None else self._metadata.layout(number)
        if number is None or layout is None:
            return Table(np.empty(0, np.int64), {})
        slot = np.searchsorted(self._metadata.ids, number)
        _, count, start = self._found[:, self._found[0] == slot]
        key, out = decode_rows(
            self._data, start, count, self._end, layout.program,
            layout.columns(fields), len(fields), int(count.sum()),
        )  # fmt: skip
        key, place = np.unique(key, return_index=True)
        there = [name for name in fields if layout.leaf(name)]
        return Table(key, {name: out[fields.index(name)][place] for name in there})

    def texts(self, start: np.ndarray) -> list[str]:
        """Return the strings that stand at these offsets; for 0, which is none, nothing."""
        raw, first, key = gather_texts(self._data, start, self._end)
        joined, bounds = raw.tobytes(), first.tolist()
        texts = [joined[low:high].decode("utf-8", "replace") for low, high in pairwise(bounds)]
        for place in np.flatnonzero(key >= 0).tolist():
            texts[place] = self._pooled().get(int(key[place]), "")
        return texts

    def _pooled(self) -> dict[int, str]:
        if self._strings is None:
            self._strings = {}  # a string of the pool of strings is never a key itself
            self._strings = self.names("java.lang.String", "")
        return self._strings

    def names(self, type_name: str, field: str) -> dict[int, str]:
        """Return one text of each record of a pool by its key."""
        pool = self.table(type_name, field)
        return dict(zip(pool.key.tolist(), self.texts(pool.column(field)), strict=True))

    def elements(
        self, type_name: str, array: str, start: np.ndarray, *fields: str
    ) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Read an array of each record of a pool.

        Returns
        -------
        first : int64[k + 1]
            Bounds of each array in the columns.
        columns : dict of str to int64[n]
        """
        nothing = np.zeros(len(start) + 1, np.int64)
        empty = {name: np.empty(0, np.int64) for name in fields}
        outer = self._metadata.layout(self._metadata.id_of.get(type_name, -1))
        leaf = outer.leaf(array) if outer else None
        layout = self._metadata.layout(leaf.element) if leaf else None
        if layout is None or leaf is None or leaf.pooled:
            return nothing, empty
        first, out = decode_elements(
            self._data, start, self._end, layout.program, layout.columns(fields), len(fields)
        )
        return first, {name: out[k] for k, name in enumerate(fields)}


def places_of(table: Table, keys: np.ndarray) -> np.ndarray:
    """Return the row of each key; -1 where the table has none, int64[n]."""
    if not len(table.key):
        return np.full(len(keys), -1, np.int64)
    place = np.searchsorted(table.key, keys)
    place[place == len(table.key)] = 0
    return np.where(table.key[place] == keys, place, -1)
