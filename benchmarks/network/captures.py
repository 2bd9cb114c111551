"""Captures of any size, made of the recorded samples: their packets many times, as other hosts.

Every copy of a connection has addresses and a time of its own, so that all are different; the
copies overlap in time as the connections of a busy network do. Lengths, sequence numbers, losses
and payloads are those of the recorded traffic.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numba
import numpy as np

from benchmarks.snapshots import CACHE

__all__ = ["amplified", "amplify"]

_MAGIC = 0xA1B23C4D  # nanoseconds
_START = 1_760_000_000 * 10**9
_STEP = 40_000_000  # ns between the beginnings of two copies
_BLOCK = 2**18  # packets written at a time
_RECORD = 16
_MOST_COPIES = 2**15
_TAGS = (0x8100, 0x88A8)


@dataclass(frozen=True)
class _Template:
    """The packets of all samples, by time since the beginning of their capture."""

    data: np.ndarray
    offset: np.ndarray
    size: np.ndarray
    length: np.ndarray
    time: np.ndarray
    address: np.ndarray
    """Where the addresses of the IP header stand in the packet; 0 for none."""
    version: np.ndarray


def amplified(megabytes: int) -> Path:
    """Return a capture of about this size, made once and kept."""
    path = CACHE / f"capture.{megabytes}.pcap"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_suffix(".half")
        amplify(half, megabytes * 1_000_000)
        half.rename(path)
    return path


def amplify(result: Path, size: int) -> int:
    """Write a capture of about this many bytes, and return the number of its packets.

    Parameters
    ----------
    result : Path
    size : int
        Rounded to whole copies of all samples, one at least.
    """
    template = _template()
    once = int(template.size.sum()) + _RECORD * len(template.size)
    copies = min(max(round(size / once), 1), _MOST_COPIES)
    count = len(template.size)
    packet = np.tile(np.arange(count, dtype=np.int32), copies)
    copy = np.repeat(np.arange(copies, dtype=np.int32), count)
    time = template.time[packet] + copy.astype(np.int64) * _STEP
    order = np.argsort(time, kind="stable")
    with result.open("wb") as stream:
        head = np.array([_MAGIC, 4 << 16 | 2, 0, 0, 262_144, 1], np.uint32)
        stream.write(head.tobytes())
        for start in range(0, len(order), _BLOCK):
            rows = order[start : start + _BLOCK]
            chosen = packet[rows]
            out = np.empty(int(template.size[chosen].sum()) + _RECORD * len(rows), np.uint8)
            _write(
                out, template.data, template.offset, template.size, template.length,
                template.address, template.version, chosen, copy[rows], time[rows] + _START,
            )  # fmt: skip
            stream.write(out.data)
    return len(order)


def _template() -> _Template:
    import prodforensics as pf

    parts, base = [], 0
    data = []
    for name in _ethernet():
        capture = pf.load(pf.samples.path(name), progress=False)
        packets = capture.packets
        with capture.payloads.open() as view:
            data.append(view.copy())
        address, version = _addresses(data[-1], packets.offset, packets.captured)
        since = packets.time - packets.time.min()
        columns = (packets.offset + base, packets.captured, packets.length, since, address, version)
        parts.append(columns)
        base += len(data[-1])
    offset, captured, length, time, address, version = map(np.concatenate, zip(*parts, strict=True))
    return _Template(np.concatenate(data), offset, captured, length, time, address, version)


def _ethernet() -> Iterator[str]:
    """Give the samples of one plain Ethernet; tunnels have addresses within addresses."""
    import prodforensics as pf

    for entry in pf.samples.entries():
        if entry["format"] != "pcap":
            continue
        packets = pf.load(pf.samples.path(entry["path"]), progress=False).packets
        if packets.interfaces[0].link_type == 1 and not packets.tunnel.any():
            yield entry["path"]


def _addresses(
    data: np.ndarray, offset: np.ndarray, size: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return where the addresses stand in each packet, and the version of IP."""
    address, version = np.zeros(len(offset), np.int32), np.zeros(len(offset), np.uint8)
    for row, (start, length) in enumerate(zip(offset.tolist(), size.tolist(), strict=True)):
        packet = data[start : start + length].tobytes()
        at = 12
        while int.from_bytes(packet[at : at + 2], "big") in _TAGS:
            at += 4
        kind = int.from_bytes(packet[at : at + 2], "big")
        if kind == 0x0800 and length >= at + 22:
            address[row], version[row] = at + 14, 4
        elif kind == 0x86DD and length >= at + 42:
            address[row], version[row] = at + 10, 6
    return address, version


@numba.njit(cache=True)
def _write(out, data, offset, size, length, address, version, packet, copy, time):
    """Write the records of packets, with the addresses of their copy."""
    at = 0
    for row in range(packet.size):
        i, number = packet[row], copy[row]
        fields = (
            time[row] // 1_000_000_000, time[row] % 1_000_000_000,
            np.int64(size[i]), np.int64(length[i]),
        )  # fmt: skip
        for value in fields:
            for k in range(4):
                out[at + k] = value >> 8 * k & 0xFF
            at += 4
        for k in range(size[i]):
            out[at + k] = data[offset[i] + k]
        # The third octet is the copy's number, the second one counts what does not fit into it; in
        # IPv6 two octets of the prefix.
        if version[i] == 4:
            for end in range(2):
                p = at + address[i] + 4 * end
                out[p + 1] ^= (number >> 8) & 0x7F
                out[p + 2] ^= number & 0xFF
        elif version[i] == 6:
            for end in range(2):
                p = at + address[i] + 16 * end
                out[p + 4] ^= (number >> 8) & 0xFF
                out[p + 5] ^= number & 0xFF
        at += size[i]
