"""The documented columns of a comparison's frames."""

from __future__ import annotations

from collections.abc import Iterator

from prodforensics.schema import Column, Schema

__all__ = ["CHANGES", "FRAMES", "NAMES", "PATHS", "SERVICES"]


def _two(name: str, unit: str, meaning: str, dtype: str = "int64") -> tuple[Column, Column]:
    """Return the columns of the base and of the other capture."""
    return (
        Column(f"{name}_base", dtype, unit, f"{meaning} In the base."),
        Column(f"{name}_other", dtype, unit, f"{meaning} In the other capture."),
    )


def _times(name: str, meaning: str) -> Iterator[Column]:
    for which, said in (("median", "Half of them take"), ("p95", "95 % of them take")):
        yield from _two(f"{name}_{which}_ns", "ns", f"{meaning} {said} no longer.", "float64")


def _rate(name: str, meaning: str) -> tuple[Column, Column]:
    return _two(f"{name}_percent", "%", meaning, "float64")


_CHANGE = Column("change", "category", "", "new, gone, or both: in which captures it is.")
_TRAFFIC = (
    *_two("connections", "count", "Streams of TCP or UDP."),
    *_two("packets", "count", "Packets of both directions."),
    *_two("bytes", "bytes", "What they had on the wire."),
    *_times("handshake", "From the SYN to the ACK that completes it (Wireshark's iRTT)."),
    *_times("resp_rtt", "Until the responder's bare acknowledgment: way there and back."),
    *_times("orig_rtt", "Until the originator's bare acknowledgment."),
    *_times("answer", "From the last payload of a question to the first of its answer."),
    *_rate("retransmission", "Share of all segments that are sent again."),
    *_rate("orig_retransmission", "Share of the originators' segments that are sent again."),
    *_rate("resp_retransmission", "Share of the responders' segments that are sent again."),
    *_rate("failed", "Share of attempts to connect without answer or refused; of UDP unanswered."),
    *_rate("reset", "Share of TCP connections that a RST cuts off before any FIN."),
)
_ABSENT = "Times and shares of nothing are NaN."

SERVICES = Schema(
    "services",
    (
        Column("protocol", "category", "", "tcp or udp."),
        Column("resp_ip", "category", "", "Who was asked."),
        Column("resp_port", "int32", "", "On which port."),
        _CHANGE,
        *_TRAFFIC,
    ),
    Column("service", "int64", "ordinal", "Number in this frame; the busiest comes first."),
    f"Every service of either capture: an address with a port. {_ABSENT}",
)
PATHS = Schema(
    "paths",
    (
        Column("orig_ip", "category", "", "Who asked."),
        Column("resp_ip", "category", "", "Who was asked."),
        _CHANGE,
        *_TRAFFIC,
    ),
    Column("path", "int64", "ordinal", "Number in this frame; the busiest comes first."),
    f"Every pair of hosts that talk: all services of one for the other. {_ABSENT}",
)
NAMES = Schema(
    "names",
    (
        Column("layer", "category", "", "http, tls or dns: what the name was read from."),
        Column("host", "str", "", "HTTP's host, TLS's server name, the name DNS was asked for."),
        Column("path", "str", "", "HTTP's path without its query, numbers and ids as {id}."),
        _CHANGE,
        *_two("requests", "count", "Requests, handshakes or queries."),
        *_times("answer", "HTTP's time to first byte, TLS's handshake, DNS's round trip."),
        *_rate("error", "HTTP: 5xx or no answer; TLS: no session; DNS: no answer or an error."),
        *_rate("refusal", "HTTP: 4xx; DNS: NXDOMAIN."),
    ),
    Column("name", "int64", "ordinal", "Number in this frame; the busiest comes first."),
    f"What was asked for by name, read from HTTP in clear, TLS and DNS. {_ABSENT}",
)
CHANGES = Schema(
    "changes",
    (
        Column("frame", "category", "", "services, paths or names: what was compared."),
        Column("row", "int64", "ordinal", "Which row of that frame."),
        Column("what", "str", "", "Its name, as in 10.0.0.7:443 or api.example/orders."),
        Column("metric", "category", "", "handshake, resp_rtt, answer, reset ...: the column."),
        Column("test", "category", "", "shift: all times; tail: the slowest; share: of a whole."),
        Column("count_base", "int64", "count", "Times measured, or out of how many, in the base."),
        Column("count_other", "int64", "count", "The same in the other capture."),
        Column("value_base", "float64", "", "shift: median, tail: 95 % quantile, ns; share: %."),
        Column("value_other", "float64", "", "The same in the other capture."),
        Column("effect", "float64", "", "shift: Cliff's delta; tail, share: Cohen's h; > 0: grew."),
        Column("p_value", "float64", "", "Chance of such growth, corrected for all rows here."),
    ),
    Column("number", "int64", "ordinal", "Place in this frame; what grew most surely comes first."),
    "Every comparison that enough was measured for. Tests ask for growth alone (one-sided): "
    "Mann-Whitney for shift, two proportions for tail (the share above the base's 95 % quantile) "
    "and share.",
)
FRAMES = {one.name: one for one in (CHANGES, NAMES, PATHS, SERVICES)}
