"""Secrets that stand in payloads in clear: which kind and where, never what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from prodforensics.kernels.needles import holds_named
from prodforensics.network.protocols.openings import heads

if TYPE_CHECKING:
    from prodforensics.network.model import Capture

__all__ = ["Secret", "clear_secrets"]

_LOOKED_AT = 8192
"""Bytes of a packet."""
_MOST = 20_000
"""Packets that are read in Python."""
_WORDS = (
    b"authorization", b"cookie", b"key", b"token", b"secret", b"password", b"passwd", b"passphrase",
    b"pwd",
)  # fmt: skip
"""What names of secrets end with."""
_STARTS = (b"GET ", b"POST", b"PUT ", b"HEAD", b"DELE", b"PATC", b"OPTI", b"HTTP")
_LOGINS = (b"PASS", b"AUTH", b"*2\r\n", b"*3\r\n")
_BODIES = (b"POST", b"PUT ", b"PATC")

_HEADER = re.compile(rb"\r\n([\w-]{1,60}): ?([^\r\n]{0,4096})")
_SCHEME = re.compile(rb"(?:Basic|Bearer|Token|ApiKey|Key) +\S{4}", re.IGNORECASE)
_KEY_HEADER = re.compile(
    rb"(?:x-)?(?:api|auth|access|private|secret)[-_]?(?:key|token|secret)|x-(?:vault-|csrf-)?token",
    re.IGNORECASE,
)
_COOKIE = re.compile(
    rb"(?:^|;) ?([\w.-]*(?:sess|sid|auth|token|jwt|login|remember)[\w.-]*)=[^;]{6}", re.IGNORECASE
)
_FIELD = (
    rb"(?:(?:access|refresh|id|auth|api)[-_]?token|token|api[-_]?key|client[-_]?secret|secret"
    rb"|pass(?:word|wd|phrase)|pwd)"
)
_QUERY = re.compile(rb"[?&]" + _FIELD + rb"=[^&\s]{4}", re.IGNORECASE)
_FORM = re.compile(
    rb"(?:(?:^|&)" + _FIELD + rb"=[^&\s]{3}|\"" + _FIELD + rb"\" ?: ?\"[^\"]{3})", re.IGNORECASE
)
_LOGIN = re.compile(
    rb"PASS \S+\r\n|AUTH (?:PLAIN|LOGIN) \S{4}|\*[23]\r\n\$4\r\nAUTH\r\n\$", re.IGNORECASE
)


class Secret(NamedTuple):
    """A packet that holds secrets.

    Attributes
    ----------
    packet : int
        Its place, from 0.
    stream : int
    kinds : tuple of str
        What they are: "Authorization", "Cookie", "token in the URL" ...
    filter : str
        A display filter of Wireshark that shows such packets.
    """

    packet: int
    stream: int
    kinds: tuple[str, ...]
    filter: str


def clear_secrets(capture: Capture, rows: np.ndarray) -> list[Secret]:
    """Find secrets in HTTP/1 and in logins of FTP, POP3, SMTP and Redis.

    Parameters
    ----------
    capture : Capture
    rows : int64[k]
        The packets that carry something (`prodforensics.network.protocols.openings.carrying`).
    """
    if not len(rows):
        return []
    packets = capture.packets
    starts = np.ascontiguousarray(heads(capture, rows, 4)).view("<u4").ravel()
    http, login, posted = (_among(starts, one) for one in (_STARTS, _LOGINS, _BODIES))
    body = _bodies(capture, rows, posted, http)
    suspect = rows[http | login | body]
    found = np.zeros(len(suspect), np.bool_)
    words = np.zeros((len(_WORDS), max(map(len, _WORDS))), np.uint8)
    for place, word in enumerate(_WORDS):
        words[place, : len(word)] = np.frombuffer(word, np.uint8)
    size = np.minimum(packets.payload_captured[suspect], _LOOKED_AT).astype(np.int64)
    with capture.payloads.open() as data:
        holds_named(
            data, packets.payload[suspect], size, words,
            np.array([len(word) for word in _WORDS], np.int64), found,
        )  # fmt: skip
        found |= login[http | login | body]
        is_body = dict(zip(suspect.tolist(), body[http | login | body].tolist(), strict=True))
        return [
            Secret(row, int(packets.stream[row]), *told)
            for row in suspect[found][:_MOST].tolist()
            if (told := _kinds(capture.payloads.of(row)[:_LOOKED_AT], body=is_body[row]))
        ]


def _among(starts: np.ndarray, words: tuple[bytes, ...]) -> np.ndarray:
    return np.isin(starts, np.frombuffer(b"".join(words), "<u4"))


def _bodies(capture: Capture, rows: np.ndarray, posted: np.ndarray, http: np.ndarray) -> np.ndarray:
    """Return which packets follow a request with a body, in its stream: the body may be there."""
    following = np.zeros(len(rows), np.bool_)
    if not posted.any():
        return following
    packets = capture.packets
    place = packets.stream[rows].astype(np.int64) << 1 | packets.direction[rows]
    order = np.argsort(place, kind="stable")
    same = place[order[1:]] == place[order[:-1]]
    following[order[1:]] = same & posted[order[:-1]]
    return following & ~http


def _kinds(payload: bytes, *, body: bool) -> tuple[tuple[str, ...], str] | None:
    """Return the kinds of secrets that a payload holds, and a filter; None for none."""
    if body:
        return (("password or key in a body",), "http.request") if _FORM.search(payload) else None
    if _LOGIN.match(payload):
        return ("password of a login",), ""
    head, _, rest = payload.partition(b"\r\n\r\n")
    line = head.partition(b"\r\n")[0]
    kinds = list(dict.fromkeys(_in_headers(head)))
    if not payload.startswith(b"HTTP") and _QUERY.search(line):
        kinds.append("token in the URL")
    if rest and not payload.startswith(b"HTTP") and _FORM.search(rest):
        kinds.append("password or key in a body")
    return (tuple(kinds), "http") if kinds else None


def _in_headers(head: bytes) -> Iterator[str]:
    for name, value in _HEADER.findall(head):
        low = name.lower()
        if low in (b"authorization", b"proxy-authorization"):
            if _SCHEME.match(value):
                yield "Authorization"
        elif low in (b"cookie", b"set-cookie"):
            if _COOKIE.search(value):
                yield "Cookie" if low == b"cookie" else "Set-Cookie"
        elif _KEY_HEADER.fullmatch(name) and len(value) > 3:
            yield name.decode("ascii")
