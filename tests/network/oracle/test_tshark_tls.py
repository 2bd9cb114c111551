"""Hellos, certificates and alerts of samples and of OpenSSL are what tshark says."""

import re
import ssl
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

import prodforensics as pf
from prodforensics import tools
from prodforensics.network.tls_names import ALERTS, cipher_suite, group, version
from prodforensics.source import Source
from tests.conftest import require_tool
from tests.network.oracle.tshark import CAPTURES, loaded
from tests.network.tls_talk import capture, certificate, context, talk

pytestmark = pytest.mark.oracle

FIELDS = (
    "frame.number", "tcp.stream", "udp.stream", "tls.handshake.type",
    "tls.handshake.extensions_server_name", "tls.handshake.ja3", "tls.handshake.ja3s",
    "tls.handshake.version", "tls.handshake.extensions.supported_version",
    "tls.handshake.ciphersuite", "tls.handshake.extensions_alpn_str",
    "tls.handshake.extensions_key_share_group", "tls.handshake.server_named_curve",
    "tls.alert_message.level", "tls.alert_message.desc", "x509af.utcTime", "x509ce.dNSName",
    "tls.handshake.session_id",
)  # fmt: skip


def ask(file):
    """Return what tshark says of the packets with hellos, certificates or alerts in clear."""
    arguments = ["-n", "-r", file, "-Y", "tls.handshake.type or tls.alert_message.desc"]
    arguments += ["-T", "fields", "-E", "separator=/t", "-E", "occurrence=a", "-E", "aggregator=|"]
    for field in FIELDS:
        arguments += ["-e", field]
    printed = tools.run("tshark", arguments, seconds=60).stdout
    rows = [line.split("\t") for line in printed.splitlines() if line.count("\t")]
    return [dict(zip(FIELDS, row, strict=True)) for row in rows]


def first_of(rows, kind):
    """Give the first packet of each stream with a message of this kind."""
    seen = set()
    for row in rows:
        key = (row["tcp.stream"], row["udp.stream"])
        if str(kind) in row["tls.handshake.type"].split("|") and key not in seen:
            seen.add(key)
            yield key, row


def same(frame, rows):
    """Compare a frame with what tshark says."""
    known = {
        (str(row.stream), "") if row.protocol == "tls" else ("", str(row.stream)): row
        for row in frame.itertuples()
    }
    hellos = list(first_of(rows, 1))
    assert {key for key, _ in hellos} == {
        key for key, row in known.items() if row.client_hello_frame
    }
    for key, row in hellos:
        mine = known[key]
        assert mine.client_hello_frame == int(row["frame.number"])
        assert mine.sni == row["tls.handshake.extensions_server_name"]
        assert mine.ja3 == row["tls.handshake.ja3"]
        theirs = row["tls.handshake.extensions_alpn_str"]
        assert mine.offered_alpn == ", ".join(theirs.split("|") if theirs else ())
    answers = list(first_of((row for row in rows if row["tls.handshake.ja3s"]), 2))
    # The second of two answers counts: the first asked for another hello.
    again = {}
    for row in rows:
        if "2" in row["tls.handshake.type"].split("|"):
            again[row["tcp.stream"], row["udp.stream"]] = row
    assert set(again) == {key for key, row in known.items() if row.server_hello_frame}
    for key, row in again.items():
        mine = known[key]
        assert mine.hello_retry == (dict(answers)[key] is not row)
        assert mine.server_hello_frame == int(row["frame.number"])
        assert mine.ja3s == row["tls.handshake.ja3s"]
        assert mine.cipher == cipher_suite(int(row["tls.handshake.ciphersuite"], 0))
        chosen = row["tls.handshake.extensions.supported_version"] or row["tls.handshake.version"]
        assert mine.version == version(int(chosen, 0))
        if row["tls.handshake.extensions_alpn_str"] and mine.version == "1.2":
            assert mine.alpn == row["tls.handshake.extensions_alpn_str"]
        share = (
            row["tls.handshake.extensions_key_share_group"]
            or row["tls.handshake.server_named_curve"]
        )
        if share:
            assert mine.group == group(int(share, 0))
    for key, row in first_of(rows, 11):
        mine = known[key]
        if mine.version == "1.3":
            continue  # decrypted, by keys that the capture holds
        assert mine.certificate_frame == int(row["frame.number"])
        since, until, *_ = [
            datetime.fromisoformat(time[:19]) for time in row["x509af.utcTime"].split("|")
        ]
        assert mine.not_before.tz_localize(None) == since
        assert mine.not_after.tz_localize(None) == until
        assert mine.san == ", ".join(row["x509ce.dNSName"].split("|"))
    alerts = {}
    for row in rows:
        if row["tls.alert_message.desc"]:
            alerts.setdefault((row["tcp.stream"], row["udp.stream"]), row)
    shown = {key: row for key, row in known.items() if row.alert_frame}
    # With the keys that a capture may hold tshark sees Finished (20), and encrypted alerts.
    opened = {key for key, _ in first_of(rows, 20)}
    alerts = {key: row for key, row in alerts.items() if key not in opened}
    assert set(shown) == set(alerts)
    for key, row in alerts.items():
        mine = shown[key]
        assert mine.alert_frame == int(row["frame.number"])
        assert str(mine.alert_code) == row["tls.alert_message.desc"]
        assert mine.alert_level == {"1": "warning", "2": "fatal"}[row["tls.alert_message.level"]]


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
