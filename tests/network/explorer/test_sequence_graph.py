"""The time-sequence graph: segments, acknowledgments, window, what was sent again."""

from __future__ import annotations

import re

import pytest

from prodforensics.network.explorer.sequence_graph import busier_side, draw_sequence
from tests.network.views_stage import MS, capture_of, long_talk, sample, talk


def graph(capture, stream=0, **options):
    sequence = capture.sequence(stream)
    drawing, axis = draw_sequence(sequence, options.pop("side", busier_side(sequence)), **options)
    return drawing, axis


def segments(drawing):
    return {part.key: part for part in drawing.parts if part.key is not None}


def test_segments_stand_where_they_were_sent(tmp_path):
    drawing, axis = graph(capture_of(tmp_path, talk()), side=0)
    assert axis == (0, 650 * MS)
    found = segments(drawing)
    assert set(found) == {1, 4, 6}
    assert found[4].title == "Frame 4 at 21 ms: bytes 0 to 18"
    assert "sent again" in found[6].title
    assert "var(--pf-bad" in found[6].shapes[1].attributes["stroke"]
    assert "SYN" in found[1].title


def test_the_other_direction(tmp_path):
    drawing, _ = graph(capture_of(tmp_path, talk()), side=1)
    assert set(segments(drawing)) == {2, 7, 8}
    assert "reset" in segments(drawing)[8].title


def test_a_part_of_the_time(tmp_path):
    drawing, axis = graph(capture_of(tmp_path, talk()), side=0, start=100 * MS, end=640 * MS)
    assert axis == (100 * MS, 640 * MS)
    assert set(segments(drawing)) == {6}


def test_segments_of_a_long_connection_are_drawn_in_bulk(tmp_path):
    drawing, _ = graph(capture_of(tmp_path, long_talk(5000)))
    found = segments(drawing)
    assert len(found) < 10
    assert any("segments" in part.title for part in drawing.parts)
    assert len(drawing.svg()) < 200_000


@pytest.mark.parametrize("name", ["congestion", "slow_reader", "reordered", "mtu.black_hole",
                                  "slow_start_idle", "half_open.vanished"])  # fmt: skip
def test_nothing_leaves_the_picture(name):
    capture = sample(name)
    for stream in range(min(len(capture.streams), 3)):
        for side in (0, 1):
            drawing, _ = graph(capture, stream, side=side, width=700, height=300)
            for part in segments(drawing).values():
                for shape in part.shapes:
                    x, y = re.match(r"M([\d.]+) ([\d.]+)", shape.attributes["d"]).groups()
                    assert 0 <= float(x) <= 700
                    assert 0 <= float(y) <= 300


def test_ranges_of_sack_and_the_window_have_colours_of_their_own():
    capture = sample("congestion")
    drawing, _ = graph(capture, 2)
    strokes = [
        shape.attributes.get("stroke", "") for part in drawing.parts for shape in part.shapes
    ]
    for colour in ("c3", "c4", "bad"):
        assert any(f"--pf-{colour}" in stroke for stroke in strokes)
