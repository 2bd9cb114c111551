"""Strings of artifacts made safe to show: in a terminal, a card, an error message."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["MASK", "is_secret_name", "mask_secrets", "plain", "plain_all"]

MASK = "••••••"
"""What stands in the place of a secret."""

# Control characters drive a terminal; invisible and reordering ones make a name read as another;
# lone surrogates cannot be written at all.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff]"
)


_LONGEST_SECRET = 200
_NAMES = (
    r"pass(?:word|wd|phrase)|pwd|secret|token|credential|cookie|authorization"
    r"|(?:api|access|private|secret)[_-]?key|session[_-]?id"
)
_SECRET_NAME = re.compile(rf"(?:{_NAMES})s?$", re.IGNORECASE)
# Forms that are secrets wherever they stand: private keys, JSON web tokens, keys of known services.
_KNOWN = re.compile(
    r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[\s\S]*"
    r"|\beyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)?"
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bgh[pousr]_\w{20,}|\bgithub_pat_\w{20,}"
    r"|\bxox[abeoprs]-[\w-]{10,}|\bAIza[\w-]{30,}|\b[sr]k_(?:live|test)_\w{10,}"
)
# Forms that a word before them gives away; that word stays.
_TOLD = re.compile(
    r"((?:\b(?:Bearer|Basic)\s{1,3})|(?:://[^\s/:@]{1,100}:))"
    r"[^\s/@\"',;]{4,}"
    rf"|((?:{_NAMES})s?[\"']?\s{{0,3}}[=:]\s{{0,3}}[\"']?(?:(?:Bearer|Basic)\s{{1,3}})?)"
    # A call is code, not a value.
    r"(?![\w.]{1,100}\()"
    r"[^\s\"'&;,<>(){}\[\]]{4,}",
    re.IGNORECASE,
)


def is_secret_name(name: str) -> bool:
    """Tell whether what has this name is a secret by its name alone.

    Examples
    --------
    >>> is_secret_name("dbPassword"), is_secret_name("passwordLength")
    (True, False)
    """
    return _SECRET_NAME.search(name) is not None


def mask_secrets(text: str) -> str:
    """Put `MASK` in the place of passwords, tokens and keys.

    Examples
    --------
    >>> mask_secrets("postgres://app:hunter22@db/orders")
    'postgres://app:••••••@db/orders'
    >>> mask_secrets("Bearer abcdef0123456789")
    'Bearer ••••••'
    """
    text = _KNOWN.sub(MASK, text)
    return _TOLD.sub(lambda m: f"{m[1] or m[2]}{MASK}", text)


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
    cut = _UNSEEN.sub(lambda m: f"\\u{ord(m[0]):04x}", masked)
    return cut if len(whole) <= limit else f"{cut}… ({len(whole):,} characters)"


# What names of code are made of; `plain` changes such a text only where it holds one of the marks
# of known secrets, or a word that gives one away before a space or a colon.
_CODE = re.compile(r"[\w.$<>()/\[\]*&,+~@{}#|-]*")
_MARKS = ("eyJ", "AKIA", "ASIA", "AIza", "_pat_", "xox", "k_live_", "k_test_")
_MARKS += tuple(f"gh{kind}_" for kind in "pousr")
_WORD = re.compile(_NAMES, re.IGNORECASE)


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
