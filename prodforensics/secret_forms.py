"""The forms that passwords, tokens and keys have in text: one table for all who mask or seek them.

A *known* form is a secret wherever it stands, such as a JSON web token. A *told* one is a secret
because of the word before it, such as ``password=``; that word stays when it is masked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["KNOWN", "MASK", "NAMES", "Form", "is_secret_name", "mask_forms"]

MASK = "••••••"
"""What stands in the place of a secret."""


@dataclass(frozen=True)
class Form:
    """A known form.

    Parameters
    ----------
    name : str
        Names the form in frames.
    title : str
        The same in words, with an article.
    pattern : str
        A regular expression of ASCII alone, without groups that capture.
    marks : tuple of str
        Strings, one of which stands in whatever the pattern finds: what a scan looks for first.
    least : int
        Characters of a token that follow such a mark at the least.
    """

    name: str
    title: str
    pattern: str
    marks: tuple[str, ...]
    least: int


KNOWN = (
    Form(
        "private_key",
        "a private key",
        r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----[\s\S]*",
        ("PRIVATE KEY-----", "PRIVATE KEY BLOCK-----"),
        0,
    ),
    Form("jwt", "a JSON web token", r"\beyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)?", ("eyJ",), 13),
    Form(
        "aws_access_key",
        "an access key of AWS",
        r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
        ("AKIA", "ASIA"),
        16,
    ),
    Form(
        "github_token",
        "a token of GitHub",
        r"\bgh[pousr]_\w{20,}|\bgithub_pat_\w{20,}",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "_pat_"),
        20,
    ),
    Form("gitlab_token", "a token of GitLab", r"\bglpat-[\w-]{20,}", ("glpat-",), 20),
    Form(
        "slack_token",
        "a token of Slack",
        r"\bxox[abeoprs]-[\w-]{10,}|\bhooks\.slack\.com/services/T\w{5,}/B\w{5,}/\w{16,}",
        ("xoxa-", "xoxb-", "xoxe-", "xoxo-", "xoxp-", "xoxr-", "xoxs-", "hooks.slack.com"),
        10,
    ),
    Form("google_api_key", "an API key of Google", r"\bAIza[\w-]{30,}", ("AIza",), 30),
    Form(
        "stripe_key",
        "a key of Stripe",
        r"\b[sr]k_(?:live|test)_\w{10,}|\bwhsec_[\w+/]{20,}",
        ("k_live_", "k_test_", "whsec_"),
        10,
    ),
    Form(
        "service_token",
        "a token of a service",
        # npm, PyPI, SendGrid, Hugging Face, Anthropic and OpenAI, HashiCorp Vault, DigitalOcean.
        r"\bnpm_[A-Za-z0-9]{36}|\bpypi-AgE[\w-]{50,}|\bSG\.[\w-]{16,}\.[\w-]{30,}"
        r"|\bhf_[A-Za-z]{34}\b|\bsk-(?:ant|proj)-[\w-]{20,}|\bhvs\.[\w-]{24,}"
        r"|\bdop_v1_[0-9a-f]{64}",
        ("npm_", "pypi-", "SG.", "hf_", "sk-ant-", "sk-proj-", "hvs.", "dop_v1_"),
        20,
    ),
)
"""Forms that are secrets wherever they stand."""

NAMES = (
    r"pass(?:word|wd|phrase)|pwd|secret|token|credential|cookie|authorization"
    r"|(?:api|access|private|secret|signing|encryption|master)[_-]?key|secret[_-]?key[_-]?base"
    r"|session[_-]?id"
)
"""A regular expression of the last words of names of secrets."""

# The working directory goes by the name of a password in the environment of every process.
_SECRET_NAME = re.compile(
    rf"(?!(?-i:(?:OLD)?PWD)$).*?(?:(?:{NAMES})s?|(?:^|[_-])pass)$", re.I | re.S
)
_KNOWN = re.compile("|".join(f"(?P<{form.name}>{form.pattern})" for form in KNOWN))
_TITLES = {form.name: form.title for form in KNOWN}
# Forms that a word before them gives away; that word stays.
_TOLD = re.compile(
    # Tokens are not words: "basic data" tells none.
    r"((?:\b(?:Bearer|Basic)\s{1,3}))(?=\S{1,100}?(?-i:[\dA-Z=]))[^\s/@\"',;]{4,}"
    r"|(://[^\s/:@]{0,100}:)[^\s/@\"']{1,300}(?=@)"
    rf"|((?:{NAMES})s?[\"']?\s{{0,3}}[=:]\s{{0,3}}[\"']?(?:(?:Bearer|Basic)\s{{1,3}})?)"
    # A call is code, not a value; a path behind `pwd` is the working directory.
    r"(?![\w.]{1,100}\()(?<!PWD=(?=/))"
    r"[^\s\"'&;,<>(){}\[\]]{4,}",
    re.IGNORECASE,
)
_TOLD_TITLES = {1: "a token after Bearer or Basic", 2: "the password of an address"}


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """Tell whether what has this name is a secret by its name alone.

    Examples
    --------
    >>> is_secret_name("dbPassword"), is_secret_name("passwordLength"), is_secret_name("PWD")
    (True, False, False)
    """
    return _SECRET_NAME.match(name) is not None


def mask_forms(text: str) -> tuple[str, tuple[str, ...]]:
    """Put `MASK` in the place of secrets, and tell what was found.

    Returns
    -------
    masked : str
    found : tuple of str
        What was masked, in words, each once: ``"a JSON web token"``; empty where nothing was.

    Examples
    --------
    >>> mask_forms("postgres://app:hunter22@db/orders")
    ('postgres://app:••••••@db/orders', ('the password of an address',))
    >>> mask_forms("http://localhost:8080/")
    ('http://localhost:8080/', ())
    """
    found: dict[str, None] = {}

    def known(match: re.Match[str]) -> str:
        found[_TITLES[match.lastgroup or ""]] = None
        return MASK

    def told(match: re.Match[str]) -> str:
        word = match[match.lastindex or 0]
        found[_TOLD_TITLES.get(match.lastindex or 0) or f"a value after {_bare(word)}"] = None
        return f"{word}{MASK}"

    return _TOLD.sub(told, _KNOWN.sub(known, text)), tuple(found)


def _bare(word: str) -> str:
    return re.split(r"[\"'\s=:]", word)[0]
