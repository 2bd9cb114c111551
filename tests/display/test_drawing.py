"""Drawings: the same shapes as SVG and as an answer to a widget."""

from __future__ import annotations

import json

from prodforensics.display.drawing import Drawing, line, path, rect, text, tone
from tests.conftest import HOSTILE
from tests.tags import Tags


def drawing(words="one"):
    made = Drawing(200, 40, words)
    made.add(rect(0, 0, 10.04, -3, "accent"), text(0, 10, words, 2000), title=words, key=3)
    made.add(line(0, 0, 5, 5, "line", stroke_width=2), None)
    made.add(path("M0 0h5", "bad", stroke_dasharray="2 3"))
    made.add(None)
    return made


def test_a_part_is_a_group_with_its_words():
    svg = drawing().svg()
    assert "<g><title>one</title><rect" in svg
    assert svg.count("<g>") == 1
    assert 'stroke-width="2"' in svg
    assert 'stroke="var(--pf-bad,#b3261e)"' in svg


def test_a_widget_gets_the_same_shapes_as_json():
    made = drawing()
    answer = json.loads(json.dumps(made.answer()))
    assert [part["key"] for part in answer["parts"]] == [3, None, None]
    tag, attributes, words = answer["parts"][0]["shapes"][1]
    assert (tag, words) == ("text", "one")
    for part in answer["parts"]:
        for tag, attributes, _ in part["shapes"]:
            assert f"<{tag}" + "".join(f' {n}="{v}"' for n, v in attributes.items()) in made.svg()


def test_numbers_are_short_and_sizes_never_negative():
    attributes = drawing().parts[0].shapes[0].attributes
    assert attributes["height"] == 0
    assert 'width="10"' in drawing().svg()
    assert 'x="0"' in Drawing.svg(with_number(float("nan")))


def with_number(x):
    made = Drawing(10, 10, "n")
    made.add(rect(x, 0, 1, 1, "ink"))
    return made


def test_texts_stay_text():
    for words in HOSTILE:
        svg = drawing(words).svg()
        assert not Tags(svg).handlers
        assert "<script" not in svg
        assert "<img" not in svg


def test_a_colour_of_no_palette_is_kept():
    assert tone("none") == "none"
    assert tone("c9x") == "c9x"
