"""The static twins: what cards, reports and saved notebooks show of a capture."""

from __future__ import annotations

import pytest

from prodforensics import report
from prodforensics.findings import Finding, Findings
from prodforensics.network import views
from prodforensics.network.explorer.pictures import capture_sections
from tests.conftest import HOSTILE
from tests.network.views_stage import capture_of, long_talk, sample, talk
from tests.network.wire import pcap
from tests.tags import Tags


@pytest.fixture
def capture(tmp_path):
    return capture_of(tmp_path, talk())


def test_sections_show_time_connections_and_packets(capture):
    titles = [section.title for section in capture_sections(capture)]
    assert titles[:4] == [
        "Over time", "Service map", "Connections, the worst first", "Packets of one connection",
    ]  # fmt: skip
    assert [one.title for one in capture_sections(sample("dns_search"))][-1] == "DNS"
    assert [one.title for one in capture_sections(sample("tls.expired"))][-1] == "TLS"


def test_the_worst_connection_comes_first(capture):
    (_, _, connections, *_) = capture_sections(capture)
    assert connections.html.index("10.0.0.2:80") < connections.html.index("10.0.0.9:53")


def test_the_ladder_is_that_of_the_first_finding_around_its_frame(tmp_path):
    capture = capture_of(tmp_path, long_talk())
    proof = {"packets": [304], "connections": [0]}
    found = Finding("network.x", "likely", "high", "Sent again", "Why.", proof)
    capture.findings = lambda: Findings([found])
    html = capture_sections(capture)[-1].html
    assert "The connection of: Sent again" in html
    assert "Frame 304 at" in html
    assert "295 packets before and 115 packets behind" in html


def test_a_card_is_small_and_shows_what_went_on(capture):
    html = capture._repr_mimebundle_()["text/html"]
    assert "Over time" in html
    assert len(html) < 120_000


def test_nothing_is_drawn_of_an_empty_capture(tmp_path):
    import prodforensics as pf

    (tmp_path / "none.pcap").write_bytes(pcap([]))
    empty = pf.load(tmp_path / "none.pcap")
    assert capture_sections(empty) == []
    assert "<figure" not in empty._repr_mimebundle_()["text/html"]
    assert empty.show().static_html()


@pytest.mark.parametrize("name", ["healthy.http", "resets.proxy", "ipv6.too_big", "dns.healthy"])
def test_twin_and_report_of_samples_need_no_scripts(name):
    one = sample(name)
    for html in (views.explorer(one).static_html(), report.render([one])):
        page = Tags(html)
        assert not page.handlers
        assert "script" not in page.names
        assert "svg" in page.names


def test_names_stay_text(tmp_path):
    for words in HOSTILE:
        capture = capture_of(tmp_path, talk())
        capture.packets.addresses.names["10.0.0.2"] = words
        page = Tags(report.render([capture]))
        assert not page.handlers
        assert not {"script", "img"} & set(page.names)
