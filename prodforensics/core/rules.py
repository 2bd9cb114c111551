"""Findings of one core, in the order in which one looks at them."""

from __future__ import annotations

from prodforensics.core.symptoms import javascript_rules, lock_rules, secret_rules
from prodforensics.findings import Rule

__all__ = ["RULES"]

RULES: tuple[Rule, ...] = (*javascript_rules.RULES, *lock_rules.RULES, *secret_rules.RULES)
"""The rules of a core, in order."""
