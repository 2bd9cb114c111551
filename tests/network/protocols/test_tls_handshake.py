"""Messages of a handshake: fingerprints, names, and whatever else stands in their place."""

from hashlib import md5, sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodforensics.network.protocols.tls_handshake import (
    certificates,
    client_hello,
    key_exchange_group,
    server_hello,
)
from prodforensics.network.protocols.tls_records import Head, read_records


def vector(text, size=2):
    return len(text).to_bytes(size, "big") + text


def words(*numbers):
    return b"".join(number.to_bytes(2, "big") for number in numbers)


def extension(kind, text=b""):
    return words(kind) + vector(text)


def names(*given):
    return vector(b"".join(vector(name, 1) for name in given))


def hello(ciphers, extensions, version=0x0303, session=b""):
    """Write the body of a ClientHello."""
    text = words(version) + bytes(32) + vector(session, 1) + vector(words(*ciphers)) + b"\1\0"
    return text + vector(b"".join(extensions))


GREASE = (0x1A1A, 0xFAFA)
# A browser's hello, as JA4's own description has it.
CIPHERS = (
    0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8, 0xC013, 0xC014,
    0x009C, 0x009D, 0x002F, 0x0035,
)  # fmt: skip
SIGNING = (0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601)
EXTENSIONS = [
    extension(GREASE[0]), extension(0x001B, b"\2\0\2"),
    extension(0x0000, vector(b"\0" + vector(b"example.com"))), extension(0x0033), extension(0x0010,
    names(b"h2", b"http/1.1")), extension(0x4469), extension(0x0017), extension(0x002D, b"\1\1"),
    extension(0x000D, vector(words(*SIGNING))), extension(0x0005), extension(0x0023),
    extension(0x0012), extension(0x002B, vector(words(GREASE[1], 0x0304, 0x0303), 1)),
    extension(0xFF01, b"\0"), extension(0x000B, b"\1\0"),
    extension(0x000A, vector(words(GREASE[0], 29, 23, 24))), extension(GREASE[1], b"\0"),
    extension(0x0015, bytes(9)),
]  # fmt: skip


def test_ja4_is_that_of_its_own_description():
    found = client_hello(hello((GREASE[0], *CIPHERS), EXTENSIONS))
    assert found.ja4 == "t13d1516h2_8daaf6152771_e5627efa2ab1"
    assert client_hello(hello(CIPHERS, EXTENSIONS), transport="q").ja4.startswith("q13d1516h2_")


def test_ja3_is_the_hash_of_numbers_in_their_order():
    found = client_hello(hello((GREASE[0], 0x1301, 0xC02F), EXTENSIONS[11:], 0x0301))
    text = "769,4865-49199,18-43-65281-11-10-21,29-23-24,0"
    assert found.ja3 == md5(text.encode()).hexdigest()


def test_a_hello_of_an_old_client():
    found = client_hello(words(0x0300) + bytes(32) + b"\0" + vector(words(5, 4)) + b"\1\0")
    assert (found.versions, found.sni, found.alpn, found.problem) == ("SSL 3.0", "", "", "")
    assert found.ja3 == md5(b"768,5-4,,,").hexdigest()
    ciphers = sha256(b"0004,0005").hexdigest()[:12]
    assert found.ja4 == f"ts3i020000_{ciphers}_{'0' * 12}"


def test_what_is_offered():
    found = client_hello(hello(CIPHERS, EXTENSIONS, session=b"abc"))
    assert (found.versions, found.alpn, found.sni) == ("1.3, 1.2", "h2, http/1.1", "example.com")
    assert found.session == b"abc"
    assert not found.early_data
    assert client_hello(hello(CIPHERS, [extension(42)])).early_data


@pytest.mark.parametrize(
    ("protocols", "ends"), [((), "00"), ((b"h2",), "h2"), ((b"x",), "xx"), ((b"\xab\xcd",), "ad")]
)
def test_the_ends_of_a_protocol_in_ja4(protocols, ends):
    given = [extension(16, names(*protocols))] if protocols else []
    assert client_hello(hello(CIPHERS, given)).ja4.split("_")[0].endswith(ends)


def test_a_cut_hello_has_what_stands_in_front_of_the_cut():
    whole = hello(CIPHERS, EXTENSIONS)
    found = client_hello(whole[:150], whole=False)
    assert (found.sni, found.ja3, found.ja4) == ("example.com", "", "")
    assert found.problem


@pytest.mark.parametrize("size", [0xFFFF, 9000])
def test_an_extension_longer_than_its_hello(size):
    text = hello(CIPHERS, EXTENSIONS)
    at = text.index(EXTENSIONS[4])
    found = client_hello(text[: at + 2] + words(size) + text[at + 4 :])
    assert found.problem
    assert found.sni == "example.com"
    assert not found.ja3


def test_groups_of_the_key_exchange():
    assert key_exchange_group(b"\3\0\x17", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA") == "secp256r1"
    prime = vector(b"\x80" + bytes(255))
    assert key_exchange_group(prime, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA") == "DH 2048"
    assert not key_exchange_group(b"", "TLS_DHE_RSA_WITH_AES_128_CBC_SHA")
    assert not key_exchange_group(prime, "TLS_RSA_WITH_AES_128_CBC_SHA")


def test_certificates_that_are_cut():
    body = vector(vector(b"one", 3) + vector(b"two", 3), 3)
    assert certificates(body) == ([b"one", b"two"], "")
    assert certificates(body[:-1]) == ([b"one"], "a certificate is cut")
    assert certificates(b"") == ([], "")
    assert len(certificates(vector(vector(b"", 3) * 5000, 3))[0]) == 100


@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_are_read_without_an_error(body, whole):
    assert isinstance(client_hello(body, whole).problem, str)
    assert isinstance(server_hello(body, whole).problem, str)
    certificates(body)
    key_exchange_group(body, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA")


@given(st.data())
def test_any_damage_to_a_hello(data):
    text = bytearray(hello(CIPHERS, EXTENSIONS))
    for _ in range(data.draw(st.integers(1, 5))):
        text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    found = client_hello(bytes(text))
    assert len(found.ja3) in (0, 32)


RECORDS = st.lists(
    st.builds(
        lambda kind, text, size: bytes([kind, 3, 3]) + words(size or len(text)) + text,
        st.sampled_from([20, 21, 22, 22, 23, 24, 99]),
        st.binary(max_size=60) | st.sampled_from([vector(b"abc", 3), b"\2" + vector(b"x" * 9, 3)]),
        st.sampled_from([0, 0, 0, 1, 16000, 65535]),
    )
)


@given(RECORDS, st.lists(st.integers(1, 50)), st.lists(st.sampled_from([0, 0, 0, 3, 70])))
def test_any_records_in_any_pieces_are_read_without_an_error(records, sizes, lost):
    text = b"".join(records)
    pieces = []
    for size in sizes:
        pieces.append(text[:size])
        text = text[size:]
    pieces.append(text)
    gone = [*lost, *[0] * len(pieces)][: len(pieces)]
    head = Head(pieces, range(len(pieces)), gone, more=False)
    found = read_records(head)
    assert all(-1 <= one.packet < len(pieces) for one in found.messages)
    assert not found.wants_more


def test_a_message_longer_than_all_is_told():
    head = Head([b"\x16\3\3\0\4\1\xff\xff\xff"], [0], [0], more=True)
    assert "16777215 bytes" in read_records(head).problem


def test_a_message_over_several_records():
    body = bytes(range(200))
    text = b"\2" + vector(body, 3)
    records = b"".join(b"\x16\3\3" + vector(text[at : at + 50]) for at in range(0, len(text), 50))
    head = Head([records[:100], records[100:]], [4, 9], [0, 0], more=False)
    (message,) = read_records(head).messages
    assert (message.kind, message.body, message.packet, message.whole) == (2, body, 9, True)


def test_a_flood_of_empty_messages_ends():
    records = b"".join(b"\x16\3\3" + vector(bytes(16000)) for _ in range(10))
    head = Head([records], [0], [0], more=False)
    found = read_records(head)
    assert len(found.messages) == 64
    assert "64" in found.problem


def test_a_message_in_records_of_one_byte():
    text = b"\1" + vector(bytes(20_000), 3)
    records = b"".join(b"\x16\3\3\0\1" + bytes([one]) for one in text)
    (message,) = read_records(Head([records], [0], [0], more=False)).messages
    assert len(message.body) == 20_000


def test_what_is_behind_a_hole_is_not_taken_for_what_was_sent():
    text = b"\1" + vector(bytes(range(1, 101)), 3)
    record = b"\x16\3\3" + vector(text)
    head = Head([record[:20], record[30:]], [3, 5], [0, 10], more=False)
    (message,) = read_records(head).messages
    assert (message.body, message.packet, message.whole) == (record[9:20], 5, False)
    assert [head.captured(0, 20), head.captured(5, 25), head.captured(22, 40)] == [20, 20, 22]
    assert head.captured(30, 40) == 40
