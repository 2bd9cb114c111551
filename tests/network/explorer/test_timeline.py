"""The timeline: bytes, errors and round trips of equal spans."""

from __future__ import annotations

import numpy as np
import pytest

from prodforensics.network.explorer.timeline import draw_timeline, time_ticks, timeline
from tests.network.views_stage import MS, capture_of, sample, talk
from tests.network.wire import pcap


@pytest.fixture
def capture(tmp_path):
    return capture_of(tmp_path, talk())


def test_every_packet_is_in_one_span(capture):
    found = timeline(capture, most=10)
    assert found.packets.sum() == 8
    assert found.bytes.sum() == capture.packets.length.sum()
    assert found.span_ns * len(found) > capture.duration_ns
    answered = [1, 6, 7]
    assert found.bytes[:, 1].sum() == capture.packets.length[answered].sum()


def test_errors_stand_where_they_happened(capture):
    found = timeline(capture, most=10)
    assert found.errors["retransmissions"].nonzero()[0].tolist() == [621 * 10 // 650]
    assert found.errors["resets"].tolist() == [0] * 9 + [1]


def test_round_trips_are_told_by_who_answered(capture):
    found = timeline(capture, most=10)
    assert found.rtt[0, 0] == 10 * MS  # the SYN's answer
    assert found.rtt[0, 2] == 10 * MS  # the client's ACK of it
    assert np.isnan(found.rtt[3]).all()


def test_a_part_of_the_capture(capture):
    found = timeline(capture, 15 * MS, 30 * MS, 3)
    assert (found.start_ns, found.span_ns, len(found)) == (15 * MS, 5 * MS, 3)
    assert found.packets.tolist() == [0, 2, 1]


def test_quantiles_equal_those_of_the_round_trips():
    capture = sample("congestion")
    found = timeline(capture, most=1)
    rtt = capture.rtt()
    for column, side, share in ((0, "resp", 0.5), (1, "resp", 0.95), (2, "orig", 0.5)):
        values = np.sort(rtt.loc[rtt["side"] == side, "rtt_ns"].to_numpy())
        assert found.rtt[0, column] == values[round((len(values) - 1) * share)]


def test_the_picture_says_every_span_in_words(capture):
    drawing = draw_timeline(timeline(capture, most=10), 600)
    said = [part.title for part in drawing.parts if part.key is not None]
    assert len(said) == 10
    assert said[9] == (
        "585 ms to 650 ms: 2.80 kB/s, 3 packets, 1 retransmission, 1 reset, "
        "round trip to servers 619 ms, 95 of 100 below 619 ms"
    )
    assert said[3] == "195 ms to 260 ms: 0 B/s, 0 packets"


def test_a_capture_of_nothing_or_of_one_packet_is_drawn(tmp_path):
    (tmp_path / "none.pcap").write_bytes(pcap([]))
    import prodforensics as pf

    for capture in (pf.load(tmp_path / "none.pcap"), capture_of(tmp_path, talk()[:1])):
        assert "<svg" in draw_timeline(timeline(capture)).svg()


def test_ticks_are_round_and_within():
    assert time_ticks(0, 6_500_000_000) == [0, 2e9, 4e9, 6e9]
    assert time_ticks(1_000_000_001, 1_000_000_009)
