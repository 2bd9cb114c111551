"""The frame of ICMP: messages, and the packets that errors are about."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from prodforensics.categories import vocabulary
from prodforensics.kernels.grouping import group_rows
from prodforensics.network.connections import TCP, UDP, Flows

if TYPE_CHECKING:
    from prodforensics.network.model import Capture

__all__ = ["icmp"]

_ICMP, _ICMPV6 = 1, 58
_ERRORS = {4: (3, 4, 5, 11, 12), 6: (1, 2, 3, 4)}
"""Types of messages about a packet, by version."""
_EXTENSIONS = (0, 43, 60, 135)  # headers of IPv6 that name their own length
_FRAGMENT = 44
_REST = 4  # bytes between the checksum and what a message is about
_MOST_EXTENSIONS = 8

_NAMES = {
    4: {
        0: "echo reply", 3: "destination unreachable", 4: "source quench", 5: "redirect",
        8: "echo request", 9: "router advertisement", 10: "router solicitation",
        11: "time exceeded", 12: "parameter problem", 13: "timestamp request",
        14: "timestamp reply",
    },
    6: {
        1: "destination unreachable", 2: "packet too big", 3: "time exceeded",
        4: "parameter problem", 128: "echo request", 129: "echo reply",
        130: "multicast listener query", 131: "multicast listener report",
        132: "multicast listener done", 133: "router solicitation", 134: "router advertisement",
        135: "neighbor solicitation", 136: "neighbor advertisement", 137: "redirect",
        143: "multicast listener report v2",
    },
}  # fmt: skip
_CODES = {
    (4, 3): (
        "network unreachable", "host unreachable", "protocol unreachable", "port unreachable",
        "fragmentation needed", "source route failed", "network unknown", "host unknown",
        "source host isolated", "network prohibited", "host prohibited",
        "network unreachable for type of service", "host unreachable for type of service",
        "communication prohibited", "host precedence violation", "precedence cutoff",
    ),
    (4, 5): (
        "redirect for network", "redirect for host", "redirect for type of service and network",
        "redirect for type of service and host",
    ),
    (4, 11): ("time to live exceeded", "fragment reassembly time exceeded"),
    (6, 1): (
        "no route", "communication prohibited", "beyond scope", "address unreachable",
        "port unreachable", "source address failed policy", "reject route",
    ),
    (6, 3): ("hop limit exceeded", "fragment reassembly time exceeded"),
}  # fmt: skip


def icmp(capture: Capture) -> pd.DataFrame:
    """Return one row a message (`schemas_icmp.ICMP`)."""
    packets = capture.packets
    mine = np.isin(packets.ip_protocol, (_ICMP, _ICMPV6)) & (packets.icmp_type >= 0)
    rows = np.flatnonzero(mine)
    version = np.where(packets.ip_protocol[rows] == _ICMP, 4, 6).astype(np.uint8)
    kind, code = packets.icmp_type[rows], packets.icmp_code[rows]
    start, size = packets.payload[rows], packets.payload_captured[rows]
    about = _Inner(len(rows))
    with capture.payloads.open() as data:
        for number, types in _ERRORS.items():
            errors = np.flatnonzero((version == number) & np.isin(kind, types))
            about.read(data, start + _REST, size - _REST, errors, number)
        mtu = _mtu(data, start, size, version, kind, code)
    texts = packets.addresses.texts()
    columns = {
        "ts": pd.DatetimeIndex(packets.time[rows], tz="UTC"),
        "version": version,
        "type": kind,
        "code": code,
        "name": _named(version, kind, code),
        "mtu": mtu,
        "src_ip": vocabulary(texts, packets.source[rows]),
        "dst_ip": vocabulary(texts, packets.destination[rows]),
        "inner_protocol": about.protocol,
        "inner_src_ip": about.texts(0),
        "inner_dst_ip": about.texts(1),
        "inner_src_port": about.port[:, 0],
        "inner_dst_port": about.port[:, 1],
        "stream": _streams(capture, about, rows),
    }
    return pd.DataFrame(columns).set_axis(pd.Index(rows + 1, name="frame_number"))


def _named(version: np.ndarray, kind: np.ndarray, code: np.ndarray) -> pd.Categorical:
    triples = np.stack([version, kind, code], axis=1).astype(np.int64)
    group, first = group_rows(triples)
    words = []
    for number, type_, of_type in triples[first].tolist():
        codes = _CODES.get((number, type_), ())
        plain = _NAMES[number].get(type_, "")
        words.append(codes[of_type] if of_type < len(codes) else plain)
    return vocabulary(words, group.astype(np.int64))


def _mtu(
    data: np.ndarray, start: np.ndarray, size: np.ndarray, version: np.ndarray, kind: np.ndarray,
    code: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """Return the largest packet that messages tell, in the second half of their header."""
    found = np.full(len(start), -1, np.int64)
    whole = (start >= 0) & (size >= _REST)
    four = np.flatnonzero((version == 4) & (kind == 3) & (code == 4) & whole)
    six = np.flatnonzero((version == 6) & (kind == 2) & whole)
    for rows, width in ((four, 2), (six, 4)):
        places = start[rows][:, None] + np.arange(_REST - width, _REST)
        found[rows] = data[places].astype(np.int64) @ (256 ** np.arange(width)[::-1])
    return found


class _Inner:
    """The packets that messages are about, as far as they are quoted.

    Attributes
    ----------
    protocol : int16[k]
    port : int32[k, 2]
    version : uint8[k]
        0 where there is no such packet.
    octets : uint8[k, 2, 16]
        Source and destination.
    """

    def __init__(self, count: int) -> None:
        self.protocol = np.full(count, -1, np.int16)
        self.port = np.full((count, 2), -1, np.int32)
        self.version = np.zeros(count, np.uint8)
        self.octets = np.zeros((count, 2, 16), np.uint8)

    def read(
        self, data: np.ndarray, start: np.ndarray, size: np.ndarray, rows: np.ndarray, version: int
    ) -> None:
        """Read the IP header and the ports that some messages quote."""
        head = 20 if version == 4 else 40
        rows = rows[(start[rows] >= _REST) & (size[rows] >= head)]
        rows = rows[data[start[rows]] >> 4 == version]
        if not len(rows):
            return
        begin, end = start[rows], start[rows] + size[rows]
        width, at = (4, 12) if version == 4 else (16, 8)
        self.version[rows] = version
        for side in (0, 1):
            places = begin[:, None] + at + width * side + np.arange(width)
            self.octets[rows, side, :width] = data[places]
        if version == 4:
            protocol = data[begin + 9].astype(np.int16)
            after = begin + 4 * (data[begin] & 15).astype(np.int64)
            later = ((data[begin + 6] & 0x1F) | data[begin + 7]) != 0
        else:
            protocol, after, later = _after_extensions(data, begin, end)
        self.protocol[rows] = protocol
        having = np.isin(protocol, (TCP, UDP)) & ~later & (after + 4 <= end)
        octets = data[after[having][:, None] + np.arange(4)].astype(np.int32)
        self.port[rows[having]] = octets[:, [0, 2]] << 8 | octets[:, [1, 3]]

    def addresses(self) -> tuple[np.ndarray, list[bytes]]:
        """Return the number of each address, int64[k, 2] (-1 for none), and what they are."""
        number = np.full((len(self.protocol), 2), -1, np.int64)
        rows = np.flatnonzero(self.version)
        words = np.ascontiguousarray(self.octets[rows]).view(np.int64).reshape(-1, 2)
        keyed = np.column_stack([words, np.repeat(self.version[rows], 2).astype(np.int64)])
        group, first = group_rows(keyed)
        number[rows] = group.reshape(-1, 2)
        octets = self.octets[rows].reshape(-1, 16)[first]
        known = keyed[first, 2] if len(first) else []
        return number, [
            one[: 4 if version == 4 else 16].tobytes()
            for one, version in zip(octets, known, strict=True)
        ]

    def texts(self, side: int) -> pd.Categorical:
        """Return the addresses of one side."""
        number, known = self.addresses()
        return vocabulary([str(ip_address(octets)) for octets in known], number[:, side])


def _after_extensions(
    data: np.ndarray, begin: np.ndarray, end: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return protocols, where their headers begin, and which are in a later fragment."""
    protocol, after = data[begin + 6].astype(np.int16), begin + 40
    later = np.zeros(len(begin), np.bool_)
    for _ in range(_MOST_EXTENSIONS):
        extended = np.flatnonzero(np.isin(protocol, (*_EXTENSIONS, _FRAGMENT)) & (after + 8 <= end))
        if not len(extended):
            break
        at = after[extended]
        part = protocol[extended] == _FRAGMENT
        later[extended] |= part & ((data[at + 2] | (data[at + 3] & 0xF8)) != 0)
        protocol[extended] = data[at]
        after[extended] = at + np.where(part, 8, 8 * (1 + data[at + 1].astype(np.int64)))
    return protocol, after, later


def _streams(capture: Capture, about: _Inner, rows: np.ndarray) -> np.ndarray:
    """Return the stream that each quoted packet belongs to: the newest between its ends."""
    found = np.full(len(rows), -1, np.int64)
    known = capture.packets.addresses
    numbers, octets = about.addresses()
    if not octets:
        return found
    pairs = zip(known.octets, known.version.tolist(), strict=True)
    place = {
        one[: 4 if version == 4 else 16].tobytes(): number
        for number, (one, version) in enumerate(pairs)
    }
    of = np.array([*(place.get(one, -2) for one in octets), -1], np.int64)
    address = of[numbers]
    for flows in (capture.streams, capture.udp_streams):
        wanted = np.flatnonzero(
            (about.protocol == flows.protocol)
            & (address >= 0).all(axis=1)
            & (about.port[:, 0] >= 0)
        )
        if len(wanted) and len(flows):
            found[wanted] = _newest(flows, address[wanted], about.port[wanted], rows[wanted])
    return found


def _newest(flows: Flows, address: np.ndarray, port: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Return the streams between ends that began last before some packets; -1 for none."""
    pairs = np.concatenate([_in_order(flows.address, flows.port), _in_order(address, port)])
    group, _ = group_rows(pairs)
    group = group.astype(np.int64)
    span = int(max(flows.first.max(), before.max())) + 1
    key = group[: len(flows)] * span + flows.first
    order = np.argsort(key)
    place = np.searchsorted(key[order], group[len(flows) :] * span + before, side="right") - 1
    stream = order[place]
    return np.where((place >= 0) & (group[stream] == group[len(flows) :]), stream, -1)


def _in_order(address: np.ndarray, port: np.ndarray) -> np.ndarray:
    """Return both ends of packets, the lower one first, int64[k, 4]."""
    ends = (address.astype(np.int64) << 16) | port
    low, high = ends.min(axis=1), ends.max(axis=1)
    return np.column_stack([low, high])
