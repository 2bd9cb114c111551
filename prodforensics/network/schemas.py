"""The documented columns of a capture's frames."""

from __future__ import annotations

from prodforensics.network.protocols.schemas_dns import DNS
from prodforensics.network.protocols.schemas_http import HTTP
from prodforensics.network.protocols.schemas_icmp import ICMP
from prodforensics.network.protocols.schemas_tls import TLS
from prodforensics.schema import Column, Schema

__all__ = ["CONNECTIONS", "FRAMES", "PACKETS", "QUALITY", "RTT", "SEQUENCE", "THROUGHPUT"]

_FRAME = Column("frame_number", "int64", "ordinal", "Wireshark's frame.number: counts from 1.")

PACKETS = Schema(
    "packets",
    (
        Column("ts", "datetime64[ns, UTC]", "", "When it was captured."),
        Column("caplen", "int32", "bytes", "What is in the file of it."),
        Column("len", "int32", "bytes", "What it had on the wire."),
        Column("interface", "int32", "ordinal", "Where it was captured."),
        Column("vlan_id", "int32", "", "Innermost VLAN; -1 for none."),
        Column("tunnel", "category", "", "VXLAN, GRE, Geneve or IP in IP; empty for none."),
        Column("ip_proto", "int16", "", "6 TCP, 17 UDP, 1 ICMP, 58 ICMPv6; -1: no IP."),
        Column("src_ip", "category", "", "Who sent it."),
        Column("dst_ip", "category", "", "To whom."),
        Column("src_port", "int32", "", "-1 where there is none."),
        Column("dst_port", "int32", "", "-1 where there is none."),
        Column("payload_len", "int32", "bytes", "Above TCP, UDP or ICMP, by the IP header."),
        Column("tcp_flags", "uint16", "", "FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32 ..."),
        Column("seq", "uint32", "", "As in the header."),
        Column("ack", "uint32", "", "As in the header."),
        Column("window_raw", "int32", "bytes", "As in the header, not scaled."),
        Column("stream", "int32", "ordinal", "Wireshark's tcp.stream or udp.stream; -1: none."),
        Column("direction", "uint8", "", "0 from the side that sent the first packet, 1 back."),
        Column("analysis", "int32", "", "Bits of Wireshark's tcp.analysis.* (`Capture.flags`)."),
        Column("ack_rtt_ns", "int64", "ns", "Since the segment it acknowledges; -1 for none."),
        Column("in_flight_bytes", "int32", "bytes", "Sent and not acknowledged; -1: unknown."),
        Column("window", "int64", "bytes", "The window, with the scaling of the SYN."),
    ),
    _FRAME,
    "Every packet, in the order of the file.",
)


def _both(name: str, dtype: str, unit: str, meaning: str) -> tuple[Column, Column]:
    """Return the columns of the originator and of the responder."""
    return tuple(Column(f"{side}_{name}", dtype, unit, meaning) for side in ("orig", "resp"))


CONNECTIONS = Schema(
    "connections",
    (
        Column("uid", "str", "", "Name of the connection within the capture: protocol, stream."),
        Column("protocol", "category", "", "tcp or udp."),
        Column("community_id", "str", "", "Community ID, version 1: the same in other tools."),
        Column("start", "datetime64[ns, UTC]", "", "When its first packet came."),
        Column("duration_ns", "int64", "ns", "From its first packet to its last."),
        Column("orig_ip", "category", "", "Who began it."),
        Column("orig_port", "int32", "", "From which port."),
        Column("resp_ip", "category", "", "Who was asked."),
        Column("resp_port", "int32", "", "On which port."),
        *_both("packets", "int64", "count", "Packets that this side sent."),
        *_both("bytes", "int64", "bytes", "What they had on the wire, with all headers."),
        *_both("payload_bytes", "int64", "bytes", "What they carried; what was sent again, too."),
        Column("conn_state", "category", "", "Zeek's conn_state: S0, S1, SF, REJ, RSTO ..."),
        Column("history", "category", "", "Zeek's history: letters, upper case: originator."),
        Column("completeness", "uint8", "", "SYN 1, SYN-ACK 2, ACK 4, DATA 8, FIN 16, RST 32."),
        Column("client_rtt_ns", "int64", "ns", "From the SYN to its answer; -1: not seen."),
        Column("server_rtt_ns", "int64", "ns", "From that answer to its ACK; -1: not seen."),
        Column("irtt_ns", "int64", "ns", "From the SYN to the ACK: Wireshark's iRTT; -1: unknown."),
        *_both("mss", "int32", "bytes", "Largest segment, as the SYN offers; -1: unknown."),
        *_both("wscale", "int16", "", "Shift count of the SYN; -1: unknown."),
        *_both("retransmissions", "int32", "count", "Segments that this side sent again."),
        *_both("out_of_order", "int32", "count", "Segments that came out of order."),
        *_both("dup_ack", "int32", "count", "ACKs that this side repeated."),
        *_both("zero_window", "int32", "count", "Packets that closed this side's window."),
        *_both("missed_bytes", "int64", "bytes", "Acknowledged, but not in the capture."),
        Column("rst_kind", "category", "", "refused, cancelled, aborted, after_fin, midstream."),
        Column("rst_from", "category", "", "Who sent the first RST: orig or resp."),
        Column("rst_frame", "int64", "ordinal", "Frame number of the first RST; 0 for none."),
        Column("first_frame", "int64", "ordinal", "Frame number of its first packet."),
        Column("last_frame", "int64", "ordinal", "Frame number of its last packet."),
    ),
    Column("stream", "int64", "ordinal", "Wireshark's tcp.stream or udp.stream."),
    "Every TCP and UDP connection. The originator sent the SYN, or the first packet there is.",
)

QUALITY = Schema(
    "quality",
    (
        Column("count", "int64", "count", "How often; 0: not found, -1: the file does not tell."),
        Column("of", "int64", "count", "Out of how many."),
        Column("unit", "str", "", "What is counted: packets, connections, bytes."),
        Column("first_frame", "int64", "ordinal", "Frame number of the first; 0 for none."),
        Column("meaning", "str", "", "What it does to what the capture can tell."),
    ),
    Column("check", "str", "", "Name of what was looked for."),
    "How far the capture itself can be trusted.",
)

# -- what the methods of a capture answer with ----------------------------------------------------

_SIDE = Column("side", "category", "", "Who sent the packet: orig or resp.")
_TIME = Column("ts", "datetime64[ns, UTC]", "", "When the packet was captured.")

RTT = Schema(
    "rtt",
    (
        _TIME,
        Column("stream", "int32", "ordinal", "Wireshark's tcp.stream."),
        _SIDE,
        Column("rtt_ns", "int64", "ns", "Since the segment that it acknowledges."),
    ),
    _FRAME,
    "Acknowledgments that tell a round trip.",
)
SEQUENCE = Schema(
    "sequence",
    (
        _TIME,
        _SIDE,
        Column("tcp_flags", "uint16", "", "FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32 ..."),
        Column("begin", "int64", "bytes", "Where its payload begins in its side's flow."),
        Column("end", "int64", "bytes", "Where its payload ends."),
        Column("acknowledged", "int64", "bytes", "Up to where it has the other flow; -1: none."),
        Column("window_end", "int64", "bytes", "Up to where it takes the other flow; -1: unknown."),
        Column("sacked", "object", "bytes", "Ranges of SACK: tuples of begin and end."),
        Column("analysis", "int32", "", "Bits of Wireshark's tcp.analysis.* (`Capture.flags`)."),
    ),
    _FRAME,
    "The packets of a connection in its two flows of bytes.",
)
THROUGHPUT = Schema(
    "throughput",
    (
        Column("packets", "int64", "count", "Packets of the span."),
        Column("bytes", "int64", "bytes", "What they had on the wire."),
        Column("orig_bytes", "int64", "bytes", "From originators of connections."),
        Column("resp_bytes", "int64", "bytes", "From responders."),
        Column("payload_bytes", "int64", "bytes", "Without headers."),
        Column("retransmissions", "int64", "count", "Segments sent again."),
        Column("resets", "int64", "count", "Packets with RST."),
    ),
    Column("ts", "datetime64[ns, UTC]", "", "Where the span begins."),
    "Sums of equal spans of time.",
)
FRAMES = {one.name: one for one in (CONNECTIONS, DNS, HTTP, ICMP, PACKETS, QUALITY, TLS)}
