"""The tables by which `prodforensics.kernels.secret_anchors` finds forms of secrets in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cache

import numpy as np

from prodforensics.kernels import secret_anchors as kernels
from prodforensics.secret_forms import KNOWN

__all__ = ["MARKS", "TOLD_MARKS", "WORDS", "Tables", "tables"]

TOLD_MARKS = ("Bearer ", "bearer ", "BEARER ", "Basic ", "basic ", "BASIC ")
"""Marks that a token follows."""
_TOLD_LEAST = 8
MARKS: tuple[tuple[str, str, int], ...] = (
    *((mark, form.name, form.least) for form in KNOWN for mark in form.marks),
    *((mark, mark.strip().lower(), _TOLD_LEAST) for mark in TOLD_MARKS),
)
"""Mark, name of the form, and the fewest characters of a token behind it."""

_KEYS = ("api", "access", "private", "secret", "signing", "encryption", "master")
_PASSWORDS = ("password", "passwd", "passphrase", "pwd", "_pass", "-pass")
_TOKENS = (
    "secret",
    "token",
    "credential",
    "cookie",
    "authorization",
    *(f"{word}{sign}key" for word in _KEYS for sign in ("", "_", "-")),
    *(f"secret{a}key{b}base" for a in ("", "_", "-") for b in ("", "_", "-")),
    *(f"session{sign}id" for sign in ("", "_", "-")),
    "sessid",
    ".sid",
)
WORDS = (*_PASSWORDS, *_TOKENS)
"""Names of secrets, as in `prodforensics.secret_forms.NAMES`, and some that only the scan knows."""

# Bytes that are common in text and in machine code, the most common first.
_COMMON = b" \x00etsrinao_lcdpumfhg.\xffby\x01-wv/H\x89TEkISAR0C1xNOLDPM2"


@dataclass(frozen=True)
class Tables:
    """Arguments of `prodforensics.kernels.secret_anchors.find_anchors`, in its order."""

    pairs: np.ndarray
    following: np.ndarray
    entry_mark: np.ndarray
    entry_at: np.ndarray
    marks: np.ndarray
    mark_lengths: np.ndarray
    least: np.ndarray
    told: np.ndarray
    classes: np.ndarray
    ends: np.ndarray
    words: np.ndarray
    word_lengths: np.ndarray
    certainty: np.ndarray

    def arguments(self) -> tuple[np.ndarray, ...]:
        """Return the arrays in the order of the kernel's parameters."""
        return tuple(getattr(self, one.name) for one in fields(self))


@cache
def tables() -> Tables:
    """Return the tables, made once."""
    pairs = np.zeros(1 << 16, np.uint8)
    for sign in b"=:":
        for second in (9, *range(32, 127)):
            pairs[sign | second << 8] = kernels.ASSIGN
        pairs[sign] = kernels.ASSIGN_WIDE
    for first, second in (b"==", b"=>", b"::"):
        pairs[first | second << 8] = kernels.NOTHING
    pairs[ord(":") | ord("/") << 8] = kernels.URL
    following, entry_mark, entry_at = _enter_marks(pairs)
    names = [mark for mark, _, _ in MARKS]
    return Tables(
        pairs,
        following,
        entry_mark,
        entry_at,
        *_padded([mark.encode() for mark in names]),
        np.array([least for _, _, least in MARKS], np.int64),
        np.array([mark in TOLD_MARKS for mark in names], np.int64),
        _classes(),
        _ends(),
        *_padded([word[::-1].encode() for word in WORDS]),
        np.array([kernels.PASSWORD if word in _PASSWORDS else 0 for word in WORDS], np.int64),
    )


def _enter_marks(pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Enter the rarest two bytes of each mark, of one and of two bytes a character."""
    following: list[int] = []
    entry_mark: list[int] = []
    entry_at: list[int] = []

    def enter(pair: int, mark: int, at: int) -> None:
        entry = len(following)
        before = int(pairs[pair]) - kernels.ENTRY
        following.append(before if before >= 0 else -1)
        entry_mark.append(mark)
        entry_at.append(at)
        pairs[pair] = kernels.ENTRY + entry

    for number, (mark, _, _) in enumerate(MARKS):
        rare = [_rarity(byte) for byte in mark.encode()]
        best = max(range(len(mark) - 1), key=lambda k: rare[k] * rare[k + 1])
        enter(ord(mark[best]) | ord(mark[best + 1]) << 8, number, best)
        alone = max(range(len(mark)), key=lambda k: rare[k])
        enter(ord(mark[alone]), number, -1 - alone)
    return (
        np.array(following, np.int64),
        np.array(entry_mark, np.int64),
        np.array(entry_at, np.int64),
    )


def _rarity(byte: int) -> int:
    place = _COMMON.find(byte)
    return 1 + place if place >= 0 else 2 * len(_COMMON)


def _padded(texts: Sequence[bytes]) -> tuple[np.ndarray, np.ndarray]:
    """Return texts as rows filled up with zeros, and their lengths."""
    lengths = np.array([len(text) for text in texts], np.int64)
    rows = np.zeros((len(texts), int(lengths.max())), np.uint8)
    for row, text in zip(rows, texts, strict=True):
        row[: len(text)] = np.frombuffer(text, np.uint8)
    return rows, lengths


def _classes() -> np.ndarray:
    table = np.zeros(256, np.uint8)
    for byte in range(33, 127):
        char = chr(byte)
        if char not in "\"'&;,<>(){}[]\\`":
            table[byte] |= kernels.IN_VALUE
        if char not in "\"'`\\":
            table[byte] |= kernels.IN_QUOTES
        if char.isalnum() or char in "_-":
            table[byte] |= kernels.IN_WORD
        if char.isalnum() or char in "_-.+/=~%":
            table[byte] |= kernels.IN_TOKEN
        if char.isdigit():
            table[byte] |= kernels.IS_DIGIT
        elif char.isalpha():
            table[byte] |= kernels.IS_LOWER if char.islower() else kernels.IS_UPPER
    return table


def _ends() -> np.ndarray:
    table = np.zeros(1 << 16, np.bool_)
    for word in WORDS:
        table[(ord(word[-2]) | 32) | (ord(word[-1]) | 32) << 8] = True
    return table
