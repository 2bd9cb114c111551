"""The documented columns of the frame of DNS."""

from __future__ import annotations

from prodforensics.schema import Column, Schema

__all__ = ["DNS"]

DNS = Schema(
    "dns",
    (
        Column("ts", "datetime64[ns, UTC]", "", "When it was asked first, or answered."),
        Column("client_ip", "category", "", "Who asked."),
        Column("client_port", "int32", "", "From which port."),
        Column("server_ip", "category", "", "Who was asked."),
        Column("server_port", "int32", "", "On which port: 53, or as its content shows."),
        Column("protocol", "category", "", "udp or tcp."),
        Column("stream", "int64", "ordinal", "Wireshark's udp.stream or tcp.stream."),
        Column("trans_id", "int32", "", "The transaction's number."),
        Column("query", "category", "", "The name that was asked for; empty for the root."),
        Column("qtype", "category", "", "A, AAAA, PTR, SRV ... or TYPE and its number."),
        Column("rcode", "category", "", "NOERROR, NXDOMAIN, SERVFAIL ...; empty: no answer."),
        Column("answers", "str", "", "What the answer holds, in its order, after commas."),
        Column("answer_count", "int32", "count", "Records of it, also those not captured; -1."),
        Column("ttl_s", "int64", "s", "The shortest time to live of them; -1: none."),
        Column("truncated", "bool", "", "The answer did not fit (TC): the client asks by TCP."),
        Column("rtt_ns", "int64", "ns", "From the first request to the answer; -1: no pair."),
        Column("attempts", "int32", "count", "Requests; 0 where only the answer was captured."),
        Column("timed_out", "bool", "", "No answer, though the capture goes on for a second."),
        Column("request_frame", "int64", "ordinal", "Frame number of the first request; -1."),
        Column("last_request_frame", "int64", "ordinal", "And of the last one; -1."),
        Column("response_frame", "int64", "ordinal", "Frame number of the answer; -1: none."),
    ),
    Column("exchange", "int64", "ordinal", "Number of the row."),
    "Questions to name servers with their answers, over UDP and TCP (multicast DNS is left out).",
)
