"""Initial packets of QUIC are decrypted, and their hellos read."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

import prodforensics as pf
from prodforensics.network.protocols.quic import V2, crypto_of, decrypted, initial_keys, initials
from prodforensics.network.protocols.schemas_tls import TLS
from prodforensics.network.protocols.tls_handshake import client_hello
from tests.conftest import require_tool
from tests.network import wire
from tests.network.oracle.tshark_tls import ask, same
from tests.network.quic_packets import CLIENT, SERVER, close, crypto, initial
from tests.network.tls_talk import certificate, context, talk

ENDS = ("10.0.0.1:50000", "10.0.0.2:443")


@pytest.fixture(scope="module")
def hellos():
    """Give a ClientHello and a ServerHello of TLS 1.3, without their record."""
    said = talk(context("client", set_alpn_protocols=["h3"]), context("server", (certificate(),)))
    texts = []
    for turn in said.turns[:2]:
        length = int.from_bytes(turn[1][3:5], "big")
        texts.append(turn[1][5 : 5 + length])
    return texts


@pytest.fixture
def read(tmp_path):
    def read(*datagrams):
        packets = [wire.udp(*ENDS[:: 1 - 2 * side], text) for side, text in datagrams]
        file = tmp_path / "quic.pcap"
        file.write_bytes(wire.pcap(packets))
        frame = pf.load(file, progress=False).frames["tls"]
        TLS.validate(frame)
        return frame

    return read


@pytest.mark.parametrize(
    ("version", "side", "key", "iv", "header"),
    [
        (1, 0, "1f369613dd76d5467730efcbe3b1a22d", "fa044b2f42a3fd3b46fb255c",
         "9f50449e04a0e810283a1e9933adedd2"),
        (1, 1, "cf3a5331653c364c88f0f379b6067e37", "0ac1493ca1905853b0bba03e",
         "c206b8d9b9f0f37644430b490eeaa314"),
        (V2, 0, "8b1a0bc121284290a29e0971b5cd045d", "91f73e2351d8fa91660e909f",
         "45b95e15235d6f45a6b19cbcb0294ba9"),
        (V2, 1, "82db637861d55e1d011f19ea71d5d2a7", "dd13c276499c0249d3310652",
         "edf6d05c83121201b436e16877593c3a"),
    ],
)  # fmt: skip
def test_keys_are_those_of_the_rfc(version, side, key, iv, header):
    found = initial_keys(version, CLIENT)[side]
    assert [part.hex() for part in found] == [key, iv, header]


@pytest.mark.parametrize("version", [1, V2])
def test_both_hellos(read, hellos, version):
    (row,) = read(
        (0, initial(crypto(0, hellos[0]), version, source=b"me")),
        (1, initial(crypto(0, hellos[1]), version, 1, to=b"me", source=SERVER)),
        (0, b"\x40" + SERVER + bytes(30)),
    ).itertuples()
    assert (row.protocol, row.quic_version) == ("quic", "1" if version == 1 else "2")
    assert (row.sni, row.offered_alpn, row.version) == ("shop.example", "h3", "1.3")
    assert (row.client_hello_frame, row.server_hello_frame, row.first_app_frame) == (1, 2, 3)
    assert row.handshake_ns == 2_000_000
    assert row.ja4.startswith("q13d")
    assert row.cipher == "TLS_AES_256_GCM_SHA384"
    assert not row.unread


def test_a_hello_in_pieces_and_packets_in_any_order(read, hellos):
    text = hellos[0]
    places = sorted(random.Random(3).sample(range(1, len(text)), 5))
    frames = [
        crypto(first, text[first:last])
        for first, last in zip([0, *places], [*places, len(text)], strict=True)
    ]
    packets = [
        (0, initial(b"\x01" + frames[5] + frames[0], number=0)),
        (0, initial(frames[3] + b"\x02\x05\x00\x00\x02" + frames[1], number=1, to=SERVER)),
        (0, initial(frames[4] + frames[2], number=2, to=SERVER)),
    ]
    (row,) = read(*packets).itertuples()
    assert (row.sni, row.client_hello_frame) == ("shop.example", 3)
    assert row.ja3 == client_hello(text[4:]).ja3


def test_a_retry_changes_the_keys(read, hellos):
    other = b"retry-id"
    (row,) = read(
        (0, initial(crypto(0, hellos[0]))),
        (1, b"\xf0\0\0\0\1\0" + bytes([len(other)]) + other + b"token" + bytes(16)),
        (0, initial(crypto(0, hellos[0]), keys=other, to=other, token=b"token", number=1)),
        (1, initial(crypto(0, hellos[1]), side=1, keys=other, to=b"", source=SERVER)),
    ).itertuples()
    assert (row.client_hello_frame, row.server_hello_frame) == (1, 4)
    assert not row.unread


def test_two_packets_in_one_datagram(read, hellos):
    text = hellos[0]
    both = initial(crypto(0, text[:200]), pad=300) + initial(crypto(200, text[200:]), number=1)
    (row,) = read((0, both)).itertuples()
    assert row.sni == "shop.example"


def test_the_server_refuses(read, hellos):
    (row,) = read(
        (0, initial(crypto(0, hellos[0]))), (1, initial(close(0x100 + 120), side=1, to=b""))
    ).itertuples()
    assert (row.alert, row.alert_from, row.alert_frame) == ("no_application_protocol", "server", 2)
    assert (row.alert_level, row.version) == ("fatal", "")


def test_what_cannot_be_read_is_told(read, hellos):
    whole = initial(crypto(0, hellos[0]))
    (row,) = read((0, whole[:-1] + b"\0")).itertuples()
    assert (row.sni, row.client_hello_frame) == ("", 0)
    assert "decrypted" in row.unread
    (row,) = read((0, whole[:600])).itertuples()
    assert "cut" in row.unread
    (row,) = read((1, initial(crypto(0, hellos[1]), side=1, to=b"", source=SERVER))).itertuples()
    assert "decrypted" in row.unread


def test_other_datagrams_are_none(read, hellos):
    whole = initial(crypto(0, hellos[0]))
    assert read((0, b"\xc0\x12\x34\x56\x78" + whole[5:])).empty
    assert read((0, b"\x00" + whole[1:])).empty
    assert read((0, whole[:30])).empty


@given(
    st.binary(max_size=200)
    | st.builds(lambda a, b: b"\xc0\0\0\0\1" + a + b, st.binary(), st.binary())
)
def test_any_datagram_is_read_without_an_error(datagram):
    for packet in initials(datagram):
        keys = initial_keys(packet.version, packet.destination)
        assert decrypted(datagram, packet, keys[0]) is None


@given(st.binary(max_size=300))
def test_any_frames_are_read_without_an_error(frames):
    pieces, closed = crypto_of(frames)
    assert sum(len(piece) for _, piece in pieces) <= len(frames)
    assert closed >= -1


@pytest.mark.oracle
def test_what_tshark_says(tmp_path, hellos):
    require_tool("tshark")
    text = hellos[0]
    datagrams = [
        (0, initial(crypto(0, text[:300]), number=0, source=b"me")),
        (0, initial(crypto(300, text[300:]), number=1, source=b"me")),
        (1, initial(crypto(0, hellos[1]), side=1, to=b"me", source=SERVER)),
    ]
    file = tmp_path / "quic.pcap"
    file.write_bytes(wire.pcap([wire.udp(*ENDS[:: 1 - 2 * side], one) for side, one in datagrams]))
    same(pf.load(file).frames["tls"], ask(file))
