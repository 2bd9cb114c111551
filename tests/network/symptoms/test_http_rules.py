"""Answers that are cut, kept back, or queued, and what only looks so."""

import pytest

from prodforensics.findings import Verdict
from tests.network.talk import CLIENT, SERVER, Talk, Wire
from tests.network.wire import ACK, FIN, PSH, RST

LIKELY, POSSIBLE = Verdict.LIKELY, Verdict.POSSIBLE
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def asks(talk, uri="/report"):
    talk.send(CLIENT, ACK | PSH, f"GET {uri} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    return talk.wait(talk.rtt)


def answers(talk, *pieces):
    for piece in pieces:
        talk.send(SERVER, ACK | PSH, piece).send(CLIENT)
    return talk


def found(wire, folder, *rules):
    names = {f"network.{rule}" for rule in rules}
    return [one for one in wire.write(folder).findings() if one.rule in names]


def cut_answers(wire, count=3, length=5000, came=1000, at=0.0):
    for number in range(count):
        port = 40000 + number + int(at)
        talk = asks(Talk(wire, f"10.0.0.1:{port}", at=at + number).open())
        yield answers(talk, HEAD % length, b"a" * came)


def test_an_answer_that_the_server_ends_too_early_is_cut(tmp_path):
    wire = Wire()
    for talk in cut_answers(wire):
        talk.send(SERVER, FIN | ACK).send(CLIENT, FIN | ACK).send(SERVER)
    (one,) = found(wire, tmp_path, "partial_response")
    assert one.verdict == LIKELY
    assert one.title == "3 answers of 3 of 10.0.0.2:80 are cut: 1.00 kB of 5.00 kB came"


@pytest.mark.parametrize("flags", [FIN | ACK, RST | ACK])
def test_an_answer_that_the_client_ends_is_possible(tmp_path, flags):
    wire = Wire()
    for talk in cut_answers(wire):
        talk.send(CLIENT, flags)
        if flags & FIN:
            talk.send(SERVER, FIN | ACK).send(CLIENT)
    assert [one.verdict for one in found(wire, tmp_path, "partial_response")] == [POSSIBLE]


def test_what_the_capture_lacks_was_not_cut(tmp_path):
    wire = Wire()
    for talk in cut_answers(wire):
        talk.sequence[SERVER] += 4000  # came, and was acknowledged, but not captured
        talk.send(CLIENT).send(SERVER, FIN | ACK).send(CLIENT, FIN | ACK).send(SERVER)
    assert found(wire, tmp_path, "partial_response") == []


def test_one_cut_answer_of_many_is_possible(tmp_path):
    wire = Wire()
    for talk in cut_answers(wire, 60, came=5000):
        talk.close()
    for talk in cut_answers(wire, 1, at=100.0):
        talk.send(SERVER, FIN | ACK).send(CLIENT, FIN | ACK).send(SERVER)
    assert [one.verdict for one in found(wire, tmp_path, "partial_response")] == [POSSIBLE]


def hops(wire, number, *, keeps_back):
    """A stream of events through a proxy, seen on both hops."""
    front = Talk(wire, f"10.0.0.1:{40000 + number}", "10.0.0.2:80", at=number).open()
    asks(front, "/events")
    back = Talk(wire, f"10.0.1.2:{50000 + number}", "10.0.1.3:8080", at=front.now).open()
    asks(back, "/events")
    answers(back, CHUNKED)
    front.now = back.now
    if not keeps_back:
        answers(front, CHUNKED)
    for _ in range(8):
        back.wait(0.3)
        answers(back, b"5\r\nevent\r\n")
        if not keeps_back:
            front.now = back.now
            answers(front, b"5\r\nevent\r\n")
    answers(back, b"0\r\n\r\n").close()
    front.now = back.now
    answers(front, *([CHUNKED + 8 * b"5\r\nevent\r\n"] if keeps_back else []), b"0\r\n\r\n").close()


@pytest.mark.parametrize(("keeps_back", "verdicts"), [(True, [LIKELY]), (False, [])])
def test_a_proxy_that_keeps_events_back_is_told(tmp_path, keeps_back, verdicts):
    wire = Wire()
    hops(wire, 0, keeps_back=keeps_back)
    assert [one.verdict for one in found(wire, tmp_path, "proxy_buffering")] == verdicts


def test_equal_paths_of_services_without_a_proxy_between_are_no_hops(tmp_path):
    wire = Wire()
    for number in range(15):
        slow = asks(Talk(wire, f"10.0.0.1:{40000 + number}", at=number * 0.1).open(), "/health")
        other = Talk(wire, f"10.0.0.3:{40000 + number}", "10.0.0.4:80", at=slow.now + 0.2).open()
        slow.wait(0.25)
        answers(slow, HEAD % 2, b"ok").close()
        answers(asks(other, "/health").wait(0.3), HEAD % 2, b"ok").close()
    assert found(wire, tmp_path, "latency_variance", "proxy_buffering") == []
