"""Requests and responses in the flows of TCP streams: HTTP/1.x."""

import random

import pytest

import prodforensics as pf
from prodforensics._text import MASK
from prodforensics.errors import UnknownName
from prodforensics.network.packets import FIN, RST
from tests.network.protocols.test_reassembly import SYNS, back, capture_of, sent
from tests.network.wire import ACK

GET = b"GET /a HTTP/1.1\r\nHost: shop\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody"
SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND


def http(tmp_path, *packets):
    capture = capture_of(tmp_path, *packets)
    frame = capture.frames["http"]
    capture.schemas["http"].validate(frame)
    return frame


def said(tmp_path, asked, answered, *more, syns=SYNS):
    """Return the frame of a connection in which each side sends its bytes in one packet."""
    return http(tmp_path, *syns, sent(asked, 100), back(answered, 1), *more)


def one(tmp_path, asked, answered, *more):
    (row,) = said(tmp_path, asked, answered, *more).to_dict("records")
    return row


# -- what stands in a row -------------------------------------------------------------------------


def test_a_request_and_its_response(tmp_path):
    asked = (
        b"POST /pay?x=1 HTTP/1.1\r\nhost: shop:8080\r\nUser-Agent: test/1\r\nContent-Length: 3\r\n"
        b"X-Request-ID: r-1\r\nX-Correlation-Id: c-1\r\n"
        b"traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n\r\nabc"
    )
    answered = b"HTTP/1.1 201 Created\r\nServer: shop/1\r\nContent-Length: 4\r\n\r\nbody"
    row = one(tmp_path, asked, answered)
    expected = {
        "stream": 0, "protocol": "1.1", "client_ip": "10.0.0.1", "server_ip": "10.0.0.2",
        "server_port": 80, "method": "POST", "host": "shop:8080", "uri": "/pay?x=1", "status": 201,
        "ttfb_ns": 1_000_000, "total_ns": 1_000_000, "request_bytes": 3, "request_complete": True,
        "content_length": 4, "body_seen": 4, "complete": True, "truncated": False, "gap_bytes": 0,
        "request_id": "r-1", "correlation_id": "c-1",
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736", "span_id": "00f067aa0ba902b7",
        "user_agent": "test/1", "server": "shop/1", "secrets": "", "request_frame": 3,
        "response_frame": 4, "last_frame": 4, "http2_stream": -1, "reset_code": -1,
    }  # fmt: skip
    assert {key: row[key] for key in expected} == expected


def test_times_are_of_first_and_last_bytes(tmp_path):
    packets = [
        (START, SYNS[0]), (START, SYNS[1]), (START + 10, sent(GET[:9], 100)),
        (START + 20, sent(GET[9:], 109)), (START + 500, back(OK[:5], 1)),
        (START + 700, back(OK[5:], 6)),
    ]  # fmt: skip
    (row,) = http(tmp_path, *packets).to_dict("records")
    assert (row["ttfb_ns"], row["total_ns"]) == (480, 690)
    assert (row["request_frame"], row["response_frame"], row["last_frame"]) == (3, 5, 6)
    assert row["request_ts"].value == START + 10


def test_ids_of_the_response_where_the_request_has_none(tmp_path):
    answered = b"HTTP/1.1 204 No Content\r\nX-Request-Id: given\r\n\r\n"
    assert one(tmp_path, GET, answered)["request_id"] == "given"


def test_secrets_are_named_and_masked(tmp_path):
    asked = GET.replace(b"/a", b"/a?token=hunter22").replace(
        b"\r\n\r\n", b"\r\nAuthorization: Basic abcdef\r\nCookie: id=1234\r\n\r\n"
    )
    capture = capture_of(tmp_path, *SYNS, sent(asked, 100), back(OK, 1))
    row = capture.frames["http"].iloc[0]
    assert row["secrets"] == "authorization, cookie"
    assert row["uri"] == f"/a?token={MASK}"
    shown = capture.headers(0)
    capture.schemas["http"].validate(capture.frames["http"])
    assert dict(zip(shown["name"], shown["value"], strict=True)) == {
        ":method": "GET", ":path": f"/a?token={MASK}", ":version": "HTTP/1.1", "Host": "shop",
        "Authorization": MASK, "Cookie": MASK, ":status": "200", ":reason": "OK",
        "Content-Length": "4",
    } | {":version": "HTTP/1.1"}  # fmt: skip
    assert "id=1234" in set(capture.headers(0, redact=False)["value"])


def test_an_exchange_that_is_not_there(tmp_path):
    capture = capture_of(tmp_path, *SYNS)
    assert capture.frames["http"].empty
    with pytest.raises(UnknownName, match="exchange"):
        capture.headers(0)


# -- where messages end ---------------------------------------------------------------------------


CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n4\r\nbody\r\n"


@pytest.mark.parametrize(
    ("answered", "body", "complete"),
    [
        (OK, 4, True),
        (OK[:-1], 3, False),
        (CHUNKS + b"0\r\n\r\n", 4, True),
        (CHUNKS + b"A;why=so\r\n0123456789\r\n0\r\nExpires: never\r\n\r\n", 14, True),
        (CHUNKS + b"8\r\n0123", 8, False),
        (CHUNKS, 4, False),
        (CHUNKS + b"zz\r\n", 7, False),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\n", 0, True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 0, True),
        (b"HTTP/1.0 200 OK\nContent-Length: 1\n\nx", 1, True),
        (b"HTTP/1.1 200 \r\ncontent-length:\t2 \r\n\r\nxy", 2, True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", 0, False),
    ],
)
def test_bodies(tmp_path, answered, body, complete):
    row = one(tmp_path, GET, answered)
    assert (row["status"] > 0, row["body_seen"], row["complete"]) == (True, body, complete)
    assert not row["truncated"]


def test_a_body_that_ends_with_the_connection(tmp_path):
    answered = b"HTTP/1.0 200 OK\r\n\r\nall of it"
    row = one(tmp_path, GET, answered, back(b"", 1 + len(answered), flags=ACK | FIN))
    assert (row["body_seen"], row["complete"], row["truncated"]) == (9, True, False)


@pytest.mark.parametrize("flags", [ACK | FIN, RST])
@pytest.mark.parametrize("answered", [OK[:-2], CHUNKS])
def test_a_body_cut_off_by_the_end_of_the_connection(tmp_path, flags, answered):
    row = one(tmp_path, GET, answered, back(b"", 1 + len(answered), flags=flags))
    assert (row["complete"], row["truncated"]) == (False, True)


def test_the_answer_to_head_has_no_body(tmp_path):
    asked = GET.replace(b"GET", b"HEAD") + GET
    frame = said(tmp_path, asked, OK[:-4] + OK)
    assert frame["body_seen"].tolist() == [0, 4]
    assert frame["complete"].all()


def test_an_interim_response_is_none(tmp_path):
    answered = b"HTTP/1.1 100 Continue\r\n\r\n" + OK
    assert one(tmp_path, GET, answered)["status"] == 200


def test_several_messages_in_one_packet(tmp_path):
    asked = GET + GET.replace(b"/a", b"/b") + b"\r\n" + GET.replace(b"/a", b"/c")
    frame = said(tmp_path, asked, OK + OK.replace(b"200", b"404") + OK.replace(b"200", b"500"))
    assert frame["uri"].tolist() == ["/a", "/b", "/c"]
    assert frame["status"].tolist() == [200, 404, 500]


def test_what_follows_a_tunnel_or_an_upgrade_is_no_http(tmp_path):
    switch = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n" + OK
    assert one(tmp_path, GET, switch)["status"] == 101
    connect = b"CONNECT shop:443 HTTP/1.1\r\nHost: shop:443\r\n\r\n"
    row = one(tmp_path, connect, b"HTTP/1.1 200 OK\r\n\r\n" + OK)
    assert (row["method"], row["uri"], row["status"]) == ("CONNECT", "shop:443", 200)


def test_a_request_without_a_response(tmp_path):
    (row,) = http(tmp_path, *SYNS, sent(GET, 100)).to_dict("records")
    assert (row["status"], row["body_seen"], row["ttfb_ns"]) == (-1, -1, -1)
    assert (row["response_frame"], row["last_frame"]) == (-1, 3)


@pytest.mark.parametrize(
    "noise",
    [b"SSH-2.0-x\r\n", b"EHLO shop\r\n\r\n", b"GET /a RTSP/1.0\r\n\r\n", b"GET \r\n\r\n",
     b"\0" * 90, b"HTTP/1.1\r\n\r\n", b"HTTP/1.1 abc OK\r\n\r\n"],
)  # fmt: skip
def test_what_is_no_http(tmp_path, noise):
    assert said(tmp_path, noise, noise).empty


# -- what is missing ------------------------------------------------------------------------------


def test_missing_bytes_of_a_body_are_counted(tmp_path):
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"
    packets = back(head + b"012", 1), back(b"89", 1 + len(head) + 8), back(OK, 11 + len(head))
    frame = http(tmp_path, *SYNS, sent(GET + GET, 100), *packets)
    assert frame["gap_bytes"].tolist() == [5, 0]
    assert frame["body_seen"].tolist() == [5, 4]
    assert frame["complete"].all()


def test_reading_goes_on_at_the_next_message(tmp_path):
    packets = (
        sent(GET, 100), back(OK, 1), sent(GET, 400), back(OK.replace(b"200", b"503"), 900),
    )  # fmt: skip
    frame = http(tmp_path, *SYNS, *packets)
    assert frame["status"].tolist() == [200, 503]
    assert frame["request_frame"].tolist() == [3, 5]


def test_an_answer_whose_request_is_missing_stands_alone(tmp_path):
    packets = sent(GET, 100), back(OK, 1), back(OK.replace(b"200", b"500"), 1 + len(OK))
    frame = http(tmp_path, *SYNS, *packets, sent(GET, 400), back(OK, 2 * len(OK) + 1))
    assert frame["method"].tolist() == ["GET", "", "GET"]
    assert frame["status"].tolist() == [200, 500, 200]


def test_a_capture_that_begins_in_the_middle(tmp_path):
    packets = back(b"the end of a body", 1), sent(GET, 100), back(OK, 18)
    assert http(tmp_path, *packets)["status"].tolist() == [200]


def test_a_head_that_is_cut(tmp_path):
    row = one(tmp_path, b"GET /a/long/pa", b"HTTP/1.1 200 OK\r\nServer: s\r\nContent-Le")
    assert (row["method"], row["uri"], row["status"]) == ("GET", "/a/long/pa", 200)
    assert (row["server"], row["complete"], row["request_complete"]) == ("s", False, False)


def test_hostile_bytes_in_texts(tmp_path):
    asked = b"GET /\xff\x00\x1b[31m HTTP/1.1\r\nHost: \xe4\r\nX-Request-Id: \r\n\r\n"
    row = one(tmp_path, asked, OK)
    assert (row["uri"], row["host"]) == ("/\xff\x00\x1b[31m", "\xe4")


# -- in any pieces, with any damage ---------------------------------------------------------------


def conversation(chance):
    """Return requests and responses as bytes, and what the rows must be."""
    asked, answered, expected = b"", b"", []
    for number in range(chance.randrange(1, 6)):
        method = chance.choice([b"GET", b"HEAD", b"POST"])
        upload = bytes(chance.randrange(0, 50)) if method == b"POST" else b""
        size = f"Content-Length: {len(upload)}\r\n".encode() if upload else b""
        asked += b"%s /%d HTTP/1.1\r\nHost: h\r\n%s\r\n%s" % (method, number, size, upload)
        body = chance.randbytes(chance.randrange(0, 100))
        status = chance.choice([200, 404, 500])
        answered += b"HTTP/1.1 %d X\r\n" % status
        if chance.random() < 0.5:
            answered += b"Content-Length: %d\r\n\r\n" % len(body)
            answered += b"" if method == b"HEAD" else body
        else:
            answered += b"Transfer-Encoding: chunked\r\n\r\n"
            if method != b"HEAD":
                for at in range(0, len(body), 30):
                    part = body[at : at + 30]
                    answered += b"%x\r\n%s\r\n" % (len(part), part)
                answered += b"0\r\n\r\n"
        seen = 0 if method == b"HEAD" else len(body)
        expected.append((method.decode(), f"/{number}", status, len(upload), seen, True))
    return asked, answered, expected


def pieces(chance, data, sequence, packet):
    at, found = 0, []
    while at < len(data):
        size = chance.choice([1, 2, 3, 7, 40, 200])
        found.append(packet(data[at : at + size], sequence + at))
        at += size
    return found


@pytest.mark.parametrize("seed", range(20))
def test_messages_in_any_pieces_and_order(tmp_path, seed):
    chance = random.Random(seed)
    asked, answered, expected = conversation(chance)
    client, server = pieces(chance, asked, 100, sent), pieces(chance, answered, 1, back)
    if seed % 2:
        chance.shuffle(client)
        chance.shuffle(server)
    frame = http(tmp_path, *SYNS, *client, *client[:3], *server, *server[-2:]).sort_values("uri")
    columns = ["method", "uri", "status", "request_bytes", "body_seen", "complete"]
    assert frame[columns].values.tolist() == [list(row) for row in expected]
    assert not frame["gap_bytes"].any()


@pytest.mark.parametrize("seed", range(30))
def test_any_damage_gives_rows_within_the_documented(tmp_path, seed):
    chance = random.Random(seed)
    asked, answered, expected = conversation(chance)
    packets = [*pieces(chance, asked, 100, sent), *pieces(chance, answered, 1, back)]
    kept = [one for one in packets if chance.random() < 0.8]
    damaged = []
    for packet in kept:
        if chance.random() < 0.3:
            place = 54 + chance.randrange(max(len(packet) - 54, 1))
            packet = packet[:place] + chance.randbytes(1) + packet[place + 1 :]
        damaged.append(packet)
    frame = http(tmp_path, *SYNS[seed % 3 :], *damaged)
    assert len(frame) <= 2 * len(expected)
    for exchange in range(len(frame)):
        capture_of(tmp_path, *SYNS[seed % 3 :], *damaged).headers(exchange)


def test_samples_say_what_was_recorded():
    for path in ("network/truncated.fin.pcap.zst", "network/truncated.rst.pcap.zst"):
        frame = pf.load(pf.samples.path(path), progress=False).frames["http"]
        assert frame["truncated"].all()


def test_chunks_of_impossible_sizes(tmp_path):
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    for size in (b"ffffffffffffffffffff", b"fffffffffffffff", b"-1", b""):
        assert not one(tmp_path, GET, head + size + b"\r\nabc")["complete"]
    length = b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999999999\r\n\r\nabc"
    assert one(tmp_path, GET, length)["body_seen"] == 3
