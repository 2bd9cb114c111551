"""The fields that a display filter knows, by Wireshark's names, as columns of packets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from prodforensics.network.tcp_analysis import FLAGS

if TYPE_CHECKING:
    from prodforensics.network.model import Capture

__all__ = ["ELSEWHERE", "FIELDS", "Column", "Field", "keys", "names_of"]

NUMBER, FLAG, SECONDS, MOMENT, ADDRESS, TEXT, PRESENCE = (
    "number", "flag", "seconds", "moment", "address", "text", "presence",
)  # fmt: skip


@dataclass(frozen=True)
class Column:
    """One of the values that a field has in every packet.

    Attributes
    ----------
    data : integer[n] or None
        Numbers; ns of times; places of addresses in `Addresses`; places in `words`. None for a
        field that is there or not, and has no value.
    there : bool[n]
        Whether the packet has the field.
    words : sequence of str
        Of a text field.
    """

    data: np.ndarray | None
    there: np.ndarray
    words: Sequence[str] = ()


@dataclass(frozen=True)
class Field:
    """A field of a packet.

    Attributes
    ----------
    name : str
        As in Wireshark.
    kind : str
        ``number``, ``flag``, ``seconds``, ``moment``, ``address``, ``text`` or ``presence``.
    columns : callable
        Makes the columns of a capture. A field that a packet has twice, such as ``ip.addr``, is
        more than one.
    meaning : str
    version : int
        4 or 6, of an address.
    """

    name: str
    kind: str
    columns: Callable[[Capture], list[Column]]
    meaning: str
    version: int = 0


ELSEWHERE: Mapping[str, str] = {
    "dns": "frames['dns']",
    "http": "frames['http']",
    "http2": "frames['http']",
    "tls": "frames['tls']",
    "quic": "frames['tls']",
    "mdns": "payloads",
    "data": "payloads",
    "tcp.payload": "payloads",
    "tcp.seq": "tcp.seq_raw, or Capture.sequence(stream)",
    "tcp.ack": "tcp.ack_raw, or Capture.sequence(stream)",
}
"""What is not in the columns of packets, and where it is instead."""


def keys(capture: Capture) -> np.ndarray:
    """Return the octets of every address as bytes that sort as the addresses do."""
    octets = np.ascontiguousarray(capture.packets.addresses.octets)
    return octets.view("S16").ravel()


def names_of(capture: Capture) -> list[str]:
    """Return the name of every address as the file tells it; else the address."""
    return [capture.names.get(text, text) for text in capture.packets.addresses.texts()]


# -- how columns are made -------------------------------------------------------------------------


def _always(capture: Capture) -> np.ndarray:
    return np.ones(len(capture.packets), np.bool_)


def _ip(version: int) -> Callable[[Capture], np.ndarray]:
    def there(capture: Capture) -> np.ndarray:
        source, kinds = capture.packets.source, capture.packets.addresses.version
        if not len(kinds):
            return np.zeros(len(source), np.bool_)
        return (source >= 0) & (kinds[source] == version)

    return there


def _transport(protocol: int) -> Callable[[Capture], np.ndarray]:
    def there(capture: Capture) -> np.ndarray:
        packets = capture.packets
        return (packets.ip_protocol == protocol) & (packets.source_port >= 0)

    return there


def _icmp(protocol: int) -> Callable[[Capture], np.ndarray]:
    def there(capture: Capture) -> np.ndarray:
        return (capture.packets.ip_protocol == protocol) & (capture.packets.icmp_type >= 0)

    return there


_TCP, _UDP = _transport(6), _transport(17)


def _simple(
    name: str, there: Callable[[Capture], np.ndarray] | None = None, *, add: int = 0
) -> Callable[[Capture], list[Column]]:
    """Make a column of `Packets`; without a condition it is there where it is not negative."""

    def columns(capture: Capture) -> list[Column]:
        values = getattr(capture.packets, name)
        return [Column(values + add if add else values, there(capture) if there else values >= 0)]

    return columns


def _option(name: str) -> Callable[[Capture], list[Column]]:
    def columns(capture: Capture) -> list[Column]:
        values = getattr(capture.packets, name)
        return [Column(values, _TCP(capture) & (values >= 0))]

    return columns


def _bit(bit: int) -> Callable[[Capture], list[Column]]:
    def columns(capture: Capture) -> list[Column]:
        return [Column((capture.packets.tcp_flags & bit != 0).astype(np.uint8), _TCP(capture))]

    return columns


def _both(*makers: Callable[[Capture], list[Column]]) -> Callable[[Capture], list[Column]]:
    return lambda capture: [column for maker in makers for column in maker(capture)]


def _presence(there: Callable[[Capture], np.ndarray]) -> Callable[[Capture], list[Column]]:
    return lambda capture: [Column(None, there(capture))]


def _tunnel(number: int) -> Callable[[Capture], np.ndarray]:
    return lambda capture: capture.packets.tunnel == number


def _analysis(mask: int) -> Callable[[Capture], list[Column]]:
    return _presence(lambda capture: capture.tcp.analysis & np.uint16(mask) != 0)


def _analysed(name: str, *, tcp_only: bool = False) -> Callable[[Capture], list[Column]]:
    def columns(capture: Capture) -> list[Column]:
        values = getattr(capture.tcp, name)
        return [Column(values, _TCP(capture) if tcp_only else values >= 0)]

    return columns


def _told(capture: Capture) -> np.ndarray:
    """Return of which packets the analysis says anything."""
    tcp = capture.tcp
    return (tcp.analysis != 0) | (tcp.ack_rtt_ns >= 0) | (tcp.in_flight >= 0)


def _of_stream(
    make: Callable[[Capture], np.ndarray],
    none: int,
    there: Callable[[Capture], np.ndarray] = _always,
) -> Callable[[Capture], list[Column]]:
    """Make a column of what is known of a packet's TCP stream."""

    def columns(capture: Capture) -> list[Column]:
        tcp, values = _TCP(capture) & there(capture), make(capture)
        column = np.full(len(tcp), none, np.int64)
        column[tcp] = values[capture.packets.stream[tcp]]
        return [Column(column, tcp & (column != none))]

    return columns


def _hosts(name: str, version: int) -> Callable[[Capture], list[Column]]:
    def columns(capture: Capture) -> list[Column]:
        return [Column(getattr(capture.packets, name), _ip(version)(capture), names_of(capture))]

    return columns


def _interface(name: str) -> Callable[[Capture], list[Column]]:
    def columns(capture: Capture) -> list[Column]:
        packets = capture.packets
        words = [getattr(one, name) for one in packets.interfaces]
        named = np.array([bool(word) for word in words] or [False])
        return [Column(packets.interface, named[packets.interface], words)]

    return columns


def _since_first(capture: Capture) -> list[Column]:
    time = capture.packets.time
    return [Column(time - time[:1] if len(time) else time, _always(capture))]


def _since_previous(capture: Capture) -> list[Column]:
    time = capture.packets.time
    return [Column(np.diff(time, prepend=time[:1]), _always(capture))]


def _in_stream(*, since_first: bool) -> Callable[[Capture], list[Column]]:
    """Make a column of the time since the first, or the previous, packet of the same stream."""

    def columns(capture: Capture) -> list[Column]:
        packets, tcp = capture.packets, _TCP(capture)
        rows = np.flatnonzero(tcp)
        rows = rows[np.argsort(packets.stream[rows], kind="stable")]
        time, stream = packets.time[rows], packets.stream[rows]
        begins = np.diff(stream, prepend=-1) != 0
        first = np.maximum.accumulate(np.where(begins, np.arange(len(rows)), 0))
        passed = np.zeros(len(packets), np.int64)
        gone = time - time[first] if since_first else np.diff(time, prepend=time[:1])
        passed[rows] = np.where(begins, 0, gone)
        return [Column(passed, tcp)]

    return columns


def _list() -> list[Field]:
    number = _number
    four, six = _ip(4), _ip(6)
    found = [
        Field("frame", PRESENCE, _presence(_always), "Every packet."),
        Field(
            "frame.number",
            NUMBER,
            lambda capture: [Column(np.arange(1, len(capture.packets) + 1), _always(capture))],
            "Counts from 1.",
        ),
        number("frame.len", "length", "Bytes on the wire.", _always),
        number("frame.cap_len", "captured", "Bytes in the file.", _always),
        Field("frame.time", MOMENT, _simple("time", _always), "A timestamp in quotes, UTC."),
        Field("frame.time_epoch", SECONDS, _simple("time", _always), "Seconds since 1970."),
        Field("frame.time_relative", SECONDS, _since_first, "Since the first packet."),
        Field("frame.time_delta", SECONDS, _since_previous, "Since the packet before."),
        number("frame.interface_id", "interface", "Counts from 0, over all sections.", _always),
        Field("frame.interface_name", TEXT, _interface("name"), "As pcapng tells."),
        Field("frame.interface_description", TEXT, _interface("description"), "As pcapng tells."),
        Field("vlan", PRESENCE, _presence(lambda c: c.packets.vlan >= 0), "A VLAN's tag."),
        number("vlan.id", "vlan", "The innermost VLAN."),
        Field("vxlan", PRESENCE, _presence(_tunnel(1)), "What came through VXLAN."),
        Field("gre", PRESENCE, _presence(_tunnel(2)), "What came through GRE."),
        Field("geneve", PRESENCE, _presence(_tunnel(3)), "What came through Geneve."),
        Field("ip", PRESENCE, _presence(four), "IPv4."),
        number("ip.proto", "ip_protocol", "6 TCP, 17 UDP, 1 ICMP.", four),
        number("ip.ttl", "ttl", "Time to live.", four),
        number("ip.id", "ip_id", "Identification.", four),
        Field("ip.flags.df", FLAG, _simple("dont_fragment", four), "Do not fragment."),
        Field("ipv6", PRESENCE, _presence(six), "IPv6."),
        number("ipv6.hlim", "ttl", "Hop limit.", six),
        Field("tcp", PRESENCE, _presence(_TCP), "TCP."),
        number("tcp.stream", "stream", "Number of the stream.", _TCP),
        number("tcp.len", "payload_length", "Bytes of payload.", _TCP),
        number("tcp.seq_raw", "sequence", "Sequence number, as in the header.", _TCP),
        number("tcp.ack_raw", "acknowledgment", "Acknowledgment, as in the header.", _TCP),
        number("tcp.flags", "tcp_flags", "All flags: `tcp.flags & 0x12`.", _TCP),
        number("tcp.window_size_value", "window", "As in the header.", _TCP),
        Field(
            "tcp.window_size",
            NUMBER,
            _analysed("scaled_window", tcp_only=True),
            "With the scaling of the SYN.",
        ),
        Field("tcp.options.mss_val", NUMBER, _option("mss"), "Largest segment, of a SYN."),
        Field("tcp.options.wscale.shift", NUMBER, _option("window_scale"), "Window scaling."),
        Field("tcp.options.timestamp.tsval", NUMBER, _option("timestamp_value"), "Timestamp."),
        Field("tcp.options.timestamp.tsecr", NUMBER, _option("timestamp_echo"), "Its echo."),
        Field(
            "tcp.options.sack",
            PRESENCE,
            _presence(lambda c: (c.packets.sack & 1) != 0),
            "Selective acknowledgment.",
        ),
        Field(
            "tcp.options.sack_perm",
            PRESENCE,
            _presence(lambda c: (c.packets.sack & 2) != 0),
            "SACK permitted, of a SYN.",
        ),
        Field(
            "tcp.completeness",
            NUMBER,
            _of_stream(lambda c: c.streams.completeness, -1),
            "Of the whole stream: SYN 1, SYN-ACK 2, ACK 4, DATA 8, FIN 16, RST 32.",
        ),
        Field("tcp.time_relative", SECONDS, _in_stream(since_first=True), "In the stream."),
        Field("tcp.time_delta", SECONDS, _in_stream(since_first=False), "In the stream."),
        Field("tcp.analysis.flags", PRESENCE, _analysis(0xFFFF), "Any of those below."),
        Field("tcp.analysis.ack_rtt", SECONDS, _analysed("ack_rtt_ns"), "Round trip."),
        Field(
            "tcp.analysis.initial_rtt",
            SECONDS,
            _of_stream(lambda c: c.tcp.first_rtt_ns, 0, _told),
            "Of the stream's handshake.",
        ),
        Field("tcp.analysis.bytes_in_flight", NUMBER, _analysed("in_flight"), "Unacknowledged."),
        Field("udp", PRESENCE, _presence(_UDP), "UDP."),
        number("udp.stream", "stream", "Number of the stream.", _UDP),
        Field("udp.length", NUMBER, _simple("payload_length", _UDP, add=8), "Payload and header."),
        Field("icmp", PRESENCE, _presence(_icmp(1)), "ICMP."),
        number("icmp.type", "icmp_type", "3 unreachable, 8 echo, 11 time exceeded.", _icmp(1)),
        number("icmp.code", "icmp_code", "Of type 3: 4 is fragmentation needed.", _icmp(1)),
        Field("icmpv6", PRESENCE, _presence(_icmp(58)), "ICMPv6."),
        number("icmpv6.type", "icmp_type", "1 unreachable, 2 too big.", _icmp(58)),
        number("icmpv6.code", "icmp_code", "By the type.", _icmp(58)),
    ]
    bits = {"fin": 1, "syn": 2, "reset": 4, "push": 8, "ack": 16, "urg": 32, "ece": 64, "cwr": 128}
    found += [
        Field(f"tcp.flags.{name}", FLAG, _bit(bit), "1 or 0; alone it is in every TCP packet.")
        for name, bit in bits.items()
    ]
    kinds = 1 << FLAGS.index("fast_retransmission") | 1 << FLAGS.index("spurious_retransmission")
    for place, name in enumerate(FLAGS):
        mask = 1 << place | (kinds if name == "retransmission" else 0)
        found.append(Field(f"tcp.analysis.{name}", PRESENCE, _analysis(mask), "Wireshark's mark."))
    for protocol, there in (("tcp", _TCP), ("udp", _UDP)):
        ends = [_simple("source_port", there), _simple("destination_port", there)]
        found += [
            Field(f"{protocol}.srcport", NUMBER, ends[0], "From which port."),
            Field(f"{protocol}.dstport", NUMBER, ends[1], "To which port."),
            Field(f"{protocol}.port", NUMBER, _both(*ends), "Either port."),
        ]
    for protocol, version in (("ip", 4), ("ipv6", 6)):
        there = _ip(version)
        ends = [_simple("source", there), _simple("destination", there)]
        hosts = [_hosts("source", version), _hosts("destination", version)]
        for name, values, texts in (
            ("src", *(one[0] for one in (ends, hosts))),
            ("dst", *(one[1] for one in (ends, hosts))),
        ):
            found += [
                Field(f"{protocol}.{name}", ADDRESS, values, "An address, or 10.0.0.0/8.", version),
                Field(f"{protocol}.{name}_host", TEXT, texts, "Name, where the file tells it."),
            ]
        found += [
            Field(f"{protocol}.addr", ADDRESS, _both(*ends), "Either address.", version),
            Field(f"{protocol}.host", TEXT, _both(*hosts), "Either name."),
        ]
    return found


def _number(
    name: str, column: str, meaning: str, there: Callable[[Capture], np.ndarray] | None = None
) -> Field:
    return Field(name, NUMBER, _simple(column, there), meaning)


FIELDS: Mapping[str, Field] = {field.name: field for field in sorted(_list(), key=lambda f: f.name)}
"""Every field by its name."""
