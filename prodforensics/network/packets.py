"""Packets as arrays: what stands in the headers of every packet, decoded in bulk.

A `Packets` is made by the reader of a capture. It holds no payload: that stays in the file, and
`Packets.place` says where, so that a capture of millions of packets takes about a hundred bytes a
packet.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from ipaddress import ip_address

import numpy as np

__all__ = [
    "ACK",
    "CWR",
    "ECE",
    "FIN",
    "PSH",
    "RST",
    "SYN",
    "URG",
    "Addresses",
    "Interface",
    "Packets",
]

FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = (1 << bit for bit in range(8))
"""Bits of `Packets.tcp_flags`."""


@dataclass(frozen=True)
class Interface:
    """Where packets were captured.

    Parameters
    ----------
    link_type : int
        LINKTYPE number: 1 Ethernet, 0 null, 9 PPP, 101 raw, 113 SLL, 276 SLL2 ...
    snap_length : int
        Bytes of a packet that were kept at the most; 0 for no limit.
    name, description, filter : str
        As pcapng tells; empty where it does not.
    dropped : int or None
        Packets that the capture says it lost.
    """

    link_type: int
    snap_length: int = 0
    name: str = ""
    description: str = ""
    filter: str = ""
    dropped: int | None = None


@dataclass(frozen=True)
class Addresses:
    """The IP addresses of a capture, each different one numbered once.

    Attributes
    ----------
    octets : uint8[a, 16]
        IPv4 addresses stand in the first four.
    version : uint8[a]
        4 or 6.
    names : dict of str to str
        Host names by address, from the name resolution blocks of a pcapng file.
    """

    octets: np.ndarray
    version: np.ndarray
    names: dict[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.version)

    def texts(self) -> list[str]:
        """Write every address as tshark does.

        Examples
        --------
        >>> one = np.zeros((1, 16), np.uint8)
        >>> one[0, :4] = 192, 0, 2, 7
        >>> Addresses(one, np.array([4], np.uint8)).texts()
        ['192.0.2.7']
        """
        pairs = zip(self.octets, self.version.tolist(), strict=True)
        return [
            str(ip_address(octets[: 4 if version == 4 else 16].tobytes()))
            for octets, version in pairs
        ]


@dataclass(frozen=True)
class Packets:
    """The headers of all packets, in the order of the file.

    The innermost IP header counts: of a VXLAN, GRE or Geneve packet what the tunnel carries, of an
    ICMP error the error itself. Fragments are put together in bulk where all of them are there: the
    datagram stands at its last fragment, as in tshark, the others have no ports.

    Attributes
    ----------
    time : int64[n]
        Nanoseconds since 1970 (UTC).
    captured, length : int32[n]
        Bytes in the file, and of the packet on the wire.
    offset : int64[n]
        Where the packet's bytes stand in the unpacked file.
    interface : int32[n]
        Place in `interfaces`.
    vlan : int32[n]
        Innermost VLAN id; -1 for none.
    tunnel : uint8[n]
        0 none, 1 VXLAN, 2 GRE, 3 Geneve, 4 IP in IP.
    ip_protocol : int16[n]
        6 TCP, 17 UDP, 1 ICMP, 58 ICMPv6 ...; -1 for what is no IP.
    source, destination : int32[n]
        Place in `addresses`; -1 for what is no IP. Of IPv6 with a routing header the destination
        where the packet ends.
    source_port, destination_port : int32[n]
        -1 where there is none.
    ttl : uint8[n]
        Time to live or hop limit.
    ip_id : int32[n]
        Identification of IPv4; -1 elsewhere.
    dont_fragment : bool[n]
    fragment : uint8[n]
        0 whole, 1 a fragment without its transport header put together here, 2 put together here.
    payload : int64[n]
        Where the payload of TCP, UDP or ICMP begins in the file; -1 where there is none. Of a
        datagram that was put together (``fragment == 2``) see `reassembled`.
    payload_length : int32[n]
        Its length by the IP header, captured or not.
    payload_captured : int32[n]
        How many bytes of it are in the file.
    tcp_flags : uint16[n]
    sequence, acknowledgment : uint32[n]
    window : int32[n]
        As in the header, not scaled.
    window_scale : int16[n]
        Shift count of a SYN's option; -1 where there is none.
    mss : int32[n]
        Of a SYN's option; -1 where there is none.
    sack : uint8[n]
        1 where a SACK option (kind 5) is there, 2 where SACK is permitted (kind 4).
    sacked : int32[n]
        Bytes that the first three ranges of a SACK option cover (Wireshark counts no more).
    timestamp_value, timestamp_echo : int64[n]
        TCP's timestamps option; -1 where there is none.
    icmp_type, icmp_code : int16[n]
        -1 for what is no ICMP.
    stream : int32[n]
        tshark's ``tcp.stream`` or ``udp.stream``; -1 for other packets. See `streams`.
    direction : uint8[n]
        0 from the side that sent the stream's first packet, 1 back.
    reused_ports : bool[n]
        True for a SYN, or the answer to one, between ports that an earlier connection used.
    addresses, interfaces
        What the numbers mean.
    reassembled : dict of int to bytes
        Payload of datagrams put together from fragments, by their packet's place in the file.
    """

    time: np.ndarray
    captured: np.ndarray
    length: np.ndarray
    offset: np.ndarray
    interface: np.ndarray
    vlan: np.ndarray
    tunnel: np.ndarray
    ip_protocol: np.ndarray
    source: np.ndarray
    destination: np.ndarray
    source_port: np.ndarray
    destination_port: np.ndarray
    ttl: np.ndarray
    ip_id: np.ndarray
    dont_fragment: np.ndarray
    fragment: np.ndarray
    payload: np.ndarray
    payload_length: np.ndarray
    payload_captured: np.ndarray
    tcp_flags: np.ndarray
    sequence: np.ndarray
    acknowledgment: np.ndarray
    window: np.ndarray
    window_scale: np.ndarray
    mss: np.ndarray
    sack: np.ndarray
    sacked: np.ndarray
    timestamp_value: np.ndarray
    timestamp_echo: np.ndarray
    icmp_type: np.ndarray
    icmp_code: np.ndarray
    stream: np.ndarray
    direction: np.ndarray
    reused_ports: np.ndarray
    addresses: Addresses
    interfaces: tuple[Interface, ...]
    reassembled: dict[int, bytes] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.time)

    def arrays(self) -> Iterator[tuple[str, np.ndarray]]:
        """Give every array by name."""
        for one in fields(self):
            value = getattr(self, one.name)
            if isinstance(value, np.ndarray):
                yield one.name, value

    def take(self, rows: np.ndarray | slice) -> Packets:
        """Return the packets in some places; addresses and interfaces keep their numbers.

        Parameters
        ----------
        rows : int64[k] or slice
            A slice takes no memory.
        """
        return replace(self, **{name: array[rows] for name, array in self.arrays()})

    @property
    def nbytes(self) -> int:
        """Memory of the arrays, bytes."""
        return sum(array.nbytes for _, array in self.arrays())
