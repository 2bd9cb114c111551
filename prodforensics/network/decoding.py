"""From where packets stand in a file to what stands in their headers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from prodforensics.kernels.packet_headers import decode
from prodforensics.kernels.packet_streams import number_streams
from prodforensics.network.columns import allocate
from prodforensics.network.fragments import put_together
from prodforensics.network.packets import Addresses, Interface, Packets

__all__ = ["Records", "decoded"]

# Column -> dtype and what stands for "none", in the order in which the kernel takes them.
_COLUMNS = (
    ("vlan", np.int32, -1),
    ("tunnel", np.uint8, 0),
    ("ip_protocol", np.int16, -1),
    ("source", np.int32, -1),
    ("destination", np.int32, -1),
    ("source_port", np.int32, -1),
    ("destination_port", np.int32, -1),
    ("ttl", np.uint8, 0),
    ("ip_id", np.int32, -1),
    ("dont_fragment", np.bool_, False),
    ("fragment", np.uint8, 0),
    ("payload", np.int64, -1),
    ("payload_length", np.int32, 0),
    ("payload_captured", np.int32, 0),
    ("tcp_flags", np.uint16, 0),
    ("sequence", np.uint32, 0),
    ("acknowledgment", np.uint32, 0),
    ("window", np.int32, 0),
    ("window_scale", np.int16, -1),
    ("mss", np.int32, -1),
    ("sack", np.uint8, 0),
    ("sacked", np.int32, 0),
    ("timestamp_value", np.int64, -1),
    ("timestamp_echo", np.int64, -1),
    ("icmp_type", np.int16, -1),
    ("icmp_code", np.int16, -1),
)
_STREAMS = (
    ("stream", np.int32, -1),
    ("direction", np.uint8, 0),
    ("reused_ports", np.bool_, False),
)


@dataclass(frozen=True)
class Records:
    """Where the packets of a file stand.

    Attributes
    ----------
    offset : int64[n]
    time : int64[n]
        Nanoseconds since 1970 (UTC).
    captured, length : int32[n]
    interface : int32[n]
        Place in `interfaces`.
    interfaces : tuple of Interface
    names : dict of str to str
        Host names by address, from the file.
    """

    offset: np.ndarray
    time: np.ndarray
    captured: np.ndarray
    length: np.ndarray
    interface: np.ndarray
    interfaces: Sequence[Interface]
    names: dict[str, str]


def decoded(data: np.ndarray, records: Records) -> Packets:
    """Decode the headers of all packets and number their streams.

    Parameters
    ----------
    data : uint8[:]
        The unpacked file.
    records : Records

    Returns
    -------
    Packets
    """
    count = len(records.offset)
    links = np.array([one.link_type for one in records.interfaces] or [-1], np.int32)
    columns = allocate(count, (*_COLUMNS, *_STREAMS))
    stream, direction, reused_ports = (columns.pop(name) for name, *_ in _STREAMS)
    octets, version = decode(
        data, records.offset, records.captured, links[records.interface], *columns.values()
    )
    packets = Packets(
        time=records.time,
        captured=records.captured,
        length=records.length,
        offset=records.offset,
        interface=records.interface,
        **columns,
        stream=stream,
        direction=direction,
        reused_ports=reused_ports,
        addresses=Addresses(octets, version, records.names),
        interfaces=tuple(records.interfaces),
    )
    put_together(data, packets)
    number_streams(
        packets.ip_protocol, packets.source, packets.destination, packets.source_port,
        packets.destination_port, packets.tcp_flags, packets.sequence, packets.acknowledgment,
        stream, direction, reused_ports,
    )  # fmt: skip
    return packets
