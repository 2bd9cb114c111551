"""Hellos, certificates and alerts of samples and of OpenSSL are what tshark says."""

import re
import ssl
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

import prodforensics as pf
from prodforensics import tools
from prodforensics.network.protocols.tls_names import ALERTS, cipher_suite, group
from prodforensics.source import Source
from tests.conftest import require_tool
from tests.network.oracle.tshark import CAPTURES, loaded
from tests.network.oracle.tshark_tls import ask, same
from tests.network.tls_talk import capture, certificate, context, talk

pytestmark = pytest.mark.oracle


@pytest.mark.parametrize("name", CAPTURES)
def test_every_handshake_of_a_sample(name):
    require_tool("tshark")
    with TemporaryDirectory() as folder:
        source = Source(pf.samples.path(name))
        file = Path(folder, source.name)
        file.write_bytes(whole := b"".join(source.chunks()))
        frame = loaded(name).frames["tls"]
        # tshark takes its time, and most samples have nothing like a record.
        if len(frame) or b"\x16\x03" in whole:
            same(frame, ask(file))


@pytest.mark.parametrize("segment", [1400, 200, 33])
def test_handshakes_of_openssl(tmp_path, segment):
    require_tool("tshark")
    versions = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
    leaf, talks = certificate(), []
    for number in versions:
        server = context("server", (leaf,), number, set_alpn_protocols=["h2"])
        client = context("client", set_alpn_protocols=["h2", "http/1.1"])
        first = talk(client, server)
        talks += [first, talk(client, server, session=first.session)]
        talks.append(talk(context("client", verify_mode=ssl.CERT_REQUIRED), server))
        for other in versions:
            talks.append(talk(context("client", version=other), server, name=f"a{segment}.example"))
        talks.append(talk(client, context("server", (leaf,), number, set_ecdh_curve="secp384r1")))
    file = tmp_path / "talks.pcap"
    file.write_bytes(capture(talks, segment=segment))
    same(pf.load(file).frames["tls"], ask(file))


def test_names_of_numbers():
    require_tool("tshark")
    printed = tools.run("tshark", ["-G", "values"], seconds=60).stdout
    lines = [line.split("\t") for line in printed.splitlines() if line.startswith("V\ttls.")]
    suites = {
        int(number, 0): name
        for _, field, number, name in lines
        if field == "tls.handshake.ciphersuite" and name.startswith("TLS_")
    }
    # Names that IANA never gave: of drafts, and of one library.
    own = {number for number in suites if cipher_suite(number).startswith("0x")}
    assert all(
        re.search(r"SALSA20|EXPORT1024|GOSTR341|DSS_WITH_RC4|ECJPAKE", suites[one]) for one in own
    )
    assert {one: cipher_suite(one) for one in suites if one not in own} == {
        one: name for one, name in suites.items() if one not in own
    }
    alerts = {
        int(number): name.lower().replace(" ", "_")
        for _, field, number, name in lines
        if field == "tls.alert_message.desc"
    }
    assert alerts.items() <= ALERTS.items()
    groups = {
        int(number, 0): name
        for _, field, number, name in lines
        if field == "tls.handshake.extensions_supported_group"
    }
    assert {one: group(one) for one in range(1, 31)} == {one: groups[one] for one in range(1, 31)}
