"""Late answers: of a path that is full, of a server that pauses, or of some requests alone."""

from struct import pack

import pytest

from prodforensics.findings import Verdict
from tests.network.talk import CLIENT, SERVER, Talk, Wire
from tests.network.wire import ACK, PSH

LIKELY, POSSIBLE = Verdict.LIKELY, Verdict.POSSIBLE
TICKS = (7_000_000, 4_294_967_000)
"""Where the clocks of both sides begin; the server's wraps around."""


class Timed(Talk):
    """A connection whose packets carry their sender's clock."""

    def stamp(self, side, late=0.0):
        mine = int((self.now - late) * 1000) + TICKS[side]
        return pack(">BBBBII", 1, 1, 8, 10, mine % 2**32, 1)

    def turn(self, think, queue=0.0):
        """Ask and answer; the answer waits in the server, or in a queue on its way."""
        self.send(CLIENT, ACK | PSH, b"q" * 100, options=self.stamp(CLIENT))
        self.wait(self.rtt + think + queue)
        self.send(SERVER, ACK | PSH, b"a" * 300, options=self.stamp(SERVER, self.rtt / 2 + queue))
        return self.send(CLIENT, options=self.stamp(CLIENT))


def found(wire, folder):
    findings = wire.write(folder).findings()
    return [one for one in findings if one.rule == "network.latency_variance"]


def talks(wire, count):
    return [
        Timed(wire, f"10.0.0.1:{40000 + number}", at=number * 0.003, rtt=0.02).open()
        for number in range(count)
    ]


def pausing(wire, clients=3, pauses=(1.0, 2.0, 3.0), until=4.0):
    """Nobody is answered for half a second, now and then."""
    for talk in talks(wire, clients):
        while talk.now < until:
            arrives = talk.now + talk.rtt / 2
            begun = [one for one in pauses if one <= arrives < one + 0.5]
            talk.turn(0.002 + (begun[0] + 0.5 - arrives if begun else 0)).wait(0.03)


def test_a_server_that_answers_nobody_now_and_then_pauses(tmp_path):
    wire = Wire()
    pausing(wire)
    (one,) = found(wire, tmp_path)
    assert one.verdict == LIKELY
    assert one.title.startswith("10.0.0.2:80 pauses: answers take up to ")
    assert "in 3 pauses" in one.why
    assert "The path made 0% of the delay" in one.why


def test_requests_that_are_slow_alone_are_possible(tmp_path):
    wire = Wire()
    for number, talk in enumerate(talks(wire, 4)):
        for turn in range(40):
            slow = (turn + 10 * number) % 20 == 0
            talk.turn(0.5 if slow else 0.002).wait(0.03)
    (one,) = found(wire, tmp_path)
    assert one.verdict == POSSIBLE
    assert "these requests are slow" in one.why


def test_a_queue_on_the_way_of_the_answer_is_congestion(tmp_path):
    wire = Wire()
    for talk in talks(wire, 3):
        for _ in range(40):
            full = 1.0 <= talk.now < 1.6
            talk.turn(0.002, queue=0.25 if full else 0.0).wait(0.03)
    (one,) = found(wire, tmp_path)
    assert one.verdict == LIKELY
    assert "wait on the path" in one.title
    assert "251 ms longer than others" in one.why


def test_one_client_cannot_tell_a_pause_from_a_slow_request(tmp_path):
    wire = Wire()
    pausing(wire, clients=1)
    assert [one.verdict for one in found(wire, tmp_path)] == [POSSIBLE]


@pytest.mark.parametrize("think", [0.002, 0.6])
def test_answers_that_take_the_same_time_are_sound(tmp_path, think):
    wire = Wire()
    for talk in talks(wire, 3):
        for _ in range(20):
            talk.turn(think).wait(0.03)
    assert found(wire, tmp_path) == []


def test_a_websocket_that_is_idle_for_long_is_no_pause(tmp_path):
    wire = Wire()
    for number, talk in enumerate(talks(wire, 3)):
        for turn in range(20):
            talk.turn(0.002).wait(0.05)
            if turn % 5 == number:  # the server speaks of its own accord
                talk.wait(5).send(SERVER, ACK | PSH, b"event", options=talk.stamp(SERVER))
                talk.send(CLIENT, options=talk.stamp(CLIENT))
    assert found(wire, tmp_path) == []
