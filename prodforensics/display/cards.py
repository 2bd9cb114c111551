"""Static HTML cards: facts about an evidence, its findings, a picture with its caption.

Text arguments are escaped here; arguments named ``..._html`` are trusted fragments made by this
package. Cards carry no style sheet: see `prodforensics.display.theme.styled`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Protocol

from prodforensics.display.tables import plain

_SIGNS = {"likely": "✖ likely", "possible": "▲ possible", "cleared": "✓ cleared"}


class FindingLike(Protocol):
    """What `findings_card` reads of a finding."""

    rule: str
    verdict: object
    severity: object
    title: str
    why: str
    rows: Mapping[str, Sequence[object]]
    next_step: str


class SectionLike(Protocol):
    """What `static_twin` reads of a section."""

    title: str
    html: str


class EvidenceLike(Protocol):
    """What `static_twin` reads of a piece of evidence."""

    title: str
    kind: str

    def facts(self) -> Sequence[tuple[str, str]]:
        """Return label and value of each."""

    def findings(self) -> Iterable[FindingLike]:
        """Return what its rules find."""


def card(
    title: str,
    subtitle: str,
    facts: Sequence[tuple[str, str]],
    body_html: str = "",
    footer: str = "",
) -> str:
    """Draw one card: a heading, a row of facts, a body, a footer.

    Parameters
    ----------
    title, subtitle : str
        The heading, for example the file's name and what it is.
    facts : sequence of (str, str)
        Label and value, for example ``("objects", "1,204,311")``.
    body_html : str
        Fragments of this package: tables, pictures, findings.
    footer : str
        A note below, for example what a reader could not use.

    Examples
    --------
    >>> "a&lt;b" in card("a<b", "a heap snapshot", [("objects", "12")])
    True
    """
    pairs = "".join(
        f"<div><dt>{escape(plain(label))}</dt><dd>{escape(plain(value))}</dd></div>"
        for label, value in facts
    )
    return (
        '<section class="pf-card">'
        f"<header><strong>{escape(plain(title))}</strong>"
        f"<span>{escape(plain(subtitle))}</span></header>"
        + (f'<dl class="pf-facts">{pairs}</dl>' if pairs else "")
        + (f'<div class="pf-body">{body_html}</div>' if body_html else "")
        + (f"<footer>{escape(plain(footer, 2000))}</footer>" if footer else "")
        + "</section>"
    )


def static_twin(
    evidence: EvidenceLike, sections: Iterable[SectionLike], *, findings: bool = True
) -> str:
    """Draw what stands in a saved notebook for an interactive view: findings and pictures.

    Parameters
    ----------
    evidence : Evidence
    sections : iterable of Section
    findings : bool
        Findings stand above the pictures.
    """
    body = findings_card(evidence.findings()) if findings else ""
    body += "".join(picture(one.html, one.title) for one in sections)
    return card(evidence.title, evidence.kind, evidence.facts(), body_html=body)


def findings_card(findings: Iterable[FindingLike]) -> str:
    """List findings, in their order, with verdict, reason, proof and next step.

    Examples
    --------
    >>> "Nothing suspicious" in findings_card([])
    True
    """
    items = "".join(_finding(finding) for finding in findings)
    if not items:
        return '<p class="pf-none">✓ Nothing suspicious found.</p>'
    return f'<ol class="pf-findings">{items}</ol>'


def picture(svg_html: str, caption: str) -> str:
    """Put a picture below its caption.

    Parameters
    ----------
    svg_html : str
        SVG or HTML made by this package.
    caption : str
        One line that says what there is to see.

    Examples
    --------
    >>> picture("<svg></svg>", "Statistics").startswith('<figure class="pf-picture">')
    True
    """
    return (
        f'<figure class="pf-picture"><figcaption>{escape(plain(caption))}</figcaption>'
        f"{svg_html}</figure>"
    )


def _finding(finding: FindingLike) -> str:
    verdict = _word(finding.verdict)
    known = verdict if verdict in _SIGNS else "other"
    proof = ", ".join(
        f"{len(labels):,} row{'s' * (len(labels) != 1)} of {name}"
        for name, labels in finding.rows.items()
    )
    parts = [
        f'<li class="pf-{known}"><h4><span class="pf-badge pf-{known}">'
        f"{escape(_SIGNS.get(verdict, verdict))}</span>{escape(plain(finding.title))}</h4>",
        f"<p>{escape(plain(finding.why, 2000))}</p>",
    ]
    if finding.next_step:
        parts.append(f'<p class="pf-next">→ {escape(plain(finding.next_step, 1000))}</p>')
    notes = [finding.rule, f"severity {_word(finding.severity)}", *([proof] if proof else [])]
    parts.append(f'<p class="pf-rule">{escape(plain(" · ".join(notes), 600))}</p></li>')
    return "".join(parts)


def _word(value: object) -> str:
    """Name of an enum member, or the text itself."""
    name = getattr(value, "name", None)
    return str(name if isinstance(name, str) else value).lower()
