"""Findings of the kernel's counters: repeated segments, full queues and tables, used up ports."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from prodforensics.display.tables import human_count
from prodforensics.findings import Finding, Rule, Severity, Verdict, rule
from prodforensics.network.tools.tool_comparison import ToolComparison, tool_change

if TYPE_CHECKING:
    from prodforensics.network.tools.counter_reports import (
        ConntrackCounters,
        CounterReport,
        ProtocolCounters,
        SocketSummary,
    )

__all__ = [
    "CONNTRACK_RULES", "EPHEMERAL_PORTS", "PROTOCOL_RULES", "SUMMARY_RULES", "ProtocolComparison",
    "ports_used",
]  # fmt: skip

EPHEMERAL_PORTS = 28_232
"""Ports that Linux gives to outgoing connections, for one destination: 32768 to 60999."""
RETRANSMITTED = (0.005, 0.02)
"""Part of the segments sent that was sent again: from where on it may be and is a finding."""
_LEAST = 20
_SENT = ("segments sent out", "segments send out")
_AGAIN = ("segments retransmitted", "segments retransmited")
_OVERFLOWS = ("times the listen queue of a socket overflowed",)
_DROPPED = ("SYNs to LISTEN sockets dropped", "SYNs to LISTEN sockets ignored")
_ZERO_WINDOW = ("TCPToZeroWindowAdv", "TCPFromZeroWindowAdv", "TCPWantZeroWindowAdv")
_LOST = (
    "receive buffer errors", "packet receive errors", "incoming packets discarded",
    "packets pruned from receive queue because of socket buffer overrun", "TCPRcvQDrop",
)  # fmt: skip


def _retransmission(
    sent: int, again: int, when: str, rows: dict[str, list[int]]
) -> Iterator[Finding]:
    share = again / max(sent, 1)
    if again < _LEAST or share < RETRANSMITTED[0]:
        return
    sure = share >= RETRANSMITTED[1]
    yield Finding(
        "network.retransmission", Verdict.LIKELY if sure else Verdict.POSSIBLE,
        Severity.HIGH if sure else Severity.MEDIUM,
        f"{100 * share:.2g} % of the segments were sent again ({human_count(again)} of "
        f"{human_count(sent)})",
        f"{when}, {human_count(again)} segments got no acknowledgment in time: they, or their "
        "acknowledgments, were lost. Each costs a round trip, the last of a message a timeout of "
        "200 ms or more.",
        rows,
        "take the counters twice and compare them; ss -ti says which connections, mtr where",
    )  # fmt: skip


@rule("network.retransmission")
def retransmission(report: ProtocolCounters) -> Iterator[Finding]:
    """Find that many segments are sent again."""
    rows = {"counters": report.rows(*_SENT, *_AGAIN)}
    when = "Since the machine started"
    yield from _retransmission(report.value(*_SENT), report.value(*_AGAIN), when, rows)


@rule("network.service_down")
def listen_overflow(report: ProtocolCounters) -> Iterator[Finding]:
    """Find accept queues that were full."""
    overflows, dropped = report.value(*_OVERFLOWS), report.value(*_DROPPED)
    if not overflows and not dropped:
        return
    yield Finding(
        "network.service_down", Verdict.POSSIBLE, Severity.MEDIUM,
        f"The accept queue of a service was full {human_count(max(overflows, dropped))} times",
        f"{human_count(overflows)} times a listen queue overflowed, {human_count(dropped)} SYNs "
        "were dropped: a program did not accept connections as fast as they came. For clients the "
        "service is slow (a SYN is sent again after a second) or down.",
        {"counters": report.rows(*_OVERFLOWS, *_DROPPED)},
        "ss -tln: which listener has Recv-Q near its Send-Q? Accept faster, or raise the backlog "
        "and net.core.somaxconn",
    )  # fmt: skip


@rule("network.zero_window")
def zero_window(report: ProtocolCounters) -> Iterator[Finding]:
    """Find receivers whose buffer was full."""
    count = report.value(*_ZERO_WINDOW)
    if count >= _LEAST:
        yield Finding(
            "network.zero_window", Verdict.POSSIBLE, Severity.MEDIUM,
            f"Receive windows were closed {human_count(count)} times",
            "A program of this machine, or of a peer, did not read what came: the sender must "
            "wait.",
            {"counters": report.rows(*_ZERO_WINDOW)},
            "ss -tnpi: whose Recv-Q is large?",
        )  # fmt: skip


@rule("network.packet_loss")
def packet_loss(report: ProtocolCounters) -> Iterator[Finding]:
    """Find packets that reached the machine and were dropped there."""
    rows = [row for row in report.rows(*_LOST) if report.counters[row].value >= _LEAST]
    if rows:
        told = [report.counters[row] for row in rows]
        most = max(told, key=lambda one: one.value)
        yield Finding(
            "network.packet_loss", Verdict.POSSIBLE, Severity.MEDIUM,
            f"{human_count(most.value)} {most.name} ({most.group})",
            "They arrived and were dropped here, as a buffer was full: "
            + "; ".join(f"{one.group}: {human_count(one.value)} {one.name}" for one in told)
            + ".",
            {"counters": rows},
            "raise net.core.rmem_max and the program's SO_RCVBUF, or read faster",
        )  # fmt: skip


PROTOCOL_RULES: list[Rule] = [retransmission, listen_overflow, zero_window, packet_loss]


class ProtocolComparison(ToolComparison):
    """What two ``netstat -s`` of one machine counted between them.

    Parameters
    ----------
    before, after, *more : ProtocolCounters
        In the order of time.
    """

    kind: ClassVar[str] = "comparison of protocol counters"
    _rules: ClassVar[str] = "prodforensics.network.tools.counter_rules:COMPARISON_RULES"

    reports: tuple[ProtocolCounters, ...]


@rule("network.retransmission")
def retransmission_between(comparison: ProtocolComparison) -> Iterator[Finding]:
    """Find that many segments were sent again between the two."""
    first, last = comparison.reports[0], comparison.reports[-1]
    sent = last.value(*_SENT) - first.value(*_SENT)
    again = last.value(*_AGAIN) - first.value(*_AGAIN)
    names = {f"{one.group}: {one.name}" for one in last.counters if one.name in (*_SENT, *_AGAIN)}
    rows = [row for row, change in enumerate(comparison.changes) if change[0] in names]
    yield from _retransmission(sent, again, "Between the two reports", {"changes": rows})


COMPARISON_RULES: list[Rule] = [retransmission_between, tool_change]


@rule("network.connection_reset")
def conntrack_overflow(report: ConntrackCounters) -> Iterator[Finding]:
    """Find a connection table that is full: new connections are dropped or cut."""
    full = ("drop", "early_drop", "chaintoolong")
    count = report.value(*full)
    if count:
        yield Finding(
            "network.connection_reset", Verdict.LIKELY, Severity.HIGH,
            f"The connection table overflows: {human_count(count)} packets of new connections "
            "dropped",
            f"{_values(report, full)}. The kernel could not remember another connection "
            "(conntrack overflow): it drops its first packet, or forgets an older one, whose ends "
            "then meet a reset or silence. The log of the kernel says: nf_conntrack: table full, "
            "dropping packet.",
            {"counters": _nonzero(report, full)},
            "sysctl net.netfilter.nf_conntrack_count net.netfilter.nf_conntrack_max; conntrack -L "
            "says whose the entries are. Raise the limit, shorten timeouts, or do not track "
            "(NOTRACK) what needs no NAT",
        )  # fmt: skip


@rule("network.packet_loss")
def conntrack_clash(report: ConntrackCounters) -> Iterator[Finding]:
    """Find first packets that were dropped, as two of one flow came at once."""
    count = report.value("insert_failed")
    if count:
        yield Finding(
            "network.packet_loss", Verdict.POSSIBLE, Severity.MEDIUM,
            f"{human_count(count)} first packets were dropped by the connection table "
            "(insert_failed)",
            "Two packets of a new flow came at once, or two flows were given one port: the second "
            "is dropped. Behind NAT that hits the A and AAAA queries of a resolver, which then "
            "waits for five seconds.",
            {"counters": _nonzero(report, ("insert_failed",))},
            "in /etc/resolv.conf: options single-request-reopen; a DNS cache on the node; random "
            "ports (--random-fully) of the NAT",
        )  # fmt: skip


def _nonzero(report: CounterReport, names: tuple[str, ...]) -> list[int]:
    return [row for row in report.rows(*names) if report.counters[row].value]


def _values(report: CounterReport, names: tuple[str, ...]) -> str:
    return ", ".join(
        f"{name} {human_count(value)}" for name in names if (value := report.value(name))
    )


CONNTRACK_RULES: list[Rule] = [conntrack_overflow, conntrack_clash]


def ports_used(waiting: int, established: int) -> Verdict | None:
    """Judge how many connections wait after their end (TIME-WAIT), against those that are open.

    Examples
    --------
    >>> ports_used(30, 10), ports_used(116, 12), ports_used(25_000, 4_000)
    (None, <Verdict.POSSIBLE: 'possible'>, <Verdict.LIKELY: 'likely'>)
    """
    if waiting >= 0.7 * EPHEMERAL_PORTS:
        return Verdict.LIKELY
    return Verdict.POSSIBLE if waiting >= 100 and waiting >= 5 * established else None


@rule("network.port_exhaustion")
def port_exhaustion(report: SocketSummary) -> Iterator[Finding]:
    """Find that connections are opened and closed rather than kept."""
    waiting, open_ = (report.value(name, group="TCP states") for name in ("timewait", "estab"))
    verdict = ports_used(waiting, open_)
    if verdict:
        states = [one for one in report.counters if one.group == "TCP states"]
        told = ", ".join(f"{one.name} {human_count(one.value)}" for one in states)
        yield Finding(
            "network.port_exhaustion", verdict,
            Severity.HIGH if verdict == Verdict.LIKELY else Severity.MEDIUM,
            f"{human_count(waiting)} sockets in TIME-WAIT, {human_count(open_)} connections open",
            f"TCP: {told}. A connection that this machine closed first holds its port for a "
            f"minute; towards one destination there are {EPHEMERAL_PORTS:,} ports. Many that wait "
            "and few that are open: each request opens a connection of its own.",
            {"counters": report.rows("timewait", "estab", group="TCP states")},
            "ss -tan state time-wait: towards whom? Keep connections (keep-alive, a pool), or "
            "widen net.ipv4.ip_local_port_range",
        )  # fmt: skip


SUMMARY_RULES: list[Rule] = [port_exhaustion]
