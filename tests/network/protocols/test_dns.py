"""Questions to name servers, the answers to them, and what was never answered."""

from ipaddress import ip_address
from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

import prodforensics as pf
from prodforensics.network.protocols.dns_messages import read_message
from tests.network.dns_wire import answer, name, query, record
from tests.network.protocols.test_reassembly import SYNS, capture_of
from tests.network.wire import ACK, tcp, udp

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND


def asks(payload=None, port=40000, server=53):
    return udp(f"10.0.0.1:{port}", f"10.0.0.2:{server}", payload or query())


def says(payload, port=40000, server=53):
    return udp(f"10.0.0.2:{server}", f"10.0.0.1:{port}", payload)


ADDRESS = record(1, bytes((192, 0, 2, 7)))


def dns(tmp_path, *packets):
    capture = capture_of(tmp_path, *packets)
    frame = capture.frames["dns"]
    capture.schemas["dns"].validate(frame)
    return frame


def row(tmp_path, *packets):
    (found,) = dns(tmp_path, *packets).to_dict("records")
    return found


# -- pairs ----------------------------------------------------------------------------------------


def test_a_question_and_its_answer(tmp_path):
    found = row(tmp_path, (START, asks()), (START + 5, says(answer(ADDRESS))))
    expected = {
        "client_ip": "10.0.0.1", "client_port": 40000, "server_ip": "10.0.0.2", "server_port": 53,
        "protocol": "udp", "stream": 0, "trans_id": 1, "query": "shop.example", "qtype": "A",
        "rcode": "NOERROR", "answers": "192.0.2.7", "answer_count": 1, "ttl_s": 60,
        "truncated": False, "rtt_ns": 5, "attempts": 1, "timed_out": False, "request_frame": 1,
        "last_request_frame": 1, "response_frame": 2,
    }  # fmt: skip
    assert {key: found[key] for key in expected} == expected
    assert found["ts"].value == START


def test_a_question_asked_again_is_one_with_attempts(tmp_path):
    times = 0, SECOND, 2 * SECOND
    asked = [(START + time, asks()) for time in times[:2]]
    found = row(tmp_path, *asked, (START + times[2], says(answer(ADDRESS))))
    assert (found["attempts"], found["rtt_ns"]) == (2, 2 * SECOND)
    assert (found["request_frame"], found["last_request_frame"]) == (1, 2)


def test_the_same_question_after_its_answer_is_a_new_one(tmp_path):
    packets = asks(), says(answer(ADDRESS)), asks(), says(answer(ADDRESS))
    assert dns(tmp_path, *packets)["response_frame"].tolist() == [2, 4]


def test_an_answer_that_comes_twice_counts_once(tmp_path):
    assert row(tmp_path, asks(), says(answer(ADDRESS)), says(answer()))["answers"] == "192.0.2.7"


def test_only_what_belongs_together_is_paired(tmp_path):
    packets = (
        asks(query(number=1)), asks(query(number=2)), asks(query(number=1, kind=28)),
        asks(query(number=1), port=40001), says(answer(rcode=3, number=2)),
    )  # fmt: skip
    assert dns(tmp_path, *packets)["rcode"].tolist() == ["", "NXDOMAIN", "", ""]


def test_a_server_may_change_the_case_of_letters(tmp_path):
    found = row(tmp_path, asks(query("ShOp.example")), says(answer(ADDRESS)))
    assert (found["query"], found["answers"]) == ("ShOp.example", "192.0.2.7")


def test_an_answer_without_the_question_again(tmp_path):
    refused = pack(">HHHHHH", 1, 0x8181, 0, 0, 0, 0)
    found = row(tmp_path, asks(), says(refused))
    assert (found["query"], found["rcode"]) == ("shop.example", "FORMERR")


def test_nobody_answers(tmp_path):
    later = tcp()
    found = dns(tmp_path, (START, asks()), (START + SECOND, later))
    assert found["timed_out"].tolist() == [True]
    assert (found["rcode"].iloc[0], found["response_frame"].iloc[0]) == ("", -1)
    assert not dns(tmp_path, (START, asks()), (START + SECOND - 1, later))["timed_out"].any()


def test_an_answer_whose_question_was_not_captured(tmp_path):
    found = row(tmp_path, says(answer(ADDRESS)))
    assert (found["client_ip"], found["client_port"]) == ("10.0.0.1", 40000)
    assert (found["attempts"], found["request_frame"], found["rtt_ns"]) == (0, -1, -1)


def test_a_capture_without_dns(tmp_path):
    assert dns(tmp_path, tcp()).empty
    assert dns(tmp_path).empty


# -- where it is found ----------------------------------------------------------------------------


@pytest.mark.parametrize("edns", [False, True])
def test_other_ports_are_known_by_what_they_carry(tmp_path, edns):
    packets = asks(query(edns=edns), server=8600), says(answer(ADDRESS), server=8600)
    assert row(tmp_path, *packets)["server_port"] == 8600


@pytest.mark.parametrize(
    ("payload", "server"),
    [(query(), 5353), (query(), 137), (query() + b"more", 8600), (query()[:-1], 8600),
     (query(kind=4000), 8600), (b"\1\0" * 20, 8600), (answer(ADDRESS), 8600)],
)  # fmt: skip
def test_what_only_looks_like_it(tmp_path, payload, server):
    assert dns(tmp_path, asks(payload, server=server)).empty


def framed(message):
    return pack(">H", len(message)) + message


def test_over_tcp_in_any_pieces(tmp_path):
    said = framed(query(number=1)) + framed(query(number=2))
    client, server = "10.0.0.1:40000", "10.0.0.2:53"
    syn, syn_ack = (one.replace(b"\x00\x50", b"\x00\x35", 1) for one in SYNS)
    pieces = [
        tcp(client, server, ACK, 100 + at, 1, said[at : at + 7]) for at in range(0, len(said), 7)
    ]
    back = framed(answer(ADDRESS, number=2)) + framed(answer(rcode=2, number=1))
    frame = dns(tmp_path, syn, syn_ack, *pieces, tcp(server, client, ACK, 1, 100, back))
    assert frame["protocol"].tolist() == ["tcp", "tcp"]
    assert frame["rcode"].tolist() == ["SERVFAIL", "NOERROR"]
    assert frame["request_frame"].tolist() == [2 + -(-len(framed(query())) // 7), 2 + len(pieces)]


# -- what a message holds -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "data", "text"),
    [
        (1, bytes((10, 0, 0, 1)), "10.0.0.1"),
        (28, ip_address("2001:db8::1").packed, "2001:db8::1"),
        (5, name("other.example"), "other.example"),
        (5, b"\3www\xc0\x0c", "www.shop.example"),
        (2, b"\xc0\x0c", "shop.example"),
        (12, name("host"), "host"),
        (15, b"\0\x0a" + name("mail"), "10 mail"),
        (16, b"\5hello\6 world", "hello world"),
        (16, "\x05gr\u00fcn".encode(), "gr\u00fcn"),
        (33, pack(">HHH", 1, 2, 443) + name("web"), "1 2 443 web"),
        (6, name("ns") + name("who") + pack(">IIIII", 7, 1, 1, 1, 1), "ns who 7"),
        (257, b"\0\5issueca.example", "0 issue ca.example"),
        (65, b"\0\1\0", "HTTPS (3 bytes)"),
        (4000, b"ab", "TYPE4000 (2 bytes)"),
        (1, b"abc", "A (3 bytes)"),
        (5, b"\2a.\0", "a\\046"),
    ],
)
def test_answers_as_text(kind, data, text):
    assert read_message(answer(record(kind, data), kind=kind)).answers == text


def test_several_answers_and_the_shortest_time_to_live():
    alias = record(5, b"\3www\xc0\x0c", ttl=300)
    message = read_message(answer(alias, record(1, bytes(4), ttl=20), flags=0x8380))
    assert message.answers == "www.shop.example, 0.0.0.0"
    assert (message.count, message.ttl, message.truncated) == (2, 20, True)


@pytest.mark.parametrize(
    "pointer", [b"\xc0\x0c", b"\xc0\x0e", b"\xff\xff", b"\x03abc\xc0\x0c", b"\x80"]
)
def test_names_that_go_in_circles(pointer):
    data = pack(">HHHHHH", 1, 0x0100, 1, 0, 0, 0) + pointer + pack(">HH", 1, 1)
    assert read_message(data) is None


def test_many_pointers_to_one_long_name_take_little_time():
    long = record(5, name(".".join(["x" * 60] * 4)))
    message = answer(*[long] * 5000, count=65535)
    assert len(read_message(message).answers) < 200 * 300


def test_a_cut_message_keeps_what_is_whole():
    whole = answer(ADDRESS, record(1, bytes(4)))
    texts = {read_message(whole[:size]).answers for size in range(30, len(whole) + 1)}
    assert texts == {"", "192.0.2.7", "192.0.2.7, 0.0.0.0"}
    assert all(read_message(whole[:size]) is None for size in range(30))


@given(st.binary(max_size=80), st.integers(0, 60), st.binary(max_size=4))
def test_no_bytes_break_the_reader(noise, place, change):
    read_message(noise)
    whole = answer(ADDRESS, record(15, b"\0\1\xc0\x0c"), record(6, b"\xc0\x0c\xc0\x0c" + bytes(20)))
    read_message(whole[:place] + change + whole[place + len(change) :])
    read_message(whole[:26] + noise)


def test_many_questions_at_one_time(tmp_path):
    packets = [asks(query(number=n), port=1024 + n) for n in range(300)]
    packets += [says(answer(ADDRESS, number=n), port=1024 + n) for n in range(300)]
    frame = dns(tmp_path, *packets)
    assert (frame["response_frame"] - frame["request_frame"]).unique().tolist() == [300]
    assert frame["trans_id"].tolist() == list(range(300))


def test_samples_hold_what_was_recorded():
    for path in ("network/dns_nxdomain.pcap.zst", "network/dns_search.pcap.zst"):
        frame = pf.load(pf.samples.path(path), progress=False).frames["dns"]
        assert frame["rcode"].value_counts().to_dict() == pf.samples.truth(path)["answers"]
