"""Findings of a path: where packets are lost, and which size of them does not pass."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from prodforensics.findings import Finding, Rule, Severity, Verdict, rule

if TYPE_CHECKING:
    from prodforensics.network.tools.path_reports import Hop, MtrReport, MtrRun, PingReport, PingRun

__all__ = ["MTR_RULES", "PING_RULES", "onset_of"]

LOSS_PERCENT = 1.0
"""Loss to the end of a path from which on it counts."""
SMALL_BYTES = 1280
"""Every path carries packets of this size (IPv6's least MTU)."""
_SURE = 2
"""Probes lost from which on loss is no accident."""
_SHARE = 1 / 3
"""A hop whose loss is this part of the end's is part of the same loss."""


@rule("network.mtr_loss")
def mtr_loss(report: MtrReport) -> Iterator[Finding]:
    """Loss that goes on to the last hop is real; loss of one hop in between is not."""
    row = 0
    for run in report.runs:
        rows = range(row, row + len(run.hops))
        row += len(run.hops)
        onset = onset_of(run.hops)
        if onset is not None:
            yield _real(run, onset, rows)
        spared = _spared(run.hops, len(run.hops) if onset is None else onset)
        if spared:
            yield _cleared(run, spared, rows)


def onset_of(hops: list[Hop]) -> int | None:
    """Return the place of the first hop of those that lose up to the last; None without loss.

    Parameters
    ----------
    hops : list of Hop
        One at least.
    """
    last = hops[-1]
    if not last.lost or last.loss_percent < LOSS_PERCENT:
        return None
    place = first = len(hops) - 1
    while place > 0:
        place -= 1
        hop = hops[place]
        # Who never answers tells nothing; unless all behind are silent, too.
        if hop.silent and not last.silent:
            continue
        if hop.loss_percent < last.loss_percent * _SHARE or not hop.lost:
            break
        first = place
    return first


def _spared(hops: list[Hop], end: int) -> list[int]:
    """List the places of hops that lose where a hop behind them loses less."""
    rest = min((hop.loss_percent for hop in hops[end:]), default=hops[-1].loss_percent)
    places = []
    for place in range(min(end, len(hops)) - 1, -1, -1):
        hop = hops[place]
        if hop.lost >= _SURE and hop.loss_percent >= LOSS_PERCENT and hop.loss_percent > rest:
            places.append(place)
        rest = min(rest, hop.loss_percent)
    return places[::-1]


def _real(run: MtrRun, onset: int, rows: range) -> Finding:
    last, first = run.hops[-1], run.hops[onset]
    before = next((hop.host for hop in run.hops[:onset][::-1] if not hop.silent), "the source")
    proof = {"hops": list(rows[onset:])}
    if last.silent:
        return Finding(
            "network.mtr_loss", Verdict.POSSIBLE, Severity.MEDIUM,
            f"Nobody answers behind {before} (hop {first.hop} and on)",
            f"All {last.sent} probes to the last hop are lost. The path may end there, or the "
            "destination may only drop the kind of probe that mtr sends (ICMP unless told "
            "otherwise), as firewalls do.",
            proof, "mtr --tcp --port 443 --report HOST: probes that the service itself answers",
        )  # fmt: skip
    sure = last.lost >= _SURE
    return Finding(
        "network.mtr_loss", Verdict.LIKELY if sure else Verdict.POSSIBLE,
        Severity.HIGH if last.loss_percent >= 5 else Severity.MEDIUM,
        f"{last.loss_percent:g} % of the packets are lost between {before} and {first.host}",
        f"{last.lost} of {last.sent} probes to {last.host}, the last hop, got no answer. Loss "
        f"begins at hop {first.hop} ({first.host}: {first.loss_percent:g} %) and goes on to the "
        "end, so packets that pass there are lost, also those of the services. The way back may "
        "differ from the way there: either may lose them."
        + ("" if sure else " One lost probe alone may be an accident."),
        proof,
        "run mtr in both directions with more probes (--report-cycles 100) and give both reports "
        f"to who runs {before} and {first.host}",
    )  # fmt: skip


def _cleared(run: MtrRun, places: list[int], rows: range) -> Finding:
    hops = [run.hops[place] for place in places]
    told = ", ".join(f"{hop.host} (hop {hop.hop}) {hop.loss_percent:g} %" for hop in hops)
    last = run.hops[-1]
    return Finding(
        "network.mtr_loss", Verdict.CLEARED, Severity.LOW,
        f"Loss that is none: {told}",
        "A hop behind lost less, and its probes passed here: what is passed on is not lost. "
        "Routers answer probes when they have nothing better to do, limit how many answers they "
        f"give, or give none. What counts is the last hop: {last.loss_percent:g} % of "
        f"{last.sent} probes to {last.host} were lost.",
        {"hops": [rows[place] for place in places]},
        "nothing to do",
    )  # fmt: skip


MTR_RULES: list[Rule] = [mtr_loss]


@rule("network.mtu_black_hole")
def mtu_black_hole(report: PingReport) -> Iterator[Finding]:
    """Large packets do not pass: somebody says so, or nobody does."""
    for number, run in enumerate(report.runs):
        mtu = run.mtu
        if mtu is not None and (run.packet_bytes < 0 or mtu < run.packet_bytes):
            yield _told(report, number, run, mtu)
        elif run.sent and not run.received and not run.errors and run.packet_bytes > SMALL_BYTES:
            yield _silent(report, number, run)


def _told(report: PingReport, number: int, run: PingRun, mtu: int) -> Finding:
    told = [probe.host for probe in run.probes if probe.mtu is not None and probe.host]
    who = told[0] if told else "the host itself"
    return Finding(
        "network.mtu_black_hole", Verdict.POSSIBLE, Severity.MEDIUM,
        f"The path to {run.target} carries {mtu:,} bytes, not {run.packet_bytes:,}",
        f"{who} says that packets of more than {mtu:,} bytes must be cut into fragments, which "
        "they forbid (DF). A sender that hears it sends less at a time, and all is well. One that "
        "does not, as behind a firewall that drops ICMP, sends the large packet again and again: "
        "connections open and hang with the first large answer.",
        _proof(report, number),
        f"ping -M do -s {mtu - 28} {run.target} must pass; look in a capture for ICMP type 3 code "
        "4 that reaches the sender, or clamp the MSS on the router",
    )  # fmt: skip


def _silent(report: PingReport, number: int, run: PingRun) -> Finding:
    passed = [
        (one.packet_bytes, place)
        for place, one in enumerate(report.runs)
        if one.address == run.address and one.received and one.packet_bytes < run.packet_bytes
    ]
    largest = max(passed, default=None)
    proof = _proof(report, number)
    if largest is None:
        return Finding(
            "network.mtu_black_hole", Verdict.POSSIBLE, Severity.MEDIUM,
            f"No packet of {run.packet_bytes:,} bytes to {run.target} came back, and nobody says "
            "why",
            "No answer and no ICMP error: if smaller packets pass, the path drops large ones in "
            "silence, and connections hang as soon as an answer is large. If they do not pass, "
            "the host is down or answers no ping.",
            proof, f"ping -M do -s 1200 -c 4 {run.target}: does a small packet pass?",
        )  # fmt: skip
    proof["runs"].append(largest[1])
    return Finding(
        "network.mtu_black_hole", Verdict.LIKELY, Severity.HIGH,
        f"Packets of {run.packet_bytes:,} bytes to {run.target} vanish, {largest[0]:,} bytes pass",
        "Small packets pass the same path, large ones are dropped and no ICMP error comes back: "
        "no sender learns to send less. Connections open, and hang with the first large answer.",
        proof,
        "let ICMP type 3 code 4 (ICMPv6 type 2) pass every firewall of the path, or clamp the MSS",
    )  # fmt: skip


@rule("network.packet_loss")
def packet_loss(report: PingReport) -> Iterator[Finding]:
    """Find targets that some packets reach and some do not."""
    for number, run in enumerate(report.runs):
        lost = run.sent - run.received - run.errors
        percent = 100 * lost / max(run.sent, 1)
        if run.received and lost > 0 and percent >= LOSS_PERCENT:
            sure = lost >= _SURE
            yield Finding(
                "network.packet_loss", Verdict.LIKELY if sure else Verdict.POSSIBLE,
                Severity.HIGH if percent >= 5 else Severity.MEDIUM,
                f"{lost} of {run.sent} packets to {run.target} did not come back",
                f"{percent:.3g} % are lost on the way there or back. TCP repeats what is lost and "
                "slows down: from one percent on users feel it.",
                _proof(report, number), f"mtr --report --report-cycles 100 {run.target}: where?",
            )  # fmt: skip


@rule("network.service_down")
def service_down(report: PingReport) -> Iterator[Finding]:
    """Find hosts that answer no ping of a usual size, or that a router says are not there."""
    for number, run in enumerate(report.runs):
        gone = [probe for probe in run.probes if probe.event == "unreachable"]
        silent = not run.errors and 0 <= run.packet_bytes <= SMALL_BYTES
        if run.received or not run.sent or not (gone or silent):
            continue
        said = f"{gone[0].host or 'the host itself'} says: {gone[0].text}. " if gone else ""
        yield Finding(
            "network.service_down", Verdict.POSSIBLE, Severity.HIGH if gone else Severity.MEDIUM,
            f"{run.target} does not answer: {run.sent} packets sent, none came back",
            f"{said}The host is down, the path is broken, or ping is filtered: many hosts drop it "
            "while their services answer.",
            _proof(report, number),
            f"curl -v or nc -vz {run.target} PORT: does the service answer?",
        )  # fmt: skip


def _proof(report: PingReport, number: int) -> dict[str, list[int]]:
    """Return the run, and those of its lines that are no answers."""
    before = sum(len(run.probes) for run in report.runs[:number])
    probes = enumerate(report.runs[number].probes, before)
    rows = [place for place, probe in probes if probe.event != "reply"]
    return {"runs": [number], **({"probes": rows} if rows else {})}


PING_RULES: list[Rule] = [mtu_black_hole, packet_loss, service_down]
