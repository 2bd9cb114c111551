"""Waterfalls: what was asked, and what each answer's time went into."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from prodforensics.errors import UnknownName
from prodforensics.network.explorer.connection_pages import ConnectionPages
from prodforensics.network.explorer.waterfall import Bar, Phase, draw_waterfall
from prodforensics.network.explorer.waterfall_pages import WaterfallPages
from tests.network.views_stage import sample

MS = 1_000_000


def pages(name):
    capture = sample(name)
    connections = ConnectionPages(capture)
    return WaterfallPages(capture, connections.of_stream), connections


def titles(answer):
    return [part["title"] for part in answer["parts"] if part["key"]]


def bars():
    two = (Phase("wait", "c1", 40 * MS, 50 * MS), Phase("more", "c2", 50 * MS, 90 * MS))
    return [
        Bar("heading", "of two"),
        Bar("one", "a", (Phase("wait", "c1", 10 * MS, 30 * MS),), "ok", key={"frame": 1}),
        Bar("two", "b", two, "lost", "bad", {"frame": 2}),
    ]


def rects(drawing, colour):
    return [
        shape.attributes
        for part in drawing.parts
        if part.key
        for shape in part.shapes
        if shape.tag == "rect" and f"--pf-{colour}," in shape.attributes["fill"]
    ]


def test_bars_stand_where_they_were_and_are_as_long_as_they_took():
    drawing = draw_waterfall(bars(), "two", 1000)
    one, two = rects(drawing, "c1")
    (more,) = rects(drawing, "c2")
    assert one["width"] == pytest.approx(2 * two["width"])
    assert more["x"] == pytest.approx(two["x"] + two["width"])
    assert two["x"] > one["x"] + one["width"]
    assert [part.title for part in drawing.parts if part.key] == [
        "one, a, 20 ms ok, wait 20 ms",
        "two, b, 50 ms ✖ lost, wait 10 ms, more 40 ms",
    ]


def test_aligned_bars_all_begin_at_the_same_place():
    drawing = draw_waterfall(bars(), "two", 1000, aligned=True)
    one, two = rects(drawing, "c1")
    assert one["x"] == two["x"]


def test_no_rows_are_a_picture_too():
    assert "<svg" in draw_waterfall([], "none").svg()


def test_queries_without_an_answer_say_so():
    waterfalls, _ = pages("dns_timeout")
    answer = waterfalls.waterfall("dns", order="failed")
    assert answer["total"] == len(waterfalls.capture.frames["dns"])
    assert "no answer" in titles(answer)[0]


def test_codes_of_failed_queries_stand_beside_them():
    answer = pages("dns_servfail")[0].waterfall("dns")
    assert any("✖ SERVFAIL" in title for title in titles(answer))
    healthy = pages("dns.healthy")[0].waterfall("dns")
    assert not any("✖" in title for title in titles(healthy))


def test_handshakes_say_what_they_waited_for():
    answer = pages("healthy.tls1.3")[0].waterfall("tls")
    assert all("TCP connects" in title for title in titles(answer))
    assert all("until the ServerHello" in title for title in titles(answer))
    expired = pages("tls.expired")[0].waterfall("tls")
    assert all("certificate_expired from the client" in title for title in titles(expired))


def test_phases_add_up_to_what_a_row_took():
    for name in ("healthy.tls1.2", "tls.slow", "dns_search", "dns_timeout", "healthy.quic"):
        waterfalls, _ = pages(name)
        for protocol in ("dns", "tls", "http"):
            listing = waterfalls.listing(protocol)
            for place in range(len(listing) if listing else 0):
                phases = listing.bar(place).phases
                assert phases
                assert all(one.end >= one.start for one in phases)
                assert all(a.end == b.start for a, b in pairwise(phases))


def test_a_row_leads_to_the_connection_that_holds_its_frame():
    for name, protocol in (
        ("dns_search", "dns"),
        ("tls.wrong_name", "tls"),
        ("healthy.quic", "tls"),
    ):
        waterfalls, connections = pages(name)
        answer = waterfalls.waterfall(protocol)
        keys = [part["key"] for part in answer["parts"] if part["key"]]
        assert keys
        for key in keys:
            assert connections.of_frame(key["frame"]) == key["connection"]


def test_requests_are_grouped_by_connection():
    waterfalls, _ = pages("healthy.http")
    answer = waterfalls.waterfall("http")
    frame = waterfalls.capture.frames["http"]
    assert answer["total"] == len(frame)
    said = titles(answer)
    headings = [title for title in said if "tcp.stream" in title]
    assert len(headings) == frame["stream"].nunique()
    assert len(said) == len(frame) + len(headings)
    assert said[0] == "10.20.0.10:54346 → 10.20.0.1:80  tcp.stream 0, HTTP/1.1"
    slowest = titles(waterfalls.waterfall("http", order="slowest"))
    assert len(slowest) == len(frame)


def test_a_wait_before_a_request_is_not_what_it_took():
    waterfalls, _ = pages("healthy.http")
    listing = waterfalls.listing("http")
    total = waterfalls.capture.frames["http"]["total_ns"].to_numpy()
    for place in range(len(listing)):
        bar = listing.bar(place)
        assert bar.end - bar.begun == total[place]


def test_answers_that_were_cut_or_failed_say_so():
    cut = titles(pages("truncated.rst")[0].waterfall("http"))
    assert any("cut short" in title and "✖" in title for title in cut)
    healthy = titles(pages("healthy.http")[0].waterfall("http"))
    assert not any("✖" in title for title in healthy)


def test_requests_of_http2_stand_below_their_connection():
    waterfalls, _ = pages("healthy.h2c")
    said = titles(waterfalls.waterfall("http"))
    assert "HTTP/2" in said[0]
    assert len(said) > 2


def test_orders_search_and_pages():
    waterfalls, _ = pages("dns_search")
    listing = waterfalls.listing("dns")
    slowest = waterfalls.waterfall("dns", order="slowest", limit=1)
    assert slowest["total"] == len(listing)
    longest = int(listing.took.argmax())
    key = next(part["key"] for part in slowest["parts"] if part["key"])
    assert key["frame"] == listing.frame[longest]
    some = waterfalls.waterfall("dns", text="svc.cluster")
    assert 0 < some["total"] < len(listing)
    pages_ = [titles(waterfalls.waterfall("dns", offset=at, limit=6)) for at in range(0, 24, 6)]
    assert sum(map(len, pages_)) >= len(listing)
    begin = int(listing.start.max())
    assert waterfalls.waterfall("dns", start=begin, end=begin + 1)["total"] == 1


def test_what_is_not_there_is_no_error():
    waterfalls, _ = pages("healthy.http")
    assert waterfalls.waterfall("dns")["total"] == 0
    with pytest.raises(UnknownName):
        waterfalls.waterfall("<b>")
    with pytest.raises(UnknownName):
        pages("dns_search")[0].waterfall("dns", order="<b>")


def test_answers_are_json():
    for name, protocol in (("dns.fragments", "dns"), ("dns.tcp", "dns"), ("tls.version", "tls")):
        json.dumps(pages(name)[0].waterfall(protocol), allow_nan=False)
