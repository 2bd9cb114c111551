"""Messages of a TLS handshake, and the fingerprints of its hellos."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from hashlib import md5, sha256
from struct import Struct, unpack_from
from typing import NamedTuple

from prodforensics.network.protocols.tls_names import VERSIONS, group, is_grease, version

__all__ = [
    "CERTIFICATE",
    "CERTIFICATE_REQUEST",
    "CLIENT_HELLO",
    "SERVER_HELLO",
    "SERVER_KEY_EXCHANGE",
    "ClientHello",
    "ServerHello",
    "certificates",
    "client_hello",
    "key_exchange_group",
    "server_hello",
]

CLIENT_HELLO, SERVER_HELLO, CERTIFICATE = 1, 2, 11
SERVER_KEY_EXCHANGE, CERTIFICATE_REQUEST = 12, 13

_SNI, _GROUPS, _FORMATS, _SIGNATURES, _ALPN = 0, 10, 11, 13, 16
_PRE_SHARED_KEY, _EARLY_DATA, _SUPPORTED_VERSIONS, _KEY_SHARE = 41, 42, 43, 51
_RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
_MOST_CERTIFICATES = 100
_EXTENSION = Struct(">HH").unpack_from


class ClientHello(NamedTuple):
    """What a client asks for.

    Attributes
    ----------
    session : bytes
        The id of a session that it would go on with, or random bytes.
    sni : str
    versions : str
        The best first, as in ``"1.3, 1.2"``.
    alpn : str
        In its order, as in ``"h2, http/1.1"``.
    ja3, ja4 : str
        Fingerprints; empty of a hello that is not whole.
    early_data : bool
    problem : str
        What could not be read.
    """

    session: bytes
    sni: str
    versions: str
    alpn: str
    ja3: str
    ja4: str
    early_data: bool
    problem: str


class ServerHello(NamedTuple):
    """What a server chooses.

    Attributes
    ----------
    version, cipher : int
    session : bytes
    alpn : str
        Empty where it chooses none, and since TLS 1.3, where that is encrypted.
    group : str
        Of the key exchange; up to TLS 1.2 another message tells (`key_exchange_group`).
    retry : bool
        Whether it asks for another hello.
    pre_shared : bool
        Whether it takes the key of an earlier session.
    ja3s : str
        Fingerprint; empty of a hello that is not whole.
    problem : str
        What could not be read.
    """

    version: int
    cipher: int
    session: bytes
    alpn: str
    group: str
    retry: bool
    pre_shared: bool
    ja3s: str
    problem: str


def client_hello(body: bytes, whole: bool = True, transport: str = "t") -> ClientHello:
    """Read a ClientHello.

    Parameters
    ----------
    body : bytes
        Behind the four bytes of type and length; also of one that was cut.
    whole : bool
        Whether it is all there.
    transport : {"t", "q"}
        Of TLS over TCP, or in QUIC: JA4 begins with it.
    """
    legacy = body[:2]
    at = 35 + body[34] if len(body) > 34 else len(body)
    session = body[35:at]
    size = int.from_bytes(body[at : at + 2], "big")
    ciphers = body[at + 2 : at + 2 + size]
    at += 2 + size
    at += 1 + (body[at] if at < len(body) else 0)
    types, parts, problem = _extensions(body, at)
    if not whole:
        problem = "the ClientHello is cut"
    offered = parts.get(_SUPPORTED_VERSIONS, b"")[1:]
    protocols = parts.get(_ALPN, b"")[2:]
    texts = _fingerprints(
        transport, legacy, ciphers, types, parts.get(_GROUPS, b"")[2:],
        parts.get(_FORMATS, b"")[1:], parts.get(_SIGNATURES, b"")[2:], offered, protocols,
    )  # fmt: skip
    ja3, ja4 = ("", "") if problem else texts[:2]
    sni = parts.get(_SNI, b"")
    size = int.from_bytes(sni[3:5], "big")
    name = _text(sni[5 : 5 + size]) if sni[2:3] == b"\0" else ""
    return ClientHello(session, name, *texts[2:], ja3, ja4, _EARLY_DATA in parts, problem)


def server_hello(body: bytes, whole: bool = True) -> ServerHello:
    """Read a ServerHello, or the request for another ClientHello.

    Parameters
    ----------
    body : bytes
        Behind the four bytes of type and length; also of one that was cut.
    whole : bool
        Whether it is all there.
    """
    legacy = int.from_bytes(body[:2], "big")
    at = 35 + body[34] if len(body) > 34 else len(body)
    cipher = int.from_bytes(body[at : at + 2], "big")
    types, parts, problem = _extensions(body, at + 3)
    if not whole:
        problem = "the ServerHello is cut"
    elif len(body) < at + 3:
        problem = "the ServerHello is too short"
    chosen = parts.get(_SUPPORTED_VERSIONS, b"")
    share = parts.get(_KEY_SHARE, b"")
    protocols = _protocols(parts.get(_ALPN, b"")[2:])
    return ServerHello(
        version=int.from_bytes(chosen[:2], "big") if len(chosen) == 2 else legacy,
        cipher=cipher,
        session=body[35:at],
        alpn=_text(protocols[0]) if protocols else "",
        group=group(int.from_bytes(share[:2], "big")) if len(share) >= 2 else "",
        retry=body[2:34] == _RETRY,
        pre_shared=_PRE_SHARED_KEY in parts,
        ja3s="" if problem else _ja3s(legacy, cipher, types),
        problem=problem,
    )


def key_exchange_group(body: bytes, suite: str) -> str:
    """Return the group that a ServerKeyExchange names; of finite fields its bits.

    Parameters
    ----------
    body : bytes
    suite : str
        IANA's name of the cipher suite.

    Examples
    --------
    >>> key_exchange_group(bytes([3, 0, 29]), "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256")
    'x25519'
    """
    if "_ECDH" in suite and body[:1] == b"\3" and len(body) >= 3:
        return group(int.from_bytes(body[1:3], "big"))
    if "_DHE_" in suite or "_DH_anon" in suite:
        prime = body[2 : 2 + int.from_bytes(body[:2], "big")]
        return f"DH {int.from_bytes(prime, 'big').bit_length()}" if prime else ""
    return ""


def certificates(body: bytes) -> tuple[list[bytes], str]:
    """Return the certificates of a message up to TLS 1.2, the sender's own first.

    Returns
    -------
    list of bytes
        In DER.
    str
        What could not be read.
    """
    found: list[bytes] = []
    at, end = 3, 3 + int.from_bytes(body[:3], "big")
    while at + 3 <= min(end, len(body)) and len(found) < _MOST_CERTIFICATES:
        size = int.from_bytes(body[at : at + 3], "big")
        if at + 3 + size > min(end, len(body)):
            return found, "a certificate is cut"
        found.append(body[at + 3 : at + 3 + size])
        at += 3 + size
    return found, ""


def _extensions(body: bytes, at: int) -> tuple[tuple[int, ...], dict[int, bytes], str]:
    """Return the types of extensions in their order, their contents, and what is wrong."""
    size = len(body)
    if at == size:
        return (), {}, ""
    if at + 2 > size:
        return (), {}, "the hello ends before its extensions"
    end = at + 2 + int.from_bytes(body[at : at + 2], "big")
    problem = "" if end <= size else "the hello ends within its extensions"
    end = min(end, size)
    at += 2
    types: list[int] = []
    parts: dict[int, bytes] = {}
    while at + 4 <= end:
        kind, length = _EXTENSION(body, at)
        types.append(kind)
        at += 4
        if kind not in parts:
            parts[kind] = body[at : at + length]
        at += length
    if at > end:
        problem = "an extension ends behind its hello"
    return tuple(types), parts, problem


# Clients of one program send the same but for names, keys and random bytes.
@lru_cache(maxsize=1024)
def _fingerprints(
    transport: str,
    legacy: bytes,
    ciphers: bytes,
    types: tuple[int, ...],
    groups: bytes,
    formats: bytes,
    signatures: bytes,
    offered: bytes,
    protocols: bytes,
) -> tuple[str, str, str, str]:
    """Return JA3, JA4, the versions and the protocols."""
    suites, kinds = _numbers(ciphers), _unlike_grease(types)
    fields = (
        [int.from_bytes(legacy, "big")], suites, kinds, _numbers(groups), formats,
    )  # fmt: skip
    ja3 = ",".join("-".join(map(str, field)) for field in fields)
    versions = sorted(_numbers(offered), reverse=True) or [int.from_bytes(legacy, "big")]
    names = _protocols(protocols)
    first = versions[0]
    short = VERSIONS.get(first, "00").replace("SSL 3.0", "s3").replace(".", "")
    head = (
        f"{transport}{short}{'d' if _SNI in kinds else 'i'}"
        f"{min(len(suites), 99):02}{min(len(kinds), 99):02}{_ends(names)}"
    )
    listed = ",".join(f"{kind:04x}" for kind in sorted(kinds) if kind not in (_SNI, _ALPN))
    signing = ",".join(f"{one:04x}" for one in _numbers(signatures))
    tail = f"{listed}_{signing}" if signing else listed
    ja4 = f"{head}_{_short(','.join(f'{one:04x}' for one in sorted(suites)))}_{_short(tail)}"
    return (
        _md5(ja3),
        ja4,
        ", ".join(map(version, versions)),
        ", ".join(map(_text, names)),
    )


@lru_cache(maxsize=1024)
def _ja3s(legacy: int, cipher: int, types: tuple[int, ...]) -> str:
    return _md5(f"{legacy},{cipher},{'-'.join(map(str, _unlike_grease(types)))}")


def _numbers(pairs: bytes) -> list[int]:
    """Return two-byte numbers without those of GREASE."""
    return _unlike_grease(unpack_from(f">{len(pairs) // 2}H", pairs))


def _unlike_grease(numbers: Iterable[int]) -> list[int]:
    return [number for number in numbers if not is_grease(number)]


def _protocols(names: bytes) -> list[bytes]:
    """Return the names of a list of ALPN, those of GREASE left out."""
    found, at = [], 0
    while at < len(names):
        name = names[at + 1 : at + 1 + names[at]]
        at += 1 + names[at]
        if not (len(name) == 2 and is_grease(int.from_bytes(name, "big"))):
            found.append(name)
    return found


def _ends(names: list[bytes]) -> str:
    """Return the first and the last character of the first protocol, as JA4 has them."""
    if not names or not names[0]:
        return "00"
    name = names[0]
    if chr(name[0]).isalnum() and chr(name[-1]).isalnum() and name[0] < 128 > name[-1]:
        return chr(name[0]) + chr(name[-1])
    return name.hex()[0] + name.hex()[-1]


def _text(name: bytes) -> str:
    return name.decode("ascii", "backslashreplace")


def _md5(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()


def _short(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:12] if text else "0" * 12
