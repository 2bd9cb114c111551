"""Static pictures."""

from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from prodforensics.display import svg

ATTACK = '"><script>alert(1)</script>\u202e'
NS = "{http://www.w3.org/2000/svg}"


def pictures(text):
    yield svg.parts([(text, 3), (text, 5)], text).partition("<ul")[0]
    yield svg.icicle([svg.Bar(text, 9, 0, 0, 1), svg.Bar(text, 4, 1, 0, 0.4)], text)
    yield svg.lines([svg.Line(text, [1, None, 3])], [text] * 3, text)
    yield svg.chain([svg.Step(text, text), svg.Step(text, text, text, 7)], text)


def test_hostile_names_leave_every_picture_well_formed():
    for drawn in pictures(ATTACK):
        root = ET.fromstring(drawn)
        assert not list(root.iter(f"{NS}script"))
        assert root.get("aria-label").startswith('"><script>')
        assert "\u202e" not in drawn


def test_parts_are_as_wide_as_their_share():
    drawn = svg.parts([("a", 300), ("nothing", 0), ("b", 100)], "whole")
    root = ET.fromstring(drawn.partition("<ul")[0])
    widths = [float(rect.get("width")) for rect in root.iter(f"{NS}rect")]
    assert widths == pytest.approx([svg.WIDTH * 0.75 - 1, svg.WIDTH * 0.25 - 1])
    assert "75.0%" in drawn


def test_the_bars_of_an_icicle_lie_below_what_holds_them():
    root = ET.fromstring(svg.icicle([svg.Bar("a", 9, 0, 0, 1), svg.Bar("b", 4, 1, 0.5, 1)], "x"))
    outer, inner = (
        [float(rect.get(side)) for side in ("x", "y", "width")] for rect in root.iter(f"{NS}rect")
    )
    assert inner[1] > outer[1]
    assert outer[0] <= inner[0]
    assert inner[0] + inner[2] <= outer[0] + outer[2]


def test_names_of_lines_that_end_together_do_not_overlap():
    series = [svg.Line(f"class {place}", [0, 10 + place / 100]) for place in range(12)]
    root = ET.fromstring(svg.lines(series, ["a", "b"], "growth"))
    names = sorted(
        float(text.get("y")) for text in root.iter(f"{NS}text") if text.text.startswith("class")
    )
    assert len(names) == 12
    assert min(b - a for a, b in pairwise(names)) >= 13.9


def test_a_chart_without_lines_is_an_empty_frame():
    assert ET.fromstring(svg.lines([], [], "nothing")) is not None


def test_a_collapsed_chain_says_how_long_it_is():
    assert "×1,200 _idleNext" in svg.chain(
        [svg.Step("a"), svg.Step("b", edge="_idleNext", chain=1200)], "p"
    )


def test_pictures_load_nothing():
    for drawn in pictures("name"):
        assert "href" not in drawn
        assert "http" not in drawn.replace("http://www.w3.org/2000/svg", "")


@pytest.mark.parametrize(("most", "top"), [(1, "1"), (804, "1,000"), (3500, "4,000"), (12, "15")])
def test_ticks_are_round_numbers_that_reach_the_highest_value(most, top):
    drawn = svg.lines([svg.Line("a", [0, most])], ["x", "y"], "l", write=lambda v: f"{v:,.6g}")
    ticks = [text.text for text in ET.fromstring(drawn).iter(f"{NS}text")]
    assert top in ticks
