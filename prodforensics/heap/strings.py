"""The strings of a snapshot, kept as the file's bytes and decoded one by one when asked for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import numpy as np

__all__ = ["StringTable"]


class StringTable:
    """A table of strings that costs what its JSON costs.

    Parameters
    ----------
    data : uint8[:]
        JSON of the strings, quotes and separators included.
    starts : uint32[:] or uint64[:], shape (count + 1,)
        Place of each string's first byte. The last entry is one past the last string's closing
        quote, plus one.
    size : int, optional
        Indices that the snapshot refers to. Strings from ``count`` on are missing from the file.

    Examples
    --------
    >>> table = StringTable.of(["Array", "naïve", 'say "hi"'])
    >>> table[1], table.take([2, 0]), len(table)
    ('naïve', ['say "hi"', 'Array'], 3)
    >>> table.add("Detached <div>"), table[3], table[9]
    (3, 'Detached <div>', '(missing string 9)')
    """

    def __init__(self, data: np.ndarray, starts: np.ndarray, size: int | None = None) -> None:
        self.data = data
        self.starts = starts
        self.count = len(starts) - 1
        self._first_added = max(self.count, size or 0)
        self._added: list[str] = []

    @classmethod
    def of(cls, texts: Iterable[str]) -> StringTable:
        """Make a table of texts that are at hand."""
        encoded = [json.dumps(text).encode() for text in texts]
        starts = np.cumsum([1] + [len(raw) + 1 for raw in encoded], dtype=np.uint32)
        return cls(np.frombuffer(b",".join([*encoded, b""]), np.uint8), starts)

    def __len__(self) -> int:
        return self._first_added + len(self._added)

    def __getitem__(self, index: int) -> str:
        index = int(index)
        if 0 <= index < self.count:
            raw = self.data[self.starts[index] : self.starts[index + 1] - 1].tobytes()
            return _decode(raw[: raw.rindex(b'"')])
        if self._first_added <= index < len(self):
            return self._added[index - self._first_added]
        return f"(missing string {index})"

    def take(self, indices: Iterable[int]) -> list[str]:
        """Return the strings at the indices, in their order."""
        return [self[index] for index in indices]

    def find(self, texts: Sequence[str]) -> list[int]:
        """Return the index of the first string equal to each text, or -1.

        For texts that JSON writes as they are: printable ASCII without quotes and backslashes.
        """
        from prodforensics.kernels.texts import find_texts

        encoded = [text.encode() + b'"' for text in texts]
        first = np.cumsum([0, *map(len, encoded)])
        joined = np.frombuffer(b"".join(encoded), np.uint8)
        return find_texts(self.data, self.starts, joined, first).tolist()

    def add(self, text: str) -> int:
        """Append a string that the file does not have; return its index."""
        self._added.append(text)
        return len(self) - 1

    @property
    def nbytes(self) -> int:
        """Bytes that the table holds in memory."""
        return self.data.nbytes + self.starts.nbytes + sum(map(len, self._added))


def _decode(raw: bytes) -> str:
    if b"\\" not in raw:
        return raw.decode("utf-8", "replace")
    try:
        text = json.loads(b'"' + raw + b'"', strict=False)
    except ValueError:
        return raw.decode("utf-8", "replace")
    # JavaScript strings may hold half a surrogate pair, which nothing can encode.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
