"""Profiles written as pprof, for ``go tool pprof``, Pyroscope, Parca and all that reads it.

The table of strings is written last, as Go's runtime does: where a file is cut, names are absent,
and every reader can tell.
"""

from __future__ import annotations

import gzip

import numpy as np

from prodforensics.kernels.pprof_writing import callers, encode
from prodforensics.kernels.prefix_tree import merge
from prodforensics.profile.data import ProfileData, ValueType
from prodforensics.profile.formats.pprof_labels import THREAD_KEYS

__all__ = ["pprof_bytes"]

_UNITS = {"ns": "nanoseconds"}


def pprof_bytes(data: ProfileData) -> bytes:
    """Write a profile as pprof, packed with gzip.

    Threads become labels, unless the samples have labels of their threads. Moments of samples are
    kept where they are known as times of the day.

    Parameters
    ----------
    data : ProfileData

    Returns
    -------
    bytes
    """
    return gzip.compress(_Writer(data).message(), 6, mtime=0)


class _Writer:
    def __init__(self, data: ProfileData) -> None:
        self.data = data
        self.strings = {"": 0}

    def text(self, text: str) -> int:
        """Return the place of a text in the table of strings."""
        return self.strings.setdefault(text, len(self.strings))

    def texts(self, texts: np.ndarray) -> np.ndarray:
        """Return the places of texts, int64[k]."""
        return np.array([self.text(one) for one in texts], np.int64)

    def message(self) -> bytes:
        """Write everything."""
        data, recording = self.data, self.data.recording
        parts = [self.value_type(1, one) for one in data.value_types]
        parts.append(_number(9, recording.start_ns))
        parts.append(_number(10, recording.duration_ns))
        if recording.period_type is not None:
            parts.append(self.value_type(11, recording.period_type))
        parts.append(_number(12, recording.period))
        parts += [_number(13, self.text(one)) for one in recording.comments]
        parts.append(_number(14, self.text(data.value_types[data.default].name)))
        parts.append(self.samples())
        parts += self.functions()
        modules, mapping = np.unique(data.functions.module, return_inverse=True)
        parts += [self.mapping(k, one) for k, one in enumerate(modules, 1) if one]
        mapping = np.where(data.functions.module == "", 0, mapping.reshape(-1) + 1)
        parts += self.locations(mapping)
        parts += [_bytes(6, one.encode("utf-8", "replace")) for one in self.strings]
        return b"".join(parts)

    def value_type(self, field: int, one: ValueType) -> bytes:
        unit = _UNITS.get(one.unit, one.unit)
        return _bytes(field, _row(self.text(one.name), self.text(unit)))

    def mapping(self, number: int, module: str) -> bytes:
        # All that can be told of it is told: there is nothing to look up in the binary.
        return _bytes(3, _row(number, 0, 0, 0, self.text(module), 0, 1, 1, 1, 1))

    def functions(self) -> list[bytes]:
        given = self.data.functions
        names, files = self.texts(given.name), self.texts(given.file)
        rows = zip(names.tolist(), files.tolist(), given.start_line.tolist(), strict=True)
        return [
            _bytes(5, _row(number, name, name, file, line))
            for number, (name, file, line) in enumerate(rows, 1)
        ]

    def samples(self) -> bytes:
        """Write the samples, and number the locations: calls with those they are inlined into."""
        data, stacks = self.data, self.data.stacks
        inlined = data.calls.inlined[stacks.call]
        inner = np.where(inlined, stacks.parent, np.int32(-1))
        self.chain_parent, self.chain_call, chain = merge(
            inner, stacks.call, np.ones(len(stacks), np.bool_)
        )
        values = np.vstack([_whole(value) for value in data.samples.values])
        first, label = self.labels()
        return encode(
            data.samples.stack, values, callers(stacks.parent, inlined),
            chain.astype(np.int64) + 1, first, label,
        ).tobytes()  # fmt: skip

    def locations(self, mapping: np.ndarray) -> list[bytes]:
        calls, parts = self.data.calls, []
        line = [
            b"" if not name and not inlined else _bytes(4, _row(function + 1, line, column))
            for name, inlined, function, line, column in zip(
                self.data.functions.name[calls.function].tolist(), calls.inlined.tolist(),
                calls.function.tolist(), calls.line.tolist(), calls.column.tolist(), strict=True,
            )
        ]  # fmt: skip
        module, address = mapping[calls.function].tolist(), calls.address.tolist()
        lines: list[bytes] = []
        chains = zip(self.chain_parent.tolist(), self.chain_call.tolist(), strict=True)
        for number, (above, call) in enumerate(chains, 1):
            lines.append(line[call] + (lines[above] if above >= 0 else b""))
            head = _row(number, module[call], address[call])
            parts.append(_bytes(4, head + lines[-1]))
        return parts

    def labels(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the bounds of each sample's labels, and their fields: int64[l, 4]."""
        data, count = self.data, len(self.data.samples)
        tables = []
        known: set[str] = set()
        if (given := data.labels) is not None:
            known = set(given.texts[np.unique(given.key)].tolist())
            texts = np.append(self.texts(given.texts), 0)  # the last one answers -1
            row = np.repeat(np.arange(count), np.diff(given.first))
            number = np.where(given.text >= 0, 0, given.number)
            columns = (texts[given.key], texts[given.text], number, texts[given.unit])
            tables.append(np.column_stack([row, *columns]))
        if data.samples.thread is not None and len(data.threads) and not THREAD_KEYS & known:
            tables += self.thread_labels(data.samples.thread)
        if data.samples.time is not None and data.recording.clock == "unix":
            key = "end_timestamp_ns"
            if key not in known:
                tables.append(self.label(key, np.arange(count), number=data.samples.time))
        every = np.concatenate([np.empty((0, 5), np.int64), *tables])
        every = every[np.argsort(every[:, 0], kind="stable")]
        first = np.searchsorted(every[:, 0], np.arange(count + 1)).astype(np.int64)
        return first, np.ascontiguousarray(every[:, 1:])

    def thread_labels(self, thread: np.ndarray) -> list[np.ndarray]:
        given = self.data.threads
        tables = []
        for key, names in (("thread", given.thread_name), ("process name", given.process_name)):
            rows = np.flatnonzero((thread >= 0) & (names != "")[thread])
            tables.append(self.label(key, rows, text=self.texts(names)[thread[rows]]))
        for key, ids in (("tid", given.thread_id), ("pid", given.process_id)):
            rows = np.flatnonzero((thread >= 0) & (ids >= 0)[thread])
            tables.append(self.label(key, rows, number=ids[thread[rows]]))
        return tables

    def label(
        self, key: str, rows: np.ndarray, text: np.ndarray | int = 0, number: np.ndarray | int = 0
    ) -> np.ndarray:
        """Return one label for each of these samples."""
        table = np.zeros((len(rows), 5), np.int64)
        table[:, 0], table[:, 1], table[:, 2], table[:, 3] = rows, self.text(key), text, number
        return table


def _whole(values: np.ndarray) -> np.ndarray:
    """Return whole numbers: pprof has no others."""
    return values if values.dtype == np.int64 else np.rint(values).astype(np.int64)


def _varint(value: int) -> bytes:
    value %= 2**64
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def _number(field: int, value: int | None) -> bytes:
    return _varint(field << 3) + _varint(value) if value else b""


def _bytes(field: int, data: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _row(*values: int) -> bytes:
    """Write the fields 1, 2, 3 ... of a message; 0 is left out."""
    return b"".join(_number(field, value) for field, value in enumerate(values, 1))
