"""Findings of one capture, in the order in which one looks at them.

Each names the connections (``tcp.stream``) and frames that show it, and a display filter for
Wireshark. `likely` says that the whole signature is there and that enough of the traffic has it:
captures of production always hold some resets, lost packets and refused connections.
"""

from __future__ import annotations

from prodforensics.findings import Rule
from prodforensics.network.symptoms import (
    dns_rules,
    exposure_rules,
    http_rules,
    latency_rules,
    loss_rules,
    pace_rules,
    reset_rules,
    service_rules,
    tls_rules,
)

__all__ = ["RULES"]

RULES: tuple[Rule, ...] = (
    *dns_rules.RULES,
    *service_rules.RULES,
    *reset_rules.RULES,
    *loss_rules.RULES,
    *latency_rules.RULES,
    *pace_rules.RULES,
    *tls_rules.RULES,
    *http_rules.RULES,
    *exposure_rules.RULES,
)
"""The rules of a capture, in order."""
