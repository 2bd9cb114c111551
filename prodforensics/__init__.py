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

from importlib import import_module
from typing import TYPE_CHECKING, Any

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

# Public name -> the module it stands in; a module itself stands under its own name.
_HOMES = {
    "Evidence": "evidence",
    "Finding": "findings",
    "Findings": "findings",
    "ForensicsError": "errors",
    "PartialEvidenceWarning": "errors",
    "Severity": "findings",
    "Verdict": "findings",
    "compare": "loading",
    "errors": "errors",
    "load": "loading",
    "load_many": "loading",
    "samples": "samples",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f"{__name__}.{_HOMES[name]}")
    found = module if name in ("errors", "samples") else getattr(module, name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])


def load_ipython_extension(shell: Any) -> None:
    """Give IPython the magic ``%forensics`` (``%load_ext prodforensics``)."""
    from prodforensics.ipython import register

    register(shell)
