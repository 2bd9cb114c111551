"""Findings of one core, in the order in which one looks at them."""

from __future__ import annotations

from prodforensics.core.symptoms import (
    abort_rules,
    access_rules,
    completeness_rules,
    freed_memory_rules,
    javascript_rules,
    lock_rules,
    secret_rules,
    signal_rules,
    stack_rules,
)
from prodforensics.findings import Rule

__all__ = ["RULES"]

RULES: tuple[Rule, ...] = (
    *signal_rules.RULES,
    *freed_memory_rules.RULES,
    *stack_rules.RULES,
    *access_rules.RULES,
    *abort_rules.RULES,
    *javascript_rules.RULES,
    *lock_rules.RULES,
    *completeness_rules.RULES,
    *secret_rules.RULES,
)
"""The rules of a core, in order."""
