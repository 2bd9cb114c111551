"""The events of a chunk: found by their sizes, read as the chunk's metadata says."""

from __future__ import annotations

import numpy as np

from prodforensics.gaps import Gap
from prodforensics.kernels.jfr_events import count_events, decode_events, place_events
from prodforensics.kernels.jfr_values import DOUBLE, FLOAT
from prodforensics.profile.formats.jfr_chunks import HEADER, Chunk, Notes
from prodforensics.profile.formats.jfr_metadata import (
    Damaged,
    Leaf,
    Metadata,
    parse,
    read_varint,
)

__all__ = ["Events", "find_metadata"]

METADATA, CHECKPOINT = 0, 1
_UNSET = np.iinfo(np.int64).min
_NANOSECONDS = {
    "NANOSECONDS": 1,
    "MICROSECONDS": 1_000,
    "MILLISECONDS": 1_000_000,
    "SECONDS": 1_000_000_000,
    "SINCE EPOCHMILLIS": 1_000_000,
}
_LONGEST_CHAIN = 100_000
_LONGEST_METADATA = 2**26


def find_metadata(data: np.ndarray, chunk: Chunk, known: dict[bytes, Metadata]) -> Metadata | None:
    """Return the metadata of a chunk, from where the header says or from among the events.

    Parameters
    ----------
    data : uint8[:]
    chunk : Chunk
    known : dict
        Metadata by its bytes: chunks of one recording mostly repeat it.
    """
    places = [chunk.metadata] if chunk.metadata else []
    for step in range(2):
        for place in reversed(places):
            head = data[place : place + 9].tobytes()
            try:
                size, _ = read_varint(head, 0)
                if not 0 < size <= min(chunk.end - place, _LONGEST_METADATA):
                    continue
                raw = data[place : place + size].tobytes()
                _, p = read_varint(raw, 0)
                for _ in range(3):
                    _, p = read_varint(raw, p)
                if raw[p:] not in known:
                    known[raw[p:]] = parse(raw)
                return known[raw[p:]]
            except Damaged:
                continue
        if step == 0:
            ids, start = np.array([METADATA], np.int64), chunk.start + HEADER
            count, _, stop = count_events(data, start, chunk.end, ids)
            found = _places(data, [(start, stop)], ids, count, [METADATA])[METADATA]
            places = found[-8:].tolist()  # the last ones know most
    return None


class Events:
    """All events of a chunk by their types.

    Parameters
    ----------
    data : uint8[:]
    chunk : Chunk
    metadata : Metadata
    notes : Notes

    Attributes
    ----------
    counts : dict of str to (int, int)
        Events and bytes of each type that is there.
    checkpoints : int64[k]
        Where checkpoint events start.
    """

    def __init__(self, data: np.ndarray, chunk: Chunk, metadata: Metadata, notes: Notes) -> None:
        self._data, self._chunk, self._metadata, self._notes = data, chunk, metadata, notes
        self._ids = np.union1d(metadata.ids, [METADATA, CHECKPOINT])
        names = dict(zip(metadata.ids.tolist(), metadata.names, strict=True))
        names |= {METADATA: "jdk.Metadata", CHECKPOINT: "jdk.CheckPoint"}
        self.counts: dict[str, tuple[int, int]] = {}
        self._spans: list[tuple[int, int]] = []
        self._count, size = self._counted()
        count = self._count
        for place in np.flatnonzero(count).tolist():
            known = place < len(self._ids)
            name = names[int(self._ids[place])] if known else "of an unknown type"
            self.counts[name] = (int(count[place]), int(size[place]))
        self._located: dict[int, np.ndarray] = {}
        self.checkpoints = self._find([CHECKPOINT])[CHECKPOINT]
        if len(self._spans) > 1 or self._spans[-1][1] < chunk.end:
            self.checkpoints = np.union1d(self.checkpoints, self._chain())

    def _counted(self) -> tuple[np.ndarray, np.ndarray]:
        """Count the events of each type; where their chain breaks, go on at the next known one."""
        data, chunk = self._data, self._chunk
        at, anchors = chunk.start + HEADER, None
        count = size = np.zeros(len(self._ids) + 1, np.int64)
        while True:
            some, sizes, stop = count_events(data, at, chunk.end, self._ids)
            count, size = count + some, size + sizes
            self._spans.append((at, stop))
            if stop >= chunk.end:
                return count, size
            if anchors is None:
                anchors = sorted({*self._chain().tolist(), chunk.metadata})
            at = next((place for place in anchors if place > stop), chunk.end)
            what = "events that cannot be read"
            excerpt = data[stop : stop + 16].tobytes().hex(" ")
            self._notes.add(Gap(what, offset=stop, lost_bytes=at - stop, excerpt=excerpt))
            if at >= chunk.end:
                return count, size

    def _chain(self) -> np.ndarray:
        """Follow the checkpoints from the last, which the header names, to the first."""
        places, at = [], self._chunk.checkpoint
        while at and len(places) < _LONGEST_CHAIN:
            head = self._data[at : at + 64].tobytes()
            try:
                _, p = read_varint(head, 0)
                kind, p = read_varint(head, p)
                for _ in range(2):
                    _, p = read_varint(head, p)
                distance, p = read_varint(head, p)
            except Damaged:
                break
            if kind != CHECKPOINT:
                break
            places.append(at)
            if distance >= 0 or at + distance < self._chunk.start + HEADER:
                break
            at += distance
        return np.array(places, np.int64)

    def _find(self, numbers: list[int]) -> dict[int, np.ndarray]:
        return _places(self._data, self._spans, self._ids, self._count, numbers)

    def locate(self, names: set[str]) -> None:
        """Find where the events of some types start, in one pass for all of them."""
        numbers = [self._metadata.id_of[name] for name in names if name in self.counts]
        self._located = self._find(numbers)

    def columns(self, name: str, *fields: str) -> dict[str, np.ndarray]:
        """Read fields of all events of a type that was located.

        Returns
        -------
        dict of str to int64[n] or float64[n]
            The fields that the type has: times in nanoseconds (since 1970, or as a span), of
            strings where they stand. Empty where there are no such events.
        """
        number = self._metadata.id_of.get(name, -1)
        start = self._located.get(number)
        layout = self._metadata.layout(number)
        if start is None or not len(start):
            return {}
        if layout is None:
            self._notes.add(Gap(f"{name} events of a form that is not known"))
            return {}
        there = [one for one in fields if layout.leaf(one)]
        out, whole = decode_events(
            self._data, start, self._chunk.end, layout.program, layout.columns(tuple(there)),
            len(there),
        )  # fmt: skip
        lost = len(whole) - int(np.count_nonzero(whole))
        if lost:
            offset = int(start[~whole][0])
            self._notes.add(Gap(f"damaged {name} events", offset=offset, lost_records=lost))
            out = out[:, whole]
        leaves = [layout.leaf(one) for one in there]
        values = {leaf.name: self._value(leaf, out[k]) for k, leaf in enumerate(leaves) if leaf}
        values["count"] = np.ones(out.shape[1], np.int64)
        return values

    def _value(self, leaf: Leaf, raw: np.ndarray) -> np.ndarray:
        """Give a field its unit and type."""
        if leaf.operation == FLOAT:
            return raw.astype(np.uint32).view(np.float32).astype(np.float64)
        if leaf.operation == DOUBLE:
            return raw.view(np.float64)
        if leaf.pooled:
            return raw
        if leaf.type_name == "int":
            raw = raw.astype(np.int32).astype(np.int64)
        if leaf.scale == "SINCE TICKS":
            return self._chunk.time(raw)
        if leaf.scale == "TICKS":
            return np.where(raw == _UNSET, 0, self._chunk.nanoseconds(raw))
        times = _NANOSECONDS.get(leaf.scale, 1)
        return raw if times == 1 else np.clip(raw, -(2**61) // times, 2**61 // times) * times


def _places(
    data: np.ndarray,
    spans: list[tuple[int, int]],
    ids: np.ndarray,
    count: np.ndarray,
    numbers: list[int],
) -> dict[int, np.ndarray]:
    """Find where the events of some types start, int64[n] for each of them."""
    at = np.full(len(ids) + 1, -1, np.int64)
    bounds, total = {}, 0
    for number in numbers:
        slot = int(np.searchsorted(ids, number))
        at[slot] = total
        bounds[number] = slice(total, total + int(count[slot]))
        total += int(count[slot])
    place = np.empty(total, np.int64)
    for start, stop in spans:
        place_events(data, start, stop, ids, at, place)
    return {number: place[part] for number, part in bounds.items()}
