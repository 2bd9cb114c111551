"""The documented columns of a capture's frames."""

from __future__ import annotations

from prodforensics.schema import Column, Schema

__all__ = ["FRAMES", "PACKETS"]

_FRAME = Column("frame_number", "int64", "ordinal", "Wireshark's frame.number: counts from 1.")

PACKETS = Schema(
    "packets",
    (
        Column("time", "datetime64[ns, UTC]", "", "When it was captured."),
        Column("captured_bytes", "int32", "bytes", "What is in the file of it."),
        Column("length_bytes", "int32", "bytes", "What it had on the wire."),
        Column("interface", "int32", "ordinal", "Where it was captured."),
        Column("vlan_id", "int32", "", "Innermost VLAN; -1 for none."),
        Column("tunnel", "category", "", "VXLAN, GRE, Geneve or IP in IP; empty for none."),
        Column("ip_protocol", "int16", "", "6 TCP, 17 UDP, 1 ICMP, 58 ICMPv6; -1: no IP."),
        Column("source_ip", "category", "", "Who sent it."),
        Column("destination_ip", "category", "", "To whom."),
        Column("source_port", "int32", "", "-1 where there is none."),
        Column("destination_port", "int32", "", "-1 where there is none."),
        Column("payload_bytes", "int32", "bytes", "Above TCP, UDP or ICMP, by the IP header."),
        Column("tcp_flags", "uint16", "", "FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32 ..."),
        Column("sequence", "uint32", "", "As in the header."),
        Column("acknowledgment", "uint32", "", "As in the header."),
        Column("window", "int32", "bytes", "As in the header, not scaled."),
        Column("stream", "int32", "ordinal", "Wireshark's tcp.stream or udp.stream; -1: none."),
        Column("direction", "uint8", "", "0 from the side that sent the first packet, 1 back."),
    ),
    _FRAME,
    "Every packet, in the order of the file.",
)
FRAMES = {one.name: one for one in (PACKETS,)}
