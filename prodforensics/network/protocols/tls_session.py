"""What the two sides of a TLS handshake say together."""

from __future__ import annotations

from dataclasses import dataclass

from prodforensics.network.protocols.certificates import Certificate, Certificates, is_for
from prodforensics.network.protocols.tls_handshake import (
    CERTIFICATE,
    CERTIFICATE_REQUEST,
    CLIENT_HELLO,
    SERVER_HELLO,
    SERVER_KEY_EXCHANGE,
    ClientHello,
    ServerHello,
    certificates,
    client_hello,
    key_exchange_group,
    server_hello,
)
from prodforensics.network.protocols.tls_names import alert, cipher_suite, version
from prodforensics.network.protocols.tls_records import Message, Records

__all__ = ["Session", "session_of"]

_TLS13 = 0x0304
_ALERT_RECORD = 19
"""Bytes of an encrypted alert since TLS 1.3: level, number, its kind, and the tag."""
_LEVELS = {1: "warning", 2: "fatal"}
_SIDES = ("client", "server")


@dataclass(slots=True)
class Session:
    """A handshake; see `prodforensics.network.protocols.schemas_tls.TLS` for what is not said here.

    Attributes
    ----------
    client_hello, server_hello, certificate, finished, first_app, alerted, alerted_encrypted : int
        Packets, from 0; -1 for none. `finished` is where the handshake was complete.
    chain : tuple of Certificate
        Of the server's chain in clear, its own first.
    """

    protocol: str = "tls"
    stream: int = -1
    client_side: int = 0
    sni: str = ""
    offered_versions: str = ""
    offered_alpn: str = ""
    ja3: str = ""
    ja4: str = ""
    version: str = ""
    cipher: str = ""
    group: str = ""
    alpn: str = ""
    ja3s: str = ""
    hello_retry: bool = False
    resumed: bool = False
    early_data: bool = False
    quic_version: str = ""
    alert_level: str = ""
    alert_code: int = -1
    alert: str = ""
    alert_from: str = ""
    encrypted_alert_from: str = ""
    plain_answer: bool = False
    chain: tuple[Certificate, ...] = ()
    wrong_name: bool = False
    client_certificate: str = ""
    client_hello: int = -1
    server_hello: int = -1
    certificate: int = -1
    finished: int = -1
    first_app: int = -1
    alerted: int = -1
    alerted_encrypted: int = -1
    unread: str = ""

    def take_client(self, hello: ClientHello, packet: int) -> None:
        """Take what the first ClientHello asks for."""
        self.client_hello = packet
        self.sni, self.offered_versions = hello.sni, hello.versions
        self.offered_alpn, self.early_data = hello.alpn, hello.early_data
        self.ja3, self.ja4 = hello.ja3, hello.ja4

    def take_server(self, hello: ServerHello, packet: int) -> None:
        """Take what the ServerHello chooses."""
        self.server_hello = packet
        self.version, self.cipher = version(hello.version), cipher_suite(hello.cipher)
        self.group, self.alpn, self.ja3s = hello.group, hello.alpn, hello.ja3s

    def take_alert(self, level: int, number: int, sender: str, packet: int) -> None:
        """Take an alert in clear."""
        self.alert_level = _LEVELS.get(level) or str(level)
        self.alert_code, self.alert = number, alert(number)
        self.alert_from, self.alerted = sender, packet

    def say(self, problem: str) -> None:
        """Add what could not be read."""
        if problem and problem not in self.unread:
            self.unread = f"{self.unread}; {problem}" if self.unread else problem


def session_of(client: Records, server: Records, known: Certificates) -> Session | None:
    """Put a handshake together.

    Parameters
    ----------
    client, server : Records
        What the two sides sent.
    known : Certificates

    Returns
    -------
    Session or None
        None where there is neither a hello nor an alert.
    """
    asked = _first(client, CLIENT_HELLO)
    answers = [message for message in server.messages if message.kind == SERVER_HELLO]
    if asked is None and not answers and not client.alerts and not server.alerts:
        return None
    found = Session()
    hello: ClientHello | None = None
    if asked is not None:
        hello = client_hello(asked.body, asked.whole)
        found.take_client(hello, asked.packet)
        found.say(hello.problem)
    number = _take_answers(found, answers, hello) if answers else 0
    _take_alerts(found, client, server)
    if number >= _TLS13:
        _finish_encrypted(found, client, server)
    elif number:
        _take_certificates(found, client, server, known)
        _finish(found, client, server)
    for side, records in zip(_SIDES, (client, server), strict=True):
        if records.problem:
            found.say(f"{side}: {records.problem}")
    return found


def _first(records: Records, kind: int) -> Message | None:
    for message in records.messages:
        if message.kind == kind:
            return message
    return None


def _take_answers(found: Session, answers: list[Message], hello: ClientHello | None) -> int:
    """Take the ServerHello, and the request for another hello before it."""
    read = [(server_hello(message.body, message.whole), message.packet) for message in answers]
    found.hello_retry = read[0][0].retry
    answer, packet = read[1] if found.hello_retry and len(read) > 1 else read[0]
    found.take_server(answer, packet)
    found.say(answer.problem)
    if answer.version >= _TLS13:
        found.resumed = answer.pre_shared
    elif hello is not None:
        found.resumed = bool(hello.session) and hello.session == answer.session
    return answer.version


def _take_alerts(found: Session, client: Records, server: Records) -> None:
    """Take the first fatal alert in clear, or else the first one."""
    both = zip(_SIDES, (client, server), strict=True)
    alerts = [(one[0] != 2, one[2], one, side) for side, records in both for one in records.alerts]
    if alerts:
        *_, (level, number, packet), side = min(alerts)
        found.take_alert(level, number, side, packet)


def _finish_encrypted(found: Session, client: Records, server: Records) -> None:
    """Find Finished and data since TLS 1.3, where both are encrypted.

    All that is encrypted looks like application data. The client's first record after the
    ServerHello is its Finished, which has a length of its own, unless a certificate comes before.
    What the server sends then may be tickets, so that data is what the client sends next.
    """
    before = [packet for _, packet in client.data if packet < found.server_hello]
    if found.early_data and before:
        found.first_app = before[0]
    records = client.data[len(before) :]
    if not records:
        return
    if records[0][0] == _ALERT_RECORD:
        found.encrypted_alert_from, found.alerted_encrypted = "client", records[0][1]
        return
    expected = (48 if found.cipher.endswith("SHA384") else 32) + 4 + 17
    lengths = [length for length, _ in records[:6]]
    place = lengths.index(expected) if expected in lengths else 0
    found.finished = records[place][1]
    if len(records) > place + 1 and records[place + 1][0] != _ALERT_RECORD:
        if found.first_app < 0:
            found.first_app = records[place + 1][1]
    elif len(records) > place + 1:
        return  # the client closes: what the server says then is no complaint
    later = [record for record in server.data if record[1] > found.finished]
    if later and later[0][0] == _ALERT_RECORD:
        found.encrypted_alert_from, found.alerted_encrypted = "server", later[0][1]


def _finish(found: Session, client: Records, server: Records) -> None:
    """Find Finished and data up to TLS 1.2, where records say which is which."""
    if client.finished >= 0 and server.finished >= 0:
        found.finished = max(client.finished, server.finished)
    first = [records.data[0][1] for records in (client, server) if records.data]
    found.first_app = min(first, default=-1)
    both = zip(_SIDES, (client, server), strict=True)
    alerts = sorted((packet, side) for side, one in both for packet in one.encrypted_alerts[:1])
    if alerts and (found.finished < 0 or alerts[0][0] < found.finished):
        found.alerted_encrypted, found.encrypted_alert_from = alerts[0]


def _take_certificates(
    found: Session, client: Records, server: Records, known: Certificates
) -> None:
    sent = _first(server, CERTIFICATE)
    if sent is not None:
        found.certificate = sent.packet
        ders, problem = certificates(sent.body)
        found.chain = tuple(known[der] for der in ders)
        found.say(problem)
        for one in found.chain:
            found.say(one.problem)
        if found.chain and found.sni and found.chain[0].names:
            found.wrong_name = not is_for(found.chain[0], found.sni)
    exchange = _first(server, SERVER_KEY_EXCHANGE)
    if exchange is not None:
        found.group = key_exchange_group(exchange.body, found.cipher)
    if _first(server, CERTIFICATE_REQUEST) is not None:
        own = _first(client, CERTIFICATE)
        sending = own is not None and bool(certificates(own.body)[0])
        found.client_certificate = "sent" if sending else "none" if own is not None else "asked"
