"""Findings on connections that do not come about: services that are down, ports that run out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from prodforensics.display.tables import human_count, human_ns
from prodforensics.findings import Finding, Rule, Severity, Verdict, rule
from prodforensics.kernels.tcp_states import RESETS
from prodforensics.network.packets import ACK, SYN
from prodforensics.network.symptoms.wording import (
    address,
    among,
    caveats,
    counted,
    end,
    in_wireshark,
    judge,
    named,
    proof,
    seconds,
    services,
)

if TYPE_CHECKING:
    from prodforensics.network.connections import Streams
    from prodforensics.network.model import Capture

__all__ = ["RULES"]

_SECOND = 1_000_000_000
_RETRY = _SECOND // 2
"""A SYN that comes again later than this was sent again, not captured twice."""
_LEAST = 3
"""Connections that must fail before a service counts as down: one may be a typing error."""
_FAILING = 0.01
"""Of the connections to a service at least; a busy one refuses some while it restarts."""
_SCANNED = 20
_TIME_WAIT = 60 * _SECOND
"""How long Linux keeps the ports of a connection that its own side closed first."""
_PORTS = 28_232
"""Ports that Linux gives out by default: 32768 to 60999."""
_MOST = 5
"""Findings of one kind that are told one by one."""


@rule("network.service_down")
def service_down(capture: Capture) -> Iterator[Finding]:
    """Find SYNs that nobody answers, or that are refused."""
    streams = capture.streams
    refused, unanswered = _refused(streams), _unanswered(capture, streams)
    scan = _scanning(streams, refused | unanswered)
    for way, failed in (("unanswered", unanswered), ("refused", refused)):
        yield from _down(capture, streams, way, failed & ~scan)
    yield from _slow_to_answer(capture, streams)
    if scan.any():
        yield _scan(capture, streams, scan)


def _refused(streams: Streams) -> np.ndarray:
    return (streams.reset_kind == RESETS.index("refused")) & (streams.flags[:, 1] & SYN == 0)


def _unanswered(capture: Capture, streams: Streams) -> np.ndarray:
    """Return the connections whose SYN was waited for long enough, bool[streams]."""
    opened = (streams.flags[:, 0] & SYN != 0) & (streams.flags[:, 0] & ACK == 0)
    silent = opened & (streams.flags[:, 1] == 0)
    again = (streams.packets[:, 0] > 1) & (streams.stop_ns - streams.start_ns >= _RETRY)
    # Where no answer at all is in the capture it may hold SYNs alone: then only a repeated one
    # tells that there was none.
    holds_answers = bool(np.any(streams.flags[:, 1] != 0))
    finish = int(capture.packets.time.max(initial=0))
    waited = (finish - streams.stop_ns >= _SECOND) & holds_answers
    return silent & (again | waited)


def _scanning(streams: Streams, failed: np.ndarray) -> np.ndarray:
    """Return the failed connections of clients that try many services once or twice each."""
    scan = np.zeros(len(streams), np.bool_)
    if np.count_nonzero(failed) < _SCANNED:
        return scan
    client, service = streams.address[:, 0], services(streams)
    who, tries = np.unique(client[failed], return_counts=True)
    pairs = np.unique(np.stack([client[failed].astype(np.int64), service[failed]]), axis=1)
    for one, count in zip(who.tolist(), tries.tolist(), strict=True):
        if count < _SCANNED:
            continue
        different = int(np.count_nonzero(pairs[0] == one))
        if different >= _SCANNED and count <= 2 * different:
            scan |= failed & (client == one)
    return scan


def _down(capture: Capture, streams: Streams, way: str, failed: np.ndarray) -> Iterator[Finding]:
    if not failed.any():
        return
    service = services(streams)
    opened = streams.flags[:, 0] & SYN != 0
    keys, count = np.unique(service[failed], return_counts=True)
    for place in np.argsort(-count, kind="stable")[:_MOST]:
        mine = service == keys[place]
        yield _service(capture, streams, way, np.flatnonzero(failed & mine), opened & mine)
    if len(keys) > _MOST:
        rest = np.flatnonzero(failed & ~np.isin(service, keys[np.argsort(-count)[:_MOST]]))
        yield Finding(
            "network.service_down",
            Verdict.POSSIBLE,
            Severity.LOW,
            f"{counted(len(keys) - _MOST, 'more service')} with SYNs that are {way}",
            f"{counted(len(rest), 'connection')} in all ({named(rest)}).",
            proof(rest, streams.first[rest]),
            "capture.frames['connections'].query(\"conn_state in ['S0', 'REJ']\")",
        )


def _service(
    capture: Capture, streams: Streams, way: str, failed: np.ndarray, tried: np.ndarray
) -> Finding:
    """Tell of one service what became of the SYNs to it."""
    first = int(failed[0])
    who = end(capture, int(streams.address[first, 1]), int(streams.port[first, 1]))
    whole = int(np.count_nonzero(tried))
    found = among(len(failed), whole)
    verdict = judge(found, likely=_FAILING) if len(failed) >= _LEAST else Verdict.POSSIBLE
    answered = np.flatnonzero(tried & (streams.flags[:, 1] & SYN != 0))
    clients = len(np.unique(streams.address[failed, 0]))
    said = (
        f"{counted(len(failed), 'connection')} of {human_count(whole)} ({named(failed)}), from "
        f"{counted(clients, 'client')}, "
    )
    if way == "unanswered":
        syns = int(streams.packets[failed, 0].sum())
        longest = int((streams.stop_ns - streams.start_ns)[failed].max())
        title = f"{who} does not answer: {counted(syns, 'SYN')} without an answer"
        said += (
            f"sent {counted(syns, 'SYN')} over up to {human_ns(longest)} each; neither SYN-ACK nor "
            f"RST came back. {_alive(capture, streams, failed)}"
        )
        step = (
            "On the server: ss -ltn (does it listen, is Recv-Q full?), nstat -az TcpExtListenDrops;"
            " on the way: the firewall's rules, conntrack -S (drop, insert_failed)."
        )
    else:
        quickest = int((streams.stop_ns - streams.start_ns)[failed].min())
        title = f"{who} refuses connections: {counted(len(failed), 'SYN')} answered with RST"
        said += (
            f"were answered with RST, after {human_ns(quickest)} at best: the host is there, but "
            "nobody listens on the port (or a firewall rejects by RST)."
        )
        step = "On the server: ss -ltnp, and the log of the service: it may be restarting."
    said += _answered_others(capture, streams, failed, answered)
    if verdict is Verdict.POSSIBLE:
        said += f" So few ({found} of the connections to it) that it may be a single try."
    return Finding(
        "network.service_down",
        verdict,
        _severity(found.value, verdict),
        title,
        said + caveats(capture, "dropped", "one_sided"),
        proof(failed, [*streams.first[failed], *streams.reset[failed]]),
        f"{in_wireshark(failed)}. {step}",
    )


def _severity(share: float, verdict: Verdict) -> Severity:
    if verdict is not Verdict.LIKELY:
        return Severity.LOW
    return Severity.HIGH if share >= 0.1 else Severity.MEDIUM


def _alive(capture: Capture, streams: Streams, failed: np.ndarray) -> str:
    """Say whether the host sent anything else meanwhile, and what ICMP said."""
    packets = capture.packets
    host, client = (int(streams.address[failed[0], side]) for side in (1, 0))
    begin = int(streams.first[failed[0]])
    sent = np.flatnonzero(packets.source[begin:] == host)
    said = (
        f"The host itself is alive: it sent {counted(len(sent), 'other packet')} meanwhile (frame "
        f"{begin + int(sent[0]) + 1} the first), so a firewall or a full queue of the service "
        "drops them."
        if len(sent)
        else "Nothing came from the host meanwhile: it may be down, or a box on the way drops them."
    )
    told = (packets.icmp_type == 3) & (packets.icmp_code != 4) & (packets.ip_protocol == 1)
    told |= (packets.icmp_type == 1) & (packets.ip_protocol == 58)
    told = np.flatnonzero(told & (packets.destination == client))
    if len(told):
        said += (
            f" {counted(len(told), 'ICMP message')} to the client tell that something cannot be "
            f"reached (frame {int(told[0]) + 1} the first)."
        )
    return said


def _answered_others(
    capture: Capture, streams: Streams, failed: np.ndarray, answered: np.ndarray
) -> str:
    if not len(answered):
        return " It accepted no connection of this capture."
    before = answered[streams.first[answered] < streams.first[failed[0]]]
    after = answered[streams.first[answered] > streams.first[failed[-1]]]
    said = f" It accepted {counted(len(answered), 'other connection')} ({named(answered)})"
    if len(before) == len(answered):
        said += (
            f", the last one at {seconds(capture, int(streams.first[before[-1]]))}, and none since:"
            " something changed then (a restart, a table of connections that is full)"
        )
    elif len(after) == len(answered):
        at = seconds(capture, int(streams.first[after[0]]))
        said += f", the first one at {at}: it came back"
    else:
        said += " among them: it fails now and then, as when a queue or a table is full"
    return said + "."


def _slow_to_answer(capture: Capture, streams: Streams) -> Iterator[Finding]:
    """Tell of connections that needed a second SYN: their time to connect is a second or more."""
    late = (streams.syn_ack_ns >= 0) & (streams.syn_ns - streams.start_ns >= _RETRY)
    late &= streams.flags[:, 0] & SYN != 0
    opened = np.count_nonzero((streams.flags[:, 0] & SYN != 0) & (streams.syn_ack_ns >= 0))
    found = np.flatnonzero(late)
    if len(found) < _LEAST or among(len(found), int(opened)).low < _FAILING:
        return
    yield Finding(
        "network.service_down",
        Verdict.POSSIBLE,
        Severity.MEDIUM,
        f"{counted(len(found), 'connection')} of {human_count(int(opened))} came about only when "
        "the SYN was sent again",
        f"{named(found)} waited {human_ns(np.median((streams.syn_ns - streams.start_ns)[found]))} "
        "in the median before a SYN was answered. The first one was lost, or dropped by a service "
        "whose queue of new connections is full." + caveats(capture, "dropped"),
        proof(found, streams.first[found]),
        f"{in_wireshark(found, 'tcp.flags.syn == 1')}. "
        "On the server: nstat -az TcpExtListenOverflows",
    )


def _scan(capture: Capture, streams: Streams, scan: np.ndarray) -> Finding:
    rows = np.flatnonzero(scan)
    client = address(capture, int(streams.address[rows[0], 0]))
    different = len(np.unique(services(streams)[rows]))
    clients = len(np.unique(streams.address[rows, 0]))
    return Finding(
        "network.service_down",
        Verdict.POSSIBLE,
        Severity.LOW,
        f"{human_count(len(rows))} vain SYNs to {human_count(different)} different services look "
        "like a scan",
        f"{counted(clients, 'client')} ({client} the first) tried each service once or twice "
        f"({named(rows)}). That is how scanners and discovery work; the services need not be down.",
        proof(rows, streams.first[rows]),
        f"{in_wireshark(rows[:1])}. Ask who runs at {client}.",
    )


@rule("network.port_exhaustion")
def port_exhaustion(capture: Capture) -> Iterator[Finding]:
    """Find clients that take a new port for every request, and use them again too soon."""
    streams = capture.streams
    opened = np.flatnonzero(streams.flags[:, 0] & SYN != 0)
    if len(opened) < 2:
        return
    client, service = services(streams, 0)[opened], services(streams)[opened]
    port, start = streams.port[opened, 0].astype(np.int64), streams.start_ns[opened]
    order = np.lexsort((start, port, service, client))
    same = np.ones(len(opened) - 1, np.bool_)
    for key in (client, service, port):
        same &= key[order[1:]] == key[order[:-1]]
    gap = start[order[1:]] - streams.stop_ns[opened][order[:-1]]
    soon = np.zeros(len(opened), np.bool_)
    soon[order[1:]] = same & (gap < _TIME_WAIT)
    fresh = np.ones(len(opened), np.bool_)  # the first connection of a port
    fresh[order[1:]] = ~same
    _, pair = np.unique(np.stack([client, service]), axis=1, return_inverse=True)
    pair = pair.ravel()
    total, again, ports = (np.bincount(pair, w) for w in (None, soon, fresh))
    seconds_ = np.maximum(_span(pair, start, len(total)), _SECOND)
    busy = (total > 1) & (total / seconds_ * _TIME_WAIT >= _PORTS / 2)
    suspect = (again >= 5) & (ports >= 5)
    rows = np.flatnonzero(suspect | busy)
    for one in rows[np.argsort(-again[rows], kind="stable")][:_MOST]:
        mine = np.flatnonzero(pair == one)
        gaps = gap[np.isin(order[1:], mine[soon[mine]])]
        yield _exhausted(capture, opened[mine], opened[mine[soon[mine]]], int(ports[one]), gaps)


def _span(group: np.ndarray, time: np.ndarray, count: int) -> np.ndarray:
    """Return the time from the first to the last of each group, ns."""
    low, high = np.full(count, np.iinfo(np.int64).max), np.zeros(count, np.int64)
    np.minimum.at(low, group, time)
    np.maximum.at(high, group, time)
    return high - low


def _exhausted(
    capture: Capture, mine: np.ndarray, again: np.ndarray, ports: int, gaps: np.ndarray
) -> Finding:
    streams = capture.streams
    first = int(mine[0])
    who = address(capture, int(streams.address[first, 0]))
    to = end(capture, int(streams.address[first, 1]), int(streams.port[first, 1]))
    start = streams.start_ns[mine]
    rate = len(mine) / max((int(start.max()) - int(start.min())) / 1e9, 1)
    used = streams.port[mine, 0]
    verdict = Verdict.LIKELY if len(mine) >= 2 * ports and len(again) >= 5 else Verdict.POSSIBLE
    said = (
        f"{counted(len(mine), 'connection')} from {human_count(ports)} ports ({int(used.min())} to "
        f"{int(used.max())}), {rate:.3g} a second: at this rate {human_count(round(rate * 60))} "
        "wait in TIME_WAIT (60 s on Linux) on the side that closes first, and Linux has "
        f"{human_count(_PORTS)} ports by default."
    )
    shown = again if len(again) else mine
    if len(again):
        said += (
            f" {human_count(len(again))} of them ({named(again)}) took a port again within a "
            f"minute, {human_ns(float(np.median(gaps)))} after its last connection in the median."
        )
    said += (
        " Every port was taken twice or more: there is no other left."
        if verdict is Verdict.LIKELY
        else " Ports are still taken by chance, not because none is left."
    )
    return Finding(
        "network.port_exhaustion",
        verdict,
        Severity.HIGH if verdict is Verdict.LIKELY else Severity.LOW,
        f"{who} opens a connection for every request to {to}: {human_count(len(mine))} from "
        f"{human_count(ports)} ports",
        said,
        proof(shown, streams.first[shown]),
        f"{in_wireshark(again, 'tcp.flags.syn == 1')}"  # the SYN says "port numbers reused"
        if len(again)
        else in_wireshark(mine[:1]),
    )


RULES: tuple[Rule, ...] = (service_down, port_exhaustion)
