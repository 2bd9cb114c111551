"""Findings of curl's timings: which phase is slow, and where a request failed."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from prodforensics.display.tables import human_ns
from prodforensics.findings import Finding, Rule, Severity, Verdict, rule
from prodforensics.network.tools.timing_reports import PHASES

if TYPE_CHECKING:
    from prodforensics.network.tools.timing_reports import CurlTimings, Request

__all__ = ["RULES", "SLOW", "WORDS", "Words"]

_MS = 10**6
SLOW = {
    "dns": (50 * _MS, 200 * _MS),
    "connect": (150 * _MS, 500 * _MS),
    "tls": (200 * _MS, 500 * _MS),
    "ttfb": (200 * _MS, 500 * _MS),
    "transfer": (500 * _MS, 1000 * _MS),
}
"""From how long on a phase is slow: it may be (possible), it is (likely)."""
SHARE = 0.5
"""Part of the whole request that a slow phase takes at least."""
_TIMES = 4
"""Beside the other requests of the file: times the median, and this much more of it."""
_MORE = 100 * _MS
_MANY = 5


class Words(NamedTuple):
    """What to say of a slow phase."""

    name: str
    why: str
    next_step: str


WORDS = {
    "dns": Words(
        "the name lookup",
        "Before anything else the name is looked up. A second or five, or a multiple: the first "
        "name server does not answer and the resolver waits for its timeout before it asks the "
        "next. Less: many search domains are tried, or a cache is missing.",
        "dig @EACH_SERVER_OF_RESOLV_CONF NAME, and look at search and ndots in /etc/resolv.conf",
    ),
    "connect": Words(
        "the TCP handshake",
        "It takes one round trip. About one, three or seven seconds: the first SYN was lost (or "
        "dropped, as by a full accept queue) and was sent again. Otherwise the path is long.",
        "mtr --report HOST for loss; ss -tln on the server: is Recv-Q of the listener at its "
        "Send-Q?",
    ),
    "tls": Words(
        "the TLS handshake",
        "It takes one round trip (TLS 1.3) or two (1.2) and one signature. More: the server has no "
        "time for it, looks something up (OCSP, a certificate per name), or a middlebox does.",
        "openssl s_client -connect HOST:443 several times, and the CPU time of the server",
    ),
    "ttfb": Words(
        "the server's answer",
        "The request is sent and the first byte does not come: the server computes, waits for its "
        "database, for a lock or the garbage collector, or queues the request. The network adds "
        "one round trip, as the TCP handshake tells.",
        "a trace or a profile of the server at that time; compare with the time that it logs",
    ),
    "transfer": Words(
        "the transfer of the body",
        "The first byte came soon, the rest slowly: a large body, little bandwidth, loss on the "
        "path, or a server that writes its answer piece by piece.",
        "size by time is the bandwidth; mtr for loss, ss -ti on the server for retrans and cwnd",
    ),
}


@rule("network.curl_phase")
def curl_phase(timings: CurlTimings) -> Iterator[Finding]:
    """Find the phase that takes most of a request and is slow, in itself or beside the others."""
    for phase in PHASES:
        likely, possible = _slow(timings, phase)
        if not likely and not possible:
            continue
        count, of = len(likely) + len(possible), len(timings.requests)
        # One slow request of many is a tail: worth a look, no more.
        sure = bool(likely) and (len(likely) * 2 >= of or len(likely) >= 3)
        slow = [*likely, *possible]
        took = [_took(timings.requests[place], phase) for place in slow]
        words = WORDS[phase]
        whole = sum(timings.requests[place].total_ns or 0 for place in slow)
        where = {timings.requests[place].url for place in slow} - {""}
        told = f" ({min(where)}{' and others' if len(where) > 1 else ''})" if where else ""
        many = f" in {count} of {of} requests" if of > 1 else ""
        yield Finding(
            "network.curl_phase", Verdict.LIKELY if sure else Verdict.POSSIBLE,
            Severity.HIGH if sure and count * 2 >= of else Severity.MEDIUM,
            f"{words.name[0].upper()}{words.name[1:]} takes {human_ns(median(took))}{many}: "
            f"{100 * sum(took) / max(whole, 1):.0f} % of the time",
            f"{words.why} Phase {phase}{told}.",
            {"requests": slow, "phases": _rows(timings, slow, phase)}, words.next_step,
        )  # fmt: skip


def _took(request: Request, phase: str) -> int:
    return next((took for name, _, took in request.phases if name == phase), 0)


def _slow(timings: CurlTimings, phase: str) -> tuple[list[int], list[int]]:
    """List the requests whose phase is slow: surely, and perhaps."""
    usual = timings.durations(phase)
    # A middle that is slow itself is no measure: then the limits alone count.
    middle = median(usual) if len(usual) >= _MANY else 0
    limits = SLOW[phase]
    likely, possible = [], []
    for place, request in enumerate(timings.requests):
        took = _took(request, phase)
        outlier = middle and took >= max(_TIMES * middle, middle + _MORE)
        main = took >= SHARE * (request.total_ns or took)
        if main and took >= limits[1]:
            likely.append(place)
        elif (main and took >= limits[0]) or outlier:
            possible.append(place)
    return likely, possible


def _rows(timings: CurlTimings, places: list[int], phase: str) -> list[int]:
    wanted, rows, row = set(places), [], 0
    for place, request in enumerate(timings.requests):
        for name, *_ in request.phases:
            if place in wanted and name == phase:
                rows.append(row)
            row += 1
    return rows


# curl's exit codes: what they are called, which rule they belong to.
_FAILED = {
    6: ("the name could not be looked up", "network.dns_failure"),
    7: ("no connection", "network.service_down"),
    35: ("the TLS handshake failed", "network.tls_failure"),
    51: ("the certificate is of another name", "network.tls_failure"),
    53: ("no TLS engine", "network.tls_failure"),
    58: ("the client's certificate was not accepted", "network.tls_failure"),
    60: ("the certificate could not be verified", "network.tls_failure"),
    18: ("the body ended early", "network.partial_response"),
    52: ("the server closed without an answer", "network.connection_reset"),
    55: ("the connection was reset while the request was sent", "network.connection_reset"),
    56: ("the connection was reset", "network.connection_reset"),
}
_AT = {
    "dns": ("the name could not be looked up", "network.dns_failure"),
    "connect": ("no connection", "network.service_down"),
    "tls": ("no answer after the TCP handshake", "network.connection_reset"),
    "ttfb": ("no answer to the request", "network.connection_reset"),
    "transfer": ("the body ended early", "network.partial_response"),
}
_STEPS = {
    "network.dns_failure": "dig NAME, and dig @SERVER NAME for each server of /etc/resolv.conf",
    "network.service_down": "ss -tln on the server: does it listen? A firewall in between?",
    "network.tls_failure": "openssl s_client -connect HOST:443 -servername NAME",
    "network.connection_reset": "the log of the server at that time; a capture shows who resets",
    "network.partial_response": "the log of the server at that time; a capture shows who closes",
}


def _failure(request: Request) -> tuple[str, str]:
    """Return what failed and the rule of it."""
    if request.exit_code in _FAILED:
        return _FAILED[request.exit_code]
    what, name = _AT[request.reached]
    # Exit code 28 is a timeout, wherever it was.
    return (f"{what} in time", name) if request.exit_code == 28 else (what, name)


def _many(count: int, of: int) -> str:
    return f"{count} of {of} requests" if of > 1 else "The request"


def _failures(timings: CurlTimings, name: str) -> Iterator[Finding]:
    by_cause: dict[str, list[int]] = {}
    for place, request in enumerate(timings.requests):
        if request.failed and _failure(request)[1] == name:
            by_cause.setdefault(_failure(request)[0], []).append(place)
    for what, places in by_cause.items():
        first = timings.requests[places[0]]
        # Without curl's exit code a missing time is all there is: what failed first is sure only
        # of a connection, which nothing but curl's own lookup stands before.
        sure = first.exit_code is not None or first.reached == "connect"
        took = human_ns(median([timings.requests[place].total_ns or 0 for place in places]))
        asked = f" ({first.url})" if first.url else ""
        said = f" curl says: {first.error}." if first.error else ""
        speed = ""
        if first.reached == "connect":
            speed = (
                " It failed at once: something answered with a refusal, so nothing listens there."
                if (first.total_ns or 0) < 900 * _MS
                else " It failed after a while: nothing answered, as of a firewall or a dead host."
            )
        yield Finding(
            name, Verdict.LIKELY if sure else Verdict.POSSIBLE, Severity.HIGH,
            f"{_many(len(places), len(timings.requests))} failed: {what}",
            f"They came as far as the phase {first.reached} and ended after {took}{asked}.{said}"
            f"{speed}",
            {"requests": places}, _STEPS[name],
        )  # fmt: skip


@rule("network.dns_failure")
def dns_failure(timings: CurlTimings) -> Iterator[Finding]:
    """Find requests whose name could not be looked up."""
    yield from _failures(timings, "network.dns_failure")


@rule("network.service_down")
def service_down(timings: CurlTimings) -> Iterator[Finding]:
    """Find requests that got no connection."""
    yield from _failures(timings, "network.service_down")


@rule("network.tls_failure")
def tls_failure(timings: CurlTimings) -> Iterator[Finding]:
    """Find requests whose TLS handshake failed."""
    yield from _failures(timings, "network.tls_failure")


@rule("network.connection_reset")
def connection_reset(timings: CurlTimings) -> Iterator[Finding]:
    """Find requests that had a connection and got no answer."""
    yield from _failures(timings, "network.connection_reset")


@rule("network.partial_response")
def partial_response(timings: CurlTimings) -> Iterator[Finding]:
    """Find requests whose body ended early."""
    yield from _failures(timings, "network.partial_response")


RULES: list[Rule] = [
    service_down,
    dns_failure,
    tls_failure,
    connection_reset,
    partial_response,
    curl_phase,
]
