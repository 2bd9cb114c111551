"""Findings on TLS: handshakes that fail, certificates that must fail, hellos that take long."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from prodforensics.display.tables import human_count, human_ns, plain
from prodforensics.findings import Finding, Rule, Severity, Verdict, rule
from prodforensics.network.explorer.troubles import rows_of_frame
from prodforensics.network.symptoms.wording import (
    among,
    caveats,
    counted,
    in_wireshark,
    listed,
    named,
    proof_of,
    server_of,
)

if TYPE_CHECKING:
    from prodforensics.network.model import Capture

__all__ = ["RULES"]

_LEAST, _WEIGHT, _FAILING = 3, 0.05, 0.01
_MOST = 5
_SLOW, _TIMES = 500_000_000, 5
"""A hello is slow when it takes half a second, and five round trips, more than the network."""
_NAME = 120
_GOODBYES = ("close_notify", "user_canceled", "no_renegotiation")
_ADVICE = {
    "expired": "Renew the certificate, load it (reload the server), and watch its end.",
    "not yet valid": "Put in a certificate that is valid already, and compare the clocks of both.",
    "of another name": "Put in a certificate with that name among its subject alternative names, "
    "or ask for the name that it has; a proxy must send the right SNI.",
    "plain": "Something else than TLS listens on that port, or the client should not use TLS.",
    "unknown_ca": "Give the client the authority that signed it, and let the server send the whole "
    "chain: openssl s_client -showcerts",
    "protocol_version": "Allow a version that both know (1.2 or 1.3).",
    "handshake_failure": "Compare the ciphers, groups and signatures that both allow.",
    "certificate_required": "Give the client its certificate (mutual TLS).",
}


@rule("network.tls_failure")
def tls_failure(capture: Capture) -> Iterator[Finding]:
    """Find handshakes that fail, and say why."""
    tls = rows_of_frame(capture, "tls")
    if tls is None:
        return
    cause = _causes(tls)
    key = tls["server_ip"].astype(str) + " " + tls["server_port"].astype(str) + " " + cause
    failing = key[cause != ""]
    counts = failing.value_counts()
    for one in counts.index[:_MOST]:
        rows = tls.loc[failing.index[failing == one]]
        yield _failed(capture, tls, rows, str(cause[rows.index[0]]))
    if len(counts) > _MOST:
        rest = tls.loc[failing.index[failing.isin(counts.index[_MOST:])]]
        yield Finding(
            "network.tls_failure",
            Verdict.POSSIBLE,
            Severity.LOW,
            f"{counted(len(rest), 'more handshake')} that fail, at "
            f"{counted(rest['server_ip'].nunique(), 'server')}",
            f"{listed(sorted(set(cause[rest.index]))[:6])} ({_named(rest)}).",
            _rows(rest),
            "capture.frames['tls'].query(\"alert_level == 'fatal'\")",
        )
    yield from _slow(capture, tls[cause == ""])


def _causes(tls: pd.DataFrame) -> pd.Series:
    """Return why each session failed, or must fail; empty for those that are sound."""
    alert = tls["alert"].astype(str)
    fatal = (tls["alert_level"].astype(str) == "fatal") & ~alert.isin(_GOODBYES)
    refused = tls["encrypted_alert_from"].astype(str) != ""
    causes = [
        (tls["expired_at_capture"], "expired"),
        (tls["not_yet_valid"], "not yet valid"),
        (tls["wrong_name"], "of another name"),
        (fatal, alert),
        (tls["plain_answer"], "plain"),
        (refused, "encrypted"),
    ]
    found = pd.Series("", tls.index, dtype="str")
    for where, name in reversed(causes):
        found = found.mask(where, name)
    return found


def _streams(rows: pd.DataFrame) -> list[int]:
    return rows["stream"][rows["protocol"] == "tls"].tolist()


def _named(rows: pd.DataFrame) -> str:
    """Name the streams of both protocols."""
    quic = rows["stream"][rows["protocol"] == "quic"].tolist()
    parts = [named(_streams(rows))] if len(_streams(rows)) else []
    if quic:
        parts.append(named(quic).replace("tcp.stream", "udp.stream"))
    return "; ".join(parts)


def _rows(rows: pd.DataFrame) -> dict[str, list[int]]:
    columns = ("client_hello_frame", "certificate_frame", "alert_frame", "encrypted_alert_frame")
    return proof_of("tls", rows, columns)


def _failed(capture: Capture, tls: pd.DataFrame, rows: pd.DataFrame, cause: str) -> Finding:
    first, server = rows.iloc[0], server_of(rows)
    here = (tls["server_ip"] == first["server_ip"]) & (tls["server_port"] == first["server_port"])
    found = among(len(rows), int(here.sum()))
    weighs = len(rows) >= _LEAST or len(rows) >= _WEIGHT * len(tls)
    went_on = int(rows["first_app_ts"].notna().sum())
    sure = weighs and found.low >= _FAILING and 2 * went_on <= len(rows)
    what, why = _words(first, cause)
    said = (
        f"{counted(len(rows), 'handshake')} of {human_count(found.samples)} with {server}, {found} "
        f"({_named(rows)}). {why}"
    )
    if went_on:
        said += (
            f" {human_count(went_on)} of them went on all the same: these clients do not check it."
        )
    step = _ADVICE.get(cause, "Look into the logs of both sides at that time.")
    return Finding(
        "network.tls_failure",
        Verdict.LIKELY if sure else Verdict.POSSIBLE,
        Severity.HIGH if sure else Severity.MEDIUM,
        f"{server}: {what}",
        said + caveats(capture, "snap_length", "missed_bytes"),
        _rows(rows),
        f"{_filter(rows)}. {step}",
    )


def _filter(rows: pd.DataFrame) -> str:
    streams = _streams(rows)
    if streams:
        return in_wireshark(streams, "tls")
    return in_wireshark(rows["stream"].tolist(), "quic").replace("tcp.stream", "udp.stream")


def _words(first: pd.Series, cause: str) -> tuple[str, str]:
    """Return what is wrong, and the paragraph that says how one sees it."""
    asked = plain(str(first["sni"]), _NAME) or "no name"
    subject = plain(str(first["subject"]), _NAME)
    certificate = f"The certificate in frame {first['certificate_frame']} ({subject}) "
    at = f"{first['client_hello_ts']:%Y-%m-%d %H:%M} UTC"
    told = _told(first)
    words: dict[str, Callable[[], tuple[str, str]]] = {
        "expired": lambda: (
            f"its certificate expired on {first['not_after']:%Y-%m-%d}",
            f"{certificate}was valid until {first['not_after']:%Y-%m-%d %H:%M} UTC and was sent at "
            f"{at}.{told}",
        ),
        "not yet valid": lambda: (
            f"its certificate is not valid before {first['not_before']:%Y-%m-%d}",
            f"{certificate}is valid from {first['not_before']:%Y-%m-%d %H:%M} UTC and was sent at "
            f"{at}; a clock may be wrong.{told}",
        ),
        "of another name": lambda: (
            f"its certificate is not for {asked}",
            f"{certificate}is for {plain(str(first['san']), _NAME) or 'no name'}; the client asked "
            f"for {asked}. A client that checks names ends the connection.{told}",
        ),
        "plain": lambda: (
            "what answers the hello is no TLS",
            f"The hello in frame {first['client_hello_frame']} was answered in another protocol.",
        ),
        "encrypted": lambda: (
            f"the {first['encrypted_alert_from']} ends the handshake",
            f"In frame {first['encrypted_alert_frame']} the {first['encrypted_alert_from']} sent "
            "an alert in place of its last message. TLS 1.3 hides its reason: often the "
            "certificate of the other side (not trusted, expired, missing).",
        ),
        "protocol_version": lambda: (
            "client and server have no version of TLS in common",
            f"The client offers {plain(str(first['offered_versions']), _NAME)}.{told}",
        ),
        "handshake_failure": lambda: (
            "client and server do not agree (ciphers, groups, certificates)",
            f"The client offers {plain(str(first['offered_versions']), _NAME)} (JA3 "
            f"{first['ja3']}).{told}",
        ),
    }
    default = f"the {first['alert_from']} ends the handshake: {cause}", told.strip()
    return words[cause]() if cause in words else default


def _told(first: pd.Series) -> str:
    if first["alert_frame"] <= 0:
        return ""
    return (
        f" The {first['alert_from']} said so in frame {first['alert_frame']}: alert "
        f"{first['alert_code']}, {first['alert']}."
    )


def _slow(capture: Capture, tls: pd.DataFrame) -> Iterator[Finding]:
    """Tell of servers that take long before their hello, on a quick network."""
    both = tls[tls["server_hello_ts"].notna() & tls["client_hello_ts"].notna()]
    both = both[both["protocol"] == "tls"]
    if not len(both):
        return
    wait = (both["server_hello_ts"] - both["client_hello_ts"]).dt.as_unit("ns").astype("int64")
    streams, stream = capture.streams, both["stream"].to_numpy()
    trip = np.where(streams.first_rtt_ns[stream] > 0, streams.first_rtt_ns[stream], 0)
    sound = streams.retransmissions[stream].sum(axis=1) == 0
    slow = both[(wait.to_numpy() - trip > np.maximum(_SLOW, _TIMES * trip)) & sound]
    key = slow["server_ip"].astype(str) + " " + slow["server_port"].astype(str)
    for one, count in key.value_counts().head(_MOST).items():
        rows = slow[key == one]
        here = (both["server_ip"] == rows["server_ip"].iloc[0]).sum()
        if count < _LEAST or among(int(count), int(here)).low < _FAILING:
            continue
        times = wait[rows.index]
        trips = trip[np.isin(stream, rows["stream"].to_numpy())]
        yield Finding(
            "network.tls_failure",
            Verdict.POSSIBLE,
            Severity.MEDIUM,
            f"{server_of(rows)} takes {human_ns(times.median())} to answer the hello of TLS",
            f"{human_count(int(count))} of {counted(int(here), 'handshake')} ({_named(rows)}): "
            f"{human_ns(times.min())} to {human_ns(times.max())} from hello to hello, where a "
            f"round trip takes {human_ns(float(np.median(trips)))}. The server is busy "
            "(handshakes cost CPU), waits for a key (HSM, OCSP, a lookup), or accepts late."
            + caveats(capture, "dropped"),
            _rows(rows),
            f"{in_wireshark(rows['stream'].tolist(), 'tls.handshake')}. Profile the server during "
            "handshakes; let clients keep connections and resume sessions.",
        )


RULES: tuple[Rule, ...] = (tls_failure,)
