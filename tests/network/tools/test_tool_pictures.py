"""What a person sees of tools' reports: pictures, tables, the widget."""

import re
from itertools import pairwise

import pytest

import prodforensics as pf
from prodforensics import samples
from prodforensics.network.tools.tool_views import show


def report(name):
    return pf.load(samples.path(f"network/{name}"))


def pictures(evidence):
    return [section.html for section in evidence.sections() if "<svg" in section.html]


def test_a_path_is_drawn_hop_by_hop():
    (drawn,) = pictures(report("mtr.loss.txt"))
    titles = re.findall(r"<g><title>(.*?)</title>", drawn)
    assert [title.split(",")[0] for title in titles] == [
        "hop 1: 192.0.2.2", "hop 2: 198.51.100.2", "hop 3: 203.0.113.2", "hop 4: 10.30.0.2",
    ]  # fmt: skip
    assert "25 % of 40 lost" in titles[2]
    assert drawn.count("--pf-bad") == 2


def test_loss_that_is_none_is_not_red():
    (drawn,) = pictures(report("mtr.rate_limited.json"))
    assert "47.5 %" in drawn
    assert "--pf-bad" not in drawn


def test_the_phases_of_a_request_follow_each_other():
    (drawn,) = pictures(report("curl.slow_dns.json"))
    bars = [
        (float(left), float(width))
        for left, width in re.findall(r'<rect x="([\d.]+)" y="3" width="([\d.]+)"', drawn)
    ]
    assert len(bars) == 5
    assert bars[0][1] > 700
    for (left, width), (after, _) in pairwise(bars):
        assert after >= left + width - 1
    assert "dns: 1.01 s, from 0 ns" in drawn


def test_two_reports_are_drawn_on_one_scale():
    both = pictures(pf.compare(report("curl.fast.txt"), report("curl.slow_ttfb.txt")))
    widths = [
        sum(float(width) for width in re.findall(r'y="3" width="([\d.]+)"', one)) for one in both
    ]
    assert widths[0] < 0.1 * widths[1]


@pytest.mark.parametrize("name", ["mtr.loss.csv", "dig.cname.txt"])
def test_the_widget_has_the_picture_and_a_tab_for_each_frame(name):
    evidence = report(name)
    widget = show(evidence)
    tabs = widget.children[-1] if pictures(evidence) else widget
    assert [tabs.get_title(place) for place in range(len(tabs.children))] == list(evidence.frames)
    assert not pictures(evidence) or "<svg" in widget.children[0].value
