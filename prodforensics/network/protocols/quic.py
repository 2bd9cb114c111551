"""QUIC: the hellos in its Initial packets, which everybody may decrypt (RFC 9001, 9369).

The keys of Initial packets come from a number that the client's first one carries, so that these
packets are protected against change by accident, not against being read.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from prodforensics.kernels.tls_hellos import find_initials, first_one_rtt
from prodforensics.network.protocols.tls_handshake import (
    CLIENT_HELLO,
    SERVER_HELLO,
    client_hello,
    server_hello,
)
from prodforensics.network.protocols.tls_session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prodforensics.network.model import Capture

__all__ = [
    "InitialPacket",
    "Keys",
    "crypto_of",
    "decrypted",
    "initial_keys",
    "initials",
    "quic_sessions",
]

V1, V2 = 0x00000001, 0x6B3343CF
_SALTS = {
    V1: bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a"),
    V2: bytes.fromhex("0dede3def700a6db819381be6e269dcbf9bd2ed9"),
}
_DRAFT_29 = bytes.fromhex("afbfec289993d24c9e9786f19c6111e04390a899")  # until draft 32
_DRAFTS = range(0xFF00001D, 0xFF000023)
_LAST_OWN_SALT = 0xFF000020
_LONGEST = 2**16
_MOST_PACKETS = 32
"""Initial packets of a stream that are decrypted; a hello takes a few."""
_CLOSE, _CRYPTO_ERROR = 0x1C, 0x0100


class Keys(NamedTuple):
    """What protects the Initial packets of one side: 16, 12 and 16 bytes."""

    key: bytes
    iv: bytes
    header: bytes


class InitialPacket(NamedTuple):
    """An Initial packet as it stands in a datagram.

    Attributes
    ----------
    version : int
    destination, source : bytes
        Connection ids.
    start, number, end : int
        Where the packet begins, where its protected packet number does, and where it ends.
    """

    version: int
    destination: bytes
    source: bytes
    start: int
    number: int
    end: int


def initial_keys(version: int, destination: bytes) -> tuple[Keys, Keys]:
    """Return what protects the Initial packets of the client and of the server.

    Parameters
    ----------
    version : int
    destination : bytes
        Destination connection id of the client's first Initial packet.
    """
    salt = _SALTS.get(version) or (_DRAFT_29 if version <= _LAST_OWN_SALT else _SALTS[V1])
    label = b"quicv2 " if version == V2 else b"quic "
    secret = hmac.digest(salt, destination, "sha256")

    def of(side: bytes) -> Keys:
        own = _expand(secret, side, 32)
        return Keys(
            _expand(own, label + b"key", 16),
            _expand(own, label + b"iv", 12),
            _expand(own, label + b"hp", 16),
        )

    return of(b"client in"), of(b"server in")


def _expand(secret: bytes, label: bytes, size: int) -> bytes:
    """HKDF-Expand-Label of TLS 1.3, for one block of SHA-256 at the most."""
    label = b"tls13 " + label
    info = size.to_bytes(2, "big") + bytes([len(label)]) + label + b"\0\1"
    return hmac.digest(secret, info, "sha256")[:size]


def initials(datagram: bytes) -> Iterator[InitialPacket]:
    """Give the Initial packets that a datagram begins with.

    Parameters
    ----------
    datagram : bytes
        Of any bytes.
    """
    at = 0
    while at + 7 <= len(datagram):
        first = datagram[at]
        version = int.from_bytes(datagram[at + 1 : at + 5], "big")
        initial = 1 if version == V2 else 0
        known = version in _SALTS or version in _DRAFTS
        if first & 0xC0 != 0xC0 or not known or first >> 4 & 3 != initial:
            return
        place = at + 5
        ids = []
        for _ in range(2):
            if place >= len(datagram) or datagram[place] > 20:
                return
            size = datagram[place]
            ids.append(datagram[place + 1 : place + 1 + size])
            place += 1 + size
        token, place = _varint(datagram, place)
        length, place = _varint(datagram, place + token)
        if length < 20 or place >= len(datagram):
            return
        yield InitialPacket(version, *ids, at, place, place + length)
        at = place + length


def decrypted(datagram: bytes, packet: InitialPacket, keys: Keys) -> bytes | None:
    """Return what an Initial packet carries; None where these keys do not open it.

    Parameters
    ----------
    datagram : bytes
    packet : InitialPacket
    keys : Keys
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    sample = datagram[packet.number + 4 : packet.number + 20]
    if packet.end > len(datagram) or len(sample) < 16:
        return None
    mask = Cipher(algorithms.AES(keys.header), modes.ECB()).encryptor().update(sample)  # noqa: S305
    first = datagram[packet.start] ^ mask[0] & 0x0F
    size = (first & 3) + 1
    at = packet.number
    shown = zip(datagram[at : at + size], mask[1:], strict=False)
    number = bytes(one ^ other for one, other in shown)
    header = bytes([first]) + datagram[packet.start + 1 : at] + number
    padded = bytes(12 - size) + number
    nonce = bytes(one ^ other for one, other in zip(keys.iv, padded, strict=True))
    try:
        return AESGCM(keys.key).decrypt(nonce, datagram[at + size : packet.end], header)
    except (InvalidTag, ValueError):
        return None


def crypto_of(frames: bytes) -> tuple[list[tuple[int, bytes]], int]:
    """Return the pieces of TLS that the frames of a packet carry, and why the sender closes.

    Returns
    -------
    list of (int, bytes)
        Where a piece begins in the sender's flow, and the piece.
    int
        Error code of CONNECTION_CLOSE; -1 where there is none.
    """
    pieces: list[tuple[int, bytes]] = []
    at, closed = 0, -1
    while at < len(frames):
        kind = frames[at]
        at += 1
        if kind <= 1:  # PADDING, PING
            continue
        if kind in (2, 3):  # ACK: largest, delay, count, first range, and pairs
            _, at = _varint(frames, at)
            _, at = _varint(frames, at)
            count, at = _varint(frames, at)
            for _ in range(1 + 2 * min(count, _LONGEST) + 3 * (kind == 3)):
                if at >= len(frames):
                    break
                _, at = _varint(frames, at)
        elif kind == 6:
            offset, at = _varint(frames, at)
            size, at = _varint(frames, at)
            pieces.append((offset, frames[at : at + size]))
            at += size
        elif kind == _CLOSE:
            closed, at = _varint(frames, at)
            break
        else:
            break
    return pieces, closed


def _varint(text: bytes, at: int) -> tuple[int, int]:
    """Read a number of one, two, four or eight bytes; zero where the text ends."""
    if at >= len(text):
        return 0, len(text)
    size = 1 << (text[at] >> 6)
    number = int.from_bytes(text[at : at + size], "big")
    return number & (1 << 8 * size - 2) - 1, at + size


class _Flow:
    """The flow of TLS of one side."""

    def __init__(self) -> None:
        self._pieces: dict[int, bytes] = {}

    def add(self, offset: int, piece: bytes) -> None:
        """Keep a piece; of those at one place the longest."""
        if offset + len(piece) <= _LONGEST and len(piece) > len(self._pieces.get(offset, b"")):
            self._pieces[offset] = piece

    def messages(self) -> list[tuple[int, bytes]]:
        """Return kinds and bodies of the messages that are whole."""
        text = bytearray()
        for offset, piece in sorted(self._pieces.items()):
            if offset > len(text):
                break
            text += piece[len(text) - offset :]
        found, at = [], 0
        while at + 4 <= len(text):
            end = at + 4 + int.from_bytes(text[at + 1 : at + 4], "big")
            if end > len(text):
                break
            found.append((text[at], bytes(text[at + 4 : end])))
            at = end
        return found


class _Connection:
    """A QUIC handshake, read packet by packet."""

    def __init__(self, stream: int) -> None:
        self.session = Session(protocol="quic", stream=stream, client_side=-1)
        self._keys: list[tuple[bytes, tuple[Keys, Keys]]] = []
        self._count = 0
        self._flows = (_Flow(), _Flow())

    def take(self, datagram: bytes, sender: int, number: int) -> None:
        """Read the Initial packets of a datagram that the originator (0) or the other sent."""
        session = self.session
        if session.client_hello >= 0 and session.server_hello >= 0:
            return
        for packet in initials(datagram):
            self._count += 1
            if self._count > _MOST_PACKETS:
                return
            if packet.end > len(datagram):
                session.say("an Initial packet is cut")
                return
            opened = self._open(datagram, packet, sender)
            if opened is None:
                session.say("an Initial packet cannot be decrypted")
                return
            self._read(*opened, number)

    def _open(
        self, datagram: bytes, packet: InitialPacket, sender: int
    ) -> tuple[int, bytes] | None:
        """Return who sent a packet (0 the client), and what it carries."""
        session = self.session
        role = 0 if session.client_side in (-1, sender) else 1
        for _, keys in reversed(self._keys):
            text = decrypted(datagram, packet, keys[role])
            if text is not None:
                return role, text
        if role or any(packet.destination == known for known, _ in self._keys):
            return None
        # The first packet of a client, or the first after Retry.
        keys = initial_keys(packet.version, packet.destination)
        text = decrypted(datagram, packet, keys[0])
        if text is None:
            return None
        self._keys = [*self._keys[-2:], (packet.destination, keys)]
        session.client_side, session.quic_version = sender, _version(packet.version)
        return 0, text

    def _read(self, role: int, frames: bytes, number: int) -> None:
        session, flow = self.session, self._flows[role]
        pieces, closed = crypto_of(frames)
        for piece in pieces:
            flow.add(*piece)
        for kind, body in flow.messages() if pieces else ():
            if kind == CLIENT_HELLO and not role and session.client_hello < 0:
                hello = client_hello(body, transport="q")
                session.take_client(hello, number)
                session.say(hello.problem)
            elif kind == SERVER_HELLO and role and session.server_hello < 0:
                answer = server_hello(body)
                session.say(answer.problem)
                if answer.retry:
                    session.hello_retry = True
                else:
                    session.take_server(answer, number)
                    session.resumed = answer.pre_shared
        if _CRYPTO_ERROR <= closed < 2 * _CRYPTO_ERROR and session.alerted < 0:
            session.take_alert(2, closed - _CRYPTO_ERROR, ("client", "server")[role], number)


def quic_sessions(capture: Capture) -> list[Session]:
    """Read the handshakes of QUIC, in the order of their streams.

    Parameters
    ----------
    capture : Capture

    Returns
    -------
    list of Session
        One a stream of UDP that has an Initial packet of version 1, 2, or drafts 29 to 34.
    """
    packets, known = capture.packets, capture.udp_streams
    with capture.payloads.open() as data:
        found = np.zeros(len(packets), np.bool_)
        find_initials(
            data, packets.ip_protocol, packets.stream, packets.payload, packets.payload_captured,
            found,
        )  # fmt: skip
        rows = np.flatnonzero(found)
        if not len(rows):
            return []
        connections: dict[int, _Connection] = {}
        side = packets.direction[rows] ^ known.flipped[packets.stream[rows]]
        numbers = (rows, packets.stream[rows], side)
        for row, stream, sender in zip(*(one.tolist() for one in numbers), strict=True):
            if stream not in connections:
                connections[stream] = _Connection(stream)
            connections[stream].take(capture.payloads.of(row), sender, row)
        first = np.full(len(known), -1, np.int64)
        first[packets.stream[rows[::-1]]] = rows[::-1]
        one_rtt = np.full(2 * len(known), -1, np.int64)
        first_one_rtt(
            data, packets.ip_protocol, packets.stream, packets.direction, packets.payload,
            packets.payload_captured, first, one_rtt,
        )  # fmt: skip
    for stream, connection in connections.items():
        session = connection.session
        session.client_side = max(session.client_side, 0)
        # The client sends with the last keys once its handshake is complete.
        direction = session.client_side ^ int(known.flipped[stream])
        session.finished = session.first_app = int(one_rtt[2 * stream + direction])
    return [connection.session for connection in connections.values()]


def _version(number: int) -> str:
    return {V1: "1", V2: "2"}.get(number) or f"draft-{number & 0xFF}"
