"""Strings of artifacts made safe to show: in a terminal, a card, an error message."""

from __future__ import annotations

import re

__all__ = ["plain"]

# Control characters drive a terminal; invisible and reordering ones make a name read as another;
# lone surrogates cannot be written at all.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff]"
)


def plain(text: object, limit: int = 300) -> str:
    r"""Make a hostile string readable: control and bidi characters shown, length bounded.

    The result still needs `html.escape` in HTML.

    Parameters
    ----------
    text : object
        Anything; `str` is taken of it.
    limit : int
        Characters at the most; the strings of an artifact can be megabytes.

    Examples
    --------
    >>> plain("a\u202eb"), plain("x" * 9, limit=4)
    ('a\\u202eb', 'xxxx… (9 characters)')
    >>> plain("\x1b[31mred")
    '\\u001b[31mred'
    """
    whole = str(text)
    cut = _UNSEEN.sub(lambda m: f"\\u{ord(m[0]):04x}", whole[:limit])
    return cut if len(whole) <= limit else f"{cut}… ({len(whole):,} characters)"
