"""DNS messages: the question and the answers of one, from its bytes (RFC 1035, RFC 3596, RFC 2782).

What is cut short or makes no sense gives what comes before it. A compression pointer must point
back, before the name that it is part of, so that no name goes round in circles.
"""

from __future__ import annotations

from socket import AF_INET6, inet_ntop
from struct import Struct, error
from typing import NamedTuple

__all__ = ["RCODES", "TYPES", "Message", "read_message"]

TYPES = {
    1: "A", 2: "NS", 5: "CNAME", 6: "SOA", 10: "NULL", 12: "PTR", 13: "HINFO", 15: "MX",
    16: "TXT", 17: "RP", 18: "AFSDB", 28: "AAAA", 29: "LOC", 33: "SRV", 35: "NAPTR", 36: "KX",
    37: "CERT", 39: "DNAME", 41: "OPT", 43: "DS", 44: "SSHFP", 46: "RRSIG", 47: "NSEC",
    48: "DNSKEY", 50: "NSEC3", 51: "NSEC3PARAM", 52: "TLSA", 64: "SVCB", 65: "HTTPS", 99: "SPF",
    249: "TKEY", 250: "TSIG", 251: "IXFR", 252: "AXFR", 255: "ANY", 256: "URI", 257: "CAA",
}  # fmt: skip
"""Names of the types of records (IANA)."""

RCODES = (
    "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET",
    "NXRRSET", "NOTAUTH", "NOTZONE", "DSOTYPENI", "RCODE12", "RCODE13", "RCODE14", "RCODE15",
)  # fmt: skip
"""Names of the response codes (IANA)."""

_HEADER = Struct(">HHHHHH")
_QUESTION = Struct(">HH")
_RECORD = Struct(">HHIH")
_SHORT = Struct(">H")
_SRV = Struct(">HHH")
_LONGEST = 255  # bytes of a name
_MOST = 200  # records of an answer that are read
_INTERNET = 1
# What a name may hold as it is; everything else is written as \DDD.
_PLAIN = bytes(c for c in range(33, 127) if c not in b'.\\"();@$')


class Message(NamedTuple):
    """What a message holds.

    Attributes
    ----------
    id : int
    response : bool
    rcode : int
    truncated : bool
    query : str
        The name of the (first) question; empty where there is none, or for the root.
    qtype : int
        0 where there is no question.
    answers : str
        The answers as text, after commas.
    count : int
        How many there are by the header.
    ttl : int
        The shortest time to live of the answers, in seconds; -1 for none.
    end : int
        Where the last record that was read ends.
    """

    id: int
    response: bool
    rcode: int
    truncated: bool
    query: str
    qtype: int
    answers: str
    count: int
    ttl: int
    end: int


def read_message(data: bytes) -> Message | None:
    r"""Read the question and the answers of a message.

    Parameters
    ----------
    data : bytes

    Returns
    -------
    Message or None
        None where not even the header and the question are there. Of a message that is cut short,
        or that makes no sense further on, the answers before that.

    Examples
    --------
    >>> query = b"\x12\x34\x01\x00\0\x01\0\0\0\0\0\0\x04shop\x07example\0\0\x01\0\x01"
    >>> read_message(query).query
    'shop.example'
    """
    if len(data) < _HEADER.size:
        return None
    number, flags, questions, answers, _, _ = _HEADER.unpack_from(data)
    response = bool(flags & 0x8000)
    at, query, kind = _HEADER.size, "", 0
    try:
        for place in range(min(questions, _MOST)):
            name, at = _name(data, at)
            asked, _ = _QUESTION.unpack_from(data, at)
            at += _QUESTION.size
            if not place:
                query, kind = name, asked
    except (IndexError, ValueError, error):
        return None
    texts, ttl = [], -1
    if response and answers:
        at, texts, ttl = _answers(data, at, min(answers, _MOST))
    return Message(
        number, response, flags & 15, bool(flags & 0x0200), query, kind, ", ".join(texts),
        answers if response else 0, ttl, at,
    )  # fmt: skip


def _answers(data: bytes, at: int, count: int) -> tuple[int, list[str], int]:
    """Return where the answers end, their texts, and the shortest time to live."""
    texts: list[str] = []
    shortest = -1
    for _ in range(count):
        try:
            start = _skip_name(data, at)
            kind, _, ttl, size = _RECORD.unpack_from(data, start)
            start += _RECORD.size
            if start + size > len(data):
                break
            if kind != 41:  # OPT has other things where the time to live is
                texts.append(_text(data, kind, start, size))
                shortest = ttl if shortest < 0 else min(ttl, shortest)
        except (IndexError, ValueError, error):
            break
        at = start + size
    return at, texts, shortest


def _skip_name(data: bytes, at: int) -> int:
    while size := data[at]:
        if size >= 0xC0:
            return at + 2
        if size >= 0x40:
            raise ValueError("no label")
        at += size + 1
    return at + 1


def _name(data: bytes, at: int) -> tuple[str, int]:
    """Return a name and where what follows it begins."""
    labels: list[str] = []
    end, lowest, length = -1, at, 0
    while size := data[at]:
        if size >= 0xC0:
            target = (size & 0x3F) << 8 | data[at + 1]
            if target >= lowest:
                raise ValueError("a pointer that does not point back")
            end = at + 2 if end < 0 else end
            at = lowest = target
            continue
        if size >= 0x40 or at + 1 + size > len(data):
            raise ValueError("no label")
        length += size + 1
        if length > _LONGEST:
            raise ValueError("too long a name")
        labels.append(_label(data[at + 1 : at + 1 + size]))
        at += size + 1
    return ".".join(labels), at + 1 if end < 0 else end


def _label(raw: bytes) -> str:
    if raw.translate(None, _PLAIN):
        return "".join(chr(byte) if byte in _PLAIN else f"\\{byte:03d}" for byte in raw)
    return raw.decode("ascii")


def _text(data: bytes, kind: int, at: int, size: int) -> str:
    """Write what a record holds."""
    end = at + size
    if kind == 1 and size == 4:
        return "%d.%d.%d.%d" % tuple(data[at:end])  # noqa: UP031 (twice as fast)
    if kind == 28 and size == 16:
        return inet_ntop(AF_INET6, data[at:end])
    if kind in (2, 5, 12, 39):
        return _name(data[:end], at)[0]
    if kind == 15:
        return f"{_SHORT.unpack_from(data, at)[0]} {_name(data[:end], at + 2)[0]}"
    if kind == 33:
        weights = " ".join(map(str, _SRV.unpack_from(data, at)))
        return f"{weights} {_name(data[:end], at + 6)[0]}"
    if kind == 6:
        server, at = _name(data[:end], at)
        person, at = _name(data[:end], at)
        return f"{server} {person} {int.from_bytes(data[at : at + 4], 'big')}"
    if kind in (16, 99):
        parts = []
        while at < end:
            parts.append(data[at + 1 : min(at + 1 + data[at], end)].decode("utf-8", "replace"))
            at += 1 + data[at]
        return "".join(parts)
    if kind == 257:
        tag = at + 2 + data[at + 1]
        return f"{data[at]} {_label(data[at + 2 : tag])} {data[tag:end].decode('utf-8', 'replace')}"
    return f"{TYPES.get(kind, f'TYPE{kind}')} ({size} bytes)"
