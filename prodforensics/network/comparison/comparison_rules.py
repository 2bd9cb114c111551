"""Findings of a comparison: what is slower, lost, refused or wrong more often than chance explains.

A row of ``frames["changes"]`` counts where its growth is both sure (its corrected p-value is below
1 %) and large enough to matter to a person.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pandas as pd

from prodforensics.display.tables import human_count, human_ns
from prodforensics.findings import Finding, Rule, Severity, Verdict, rule
from prodforensics.network.comparison.changes import CHANCE

if TYPE_CHECKING:
    from prodforensics.network.compare import CaptureComparison

__all__ = ["RULES"]

_NAMED = 3
_ROWS = 10
# A median: a fifth more, and a millisecond. The slowest: half as much more, and five.
_MORE = {"shift": (1.2, 1e6, 0.147), "tail": (1.5, 5e6, 0.2)}
_LARGE = {"shift": 0.33, "tail": 0.35}
_LARGE_SHARE = 0.2
_POINTS = 1.0  # of per cent
_ENOUGH = 20
_EPHEMERAL = 32768
_ROUND_TRIPS = ("handshake", "resp_rtt", "orig_rtt")
_ON_THE_WAY = "The round trips themselves take longer: the time passes on the network."
_TIMES = {
    "handshake": "Handshakes with",
    "resp_rtt": "Acknowledgments from",
    "orig_rtt": "Acknowledgments to",
    "answer": "Answers of",
}
_SHARES = {
    "retransmission": ("network.retransmission_regression", "segments are sent again"),
    "failed": ("network.connect_regression", "attempts to connect fail"),
    "reset": ("network.reset_regression", "connections are cut off by a RST"),
    "error": ("network.error_regression", "requests fail"),
    "refusal": ("network.error_regression", "requests are refused (HTTP 4xx, NXDOMAIN)"),
}


def grown(comparison: CaptureComparison) -> pd.DataFrame:
    """Return the rows of ``frames["changes"]`` that grew surely and much."""
    frame = comparison.frames["changes"]
    was, now = frame["value_base"], frame["value_other"]
    large = pd.Series(False, frame.index)
    for test, (factor, least, effect) in _MORE.items():
        large |= (
            (frame["test"] == test)
            & (now >= factor * was)
            & (now - was >= least)
            & (frame["effect"] >= effect)
        )
    large |= (frame["test"] == "share") & (now - was >= _POINTS) & (frame["effect"] > 0)
    return frame[large & (frame["p_value"] < CHANCE)]


@rule("network.latency_regression")
def latency(comparison: CaptureComparison) -> Iterator[Finding]:
    """Something takes longer than it did: the network, or the service behind it."""
    rows = grown(comparison)
    rows = rows[rows["test"] != "share"]
    # What is said of a name or a service says more than the same of the whole path.
    for level in ("names", "services", "paths"):
        mine = rows[rows["frame"] == level]
        if len(mine):
            break
    else:
        return
    whats = list(dict.fromkeys(mine["what"]))
    first = mine[mine["what"] == whats[0]]
    answers = first[first["metric"] == "answer"]
    chosen = (answers if len(answers) else first).iloc[0]
    sure = _is_large(chosen)
    ratio = chosen.value_other / max(chosen.value_base, 1)
    also = f" The same is true of {_some(whats[1:])}." if len(whats) > 1 else ""
    yield Finding(
        "network.latency_regression",
        Verdict.LIKELY if sure else Verdict.POSSIBLE,
        Severity.HIGH if ratio >= 3 else Severity.MEDIUM,
        f"{_TIMES[chosen.metric]} {chosen.what} take longer: {_quantile(chosen)} "
        f"{human_ns(chosen.value_other)}, before {human_ns(chosen.value_base)}",
        f"{_measured(comparison, chosen)} {_where(comparison, chosen, rows)}{also}",
        _proof(mine[mine["what"].isin(whats[:_NAMED])]),
        _next(comparison, chosen),
    )


def _shares(name: str, metrics: tuple[str, ...], why: str) -> Rule:
    """Make the rule of a share that grew."""

    @rule(name)
    def found(comparison: CaptureComparison) -> Iterator[Finding]:
        rows = grown(comparison)
        rows = rows[rows["metric"].isin(metrics)]
        for level in ("names", "services", "paths"):
            mine = rows[rows["frame"] == level]
            if len(mine):
                break
        else:
            return
        chosen = mine.iloc[0]
        whats = list(dict.fromkeys(mine["what"]))
        also = f" The same is true of {_some(whats[1:])}." if len(whats) > 1 else ""
        yield Finding(
            name,
            Verdict.LIKELY if _is_large(chosen) else Verdict.POSSIBLE,
            Severity.HIGH if chosen.value_other >= 20 else Severity.MEDIUM,
            f"{chosen.what}: {chosen.value_other:.1f} % of {_SHARES[chosen.metric][1]}, before "
            f"{chosen.value_base:.1f} %",
            f"Of {human_count(int(chosen.count_base))} in the base and "
            f"{human_count(int(chosen.count_other))} now; {_chance(chosen)} (one-sided "
            f"two-proportion z-test, corrected for the number of comparisons; Cohen's h "
            f"{chosen.effect:.2f}). {why}{also}",
            _proof(mine[mine["what"].isin(whats[:_NAMED])]),
            _next(comparison, chosen),
        )

    found.__doc__ = f"More {_SHARES[metrics[0]][1]} than before."
    return found


retransmission = _shares(
    "network.retransmission_regression",
    ("retransmission",),
    "More packets are lost on the way, or acknowledged too late; a capture at each end tells "
    "where.",
)
connect = _shares(
    "network.connect_regression",
    ("failed",),
    "The service is down or overloaded, or something in between drops or refuses the attempts.",
)
reset = _shares(
    "network.reset_regression",
    ("reset",),
    "Whoever sends the RST gave the connection up: see rst_from and rst_kind of the connections.",
)
error = _shares(
    "network.error_regression",
    ("error", "refusal"),
    "The connections work, the answers do not: look into the service that gives them.",
)


@rule("network.peers_changed")
def peers(comparison: CaptureComparison) -> Iterator[Finding]:
    """Services are asked that were not asked before, or are asked no longer."""
    frame = comparison.frames["services"]
    # A stream without its beginning may be taken the wrong way round: its port tells.
    frame = frame[frame["resp_port"].between(0, _EPHEMERAL - 1)]
    names = comparison.hosts[1].names
    new, gone = (frame[frame["change"] == one] for one in ("new", "gone"))
    failing = new[new["failed_percent_other"] == 100]
    if len(failing):
        said = _some([names[row] for row in failing.index])
        are = "is" if len(failing) == 1 else "are"
        yield Finding(
            "network.peers_changed",
            Verdict.LIKELY,
            Severity.MEDIUM,
            f"{said} {are} asked only now, and every attempt fails",
            "Nothing was asked there in the base. Now every attempt to connect is refused or stays "
            "without an answer: a changed configuration, or a dependency that is not there yet.",
            {"services": failing.index[:_ROWS].tolist()},
            _filtered(comparison, failing.iloc[0]),
        )
    new = new.drop(failing.index)
    for rows, words, why in (
        (new, "asked only now", "A new dependency, or a release that calls another service."),
        (gone, "asked no longer", "Whoever asked it stopped, fails before, or asks elsewhere."),
    ):
        if len(rows):
            said = _some([names[row] for row in rows.index])
            yield Finding(
                "network.peers_changed",
                Verdict.POSSIBLE,
                Severity.LOW,
                f"{said} {'is' if len(rows) == 1 else 'are'} {words}",
                f"{why} Two captures that are short may miss each other's traffic by chance.",
                {"services": rows.index[:_ROWS].tolist()},
                'comparison.frames["services"]; comparison.frames["paths"]',
            )


@rule("network.nothing_worse")
def nothing(comparison: CaptureComparison) -> Iterator[Finding]:
    """Nothing that both captures tell of got worse."""
    changes = comparison.frames["changes"]
    if not len(changes) or len(grown(comparison)):
        return
    yield Finding(
        "network.nothing_worse",
        Verdict.CLEARED,
        Severity.LOW,
        "Nothing is slower, lost or refused more often than before, beyond chance",
        f"None of {human_count(len(changes))} comparisons of round trips, times to answer, "
        "retransmissions, resets and failures grew in a way that matters and that chance would "
        "not explain.",
        next_step='comparison.frames["changes"]',
    )


# -- words ------------------------------------------------------------------------------------


def _is_large(row: pd.Series) -> bool:
    enough = min(row.count_base, row.count_other) >= _ENOUGH
    return bool(enough and row.effect >= _LARGE.get(row.test, _LARGE_SHARE))


def _quantile(row: pd.Series) -> str:
    return "the median is" if row.test == "shift" else "95 % within"


def _chance(row: pd.Series) -> str:
    p = row.p_value
    return f"chance alone would do that in {'fewer than 0.01' if p < 1e-4 else f'{100 * p:.2f}'} %"


def _measured(comparison: CaptureComparison, row: pd.Series) -> str:
    line = comparison.frames[row.frame].loc[row.row]
    half = [line[f"{row.metric}_median_ns_{end}"] for end in ("base", "other")]
    most = [line[f"{row.metric}_p95_ns_{end}"] for end in ("base", "other")]
    test = "Mann-Whitney test, Cliff's delta" if row.test == "shift" else "two proportions, h"
    return (
        f"Half of {human_count(int(row.count_other))} took up to {human_ns(half[1])} "
        f"({human_ns(half[0])} of {human_count(int(row.count_base))} before), 95 % up to "
        f"{human_ns(most[1])} ({human_ns(most[0])}); {_chance(row)} ({test} {row.effect:.2f}, "
        "corrected for the number of comparisons)."
    )


def _where(comparison: CaptureComparison, row: pd.Series, rows: pd.DataFrame) -> str:
    """Say whether the network or the service takes the time."""
    if row.metric in _ROUND_TRIPS:
        return _ON_THE_WAY
    trips = rows[rows["metric"].isin(_ROUND_TRIPS) & (rows["test"] == "shift")]
    lost = (grown(comparison)["metric"] == "retransmission").any()
    waits = "in the service, or waiting for segments to be sent again" if lost else "in the service"
    if row.frame == "names":
        stayed = f"Round trips did not grow: the time passes {waits}."
        return _ON_THE_WAY if len(trips) else stayed
    line = comparison.frames[row.frame].loc[row.row]
    was, now = (line[f"handshake_median_ns_{end}"] for end in ("base", "other"))
    if pd.isna(was) or pd.isna(now):
        return _ON_THE_WAY if len(trips) else ""
    factor, least, _ = _MORE["shift"]
    if now >= factor * was and now - was >= least:
        return f"A handshake takes {human_ns(now)} ({human_ns(was)} before). {_ON_THE_WAY}"
    return (
        f"A handshake takes {human_ns(now)} ({human_ns(was)} before): the way is as short as it "
        f"was, the time passes {waits}."
    )


def _some(names: list[str]) -> str:
    shown = names[:_NAMED]
    rest = len(names) - len(shown)
    more = [f"{human_count(rest)} more"] if rest else []
    parts = [*shown, *more]
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _proof(rows: pd.DataFrame) -> dict[str, list[int]]:
    proof = {"changes": rows.index[:_ROWS].tolist()}
    for frame in rows["frame"].unique():
        mine = rows.loc[rows["frame"] == frame, "row"]
        proof[str(frame)] = list(dict.fromkeys(mine.tolist()))[:_ROWS]
    return proof


def _next(comparison: CaptureComparison, row: pd.Series) -> str:
    if row.frame == "services":
        return _filtered(comparison, comparison.frames["services"].loc[row.row])
    return f"comparison.frames[{str(row.frame)!r}].loc[{int(row.row)}]; comparison.show()"


def _filtered(comparison: CaptureComparison, service: pd.Series) -> str:
    """Name what to look at in Wireshark."""
    version = "ipv6" if ":" in str(service.resp_ip) else "ip"
    return (
        f"in Wireshark, in {comparison.other.title}: {version}.addr == {service.resp_ip} && "
        f"{service.protocol}.port == {service.resp_port}"
    )


RULES: tuple[Rule, ...] = (latency, retransmission, connect, reset, error, peers, nothing)
