"""Production artifacts as pandas frames, findings with evidence, and interactive widgets.

::

    import prodforensics as pf

    before, after = pf.load("before.heapsnapshot"), pf.load("after.heapsnapshot")
    growth = pf.compare(before, after)
    growth.findings()

The front door: `load`, `load_many` and `compare` return `Evidence`; `samples` gives recorded
artifacts to try them on. Everything is imported on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodforensics._reference import exports

if TYPE_CHECKING:
    from prodforensics import errors, samples
    from prodforensics.errors import ForensicsError, PartialEvidenceWarning
    from prodforensics.evidence import Evidence
    from prodforensics.findings import Finding, Findings, Severity, Verdict
    from prodforensics.loading import compare, load, load_many

__version__ = "0.1.0"

__all__ = [
    "Evidence",
    "Finding",
    "Findings",
    "ForensicsError",
    "PartialEvidenceWarning",
    "Severity",
    "Verdict",
    "compare",
    "errors",
    "load",
    "load_many",
    "samples",
]

__getattr__ = exports(
    __name__,
    Evidence="prodforensics.evidence:Evidence",
    Finding="prodforensics.findings:Finding",
    Findings="prodforensics.findings:Findings",
    ForensicsError="prodforensics.errors:ForensicsError",
    PartialEvidenceWarning="prodforensics.errors:PartialEvidenceWarning",
    Severity="prodforensics.findings:Severity",
    Verdict="prodforensics.findings:Verdict",
    compare="prodforensics.loading:compare",
    errors="prodforensics.errors",
    load="prodforensics.loading:load",
    load_many="prodforensics.loading:load_many",
    samples="prodforensics.samples",
)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])


def load_ipython_extension(shell: Any) -> None:
    """Give IPython the magic ``%forensics`` (``%load_ext prodforensics``)."""
    from prodforensics.ipython import register

    register(shell)
