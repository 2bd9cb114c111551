"""The kernels that find hellos, beside slow loops over bytes."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from prodforensics.kernels.tls_hellos import find_hellos, find_initials, first_one_rtt

HELLO, ANSWER, ALERT = (bytes.fromhex(text) for text in (
    "160301020001000001", "160303007a02000076", "15030300020228"))  # fmt: skip
PAYLOADS = st.sampled_from(
    [HELLO, ANSWER, ALERT, HELLO[:1], HELLO[:3], b"\x16\x02", ALERT[:5], b"GET / HTTP", b"",
     b"\x16\x03\x05\x00\x10\x01", b"\x16\x03\x01\xff\xff\x01", b"\x15\x03\x03\x00\x02\x09\x00"]
)  # fmt: skip


def columns(payloads):
    """Lay payloads out as a file has them."""
    sizes = np.array([len(one) for one in payloads], np.int32)
    data = np.frombuffer(b"".join(payloads), np.uint8)
    return data, (np.cumsum(sizes) - sizes).astype(np.int64), sizes


def slow(packets):
    client, server = {}, {}
    for number, (stream, direction, text) in enumerate(packets):
        flow = (stream, direction)
        if flow in client or flow in server or not text:
            continue
        if len(text) < 6:
            if text[:1] == b"\x16" and text[1:2] in (b"", b"\x03"):
                client[flow] = number
            continue
        size = int.from_bytes(text[3:5], "big")
        if text[1] != 3 or text[2] > 4 or not 2 <= size <= 18432:
            continue
        if text[0] == 21 and size == 2 and text[5] in (1, 2):
            server[flow] = number
        elif text[0] == 22 and text[5] in (1, 2):
            (client if text[5] == 1 else server)[flow] = number
    return client, server


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 1), PAYLOADS), max_size=30))
def test_hellos(packets):
    data, payload, sizes = columns([text for *_, text in packets])
    stream = np.array([one for one, *_ in packets], np.int32)
    direction = np.array([one for _, one, _ in packets], np.uint8)
    found = np.full(8, -1, np.int64), np.full(8, -1, np.int64)
    protocol = np.full(len(packets), 6, np.int16)
    find_hellos(data, protocol, stream, direction, payload, sizes, *found)
    for mine, expected in zip(found, slow(packets), strict=True):
        table = {(k // 2, k % 2): int(number) for k, number in enumerate(mine) if number >= 0}
        assert table == expected


def test_a_payload_that_ends_behind_the_file():
    data = np.frombuffer(HELLO[:4], np.uint8)
    one = np.zeros(1, np.int64)
    found = np.full(2, -1, np.int64), np.full(2, -1, np.int64)
    find_hellos(data, one + 6, one, one, one, one + 400, *found)
    assert [part.tolist() for part in found] == [[0, -1], [-1, -1]]


def test_initials_of_known_versions():
    first = {1: 0xC0, 2: 0xC0, 0x6B3343CF: 0xD0, 0xFF00001D: 0xC3, 0xFF000010: 0xC3}
    payloads = [
        bytes([kind]) + version.to_bytes(4, "big") + b"\x08" + bytes(40)
        for version, kind in first.items()
    ]
    payloads += [payloads[0][:39], b"\x40" + payloads[0][1:], payloads[0][:5] + b"\x15" + bytes(40)]
    data, payload, sizes = columns(payloads)
    count = len(payloads)
    found = np.zeros(count, np.bool_)
    find_initials(
        data, np.full(count, 17, np.int16), np.zeros(count, np.int32), payload, sizes, found
    )
    assert found.tolist() == [True, False, True, True, False, False, False, False]


@given(st.lists(st.binary(max_size=60), max_size=5))
def test_short_headers_are_looked_for_without_an_error(payloads):
    payloads = [b"\xc0\0\0\0\1", *payloads, b"\xe0\0\0\0\1\0\0\3abc\x41rest"]
    data, payload, sizes = columns(payloads)
    count = len(payloads)
    found = np.full(2, -1, np.int64)
    zeros = np.zeros(count, np.int32)
    first_one_rtt(
        data, np.full(count, 17, np.int16), zeros, zeros.astype(np.uint8), payload, sizes,
        np.zeros(1, np.int64), found,
    )  # fmt: skip
    assert 0 < found[0] < count
    assert found[1] == -1
