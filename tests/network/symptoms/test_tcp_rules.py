"""Each finding on connections made by hand: when it speaks, and when it is silent."""

import pytest

from prodforensics.findings import Verdict
from tests.network.talk import CLIENT, MSS, SERVER, Talk, Wire, healthy
from tests.network.wire import ACK, FIN, PSH, RST, SYN

LIKELY, POSSIBLE, CLEARED = Verdict.LIKELY, Verdict.POSSIBLE, Verdict.CLEARED


@pytest.fixture
def wire():
    return Wire()


@pytest.fixture
def found(wire, tmp_path):
    """Return the findings of one rule on what is on the wire, or of all."""

    def of(rule=""):
        findings = wire.write(tmp_path).findings()
        return [one for one in findings if not rule or one.rule == f"network.{rule}"]

    return of


def verdicts(findings):
    return [one.verdict for one in findings]


def test_sound_connections_give_no_finding(wire, found):
    healthy(wire, 30)
    assert found() == []


# -- service_down ----------------------------------------------------------------------------------


def unanswered(wire, count, server="10.0.0.9:443", at=0.0, syns=3):
    for number in range(count):
        talk = Talk(wire, f"10.0.0.1:{41000 + number}", server, at=at + number)
        for again in range(syns):
            talk.send(CLIENT, SYN, again=1 if again else 0).wait(2**again)


def refused(wire, count, server="10.0.0.9:443", at=0.0):
    for number in range(count):
        talk = Talk(wire, f"10.0.0.1:{42000 + number}", server, at=at + number)
        talk.send(CLIENT, SYN).wait(0.01).reset(SERVER)


def test_a_service_that_never_answers_is_down(wire, found):
    unanswered(wire, 3)
    (one,) = found("service_down")
    assert one.verdict == LIKELY
    assert one.title == "10.0.0.9:443 does not answer: 9 SYNs without an answer"
    assert one.rows["connections"] == (0, 1, 2)
    assert "It accepted no connection of this capture" in one.why


def test_one_refused_connection_may_be_a_slip(wire, found):
    healthy(wire, 5)
    refused(wire, 1)
    assert verdicts(found("service_down")) == [POSSIBLE]


def test_a_busy_service_that_refuses_a_few_is_not_down(wire, found):
    healthy(wire, 400)
    refused(wire, 3, "10.0.0.2:80")
    assert verdicts(found("service_down")) == [POSSIBLE]


def test_a_service_that_stopped_says_when_it_answered_last(wire, found):
    healthy(wire, 5)
    refused(wire, 4, "10.0.0.2:80", at=5)
    (one,) = found("service_down")
    assert one.verdict == LIKELY
    assert "the last one at 0.200 s, and none since" in one.why


def test_a_syn_at_the_end_of_the_capture_was_not_waited_for(wire, found):
    healthy(wire, 5)
    Talk(wire, "10.0.0.1:41000", "10.0.0.9:443", at=0.3).send(CLIENT, SYN)
    assert found("service_down") == []


def test_a_capture_of_syns_alone_tells_nothing(wire, found):
    for number in range(9):
        Talk(wire, f"10.0.0.1:{41000 + number}", at=number).send(CLIENT, SYN)
    assert found("service_down") == []


def test_one_direction_alone_is_no_service_that_is_down(wire, found):
    for number in range(9):
        talk = Talk(wire, f"10.0.0.1:{41000 + number}", at=number)
        talk.send(CLIENT, SYN).send(CLIENT).send(CLIENT, ACK | PSH, b"question")
    assert found() == []


def test_a_scan_is_told_apart_from_services_that_are_down(wire, found):
    healthy(wire, 5)
    for port in range(1, 60):
        refused(wire, 1, f"10.0.0.9:{port}", at=port / 10)
    (scan,) = found("service_down")
    assert scan.verdict == POSSIBLE
    assert "look like a scan" in scan.title


def test_syns_that_are_answered_late_are_possible(wire, found):
    healthy(wire, 20)
    for number in range(4):
        talk = Talk(wire, f"10.0.0.1:{41000 + number}", at=number)
        talk.send(CLIENT, SYN).wait(1).sequence[CLIENT] -= 1
        talk.open().ask().answer().close()
    (one,) = found("service_down")
    assert one.verdict == POSSIBLE
    assert "4 connections of 24 came about only when the SYN was sent again" in one.title


# -- connection_reset and half_open ----------------------------------------------------------------


def test_health_checks_that_end_with_rst_are_cleared(wire, found):
    healthy(wire, 3)
    for number in range(9):
        Talk(wire, f"10.0.0.1:{41000 + number}", at=number).open().reset(CLIENT)
    (one,) = found()
    assert (one.rule, one.verdict) == ("network.connection_reset", CLEARED)
    assert "health checks" in one.why


def test_a_half_open_scan_is_no_reset(wire, found):
    for number in range(9):
        talk = Talk(wire, f"10.0.0.1:{41000 + number}", at=number)
        talk.send(CLIENT, SYN).wait(0.01).send(SERVER, SYN | ACK).reset(CLIENT, RST)
    assert verdicts(found()) == [CLEARED]


def test_a_request_that_is_answered_with_rst_is_lost(wire, found):
    for number in range(3):
        Talk(wire, f"10.0.0.1:{41000 + number}", at=number).open().ask().wait(0.2).reset(SERVER)
    (one,) = found("connection_reset")
    assert one.verdict == LIKELY
    assert one.title == "10.0.0.2:80 (the server) resets connections instead of answering: 3 of 3"
    assert "RST in frame 6 and so on, 210 ms after the last payload" in one.why


def test_few_resets_of_many_connections_are_possible(wire, found):
    healthy(wire, 300)
    for number in range(3):
        Talk(wire, f"10.0.0.1:{41000 + number}", at=number).open().ask().reset(SERVER)
    assert verdicts(found("connection_reset")) == [POSSIBLE]


def test_clients_that_end_with_rst_after_the_answer_lose_nothing(wire, found):
    for number in range(9):
        talk = Talk(wire, f"10.0.0.1:{41000 + number}", at=number)
        talk.open().ask().answer().reset(CLIENT)
    assert verdicts(found()) == [CLEARED]


def test_rst_after_both_have_closed_loses_nothing(wire, found):
    for number in range(9):
        talk = Talk(wire, f"10.0.0.1:{41000 + number}", at=number).open().ask().answer()
        talk.send(CLIENT, FIN | ACK).wait(0.01).reset(SERVER)
    assert verdicts(found()) == [CLEARED]


def race(wire, number, idle=5.0, payload=b"q" * 100):
    talk = Talk(wire, f"10.0.0.1:{41000 + number}", at=number).open().ask().answer().wait(idle)
    talk.send(CLIENT, ACK | PSH, payload)
    talk.sequence[CLIENT] -= len(payload)  # the server has not seen it when it closes
    talk.send(SERVER, FIN | ACK)
    talk.sequence[CLIENT] += len(payload)
    talk.wait(0.01).reset(SERVER, RST)


def test_a_connection_that_is_used_while_it_is_closed_is_a_race(wire, found):
    for number in range(3):
        race(wire, number)
    (one,) = found("connection_reset")
    assert one.verdict == LIKELY
    assert "used again in the moment it closes them: 3 of 3" in one.title
    assert "The server closes connections 5 s after its last answer" in one.why


def test_the_goodbye_of_tls_is_no_request(wire, found):
    for number in range(3):
        race(wire, number, payload=b"\x15\x03\x03\x00\x1a" + b"x" * 26)
    assert verdicts(found("connection_reset")) == [CLEARED]


def test_an_upload_that_is_cut_short_is_not_a_race(wire, found):
    for number in range(3):
        race(wire, number, idle=0.02)
    (one,) = found("connection_reset")
    assert one.verdict == POSSIBLE
    assert "still being sent to" in one.title


@pytest.mark.parametrize(("ttl", "rule"), [(60, "half_open"), (63, "connection_reset")])
def test_who_knows_no_connection_is_told_by_its_time_to_live(wire, found, ttl, rule):
    for number in range(3):
        talk = Talk(wire, f"10.0.0.1:{41000 + number}", at=number).open().ask().answer().wait(30)
        talk.send(CLIENT, ACK | PSH, b"q" * 100).wait(0.01).reset(SERVER, RST, ttl=ttl)
    (one,) = found()
    assert (one.rule, one.verdict) == (f"network.{rule}", LIKELY)


def probes(wire, number, count, answered):
    talk = Talk(wire, f"10.0.0.1:{41000 + number}", at=number).open().ask().answer()
    for _ in range(count):
        talk.wait(10).send(CLIENT, again=1)
        if answered:
            talk.wait(0.01).send(SERVER)


def test_keep_alives_that_are_answered_are_sound(wire, found):
    for number in range(5):
        probes(wire, number, 6, answered=True)
    assert found() == []


def test_keep_alives_that_nobody_answers_show_a_peer_that_is_gone(wire, found):
    for number in range(3):
        probes(wire, number, 4, answered=False)
    (one,) = found()
    assert (one.rule, one.verdict) == ("network.half_open", LIKELY)
    assert one.title.startswith("10.0.0.2:80 (and 2 more connections) vanished: 12 packets")


def test_one_client_that_vanishes_among_many_is_possible(wire, found):
    healthy(wire, 60)
    probes(wire, 0, 4, answered=False)
    assert verdicts(found("half_open")) == [POSSIBLE]


# -- retransmission and mtu_black_hole -------------------------------------------------------------


def lossy(wire, number, segments=30, lost=2):
    talk = Talk(wire, f"10.0.0.1:{41000 + number}", at=number).open().ask()
    for place in range(segments):
        talk.send(SERVER, ACK | PSH, b"a" * MSS)
        if place < lost:
            talk.wait(0.3).send(SERVER, ACK | PSH, b"a" * MSS, again=MSS)
        talk.send(CLIENT)
    talk.close()


def test_segments_that_are_sent_again_were_lost(wire, found):
    for number in range(4):
        lossy(wire, number)
    (one,) = found()
    assert (one.rule, one.verdict) == ("network.retransmission", LIKELY)
    assert "8 of 132 segments with payload" in one.why
    assert "most from 10.0.0.2 to 10.0.0.1" in one.title


def test_a_little_loss_is_possible_and_next_to_none_is_nothing(wire, found):
    for number in range(6):
        lossy(wire, number, segments=150, lost=1)
    assert verdicts(found()) == [POSSIBLE]


def test_packets_that_are_captured_twice_were_not_sent_again(wire, found):
    for number in range(4):
        talk = Talk(wire, f"10.0.0.1:{41000 + number}", at=number).open().ask()
        for place in range(30):
            for ttl in (60, 59):  # before and behind a router
                talk.send(SERVER, ACK | PSH, b"a" * MSS, ip_id=500 + place, ttl=ttl)
                talk.sequence[SERVER] -= MSS
            talk.sequence[SERVER] += MSS
            talk.send(CLIENT)
        talk.close()
    assert not any(one.verdict == LIKELY for one in found())


def test_segments_that_overtake_each_other_are_no_loss(wire, found):
    talk = Talk(wire, rtt=0.05).open().ask()
    for _ in range(20):
        first = talk.sequence[SERVER]
        talk.sequence[SERVER] += MSS
        talk.send(SERVER, ACK | PSH, b"a" * MSS).wait(0.001)
        talk.sequence[SERVER] = first
        talk.send(SERVER, ACK | PSH, b"a" * MSS)
        talk.sequence[SERVER] = first + 2 * MSS
        talk.send(CLIENT).wait(0.01)
    (one,) = found()
    assert (one.rule, one.verdict) == ("network.retransmission", POSSIBLE)
    assert "came out of order, but were not lost" in one.title


def black_hole(wire, size=MSS, arrived=100):
    talk = Talk(wire).open().ask(arrived)
    for again in range(5):
        talk.send(CLIENT, ACK | PSH, b"q" * size, again=size if again else 0).wait(0.2 * 2**again)
    return talk


def test_large_segments_that_never_arrive_show_a_black_hole(wire, found):
    black_hole(wire)
    healthy(wire, 20, at=1.0)
    (one,) = found()
    assert (one.rule, one.verdict) == ("network.mtu_black_hole", LIKELY)
    assert "a segment of 1,460 bytes was sent again 4 times" in one.why
    assert "tcp.len >= 101" in one.next_step


def test_a_peer_that_is_silent_altogether_may_be_gone_as_well(wire, found):
    black_hole(wire)
    assert verdicts(found("mtu_black_hole")) == [POSSIBLE]


def test_where_large_segments_arrived_before_the_path_is_wide_enough(wire, found):
    black_hole(wire, arrived=MSS)
    healthy(wire, 20, at=1.0)
    assert found("mtu_black_hole") == []
    assert verdicts(found("half_open")) == [POSSIBLE]


# -- zero_window and slow_start_idle ---------------------------------------------------------------


def slow_reader(wire, number, seconds, server="10.0.0.2:80"):
    talk = Talk(wire, f"10.0.0.1:{41000 + number}", server, at=number).open().ask()
    talk.send(SERVER, ACK | PSH, b"a" * MSS)
    talk.window[CLIENT] = 0
    talk.send(CLIENT).wait(seconds)
    talk.window[CLIENT] = 1000
    talk.send(CLIENT).answer().close()


@pytest.mark.parametrize(("seconds", "verdict"), [(3, LIKELY), (0.4, POSSIBLE), (0.05, CLEARED)])
def test_a_reader_is_slow_by_how_long_its_window_was_closed(wire, found, seconds, verdict):
    slow_reader(wire, 0, seconds)
    assert [(one.rule, one.verdict) for one in found()] == [("network.zero_window", verdict)]


def test_one_slow_reader_among_many_is_possible(wire, found):
    healthy(wire, 60)
    slow_reader(wire, 0, 3)
    assert verdicts(found("zero_window")) == [POSSIBLE]


def flights(talk, *segments):
    """Send flights of so many segments, a round trip apart; the last one ends short."""
    for place, count in enumerate(segments):
        for k in range(count):
            last = place == len(segments) - 1 and k == count - 1
            talk.send(SERVER, ACK | PSH, b"a" * (300 if last else MSS))
        talk.send(CLIENT).wait(talk.rtt)


def test_a_small_window_after_each_pause_is_told(wire, found):
    talk = Talk(wire, rtt=0.08).open()
    for _ in range(4):
        talk.ask()
        flights(talk, 10, 20, 40, 3)
        talk.wait(2)
    (one,) = found()
    assert (one.rule, one.verdict) == ("network.slow_start_idle", LIKELY)
    assert "3 answers" in one.title


def test_a_window_that_stays_large_is_sound(wire, found):
    talk = Talk(wire, rtt=0.08).open()
    for number in range(4):
        talk.ask()
        flights(talk, *((10, 20, 40, 3) if number == 0 else (40, 33)))
        talk.wait(2)
    assert found() == []


def test_a_stream_of_small_events_is_no_slow_start(wire, found):
    talk = Talk(wire, rtt=0.08).open().ask()
    for _ in range(5):
        flights(talk, 2, 1, 1, 2)
        talk.wait(1)
    assert found() == []


# -- port_exhaustion -------------------------------------------------------------------------------


def per_request(wire, count, ports, pause=0.5):
    for number in range(count):
        client = f"10.0.0.1:{40000 + number % ports}"
        talk = Talk(wire, client, at=number * pause)
        talk.sequence[CLIENT] += 100_000 * number
        talk.open().ask().answer().close()


def test_ports_that_go_round_within_a_minute_run_out(wire, found):
    per_request(wire, 40, ports=10)
    (one,) = found()
    assert (one.rule, one.verdict) == ("network.port_exhaustion", LIKELY)
    assert "40 from 10 ports" in one.title


@pytest.mark.parametrize(("count", "ports", "pause"), [(40, 40, 0.5), (40, 10, 7), (20, 1, 0.5)])
def test_ports_that_are_new_or_old_enough_or_chosen_are_sound(wire, found, count, ports, pause):
    per_request(wire, count, ports, pause)
    assert found("port_exhaustion") == []
