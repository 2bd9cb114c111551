"""What looks like a secret in private memory.

A kernel finds the places where one may begin (`prodforensics.kernels.secret_anchors`); what is
there is then held against the forms of `prodforensics.secret_forms`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, cached_property, partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from prodforensics._text import MASK
from prodforensics.core import schemas
from prodforensics.core.private_memory import Places, private_segments
from prodforensics.core.secret_tables import MARKS, WORDS, tables
from prodforensics.core.session import note
from prodforensics.kernels.secret_anchors import ADDRESS, ASSIGNED, MARKED, find_anchors
from prodforensics.progress import bar
from prodforensics.secret_forms import KNOWN

if TYPE_CHECKING:
    from prodforensics.core.image import Image
    from prodforensics.core.memory import Segment
    from prodforensics.core.model import CoreDump

__all__ = ["CERTAIN", "Secret", "find_secrets", "secrets"]

CERTAIN = frozenset((*(form.name for form in KNOWN), "url_password"))
"""Forms that are secrets for certain; the others are guesses by the name before a value."""

_MOST = 100_000
_PIECE = 16 * 2**20
_THREADS = 2
_BEFORE, _BEHIND = 64, 4096
_LONGEST_KEY = 16_384
_SHOWN = 4
_END_OF_KEY = re.compile(r"-----END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----")
_AWS = re.compile(r"[A-Za-z0-9/+]{40}")
_TOKEN = re.compile(r"[\w.+/=~%-]+")
# What stands behind such a name in programs and their manuals, and is no secret.
_WORD_OF_CODE = re.compile(
    r"(?:undefined|null|none|true|false|required|optional|string|number|value|changeme|example"
    r"|your[_-]?\w*|x{4,}|\*+|[<{\[%$].*|[A-Za-z_$][\w$]*(?:\.[\w$]+)+\(?.*)$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Secret:
    """One secret.

    Parameters
    ----------
    segment : Segment
    at : int
        Bytes from the start of the segment.
    size : int
        Bytes.
    pattern : str
        What it looks like.
    text : str
        The secret itself.
    """

    segment: Segment
    at: int
    size: int
    pattern: str
    text: str

    @cached_property
    def masked(self) -> str:
        """Its first characters where these are the mark of its form, and nothing else of it."""
        marked = self.pattern in CERTAIN and self.pattern != "url_password"
        return (self.text[:_SHOWN] if marked else "") + MASK


def secrets(core: CoreDump) -> pd.DataFrame:
    """Return what looks like a secret in private memory (`schemas.SECRETS`).

    Parameters
    ----------
    core : CoreDump

    Notes
    -----
    The values are masked, also with ``redact=False``: where they are is told by `address`. Beyond
    100,000 the rest is a gap.
    """
    found = list(find_secrets(core.image, show_progress=None))
    if len(found) > _MOST:
        found = found[:_MOST]
        note(core, f"secrets beyond the first {_MOST:,} are not listed")
    if not found:
        return schemas.SECRETS.empty()
    places = Places()
    for one in found:
        places.add(one.segment, np.array([one.at], np.int64))
    patterns, unique = pd.factorize(np.array([one.pattern for one in found], dtype=object))
    columns = places.columns() | {
        "pattern": pd.Categorical.from_codes(patterns, pd.Index(unique, dtype="str")),
        "length": np.array([one.size for one in found], np.int64),
        "value": pd.array([one.masked for one in found], dtype="str"),
    }
    return pd.DataFrame(columns)


def find_secrets(image: Image, *, show_progress: bool | None = False) -> Iterator[Secret]:
    """Yield the secrets of private memory in the order of their addresses, at most 100,001.

    Parameters
    ----------
    image : Image
    show_progress : bool, optional
        As for `prodforensics.progress.bar`.
    """
    segments = list(private_segments(image))
    total = sum(one.file_size for one in segments)
    yielded = 0
    with (
        bar(total, "looking for secrets", show=show_progress) as done,
        ThreadPoolExecutor(_THREADS) as pool,
    ):
        for segment in segments:
            data = image.memory.view(segment)
            end = 0
            pieces = range(0, len(data), _PIECE)
            found = pool.map(partial(_anchors, data), pieces)
            for first, anchors in zip(pieces, found, strict=True):
                for one in _confirmed(segment, data, anchors):
                    # Two forms may see one secret: the first that begins has it.
                    if one.at >= end and yielded <= _MOST:
                        end = one.at + one.size
                        yielded += 1
                        yield one
                done.update(min(_PIECE, len(data) - first))


def _anchors(data: np.ndarray, start: int) -> list[tuple[int, int, int, int, int]]:
    """Return places, kinds, lengths, bytes a character and names in one piece of a segment."""
    stop = min(start + _PIECE, len(data))
    *found, _ = find_anchors(data, start, stop, True, *tables().arguments(), _MOST)
    return list(zip(*(one.tolist() for one in found), strict=True))


def _confirmed(
    segment: Segment, data: np.ndarray, anchors: list[tuple[int, int, int, int, int]]
) -> Iterator[Secret]:
    found = []
    for where, kind, length, stride, word in anchors:
        if kind >= MARKED:
            one = _marked(data, where, stride, kind - MARKED)
        else:
            text = _text(data, where, length, stride)
            one = _valued(text, where, kind, word)
        if one is not None:
            at, text, pattern = one
            found.append(Secret(segment, at, len(text) * stride, pattern, text))
    return iter(sorted(found, key=lambda one: one.at))


def _text(data: np.ndarray, at: int, count: int, stride: int) -> str:
    return data[at : at + count * stride : stride].tobytes().decode("latin-1")


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    return {form.name: re.compile(form.pattern, re.ASCII) for form in KNOWN}


def _marked(data: np.ndarray, where: int, stride: int, mark: int) -> tuple[int, str, str] | None:
    """Return place, text and form of the secret that a mark stands in."""
    text_of_mark, name, _ = MARKS[mark]
    before = min(_BEFORE, where // stride)
    begin = where - before * stride
    behind = _LONGEST_KEY if name == "private_key" else _BEHIND
    text = _text(data, begin, before + behind, stride)
    if name not in _patterns():  # A mark that a token follows.
        token = _TOKEN.match(text, before + len(text_of_mark))
        if token is None:
            return None
        known = [one for one, pattern in _patterns().items() if pattern.match(token[0])]
        return begin + token.start() * stride, token[0], known[0] if known else f"{name}_token"
    for found in _patterns()[name].finditer(text):
        if found.start() <= before < found.end():
            whole = found[0]
            if name == "private_key":
                end = _END_OF_KEY.search(whole)
                whole = whole[: end.end()] if end else whole.partition("\0")[0]
            return begin + found.start() * stride, whole, name
        if found.start() > before:
            break
    return None


def _valued(text: str, where: int, kind: int, word: int) -> tuple[int, str, str] | None:
    if kind == ADDRESS:
        return None if _is_placeholder(text) else (where, text, "url_password")
    # `PWD=/srv/app` is the working directory.
    if kind != ASSIGNED or _is_placeholder(text) or (WORDS[word] == "pwd" and text[:1] == "/"):
        return None
    name = WORDS[word].strip("_-.").replace("-", "_")
    return where, text, "aws_secret_key" if _is_key_of_aws(name, text) else name


def _is_key_of_aws(name: str, text: str) -> bool:
    return name in ("access_key", "secret_key") and _AWS.fullmatch(text) is not None


def _is_placeholder(text: str) -> bool:
    return _WORD_OF_CODE.match(text) is not None or len(set(text)) < 3
