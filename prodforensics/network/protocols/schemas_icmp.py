"""The documented columns of the frame of ICMP."""

from __future__ import annotations

from prodforensics.schema import Column, Schema

__all__ = ["ICMP"]

ICMP = Schema(
    "icmp",
    (
        Column("ts", "datetime64[ns, UTC]", "", "When it was captured."),
        Column("version", "uint8", "", "4 ICMP, 6 ICMPv6."),
        Column("type", "int16", "", "Its type."),
        Column("code", "int16", "", "Its code."),
        Column("name", "category", "", "What both mean; empty where that is not known."),
        Column("mtu", "int64", "bytes", "Largest packet that fits the next link; -1: not said."),
        Column("src_ip", "category", "", "Who sent it."),
        Column("dst_ip", "category", "", "To whom."),
        Column("inner_protocol", "int16", "", "Of the packet that it is about; -1: about none."),
        Column("inner_src_ip", "category", "", "Who sent that packet."),
        Column("inner_dst_ip", "category", "", "To whom."),
        Column("inner_src_port", "int32", "", "-1 where there is none."),
        Column("inner_dst_port", "int32", "", "-1 where there is none."),
        Column("stream", "int64", "ordinal", "tcp.stream or udp.stream of that packet; -1: none."),
    ),
    Column("frame_number", "int64", "ordinal", "Wireshark's frame.number: counts from 1."),
    "ICMP and ICMPv6 messages; errors with the packet that they are about.",
)
