"""Findings on what a core must not be shared with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from prodforensics._reference import Later
from prodforensics.findings import Finding, Rule, Severity, Verdict, rule

if TYPE_CHECKING:
    from prodforensics.core.model import CoreDump

__all__ = ["RULES"]

secret_scan = Later("prodforensics.core.secret_scan")

_MOST_ROWS = 100


@rule("core.contains_secrets")
def contains_secrets(core: CoreDump) -> Iterator[Finding]:
    """Tell that memory or the environment holds what looks like passwords, tokens or keys."""
    found = core.frames["secrets"]
    environment = core.frames["environment"]
    masked = environment[environment["masked"] != ""]
    if found.empty and masked.empty:
        return
    counts = found["pattern"].value_counts()
    certain = [name for name in counts.index if name in secret_scan.CERTAIN]
    kinds = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    names = ", ".join(sorted(masked["name"].astype(str)))
    said = [f"memory holds what looks like {kinds}"] if kinds else []
    said += [f"the environment variables {names} are or hold secrets"] if names else []
    total = len(found) or len(masked)
    yield Finding(
        "core.contains_secrets",
        Verdict.LIKELY if certain else Verdict.POSSIBLE,
        Severity.HIGH if certain else Severity.MEDIUM,
        f"{total:,} {'place' if total == 1 else 'places'} with what looks like a secret",
        f"A core holds all that the process had in memory. In this one {' and '.join(said)}. "
        "Whoever gets the file gets them, too; they stay valid until they are changed.",
        {
            "secrets": found.index[:_MOST_ROWS].tolist(),
            "environment": masked.index[:_MOST_ROWS].tolist(),
        },
        'before sharing: core.redact("core.redacted"); where the file left the machine '
        "unprotected, change the secrets",
    )


RULES: tuple[Rule, ...] = (contains_secrets,)
