"""Static cards."""

from prodforensics.display.cards import card, findings_card, picture
from prodforensics.display.theme import DARK, LIGHT, STYLE, styled
from prodforensics.findings import Finding

ATTACK = "<script>alert(1)</script>\u202e"


def finding(**changes):
    values = {
        "rule": "heap.leak.timer",
        "verdict": "likely",
        "severity": "high",
        "title": "Timers pile up",
        "why": "Each request starts one.",
        "rows": {"growth_points": [3]},
        "next_step": "clearInterval(timer)",
    }
    return Finding(**(values | changes))


def test_a_card_shows_title_facts_and_footer_escaped():
    html = card(ATTACK, ATTACK, [(ATTACK, ATTACK)], footer=ATTACK)
    assert "<script" not in html
    assert html.count("&lt;script&gt;") == 5
    assert "\u202e" not in html


def test_a_card_without_facts_has_no_empty_list():
    assert "<dl" not in card("a", "b", [])


def test_findings_keep_their_order_and_say_their_verdict_in_words():
    html = findings_card([finding(), finding(verdict="cleared", title="A cache that fills once")])
    assert html.index("✖ likely") < html.index("✓ cleared")
    assert "1 row of growth_points" in html
    assert "clearInterval(timer)" in html


def test_findings_are_escaped():
    html = findings_card([finding(title=ATTACK, why=ATTACK, next_step=ATTACK)])
    assert "<script" not in html


def test_no_finding_is_good_news():
    assert "Nothing suspicious" in findings_card([])


def test_a_caption_is_escaped_and_the_picture_is_not():
    html = picture("<svg></svg>", ATTACK)
    assert "<svg></svg>" in html
    assert "<script" not in html


def test_both_themes_name_the_same_colours():
    assert LIGHT.keys() == DARK.keys()


def test_the_style_sheet_stays_below_its_class_and_loads_nothing():
    for forbidden in ("http:", "https:", "@import", "url(", "</style"):
        assert forbidden not in STYLE
    assert STYLE in styled("<p></p>")
