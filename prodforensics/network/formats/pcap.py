"""pcap: the classic capture file of tcpdump, in either byte order, of micro- or nanoseconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prodforensics.errors import Corrupt
from prodforensics.formats import Match, Probe
from prodforensics.gaps import Gap
from prodforensics.kernels.capture_records import LARGEST, pcap_records
from prodforensics.network.decoding import Records, decoded
from prodforensics.network.packets import Interface, Packets
from prodforensics.progress import bar, compiling
from prodforensics.source import Source

if TYPE_CHECKING:
    from prodforensics.network.model import Capture

__all__ = ["read", "sniff"]

_MAGIC = {
    # bytes at the start: (big endian, nanoseconds, bytes of a record's header)
    b"\xd4\xc3\xb2\xa1": (False, False, 16),
    b"\xa1\xb2\xc3\xd4": (True, False, 16),
    b"\x4d\x3c\xb2\xa1": (False, True, 16),
    b"\xa1\xb2\x3c\x4d": (True, True, 16),
    b"\x34\xcd\xb2\xa1": (False, False, 24),  # "modified", of old Linux distributions
    b"\xa1\xb2\xcd\x34": (True, False, 24),
}
_HEADER = 24
_BATCH = 2**20
_SEARCHED = 2**16


def sniff(probe: Probe) -> Match | None:
    """Recognise the magic number."""
    if probe.head[:4] in _MAGIC and len(probe.head) >= _HEADER:
        return Match(1.0, "the magic number of pcap")
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
        The file has no readable header.
    """
    from prodforensics.network.model import Capture

    with compiling(progress), source.buffer() as data:
        packets, gaps = _packets(source, data, progress)
    return Capture(source, packets, gaps)


def _packets(source: Source, data: np.ndarray, progress: bool | None) -> tuple[Packets, list[Gap]]:
    head = data[:_HEADER].tobytes()
    if head[:4] not in _MAGIC or len(head) < _HEADER:
        raise Corrupt(source.path, 0, "the header of a pcap file", repr(head[:8]))
    big, nano, header = _MAGIC[head[:4]]
    order = "big" if big else "little"
    snap_length = int.from_bytes(head[16:20], order)
    # The upper six bits hold the length of the frame check sequence, and whether it is there.
    link = int.from_bytes(head[20:24], order) & 0x03FFFFFF
    parts: list[tuple[np.ndarray, ...]] = []
    gaps: list[Gap] = []
    at = _HEADER
    with bar(data.size, "finding packets", show=progress) as done:
        while at < data.size:
            columns = (
                np.empty(_BATCH, np.int64), np.empty(_BATCH, np.uint32),
                np.empty(_BATCH, np.uint32), np.empty(_BATCH, np.int32), np.empty(_BATCH, np.int32),
            )  # fmt: skip
            count, stopped = pcap_records(data, at, big, header, *columns)
            # A full batch is kept as it is; of others only what is used.
            parts.append(columns if count == _BATCH else tuple(c[:count].copy() for c in columns))
            done.update(stopped - at)
            at = int(stopped)
            if count == _BATCH or at >= data.size:
                continue
            following = _resume(data, at, big, header)
            gaps.append(_gap(data, at, following))
            done.update(following - at)
            at = following
    offset, seconds, fraction, captured, length = (
        (np.concatenate(column) for column in zip(*parts, strict=True))
        if parts
        else (np.empty(0, np.int64),) * 5
    )
    time = seconds.astype(np.int64)
    time *= 1_000_000_000
    time += fraction if nano else fraction.astype(np.int64) * 1000
    records = Records(
        offset,
        time,
        captured.astype(np.int32, copy=False),
        length.astype(np.int32, copy=False),
        np.zeros(len(offset), np.int32),
        (Interface(link, snap_length),),
        {},
    )
    return decoded(data, records), gaps


def _gap(data: np.ndarray, at: int, following: int) -> Gap:
    excerpt = data[at : at + 16].tobytes().hex(" ")
    if following == data.size:
        what = "the capture ends in the middle of a packet"
    else:
        what = "bytes that are no record"
    return Gap(what, offset=at, lost_bytes=following - at, excerpt=excerpt)


def _resume(data: np.ndarray, at: int, big: bool, header: int) -> int:
    """Find the next place where three records follow each other, or the end.

    A damaged record says nothing of where the next one is.
    """
    columns = tuple(np.empty(3, kind) for kind in ("i8", "u4", "u4", "i4", "i4"))
    for start in range(at + 1, min(at + _SEARCHED, data.size - header)):
        count, stopped = pcap_records(data, start, big, header, *columns)
        whole = count == 3 or (count and stopped == data.size)
        if whole and _plausible(*(column[:count] for column in columns[1:])):
            return start
    return int(data.size)


def _plausible(
    seconds: np.ndarray, fraction: np.ndarray, captured: np.ndarray, length: np.ndarray
) -> bool:
    near = np.abs(np.diff(seconds.astype(np.int64))).max(initial=0) < 3600
    sizes = (captured <= length).all() and (captured > 0).all() and (length < LARGEST).all()
    return bool(near and sizes and (fraction < 1_000_000_000).all() and (seconds > 0).all())
