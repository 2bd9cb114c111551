"""Findings on connections that break: reset, or dead at one end only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from prodforensics.display.tables import human_count, human_ns
from prodforensics.findings import Finding, Rule, Severity, Verdict, rule
from prodforensics.network.symptoms.loss_rules import too_large
from prodforensics.network.symptoms.resets import CAUSES, Resets, resets, silence
from prodforensics.network.symptoms.wording import (
    among,
    caveats,
    counted,
    end,
    in_wireshark,
    named,
    proof,
    services,
)
from prodforensics.statistics import Share

if TYPE_CHECKING:
    from prodforensics.network.model import Capture

__all__ = ["RULES"]

_VAIN = 3
_SECOND = 1_000_000_000
_MOST = 5
_LEAST = 3
_WEIGHT = 0.05
"""Connections with a fault are at least three, or this share of the capture's."""

# Cause -> title after "{who} resets ...", explanation, next step, share from which it is likely.
_HARMFUL: dict[str, tuple[str, str, str, float]] = {
    "race": (
        "connections that are used again in the moment it closes them",
        "The connection had been idle, the FIN and a new request crossed, and the request was "
        "answered with RST: nobody knows whether it was worked on. The pool keeps connections "
        "for about as long as the server, or longer.",
        "Let the pool throw idle connections away before the server does (its idle time below the "
        "server's keep-alive timeout), and repeat requests that may be repeated.",
        0.01,
    ),
    "box": (
        "connections, but the RST comes from a box on the way",
        "The RST has another time to live than what the peer sent before, so somebody between sent "
        "it in its name: a firewall, NAT or load balancer that has forgotten the connection "
        "(idle for too long, its table full, restarted) or forbids it.",
        "Compare ip.ttl of the RST with the peer's other packets; look at the idle timeout and "
        "the fill of the connection tables between (conntrack -S, conntrack -C), or send "
        "keep-alives more often than that timeout.",
        0.01,
    ),
    "window": (
        "connections whose other side has stopped reading",
        "The other side's window was closed when the RST came: it had not taken what it was sent "
        "for so long that this side gave up.",
        "See why the reader is slow (network.zero_window); then the timeout of whoever resets.",
        0.01,
    ),
    "unanswered": (
        "connections instead of answering",
        "A request had come and nothing was answered: the process died or was killed, closed with "
        "the request unread, or ran into a timeout of its own.",
        "Look into the log of the service at that time: a crash, a restart, a limit, a timeout.",
        0.01,
    ),
    "cut": (
        "connections in the middle of an answer",
        "The answer was not whole when the RST came: the process failed while it was sending.",
        "Look into the log of the service at that time: a crash, an exception after the headers, "
        "a restart.",
        0.01,
    ),
    "abandoned": (
        "connections before the answer is whole",
        "Who asked went away while the answer was on its way: a timeout, a cancelled request, a "
        "process that ended, or a client that has seen enough.",
        "Compare the time from the request to the RST with the client's timeouts.",
        0.05,
    ),
    "left": (
        "connections that it has closed, because the answer goes on",
        "Who asked had closed the connection before the answer was whole; the RST only says so.",
        "Compare the time from the request to the FIN with the client's timeouts.",
        2.0,
    ),
    "upload": (
        "connections that are still being sent to",
        "It had answered and closed while the other side went on sending: a request that it did "
        "not want to read to its end (too large, not allowed). The RST can destroy the answer.",
        "Look at the answer before the FIN (413, 401?); let the server read the rest.",
        2.0,
    ),
    "unknown": (
        "connections after it has answered",
        "The answer was sent before; whether it was whole cannot be seen from outside. Some "
        "servers and load balancers end idle connections in this way.",
        "See how long the connection was idle before the RST: a constant time is a timeout.",
        2.0,
    ),
}
_HARMLESS = {
    "empty": "carried nothing: health checks and port probes end so",
    "closed": "the other side had closed before, nothing was left to answer",
    "alert": "TLS had said its last word before (a failure of TLS is told by network.tls_failure)",
    "done": "everything had been answered and acknowledged",
}


@rule("network.connection_reset")
def connection_reset(capture: Capture) -> Iterator[Finding]:
    """Find connections that are reset: by whom, in which state, and what is lost."""
    found = resets(capture)
    if not len(found.streams):
        return
    streams = capture.streams
    carrying = (capture.endings.last_payload >= 0).any(axis=1)
    service = services(streams)
    key = found.cause.astype(np.int64) << 1 | found.side
    for cause, (what, why, step, likely) in _HARMFUL.items():
        for side in (1, 0):
            mine = np.flatnonzero(key == CAUSES.index(cause) << 1 | side)
            if not len(mine):
                continue
            keys, count = np.unique(service[found.streams[mine]], return_counts=True)
            for one in keys[np.argsort(-count, kind="stable")][:_MOST]:
                rows = mine[service[found.streams[mine]] == one]
                share = among(len(rows), int(np.count_nonzero(carrying & (service == one))))
                yield _broken(capture, found, rows, cause, side, what, why, step, likely, share)
            if len(keys) > _MOST:
                yield _others(capture, found, mine, keys, count, what)
    yield from _cleared(found)


def _broken(
    capture: Capture, found: Resets, rows: np.ndarray, cause: str, side: int, what: str, why: str,
    step: str, likely: float, share: Share,
) -> Finding:  # fmt: skip
    streams, numbers = capture.streams, found.streams[rows]
    first = int(numbers[0])
    service = end(capture, int(streams.address[first, 1]), int(streams.port[first, 1]))
    who = f"{service} (the server)" if side else f"The client of {service}"
    enough = share.low >= likely and _weighs(capture, len(rows))
    verdict = Verdict.LIKELY if enough else Verdict.POSSIBLE
    severity = Severity.HIGH if enough and side else Severity.MEDIUM if enough else Severity.LOW
    return Finding(
        "network.connection_reset",
        verdict,
        severity,
        f"{who} resets {what}: {human_count(len(rows))} of {human_count(share.samples)}",
        f"{counted(len(rows), 'connection')} to {service} of {human_count(share.samples)} that "
        f"carried anything, {share}: {named(numbers)}, RST in frame "
        f"{int(found.packet[rows[0]]) + 1}{_state(capture, found, rows, cause)}. {why}"
        + ("" if enough else _few(share, likely))
        + caveats(capture, "dropped", "missed_bytes", "one_sided", "snap_length"),
        proof(numbers, [*found.packet[rows], *_before(capture, found, rows)]),
        f"{in_wireshark(numbers)}. {step}",
    )


def _few(share: Share, likely: float) -> str:
    if likely > 1:
        return " It is not sure that anything was lost."
    return f" So few that it may be an accident ({share.low:.1%} at least)."


def _weighs(capture: Capture, count: int) -> bool:
    """Whether it is not one connection among hundreds."""
    whole = int(np.count_nonzero((capture.endings.last_payload >= 0).any(axis=1)))
    return count >= _LEAST or count >= _WEIGHT * whole


def _before(capture: Capture, found: Resets, rows: np.ndarray) -> np.ndarray:
    """Return what the other side had sent last, which the RST answers."""
    return capture.endings.last_payload[found.streams[rows], 1 - found.side[rows].astype(np.int64)]


def _state(capture: Capture, found: Resets, rows: np.ndarray, cause: str) -> str:
    """Say how long after what the RST came."""
    packets, ends = capture.packets, capture.endings
    numbers, side = found.streams[rows], found.side[rows].astype(np.int64)
    last = ends.last_payload[numbers].max(axis=1)
    idle = np.median(packets.time[found.packet[rows]] - packets.time[np.maximum(last, 0)])
    said = (" and so on" if len(rows) > 1 else "") + f", {human_ns(idle)} after the last payload"
    if cause == "race":
        answered = ends.last_payload[numbers, side]
        kept = packets.time[ends.first_fin[numbers, side]] - packets.time[answered]
        said += (
            f". The server closes connections {human_ns(np.median(kept))} after its last answer; "
            f"the request came after {human_ns(np.median(ends.paused[numbers, 1 - side]))} of "
            "silence"
        )
    if cause == "box":
        first, reset = int(ends.last[numbers[0], side[0]]), int(found.packet[rows[0]])
        said += f"; its time to live is {packets.ttl[reset]}, not {packets.ttl[first]}"
    if cause == "window":
        closed = ends.closed[numbers, 1 - side]
        shut = packets.time[found.packet[rows]] - packets.time[closed]
        said += f", after the window had been closed for {human_ns(np.median(shut))}"
    return said


def _others(
    capture: Capture, found: Resets, mine: np.ndarray, keys: np.ndarray, count: np.ndarray,
    what: str,
) -> Finding:  # fmt: skip
    told = keys[np.argsort(-count, kind="stable")][:_MOST]
    numbers = found.streams[mine]
    rest = ~np.isin(services(capture.streams)[numbers], told)
    return Finding(
        "network.connection_reset",
        Verdict.POSSIBLE,
        Severity.LOW,
        f"{counted(len(keys) - _MOST, 'more service')} with resets of {what}",
        f"{counted(int(np.count_nonzero(rest)), 'connection')} in all: {named(numbers[rest])}.",
        proof(numbers[rest], found.packet[mine[rest]]),
        "capture.frames['connections'].query('rst_frame > 0')",
    )


def _cleared(found: Resets) -> Iterator[Finding]:
    harmless = np.isin(found.cause, [CAUSES.index(one) for one in _HARMLESS])
    if not harmless.any():
        return
    reasons = []
    for cause, reason in _HARMLESS.items():
        count = int(np.count_nonzero(found.cause == CAUSES.index(cause)))
        if count:
            reasons.append(f"{human_count(count)}: {reason}")
    numbers = found.streams[harmless]
    yield Finding(
        "network.connection_reset",
        Verdict.CLEARED,
        Severity.LOW,
        f"{counted(len(numbers), 'connection')} ended by RST without losing anything",
        f"{'; '.join(reasons)} ({named(numbers)}).",
        proof(numbers, found.packet[harmless]),
        f"{in_wireshark(numbers[:2])}. Nothing to do.",
    )


@rule("network.half_open")
def half_open(capture: Capture) -> Iterator[Finding]:
    """Find connections that one end holds open and the other knows no more."""
    found = resets(capture)
    rows = np.flatnonzero(found.cause == CAUSES.index("restarted"))
    if len(rows):
        yield _restarted(capture, found, rows)
    yield from _vanished(capture)


def _restarted(capture: Capture, found: Resets, rows: np.ndarray) -> Finding:
    streams, numbers = capture.streams, found.streams[rows]
    first, side = int(numbers[0]), int(found.side[rows[0]])
    who = end(capture, int(streams.address[first, side]), int(streams.port[first, side]))
    idle = np.median(capture.endings.paused[numbers, 1 - found.side[rows].astype(np.int64)])
    return Finding(
        "network.half_open",
        Verdict.LIKELY if _weighs(capture, len(rows)) else Verdict.POSSIBLE,
        Severity.MEDIUM,
        f"{who} does not know {counted(len(rows), 'connection')} any more that its peer held open",
        f"{named(numbers)}: after {human_ns(idle)} of silence the next packet was answered with a "
        f"RST without ACK (frame {int(found.packet[rows[0]]) + 1}), which is what a host sends "
        "that has no such connection; no FIN or RST of it came before. It was restarted, or its "
        "own end timed out, and the message was lost; a box between with the same time to live "
        "would look the same." + caveats(capture, "dropped", "missing_handshake"),
        proof(numbers, [*found.packet[rows], *_before(capture, found, rows)]),
        f"{in_wireshark(numbers)}. See whether the host restarted at that time; use keep-alives "
        "(SO_KEEPALIVE, TCP_KEEPIDLE) or let the pool test idle connections before use.",
    )


def _vanished(capture: Capture) -> Iterator[Finding]:
    """Tell of connections whose other side went silent for good."""
    ends = capture.endings
    # Packets that were captured twice look as sent again, but not for a second.
    vain = (ends.unheard_again >= _VAIN) & (silence(capture) >= _SECOND)
    # It was heard of before, and not only by its SYN-ACK.
    vain &= ((ends.taken > 0) | (ends.sent[:, ::-1] > 0)) & (ends.unheard > 0)
    vain[too_large(capture).streams] = False  # it is there, but large packets do not reach it
    closing = vain & (ends.first_fin >= 0)
    for which, verdict in ((vain & ~closing, Verdict.LIKELY), (closing, Verdict.POSSIBLE)):
        rows, side = np.nonzero(which)
        if not len(rows):
            continue
        if not _weighs(capture, len(rows)):
            verdict = Verdict.POSSIBLE
        yield _silent(capture, rows, side, verdict, closing=bool(closing[rows[0]].any()))


def _silent(
    capture: Capture, rows: np.ndarray, side: np.ndarray, verdict: Verdict, *, closing: bool
) -> Finding:
    streams, ends, time = capture.streams, capture.endings, capture.packets.time
    first, other = int(rows[0]), int(1 - side[0])
    who = end(capture, int(streams.address[first, other]), int(streams.port[first, other]))
    heard = ends.last[rows, 1 - side]
    silence = np.median(time[ends.last[rows, side]] - time[heard])
    packets = int(ends.unheard_again[rows, side].sum())
    gave_up = int(np.count_nonzero(streams.reset_side[rows] == side))
    many = f" (and {counted(len(rows) - 1, 'more connection')})" if len(rows) > 1 else ""
    return Finding(
        "network.half_open",
        verdict,
        Severity.LOW if closing or verdict is Verdict.POSSIBLE else Severity.MEDIUM,
        f"{who}{many} vanished: {counted(packets, 'packet')} sent again or keep-alive without an "
        "answer",
        f"{named(rows)}: nothing was heard of the other side after frame {int(heard[0]) + 1} for "
        f"{human_ns(silence)} (median), though it was asked {counted(packets, 'time')}; "
        f"{human_count(gave_up)} of {counted(len(rows), 'connection')} then given up with RST. "
        "The peer is gone without a word: switched off, its cable or its NAT entry cut."
        + (" They were being closed anyway." if closing else "")
        + caveats(capture, "dropped", "one_sided"),
        proof(rows, [*heard, *ends.last[rows, side]]),
        f"{in_wireshark(rows)}. Does the peer run, and does the path to it still work "
        "(mtr, ping)? Shorter keep-alives find such connections sooner.",
    )


RULES: tuple[Rule, ...] = (connection_reset, half_open)
