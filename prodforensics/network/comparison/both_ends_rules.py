"""Findings of a path captured at both ends: where packets are lost, late, or come from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from prodforensics.display.tables import human_count, human_ns
from prodforensics.findings import Finding, Rule, Severity, Verdict, rule
from prodforensics.network.packets import RST

if TYPE_CHECKING:
    import pandas as pd

    from prodforensics.network.comparison.both_ends import BothEnds

__all__ = ["RULES"]

_ROWS = 100
_SURE = 3
_HIGH = 5.0  # %
_LEAST = 0.1  # %; below it, TCP hardly slows down
_OFFSET = 1_000_000  # ns; what NTP keeps is less
_QUEUE = 5_000_000  # ns


@rule("network.path_loss")
def loss(both: BothEnds) -> Iterator[Finding]:
    """Packets left one end and never came to the other."""
    directions, lost = both.frames["directions"], both.frames["lost"]
    if not directions["matched"].sum():
        return
    again = int(both.base.streams.retransmissions.sum() + both.other.streams.retransmissions.sum())
    if not len(lost):
        beyond = (
            f" The captures hold {human_count(again)} retransmissions all the same: what they "
            "replace was lost beyond the two ends, or was only late."
            if again
            else ""
        )
        yield Finding(
            "network.path_loss",
            Verdict.CLEARED,
            Severity.LOW,
            f"All {human_count(int(directions['sent'].sum()))} packets came to the other end",
            f"Every packet of the {human_count(len(both.pairs))} streams of both captures that "
            f"left one end was seen at the other.{beyond}",
            {"directions": directions.index.tolist()},
        )
        return
    most = directions["loss_percent"].max()
    likely = len(lost) >= _SURE and directions["loss_low_percent"].max() >= _LEAST
    data = lost[lost["payload_bytes"] > 0]
    what = f"{human_count(len(data))} of them carried data" if len(data) else "none carried data"
    yield Finding(
        "network.path_loss",
        Verdict.LIKELY if likely else Verdict.POSSIBLE,
        Severity.HIGH if most >= _HIGH else Severity.MEDIUM,
        f"Lost between the two ends: {' and '.join(_lost(directions))}",
        f"These packets were captured at the end of their sender and never came to the other: they "
        f"were lost between the two places of capture; {what}. "
        f"{_intervals(directions)}{_missed(both)}",
        {"lost": lost.index[:_ROWS].tolist(), "directions": directions.index.tolist()},
        "in Wireshark: "
        + "; ".join(
            [
                *_frames(lost, "base", both.base.title),
                *_frames(lost, "other", both.other.title),
            ]
        ),
    )


@rule("network.path_delay")
def delay(both: BothEnds) -> Iterator[Finding]:
    """Packets wait on the way between the ends."""
    for way, one in both.frames["directions"].iterrows():
        wait = one.delay_p95_ns - one.delay_least_ns
        if one.matched < 20 or not wait >= max(_QUEUE, one.delay_least_ns):
            continue
        yield Finding(
            "network.path_delay",
            Verdict.LIKELY if wait >= 3 * max(one.delay_least_ns, _QUEUE) else Verdict.POSSIBLE,
            Severity.MEDIUM,
            f"Packets {_words(str(way))} wait up to {human_ns(wait)} longer than the quickest",
            f"The quickest of {human_count(int(one.matched))} took {human_ns(one.delay_least_ns)}, "
            f"half took {human_ns(one.delay_median_ns)}, one of twenty more than "
            f"{human_ns(one.delay_p95_ns)}. The way is as long for all, so they wait in a queue: "
            "congestion, or a shaper. "
            "What varies does not depend on the clocks' offset.",
            {"directions": [way]},
            'comparison.frames["matched"].nlargest(10, "delay_ns")',
        )


@rule("network.injected_reset")
def injected(both: BothEnds) -> Iterator[Finding]:
    """Something between the ends sends a RST in the name of one of them."""
    frame = both.frames["unmatched"]
    frame = frame[(frame["reason"] == "appeared") & (frame["tcp_flags"] & RST != 0)]
    if not len(frame):
        return
    first = frame.iloc[0]
    title = (both.base if first.seen_by == "base" else both.other).title
    missed = int(both.frames["directions"]["appeared"].sum()) - len(frame)
    yield Finding(
        "network.injected_reset",
        Verdict.POSSIBLE if missed > len(frame) else Verdict.LIKELY,
        Severity.HIGH,
        f"{human_count(len(frame))} RST came out of the path that never went into it",
        f"The first is frame {first.frame} of {title}. The capture at the end it claims to come "
        "from does not hold it: a firewall, load balancer or NAT between the two ends cuts the "
        "connections off."
        + (
            f" That capture lacks {human_count(missed)} other packets, too: it may have missed it."
            if missed
            else ""
        ),
        {"unmatched": frame.index[:_ROWS].tolist()},
        f"in Wireshark, in {title}: tcp.stream eq {first.stream}; look at the time to live",
    )


@rule("network.clock_offset")
def clock(both: BothEnds) -> Iterator[Finding]:
    """One end's clock is ahead of the other's."""
    known = both.clock
    if known.uncertainty_ns < 0 or abs(known.offset_ns) < max(known.uncertainty_ns, _OFFSET):
        return
    yield Finding(
        "network.clock_offset",
        Verdict.LIKELY,
        Severity.LOW,
        both.clock_in_words(),
        "By the quickest packets of both directions, as NTP does it. Logs and captures of the two "
        "ends must be moved by this much before they are laid side by side; delays here are.",
        {"clock": both.frames["clock"].index[:_ROWS].tolist()},
        f"editcap -t {-known.offset_ns / 1e9:.6f} {both.other.title} moved.pcap; chronyc tracking",
    )


def _lost(directions: pd.DataFrame) -> Iterator[str]:
    for way, one in directions.iterrows():
        if one.sent:
            yield (
                f"{human_count(int(one.lost))} of {human_count(int(one.sent))} packets "
                f"{_words(str(way))} ({one.loss_percent:.1f} %)"
            )


def _intervals(directions: pd.DataFrame) -> str:
    parts = [
        f"{one.loss_low_percent:.1f} to {one.loss_high_percent:.1f} % {_words(str(way))}"
        for way, one in directions.iterrows()
        if one.sent
    ]
    return f"95 % confidence intervals of the loss: {', '.join(parts)}."


def _missed(both: BothEnds) -> str:
    """Warn where a capture itself lost packets: they look as lost as the others."""
    appeared = int(both.frames["directions"]["appeared"].sum())
    dropped = [
        sum(one.dropped or 0 for one in capture.packets.interfaces)
        for capture in (both.base, both.other)
    ]
    if not appeared and not any(dropped):
        return ""
    return (
        f" But {human_count(max(appeared, sum(dropped)))} packets were missed by the captures "
        "themselves: so may some of these."
    )


def _frames(lost: pd.DataFrame, end: str, title: str) -> Iterator[str]:
    frames = lost.loc[lost["seen_by"] == end, "frame"].to_numpy()
    if len(frames):
        shown = ", ".join(np.sort(frames)[:10].astype(str))
        yield f"frame.number in {{{shown}}} of {title}"


def _words(way: str) -> str:
    return "to the other end" if way == "to_other" else "to the base's end"


RULES: tuple[Rule, ...] = (loss, injected, delay, clock)
