"""pcapng: the capture file of Wireshark, with interfaces, sections, names and comments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from typing import TYPE_CHECKING

import numpy as np

from prodforensics.errors import Corrupt
from prodforensics.formats import Match, Probe
from prodforensics.gaps import Gap
from prodforensics.kernels.capture_records import pcapng_blocks
from prodforensics.network.decoding import Records, decoded
from prodforensics.network.packets import Interface, Packets
from prodforensics.progress import bar, compiling
from prodforensics.source import Source

if TYPE_CHECKING:
    from prodforensics.network.model import Capture

__all__ = ["read", "sniff"]

_START = b"\x0a\x0d\x0d\x0a"
_ORDERS = {b"\x4d\x3c\x2b\x1a": "little", b"\x1a\x2b\x3c\x4d": "big"}
_BATCH = 2**20
_OTHERS = 2**14
_INTERFACE, _NAMES, _STATISTICS = 1, 4, 5
_MOST_INTERFACES = 2**14
_NONE = np.uint64(2**64 - 1)


def sniff(probe: Probe) -> Match | None:
    """Recognise the header of a section."""
    if probe.head[:4] == _START and probe.head[8:12] in _ORDERS:
        return Match(1.0, "the section header of pcapng")
    return None


def read(source: Source, *, progress: bool | None = None) -> Capture:
    """Read a capture: where its packets stand, and their headers.

    Parameters
    ----------
    source : Source
    progress : bool, optional
        Show a progress bar: always, never, or (None) for large files.

    Returns
    -------
    Capture

    Raises
    ------
    Corrupt
        The file has no readable section.
    """
    from prodforensics.network.model import Capture

    with compiling(progress), source.buffer() as data:
        file = _File()
        with bar(data.size, "finding packets", show=progress) as done:
            _sections(source, data, file, done.update)
        packets = _decoded(data, file)
    return Capture(source, packets, file.gaps, comments=file.comments)


@dataclass
class _File:
    """What was found so far."""

    interfaces: list[Interface] = field(default_factory=list)
    resolutions: list[tuple[int, int]] = field(default_factory=list)
    """Ticks a second and seconds to add, of each interface."""
    parts: list[tuple[np.ndarray, ...]] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    comments: list[str] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)


def _sections(source: Source, data: np.ndarray, file: _File, update: object) -> None:
    at = 0
    while at < data.size or not at:
        head = data[at : at + 28].tobytes()
        order = _ORDERS.get(head[8:12])
        size = int.from_bytes(head[4:8], order or "little")
        if head[:4] != _START or order is None or size < 28 or at + size > data.size:
            if not at:
                raise Corrupt(
                    source.path, 0, "the section header of a pcapng file", repr(head[:12])
                )
            break
        file.comments += [
            text for code, text in _texts(data, at + 24, at + size - 4, order) if code == 1
        ]
        base = len(file.interfaces)
        before, at = at, _section(data, at + size, order, base, file)
        update(at - before)  # type: ignore[operator]
        if at < data.size and data[at : at + 4].tobytes() != _START:
            following = data[at:].tobytes().find(_START) if data.size - at < 2**24 else -1
            following = data.size if following < 0 else at + following
            what = "the capture ends in the middle of a block"
            if following < data.size:
                what = "bytes that are no block"
            excerpt = data[at : at + 16].tobytes().hex(" ")
            file.gaps.append(Gap(what, at, lost_bytes=following - at, excerpt=excerpt))
            at = following
    if at < data.size:
        lost = data.size - at
        file.gaps.append(Gap("the capture ends in the middle of a block", at, lost_bytes=lost))


def _section(data: np.ndarray, at: int, order: str, base: int, file: _File) -> int:
    """Read the blocks of one section and return where it ends."""
    big = order == "big"
    while True:
        columns = (
            np.empty(_BATCH, np.int64), np.empty(_BATCH, np.int32), np.empty(_BATCH, np.uint64),
            np.empty(_BATCH, np.int32), np.empty(_BATCH, np.int32),
        )  # fmt: skip
        other = np.empty(_OTHERS, np.int64)
        count, others, stopped = pcapng_blocks(data, at, big, *columns, other)
        for block in other[:others].tolist():
            _other(data, block, order, base, file)
        offset, interface, *rest = (column[:count].copy() for column in columns)
        file.parts.append((offset, interface + base, *rest))
        at = int(stopped)
        if count < _BATCH and others < _OTHERS:
            return at


def _other(data: np.ndarray, at: int, order: str, base: int, file: _File) -> None:
    """Read a block that holds no packet."""
    kind = int.from_bytes(data[at : at + 4].tobytes(), order)
    end = at + int.from_bytes(data[at + 4 : at + 8].tobytes(), order) - 4
    if kind == _INTERFACE and end - at >= 16 and len(file.interfaces) < _MOST_INTERFACES:
        one, resolution = _interface(data, at, end, order)
        file.interfaces.append(one)
        file.resolutions.append(resolution)
    elif kind == _NAMES:
        file.names.update(_resolved(data, at + 8, end, order))
    elif kind == _STATISTICS and end - at >= 20:
        place = base + int.from_bytes(data[at + 8 : at + 12].tobytes(), order)
        for code, value in _options(data, at + 20, end, order):
            if code == 5 and len(value) == 8 and place < len(file.interfaces):
                dropped = int.from_bytes(value, order)
                file.interfaces[place] = replace(file.interfaces[place], dropped=dropped)


def _interface(
    data: np.ndarray, at: int, end: int, order: str
) -> tuple[Interface, tuple[int, int]]:
    link = int.from_bytes(data[at + 8 : at + 10].tobytes(), order)
    snap = int.from_bytes(data[at + 12 : at + 16].tobytes(), order)
    ticks, shift, texts = 1_000_000, 0, {}
    for code, value in _options(data, at + 16, end, order):
        if code in (2, 3):
            texts[code] = value.decode("utf-8", "replace")
        elif code == 11 and value:  # the first byte says of what language the filter is
            texts[code] = value[1:].decode("utf-8", "replace")
        elif code == 9 and value:
            power = value[0] & 0x7F
            ticks = 2 ** min(power, 63) if value[0] & 0x80 else 10 ** min(power, 18)
        elif code == 14 and len(value) == 8:
            shift = int.from_bytes(value, order, signed=True)
    one = Interface(link, snap, texts.get(2, ""), texts.get(3, ""), texts.get(11, ""))
    return one, (ticks, shift)


def _options(data: np.ndarray, at: int, end: int, order: str) -> Iterator[tuple[int, bytes]]:
    while at + 4 <= end:
        code = int.from_bytes(data[at : at + 2].tobytes(), order)
        size = int.from_bytes(data[at + 2 : at + 4].tobytes(), order)
        if not code or at + 4 + size > end:
            return
        yield code, data[at + 4 : at + 4 + size].tobytes()
        at += 4 + (size + 3) // 4 * 4


def _texts(data: np.ndarray, at: int, end: int, order: str) -> Iterator[tuple[int, str]]:
    for code, value in _options(data, at, end, order):
        yield code, value.decode("utf-8", "replace")


def _resolved(data: np.ndarray, at: int, end: int, order: str) -> Iterator[tuple[str, str]]:
    """Give address and name of each record of a name resolution block."""
    for kind, value in _options(data, at, end, order):
        size = {1: 4, 2: 16}.get(kind)
        if size and len(value) > size:
            name = value[size:].partition(b"\0")[0].decode("utf-8", "replace")
            yield str(ip_address(value[:size])), name


def _fraction(part: np.ndarray, rate: int) -> np.ndarray:
    """Return parts of a second, in ticks of which a second has so many, as ns."""
    if rate % 10**9 == 0:
        return (part // np.uint64(rate // 10**9)).astype(np.int64)
    # Powers of two lose digits that are less than a nanosecond, so that the product has room.
    less = np.uint64(max(rate.bit_length() - 33, 0))
    return ((part >> less) * np.uint64(10**9) // (np.uint64(rate) >> less)).astype(np.int64)


def _decoded(data: np.ndarray, file: _File) -> Packets:
    offset, interface, ticks, captured, length = (
        (np.concatenate(column) for column in zip(*file.parts, strict=True))
        if file.parts
        else tuple(np.empty(0, kind) for kind in ("i8", "i4", "u8", "i4", "i4"))
    )
    # A packet of an interface that no block describes cannot be read.
    known = interface < len(file.interfaces)
    if not known.all():
        lost = int(np.count_nonzero(~known))
        file.gaps.append(Gap("packets of an interface that is not described", lost_records=lost))
        offset, interface, ticks, captured, length = (
            column[known] for column in (offset, interface, ticks, captured, length)
        )
    time = np.zeros(len(offset), np.int64)
    for place, (rate, shift) in enumerate(file.resolutions):
        mine = interface == place
        whole, part = ticks[mine] // np.uint64(rate), ticks[mine] % np.uint64(rate)
        time[mine] = whole.astype(np.int64)
        time[mine] += shift
        time[mine] *= 1_000_000_000
        time[mine] += _fraction(part, rate)
    time[ticks == _NONE] = 0
    records = Records(offset, time, captured, length, interface, tuple(file.interfaces), file.names)
    return decoded(data, records)
