"""Certificates: whose they are, for which names, how long; whatever stands in their place."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st

import prodforensics as pf
from prodforensics.network.protocols.certificates import (
    Certificate,
    Certificates,
    is_for,
    read_certificate,
)
from tests.conftest import HOSTILE
from tests.network.tls_talk import NOW, certificate


def test_what_a_certificate_says():
    der, _ = certificate("api.example", ("api.example", "*.shop.example"))
    found = read_certificate(der)
    assert found.subject == found.issuer == "CN=api.example"
    assert found.names == ("api.example", "*.shop.example")
    assert found.not_before == int((NOW - timedelta(days=1)).timestamp()) * 10**9
    assert found.not_after == int((NOW + timedelta(days=90)).timestamp()) * 10**9
    assert (found.self_signed, found.key, found.problem) == (True, "EC secp256r1", "")


def test_who_signed_it():
    above = certificate("CA", ())
    found = read_certificate(certificate("leaf.example", issuer=above)[0])
    assert (found.issuer, found.self_signed) == ("CN=CA", False)
    # One of the same name that another key signed is not signed by itself.
    twin = read_certificate(certificate("CA", ("x.example",), issuer=above)[0])
    assert (twin.subject, twin.issuer, twin.self_signed) == ("CN=CA", "CN=CA", False)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (rsa.generate_private_key(65537, 2048), "RSA 2048"),
        (ed25519.Ed25519PrivateKey.generate(), "Ed25519"),
    ],
)
def test_keys_and_dates_beyond_all_others(key, said):
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "old.example")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(1950, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(9999, 12, 31, tzinfo=UTC))
        .sign(key, hashes.SHA256() if said.startswith("RSA") else None)
    )
    found = read_certificate(made.public_bytes(serialization.Encoding.DER))
    assert found.key == said
    assert found.not_before < 0
    assert found.not_after == 2**63 - 1
    assert found.names == ("old.example",)  # its common name, without any other


@pytest.mark.parametrize(
    ("host", "fits"),
    [
        ("shop.example", True), ("SHOP.example.", True), ("api.shop.example", True),
        ("a.b.shop.example", False), ("x.shop.example.org", False), ("shop.example.org", False),
        ("10.1.2.3", True), ("10.1.2.4", False), ("::1", True), ("0:0:0:0:0:0:0:1", True),
        ("a.com", False), ("", False),
    ],
)  # fmt: skip
def test_for_which_hosts(host, fits):
    names = ("Shop.Example", "*.shop.example", "10.1.2.3", "::1", "*.com")
    assert is_for(Certificate(names=names), host) == fits


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_kept_as_text(name):
    if "\x00" in name:
        name = name.replace("\x00", "")
    found = read_certificate(certificate(name[:60], ())[0])
    assert found.names == (name[:60],)
    assert found.subject.startswith("CN=")


@given(st.binary(max_size=100))
def test_what_is_no_certificate_is_told(der):
    assert read_certificate(der).problem


@given(st.data())
def test_damaged_certificates_never_raise(data):
    der = bytearray(certificate()[0])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(der) - 1))
        der[at] = data.draw(st.integers(0, 255))
    del der[data.draw(st.integers(0, len(der))) :]
    found = read_certificate(bytes(der))
    assert isinstance(found.problem, str)


def test_one_certificate_is_read_once():
    known = Certificates()
    der, _ = certificate()
    assert known[der] is known[bytes(der)]


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("tls.expired", "expired_at_capture"),
        ("tls.not_yet_valid", "not_yet_valid"),
        ("tls.wrong_name", "wrong_name"),
    ],
)
def test_samples_are_what_they_were_made_for(name, column):
    path = f"network/{name}.pcap.zst"
    frame = pf.load(pf.samples.path(path), progress=False).frames["tls"]
    assert frame[column].all()
    others = {"expired_at_capture", "not_yet_valid", "wrong_name", "self_signed"} - {column}
    assert not frame[sorted(others)].any(axis=None)
    (truth,) = [one["ground_truth"] for one in pf.samples.entries() if one["path"] == path]
    assert (frame["san"] == truth["certificate"]["name"]).all()
    assert (frame["sni"] == truth["sni"]).all()
