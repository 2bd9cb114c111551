"""Findings of answers by hand: names that are not found, handshakes that fail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from prodforensics.display.tables import human_ns
from prodforensics.findings import Finding, Rule, Severity, Verdict, rule

if TYPE_CHECKING:
    from prodforensics.network.tools.answer_reports import DigReport, Handshake, Query, TlsProbe

__all__ = ["DIG_RULES", "TLS_RULES"]

SLOW_NS = 500 * 10**6
"""An answer that takes this long is slow."""
_SOON_NS = 14 * 86_400 * 10**9

_STATUS = {
    "NXDOMAIN": (
        "the name does not exist",
        "The server knows the zone and says that this name is not in it: it is spelled wrong, was "
        "never made, or was removed.",
        "compare with the zone; a name with few dots may be tried with search domains first",
    ),
    "SERVFAIL": (
        "the server could not find out",
        "The server asked further and failed: the servers of the zone do not answer or do not "
        "serve it, or DNSSEC does not hold.",
        "dig +trace NAME; dig +cd NAME: if that works it is DNSSEC",
    ),
    "REFUSED": (
        "the server refuses to answer",
        "It does not serve this zone and does not look names up for this client: the wrong server "
        "is asked, or its access list forbids it.",
        "look at /etc/resolv.conf, and at allow-query and allow-recursion of the server",
    ),
    "TIMEOUT": (
        "no server answers",
        "The question, or the answer, is lost: the server is down, the address is wrong, or a "
        "firewall drops UDP port 53.",
        "ping the server; dig +tcp NAME: does TCP pass?",
    ),
}
_OTHER = (
    "the server answers with an error",
    "It does not understand or does not do what is asked.",
    "ask another server: dig @OTHER NAME",
)


@rule("network.dns_failure")
def dns_failure(report: DigReport) -> Iterator[Finding]:
    """Find questions without a useful answer, and slow ones."""
    for place, query in enumerate(report.queries):
        proof = {"queries": [place]}
        if query.status not in ("NOERROR", "CUT", ""):
            what, why, step = _STATUS.get(query.status, _OTHER)
            yield Finding(
                "network.dns_failure", Verdict.LIKELY, Severity.HIGH,
                f"{query.asked}: {what} ({query.status})", f"{why}{_asked_of(query)}", proof, step,
            )  # fmt: skip
        elif query.status == "NOERROR" and not query.answers and not _referral(query):
            yield Finding(
                "network.dns_failure", Verdict.POSSIBLE, Severity.MEDIUM,
                f"{query.asked}: the name exists, but has no record of this type",
                "The answer is empty (NODATA). That is right where nobody needs such a record, as "
                "AAAA without IPv6; a client that needs it fails as if there were no name."
                + _asked_of(query),
                proof, f"dig {query.name} A; dig {query.name} AAAA; dig {query.name} ANY",
            )  # fmt: skip
        elif query.timeouts or (query.query_ns or 0) >= SLOW_NS:
            took = human_ns(query.query_ns or 0)
            yield Finding(
                "network.dns_failure", Verdict.POSSIBLE, Severity.MEDIUM,
                f"{query.asked}: answered after {took}"
                + (f" and {query.timeouts} tries without an answer" if query.timeouts else ""),
                "Each program that looks the name up waits as long, unless a cache knows it."
                + _asked_of(query),
                proof, "ask each server of /etc/resolv.conf: dig @SERVER NAME",
            )  # fmt: skip


def _asked_of(query: Query) -> str:
    error = f" dig says: {query.error}." if query.error else ""
    return f" Asked: {query.asked}{f' of {query.server}' if query.server else ''}.{error}"


def _referral(query: Query) -> bool:
    """Whether the answer names the servers to ask next, as in a trace."""
    kinds = {record.type for record in query.records if record.section == "authority"}
    return "NS" in kinds and "SOA" not in kinds


DIG_RULES: list[Rule] = [dns_failure]

# OpenSSL's verify codes: what they say, and whether another trust store may change it.
_VERIFY = {
    9: "the certificate is not valid yet",
    10: "the certificate has expired",
    23: "the certificate was revoked",
    62: "the certificate is of another name",
    64: "the certificate is of another address",
}
_TRUST = (2, 18, 19, 20, 21, 27)
_ALERTS = {
    40: "the two have no cipher, curve or signature in common",
    42: "the server does not accept the client's certificate",
    43: "the server does not accept the client's kind of certificate",
    44: "the client's certificate was revoked",
    45: "the client's certificate has expired",
    46: "the server does not accept the client's certificate",
    48: "the server does not know who signed the client's certificate",
    49: "the server denies access",
    70: "version mismatch: the server does not speak the client's version of TLS",
    71: "the server asks for better ciphers",
    80: "the server has an error of its own",
    112: "the server does not know the name (SNI)",
    116: "the server asks for a certificate of the client",
    120: "the two have no protocol (ALPN) in common",
}
_ERRNO = {
    101: "the network is unreachable",
    104: "the connection was reset",
    110: "nobody answers (timed out)",
    111: "the connection was refused",
    113: "there is no route to the host",
}


@rule("network.service_down")
def service_down(probe: TlsProbe) -> Iterator[Finding]:
    """Find calls that got no connection."""
    for place, one in enumerate(probe.handshakes):
        if one.connected or _no_name(one):
            continue
        if one.errno is None and not one.errors:
            continue
        why = _ERRNO.get(one.errno or 0, f"errno {one.errno}" if one.errno else "no connection")
        yield Finding(
            "network.service_down", Verdict.LIKELY, Severity.HIGH, f"No connection: {why}",
            "TLS did not begin: nothing listens on that port, or something in between refuses or "
            f"drops. OpenSSL says: {'; '.join(one.errors) or why}.",
            {"handshakes": [place]}, "ss -tln on the server: does it listen there?",
        )  # fmt: skip


@rule("network.dns_failure")
def no_name(probe: TlsProbe) -> Iterator[Finding]:
    """Find calls whose name was not found."""
    for place, one in enumerate(probe.handshakes):
        if not one.connected and _no_name(one):
            yield Finding(
                "network.dns_failure", Verdict.LIKELY, Severity.HIGH,
                "The name of the server was not found",
                f"OpenSSL says: {'; '.join(one.errors)}.",
                {"handshakes": [place]}, "dig NAME",
            )  # fmt: skip


def _no_name(one: Handshake) -> bool:
    said = " ".join(one.errors).lower()
    return any(word in said for word in ("getaddrinfo", "name or service", "nodename", "lookup"))


@rule("network.tls_failure")
def tls_failure(probe: TlsProbe) -> Iterator[Finding]:
    """Find handshakes that failed, and certificates that do not verify."""
    for place, one in enumerate(probe.handshakes):
        if not one.connected:
            continue
        codes = {error.code for error in one.verify_errors} | {one.verify_code or 0}
        bad = sorted(codes - {0})
        if not one.protocol and (one.errors or one.alert is not None or one.read_bytes == 0):
            yield _no_handshake(one, place)
        elif bad:
            yield _not_verified(probe, one, place, bad)
        elif (left := _left(one)) is not None and left < _SOON_NS:
            yield Finding(
                "network.tls_failure", Verdict.POSSIBLE, Severity.MEDIUM,
                f"The certificate of {one.subject} expires in {human_ns(max(left, 0))}",
                "Whoever renews it has not done so yet; on that day all clients fail at once.",
                {"handshakes": [place]}, "renew it; look at the log of the renewal",
            )  # fmt: skip


def _left(one: Handshake) -> int | None:
    """Return how long the certificate was valid when it was looked at."""
    own = one.own
    if own is None or own.not_after_ns is None or one.start_ns is None:
        return None
    return own.not_after_ns - one.start_ns


def _no_handshake(one: Handshake, place: int) -> Finding:
    said = " ".join(one.errors)
    if one.alert is not None:
        what = _ALERTS.get(one.alert, f"the server sent alert {one.alert}")
    elif "wrong version number" in said or "packet length" in said or "http request" in said:
        what = "what answers there does not speak TLS"
    elif "unsupported protocol" in said or "version" in said:
        what = "version mismatch: the two have no version of TLS in common"
    elif one.read_bytes == 0:
        what = "the server closed without a word"
    else:
        what = "the handshake failed"
    return Finding(
        "network.tls_failure", Verdict.LIKELY, Severity.HIGH, f"TLS handshake: {what}",
        f"TCP is fine, TLS is not. OpenSSL says: {said or 'nothing'}; "
        f"{one.read_bytes or 0} bytes were read.",
        {"handshakes": [place]},
        "try -tls1_2 and -tls1_3, -servername NAME, and -starttls where the protocol needs it",
    )  # fmt: skip


def _not_verified(probe: TlsProbe, one: Handshake, place: int, codes: list[int]) -> Finding:
    before = sum(len(each.verify_errors) for each in probe.handshakes[:place])
    named = [code for code in codes if code in _VERIFY]
    sure = bool(set(codes) - set(_TRUST))
    texts = list(dict.fromkeys(error.text for error in one.verify_errors)) or [one.verify_text]
    what = " and ".join(_VERIFY[code] for code in named) or ", ".join(texts)
    dates = ""
    if one.own and one.own.not_after_ns is not None and 10 in codes:
        import pandas as pd

        dates = f" It was valid until {pd.Timestamp(one.own.not_after_ns):%Y-%m-%d %H:%M} UTC."
    trust = (
        ""
        if sure
        else " That depends on the trust store of who asks: without -CAfile OpenSSL knows the "
        "system's alone. A server that forgets its intermediate certificate looks the same."
    )
    rows = list(range(before, before + len(one.verify_errors)))
    return Finding(
        "network.tls_failure", Verdict.LIKELY if sure else Verdict.POSSIBLE,
        Severity.HIGH if sure else Severity.MEDIUM,
        f"{one.subject or 'The server'}: {what}",
        f"The certificate of {one.subject or 'the server'}, issued by {one.issuer or '?'}, does "
        f"not verify: {', '.join(texts)} (code {', '.join(map(str, codes))}).{dates}{trust}",
        {"handshakes": [place], **({"verify_errors": rows} if rows else {})},
        "renew or replace the certificate and reload the server; every server of the name must "
        "send the new one",
    )  # fmt: skip


TLS_RULES: list[Rule] = [service_down, no_name, tls_failure]
