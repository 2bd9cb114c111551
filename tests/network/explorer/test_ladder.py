"""The ladder diagram: packets as arrows between the two ends of a connection."""

from __future__ import annotations

import pytest

from prodforensics.network.explorer.ladder import Exchange, draw_ladder
from tests.network.views_stage import capture_of, sample, talk


@pytest.fixture
def exchange(tmp_path):
    return Exchange.of(capture_of(tmp_path, talk()), 0)


def titles(drawing):
    return [part.title for part in drawing.parts if part.key is not None]


def test_every_packet_says_who_sent_what(exchange):
    said = titles(draw_ladder(exchange))
    assert len(said) == 7
    assert said[0] == (
        "Frame 1 at 0 s, 10.0.0.1:40000 to 10.0.0.2:80, SYN, "
        "0 B of payload, sequence 0, window 1000"
    )
    assert said[1].startswith("Frame 2 at 10 ms, 10.0.0.2:80 to 10.0.0.1:40000, SYN, ACK")
    assert "18 B of payload, sequence 0, acknowledges 0" in said[3]


def test_what_the_analysis_says_stands_beside_the_packet(exchange):
    said = titles(draw_ladder(exchange))
    assert "sent again" in said[4]
    assert "reset" in said[6]
    assert exchange.flagged().tolist() == [4, 6]
    svg = draw_ladder(exchange).svg()
    assert "var(--pf-bad" in svg
    assert "600 ms of silence" in svg


def test_keys_are_frame_numbers_also_of_a_later_page(exchange):
    drawing = draw_ladder(exchange, offset=4, limit=2)
    assert [part.key for part in drawing.parts if part.key is not None] == [6, 7]


def test_lines_of_life_are_behind_and_reach_the_last_packet(exchange):
    drawing = draw_ladder(exchange)
    (lines, *_) = drawing.parts
    assert lines.key is None
    assert max(shape.attributes["y2"] for shape in lines.shapes) >= drawing.height - 10


def test_udp_has_lengths_alone(tmp_path):
    one = Exchange.of(capture_of(tmp_path, talk()), 0, "udp")
    assert titles(draw_ladder(one)) == [
        "Frame 5 at 0 s, 10.0.0.1:5000 to 10.0.0.9:53, 1 B of payload"
    ]


def test_the_originator_is_left_also_where_its_first_packet_is_the_second():
    capture = sample("midstream")
    streams = capture.streams
    for stream in range(len(streams)):
        one = Exchange.of(capture, stream)
        first = capture.frames["packets"].iloc[int(one.rows[0])]
        sender = one.ends[one.side[0]]
        assert sender == f"{first.src_ip}:{first.src_port}"


@pytest.mark.parametrize("name", ["healthy.http", "ipv6.headers", "slow_reader", "reordered"])
def test_texts_stay_within_the_picture(name):
    capture = sample(name)
    for width in (560, 1200):
        drawing = draw_ladder(Exchange.of(capture, 0), width=width)
        texts = [one for part in drawing.parts for one in part.shapes if one.tag == "text"]
        for shape in texts:
            wide, anchor = 6.7 * len(shape.text), shape.attributes["text-anchor"]
            left = shape.attributes["x"] - {"start": 0, "middle": 0.5, "end": 1}[anchor] * wide
            assert left >= -1
            assert left + wide <= width + 1
