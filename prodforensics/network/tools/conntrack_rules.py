"""Findings of a connection table: is it full, whose are the entries, who gets no answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from prodforensics.display.tables import human_count
from prodforensics.findings import Finding, Rule, Severity, Verdict, rule

if TYPE_CHECKING:
    from prodforensics.network.tools.conntrack_reports import ConntrackTable

__all__ = ["LIMITS", "RULES"]

LIMITS = (65_536, 131_072, 262_144, 524_288, 1_048_576)
"""Usual values of nf_conntrack_max."""
_NEAR = 0.95
_SMALL = 32_768
_LEAST = 20


@rule("network.connection_reset")
def conntrack_full(table: ConntrackTable) -> Iterator[Finding]:
    """Tell whether the table is at a usual limit, and whose the entries are."""
    sources = table.frames["parties"].query("role == 'source'").head(3)
    whose = ", ".join(f"{row.ip} ({human_count(row.entries)})" for row in sources.itertuples())
    near = [limit for limit in LIMITS if _NEAR * limit <= table.size <= limit]
    proof = {"parties": sources.index.tolist()}
    if near:
        yield Finding(
            "network.connection_reset", Verdict.POSSIBLE, Severity.HIGH,
            f"The connection table may be full: {human_count(table.size)} entries, and "
            f"{near[0]:,} is a usual limit",
            "A table at its limit drops the first packets of new connections, or forgets older "
            f"ones, whose ends then meet a reset. Most entries are of {whose}.",
            proof, "sysctl net.netfilter.nf_conntrack_max; conntrack -S: is drop not zero?",
        )  # fmt: skip
    elif table.size < _SMALL:
        yield Finding(
            "network.connection_reset", Verdict.CLEARED, Severity.LOW,
            f"The connection table is not full: {human_count(table.size)} entries",
            f"Usual limits begin at {LIMITS[0]:,}. Most entries are of {whose}.",
            proof, "nothing to do, unless nf_conntrack_max is set much lower",
        )  # fmt: skip


@rule("network.service_down")
def unanswered(table: ConntrackTable) -> Iterator[Finding]:
    """Find destinations that many ask and that hardly ever answer."""
    parties = table.frames["parties"]
    silent = parties[
        (parties["role"] == "destination")
        & (parties["unreplied"] >= _LEAST)
        & (parties["unreplied"] * 2 >= parties["entries"])
    ]
    for row, party in silent.head(5).iterrows():
        where = f"{party['ip']}:{party['port']}" if party["port"] >= 0 else party["ip"]
        yield Finding(
            "network.service_down", Verdict.POSSIBLE, Severity.MEDIUM,
            f"{where} ({party['protocol']}) does not answer: {human_count(party['unreplied'])} of "
            f"{human_count(party['entries'])} entries have no reply",
            "Packets went there and none came back through this machine: the service is down, a "
            "firewall drops them, the answers take another way, or somebody scans.",
            {"parties": [row]}, f"conntrack -L -d {party['ip']}; is anything listening there?",
        )  # fmt: skip


RULES: list[Rule] = [conntrack_full, unanswered]
