"""TLS handshakes of a capture: what was asked, what was chosen, how it went."""

import ssl
from functools import cache

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import prodforensics as pf
from prodforensics.network.protocols.schemas_tls import TLS
from tests.conftest import HOSTILE
from tests.network import wire
from tests.network.tls_talk import capture, certificate, context, packets, talk

TLS12, TLS13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


def sessions(path, made):
    path.write_bytes(made)
    frame = pf.load(path, progress=False).frames["tls"]
    TLS.validate(frame)
    return frame


@pytest.fixture
def read(tmp_path):
    """Return a function that gives the sessions of conversations, or of a capture's bytes."""

    def read(*talks, **options):
        made = talks[0] if isinstance(talks[0], bytes) else capture(talks, **options)
        return sessions(tmp_path / "made.pcap", made)

    return read


def server(version=None, chain=None, **settings):
    return context("server", chain or (certificate(),), version, **settings)


@pytest.mark.parametrize("segment", [1400, 700, 100, 7, 1])
@pytest.mark.parametrize("version", [TLS12, TLS13])
def test_a_handshake_in_segments_of_any_size(read, version, segment):
    protocols = {"set_alpn_protocols": ["h2", "http/1.1"]}
    said = talk(context("client", **protocols), server(version, set_alpn_protocols=["h2"]))
    (row,) = read(said, segment=segment).itertuples()
    assert row.sni == "shop.example"
    assert row.offered_alpn == "h2, http/1.1"
    assert f"TLSv{row.version}" == said.facts["version"]
    assert row.group == "x25519"
    assert not row.resumed
    assert not row.unread
    assert row.alpn == ("h2" if version == TLS12 else "")
    assert row.certificates == (1 if version == TLS12 else 0)
    asked = row.first_app_ts - row.client_hello_ts
    assert 0 < row.handshake_ns < asked.value
    assert row.client_hello_frame < row.server_hello_frame < row.first_app_frame


def test_frames_are_those_that_complete_a_message(read):
    said = talk(context("client"), server(TLS12))
    (row,) = read(said, segment=300).itertuples()
    # SYN, SYN-ACK, ACK, then the hello of 517 bytes in two segments, and the answer.
    assert (row.client_hello_frame, row.server_hello_frame) == (5, 6)
    assert row.certificate_frame == 7


def test_the_client_may_be_who_did_not_begin(read):
    said = talk(context("client"), server(TLS12))
    turned = [(1 - side, text) for side, text in said.turns]
    (row,) = read(turned, client="10.0.0.1", server="10.0.0.2:443").itertuples()
    assert (row.client_ip, row.client_port, row.server_port) == ("10.0.0.2", 443, 40000)
    assert row.sni == "shop.example"


@pytest.mark.parametrize("version", [TLS12, TLS13])
def test_a_session_that_goes_on(read, version):
    client, asked = context("client"), server(version)
    first = talk(client, asked)
    second = talk(client, asked, session=first.session)
    assert second.facts["resumed"]
    frame = read(first, second)
    assert frame["resumed"].tolist() == [False, True]
    assert (frame["handshake_ns"] > 0).all()
    assert (frame["first_app_frame"] > 0).all()


def test_a_request_for_another_hello(read):
    (row,) = read(talk(context("client"), server(TLS13, set_ecdh_curve="secp384r1"))).itertuples()
    assert row.hello_retry
    assert (row.group, row.version) == ("secp384r1", "1.3")
    # 4 is the first hello, 5 asks for another, 6 is that, and 7 the answer.
    assert (row.client_hello_frame, row.server_hello_frame) == (4, 7)
    assert row.handshake_ns > 0


def test_a_client_that_does_not_trust_the_server(read):
    client = context("client", verify_mode=ssl.CERT_REQUIRED)
    (row,) = read(talk(client, server(TLS12))).itertuples()
    assert (row.alert_level, row.alert_code, row.alert) == ("fatal", 48, "unknown_ca")
    assert (row.alert_from, row.handshake_ns) == ("client", -1)
    assert row.self_signed
    assert row.alert_frame == 6


def test_versions_that_do_not_meet(read):
    said = talk(context("client", version=TLS12), server(TLS13))
    (row,) = read(said).itertuples()
    assert (row.alert, row.alert_from, row.version) == ("protocol_version", "server", "")
    assert row.offered_versions == "1.2"
    assert pd.isna(row.server_hello_ts)


@pytest.mark.parametrize(
    ("version", "sent"), [(TLS12, "handshake_failure"), (TLS13, "")], ids=["1.2", "1.3"]
)
def test_a_certificate_that_the_client_does_not_have(read, version, sent):
    asked = server(version, verify_mode=ssl.CERT_REQUIRED)
    (row,) = read(talk(context("client"), asked)).itertuples()
    assert row.alert == sent
    if version == TLS12:
        assert row.client_certificate == "none"
    else:  # nobody but the client can read why
        assert row.encrypted_alert_from == "server"
        assert row.encrypted_alert_frame > row.server_hello_frame


def test_a_client_that_shows_a_certificate(read):
    own = certificate("client")
    asked = server(TLS12, verify_mode=ssl.CERT_OPTIONAL)
    said = talk(context("client", (own,)), asked)
    (row,) = read(said).itertuples()
    assert row.client_certificate == "sent"


@pytest.mark.parametrize(
    ("days", "expired", "early"), [((-9, -1), True, False), ((1, 9), False, True)]
)
def test_validity_is_judged_at_the_time_of_the_capture(read, days, expired, early):
    chain = (certificate(days=days),)
    (row,) = read(talk(context("client"), server(TLS12, chain))).itertuples()
    assert (row.expired_at_capture, row.not_yet_valid) == (expired, early)
    assert (row.not_after - row.not_before).days == days[1] - days[0]
    assert not row.wrong_name
    assert row.key == "EC secp256r1"


def test_a_chain_whose_middle_is_over(read):
    above = certificate("Old CA", (), days=(-90, -1))
    chain = (certificate(issuer=above), above)
    (row,) = read(talk(context("client"), server(TLS12, chain))).itertuples()
    assert (row.certificates, row.expired_at_capture, row.chain_expired) == (2, False, True)
    assert (row.issuer, row.self_signed) == ("CN=Old CA", False)


def test_a_certificate_for_another_name(read):
    said = talk(context("client"), server(TLS12), name="pay.example")
    (row,) = read(said).itertuples()
    assert row.wrong_name
    assert (row.sni, row.san) == ("pay.example", "shop.example")


def test_an_answer_that_is_no_tls(read):
    hello = talk(context("client"), server()).turns[0]
    frame = read([hello, (1, b"HTTP/1.1 400 Bad Request\r\n\r\n")], [hello])
    assert frame["plain_answer"].tolist() == [True, False]
    assert frame["version"].tolist() == ["", ""]


def test_tls_behind_a_proxy(read):
    said = talk(context("client"), server(TLS12))
    asked = [(0, b"CONNECT shop.example:443 HTTP/1.1\r\n\r\n"), (1, b"HTTP/1.1 200 OK\r\n\r\n")]
    (row,) = read([*asked, *said.turns]).itertuples()
    assert (row.sni, row.version, row.subject) == ("shop.example", "1.2", "CN=shop.example")
    assert row.client_hello_frame == 6


def test_only_one_side_was_captured(read):
    said = talk(context("client"), server(TLS12))
    client, answer = ([turn for turn in said.turns if turn[0] == side] for side in (0, 1))
    alone, other = read(client, answer).itertuples()
    assert (alone.sni, alone.version, alone.handshake_ns) == ("shop.example", "", -1)
    assert (other.sni, other.version, other.handshake_ns) == ("", "1.2", -1)
    assert (other.client_port, other.server_port) == (40001, 443)
    assert other.subject == "CN=shop.example"


def test_segments_out_of_order_and_sent_again(read):
    made = packets([talk(context("client"), server(TLS12))], segment=400)
    # The server's answer begins with packet 5; its second segment comes first, and twice.
    shuffled = [*made[:5], made[6], made[5], made[6], *made[7:]]
    (row,) = read(wire.pcap(shuffled)).itertuples()
    assert row.version == "1.2"
    assert row.subject == "CN=shop.example"
    assert not row.unread
    assert row.certificate_frame == 7  # what completes it is the first segment


def test_a_lost_segment_is_told(read):
    made = packets([talk(context("client"), server(TLS12))], segment=150)
    answer = next(k for k, one in enumerate(made) if b"\x16\x03\x03" in one and k > 6)
    (row,) = read(wire.pcap(made[: answer + 1] + made[answer + 2 :])).itertuples()
    assert row.version == "1.2"
    assert row.sni == "shop.example"
    assert row.unread


def test_a_snap_length_leaves_what_stands_in_front(read):
    made = packets([talk(context("client"), server(TLS12))])
    cut = bytearray(wire.pcap(made)[:24])
    for number, one in enumerate(made):
        sizes = (1_700_000_000, number * 1000, min(len(one), 300), len(one))
        cut += b"".join(size.to_bytes(4, "little") for size in sizes) + one[:300]
    (row,) = read(bytes(cut)).itertuples()
    assert (row.version, row.sni, row.ja3) == ("1.2", "shop.example", "")
    assert "cut" in row.unread
    assert row.first_app_frame > 0


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_text(read, name):
    hello = talk(context("client"), server(), name="x" * len(name.encode())).turns[0][1]
    text = name.encode()
    (row,) = read([(0, hello.replace(b"x" * len(text), text))]).itertuples()
    assert row.sni.encode().decode("unicode_escape") == text.decode("latin-1")


def test_a_capture_without_tls(read):
    frame = read([(0, b"GET / HTTP/1.1\r\n\r\n"), (1, b"HTTP/1.1 200 OK\r\n\r\n")])
    assert frame.empty


def test_handshakes_of_a_time_are_in_order(read):
    said = talk(context("client"), server(TLS12))
    frame = read(*([said] * 5))
    assert frame["stream"].tolist() == list(range(5))
    assert frame.index.tolist() == list(range(5))
    assert frame["client_hello_ts"].is_monotonic_increasing


@pytest.mark.filterwarnings("ignore::prodforensics.PartialEvidenceWarning")
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_handshakes_are_rows_or_nothing(read, data):
    made = bytearray(damageable())
    for _ in range(data.draw(st.integers(1, 20))):
        # Behind the headers of the file: any byte of packets and their records.
        at = data.draw(st.integers(24, len(made) - 4))
        new = data.draw(
            st.sampled_from([b"\xff\xff\xff", b"\0\0\0", b"\x16\3\1"]) | st.binary(max_size=2)
        )
        made[at : at + len(new)] = new
    frame = read(bytes(made))
    assert (frame["client_hello_frame"] >= 0).all()
    assert (frame["handshake_ns"] >= -1).all()


@cache
def damageable():
    talks = [talk(context("client"), server(version)) for version in (TLS12, TLS13)]
    retried = talk(context("client"), server(TLS13, set_ecdh_curve="secp384r1"))
    return capture([*talks, retried], segment=500)
