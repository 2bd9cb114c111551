"""Findings on names: questions without an answer, answers that are errors, names that are gone."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from prodforensics.display.tables import human_count, human_ns, plain
from prodforensics.findings import Finding, Rule, Severity, Verdict, rule
from prodforensics.network.explorer.troubles import rows_of_frame
from prodforensics.network.symptoms.named_questions import Vain, in_vain
from prodforensics.network.symptoms.wording import (
    among,
    caveats,
    counted,
    listed,
    proof_of,
    server_of,
)

if TYPE_CHECKING:
    import pandas as pd

    from prodforensics.network.model import Capture

__all__ = ["RULES"]

_LEAST = 3
_FAILING = 0.01
_MOST = 3
_SERVERS = 10
_STORM, _STORM_SHARE = 10, 0.1
"""Questions for one name that is not there: so often, and this share of all questions."""
_MULTIPLIED = 0.5
_SLOW = 1_000_000_000
_RETRY = 300_000_000
"""ns; what comes again sooner was captured twice."""
_SLOW_SHARE = 0.05
_ERRORS = ("SERVFAIL", "REFUSED", "NOTIMP", "FORMERR")
_NAME = 120


@rule("network.dns_failure")
def dns_failure(capture: Capture) -> Iterator[Finding]:
    """Find name servers that do not answer or fail, and names that are asked for in vain."""
    dns = rows_of_frame(capture, "dns")
    if dns is None:
        return
    asked = dns[dns["attempts"] > 0]
    for mine in _troubled_servers(asked):
        yield from _timeouts(capture, mine)
        yield from _errors(capture, mine)
        yield from _slow(capture, mine)
    yield from _not_there(asked)


def _troubled_servers(asked: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Give the exchanges of each server that fails, those with most failures first."""
    trouble = asked["timed_out"] | asked["rcode"].isin(_ERRORS) | (asked["attempts"] > 1)
    trouble |= asked["rtt_ns"] >= _SLOW
    server = asked["server_ip"].astype(str) + " " + asked["server_port"].astype(str)
    for name in server[trouble].value_counts().index[:_SERVERS]:
        yield asked[server == name]


def _dig(server: str, name: str) -> str:
    return f"dig @{server} {shlex.quote(plain(name, _NAME))}"


def _server(mine: pd.DataFrame) -> str:
    return server_of(mine).removesuffix(":53")


def _rows(rows: pd.DataFrame, *frames: str) -> dict[str, list[int]]:
    return proof_of("dns", rows, frames)


def _named(rows: pd.DataFrame) -> str:
    """Name what was asked for, how often, with the stream and frame of the first."""
    counts = rows["query"].value_counts()
    counts = counts[counts > 0]
    names = [f"{plain(str(name), _NAME)} ({count})" for name, count in counts.head(3).items()]
    rest = len(counts) - 3
    more = f" and {human_count(rest)} more" if rest > 0 else ""
    first = rows.iloc[0]
    return (
        f"{', '.join(names)}{more}; {first['protocol']}.stream {first['stream']}, frame "
        f"{first['request_frame']} the first"
    )


def _repeated(capture: Capture, mine: pd.DataFrame) -> pd.Series:
    """Return which questions were sent again, not only captured twice."""
    time = capture.packets.time
    first, last = (
        time[np.maximum(mine[name].to_numpy() - 1, 0)]
        for name in ("request_frame", "last_request_frame")
    )
    return (mine["attempts"] > 1) & (last - first >= _RETRY)


def _timeouts(capture: Capture, mine: pd.DataFrame) -> Iterator[Finding]:
    lost = mine[mine["timed_out"]]
    answered = mine["rcode"].astype(str) != ""
    again = mine[answered & _repeated(capture, mine)]
    server, whole, ip = _server(mine), len(mine), str(mine["server_ip"].iloc[0])
    if len(lost):
        found = among(len(lost), whole)
        questions = int(lost["attempts"].sum())
        # Where only questions were captured nobody asks again, since the answers did come.
        heard = bool(answered.any()) or bool(_repeated(capture, lost).any())
        enough = heard and len(lost) >= _LEAST and found.low >= _FAILING
        last = mine[answered]
        yield Finding(
            "network.dns_failure",
            Verdict.LIKELY if enough else Verdict.POSSIBLE,
            Severity.HIGH if enough else Severity.LOW,
            f"The name server {server} does not answer: {counted(questions, 'question')} in vain",
            f"{counted(len(lost), 'exchange')} of {human_count(whole)}, {found}, got no answer "
            f"({_named(lost)}). "
            + (
                f"It answered {counted(len(last), 'other')}. "
                if len(last)
                else "It answered none at all. "
            )
            + (
                "A resolver waits 5 s before it asks again by default, and the program waits "
                "with it."
                if heard
                else "No question was repeated and no answer is there at all: perhaps only one "
                "direction was captured."
            )
            + caveats(capture, "dropped"),
            _rows(lost, "request_frame", "last_request_frame"),
            f"In Wireshark: dns && !dns.response_in && ip.addr == {ip}. "
            f"{_dig(ip, str(lost['query'].iloc[0]))}; does a firewall drop port 53, does the "
            "server run?",
        )
    if len(again) >= _LEAST and among(len(again), whole).low >= _FAILING:
        yield Finding(
            "network.dns_failure",
            Verdict.POSSIBLE,
            Severity.LOW,
            f"The name server {server} answers only when asked again: {human_count(len(again))} of "
            f"{human_count(whole)}",
            f"{counted(len(again), 'exchange')} needed a second question ({_named(again)}); each "
            f"took {human_ns(again['rtt_ns'].median())} in the median. Packets of UDP get lost, or "
            "the server is overloaded." + caveats(capture, "dropped"),
            _rows(again, "request_frame", "response_frame"),
            "In Wireshark: dns.retransmission",
        )


def _errors(capture: Capture, mine: pd.DataFrame) -> Iterator[Finding]:
    codes = mine["rcode"].astype(str)
    failed = mine[codes.isin(_ERRORS)]
    if not len(failed):
        return
    counts = codes[failed.index].value_counts()
    found = among(len(failed), int((codes != "").sum()))
    enough = len(failed) >= _LEAST and found.low >= _FAILING
    words = listed(f"{code} ({count})" for code, count in counts.items())
    code = str(counts.index[0])
    reason = {
        "SERVFAIL": "SERVFAIL says that the server could not find out: its own servers do not "
        "answer, a zone is not loaded, or signatures (DNSSEC) do not fit.",
        "REFUSED": "REFUSED says that it does not answer this client, or not for this zone.",
    }.get(code, f"{code} says that it does not understand the question.")
    yield Finding(
        "network.dns_failure",
        Verdict.LIKELY if enough else Verdict.POSSIBLE,
        Severity.HIGH if enough else Severity.LOW,
        f"The name server {_server(mine)} answers with errors: {words}",
        f"{counted(len(failed), 'answer')} of {human_count(found.samples)}, {found} "
        f"({_named(failed)}). {reason}" + caveats(capture, "dropped"),
        _rows(failed, "request_frame", "response_frame"),
        "In Wireshark: dns.flags.rcode == 2 || dns.flags.rcode == 5. Look into the log of the "
        "server, and ask it directly: "
        + _dig(str(mine["server_ip"].iloc[0]), str(failed["query"].iloc[0])),
    )


def _slow(capture: Capture, mine: pd.DataFrame) -> Iterator[Finding]:
    known = mine[(mine["rtt_ns"] >= 0) & (mine["attempts"] == 1)]
    slow = known[known["rtt_ns"] >= _SLOW]
    if len(slow) < _LEAST or among(len(slow), len(known)).low < _SLOW_SHARE:
        return
    yield Finding(
        "network.dns_failure",
        Verdict.POSSIBLE,
        Severity.MEDIUM,
        f"The name server {_server(mine)} is slow: {human_count(len(slow))} of "
        f"{counted(len(known), 'answer')} took a second or more",
        f"{human_ns(slow['rtt_ns'].max())} at the most, {human_ns(known['rtt_ns'].median())} in "
        f"the median of all ({_named(slow)})." + caveats(capture, "clock_jumps"),
        _rows(slow, "request_frame", "response_frame"),
        "In Wireshark: dns.time > 1",
    )


def _not_there(asked: pd.DataFrame) -> Iterator[Finding]:
    vain = in_vain(asked)
    answered = int((asked["rcode"].astype(str) != "").sum())
    storms = vain.names.value_counts() if len(vain.names) else None
    if storms is not None:
        for name, count in storms.head(_MOST).items():
            found = among(int(count), answered)
            if count < _STORM or found.low < _STORM_SHARE:
                continue
            rows = asked.loc[vain.names.index[vain.names == name]]
            yield Finding(
                "network.dns_failure",
                Verdict.LIKELY,
                Severity.MEDIUM,
                f"{plain(str(name), _NAME)} does not exist, and is asked for "
                f"{counted(int(count), 'time')}",
                f"{counted(int(count), 'question')} of {human_count(answered)}, {found}, by "
                f"{counted(rows['client_ip'].nunique(), 'client')} ({_named(rows)}) were answered "
                "with NXDOMAIN. A program has the wrong name (renamed, moved, a typing error) "
                "and nobody remembers that the name is not there.",
                _rows(rows, "request_frame", "response_frame"),
                f'In Wireshark: dns.qry.name contains "{_quoted(str(name))}" && '
                "dns.flags.rcode == 3. Find out who has this name in its configuration.",
            )
    yield from _multiplied(asked, vain, answered)


def _quoted(text: str) -> str:
    return plain(text, _NAME).replace("\\", "\\\\").replace('"', '\\"')


def _multiplied(asked: pd.DataFrame, vain: Vain, answered: int) -> Iterator[Finding]:
    """Tell of names that are first looked for in every search domain."""
    count = len(vain.searched)
    if count < _LEAST or count < _MULTIPLIED * answered:
        return
    rows = asked.loc[vain.searched.index]
    domains = vain.searched.value_counts().head(6)
    names = listed(plain(str(one), _NAME) for one in domains.index)
    yield Finding(
        "network.dns_failure",
        Verdict.POSSIBLE,
        Severity.LOW,
        f"{human_count(count)} of {counted(answered, 'question')} look for names in search domains "
        "in vain",
        f"Names that exist were asked for with {names} behind them first ({_named(rows)}), each "
        "answered with NXDOMAIN: every lookup costs several round trips, and the name server "
        f"{answered / max(answered - count, 1):.2g} times the load. In pods ndots:5 does so with "
        "every name of fewer than five dots.",
        _rows(rows, "request_frame", "response_frame"),
        "In Wireshark: dns.flags.rcode == 3. Write names with a dot at the end, or lower ndots "
        "(dnsConfig of the pod), or run a cache on the node.",
    )


RULES: tuple[Rule, ...] = (dns_failure,)
