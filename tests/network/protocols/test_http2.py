"""HTTP/2 in clear text: frames, compressed headers, what is missing."""

import random
from struct import pack

import pytest
from hpack import Encoder

import prodforensics as pf
from prodforensics._text import MASK
from prodforensics.network.packets import FIN, SYN
from prodforensics.network.protocols.http2 import PREFACE
from tests.network.protocols.test_http import http
from tests.network.protocols.test_reassembly import SYNS, back, capture_of, sent
from tests.network.wire import ACK, tcp

DATA, HEADERS, RST_STREAM, SETTINGS, PUSH_PROMISE, GOAWAY, CONTINUATION = 0, 1, 3, 4, 5, 7, 9
END_STREAM, END_HEADERS, PADDED, PRIORITY = 1, 4, 8, 32
REQUEST = [(":method", "GET"), (":scheme", "http"), (":authority", "shop"), (":path", "/a")]
BEGIN = len(PREFACE) + 9


def frame(kind, flags, stream, payload=b""):
    """Write a frame."""
    return len(payload).to_bytes(3, "big") + pack(">BBI", kind, flags, stream) + payload


SETTINGS_FRAME = frame(SETTINGS, 0, 0)


class Side:
    """One side of a connection: what its headers were compressed with before."""

    def __init__(self):
        self.encoder = Encoder()

    def headers(self, stream, pairs, flags=END_HEADERS, before=b"", after=b""):
        return frame(HEADERS, flags, stream, before + self.encoder.encode(pairs) + after)


def talk(tmp_path, asked, answered, *more):
    """Return the rows of a connection in which each side sends its frames in one packet."""
    packets = sent(PREFACE + SETTINGS_FRAME + asked, 100), back(SETTINGS_FRAME + answered, 1)
    return http(tmp_path, *SYNS, *packets, *more).to_dict("records")


def test_a_request_and_its_response(tmp_path):
    client, server = Side(), Side()
    asked = client.headers(1, [*REQUEST, ("user-agent", "t"), ("x-request-id", "r")]) + frame(
        DATA, END_STREAM, 1, b"abc"
    )
    said = [(":status", "200"), ("content-length", "4"), ("server", "s")]
    answered = server.headers(1, said) + frame(DATA, END_STREAM, 1, b"body")
    (row,) = talk(tmp_path, asked, answered)
    expected = {
        "protocol": "2", "method": "GET", "host": "shop", "uri": "/a", "status": 200,
        "request_bytes": 3, "request_complete": True, "content_length": 4, "body_seen": 4,
        "complete": True, "truncated": False, "gap_bytes": 0, "request_id": "r", "user_agent": "t",
        "server": "s", "http2_stream": 1, "reset_code": -1, "request_frame": 3,
        "response_frame": 4, "last_frame": 4,
    }  # fmt: skip
    assert {key: row[key] for key in expected} == expected


def test_several_streams_at_a_time(tmp_path):
    client, server = Side(), Side()
    asked = client.headers(1, REQUEST, 5) + client.headers(3, [*REQUEST[:3], (":path", "/b")], 5)
    answered = server.headers(3, [(":status", "404")], 5) + server.headers(1, [(":status", "200")])
    answered += frame(DATA, 0, 1, b"ab") + frame(DATA, END_STREAM, 1, b"c")
    rows = talk(tmp_path, asked, answered)
    assert [(row["uri"], row["status"], row["body_seen"]) for row in rows] == [
        ("/a", 200, 3), ("/b", 404, 0),
    ]  # fmt: skip


def test_headers_in_parts_with_padding_and_priority(tmp_path):
    client = Side()
    whole = client.encoder.encode([*REQUEST, ("x-long", "y" * 50)])
    first = bytes([3]) + bytes(5) + whole[:10] + bytes(3)
    asked = frame(HEADERS, PADDED | PRIORITY | END_STREAM, 1, first)
    asked += frame(CONTINUATION, 0, 1, whole[10:20]) + frame(
        CONTINUATION, END_HEADERS, 1, whole[20:]
    )
    server = Side()
    answered = server.headers(1, [(":status", "200")]) + frame(
        DATA, PADDED | END_STREAM, 1, bytes([2]) + b"body" + bytes(2)
    )
    (row,) = talk(tmp_path, asked, answered)
    assert (row["uri"], row["body_seen"], row["complete"]) == ("/a", 4, True)


def test_interim_responses_and_trailers(tmp_path):
    server = Side()
    answered = server.headers(1, [(":status", "103"), ("link", "x")])
    answered += server.headers(1, [(":status", "200")]) + frame(DATA, 0, 1, b"x")
    answered += server.headers(1, [("grpc-status", "0")], END_HEADERS | END_STREAM)
    (row,) = talk(tmp_path, Side().headers(1, REQUEST, 5), answered)
    assert (row["status"], row["complete"], row["response_frame"]) == (200, True, 4)


def test_a_stream_that_is_reset(tmp_path):
    server = Side()
    answered = server.headers(1, [(":status", "200")]) + frame(DATA, 0, 1, b"half")
    (row,) = talk(
        tmp_path, Side().headers(1, REQUEST, 5), answered + frame(RST_STREAM, 0, 1, pack(">I", 8))
    )
    assert (row["reset_code"], row["complete"], row["truncated"]) == (8, False, True)


def test_a_connection_that_ends_in_a_body(tmp_path):
    answered = Side().headers(1, [(":status", "200")]) + frame(DATA, 0, 1, b"half")
    size = len(SETTINGS_FRAME + answered)
    end = back(b"", 1 + size, flags=ACK | FIN)
    (row,) = talk(tmp_path, Side().headers(1, REQUEST, 5), answered, end)
    assert row["truncated"]


def test_missing_bytes_of_data_are_counted(tmp_path):
    server = Side()
    head = SETTINGS_FRAME + server.headers(1, [(":status", "200")])
    answered = (
        head + frame(DATA, END_STREAM, 1, bytes(100)) + server.headers(3, [(":status", "500")], 5)
    )
    cut = len(head) + 9
    asked = Side()
    questions = asked.headers(1, REQUEST, 5) + asked.headers(3, REQUEST, 5)
    packets = back(answered[: cut + 10], 1), back(answered[cut + 60 :], 1 + cut + 60)
    frame_ = http(tmp_path, *SYNS, sent(PREFACE + questions, 100), *packets)
    assert frame_["gap_bytes"].tolist() == [50, 0]
    assert frame_["body_seen"].tolist() == [50, 0]
    assert frame_["status"].tolist() == [200, 500]
    assert frame_["complete"].all()


def test_reading_ends_where_headers_are_missing(tmp_path):
    server = Side()
    answered = server.headers(1, [(":status", "200"), ("x", "y" * 60)], 5)
    packets = back(answered[:12], 1), back(answered[40:], 41)
    rows = http(tmp_path, *SYNS, sent(PREFACE + Side().headers(1, REQUEST, 5), 100), *packets)
    assert rows["status"].tolist() == [-1]


def test_an_upgrade_from_http1(tmp_path):
    asked = b"GET /a HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\n\r\n" + PREFACE + SETTINGS_FRAME
    asked += Side().headers(3, REQUEST, 5)
    server = Side()
    answered = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n" + SETTINGS_FRAME
    answered += server.headers(1, [(":status", "200")], 5)
    answered += server.headers(3, [(":status", "204")], 5)
    rows = http(tmp_path, *SYNS, sent(asked, 100), back(answered, 1))
    assert sorted(zip(rows["protocol"], rows["http2_stream"], rows["status"], strict=True)) == [
        ("1.1", -1, 101), ("2", 1, 200), ("2", 3, 204),
    ]  # fmt: skip


def test_connections_that_begin_alike_and_go_on_apart(tmp_path):
    """What is remembered of one connection is right for another one up to where they differ."""
    packets, expected = [], []
    for number, words in enumerate(["abc", "abd", "abdc", "b", "abc"]):
        client, end = Side(), f"10.0.0.1:{41000 + number}"
        said = PREFACE
        for place, word in enumerate(words):
            # The same header again is a number of the table that grew before.
            pairs = [*REQUEST[:3], (":path", f"/{word}"), ("x-request-id", words[: place + 1])]
            said += client.headers(2 * place + 1, pairs, 5)
            expected.append((f"/{word}", words[: place + 1]))
        packets += [tcp(end, "10.0.0.2:80", SYN, 99), tcp(end, "10.0.0.2:80", ACK, 100, 1, said)]
    rows = http(tmp_path, *packets)
    assert list(zip(rows["uri"], rows["request_id"], strict=True)) == expected


def test_headers_of_one_exchange(tmp_path):
    asked = Side().headers(1, [*REQUEST, ("authorization", "Bearer abcdef"), ("accept", "*/*")], 5)
    packets = sent(PREFACE + asked, 100), back(Side().headers(1, [(":status", "204")], 5), 1)
    capture = capture_of(tmp_path, *SYNS, *packets)
    assert capture.headers(0).values.tolist() == [
        *(["request", name, value] for name, value in REQUEST),
        ["request", "authorization", MASK], ["request", "accept", "*/*"],
        ["response", ":status", "204"],
    ]  # fmt: skip
    assert capture.frames["http"]["secrets"].tolist() == ["authorization"]
    assert "Bearer abcdef" in set(capture.headers(0, redact=False)["value"])


@pytest.mark.parametrize(
    "said",
    [frame(HEADERS, 5, 1, b"\xff" * 40), frame(HEADERS, 5, 1, b""),
     frame(PUSH_PROMISE, 4, 1, b"\0"), frame(CONTINUATION, 4, 1, b"\x82"),
     frame(RST_STREAM, 0, 9, b""), frame(GOAWAY, 0, 0),
     frame(HEADERS, PADDED | 4, 1, b"\xff"), b"\xff" * 30, frame(DATA, PADDED, 1, b"\xff")],
)  # fmt: skip
def test_frames_that_make_no_sense(tmp_path, said):
    rows = talk(tmp_path, Side().headers(1, REQUEST, 5) + said, said)
    assert rows[0]["uri"] == "/a"


@pytest.mark.parametrize("seed", range(15))
def test_any_damage_gives_rows_within_the_documented(tmp_path, seed):
    chance = random.Random(seed)
    client, server = Side(), Side()
    asked, answered = PREFACE + SETTINGS_FRAME, SETTINGS_FRAME
    for stream in range(1, 12, 2):
        asked += client.headers(stream, REQUEST, 5)
        answered += server.headers(stream, [(":status", "200")])
        answered += frame(DATA, END_STREAM, stream, chance.randbytes(chance.randrange(50)))
    asked, answered = bytearray(asked), bytearray(answered)
    for said in (asked, answered):
        for _ in range(3):
            said[chance.randrange(30, len(said))] = chance.randrange(256)
    packets = [sent(bytes(asked[at : at + 40]), 100 + at) for at in range(0, len(asked), 40)]
    packets += [back(bytes(answered[at : at + 40]), 1 + at) for at in range(0, len(answered), 40)]
    kept = [one for one in packets if chance.random() < 0.95]
    capture = capture_of(tmp_path, *SYNS, *kept)
    for exchange in range(len(capture.frames["http"])):
        capture.headers(exchange)


def test_the_sample_of_http2():
    rows = pf.load(pf.samples.path("network/healthy.h2c.pcap.gz"), progress=False).frames["http"]
    assert rows["status"].tolist() == [200] * 5 + [404]
    assert rows["complete"].all()
