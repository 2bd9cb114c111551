"""Findings: what a rule says of a piece of evidence, with its proof.

A rule is a small function from evidence to findings. Each room keeps its rules in one ordered
list; `run` applies such a list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, overload

from prodforensics._text import plain

if TYPE_CHECKING:
    import pandas as pd

    from prodforensics.evidence import Evidence

__all__ = ["Finding", "Findings", "Rule", "Severity", "Verdict", "rule", "run"]


class Verdict(StrEnum):
    """How sure a finding is."""

    LIKELY = "likely"
    """The signature is complete: act on it."""
    POSSIBLE = "possible"
    """Part of the signature is there: look at it."""
    CLEARED = "cleared"
    """It looked like a problem and is shown to be none."""


class Severity(StrEnum):
    """How much it matters if it is true."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


_VERDICTS = {verdict: rank for rank, verdict in enumerate(Verdict)}
_SEVERITIES = {severity: rank for rank, severity in enumerate(Severity)}


@dataclass(frozen=True)
class Finding:
    """What one rule says, with its proof.

    Parameters
    ----------
    rule : str
        Name of the rule, such as ``"heap.leak.timer"``.
    verdict, severity : Verdict, Severity
        How sure it is and how much it matters.
    title : str
        One line: what is wrong, with the number that matters most.
    why : str
        One paragraph that a tired engineer understands.
    rows : mapping of str to sequence
        Frame name to the index labels of the rows that prove it.
    next_step : str
        A command or a call.
    """

    rule: str
    verdict: Verdict
    severity: Severity
    title: str
    why: str
    rows: Mapping[str, Sequence[Any]] = field(default_factory=dict, hash=False)
    next_step: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "verdict", Verdict(self.verdict))
        object.__setattr__(self, "severity", Severity(self.severity))
        rows = {
            name: tuple(_plain_label(one) for one in labels) for name, labels in self.rows.items()
        }
        object.__setattr__(self, "rows", MappingProxyType(rows))

    def __reduce__(self) -> tuple[Any, ...]:
        # A mapping proxy cannot be pickled.
        values = [getattr(self, one.name) for one in fields(self)]
        return Finding, tuple(dict(v) if isinstance(v, MappingProxyType) else v for v in values)

    def as_dict(self) -> dict[str, Any]:
        """Return the finding as plain JSON values."""
        rows = {name: list(labels) for name, labels in self.rows.items()}
        return {
            "rule": self.rule,
            "verdict": str(self.verdict),
            "severity": str(self.severity),
            "title": self.title,
            "why": self.why,
            "rows": rows,
            "next_step": self.next_step,
        }

    def __repr__(self) -> str:
        return f"<Finding {self.rule} {self.verdict}: {plain(self.title)}>"


def _plain_label(label: Any) -> Any:
    """Make a label of a frame's index a plain value: numpy's numbers Python's, lists tuples."""
    if isinstance(label, tuple | list):
        return tuple(_plain_label(one) for one in label)
    return label.item() if hasattr(label, "item") else label


class Findings(Sequence[Finding]):
    """An ordered collection of findings: likely before possible before cleared.

    Examples
    --------
    >>> Findings([])
    Findings: nothing found
    """

    def __init__(self, findings: Iterable[Finding], *, subject: str = "") -> None:
        self._findings = tuple(
            sorted(findings, key=lambda f: (_VERDICTS[f.verdict], _SEVERITIES[f.severity]))
        )
        self.subject = subject

    @overload
    def __getitem__(self, index: int) -> Finding: ...
    @overload
    def __getitem__(self, index: slice) -> Findings: ...
    def __getitem__(self, index: int | slice) -> Finding | Findings:
        found = self._findings[index]
        return Findings(found, subject=self.subject) if isinstance(found, tuple) else found

    def __len__(self) -> int:
        return len(self._findings)

    @property
    def likely(self) -> Findings:
        """The findings to act on."""
        return self.of(Verdict.LIKELY)

    def of(self, verdict: Verdict | str) -> Findings:
        """Return the findings with this verdict."""
        wanted = Verdict(verdict)
        return Findings((f for f in self if f.verdict == wanted), subject=self.subject)

    @property
    def frame(self) -> pd.DataFrame:
        """One row a finding: rule, verdict, severity, title, why, next_step."""
        import pandas as pd

        columns = ["rule", "verdict", "severity", "title", "why", "next_step"]
        rows = [[str(getattr(f, c)) for c in columns] for f in self]
        return pd.DataFrame(rows, columns=columns, dtype="str")

    def __repr__(self) -> str:
        if not self:
            return "Findings: nothing found"
        lines = [f"Findings: {len(self)} ({len(self.likely)} likely)"]
        for finding in self:
            lines += [f"  [{finding.verdict}] {finding.rule}: {plain(finding.title)}"]
        return "\n".join(lines)

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        from prodforensics.display.cards import findings_card
        from prodforensics.display.theme import styled

        return {"text/plain": repr(self), "text/html": styled(findings_card(self))}


Rule = Callable[[Any], Iterable[Finding]]


def rule(name: str) -> Callable[[Rule], Rule]:
    """Mark a function as the rule ``name``; its findings carry that name.

    Examples
    --------
    >>> @rule("demo.large")
    ... def large(evidence):
    ...     '''Something is large.'''
    ...     yield Finding("demo.large", "likely", "low", "12 bytes", "It is large.")
    >>> large.rule
    'demo.large'
    """

    def mark(function: Rule) -> Rule:
        function.rule = name  # type: ignore[attr-defined]
        return function

    return mark


def run(rules: Iterable[Rule], evidence: Evidence) -> Findings:
    """Apply the rules in order and return what they find."""

    def found() -> Iterator[Finding]:
        for one in rules:
            yield from one(evidence)

    return Findings(found(), subject=evidence.title)
