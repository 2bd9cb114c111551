"""Evidence as one HTML file that needs no network: for the post-mortem and for the archive.

The page carries its own style sheet and pictures, and a content security policy that lets it
load nothing and run nothing: what an attacker wrote into an artifact stays text. Where a section
has an interactive view, the policy names the digests of this package's own scripts; nothing else
runs, and without scripts the section shows a picture.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path

from prodforensics import __version__
from prodforensics._reference import Later
from prodforensics._text import plain
from prodforensics.display.cards import card, findings_card
from prodforensics.display.tables import human_bytes, table
from prodforensics.display.theme import STYLE
from prodforensics.errors import BadOption
from prodforensics.evidence import Evidence
from prodforensics.writing import write_file

__all__ = ["render", "write"]

# Only reports with interactive views need it, and what a widget is made with.
recorded = Later("prodforensics.display.recorded")

_ROWS = 30

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; \
img-src data:{scripts_allowed}">
<meta name="generator" content="prodforensics {version}">
<title>{title}</title>
<style>
{style}
</style>
</head>
<body class="pf pf-page">
<main>
<header class="pf-masthead"><h1>{title}</h1><p>{when} · prodforensics {version}</p></header>
<nav aria-label="Contents"><ol>{contents}</ol></nav>
{body}
</main>
{scripts}</body>
</html>
"""


def write(evidence: Sequence[Evidence], path: str | Path, *, title: str | None = None) -> Path:
    """Write the report of one or more pieces of evidence.

    Parameters
    ----------
    evidence : sequence of Evidence
        In the order of the report.
    path : str or Path
        The HTML file; replaced as a whole or not at all.
    title : str, optional
        Heading of the page.

    Returns
    -------
    Path
        The file.
    """
    return write_file(path, render(evidence, title=title))


def render(evidence: Sequence[Evidence], *, title: str | None = None) -> str:
    """Return the report as text (see `write`)."""
    if not evidence:
        raise BadOption("a report needs evidence", hint="load a file first: pf.load(path)")
    heading = title or (
        f"Report: {evidence[0].title}" if len(evidence) == 1 else "Report of the investigation"
    )
    programs: dict[str, str] = {}
    chapters = [_chapter(number, one, programs) for number, one in enumerate(evidence, 1)]
    contents = "".join(
        f'<li><a href="#evidence-{number}">{escape(plain(one.title))}</a></li>'
        for number, one in enumerate(evidence, 1)
    )
    return _PAGE.format(
        version=escape(__version__),
        title=escape(plain(heading)),
        style=STYLE + (recorded.STYLE if programs else ""),
        scripts_allowed=_allowed(programs.values()),
        scripts="".join(
            f'<script type="module">{script}</script>\n' for script in programs.values()
        ),
        when=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        contents=contents,
        body="".join(chapters),
    )


def _allowed(scripts: Collection[str]) -> str:
    """Return the part of the policy that allows these scripts and no others."""
    return f"; script-src {' '.join(map(recorded.digest, scripts))}" if scripts else ""


def _chapter(number: int, one: Evidence, programs: dict[str, str]) -> str:
    """Return the chapter of one piece; add the scripts that it needs to ``programs``."""
    parts = [f'<section id="evidence-{number}">', card(one.title, one.kind, one.facts())]
    parts.append(_section("Findings", findings_card(one.findings())))
    for place, section in enumerate(one.sections()):
        html = section.html
        if section.program:
            program = section.program()
            programs[program.key] = program.script
            html = program.html(html, twin=f"twin-{number}-{place}")
        parts.append(_section(section.title, html))
    parts += list(_frames(one))
    if len(one.gaps):
        parts.append(_section("What could not be read", table(one.gaps, limit=_ROWS)))
    parts.append(_section("Origin", _origin(one)))
    parts.append("</section>")
    return "".join(parts)


def _frames(one: Evidence) -> Iterable[str]:
    """Give the first rows of each frame, where the room has no sections of its own."""
    if one._sections:
        return
    for name, frame in one.frames.items():
        schema = one.schemas.get(name)
        units = schema.units if schema else None
        yield _section(name, table(frame.reset_index(), limit=_ROWS, units=units))


def _origin(one: Evidence) -> str:
    rows = "".join(
        f'<tr><td class="pf-long">{escape(plain(source.path, 4096))}</td>'
        f'<td class="pf-number">{human_bytes(source.size)}</td>'
        f"<td>{escape(plain(source.format))}</td><td><code>{escape(plain(source.sha256))}</code></td></tr>"
        for source in one.sources
    )
    head = '<tr><th>file</th><th class="pf-number">size</th><th>format</th><th>SHA-256</th></tr>'
    return (
        f'<div class="pf-scroll"><table class="pf-table"><thead>{head}</thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _section(title: str, html: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{html}</section>"
