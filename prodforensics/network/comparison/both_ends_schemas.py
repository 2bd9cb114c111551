"""The documented columns of what two captures of one path tell."""

from __future__ import annotations

from prodforensics.schema import Column, Schema

__all__ = ["DIRECTIONS", "FRAMES", "LOST", "MATCHED", "STREAMS", "UNMATCHED", "WINDOWS"]

_WAY = Column("direction", "category", "", "to_other (from the base to the other end) or to_base.")
_PROTOCOL = Column("protocol", "category", "", "tcp or udp.")
_PAYLOAD = Column("payload_bytes", "int32", "bytes", "What it carries.")
_FLAGS = Column("tcp_flags", "uint16", "", "FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32 ...")

MATCHED = Schema(
    "matched",
    (
        Column("base_frame", "int64", "ordinal", "Its frame number in the base."),
        Column("other_frame", "int64", "ordinal", "Its frame number in the other capture."),
        _PROTOCOL,
        Column("pair", "int64", "ordinal", "Row of `streams`."),
        _WAY,
        Column("ts", "datetime64[ns, UTC]", "", "When it left, by the base's clock."),
        Column("delay_ns", "int64", "ns", "How long it took, the clocks' offset taken away."),
        _PAYLOAD,
        _FLAGS,
    ),
    Column("packet", "int64", "ordinal", "Place in this frame, in the base's order."),
    "Every packet that both ends saw.",
)
_ALONE = (
    Column("seen_by", "category", "", "base or other: the end that saw it."),
    Column("frame", "int64", "ordinal", "Its frame number there."),
    _PROTOCOL,
    Column("stream", "int64", "ordinal", "Its stream there."),
    Column("pair", "int64", "ordinal", "Row of `streams`; -1: the other end has no such stream."),
    _WAY,
    Column("ts", "datetime64[ns, UTC]", "", "When that end saw it, by the base's clock."),
    _PAYLOAD,
    _FLAGS,
)
LOST = Schema(
    "lost",
    _ALONE,
    Column("packet", "int64", "ordinal", "Place in this frame, in the order of time."),
    "Every packet that the sender's end saw and the receiver's did not: lost between the two.",
)
UNMATCHED = Schema(
    "unmatched",
    (
        *_ALONE,
        Column(
            "reason",
            "category",
            "",
            "appeared: it came out of the path but never went in, or that capture missed it; "
            "resegmented: its bytes came in packets of another size (offloading); outside: the "
            "other capture had not begun, or had ended.",
        ),
    ),
    Column("packet", "int64", "ordinal", "Place in this frame, in the order of time."),
    "Packets that one end alone saw, for another reason than loss between the two.",
)
_DELAYS = tuple(
    Column(f"delay_{name}_ns", "float64", "ns", f"{said} NaN for none.")
    for name, said in (
        ("least", "The quickest packet."),
        ("median", "Half of the packets took no longer."),
        ("p95", "95 % of them took no longer."),
        ("most", "The slowest packet."),
    )
)
DIRECTIONS = Schema(
    "directions",
    (
        Column("sent", "int64", "count", "Packets that should have arrived."),
        Column("matched", "int64", "count", "Those that did."),
        Column("lost", "int64", "count", "Those that did not."),
        Column("loss_percent", "float64", "%", "Share that was lost; NaN of none."),
        Column(
            "loss_low_percent",
            "float64",
            "%",
            "Its 95 % confidence interval (Wilson) begins here.",
        ),
        Column("loss_high_percent", "float64", "%", "And ends here."),
        Column("overtaken", "int64", "count", "Packets that came after one that was sent later."),
        Column("appeared", "int64", "count", "Packets that came out but never went in."),
        Column("resegmented", "int64", "count", "Packets whose bytes came in another cut."),
        Column("outside", "int64", "count", "Packets from when one of the captures did not run."),
        *_DELAYS,
    ),
    Column("direction", "str", "", "to_other or to_base."),
    "What became of the packets of each direction.",
)
STREAMS = Schema(
    "streams",
    (
        _PROTOCOL,
        Column("stream_base", "int64", "ordinal", "Its number in the base."),
        Column("stream_other", "int64", "ordinal", "Its number in the other capture."),
        Column("orig", "str", "", "Address and port of who began it, in the base."),
        Column("resp", "str", "", "Of who was asked."),
        Column("orig_other", "str", "", "Of who began it, in the other capture."),
        Column("resp_other", "str", "", "Of who was asked, there."),
        Column("translated", "bool", "", "Whether addresses or ports differ: NAT."),
        Column("near_orig", "category", "", "Which end is nearer to who began it: base or other."),
        Column("sent_to_other", "int64", "count", "Packets to the other end."),
        Column("lost_to_other", "int64", "count", "Those that were lost on the way."),
        Column("sent_to_base", "int64", "count", "Packets to the base's end."),
        Column("lost_to_base", "int64", "count", "Those that were lost on the way."),
        Column("delay_to_other_ns", "float64", "ns", "Median; NaN for none."),
        Column("delay_to_base_ns", "float64", "ns", "Median; NaN for none."),
    ),
    Column("pair", "int64", "ordinal", "Counts from 0, in the order of the base's streams."),
    "Every stream that both ends saw.",
)
WINDOWS = Schema(
    "clock",
    (
        Column("ts", "datetime64[ns, UTC]", "", "Middle of the span, by the base's clock."),
        Column("offset_ns", "float64", "ns", "How far the other clock is ahead."),
        Column("uncertainty_ns", "float64", "ns", "Half of the shortest round trip of the span."),
    ),
    Column("window", "int64", "ordinal", "Number of the span."),
    "The offset of the clocks by the quickest packets of equal spans of time.",
)
FRAMES = {one.name: one for one in (DIRECTIONS, LOST, MATCHED, STREAMS, UNMATCHED, WINDOWS)}
