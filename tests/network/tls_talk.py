"""TLS handshakes of OpenSSL in memory, and captures of them."""

import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.network import wire

NOW = datetime.fromtimestamp(1_700_000_000, UTC)


@cache
def certificate(name="shop.example", alternatives=("shop.example",), issuer=None, days=(-1, 90)):
    """Make a certificate, in DER, and its key, in PEM; signed by itself unless by another."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    signer, signing = subject, key
    if issuer is not None:
        signer = x509.load_der_x509_certificate(issuer[0]).subject
        signing = serialization.load_pem_private_key(issuer[1], None)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signer)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(NOW + timedelta(days=days[0]))
        .not_valid_after(NOW + timedelta(days=days[1]))
    )
    if alternatives:
        names = x509.SubjectAlternativeName([x509.DNSName(one) for one in alternatives])
        builder = builder.add_extension(names, critical=False)
    made = builder.sign(signing, hashes.SHA256())
    return (
        made.public_bytes(serialization.Encoding.DER),
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )


def context(side, chain=None, version=None, **settings):
    """Make a context of a side that trusts everybody."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT if side == "client" else ssl.PROTOCOL_TLS_SERVER)
    made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    if version:
        made.minimum_version = made.maximum_version = version
    if chain:
        with TemporaryDirectory() as folder:
            file = Path(folder, "chain.pem")
            whole = "".join(ssl.DER_cert_to_PEM_cert(der) for der, _ in chain).encode()
            file.write_bytes(whole + chain[0][1])
            made.load_cert_chain(file)
    for name, value in settings.items():
        found = getattr(made, name)
        found(value) if callable(found) else setattr(made, name, value)
    return made


@dataclass
class Talk:
    """What two sides said: a list of (side, bytes), 0 the client, and where the handshake ended.

    Attributes
    ----------
    turns : list of (int, bytes)
    session : ssl.SSLSession
        To go on with.
    errors : list of str
        What each side complained of.
    """

    turns: list = field(default_factory=list)
    session: object = None
    errors: list = field(default_factory=list)
    facts: dict = field(default_factory=dict)


def talk(client, server, name="shop.example", session=None, data=True):
    """Let two contexts shake hands, and the client ask for something."""
    bios = [(ssl.MemoryBIO(), ssl.MemoryBIO()) for _ in range(2)]
    ends = [
        client.wrap_bio(*bios[0], server_hostname=name, session=session),
        server.wrap_bio(*bios[1], server_side=True),
    ]
    found, done = Talk(), [False, False]

    def carry(side):
        sent = bios[side][1].read()
        if sent:
            found.turns.append((side, sent))
            bios[1 - side][0].write(sent)
        return bool(sent)

    moved = True
    while moved:
        moved = False
        for side in (0, 1):
            if not done[side]:
                try:
                    ends[side].do_handshake()
                    done[side] = True
                except ssl.SSLWantReadError:
                    pass
                except ssl.SSLError as error:
                    found.errors.append(error.reason)
                    done[side] = True
            moved |= carry(side)
    if found.errors or not data:
        return found
    found.facts = {"version": ends[0].version(), "cipher": ends[0].cipher()[0]}
    found.facts |= {"alpn": ends[0].selected_alpn_protocol(), "resumed": ends[0].session_reused}
    for side, text in ((0, b"GET / HTTP/1.1\r\n\r\n"), (1, b"HTTP/1.1 200 OK\r\n\r\n")):
        try:
            ends[side].write(text)
            carry(side)
            ends[1 - side].read(100)
        except ssl.SSLError as error:
            found.errors.append(error.reason)
    found.session = ends[0].session
    return found


def packets(talks, segment=1400, client="10.0.0.1", server="10.0.0.2:443"):
    """Write the packets of conversations one after the other, each in a stream of its own."""
    made = []
    for number, one in enumerate(talks):
        ends = (f"{client}:{40000 + number}", server)
        at = [1000, 5000]
        made.append(wire.tcp(*ends, wire.SYN, at[0] - 1))
        made.append(wire.tcp(*ends[::-1], wire.SYN | wire.ACK, at[1] - 1, at[0]))
        made.append(wire.tcp(*ends, wire.ACK, at[0], at[1]))
        for side, text in one.turns if isinstance(one, Talk) else one:
            for start in range(0, len(text), segment):
                part = text[start : start + segment]
                way = ends if side == 0 else ends[::-1]
                made.append(wire.tcp(*way, wire.ACK, at[side], at[1 - side], part))
                at[side] += len(part)
    return made


def capture(talks, **options):
    """Write a capture of conversations."""
    return wire.pcap(packets(talks, **options))
