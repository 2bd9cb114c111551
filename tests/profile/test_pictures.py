"""Static pictures of profiles: small, complete, and text where names are hostile."""

from __future__ import annotations

import re

import numpy as np
import pytest

from prodforensics.display.flame_svg import flame_svg
from prodforensics.profile.pictures import flame_picture, profile_sections
from tests.profile.big import big_profile
from tests.profile.tiny import profile

HOSTILE = "</title><script>alert(1)</script>"


@pytest.fixture(scope="module")
def big():
    return big_profile(60_000, samples=60_000)


def test_a_bar_is_as_wide_as_its_share_and_says_its_numbers():
    drawn = flame_picture(profile(("main;parse", 3), ("main", 1)), width=400)
    bars = re.findall(r'<title>([^<]*)</title><rect x="([\d.]+)" y="(\d+)" width="([\d.]+)"', drawn)
    assert bars == [
        ("main: 4 (100.0 %), self 1", "0.0", "0", "399.5"),
        ("parse: 3 (75.0 %), self 3", "0.0", "18", "299.5"),
    ]


def test_narrow_bars_become_grey_runs_and_the_picture_stays_small(big):
    drawn = flame_picture(big)
    assert 20_000 < len(drawn) < 330_000
    assert 'class="pf-fr"' in drawn
    widths = [float(width) for width in re.findall(r'<rect [^>]*width="([\d.]+)"', drawn)]
    assert min(widths) >= 1.5


def test_a_card_is_far_smaller(big):
    assert len(big._card_body()) < 60_000


def test_names_stay_text():
    one = profile((f"{HOSTILE};b", 3))
    for html in (flame_picture(one), one._card_body(), one._repr_mimebundle_()["text/html"]):
        assert "<script" not in html
        assert "&lt;script&gt;" in html


def test_an_empty_profile_has_a_card_and_no_sections():
    one = profile(("main", 0))
    assert one._card_body() == ""
    assert profile_sections(one) == []


def test_rows_below_the_limit_are_told():
    deep = profile((";".join(f"f{level}" for level in range(30)), 1))
    drawn = flame_picture(deep, most_rows=10)
    assert "20 more rows below" in drawn
    assert drawn.count("<rect") == 10


def test_a_file_of_its_own_brings_its_colours_along():
    bars = (np.array([0]), np.array([1]), np.array([0]), np.array([0, 1]), 1, ["main"])
    alone = flame_svg(*bars, describe=lambda _: "", label="one", standalone=True)
    assert "<style>" in alone
    assert "<style>" not in flame_svg(*bars, describe=lambda _: "", label="one")


def test_sections_show_the_flame_graph_functions_and_threads():
    titles = [section.title for section in profile_sections(big_profile(500))]
    assert titles == ["Flame graph", "Functions", "Threads"]
