"""Strings of artifacts made safe to show: in a terminal, a card, an error message."""

from __future__ import annotations

import re
from collections.abc import Iterable

from prodforensics.secret_forms import KNOWN, MASK, NAMES, is_secret_name, mask_forms

__all__ = ["MASK", "is_secret_name", "mask_secrets", "plain", "plain_all", "visible"]

# Control characters drive a terminal; invisible and reordering ones make a name read as another;
# lone surrogates cannot be written at all.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff]"
)


_LONGEST_SECRET = 200


def mask_secrets(text: str) -> str:
    """Put `MASK` in the place of passwords, tokens and keys.

    Examples
    --------
    >>> mask_secrets("postgres://app:hunter22@db/orders")
    'postgres://app:••••••@db/orders'
    >>> mask_secrets("Bearer abcdef0123456789")
    'Bearer ••••••'
    """
    return mask_forms(text)[0]


def visible(text: str) -> str:
    r"""Make control and bidi characters of a text visible; it is neither cut nor masked.

    Examples
    --------
    >>> visible("a\u202eb\x1b[31m")
    'a\\u202eb\\u001b[31m'
    """
    return _UNSEEN.sub(lambda m: f"\\u{ord(m[0]):04x}", text)


def plain(text: object, limit: int = 300) -> str:
    r"""Make a string of an artifact fit to show.

    Control and bidi characters are made visible, secrets are masked, the length is bounded.

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
    # A secret that the limit cuts must still be recognised.
    masked = mask_secrets(whole[: limit + _LONGEST_SECRET])[:limit]
    cut = visible(masked)
    return cut if len(whole) <= limit else f"{cut}… ({len(whole):,} characters)"


# What names of code are made of; `plain` changes such a text only where it holds one of the marks
# of known secrets, or a word that gives one away before a space or a colon.
_CODE = re.compile(r"[\w.$<>()/\[\]*&,+~@{}#|-]*")
_MARKS = tuple(mark for form in KNOWN for mark in form.marks)
_WORD = re.compile(NAMES, re.IGNORECASE)


def _is_code(text: str) -> bool:
    if ":" in text:
        if _WORD.search(text):
            return False
        text = text.replace("::", ".")
    return _CODE.fullmatch(text) is not None and not any(mark in text for mark in _MARKS)


def plain_all(texts: Iterable[str], limit: int = 300) -> list[str]:
    r"""Return `plain` of many texts; quick where most are names of code.

    Examples
    --------
    >>> plain_all(["main", "a\x07b", "token=abcdef"])
    ['main', 'a\\u0007b', 'token=••••••']
    """
    return [text if len(text) <= limit and _is_code(text) else plain(text, limit) for text in texts]
