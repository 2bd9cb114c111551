"""A flame graph as an SVG file for a browser: titles, search, zoom, nothing remote."""

from __future__ import annotations

import re
from html import escape

from prodforensics.display.tables import plain
from prodforensics.display.theme import FLAME_RULES, PALETTE, asset

__all__ = ["flame_file"]

_HEAD = 62
_FOOT = 24
_STYLE = """
svg.pf{background:var(--pf-ground);font:12px system-ui,sans-serif}
svg.pf>text{fill:var(--pf-ink)}
#heading{font-size:16px;font-weight:600}
#matched,#note{fill:var(--pf-soft)}
#reset{fill:var(--pf-accent);cursor:pointer}
#search{box-sizing:border-box;width:100%;height:26px;padding:2px 8px;font:12px system-ui,sans-serif;
color:var(--pf-ink);background:var(--pf-raised);border:1px solid var(--pf-line);border-radius:4px}
#search.pf-wrong{border-color:var(--pf-bad)}
svg.pf-flame-svg g{cursor:pointer}
svg.pf-flame-svg g:focus{outline:none}
svg.pf-flame-svg g:focus rect{stroke:var(--pf-ink);stroke-width:2}
svg.pf-flame-svg g.pf-over{opacity:.6}
svg.pf-flame-svg g.pf-hit rect{fill:var(--pf-hit);stroke:var(--pf-ink)}
svg.pf-flame-svg g.pf-hit text{fill:var(--pf-on-strong);font-weight:700}
"""


def flame_file(picture: str, heading: str, note: str) -> str:
    """Put what `prodforensics.display.flame_svg.flame_svg` drew into a file of its own.

    Parameters
    ----------
    picture : str
        The SVG text; not standalone.
    heading, note : str
        What stands above it, and what a bar means.

    Returns
    -------
    str
    """
    box = re.match(r'<svg [^>]*viewBox="0 0 (\d+) (\d+)"', picture)
    if box is None:
        raise ValueError("not a picture of flame_svg")
    width, height = int(box[1]), int(box[2])
    whole = _HEAD + height + _FOOT
    title, words = escape(plain(heading, 200)), escape(plain(note, 200))
    inner = picture.replace("<svg ", f'<svg x="0" y="{_HEAD}" overflow="hidden" ', 1)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<svg xmlns="http://www.w3.org/2000/svg" class="pf" viewBox="0 0 {width} {whole}" '
        f'width="{width}" height="{whole}"><title>{title}</title>\n'
        f"<style>{PALETTE}{FLAME_RULES}{_STYLE}</style>\n"
        f'<text id="heading" x="4" y="22">{title}</text>'
        f'<text id="note" x="4" y="44">{words}</text>'
        f'<text id="reset" x="{width - 380}" y="22" role="button">reset zoom</text>'
        f'<text id="matched" x="{width - 4}" y="50" text-anchor="end"></text>'
        f'<foreignObject x="{width - 290}" y="4" width="286" height="28">'
        '<input xmlns="http://www.w3.org/1999/xhtml" id="search" type="search" '
        'placeholder="search: a regular expression ( / )" aria-label="Search"/></foreignObject>\n'
        f'{inner}\n<text id="details" x="4" y="{whole - 7}" aria-live="polite"></text>\n'
        f'<script type="text/javascript"><![CDATA[\n{asset("flame_file.js")}]]></script></svg>\n'
    )
