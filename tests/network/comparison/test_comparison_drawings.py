"""Pictures of two captures say in words what they show, escape everything, and stay small."""

import re

import pytest

import prodforensics as pf
from prodforensics.network.comparison.comparison_drawings import draw_delays, draw_rates, draw_times
from tests.network.two_ends import MS, Path


def capture(name):
    return pf.load(pf.samples.path(f"network/{name}.pcap.zst"))


@pytest.fixture(scope="module")
def compared():
    return pf.compare(capture("compare.baseline"), capture("compare.incident"))


@pytest.fixture(scope="module")
def both():
    return pf.compare(capture("lossy_path.client"), capture("lossy_path.server"))


def titles(drawing):
    return [part.title for part in drawing.parts if part.title]


def test_times_are_told_before_and_after(compared):
    assert (
        "10.20.0.20:8080, answer: half within 15.2 ms, 95 % 16.8 ms before; "
        "16.2 ms, 95 % 417 ms after"
    ) in titles(draw_times(compared))
    assert draw_times(compared).svg().count("var(--pf-bad") >= 3


def test_rates_are_told_before_and_after(compared):
    error, again = titles(draw_rates(compared))
    assert error.startswith("10.20.0.20:8080/pay/{id}, errors: 0.0 % of 24 before; 100.0 %")
    assert again.startswith("10.20.0.20:8080, segments sent again: 0.0 % of 208 before; 7.3 %")


def test_every_loss_is_drawn_in_its_direction(both):
    drawn = draw_delays(both)
    lost = [int(one) for title in titles(drawn) for one in re.findall(r"(\d+) lost", title)]
    assert sum(lost) == 18
    words = [shape.text for part in drawn.parts for shape in part.shapes]
    assert "From the base to the other end: 8 lost" in words
    assert "From the other end to the base: 10 lost" in words


def test_many_packets_make_no_large_picture(tmp_path):
    path = Path(jitter=30 * MS)
    for port in range(40000, 40040):
        path.talk(port, turns=40, step=10 * MS, loss=0.02)
    both = pf.compare(*path.captures(tmp_path))
    assert len(both.frames["matched"]) > 6000
    assert len(draw_delays(both).svg()) < 300_000


def test_where_nothing_was_measured_nothing_is_drawn(tmp_path):
    one, two = (Path(seed).talk(turns=1).captures(tmp_path)[0] for seed in (1, 2))
    compared = pf.compare(one, two)
    assert draw_times(compared) is None
    assert draw_rates(compared) is None
    assert compared.sections()
    assert compared._repr_mimebundle_()["text/html"]


def test_the_view_shows_pictures_above_the_frames(compared, both):
    for one in (compared, both):
        pictures, tabs = one.show().children
        assert "<svg" in pictures.value
        assert list(tabs.titles) == list(one.frames)
